//! What do `Db`'s promises cost a writer: the tenant set in each transaction, row-level security, a pool,
//! a blocking thread, retries, one text for both databases? Rows go in a thousand at a time and one at a
//! time, through `Db` and beside it through the bare driver into the same table on the same disk: rusqlite's
//! prepared statement, and libpq with many-row INSERT and COPY. The last lines are the ratios of one run.

#![allow(missing_docs, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use auth::Scope;
use criterion::{BenchmarkId, Criterion, Throughput};
use db::diesel::{self, connection::SimpleConnection, prelude::*};
use db::migrate::Steps;
use db::{Backend, Databases, Db, Migrations, StorageConfig};
use tokio::runtime::Runtime;
use value::{Clock, Id, SystemClock, Time};

static MIGRATIONS: Migrations = db::migrations!(
    "readings",
    sqlite = "benches/migrations/sqlite",
    postgres = "benches/migrations/postgres"
);

diesel::table! {
    use diesel::sql_types::*;
    reading (id) {
        id -> value::sql::Id,
        tenant -> value::sql::Id,
        sensor -> Text,
        unit -> Text,
        amount -> Double,
        count -> BigInt,
        taken_at -> value::sql::Time,
        version -> BigInt,
    }
}

#[derive(Clone, Insertable)]
#[diesel(table_name = reading, treat_none_as_default_value = false)]
struct Reading {
    id: Id,
    tenant: Id,
    sensor: String,
    unit: &'static str,
    amount: f64,
    count: i64,
    taken_at: Time,
    version: i64,
}

const BATCH: usize = 1000;
const CALLERS: usize = 64;

fn readings(tenant: Id, count: usize) -> Arc<Vec<Reading>> {
    let taken_at = SystemClock.now();
    let reading = |n: usize| Reading {
        id: Id::new(),
        tenant,
        sensor: format!("pump-{}/bearing-{}", n % 17, n % 4),
        unit: "mm/s",
        amount: f64::from(u32::try_from(n).expect("a small number")) * 0.37,
        count: 1,
        taken_at,
        version: 1,
    };
    Arc::new((0..count).map(reading).collect())
}

/// Seconds a row, of each way's samples.
type Samples = Mutex<BTreeMap<(&'static str, &'static str), Vec<f64>>>;

struct Bench {
    runtime: Runtime,
    databases: Databases,
    db: Db,
    scope: Scope,
    tenant: Id,
    config: StorageConfig,
    samples: Samples,
}

impl Bench {
    fn new(url: &str) -> Self {
        let config = StorageConfig {
            url: url.to_owned(),
            data_dir: concat!(env!("CARGO_TARGET_TMPDIR"), "/insert").into(),
            schema_prefix: format!("b{}_", Id::new().as_uuid().simple()),
            ..StorageConfig::default()
        };
        let databases = Databases::open(&config).expect("settings");
        let migrator = databases.migrator(&MIGRATIONS).expect("a migrator");
        migrator.up(Steps::All).expect("migrations");
        let tenant = Id::new();
        Self {
            runtime: tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime"),
            db: databases.service("readings").expect("a database"),
            databases,
            scope: Scope::system(tenant, "bench"),
            tenant,
            config,
            samples: Samples::default(),
        }
    }

    fn backend(&self) -> &'static str {
        match self.db.backend() {
            Backend::Sqlite => "sqlite",
            Backend::Postgres => "postgres",
        }
    }

    /// Measures `insert` of the rows it is given; making them is not measured.
    fn way(
        &self,
        c: &mut Criterion,
        (load, rows): (&'static str, usize),
        way: &'static str,
        mut insert: impl FnMut(Arc<Vec<Reading>>),
    ) {
        let mut group = c.benchmark_group(format!("{}/{load}", self.backend()));
        group.throughput(Throughput::Elements(rows as u64));
        group.bench_function(BenchmarkId::from_parameter(way), |b| {
            b.iter_custom(|rounds| {
                let mut total = Duration::ZERO;
                for _ in 0..rounds {
                    let rows = readings(self.tenant, rows);
                    let start = Instant::now();
                    insert(rows);
                    total += start.elapsed();
                }
                let each = total.as_secs_f64() / rounds as f64 / rows as f64;
                let key = (load, way);
                let mut samples = self.samples.lock().expect("no panic");
                samples.entry(key).or_default().push(each);
                total
            });
        });
        self.empty();
    }

    fn empty(&self) {
        let delete = |c: &mut db::Conn| Ok(diesel::delete(reading::table).execute(c)?);
        let done = self.runtime.block_on(self.db.write(&self.scope, delete));
        done.expect("a delete");
    }

    fn append(&self, rows: Arc<Vec<Reading>>) {
        let insert = move |c: &mut db::Conn| Ok(db::insert_all!(c, reading::table, rows)?);
        let done = self.runtime.block_on(self.db.append(&self.scope, insert));
        done.expect("an insert");
    }

    /// Every row by a caller of its own, all at once.
    fn append_each(&self, rows: &[Reading]) {
        self.runtime.block_on(async {
            let calls = rows.iter().cloned().map(|row| {
                let (db, scope) = (self.db.clone(), self.scope.clone());
                tokio::spawn(async move {
                    let row = [row];
                    db.append(&scope, move |c| {
                        Ok(db::insert_all!(c, reading::table, row)?)
                    })
                    .await
                })
            });
            for call in calls.collect::<Vec<_>>() {
                call.await.expect("no panic").expect("an insert");
            }
        });
    }

    fn through_db(&self, c: &mut Criterion) {
        self.way(c, ("batch of 1000", BATCH), "db", |rows| self.append(rows));
        self.way(c, ("single", 1), "db", |rows| self.append(rows));
        self.way(c, ("single", CALLERS), "db, 64 callers", |rows| {
            self.append_each(&rows);
        });
    }

    /// Prints how many times the fastest bare way's time each way takes.
    fn ratios(&self) {
        let mut medians: BTreeMap<&str, Vec<(&str, f64)>> = BTreeMap::new();
        for ((load, way), samples) in self.samples.lock().expect("no panic").iter_mut() {
            samples.sort_by(f64::total_cmp);
            let median = samples[samples.len() / 2];
            medians.entry(load).or_default().push((way, median));
        }
        for (load, ways) in medians {
            for (way, median) in &ways {
                let bare = ways.iter().filter(|(way, _)| way.starts_with("bare"));
                let best = bare.map(|(_, median)| *median).fold(f64::MAX, f64::min);
                println!(
                    "{:9} {load:14} {way:18} {:9.2} µs a row, {:6.2} × the best bare way",
                    self.backend(),
                    median * 1e6,
                    median / best
                );
            }
        }
    }

    fn close(self) {
        let migrator = self.databases.migrator(&MIGRATIONS).expect("a migrator");
        migrator.destroy().expect("the schema goes");
    }
}

fn sqlite(c: &mut Criterion) -> Bench {
    let bench = Bench::new("");
    bench.through_db(c);
    let path = bench.config.data_dir.join("readings.db");
    let conn = rusqlite::Connection::open(path).expect("the same file");
    // The settings of our own connections.
    conn.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; \
         PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8000",
    )
    .expect("pragmas");
    let mut statement = conn
        .prepare("INSERT INTO reading VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        .expect("a statement");
    let mut insert = |row: &Reading| {
        let values = (
            row.id.as_uuid().as_bytes(),
            row.tenant.as_uuid().as_bytes(),
            &row.sensor,
            row.unit,
            row.amount,
            row.count,
            row.taken_at.micros(),
            row.version,
        );
        statement.execute(values).expect("an insert");
    };
    bench.way(c, ("batch of 1000", BATCH), "bare prepared", |rows| {
        conn.execute_batch("BEGIN IMMEDIATE").expect("begin");
        rows.iter().for_each(&mut insert);
        conn.execute_batch("COMMIT").expect("commit");
    });
    bench.way(c, ("single", 1), "bare prepared", |rows| insert(&rows[0]));
    drop(statement);
    drop(conn);
    bench
}

fn postgres(c: &mut Criterion, url: &str) -> Bench {
    let bench = Bench::new(url);
    bench.through_db(c);
    let mut conn = diesel::PgConnection::establish(url).expect("a connection");
    let schema = format!("{}readings", bench.config.schema_prefix);
    let tenant = bench.tenant;
    conn.batch_execute(&format!(
        "SET search_path TO {schema}; SET tessera.tenant TO '{tenant}'"
    ))
    .expect("settings");
    let mut insert = |rows: Arc<Vec<Reading>>| {
        let insert = diesel::insert_into(reading::table).values(&*rows);
        insert.execute(&mut conn).expect("an insert");
    };
    bench.way(c, ("batch of 1000", BATCH), "bare insert", &mut insert);
    bench.way(c, ("single", 1), "bare insert", &mut insert);
    // COPY into a table with row-level security is refused by PostgreSQL: its rate is that without.
    conn.batch_execute("ALTER TABLE reading DISABLE ROW LEVEL SECURITY")
        .expect("the owner's right");
    bench.way(c, ("batch of 1000", BATCH), "bare copy", |rows| {
        diesel::copy_from(reading::table)
            .from_insertable(&*rows)
            .execute(&mut conn)
            .expect("a copy");
    });
    bench
}

#[expect(clippy::disallowed_methods, reason = "where the tests' database is")]
fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    let mut benches = vec![sqlite(&mut criterion)];
    if let Ok(url) = std::env::var("TESSERA_TEST_POSTGRES_URL") {
        benches.push(postgres(&mut criterion, &url));
    }
    criterion.final_summary();
    for bench in benches {
        bench.ratios();
        bench.close();
    }
}
