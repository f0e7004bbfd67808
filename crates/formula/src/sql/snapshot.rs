//! Which snapshot stands for a moment: the latest one taken then or before, whoever asks.

use super::{
    Columns, Dialect, Moment, Refused, Statement,
    rows::value,
    scalar::{Scalars, table},
    statement::text,
};
use crate::{DataType, Entity, Refusal, Value};

/// For each of `moments` the time of the latest snapshot of `entity` at it or before. SQLite takes 32,766 of them at once.
///
/// # Errors
/// Where the entity has no time, or moments are of another type than it.
pub fn latest_snapshot(
    entity: &Entity,
    moments: &[Moment],
    dialect: Dialect,
) -> Result<Statement, Refused> {
    let mut scalars = Scalars {
        entity,
        dialect,
        binds: Vec::new(),
    };
    let time = scalars.time()?;
    let column = scalars.column(&time.code)?;
    let mut asked = Vec::with_capacity(moments.len());
    for (index, moment) in moments.iter().enumerate() {
        asked.push(format!("({index}, {})", scalars.moment(*moment)?));
    }
    let latest = text(dialect, time.data_type, "q.m");
    let table = table(entity);
    // Both databases call the columns of values `column1`, `column2`.
    let rows = match asked.is_empty() {
        true => format!("SELECT 0 AS i, {column} AS m FROM {table} AS t WHERE 1 = 0"),
        false => format!(
            "SELECT v.column1 AS i, (SELECT max({column}) FROM {table} AS t WHERE {column} <= v.column2) AS m FROM (VALUES {}) AS v",
            asked.join(", ")
        ),
    };
    Ok(Statement {
        sql: format!("SELECT {latest} AS c0 FROM ({rows}) AS q ORDER BY q.i"),
        binds: scalars.binds,
        columns: Columns {
            dimensions: vec![time.data_type],
            bucket: false,
            measures: Vec::new(),
            most_values: usize::MAX,
        },
    })
}

/// The times of the snapshots of `entity`, the latest first: from the latest at `last` or before down to the latest at `first` or before,
/// at most so many. Each costs one look into an index, whatever there is of rows.
///
/// # Errors
/// As [`latest_snapshot`].
pub fn snapshot_times(
    entity: &Entity,
    (first, last): (Moment, Moment),
    most: usize,
    dialect: Dialect,
) -> Result<Statement, Refused> {
    let mut scalars = Scalars {
        entity,
        dialect,
        binds: Vec::new(),
    };
    let time = scalars.time()?;
    let column = scalars.column(&time.code)?;
    let (first, last) = (scalars.moment(first)?, scalars.moment(last)?);
    let table = table(entity);
    let shown = text(dialect, time.data_type, "s.m");
    Ok(Statement {
        sql: format!(
            "WITH RECURSIVE s(m) AS (SELECT max({column}) FROM {table} AS t WHERE {column} <= {last} UNION ALL \
             SELECT (SELECT max({column}) FROM {table} AS t WHERE {column} < s.m) FROM s WHERE s.m > {first}) \
             SELECT {shown} AS c0 FROM s WHERE s.m IS NOT NULL LIMIT {most}"
        ),
        binds: scalars.binds,
        columns: Columns {
            dimensions: vec![time.data_type],
            bucket: false,
            measures: Vec::new(),
            most_values: usize::MAX,
        },
    })
}

/// What the rows of [`latest_snapshot`] or [`snapshot_times`] say: a moment for each that was asked for, none where there is no snapshot yet.
///
/// # Errors
/// Where a row is none of the statement's.
pub fn read_snapshots(
    statement: &Statement,
    rows: &[Vec<Option<String>>],
) -> Result<Vec<Option<Moment>>, Refusal> {
    let data_type = statement.columns.dimensions.first();
    let data_type = *data_type.unwrap_or(&DataType::Null);
    rows.iter()
        .map(|row| match row.as_slice() {
            [None] => Ok(None),
            [at] => match value(data_type, at)? {
                Value::Date(days) => Ok(Some(Moment::Date(days))),
                Value::Timestamp(micros) => Ok(Some(Moment::Timestamp(micros))),
                _ => Err(Refusal::BadState),
            },
            _ => Err(Refusal::BadState),
        })
        .collect()
}
