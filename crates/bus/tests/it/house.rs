//! A database of either kind with a table for effects, in which nothing keeps an effect from being noted twice.

use auth::Scope;
use bus::{Consumer, Received};
use db::{Conn, Databases, Db, Failure, Migrations};
use diesel::prelude::*;
use std::sync::Arc;
use testkit::Backend;
use value::{Id, SystemClock};

use crate::log::Log;

static MIGRATIONS: Migrations = db::migrations!(
    "things",
    sqlite = "tests/it/migrations/sqlite",
    postgres = "tests/it/migrations/postgres"
);

diesel::table! {
    use diesel::sql_types::*;
    effects (id) {
        id -> value::sql::Id,
        tenant -> value::sql::Id,
        lane -> Text,
        place -> BigInt,
        number -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    promises (id) {
        id -> value::sql::Id,
        kept_by -> value::sql::Id,
    }
}

/// Notes an effect behind those that its lane has.
pub(crate) fn effect(c: &mut Conn, event: &Received, number: i64) -> Result<(), Failure> {
    let (tenant, lane) = (event.content.tenant, event.content.key.clone());
    let mine = effects::table.filter(effects::tenant.eq(tenant));
    let before: i64 = mine.filter(effects::lane.eq(&lane)).count().get_result(c)?;
    diesel::insert_into(effects::table)
        .values((
            effects::id.eq(Id::new()),
            effects::tenant.eq(tenant),
            effects::lane.eq(lane),
            effects::place.eq(before),
            effects::number.eq(number),
        ))
        .execute(c)?;
    Ok(())
}

/// Has the commit fail, and nothing before it.
pub(crate) fn break_commit(c: &mut Conn) -> Result<(), Failure> {
    diesel::insert_into(promises::table)
        .values((promises::id.eq(Id::new()), promises::kept_by.eq(Id::new())))
        .execute(c)?;
    Ok(())
}

/// A migrated database.
pub(crate) struct House {
    pub(crate) db: Db,
    databases: Databases,
    _backend: Backend,
}

impl House {
    pub(crate) async fn on(backend: Backend) -> Self {
        let databases = Databases::open(&backend.storage()).unwrap();
        let migrator = databases.migrator(&MIGRATIONS).unwrap();
        migrator.up(db::migrate::Steps::All).unwrap();
        Self {
            db: databases.service("things").unwrap(),
            databases,
            _backend: backend,
        }
    }

    /// Numbers of the effects of a tenant's lane, in the order in which they came.
    pub(crate) async fn effects(&self, tenant: Id, lane: &str) -> Vec<i64> {
        let (scope, lane) = (Scope::system(tenant, "test"), lane.to_owned());
        let read = self.db.read(&scope, move |c| {
            let mine = effects::table.filter(effects::tenant.eq(tenant));
            let mine = mine.filter(effects::lane.eq(lane));
            let numbers = mine.order((effects::place, effects::id));
            Ok(numbers.select(effects::number).load(c)?)
        });
        read.await.unwrap()
    }

    /// Runs a consumer over a log until every event is settled.
    pub(crate) async fn run(&self, consumer: Consumer, log: &Arc<Log>) {
        let heard = Arc::clone(log);
        let stop = Box::pin(async move { heard.settled().await });
        let way: Arc<dyn bus::Messaging> = Arc::clone(log) as _;
        let run = consumer.run(self.db.clone(), Arc::new(SystemClock), way, stop);
        run.await;
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let gone = self.databases.migrator(&MIGRATIONS);
        let _ = gone.and_then(|migrator| migrator.destroy());
    }
}
