//! Many rows as a source of one statement: on PostgreSQL one array for each column, on SQLite a list of rows. Either way every value is a
//! parameter, and a hundred thousand rows are a handful of statements.

use super::{
    natural::POSTGRES_EPOCH,
    statement::{TextRow, named, texts},
};
use crate::model::{batch::Values, value::is_wide};
use db::{Conn, Failure, diesel};
use diesel::{
    RunQueryDsl, SqliteConnection,
    pg::{Pg, data_types::PgDate},
    query_builder::{AstPass, BoxedSqlQuery, QueryFragment, QueryId, SqlQuery},
    sql_types::{Array, BigInt, Bool, Date, Double, Nullable, Text},
    sqlite::Sqlite,
};
use error::Error;
use formula::{DataType, calendar, sql::Dialect};
use std::ops::Range;
use value::{Id, Json, Time};

/// SQLite takes 32,766 parameters.
const MOST_PARAMETERS: usize = 32_000;
/// At most so many rows go to PostgreSQL at once.
const MOST_ROWS: usize = 10_000;

/// A parameter of a statement.
enum Param<'a> {
    Id(Id),
    Text(Option<&'a str>),
    Owned(String),
    Integer(Option<i64>),
    Double(Option<f64>),
    Time(Option<Time>),
    Json(&'a Option<Json>),
    Uuid(Option<Id>),
    Ids(&'a [Id]),
    Texts(&'a [Option<String>]),
    Integers(&'a [Option<i64>]),
    Doubles(&'a [Option<f64>]),
    Booleans(&'a [Option<bool>]),
    Dates(Vec<Option<PgDate>>),
    Times(&'a [Option<Time>]),
    Jsons(&'a [Option<Json>]),
    Uuids(&'a [Option<Id>]),
}

/// A column of a source.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    /// Ids of rows.
    Ids(&'a [Id]),
    /// Values of an attribute of this type.
    Values(&'a Values, DataType),
}

impl<'a> Source<'a> {
    /// A value of its own, as SQLite takes it.
    fn cell(&self, row: usize) -> Param<'a> {
        match *self {
            Source::Ids(all) => Param::Id(all[row]),
            Source::Values(Values::Texts(all), _) => Param::Text(all[row].as_deref()),
            Source::Values(Values::Integers(all), _) => Param::Integer(all[row]),
            Source::Values(Values::Doubles(all), _) => Param::Double(all[row]),
            Source::Values(Values::Booleans(all), _) => Param::Integer(all[row].map(i64::from)),
            Source::Values(Values::Dates(all), _) => match all[row] {
                Some(days) => Param::Owned(calendar::date_text(days)),
                None => Param::Text(None),
            },
            Source::Values(Values::Timestamps(all), _) => Param::Time(all[row]),
            Source::Values(Values::Jsons(all), _) => Param::Json(&all[row]),
            Source::Values(Values::Uuids(all), _) => Param::Uuid(all[row]),
        }
    }
}

/// Rows as they stand in a statement.
pub(crate) struct RowSet {
    /// What stands behind FROM.
    pub(crate) from: String,
    /// The columns, as they are written in the rest of it.
    pub(crate) columns: Vec<String>,
    /// Which row it is, from 0.
    pub(crate) row: &'static str,
}

/// The parameters of one statement.
pub(crate) struct Parameters<'a> {
    dialect: Dialect,
    params: Vec<Param<'a>>,
}

/// How many rows of so many columns go into one statement.
pub(crate) fn rows_at_once(dialect: Dialect, columns: usize) -> usize {
    match dialect {
        Dialect::Sqlite => (MOST_PARAMETERS / columns.max(1)).max(1),
        Dialect::Postgres => MOST_ROWS,
    }
}

impl<'a> Parameters<'a> {
    /// None yet.
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            params: Vec::new(),
        }
    }

    fn add(&mut self, param: Param<'a>, postgres: &str) -> String {
        self.params.push(param);
        let number = self.params.len();
        match self.dialect {
            Dialect::Sqlite => format!("?{number}"),
            Dialect::Postgres => format!("${number}::{postgres}"),
        }
    }

    /// A moment.
    pub(crate) fn time(&mut self, time: Time) -> String {
        self.add(Param::Time(Some(time)), "timestamptz")
    }

    /// A text or none.
    pub(crate) fn text(&mut self, text: Option<&'a str>) -> String {
        self.add(Param::Text(text), "text")
    }

    /// These rows as a source called `u`.
    pub(crate) fn rows(&mut self, columns: &[Source<'a>], range: Range<usize>) -> RowSet {
        match self.dialect {
            Dialect::Sqlite => self.listed(columns, range),
            Dialect::Postgres => self.unnested(columns, range),
        }
    }

    fn unnested(&mut self, columns: &[Source<'a>], range: Range<usize>) -> RowSet {
        let (mut arrays, mut names, mut out) = (Vec::new(), Vec::new(), Vec::new());
        for (at, column) in columns.iter().enumerate() {
            let r = range.clone();
            let (param, array) = match *column {
                Source::Ids(all) => (Param::Ids(&all[r]), "uuid[]"),
                Source::Values(Values::Texts(all), _) => (Param::Texts(&all[r]), "text[]"),
                Source::Values(Values::Integers(all), _) => (Param::Integers(&all[r]), "bigint[]"),
                Source::Values(Values::Doubles(all), _) => {
                    (Param::Doubles(&all[r]), "double precision[]")
                }
                Source::Values(Values::Booleans(all), _) => (Param::Booleans(&all[r]), "boolean[]"),
                Source::Values(Values::Dates(all), _) => {
                    let date = |days: &Option<i32>| days.map(|days| PgDate(days - POSTGRES_EPOCH));
                    (Param::Dates(all[r].iter().map(date).collect()), "date[]")
                }
                Source::Values(Values::Timestamps(all), _) => {
                    (Param::Times(&all[r]), "timestamptz[]")
                }
                Source::Values(Values::Jsons(all), _) => (Param::Jsons(&all[r]), "jsonb[]"),
                Source::Values(Values::Uuids(all), _) => (Param::Uuids(&all[r]), "uuid[]"),
            };
            arrays.push(self.add(param, array));
            names.push(format!("c{at}"));
            out.push(match column {
                Source::Values(_, data_type) if is_wide(*data_type) => format!("u.c{at}::numeric"),
                _ => format!("u.c{at}"),
            });
        }
        RowSet {
            from: format!(
                "UNNEST({}) WITH ORDINALITY AS u({}, n)",
                arrays.join(", "),
                names.join(", ")
            ),
            columns: out,
            row: "(u.n - 1)",
        }
    }

    fn listed(&mut self, columns: &[Source<'a>], range: Range<usize>) -> RowSet {
        let first = range.start;
        let mut rows = String::with_capacity(range.len() * (columns.len() * 6 + 8));
        for row in range {
            if !rows.is_empty() {
                rows.push(',');
            }
            rows.push('(');
            rows.push_str(&(row - first).to_string());
            for column in columns {
                rows.push(',');
                rows.push_str(&self.add(column.cell(row), ""));
            }
            rows.push(')');
        }
        RowSet {
            from: format!("(VALUES {rows}) AS u"),
            columns: (0..columns.len())
                .map(|at| format!("u.column{}", at + 2))
                .collect(),
            row: "u.column1",
        }
    }

    /// Runs a statement with these parameters; how many rows it changed.
    pub(crate) fn execute(self, conn: &mut Conn, sql: &str) -> Result<usize, Failure> {
        super::statement::count(super::statement::Lane::Write);
        Ok(match conn {
            Conn::Sqlite(conn) => sqlite(sql, &self.params)?.execute(conn)?,
            Conn::Pg(conn) => postgres(sql, &self.params).execute(conn)?,
        })
    }

    /// The rows of a statement with these parameters.
    pub(crate) fn load(self, conn: &mut Conn, sql: &str) -> Result<Vec<TextRow>, Failure> {
        super::statement::count(super::statement::Lane::Write);
        match conn {
            Conn::Sqlite(conn) => texts(sqlite(sql, &self.params)?.load(conn)),
            Conn::Pg(conn) => texts(postgres(sql, &self.params).load(conn)),
        }
        .map_err(named)
    }
}

/// Rows in statements of these sizes, so that SQLite reads few texts and keeps what it made of them: it takes longer to read a text with
/// thousands of parameters than to write the rows.
const SIZES: [usize; 3] = [64, 8, 1];

/// A statement that inserts rows whose values are in order.
struct Insert<'a> {
    head: &'a str,
    columns: usize,
    params: Vec<Param<'a>>,
}

impl QueryId for Insert<'_> {
    type QueryId = ();
    // Its text tells it from others.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Sqlite> for Insert<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> diesel::QueryResult<()> {
        out.push_sql(self.head);
        for (at, param) in self.params.iter().enumerate() {
            out.push_sql(match at {
                0 => "(",
                _ if at % self.columns == 0 => "),(",
                _ => ",",
            });
            match param {
                Param::Id(id) => out.push_bind_param::<value::sql::Id, _>(id)?,
                Param::Text(text) => out.push_bind_param::<Nullable<Text>, _>(text)?,
                Param::Owned(text) => out.push_bind_param::<Text, _>(text)?,
                Param::Integer(n) => out.push_bind_param::<Nullable<BigInt>, _>(n)?,
                Param::Double(x) => out.push_bind_param::<Nullable<Double>, _>(x)?,
                Param::Time(time) => out.push_bind_param::<Nullable<value::sql::Time>, _>(time)?,
                Param::Json(json) => out.push_bind_param::<Nullable<value::sql::Json>, _>(*json)?,
                Param::Uuid(id) => out.push_bind_param::<Nullable<value::sql::Id>, _>(id)?,
                _ => return Err(diesel::result::Error::QueryBuilderError(ARRAYS.into())),
            }
        }
        out.push_sql(") ON CONFLICT DO NOTHING");
        Ok(())
    }
}

impl RunQueryDsl<SqliteConnection> for Insert<'_> {}

/// Inserts rows on SQLite, each with its id first, then when it was made and by which source, then its own values; how many there are more.
pub(crate) fn insert(
    conn: &mut SqliteConnection,
    head: &str,
    (now, source): (Time, Option<&str>),
    columns: &[Source<'_>],
    rows: Range<usize>,
) -> Result<usize, Failure> {
    let Some((ids, own)) = columns.split_first() else {
        return Ok(0);
    };
    let (mut next, mut count) = (rows.start, 0);
    while next < rows.end {
        let size = SIZES.into_iter().find(|size| next + size <= rows.end);
        let part = next..next + size.unwrap_or(1);
        next = part.end;
        let mut params = Vec::with_capacity(part.len() * (columns.len() + 4));
        for row in part {
            // As the warehouse's own columns are: id, created, updated, version, source.
            params.push(ids.cell(row));
            params.extend([Param::Time(Some(now)), Param::Time(Some(now))]);
            params.extend([Param::Integer(Some(1)), Param::Text(source)]);
            params.extend(own.iter().map(|column| column.cell(row)));
        }
        let columns = columns.len() + 4;
        super::statement::count(super::statement::Lane::Write);
        let statement = Insert {
            head,
            columns,
            params,
        };
        count += statement.execute(conn)?;
    }
    Ok(count)
}

const ARRAYS: &str = "SQLite has no arrays";

fn sqlite<'f>(
    sql: &str,
    params: &'f [Param<'f>],
) -> Result<BoxedSqlQuery<'f, Sqlite, SqlQuery>, Failure> {
    let mut query = diesel::sql_query(sql).into_boxed();
    for param in params {
        query = match param {
            Param::Id(id) => query.bind::<value::sql::Id, _>(id),
            Param::Text(text) => query.bind::<Nullable<Text>, _>(*text),
            Param::Owned(text) => query.bind::<Text, _>(text),
            Param::Integer(n) => query.bind::<Nullable<BigInt>, _>(*n),
            Param::Double(x) => query.bind::<Nullable<Double>, _>(*x),
            Param::Time(time) => query.bind::<Nullable<value::sql::Time>, _>(*time),
            Param::Json(json) => query.bind::<Nullable<value::sql::Json>, _>(*json),
            Param::Uuid(id) => query.bind::<Nullable<value::sql::Id>, _>(*id),
            _ => return Err(Error::internal(ARRAYS).into()),
        };
    }
    Ok(query)
}

fn postgres<'f>(sql: &str, params: &'f [Param<'f>]) -> BoxedSqlQuery<'f, Pg, SqlQuery> {
    let mut query = diesel::sql_query(sql).into_boxed();
    for param in params {
        query = match param {
            Param::Id(id) => query.bind::<value::sql::Id, _>(id),
            Param::Text(text) => query.bind::<Nullable<Text>, _>(*text),
            Param::Owned(text) => query.bind::<Text, _>(text),
            Param::Integer(n) => query.bind::<Nullable<BigInt>, _>(*n),
            Param::Double(x) => query.bind::<Nullable<Double>, _>(*x),
            Param::Time(time) => query.bind::<Nullable<value::sql::Time>, _>(*time),
            Param::Json(json) => query.bind::<Nullable<value::sql::Json>, _>(*json),
            Param::Uuid(id) => query.bind::<Nullable<value::sql::Id>, _>(*id),
            Param::Ids(all) => query.bind::<Array<value::sql::Id>, _>(*all),
            Param::Texts(all) => query.bind::<Array<Nullable<Text>>, _>(*all),
            Param::Integers(all) => query.bind::<Array<Nullable<BigInt>>, _>(*all),
            Param::Doubles(all) => query.bind::<Array<Nullable<Double>>, _>(*all),
            Param::Booleans(all) => query.bind::<Array<Nullable<Bool>>, _>(*all),
            Param::Dates(all) => query.bind::<Array<Nullable<Date>>, _>(all),
            Param::Times(all) => query.bind::<Array<Nullable<value::sql::Time>>, _>(*all),
            Param::Jsons(all) => query.bind::<Array<Nullable<value::sql::Json>>, _>(*all),
            Param::Uuids(all) => query.bind::<Array<Nullable<value::sql::Id>>, _>(*all),
        };
    }
    query
}
