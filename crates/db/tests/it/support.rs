//! A fresh database of either kind for each test, and the little table the tests write to.

use std::sync::Arc;

use auth::Scope;
use db::diesel::{self, prelude::*};
use db::{Conn, Databases, Db, Failure, Migrations, StorageConfig};
use value::{Decimal, Id, Json, Time};

pub static MIGRATIONS: Migrations = db::migrations!(
    "things",
    sqlite = "tests/it/migrations/sqlite",
    postgres = "tests/it/migrations/postgres"
);

diesel::table! {
    use diesel::sql_types::*;
    thing (id) {
        id -> value::sql::Id,
        tenant -> value::sql::Id,
        name -> Text,
        state -> Text,
        amount -> value::sql::Decimal,
        doc -> value::sql::Json,
        hits -> BigInt,
        created_at -> value::sql::Time,
        updated_at -> value::sql::Time,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    part (id) {
        id -> value::sql::Id,
        thing_id -> value::sql::Id,
    }
}

db::text_enum! {
    /// Where a thing stands.
    pub enum State { Ready = "ready", Done = "done" }
}

#[derive(Debug, Clone, PartialEq, Queryable, Insertable)]
#[diesel(table_name = thing, treat_none_as_default_value = false)]
pub struct Thing {
    pub id: Id,
    pub tenant: Id,
    pub name: String,
    pub state: State,
    pub amount: Decimal,
    pub doc: Json,
    pub hits: i64,
    pub created_at: Time,
    pub updated_at: Time,
    pub version: i64,
}

pub fn now() -> Time {
    "2026-03-01T10:00:00.123456Z".parse().unwrap()
}

pub fn thing(tenant: Id, name: &str) -> Thing {
    Thing {
        id: Id::new(),
        tenant,
        name: name.to_owned(),
        state: State::Ready,
        amount: "0.1234".parse().unwrap(),
        doc: Json(diesel_json()),
        hits: 0,
        created_at: now(),
        updated_at: now(),
        version: 1,
    }
}

fn diesel_json() -> serde_json::Value {
    serde_json::json!({"kind": "pump", "nested": {"list": [1, 2.5, "x", null, true]}})
}

pub fn everyone() -> Scope {
    Scope::system_all("test")
}

pub fn insert(conn: &mut Conn, rows: &[Thing]) -> Result<usize, Failure> {
    Ok(db::insert_all!(conn, thing::table, rows)?)
}

/// A service's migrated database, gone after the test.
pub struct Bench {
    pub db: Db,
    pub databases: Arc<Databases>,
    pub config: StorageConfig,
    pub tenant: Id,
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
        let bench = Self::empty(url);
        let migrator = bench.migrator();
        migrator.up(db::migrate::Steps::All).unwrap();
        bench
    }

    pub fn empty(url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = StorageConfig {
            url: url.to_owned(),
            data_dir: folder.path().to_owned(),
            schema_prefix: format!("t{}_", Id::new().as_uuid().simple()),
            ..StorageConfig::default()
        };
        let databases = Arc::new(Databases::open(&config).unwrap());
        Self {
            db: databases.service("things").unwrap(),
            databases,
            config,
            tenant: Id::new(),
            _folder: folder,
        }
    }

    /// The same database with other settings, in place of those it was made with.
    pub fn reopened(mut self, change: impl FnOnce(&mut StorageConfig)) -> Self {
        self.config = self.changed(change);
        self.databases = Arc::new(Databases::open(&self.config).unwrap());
        self.db = self.databases.service("things").unwrap();
        self
    }

    /// The same database with other settings, on connections of its own.
    pub fn again(&self, change: impl FnOnce(&mut StorageConfig)) -> Db {
        let config = self.changed(change);
        Databases::open(&config).unwrap().service("things").unwrap()
    }

    fn changed(&self, change: impl FnOnce(&mut StorageConfig)) -> StorageConfig {
        let mut config = self.config.clone();
        if self.is_postgres() {
            // Pools are the process's, one for each URL; its own name also tells its sessions apart.
            let joint = if config.url.contains('?') { '&' } else { '?' };
            config.url = format!("{}{joint}application_name={}", config.url, self.schema());
        }
        change(&mut config);
        config
    }

    pub fn migrator(&self) -> db::Migrator {
        self.databases.migrator(&MIGRATIONS).unwrap()
    }

    pub fn scope(&self) -> Scope {
        Scope::system(self.tenant, "test")
    }

    pub fn everyone(&self) -> Scope {
        everyone()
    }

    pub fn is_postgres(&self) -> bool {
        self.db.backend() == db::Backend::Postgres
    }

    pub fn schema(&self) -> String {
        format!("{}things", self.config.schema_prefix)
    }

    /// Runs SQL as somebody with a tool of their own would.
    pub fn by_hand(&self, sql: &str) {
        use db::diesel::connection::SimpleConnection;
        if self.is_postgres() {
            let mut conn = diesel::PgConnection::establish(&self.config.url).unwrap();
            conn.batch_execute(&format!("SET search_path TO {}; {sql}", self.schema()))
                .unwrap();
        } else {
            let path = self.config.data_dir.join("things.db");
            let mut conn = diesel::SqliteConnection::establish(path.to_str().unwrap()).unwrap();
            conn.batch_execute(sql).unwrap();
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.migrator().destroy().unwrap();
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
    ($(#[$meta:meta])* async fn $name:ident($bench:ident) $body:block) => {
        mod $name {
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
    };
}
