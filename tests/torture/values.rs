//! Random values of every type, to and from the JSON of records; few different ones, so that they meet again.

use super::world::Column;
use formula::{DataType, Exact, Missing, Value, calendar};
use rand::{Rng, rngs::StdRng};
use serde_json::{Value as Json, json};

pub(crate) type Random = StdRng;

pub(crate) const NULL: Value = Value::Null(Missing::Absent);

/// The last one is no part of a formula, which has no control characters.
pub(crate) const TEXTS: [&str; 14] = [
    "",
    "a",
    "A",
    "north",
    "South",
    "Ünpaid '\"",
    "'; DROP TABLE claim; --",
    "𝔘💥",
    "e\u{301}",
    "%_\\",
    "null",
    "two\nlines\t",
    "$1 ?1 :a @b",
    "\u{1}\u{7f}",
];
const ZONED: [&str; 8] = [
    "2024-03-30T22:59:59.999999Z",
    "2024-03-31T00:59:59.999999Z",
    "2024-03-31T01:00:00Z",
    "2024-03-31T22:00:00Z",
    "2024-10-27T00:30:00Z",
    "2024-10-27T01:30:00.000001Z",
    "2024-02-29T12:00:00Z",
    "2024-12-31T23:00:00Z",
];
/// First and last day that rows are around.
const DAYS: (&str, &str) = ("2024-01-01", "2024-12-31");

fn day(text: &str) -> i32 {
    calendar::parse_date(text).expect("a day")
}

/// A day of the year that everything is about, most near the change of the clocks, a few far away.
pub(crate) fn any_day(random: &mut Random) -> i32 {
    match random.random_range(0..30) {
        0 => day("1969-12-31"),
        1 => day("2101-03-01"),
        2..=19 => day("2024-03-28") + random.random_range(0..7),
        20..=24 => day("2024-10-25") + random.random_range(0..5),
        _ => random.random_range(day(DAYS.0)..=day(DAYS.1)),
    }
}

/// An instant of such a day.
pub(crate) fn any_instant(random: &mut Random) -> i64 {
    if random.random_ratio(1, 3) {
        let text = ZONED[random.random_range(0..ZONED.len())];
        return calendar::parse_timestamp(text).expect("an instant");
    }
    let day = i64::from(any_day(random)) * 86_400_000_000;
    day + random.random_range(0..96) * 900_000_000
}

fn exact(digits: i128, scale: u8) -> Value {
    Exact::scaled(digits, scale).map_or(NULL, Value::Number)
}

fn digits(random: &mut Random, most: i64) -> i128 {
    match random.random_range(0..60) {
        0 => most.into(),
        1 => -i128::from(most),
        2..=12 => random.random_range(-most / 1000..=most / 1000).into(),
        _ => random.random_range(-50..=50.min(most)).into(),
    }
}

/// A value of a type; never null.
pub(crate) fn any_of(random: &mut Random, data_type: DataType) -> Value {
    match data_type {
        DataType::String => Value::Text(TEXTS[random.random_range(0..TEXTS.len())].to_owned()),
        DataType::Integer => exact(digits(random, i64::MAX), 0),
        DataType::Decimal { precision, scale } => exact(
            digits(random, 10_i64.pow(precision.min(18).into()) - 1),
            scale,
        ),
        // Eighths: their sums are the same in any order.
        DataType::Double => Value::Real(f64::from(random.random_range(-8_000..8_000)) / 8.0),
        DataType::Boolean => Value::Boolean(random.random()),
        DataType::Date => Value::Date(any_day(random)),
        DataType::Timestamp => Value::Timestamp(any_instant(random)),
        DataType::Uuid => Value::Uuid(format!("{:032x}", random.random_range(0..40_u128) << 70)),
        // The reference only counts them: the text stands for the value.
        DataType::Json => Value::Text(
            [r#"{"a":[1,null,"x"]}"#, "[]", r#""it's""#, "12.5", "true"][random.random_range(0..5)]
                .to_owned(),
        ),
        DataType::Null => NULL,
    }
}

/// A value that an attribute may have.
pub(crate) fn any(random: &mut Random, column: &Column) -> Value {
    if column.nullable && random.random_ratio(1, 4) {
        return NULL;
    }
    if !column.allowed.is_empty() {
        let at = random.random_range(0..column.allowed.len());
        return Value::Text(column.allowed[at].clone());
    }
    any_of(random, column.data_type)
}

/// The next wider type of exact numbers whose every value fits 64 bits.
pub(crate) fn wider(data_type: DataType) -> Option<DataType> {
    match data_type {
        DataType::Decimal { precision, scale } if precision < 18 => Some(DataType::Decimal {
            precision: (precision + 2).min(18),
            scale: (scale + 1)
                .min(precision)
                .min(scale + (18 - precision).min(1)),
        }),
        _ => None,
    }
}

fn hyphened(hex: &str) -> String {
    let part = |from: usize, to: usize| &hex[from..to];
    [
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ]
    .join("-")
}

/// As text, the way requests and answers write it.
pub(crate) fn text(value: &Value, data_type: DataType) -> Option<String> {
    Some(match value {
        Value::Null(_) => return None,
        Value::Number(number) => number.decimal(data_type.scale()).ok()?.0,
        Value::Uuid(hex) => hyphened(hex),
        other => other.to_string(),
    })
}

/// As a record of a request holds it: numbers as JSON numbers where a double holds them, or as text.
pub(crate) fn json(random: &mut Random, value: &Value, data_type: DataType) -> Json {
    match (value, data_type) {
        (Value::Null(_), _) => Json::Null,
        (Value::Boolean(truth), _) => json!(truth),
        (Value::Real(real), _) => json!(real),
        (Value::Text(text), DataType::Json) => serde_json::from_str(text).expect("it is JSON"),
        (Value::Number(number), _) => {
            let text = text(value, data_type).expect("a number");
            let short = number.to_f64().abs() < 1e9;
            match short && random.random() {
                true => serde_json::from_str(&text).expect("a number"),
                false => Json::String(text),
            }
        }
        (other, _) => Json::String(text(other, data_type).expect("not null")),
    }
}

/// Reads what an answer holds.
pub(crate) fn read(json: &Json, data_type: DataType) -> Value {
    if json.is_null() {
        return NULL;
    }
    if data_type == DataType::Json {
        return Value::Text(json.to_string());
    }
    let text = json
        .as_str()
        .map_or_else(|| json.to_string(), str::to_owned);
    read_text(&text, data_type).unwrap_or_else(|| panic!("{json} is no {data_type}"))
}

/// Reads a text of an answer.
pub(crate) fn read_text(text: &str, data_type: DataType) -> Option<Value> {
    Some(match data_type {
        DataType::Integer | DataType::Decimal { .. } => Value::Number(decimal(text)?),
        DataType::Double => Value::Real(text.parse().ok()?),
        DataType::Boolean => Value::Boolean(text.parse().ok()?),
        DataType::Date => Value::Date(calendar::parse_date(text)?),
        DataType::Timestamp => Value::Timestamp(calendar::parse_timestamp(text)?),
        DataType::Uuid => Value::Uuid(text.replace('-', "")),
        _ => Value::Text(text.to_owned()),
    })
}

/// Reads `-12.50`, or a fraction `-7/3`.
pub(crate) fn decimal(text: &str) -> Option<Exact> {
    if let Some((above, below)) = text.split_once('/') {
        return Exact::fraction(above.parse().ok()?, below.parse().ok()?).ok();
    }
    // JSON numbers may come as `1e21` where they are floats; exact ones never do.
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let scale = u8::try_from(fraction.len()).ok()?;
    Exact::scaled(format!("{whole}{fraction}").parse().ok()?, scale).ok()
}

/// Whether two values are the same: exactly, and of floats to the twelfth digit.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Null(_), Value::Null(_)) => true,
        (Value::Real(a), Value::Real(b)) => (a - b).abs() <= 1e-12 * a.abs().max(b.abs()).max(1e-9),
        (Value::Real(a), Value::Number(b)) | (Value::Number(b), Value::Real(a)) => {
            (a - b.to_f64()).abs() <= 1e-12 * a.abs().max(1e-9)
        }
        _ => one == other,
    }
}
