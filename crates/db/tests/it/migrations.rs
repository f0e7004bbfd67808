//! Migrations up and down, as a script, and drift.

use db::Backend;
use db::diesel::connection::SimpleConnection;
use db::diesel::prelude::*;
use db::migrate::{Steps, script};

use crate::support::*;

both! {
    /// Proves: DB-44, DB-48
    async fn up_down_and_up_again(bench) {
        let migrator = bench.migrator();
        let applied = || migrator.status().unwrap().iter().filter(|step| step.applied).count();
        let all = applied();
        // Those of the ground, and the two of the service.
        assert!(all >= 3, "{all}");
        assert_eq!(migrator.up(Steps::All).unwrap(), Vec::<String>::new());
        assert_eq!(migrator.down(Steps::Count(1)).unwrap(), ["20260202000000"]);
        assert_eq!(applied(), all - 1);
        assert_eq!(migrator.drift().unwrap(), []);
        let gone = migrator.down(Steps::All).unwrap();
        assert_eq!(gone.first().map(String::as_str), Some("20260201000000"));
        assert_eq!(gone.last().map(String::as_str), Some("_ground/20260101000000"));
        assert!(gone[1..].iter().all(|step| step.starts_with("_ground/")), "{gone:?}");
        assert_eq!((applied(), gone.len()), (0, all - 1));
        assert_eq!(migrator.up(Steps::Count(1)).unwrap(), ["_ground/20260101000000"]);
        assert_eq!(migrator.up(Steps::All).unwrap().len(), all - 1);
        assert_eq!(migrator.drift().unwrap(), []);
    }
}

both! {
    /// Proves: DB-49
    async fn drift_names_the_table_and_the_column(bench) {
        bench.by_hand(if bench.is_postgres() {
            "ALTER TABLE thing ALTER COLUMN hits TYPE integer; DROP INDEX thing_name; \
             ALTER TABLE thing NO FORCE ROW LEVEL SECURITY"
        } else {
            "ALTER TABLE thing DROP COLUMN hits; ALTER TABLE thing ADD COLUMN hits TEXT; DROP INDEX thing_name"
        });
        let found = bench.migrator().drift().unwrap();
        let column = found.iter().find(|d| d.part == "column hits").unwrap();
        assert_eq!(column.table, "thing");
        assert_ne!(column.live, column.expected);
        assert!(column.to_string().starts_with("table thing, column hits: is `"), "{column}");
        assert!(found.iter().any(|d| d.part == "index thing_name" && d.live.is_none()), "{found:?}");
        assert_eq!(found.iter().any(|d| d.part == "row-level security"), bench.is_postgres());
    }
}

#[test]
fn drift_sees_checks_and_strictness_on_sqlite() {
    for (from, to) in [
        ("CHECK (json_valid(doc))", ""),
        ("'ready', 'done'", "'ready', 'done', 'lost'"),
        (") STRICT", ")"),
    ] {
        let bench = Bench::sqlite();
        assert_eq!(bench.migrator().drift().unwrap(), []);
        let made = include_str!("migrations/sqlite/20260201000000_create_thing/up.sql");
        let (table, rest) = made.split_at(made.find("CREATE TABLE part").unwrap());
        assert!(table.contains(from));
        bench.by_hand(&format!(
            "DROP TABLE part; DROP TABLE thing; {}; ALTER TABLE thing ADD COLUMN note TEXT; {rest}",
            table.replace(from, to)
        ));
        let found = bench.migrator().drift().unwrap();
        let parts: Vec<_> = found
            .iter()
            .map(|d| (d.table.as_str(), d.part.as_str()))
            .collect();
        assert_eq!(parts, [("thing", "definition")], "{from}");
    }
}

/// The migrating role owns the tables, another one may use them: here one that every server has,
/// because the tests' role may make none.
#[test]
fn another_runtime_role_may_use_rows_and_nothing_more() {
    #[derive(QueryableByName)]
    struct May {
        #[diesel(sql_type = db::diesel::sql_types::Bool)]
        may: bool,
    }
    let bench = Bench::empty(&postgres_url());
    let (_, rest) = bench.config.url.split_once("://").unwrap();
    let host = rest.split_once('@').map_or(rest, |(_, host)| host);
    let config = db::StorageConfig {
        url: format!("postgres://pg_monitor@{host}"),
        migrate_url: Some(bench.config.url.clone()),
        ..bench.config.clone()
    };
    let databases = db::Databases::open(&config).unwrap();
    let migrator = databases.migrator(&ZONED).unwrap();
    migrator.up(Steps::All).unwrap();
    let mut conn = db::diesel::PgConnection::establish(&bench.config.url).unwrap();
    let mut may = |sql: &str| {
        let sql = format!("SELECT {} AS may", sql.replace('%', &bench.schema()));
        db::diesel::sql_query(sql)
            .get_result::<May>(&mut conn)
            .unwrap()
            .may
    };
    assert!(may("has_schema_privilege('pg_monitor', '%', 'USAGE')"));
    assert!(!may("has_schema_privilege('pg_monitor', '%', 'CREATE')"));
    let zone = bench.db.zone("thing_data").unwrap();
    assert!(may(&format!(
        "has_schema_privilege('pg_monitor', '{zone}', 'CREATE')"
    )));
    for table in ["thing", "part", "outbox", "inbox", "idempotency"] {
        for right in [
            "SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER",
        ] {
            let sql = format!("has_table_privilege('pg_monitor', '%.{table}', '{right}')");
            assert_eq!(may(&sql), !right.starts_with('T'), "{sql}");
        }
    }
    let versions = "'pg_monitor', '%.__diesel_schema_migrations'";
    assert!(may(&format!("has_table_privilege({versions}, 'SELECT')")));
    assert!(!may(&format!(
        "has_table_privilege({versions}, 'INSERT, UPDATE, DELETE')"
    )));
    assert_eq!(migrator.drift().unwrap(), []);
    // Its zone goes with it; the bench takes away what it knows of.
    migrator.destroy().unwrap();
    bench.migrator().up(Steps::All).unwrap();
}

/// The same tables, and a place for those that the service makes itself.
static ZONED: db::Migrations = db::migrations!(
    "things",
    sqlite = "tests/it/migrations/sqlite",
    postgres = "tests/it/migrations/postgres",
    zone = "thing_data"
);

both! {
    /// Proves: DB-50
    async fn tables_of_a_zone_are_no_business_of_migrations(bench) {
        let migrator = bench.databases.migrator(&ZONED).unwrap();
        migrator.up(Steps::All).unwrap();
        let zone = bench.db.zone("thing_data");
        let table = match &zone {
            Some(schema) => format!("\"{schema}\".own"),
            None => "thing_data_own".to_owned(),
        };
        assert_eq!(zone.is_some(), bench.is_postgres());
        let offline = script(&ZONED, bench.db.backend(), &bench.schema(), None).unwrap();
        let opened = zone.iter().map(|zone| format!("CREATE SCHEMA IF NOT EXISTS \"{zone}\";"));
        assert!(opened.into_iter().all(|sql| offline.contains(&sql)));
        let sql = format!("CREATE TABLE {table} (id integer)");
        let make = move |conn: &mut db::Conn| Ok(db::diesel::sql_query(&sql).execute(conn).map(drop)?);
        bench.db.claim(&bench.scope(), make).await.unwrap();
        assert_eq!(migrator.drift().unwrap(), []);
        assert!(migrator.status().unwrap().iter().all(|step| step.applied));
        migrator.down(Steps::All).unwrap();
        migrator.up(Steps::All).unwrap();
        bench.by_hand(&format!("INSERT INTO {table} VALUES (1)"));
        // Who knows of no zone sees a table too many in SQLite's one file.
        assert_eq!(bench.migrator().drift().unwrap().is_empty(), bench.is_postgres());
        if bench.is_postgres() {
            bench.databases.migrator(&ZONED).unwrap().destroy().unwrap();
            bench.migrator().up(Steps::All).unwrap();
        }
    }
}

/// Proves: DB-46
#[test]
fn the_script_of_pending_migrations_does_what_they_do() {
    for bench in [Bench::empty(""), Bench::empty(&postgres_url())] {
        let backend = bench.db.backend();
        let sql = script(&MIGRATIONS, backend, &bench.schema(), None).unwrap();
        if backend == Backend::Postgres {
            let mut conn = db::diesel::PgConnection::establish(&bench.config.url).unwrap();
            conn.batch_execute(&sql).unwrap();
        } else {
            bench.by_hand(&sql);
        }
        let migrator = bench.migrator();
        assert!(migrator.status().unwrap().iter().all(|step| step.applied));
        assert_eq!(migrator.drift().unwrap(), []);

        let rest = script(
            &MIGRATIONS,
            backend,
            &bench.schema(),
            Some("20260201000000"),
        )
        .unwrap();
        assert!(rest.contains("ADD COLUMN note") && !rest.contains("CREATE TABLE thing"));
        assert!(script(&MIGRATIONS, backend, &bench.schema(), Some("nonsense")).is_err());
    }
}

/// Proves: DB-45
#[tokio::test]
async fn driver_forms_of_the_url_serve_runs_and_migrations() {
    let plain = postgres_url();
    let (_, rest) = plain.split_once("://").unwrap();
    for form in ["postgresql+asyncpg", "postgresql+psycopg2", "postgresql"] {
        let bench = Bench::empty(&format!("{form}://{rest}"));
        bench.migrator().up(Steps::All).unwrap();
        let scope = bench.scope();
        let count = bench
            .db
            .read(&scope, |c| Ok(thing::table.count().get_result::<i64>(c)?));
        assert_eq!(count.await.unwrap(), 0);
    }
}

#[test]
fn processes_that_migrate_at_once_do_not_collide() {
    for bench in [Bench::empty(""), Bench::empty(&postgres_url())] {
        let all = bench.migrator().status().unwrap().len();
        let counts: Vec<usize> = std::thread::scope(|threads| {
            let runs: Vec<_> = (0..4)
                .map(|_| threads.spawn(|| bench.migrator().up(Steps::All).unwrap().len()))
                .collect();
            runs.into_iter().map(|run| run.join().unwrap()).collect()
        });
        assert!(counts.contains(&all), "{counts:?}");
        assert_eq!(counts.iter().sum::<usize>(), all, "{counts:?}");
    }
}
