//! Rows: every method takes the scope of its caller and stays inside its tenant.

pub(crate) mod commands;
pub(crate) mod dead_letters;
pub(crate) mod progress;
pub(crate) mod scheduled;
pub(crate) mod subscriptions;

use std::sync::Arc;

use db::Db;
use value::Clock;

/// Both dialects of the tables.
pub(crate) static MIGRATIONS: db::Migrations = db::migrations!(
    "messaging",
    sqlite = "../../../migrations/messaging/sqlite",
    postgres = "../../../migrations/messaging/postgres"
);

/// The rows of `messaging`.
#[derive(Clone)]
pub(crate) struct Store {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Store {
    /// A store over the service's database.
    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }
}

/// A limit for one row more than a page has.
fn one_more(size: usize) -> i64 {
    i64::try_from(size + 1).unwrap_or(i64::MAX)
}
