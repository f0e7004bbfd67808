//! Tables and rows: every method takes the scope of its caller and stays inside its tenant.

mod alter;
pub(crate) mod change;
pub(crate) mod drift;
pub(crate) mod figures;
pub(crate) mod fragments;
pub(crate) mod members;
mod natural;
pub(crate) mod physical;
pub(crate) mod records;
mod rowset;
pub(crate) mod statement;
pub(crate) mod tables;
mod viewer;
mod write;

pub(crate) use tables::Tables;
pub(crate) use viewer::Viewer;

use std::sync::Arc;
use value::Clock;

/// Both dialects of the tables of zone 1; those of zone 2 follow definitions, no migrations.
pub(crate) static MIGRATIONS: db::Migrations = db::migrations!(
    "warehouse",
    sqlite = "../../../migrations/warehouse/sqlite",
    postgres = "../../../migrations/warehouse/postgres",
    zone = "analytics_data"
);

/// The rows of `warehouse`.
#[derive(Clone)]
pub(crate) struct Store {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) tables: Tables,
}

impl Store {
    /// A store over these tables.
    pub(crate) fn new(clock: Arc<dyn Clock>, tables: Tables) -> Self {
        Self { clock, tables }
    }
}
