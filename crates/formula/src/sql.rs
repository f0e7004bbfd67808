//! SQL for a fragment: text with numbered parameters, the values for them, and how its rows become states.
//!
//! Values are never part of the text, and names are quoted. All columns of a result are text (or null) in one spelling on both databases,
//! so a reader needs no types. What is long, or needs a window, is calculated by an inner select; else expressions stand in the aggregates.

mod members;
mod row;
mod rows;
mod scalar;
mod snapshot;
mod statement;

use crate::{Code, Entity, Fragment, Plan, Shape, Typed};
pub use members::{Members, members};
pub use row::RowWriter;
pub use rows::{Group, Table};
pub use snapshot::{latest_snapshot, read_snapshots, snapshot_times};

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SQLite 3.41 or later.
    Sqlite,
    /// PostgreSQL 14 or later.
    Postgres,
}

/// How many parameters a statement has at most: SQLite takes 32,766, PostgreSQL 65,535.
const MOST_BINDS: usize = 32_000;

/// Sub-periods are read together where reading them one by one would take more text.
const MOST_BYTES_APART: usize = 1 << 18;

/// A value for a parameter. On PostgreSQL the text says which type it is cast to.
#[derive(Clone, Debug, PartialEq)]
pub enum Bind {
    /// A whole number of 64 bits.
    Int(i64),
    /// A float.
    Real(f64),
    /// A text.
    Text(String),
}

/// A place in time, of the type of the entity's time attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Moment {
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since 1970-01-01 UTC.
    Timestamp(i64),
}

/// Which rows, and how they are grouped; everything typed.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Attributes of the entity to group by, by code.
    pub dimensions: Vec<String>,
    /// Further conditions, such as the caller's row filter; see [`condition`](crate::condition).
    pub filters: Vec<Typed>,
    /// Rows from the first moment up to before the second; of sets, the moments of the snapshots at the start and at the end.
    pub period: Option<(Moment, Moment)>,
    /// Bounds of sub-periods, ascending: the caller's calendar cuts, so that any grain, fiscal year and time zone is exact. Rows before the
    /// first and from the last on are left out. Not for sets, which have two snapshots.
    pub bounds: Vec<Moment>,
    /// Whether sub-periods are read one by one, in one statement: faster where rows are kept by time, so that none is looked at twice.
    pub apart: bool,
    /// How many different values of a percentile a group may have.
    pub most_values: Option<usize>,
}

/// SQL, and what its rows are.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The text.
    pub sql: String,
    /// The values of its parameters, in order.
    pub binds: Vec<Bind>,
    pub(crate) columns: Columns,
}

/// What the columns of a result are, from the left.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Columns {
    pub(crate) dimensions: Vec<crate::DataType>,
    pub(crate) bucket: bool,
    /// Measures with how many columns each has.
    pub(crate) measures: Vec<(usize, usize)>,
    pub(crate) most_values: usize,
}

/// Why there is no SQL for a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The sort of reason.
    pub code: Code,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refused {}

pub(crate) fn refuse<T>(code: Code, message: impl Into<String>) -> Result<T, Refused> {
    Err(Refused {
        code,
        message: message.into(),
    })
}

/// Writes `fragment` of `plan` over `entity`, which is the fragment's, for `query`.
///
/// # Errors
/// Where the query does not fit the entity, or the text would be too long.
pub fn write(
    plan: &Plan,
    fragment: &Fragment,
    entity: &Entity,
    query: &Query,
    dialect: Dialect,
) -> Result<Statement, Refused> {
    if entity.code != fragment.entity {
        return refuse(
            Code::UnknownEntity,
            format!("the fragment reads `{}`", fragment.entity),
        );
    }
    let writer = || statement::Writer::new(plan, fragment, entity, query, dialect);
    let statement = match fragment.shape {
        Shape::Summary => short(writer().summary()?, || writer().together().summary()),
        Shape::Set => writer().set(),
        Shape::Values => short(writer().values()?, || writer().together().values()),
    }?;
    if statement.binds.len() > MOST_BINDS {
        let message = format!(
            "the conditions and bounds have {} values, of which one statement takes {MOST_BINDS}",
            statement.binds.len()
        );
        return refuse(Code::TooManyTerms, message);
    }
    Ok(statement)
}

/// The statement, or another where it is too long.
fn short(
    statement: Statement,
    other: impl FnOnce() -> Result<Statement, Refused>,
) -> Result<Statement, Refused> {
    if statement.sql.len() > MOST_BYTES_APART {
        other()
    } else {
        Ok(statement)
    }
}

/// As [`write`], with sums left to 64 bits on a database that has no wider ones: nearly twice as fast, and refused by the database, as an
/// `integer overflow`, where a sum does not fit; then the statement of [`write`] answers. None where nothing is gained.
///
/// # Errors
/// As [`write`].
pub fn write_fast(
    plan: &Plan,
    fragment: &Fragment,
    entity: &Entity,
    query: &Query,
    dialect: Dialect,
) -> Result<Option<Statement>, Refused> {
    if entity.code != fragment.entity || fragment.shape != Shape::Summary {
        return Ok(None);
    }
    let writer = || statement::Writer::new(plan, fragment, entity, query, dialect).narrow();
    let together = || writer().map(|writer| writer.together().summary());
    match writer().map(statement::Writer::summary).transpose()? {
        Some(found) if found.sql.len() > MOST_BYTES_APART => together().transpose(),
        found => Ok(found),
    }
}
