//! Statements over tables of zone 2: run, counted by lane, ended in time, and read as texts.
//!
//! Their text is made by us of quoted names and numbered parameters; every value is a parameter.

use super::natural::postgres;
use crate::{
    model::value::{Cell, decimal_text, is_wide},
    reasons,
};
use db::{Conn, Failure, diesel};
use diesel::{
    QueryableByName, RunQueryDsl,
    backend::Backend,
    deserialize::{self, FromSql},
    query_builder::{BoxedSqlQuery, SqlQuery},
    row::{Field, NamedRow},
    sql_types::{BigInt, Double, Nullable, Text},
    sqlite::Sqlite,
};
use error::Error;
use formula::{
    DataType, calendar,
    sql::{Bind, Dialect, RowWriter},
};
use std::time::Instant;
use value::Id;

/// One row of an answer.
pub(crate) type TextRow = Vec<Option<String>>;

/// A row, whatever its columns are.
pub(super) struct Texts(TextRow);

impl<DB: Backend> QueryableByName<DB> for Texts
where
    Option<String>: FromSql<Nullable<Text>, DB>,
{
    fn build<'a>(row: &impl NamedRow<'a, DB>) -> deserialize::Result<Self> {
        let cell = |at| {
            let field = diesel::row::Row::get(row, at).ok_or("a field of the row")?;
            <Option<String> as FromSql<Nullable<Text>, DB>>::from_nullable_sql(field.value())
        };
        let cells = (0..row.field_count()).map(cell);
        cells.collect::<Result<_, _>>().map(Self)
    }
}

/// A statement for SQLite with its parameters bound.
fn sqlite<'a>(sql: &str, binds: &'a [Bind]) -> BoxedSqlQuery<'a, Sqlite, SqlQuery> {
    let mut query = diesel::sql_query(sql).into_boxed();
    for bind in binds {
        query = match bind {
            Bind::Int(n) => query.bind::<BigInt, _>(*n),
            Bind::Real(x) => query.bind::<Double, _>(*x),
            Bind::Text(text) => query.bind::<Text, _>(text.as_str()),
        };
    }
    query
}

/// Which kind of connection a statement runs on: one that cannot write, or one that can.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lane {
    Read,
    Write,
}

/// Counts a statement.
pub(crate) fn count(lane: Lane) {
    let lane = match lane {
        Lane::Read => "read",
        Lane::Write => "write",
    };
    metrics::counter!("tessera_warehouse_statements_total", "lane" => lane).increment(1);
}

/// The rows of a statement.
pub(crate) fn rows(
    conn: &mut Conn,
    lane: Lane,
    sql: &str,
    binds: &[Bind],
) -> Result<Vec<TextRow>, Failure> {
    count(lane);
    match conn {
        Conn::Sqlite(conn) => texts(sqlite(sql, binds).load(conn)),
        Conn::Pg(conn) => texts(postgres(sql, binds).load(conn)),
    }
    .map_err(named)
}

/// The texts of rows as they were loaded.
pub(super) fn texts(rows: diesel::QueryResult<Vec<Texts>>) -> diesel::QueryResult<Vec<TextRow>> {
    Ok(rows?.into_iter().map(|row| row.0).collect())
}

/// Runs a statement that changes rows; how many it did.
pub(crate) fn execute(conn: &mut Conn, sql: &str, binds: &[Bind]) -> Result<usize, Failure> {
    count(Lane::Write);
    match conn {
        Conn::Sqlite(conn) => sqlite(sql, binds).execute(conn),
        Conn::Pg(conn) => postgres(sql, binds).execute(conn),
    }
    .map_err(named)
}

/// What a failure of the database means to whoever asked.
pub(super) fn named(sql: diesel::result::Error) -> Failure {
    let text = match &sql {
        diesel::result::Error::DatabaseError(_, info) => info.message().to_owned(),
        _ => return sql.into(),
    };
    // Neither database has a kind for it.
    if text.contains("out of range") || text.contains("integer overflow") {
        let words = "a number that is calculated from the rows does not fit 64 bits";
        return Error::new(&reasons::NUMBER_OVERFLOW, words)
            .with_source(sql)
            .into();
    }
    let failure = Failure::from(sql);
    if !failure.is_late() {
        return failure;
    }
    let words = "the database was not done in the time that there was";
    Error::new(&reasons::STATEMENT_TIMEOUT, words)
        .with_source(failure)
        .into()
}

/// Refuses to begin another statement when the time is over: each has the whole time for itself otherwise.
pub(crate) fn in_time(end: Instant) -> Result<(), Failure> {
    if Instant::now() < end {
        return Ok(());
    }
    let words = "the database was not done in the time that there was";
    Err(Error::new(&reasons::STATEMENT_TIMEOUT, words).into())
}

/// The dialect of a connection.
pub(crate) fn dialect(conn: &Conn) -> Dialect {
    if conn.is_postgres() {
        Dialect::Postgres
    } else {
        Dialect::Sqlite
    }
}

/// Conditions as a WHERE clause.
pub(crate) fn clause(conditions: &[String]) -> String {
    if conditions.is_empty() {
        return String::new();
    }
    format!(" WHERE {}", conditions.join(" AND "))
}

/// A cell as a parameter.
pub(crate) fn bind_cell(writer: &mut RowWriter<'_>, cell: &Cell, data_type: DataType) -> String {
    let sqlite = writer.dialect() == Dialect::Sqlite;
    match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Text(text) => writer.bind(Bind::Text(text.clone()), "text"),
        Cell::Integer(n) => writer.bind(Bind::Int(*n), "bigint"),
        Cell::Decimal(digits) => match i64::try_from(*digits) {
            Ok(digits) if !is_wide(data_type) => writer.bind(Bind::Int(digits), "bigint"),
            _ => {
                let text = decimal_text(*digits, data_type.scale());
                writer.bind(Bind::Text(text), "text::numeric")
            }
        },
        Cell::Double(number) => writer.bind(Bind::Real(*number), "double precision"),
        Cell::Boolean(value) if sqlite => writer.bind(Bind::Int((*value).into()), ""),
        Cell::Boolean(value) => if *value { "TRUE" } else { "FALSE" }.to_owned(),
        Cell::Date(days) => writer.bind(Bind::Text(calendar::date_text(*days)), "text::date"),
        Cell::Timestamp(micros) if sqlite => writer.bind(Bind::Int(*micros), ""),
        Cell::Timestamp(micros) => {
            let text = calendar::timestamp_text(*micros);
            writer.bind(Bind::Text(text), "text::timestamptz")
        }
        Cell::Json(json) => writer.bind(Bind::Text(json.to_string()), "text::jsonb"),
        Cell::Uuid(uuid) => {
            let bind = writer.bind(Bind::Text(uuid.simple().to_string()), "text::uuid");
            if sqlite {
                format!("unhex({bind})")
            } else {
                bind
            }
        }
    }
}

/// The condition that a row is one of these.
pub(crate) fn one_of(writer: &mut RowWriter<'_>, ids: &[Id]) -> String {
    let row = writer.row_id();
    let digits: Vec<String> = ids
        .iter()
        .map(|id| id.as_uuid().simple().to_string())
        .collect();
    match writer.dialect() {
        Dialect::Sqlite => {
            let list = format!("[\"{}\"]", digits.join("\",\""));
            let list = if ids.is_empty() {
                "[]".to_owned()
            } else {
                list
            };
            let bind = writer.bind(Bind::Text(list), "");
            format!("{row} IN (SELECT unhex(value) FROM json_each({bind}))")
        }
        Dialect::Postgres => {
            let list = format!("{{{}}}", digits.join(","));
            let bind = writer.bind(Bind::Text(list), "text::uuid[]");
            format!("{row} = ANY ({bind})")
        }
    }
}
