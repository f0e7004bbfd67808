//! Values of attributes: what a cell of a row holds, how a plain value becomes one without anything lost, and how it is spelled.
//!
//! Three spellings: the plain one of JSON ([`Given`], [`Cell::plain`]), the text of both databases ([`Cell::stored`],
//! [`Cell::of_stored`]), which page tokens and keys have too, and the text of bulk loads ([`Cell::of_text`]).

mod number;

pub(crate) use number::{decimal_of_text, decimal_text, sure};

use formula::{DataType, calendar};
use serde_json::Value as Json;
use uuid::Uuid;

/// The largest whole number that a double holds like all smaller ones.
const SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

/// What one attribute of one row holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// No value.
    Null,
    Text(String),
    Integer(i64),
    /// Value × 10^scale of the attribute.
    Decimal(i128),
    /// Finite, and never a negative zero.
    Double(f64),
    Boolean(bool),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since 1970-01-01 UTC.
    Timestamp(i64),
    Json(Json),
    Uuid(Uuid),
}

/// A value as it is given; `null` is none at all.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Given {
    Boolean(bool),
    Number(f64),
    Text(String),
    /// A list or an object.
    Nested(Json),
}

/// A value as it is answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Plain {
    Null,
    Boolean(bool),
    Number(f64),
    Text(String),
    Json(Json),
}

/// Why a value is none of the attribute's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The rule in `UPPER_SNAKE`.
    pub(crate) reason: &'static str,
    /// What is wrong and how to put it right.
    pub(crate) description: String,
}

fn wrong<T>(reason: &'static str, description: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong {
        reason,
        description: description.into(),
    })
}

impl Cell {
    /// Reads a value of the type.
    pub(crate) fn read(given: &Given, data_type: DataType) -> Result<Self, Wrong> {
        match (data_type, given) {
            (DataType::Json, given) => json(given).map(Self::Json),
            (DataType::String, Given::Text(text)) => plain_text(text).map(Self::Text),
            (DataType::Boolean, Given::Boolean(value)) => Ok(Self::Boolean(*value)),
            (DataType::Integer, Given::Number(number)) => number::integer_of_double(*number),
            (DataType::Decimal { precision, scale }, Given::Number(number)) => {
                number::decimal_of_double(*number, precision, scale).map(Self::Decimal)
            }
            (DataType::Double, Given::Number(number)) => double(*number),
            (
                DataType::Integer
                | DataType::Decimal { .. }
                | DataType::Double
                | DataType::Date
                | DataType::Timestamp
                | DataType::Uuid,
                Given::Text(text),
            ) => Self::of_text(text, data_type),
            (_, given) => wrong(
                "WRONG_TYPE",
                format!("must be {}, not {}", expected(data_type), described(given)),
            ),
        }
    }

    /// Reads a value of the type from its text.
    pub(crate) fn of_text(text: &str, data_type: DataType) -> Result<Self, Wrong> {
        let bad = || {
            let shown: String = text.chars().take(60).collect();
            wrong(
                "BAD_FORMAT",
                format!(
                    "`{}` is no {data_type}: must be {}",
                    shown.escape_debug(),
                    expected(data_type)
                ),
            )
        };
        match data_type {
            DataType::String => plain_text(text).map(Self::Text),
            DataType::Integer => match number::integer_of_text(text) {
                Some(read) => read.map(Self::Integer),
                None => bad(),
            },
            DataType::Decimal { precision, scale } => {
                match number::decimal_of_text(text, precision, scale) {
                    Some(read) => read.map(Self::Decimal),
                    None => bad(),
                }
            }
            DataType::Double => match number::is_decimal(text).then(|| text.parse()) {
                Some(Ok(number)) => double(number),
                _ => bad(),
            },
            DataType::Boolean => text.parse().map(Self::Boolean).or_else(|_| bad()),
            DataType::Date => calendar::parse_date(text).map_or_else(bad, |x| Ok(Self::Date(x))),
            DataType::Timestamp => match calendar::parse_timestamp(text) {
                Some(_) if below_micros(text) => wrong(
                    "TOO_PRECISE",
                    "instants have microseconds, at most 6 digits of a second",
                ),
                Some(micros) => Ok(Self::Timestamp(micros)),
                None => bad(),
            },
            DataType::Json => match serde_json::from_str(text) {
                Ok(read) => storable(&read).map(|()| Self::Json(read)),
                Err(_) => bad(),
            },
            DataType::Uuid if text.len() == 36 => {
                Uuid::try_parse(text).map(Self::Uuid).or_else(|_| bad())
            }
            DataType::Uuid | DataType::Null => bad(),
        }
    }

    /// The value as it is answered.
    pub(crate) fn plain(self, data_type: DataType) -> Plain {
        match self {
            Self::Null => Plain::Null,
            Self::Text(text) => Plain::Text(text),
            #[expect(clippy::cast_precision_loss, reason = "these are held exactly")]
            Self::Integer(n) if (n as f64).abs() <= SAFE_INTEGER => Plain::Number(n as f64),
            Self::Integer(n) => Plain::Text(n.to_string()),
            Self::Decimal(digits) => Plain::Text(decimal_text(digits, data_type.scale())),
            Self::Double(number) => Plain::Number(number),
            Self::Boolean(value) => Plain::Boolean(value),
            Self::Date(days) => Plain::Text(calendar::date_text(days)),
            Self::Timestamp(micros) => Plain::Text(calendar::timestamp_text(micros)),
            Self::Json(json) => Plain::Json(json),
            Self::Uuid(uuid) => Plain::Text(uuid.hyphenated().to_string()),
        }
    }

    /// The text that both databases' statements give for it; none is no value.
    pub(crate) fn stored(&self, data_type: DataType) -> Option<String> {
        Some(match self {
            Self::Null => return None,
            Self::Text(text) => text.clone(),
            Self::Integer(n) => n.to_string(),
            Self::Decimal(digits) if is_wide(data_type) => decimal_text(*digits, data_type.scale()),
            Self::Decimal(digits) => digits.to_string(),
            Self::Double(number) => format!("{number:?}"),
            Self::Boolean(value) => u8::from(*value).to_string(),
            Self::Date(days) => calendar::date_text(*days),
            Self::Timestamp(micros) => micros.to_string(),
            Self::Json(json) => json.to_string(),
            Self::Uuid(uuid) => uuid.simple().to_string(),
        })
    }

    /// Reads what a statement gave; none where it is no such text, which ours never give.
    pub(crate) fn of_stored(text: Option<&str>, data_type: DataType) -> Option<Self> {
        let Some(text) = text else {
            return Some(Self::Null);
        };
        Some(match data_type {
            DataType::String => Self::Text(text.to_owned()),
            DataType::Integer => Self::Integer(text.parse().ok()?),
            // Kept as decimals; an attribute that was widened has rows with fewer digits.
            DataType::Decimal { precision, scale } if is_wide(data_type) => {
                Self::Decimal(decimal_of_text(text, precision, scale)?.ok()?)
            }
            DataType::Decimal { .. } => Self::Decimal(text.parse().ok()?),
            DataType::Double => Self::Double(text.parse().ok()?),
            DataType::Boolean => Self::Boolean(text == "1"),
            DataType::Date => Self::Date(calendar::parse_date(text)?),
            DataType::Timestamp => Self::Timestamp(text.parse().ok()?),
            DataType::Json => Self::Json(serde_json::from_str(text).ok()?),
            DataType::Uuid => Self::Uuid(Uuid::try_parse(text).ok()?),
            DataType::Null => return None,
        })
    }

    /// Whether there is no value.
    pub(crate) const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// A place in time as a value of this type, a date or a timestamp; of a date the day that it is in, UTC.
    pub(crate) fn at(moment: value::Time, data_type: DataType) -> Self {
        match data_type {
            DataType::Date => {
                let days = moment.micros().div_euclid(86_400_000_000);
                i32::try_from(days).map_or(Self::Null, Self::Date)
            }
            _ => Self::Timestamp(moment.micros()),
        }
    }

    /// The place in time that it names: of a date the start of the day, UTC.
    pub(crate) fn moment(&self) -> Option<value::Time> {
        match self {
            Self::Date(days) => Some(value::Time::from_micros(i64::from(*days) * 86_400_000_000)),
            Self::Timestamp(micros) => Some(value::Time::from_micros(*micros)),
            _ => None,
        }
    }
}

/// Whether 64 bits do not hold values of the type: then they are kept as decimals, which SQLite has none of but as text.
pub(crate) const fn is_wide(data_type: DataType) -> bool {
    matches!(data_type, DataType::Decimal { precision, .. } if precision > 18)
}

/// PostgreSQL's texts have no character of code 0.
fn plain_text(text: &str) -> Result<String, Wrong> {
    if text.contains('\0') {
        return wrong("BAD_FORMAT", "a text has no character of code 0");
    }
    Ok(text.to_owned())
}

fn double(number: f64) -> Result<Cell, Wrong> {
    if !number.is_finite() {
        return wrong("OUT_OF_RANGE", "must be a finite number");
    }
    // Both databases then hold the same, and equal numbers have one text.
    Ok(Cell::Double(number + 0.0))
}

fn json(given: &Given) -> Result<Json, Wrong> {
    let read = match given {
        Given::Boolean(value) => Json::Bool(*value),
        Given::Number(number) => number::json_number(*number)?,
        Given::Text(text) => Json::String(text.clone()),
        Given::Nested(json) => json.clone(),
    };
    storable(&read).map(|()| read)
}

/// Whether both databases can hold it.
fn storable(json: &Json) -> Result<(), Wrong> {
    let text_storable = |text: &str| plain_text(text).map(drop);
    match json {
        Json::String(text) => text_storable(text),
        Json::Array(items) => items.iter().try_for_each(storable),
        Json::Object(members) => members.iter().try_for_each(|(name, member)| {
            text_storable(name)?;
            storable(member)
        }),
        Json::Null | Json::Bool(_) | Json::Number(_) => Ok(()),
    }
}

/// Whether an RFC 3339 text says more than microseconds.
fn below_micros(text: &str) -> bool {
    let fraction = text.split_once('.').map_or("", |(_, rest)| rest);
    let digits = fraction.bytes().take_while(u8::is_ascii_digit);
    digits.skip(6).any(|digit| digit != b'0')
}

const fn described(given: &Given) -> &'static str {
    match given {
        Given::Boolean(_) => "a boolean",
        Given::Number(_) => "a number",
        Given::Text(_) => "a text",
        Given::Nested(Json::Array(_)) => "a list",
        Given::Nested(_) => "an object",
    }
}

/// What a value of the type looks like.
const fn expected(data_type: DataType) -> &'static str {
    match data_type {
        DataType::String => "a text",
        DataType::Integer => "a whole number, or one as text",
        DataType::Decimal { .. } => "a number, or one as text such as \"12.50\"",
        DataType::Double => "a number",
        DataType::Boolean => "`true` or `false`",
        DataType::Date => "a day such as \"2026-01-31\"",
        DataType::Timestamp => "an instant such as \"2026-01-31T12:00:00Z\"",
        DataType::Json => "JSON",
        DataType::Uuid => "a UUID of 36 characters",
        DataType::Null => "null",
    }
}

#[cfg(test)]
mod tests;
