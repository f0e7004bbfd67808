//! Parameters in their own types on PostgreSQL. `formula` writes `$1::text::timestamptz`, so that one kind of value serves both databases;
//! PostgreSQL reads such a text again for every row it looks at (measured: eight times slower over a million rows and six periods).
//! Here the cast goes away and the value is sent as what it is.

use db::diesel::{
    self,
    pg::{Pg, data_types::PgDate},
    query_builder::{BoxedSqlQuery, SqlQuery},
    sql_types::{Array, BigInt, Date, Double, Text},
};
use formula::{calendar, sql::Bind};
use value::{Id, Time};

/// Days from 1970-01-01 to where PostgreSQL counts from.
pub(super) const POSTGRES_EPOCH: i32 = 10_957;

/// A value in its own type.
#[derive(Debug, PartialEq)]
enum Natural<'a> {
    Plain(&'a Bind),
    Date(PgDate),
    Time(Time),
    Id(Id),
    Ids(Vec<Id>),
}

/// A statement for PostgreSQL with its parameters bound.
pub(super) fn postgres<'a>(sql: &str, binds: &'a [Bind]) -> BoxedSqlQuery<'a, Pg, SqlQuery> {
    let (sql, values) = natural(sql, binds);
    let mut query = diesel::sql_query(sql).into_boxed();
    for value in values {
        query = match value {
            Natural::Plain(Bind::Int(n)) => query.bind::<BigInt, _>(*n),
            Natural::Plain(Bind::Real(x)) => query.bind::<Double, _>(*x),
            Natural::Plain(Bind::Text(text)) => query.bind::<Text, _>(text.as_str()),
            Natural::Date(date) => query.bind::<Date, _>(date),
            Natural::Time(time) => query.bind::<value::sql::Time, _>(time),
            Natural::Id(id) => query.bind::<value::sql::Id, _>(id),
            Natural::Ids(ids) => query.bind::<Array<value::sql::Id>, _>(ids),
        };
    }
    query
}

/// The text without the casts that its values need no more.
fn natural<'a>(sql: &str, binds: &'a [Bind]) -> (String, Vec<Natural<'a>>) {
    let mut values: Vec<Natural<'a>> = binds.iter().map(Natural::Plain).collect();
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(at) = rest.find('$') {
        let (before, after) = rest.split_at(at + 1);
        out.push_str(before);
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, tail) = after.split_at(digits);
        out.push_str(number);
        rest = tail;
        let (Some(tail), Ok(number)) = (tail.strip_prefix("::text::"), number.parse::<usize>())
        else {
            continue;
        };
        let Some(Bind::Text(text)) = number.checked_sub(1).and_then(|at| binds.get(at)) else {
            continue;
        };
        // The longest name first: `uuid` begins `uuid[]`.
        for name in ["date", "timestamptz", "uuid[]", "uuid"] {
            let Some(tail) = tail.strip_prefix(name) else {
                continue;
            };
            if let Some(value) = read(name, text) {
                values[number - 1] = value;
                out.push_str("::");
                out.push_str(name);
                rest = tail;
            }
            break;
        }
    }
    out.push_str(rest);
    (out, values)
}

fn read(name: &str, text: &str) -> Option<Natural<'static>> {
    Some(match name {
        "date" => Natural::Date(PgDate(calendar::parse_date(text)? - POSTGRES_EPOCH)),
        "timestamptz" => Natural::Time(Time::from_micros(calendar::parse_timestamp(text)?)),
        "uuid" => Natural::Id(id(text)?),
        _ => {
            let list = text.strip_prefix('{')?.strip_suffix('}')?;
            let ids = list.split(',').filter(|text| !text.is_empty()).map(id);
            Natural::Ids(ids.collect::<Option<_>>()?)
        }
    })
}

fn id(text: &str) -> Option<Id> {
    uuid::Uuid::try_parse(text).ok().map(Id::from_uuid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lose_the_casts_that_they_need_no_more() {
        let text = |text: &str| Bind::Text(text.to_owned());
        let binds = [
            text("2000-01-02"),
            text("1970-01-01T00:00:00.000001Z"),
            Bind::Int(7),
            text("0190a6e47b6c7c3e8f3a2b1d5c9e7f10"),
            text("{0190a6e47b6c7c3e8f3a2b1d5c9e7f10,00000000000000000000000000000000}"),
            text("{}"),
            text("$1::text::date"),
            text("12.5"),
            text("no day"),
        ];
        let sql = "a < $1::text::date AND b = $2::text::timestamptz OR $3::bigint = $4::text::uuid AND c = ANY ($5::text::uuid[]) \
                   AND d = ANY ($6::text::uuid[]) AND e = $7::text AND f = $8::text::numeric AND g = $9::text::date AND '$' = '$'";
        let (sql, values) = natural(sql, &binds);
        assert_eq!(
            sql,
            "a < $1::date AND b = $2::timestamptz OR $3::bigint = $4::uuid AND c = ANY ($5::uuid[]) \
             AND d = ANY ($6::uuid[]) AND e = $7::text AND f = $8::text::numeric AND g = $9::text::date AND '$' = '$'"
        );
        assert_eq!(values[0], Natural::Date(PgDate(1)));
        assert_eq!(values[1], Natural::Time(Time::from_micros(1)));
        assert!(matches!(&values[4], Natural::Ids(ids) if ids.len() == 2));
        assert_eq!(values[5], Natural::Ids(Vec::new()));
        for (at, bind) in binds.iter().enumerate().skip(6) {
            assert_eq!(values[at], Natural::Plain(bind));
        }
    }
}
