//! Behind the services: the database of the warehouse, opened by hand, as an operator with a shell does.

use crate::platform::Platform;
use diesel::{
    Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection,
    backend::Backend,
    connection::SimpleConnection,
    deserialize::{self, FromSql},
    row::{Field, NamedRow},
    sql_query,
    sql_types::{Nullable, Text},
};

/// A row of texts.
pub(crate) struct Texts(pub(crate) Vec<Option<String>>);

impl<DB: Backend> QueryableByName<DB> for Texts
where
    Option<String>: FromSql<Nullable<Text>, DB>,
{
    fn build<'a>(row: &impl NamedRow<'a, DB>) -> deserialize::Result<Self> {
        let cell = |at| {
            let field = diesel::row::Row::get(row, at).expect("a field");
            <Option<String> as FromSql<Nullable<Text>, DB>>::from_nullable_sql(field.value())
        };
        (0..row.field_count())
            .map(cell)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

enum Hand {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

fn open(platform: &Platform) -> Hand {
    let storage = platform.storage();
    if storage.url.is_empty() {
        let file = storage.data_dir.join("warehouse.db");
        assert!(file.exists(), "{}", file.display());
        let mut connection =
            SqliteConnection::establish(&file.to_string_lossy()).expect("it opens");
        connection
            .batch_execute("PRAGMA busy_timeout = 10000")
            .expect("a setting");
        return Hand::Sqlite(connection);
    }
    Hand::Postgres(PgConnection::establish(&storage.url).expect("the server answers"))
}

/// Whether the rows are in PostgreSQL.
pub(crate) fn is_postgres(platform: &Platform) -> bool {
    !platform.storage().url.is_empty()
}

/// Runs statements by hand.
pub(crate) async fn execute(platform: &Platform, sql: &str) {
    let (mut hand, sql) = (open(platform), sql.to_owned());
    let done = tokio::task::spawn_blocking(move || match &mut hand {
        Hand::Sqlite(connection) => connection.batch_execute(&sql),
        Hand::Postgres(connection) => connection.batch_execute(&sql),
    });
    done.await.expect("no panic").expect("the statements run");
}

/// Runs a query whose columns are all text.
pub(crate) async fn rows(platform: &Platform, sql: &str) -> Vec<Vec<Option<String>>> {
    let (mut hand, sql) = (open(platform), sql.to_owned());
    let done = tokio::task::spawn_blocking(move || {
        let rows: Result<Vec<Texts>, _> = match &mut hand {
            Hand::Sqlite(connection) => sql_query(&sql).load(connection),
            Hand::Postgres(connection) => sql_query(&sql).load(connection),
        };
        rows.unwrap_or_else(|cause| panic!("{cause}: {sql}"))
    });
    let rows = done.await.expect("no panic");
    rows.into_iter().map(|row| row.0).collect()
}

/// A statement of an explanation with its parameters written into it, as one would in a shell.
pub(crate) fn filled(platform: &Platform, statement: &serde_json::Value) -> String {
    let mark = if is_postgres(platform) { '$' } else { '?' };
    let parameters = crate::business::list(&statement["parameters"]);
    let sql = statement["sql"].as_str().expect("SQL");
    let (mut out, mut rest) = (String::new(), sql);
    while let Some(at) = rest.find(mark) {
        let (before, after) = rest.split_at(at);
        let digits = after[1..].bytes().take_while(u8::is_ascii_digit).count();
        out.push_str(before);
        let number: Option<usize> = after[1..=digits].parse().ok();
        match number.and_then(|number| parameters.get(number - 1)) {
            Some(value) => out.push_str(&literal(platform, value.as_str().unwrap_or_default())),
            None => out.push_str(&after[..=digits]),
        }
        rest = &after[1 + digits..];
    }
    out + rest
}

/// A literal: on SQLite, whose types are those of values, a whole number stands bare.
fn literal(platform: &Platform, text: &str) -> String {
    let bare = !is_postgres(platform) && text.parse::<i64>().is_ok();
    match bare {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "''")),
    }
}
