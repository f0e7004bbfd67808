//! Tables of zone 2 as the database has them: running scripts, asking about rows, reading the catalogue.

use crate::model::{
    change::{Facts, Question},
    chunk::{Interval, Span},
    ddl::{self, Dialect, Physical, PhysicalColumn, PhysicalIndex},
    table::{TableShape, column_of_t},
};
use db::{Conn, Failure, MultiBackend};
use diesel::{
    Connection,
    connection::SimpleConnection,
    prelude::*,
    result::{DatabaseErrorKind, Error as Sql},
    sql_query,
    sql_types::{BigInt, Nullable, Text},
};
use error::Error;
use formula::DataType;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use value::Time;

/// Runs statements one after another.
pub(crate) fn run(conn: &mut Conn, script: &[String]) -> Result<(), Failure> {
    for statement in script {
        sql_query(statement).execute(conn)?;
    }
    Ok(())
}

/// Runs statements that the rows or the table may stand against: all of them, or none, and why.
pub(crate) fn try_run(conn: &mut Conn, script: &[String]) -> Result<Result<(), String>, Failure> {
    refusal(conn.transaction(|conn| run(conn, script)))
}

/// What the database refused because of what is in the rows or the table. Everything else that fails, such as a statement that somebody
/// cancels or a server short of memory, is a failure of the call and says nothing about the table. The database's own words may quote
/// values of rows, so only the log has them.
pub(crate) fn refusal<T>(outcome: Result<T, Failure>) -> Result<Result<T, String>, Failure> {
    match outcome {
        Ok(value) => Ok(Ok(value)),
        Err(failure) if failure.is_transient() => Err(failure),
        Err(Failure::Sql(sql)) if !stands_against(&sql) => Err(Failure::Sql(sql)),
        Err(Failure::Sql(sql)) => {
            tracing::debug!(%sql, "the database refused to change a table");
            let why = match &sql {
                Sql::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
                    "the database refused it: rows that must differ are the same"
                }
                Sql::DatabaseError(DatabaseErrorKind::NotNullViolation, _) => {
                    "the database refused it: rows lack a value"
                }
                _ => "the database refused it: values that are there stand against it",
            };
            Ok(Err(why.to_owned()))
        }
        Err(other) => Err(other),
    }
}

/// Whether the rows or the columns that are there are the reason.
fn stands_against(sql: &Sql) -> bool {
    let Sql::DatabaseError(kind, info) = sql else {
        return false;
    };
    match kind {
        DatabaseErrorKind::UniqueViolation
        | DatabaseErrorKind::NotNullViolation
        | DatabaseErrorKind::CheckViolation
        | DatabaseErrorKind::ForeignKeyViolation => true,
        // Diesel keeps the code of no other to itself: what is not known by its text is no reason to give up.
        DatabaseErrorKind::Unknown => {
            let text = info.message();
            const TEXTS: [&str; 13] = [
                "invalid input syntax",
                "out of range",
                "numeric field overflow",
                "integer overflow",
                "value too long",
                "division by zero",
                "cannot be cast",
                "cannot cast",
                "operator does not exist",
                "but expression is of type",
                "tables can have at most",
                "too many columns",
                "cannot store",
            ];
            TEXTS.iter().any(|known| text.contains(known)) && !is_undefined(sql)
        }
        _ => false,
    }
}

/// For the rest of the transaction, waits for locks no longer than that. SQLite has but one, which is there.
pub(crate) fn wait_at_most(conn: &mut Conn, patience: Duration) -> Result<(), Failure> {
    if let Conn::Pg(conn) = conn {
        conn.batch_execute(&format!(
            "SET LOCAL lock_timeout = {}",
            patience.as_millis()
        ))?;
    }
    Ok(())
}

/// Whether others held on to what a statement waited for.
pub(crate) fn is_held(sql: &Sql) -> bool {
    matches!(sql, Sql::DatabaseError(_, info) if info.message().contains("due to lock timeout"))
}

/// Whether the database had no room for another lock. PostgreSQL's hint names the setting in every language.
pub(crate) fn is_out_of_locks(sql: &Sql) -> bool {
    let Sql::DatabaseError(_, info) = sql else {
        return false;
    };
    let hint = info.hint().unwrap_or_default();
    hint.contains("max_locks_per_transaction") || info.message() == "out of shared memory"
}

/// Whether a statement failed because a table, a partition or a column is not there. Only the text tells.
pub(crate) fn is_undefined(sql: &Sql) -> bool {
    let Sql::DatabaseError(_, info) = sql else {
        return false;
    };
    let text = info.message();
    let postgres = text.starts_with("relation \"") || text.starts_with("column ");
    text.starts_with("no such column")
        || text.starts_with("no such table")
        || text.contains("has no column named")
        || postgres && text.contains("does not exist")
        || postgres && text.contains(" of relation ")
        || text.starts_with("no partition of relation")
        || text.starts_with("cached plan must not change result type")
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Extremes {
    #[diesel(sql_type = Nullable<BigInt>)]
    low: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    high: Option<i64>,
}

/// One whole number, named `n`, that a statement answers.
pub(crate) fn number(conn: &mut Conn, sql: &str) -> Result<i64, Failure> {
    let row: Number = sql_query(sql).get_result(conn)?;
    Ok(row.n)
}

/// Holds off everybody else who would make or change the table of this key, until the transaction ends.
pub(crate) fn lock_key(conn: &mut Conn, key: &str) -> Result<(), Failure> {
    if let Conn::Pg(conn) = conn {
        sql_query("SELECT pg_advisory_xact_lock(hashtext('tessera/warehouse/' || current_schema()), hashtext($1))")
            .bind::<Text, _>(key)
            .execute(conn)?;
    }
    Ok(())
}

/// Whether the table is in the database at all.
pub(crate) fn exists(conn: &mut Conn, shape: &TableShape) -> Result<bool, Failure> {
    Ok(!columns(conn, shape)?.is_empty())
}

/// What the rules want to know of the rows there are.
pub(crate) fn facts(
    conn: &mut Conn,
    shape: &TableShape,
    dialect: Dialect,
    questions: &[Question],
) -> Result<Facts, Failure> {
    let table = shape.qualified();
    let some = format!("SELECT count(*) AS n FROM (SELECT 1 FROM {table} LIMIT 1) AS one");
    let mut facts = Facts {
        rows: number(conn, &some)? > 0,
        extra: extra_columns(conn, shape, dialect)?,
        ..Facts::default()
    };
    for question in questions {
        match question {
            Question::Range(column) => {
                let c = column_of_t(column);
                let sql = format!("SELECT min({c}) AS low, max({c}) AS high FROM {table} AS t");
                let row: Extremes = sql_query(sql).get_result(conn)?;
                facts.ranges.insert(column.clone(), row.low.zip(row.high));
            }
            Question::Outside(column, values) => {
                let c = column_of_t(column);
                let marks: Vec<_> = (1..=values.len()).map(|at| format!("${at}")).collect();
                let sql = format!(
                    "SELECT count(*) AS n FROM {table} AS t WHERE {c} NOT IN ({})",
                    marks.join(", ")
                );
                let mut query = sql_query(sql).into_boxed::<MultiBackend>();
                for value in values {
                    query = query.bind::<Text, _>(value.clone());
                }
                let row: Number = query.get_result(conn)?;
                facts.outside.insert(column.clone(), row.n);
            }
        }
    }
    Ok(facts)
}

/// The columns that nobody defined.
pub(crate) fn extra_columns(
    conn: &mut Conn,
    shape: &TableShape,
    dialect: Dialect,
) -> Result<Vec<PhysicalColumn>, Failure> {
    let expected = Physical::of(shape, dialect).columns;
    let mut found = columns(conn, shape)?;
    found.retain(|column| !expected.iter().any(|known| known.name == column.name));
    Ok(found)
}

#[derive(QueryableByName)]
struct ColumnRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    sql_type: String,
    #[diesel(sql_type = BigInt)]
    required: i64,
}

#[derive(QueryableByName)]
struct IndexRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    distinct_rows: i64,
    #[diesel(sql_type = Nullable<Text>)]
    parts: Option<String>,
}

const SQLITE_COLUMNS: &str = "SELECT name, type AS sql_type, \"notnull\" AS required FROM pragma_table_xinfo($1) ORDER BY cid";
const POSTGRES_COLUMNS: &str = "
    SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS sql_type,
           (CASE WHEN a.attnotnull THEN 1 ELSE 0 END)::bigint AS required
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $2 AND c.relname = $1 AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
     ORDER BY a.attnum";
const SQLITE_INDEXES: &str = "
    SELECT l.name AS name, l.\"unique\" AS distinct_rows,
           (SELECT group_concat(i.name, ',') FROM (SELECT name FROM pragma_index_info(l.name) ORDER BY seqno) AS i) AS parts
      FROM pragma_index_list($1) AS l";
const POSTGRES_INDEXES: &str = "
    SELECT i.relname::text AS name, (CASE WHEN x.indisunique THEN 1 ELSE 0 END)::bigint AS distinct_rows,
           (SELECT string_agg(a.attname::text, ',' ORDER BY k.place)
              FROM unnest(x.indkey::int2[]) WITH ORDINALITY AS k(att, place)
              JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.att) AS parts
      FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $2 AND c.relname = $1 AND x.indisvalid";
const POSTGRES_KIND: &str = "
    SELECT count(*) AS n FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $2 AND c.relname = $1 AND c.relkind = 'p'";
const POSTGRES_PARTITIONS: &str = "
    SELECT k.relname::text AS name FROM pg_inherits i JOIN pg_class k ON k.oid = i.inhrelid
      JOIN pg_class c ON c.oid = i.inhparent JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $2 AND c.relname = $1";
const POSTGRES_PARTITION: &str = "
    SELECT (CASE WHEN i.inhrelid IS NULL THEN 0 ELSE 1 END)::bigint AS n
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
     WHERE n.nspname = $2 AND c.relname = $1";

/// Asks the catalogue about a name: on PostgreSQL of the table's schema.
macro_rules! catalogue {
    ($conn:expr, $shape:expr, $name:expr, $sqlite:expr, $postgres:expr) => {
        match $conn {
            Conn::Sqlite(conn) => sql_query($sqlite).bind::<Text, _>($name).load(conn),
            Conn::Pg(conn) => sql_query($postgres)
                .bind::<Text, _>($name)
                .bind::<Text, _>($shape.schema.as_deref().unwrap_or_default())
                .load(conn),
        }
    };
}

/// The columns that the table has; none where there is no such table.
pub(crate) fn columns(conn: &mut Conn, shape: &TableShape) -> Result<Vec<PhysicalColumn>, Failure> {
    let rows: Vec<ColumnRow> =
        catalogue!(conn, shape, &shape.name, SQLITE_COLUMNS, POSTGRES_COLUMNS)?;
    let column = |row: ColumnRow| PhysicalColumn {
        name: row.name,
        sql_type: row.sql_type,
        not_null: row.required != 0,
    };
    Ok(rows.into_iter().map(column).collect())
}

/// What the table really is made of; `None` where there is none.
pub(crate) fn catalogue(conn: &mut Conn, shape: &TableShape) -> Result<Option<Physical>, Failure> {
    let columns = columns(conn, shape)?;
    if columns.is_empty() {
        return Ok(None);
    }
    let rows: Vec<IndexRow> =
        catalogue!(conn, shape, &shape.name, SQLITE_INDEXES, POSTGRES_INDEXES)?;
    let index = |row: IndexRow| PhysicalIndex {
        name: row.name,
        unique: row.distinct_rows != 0,
        columns: row
            .parts
            .unwrap_or_default()
            .split(',')
            .map(str::to_owned)
            .collect(),
    };
    let partitioned = match conn {
        Conn::Sqlite(_) => false,
        Conn::Pg(conn) => {
            let row: Number = sql_query(POSTGRES_KIND)
                .bind::<Text, _>(&shape.name)
                .bind::<Text, _>(shape.schema.as_deref().unwrap_or_default())
                .get_result(conn)?;
            row.n > 0
        }
    };
    let time = shape.time_column().map(|column| column.name.clone());
    Ok(Some(Physical {
        columns,
        indexes: rows.into_iter().map(index).collect(),
        partitioned_by: time.filter(|_| partitioned),
    }))
}

const POSTGRES_PARTITION_COUNT: &str = "
    SELECT count(i.inhrelid) AS n
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_inherits i ON i.inhparent = c.oid
     WHERE n.nspname = $2 AND c.relname = $1 AND c.relkind = 'p'
     GROUP BY c.oid";

/// How a partition stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartitionState {
    /// It is part of its table.
    Attached,
    /// It is there, and not part of any table.
    Detached,
    /// There is no such table.
    Missing,
}

/// How the partition of a span stands; on SQLite there are none, and all is well.
pub(crate) fn partition_state(
    conn: &mut Conn,
    shape: &TableShape,
    span: &Span,
) -> Result<PartitionState, Failure> {
    let name = ddl::partition_name(shape, span);
    let Conn::Pg(conn) = conn else {
        return Ok(PartitionState::Attached);
    };
    let row: Option<Number> = sql_query(POSTGRES_PARTITION)
        .bind::<Text, _>(&name)
        .bind::<Text, _>(shape.schema.as_deref().unwrap_or_default())
        .get_result(conn)
        .optional()?;
    Ok(match row.map(|row| row.n) {
        None => PartitionState::Missing,
        Some(0) => PartitionState::Detached,
        Some(_) => PartitionState::Attached,
    })
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// How many partitions the table has; none where it is not cut into any.
pub(crate) fn partition_count(conn: &mut Conn, shape: &TableShape) -> Result<Option<i64>, Failure> {
    let Conn::Pg(conn) = conn else {
        return Ok(None);
    };
    let row: Option<Number> = sql_query(POSTGRES_PARTITION_COUNT)
        .bind::<Text, _>(&shape.name)
        .bind::<Text, _>(shape.schema.as_deref().unwrap_or_default())
        .get_result(conn)
        .optional()?;
    Ok(row.map(|row| row.n))
}

/// Names of the partitions that are part of the table; on SQLite there are none.
pub(crate) fn partitions(conn: &mut Conn, shape: &TableShape) -> Result<BTreeSet<String>, Failure> {
    let Conn::Pg(conn) = conn else {
        return Ok(BTreeSet::new());
    };
    let rows: Vec<Name> = sql_query(POSTGRES_PARTITIONS)
        .bind::<Text, _>(&shape.name)
        .bind::<Text, _>(shape.schema.as_deref().unwrap_or_default())
        .load(conn)?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

#[derive(QueryableByName)]
struct DayCount {
    #[diesel(sql_type = Nullable<Text>)]
    day: Option<String>,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many rows there really are, by the first moment of their chunk. Reads every row.
pub(crate) fn counts(conn: &mut Conn, shape: &TableShape) -> Result<BTreeMap<Time, i64>, Failure> {
    let table = shape.qualified();
    let (Some(interval), Some(time)) = (shape.chunk_interval, shape.time_column()) else {
        let n = number(conn, &format!("SELECT count(*) AS n FROM {table}"))?;
        return Ok(BTreeMap::from([(Time::MIN, n)]));
    };
    let day = first_day(
        conn.is_postgres(),
        interval,
        time.data_type,
        &column_of_t(&time.name),
    );
    let sql = format!("SELECT {day} AS day, count(*) AS n FROM {table} AS t GROUP BY 1");
    let rows: Vec<DayCount> = sql_query(sql).load(conn)?;
    rows.into_iter()
        .map(|row| {
            // A row without time, after its column was dropped by hand, is in no chunk: it counts with the first.
            let Some(day) = row.day else {
                return Ok((Time::MIN, row.n));
            };
            let start = format!("{day}T00:00:00Z").parse();
            Ok((start.map_err(Error::internal)?, row.n))
        })
        .collect()
}

/// The first day of the chunk of a moment, as text.
fn first_day(postgres: bool, interval: Interval, data_type: DataType, c: &str) -> String {
    let timestamp = data_type == DataType::Timestamp;
    if postgres {
        let moment = match timestamp {
            true => format!("({c} AT TIME ZONE 'UTC')"),
            false => format!("{c}::timestamp"),
        };
        let name = interval.name();
        return format!("to_char(date_trunc('{name}', {moment}), 'YYYY-MM-DD')");
    }
    let (length, tail, pattern) = match interval {
        Interval::Day => (10, "", "%Y-%m-%d"),
        Interval::Month => (7, "-01", "%Y-%m-01"),
        Interval::Year => (4, "-01-01", "%Y-01-01"),
    };
    match timestamp {
        // Division cuts towards zero; seconds before 1970 are counted downwards.
        true => format!(
            "strftime('{pattern}', ({c} - (({c} % 1000000) + 1000000) % 1000000) / 1000000, 'unixepoch')"
        ),
        false => format!("substr({c}, 1, {length}) || '{tail}'"),
    }
}
