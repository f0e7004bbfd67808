//! The table of an entity as a script for a database of the reader's own.

use super::{
    change::{self, Place},
    chunk::Interval,
    ddl::{self, Dialect, ZONE},
    definition::Definition,
    table::{TableShape, quoted},
};
use value::{Id, Time};

/// For which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Sqlite,
    Postgres,
    Timescale,
}

/// Statements that make a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Script {
    pub(crate) sql: String,
    /// The table, with its schema.
    pub(crate) table: String,
}

/// The script for the table of a definition.
pub(crate) fn script(
    definition: &Definition,
    tenant: Id,
    interval: Interval,
    target: Target,
) -> Script {
    let dialect = match target {
        Target::Sqlite => Dialect::Sqlite,
        Target::Postgres | Target::Timescale => Dialect::Postgres,
    };
    let place = Place {
        id: Id::NIL,
        tenant,
        schema: (dialect == Dialect::Postgres).then(|| ZONE.to_owned()),
        dialect,
        interval,
        now: Time::EPOCH,
    };
    let shape = change::plan_new(&place, definition).next;
    let mut statements = Vec::new();
    if dialect == Dialect::Postgres {
        statements.push(format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(ZONE)));
    }
    match target {
        Target::Timescale => statements.extend(hypertable(&shape)),
        Target::Postgres => {
            statements.extend(ddl::create(&shape, dialect, &[]));
            if shape.chunk_interval.is_some() {
                // Here nobody makes partitions as rows come; they can be split off later.
                let rest = ddl::qualified_with(&shape, "_rest");
                statements.push(format!(
                    "CREATE TABLE {rest} PARTITION OF {} DEFAULT",
                    shape.qualified()
                ));
            }
        }
        Target::Sqlite => statements.extend(ddl::create(&shape, dialect, &[])),
    }
    let words = format!(
        "-- The table of `{}`, version {}.\n",
        definition.code, definition.version
    );
    Script {
        sql: words + &statements.join(";\n") + ";\n",
        table: shape.qualified(),
    }
}

/// A table that TimescaleDB cuts by itself, where rows have a time. Like partitions, chunks allow no unique index without the time.
fn hypertable(shape: &TableShape) -> Vec<String> {
    let mut statements = ddl::create(shape, Dialect::Postgres, &[]);
    let (Some(interval), Some(time)) = (shape.chunk_interval, shape.time_column()) else {
        return statements;
    };
    let by_range = format!(" PARTITION BY RANGE ({})", quoted(&time.name));
    if let Some(table) = statements.first_mut() {
        *table = table.replace(&by_range, "");
    }
    statements.insert(0, "CREATE EXTENSION IF NOT EXISTS timescaledb".to_owned());
    // It must be a hypertable before it has rows; indexes may come before or after.
    statements.push(format!(
        "SELECT create_hypertable('{}', '{}', chunk_time_interval => INTERVAL '1 {}')",
        shape.qualified(),
        time.name,
        interval.name()
    ));
    statements
}
