//! A fresh database of either kind for each test, workers on it, and the little table that jobs have their effects in.

use auth::Scope;
use db::diesel::{self, prelude::*};
use db::{Conn, Databases, Db, Failure, Migrations, StorageConfig};
use jobs::{By, Config, Jobs, Kinds};
use prost::Message;
use proto::tessera::jobs::v1::JobChanged;
use std::{sync::Arc, time::Duration};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use value::{Id, Time};

pub use crate::waiting::{at_step, eventually, until, within};

pub static MIGRATIONS: Migrations = db::migrations!(
    "things",
    sqlite = "tests/it/migrations/sqlite",
    postgres = "tests/it/migrations/postgres"
);

diesel::table! {
    use diesel::sql_types::*;
    effects (tenant, job_id, number) {
        tenant -> value::sql::Id,
        job_id -> value::sql::Id,
        number -> BigInt,
        name -> Text,
    }
}

/// Notes an effect; nothing keeps it from being noted twice.
pub fn effect(c: &mut Conn, tenant: Id, job: Id, number: i64, name: &str) -> Result<(), Failure> {
    let row = (
        effects::tenant.eq(tenant),
        effects::job_id.eq(job),
        effects::number.eq(number),
        effects::name.eq(name),
    );
    diesel::insert_into(effects::table)
        .values(&row)
        .execute(c)?;
    Ok(())
}

/// Takes an effect away.
pub fn take_back(c: &mut Conn, job: Id, number: i64) -> Result<(), Failure> {
    diesel::delete(
        effects::table
            .filter(effects::job_id.eq(job))
            .filter(effects::number.eq(number)),
    )
    .execute(c)?;
    Ok(())
}

/// A migrated database, gone after the test.
pub struct Bench {
    pub db: Db,
    pub config: StorageConfig,
    pub tenant: Id,
    databases: Arc<Databases>,
    _folder: tempfile::TempDir,
}

impl Bench {
    pub fn sqlite() -> Self {
        Self::on("")
    }

    pub fn postgres() -> Self {
        Self::on(&postgres_url())
    }

    fn on(url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = StorageConfig {
            url: url.to_owned(),
            data_dir: folder.path().to_owned(),
            schema_prefix: format!("t{}_", Id::new().as_uuid().simple()),
            budget: 8,
            ..StorageConfig::default()
        };
        let databases = Arc::new(Databases::open(&config).unwrap());
        let migrator = databases.migrator(&MIGRATIONS).unwrap();
        migrator.up(db::migrate::Steps::All).unwrap();
        Self {
            db: databases.service("things").unwrap(),
            config,
            tenant: Id::new(),
            databases,
            _folder: folder,
        }
    }

    pub fn is_postgres(&self) -> bool {
        self.db.backend() == db::Backend::Postgres
    }

    pub fn scope(&self) -> Scope {
        Scope::system(self.tenant, "test")
    }

    /// A handle of its own, as another process has one.
    pub fn jobs(&self, config: Config, kinds: Kinds) -> Jobs {
        let jobs = Jobs::new(self.db.clone(), config);
        jobs.offer(kinds);
        jobs
    }

    /// The same database at another address.
    pub fn at(&self, url: &str) -> Db {
        let config = StorageConfig {
            url: url.to_owned(),
            wait_seconds: 1,
            ..self.config.clone()
        };
        Databases::open(&config).unwrap().service("things").unwrap()
    }

    /// What was told of a job, in order.
    pub async fn told(&self, job: Id) -> Vec<JobChanged> {
        let scope = Scope::system_all("test");
        let later = Time::from_micros(i64::MAX / 2);
        let all = self.db.claim(&scope, move |c| {
            db::outbox::claim_batch(c, later, Duration::from_secs(1), 1_000)
        });
        let mine = all.await.unwrap().into_iter();
        let mine = mine.filter(|event| event.lane == job.to_string());
        mine.map(|event| JobChanged::decode(event.payload.as_slice()).unwrap())
            .collect()
    }

    /// The numbers of a job's effects, in order.
    pub async fn effects(&self, job: Id) -> Vec<i64> {
        let work = move |c: &mut Conn| {
            Ok(effects::table
                .filter(effects::job_id.eq(job))
                .order(effects::number.asc())
                .select(effects::number)
                .load(c)?)
        };
        self.db.read(&self.scope(), work).await.unwrap()
    }

    /// What the database's clock says.
    pub async fn now(&self) -> Time {
        use db::diesel::dsl::{select, sql};
        let work = |c: &mut Conn| {
            Ok(match c {
                Conn::Sqlite(c) => select(sql::<value::sql::Time>(
                    "CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER)",
                ))
                .get_result(c)?,
                Conn::Pg(c) => {
                    select(sql::<value::sql::Time>("clock_timestamp()")).get_result(c)?
                }
            })
        };
        self.db.read(&self.scope(), work).await.unwrap()
    }

    /// Runs SQL as somebody with a tool of their own would.
    pub async fn by_hand(&self, sql: String) {
        let scope = Scope::system_all("test");
        let work = move |c: &mut Conn| {
            diesel::sql_query(&sql).execute(c)?;
            Ok(())
        };
        self.db.write(&scope, work).await.unwrap();
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let migrator = self.databases.migrator(&MIGRATIONS).unwrap();
            migrator.destroy().unwrap();
        }
    }
}

/// Quick settings: a short lease, and a poll that another process's jobs do not wait long for.
pub fn quick() -> Config {
    Config {
        lease: config::Span::from_millis(1500),
        poll: config::Span::from_millis(50),
        ..Config::default()
    }
}

/// A worker that can be stopped as an operator does, or killed.
pub struct Worker {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Worker {
    pub fn start(jobs: &Jobs) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(jobs.clone().work(stop.clone()));
        Self { stop, task }
    }

    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

/// A job, whatever became of it since it was read.
pub fn as_is(job: Id) -> (Id, String) {
    (job, String::new())
}

/// Somebody who asks for something.
pub fn by() -> By {
    By {
        actor: "user:me".into(),
        automatic: false,
        reason: "because".into(),
    }
}

#[expect(clippy::disallowed_methods, reason = "where the tests' database is")]
pub fn postgres_url() -> String {
    std::env::var("TESSERA_TEST_POSTGRES_URL").expect(
        "TESSERA_TEST_POSTGRES_URL is not set: the tests need a PostgreSQL database whose role is \
         no superuser, such as postgres://tessera@127.0.0.1/tessera",
    )
}

/// Stamps a test out for both databases.
macro_rules! both {
    ($($(#[$meta:meta])* async fn $name:ident($bench:ident) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn body($bench: &Bench) $body

            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                body(&Bench::sqlite()).await;
            }

            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                body(&Bench::postgres()).await;
            }
        }
    )+};
}
