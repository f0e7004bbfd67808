//! What a typed tree evaluates to: exactly, by SQL's rules for null; used for totals, and by the reference for rows.

use crate::{
    Binary, DataType, Exact, Number, Read, Scalar, calendar,
    check::read_as,
    exact::Overflow,
    typed::{Literal, Typed, TypedNode},
};
use std::{cmp::Ordering, fmt};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value, and why.
    Null(Missing),
    /// An exact number.
    Number(Exact),
    /// A float; not exact.
    Real(f64),
    /// Text.
    Text(String),
    /// True or false.
    Boolean(bool),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since 1970-01-01 UTC.
    Timestamp(i64),
    /// 32 hexadecimal digits.
    Uuid(String),
}

/// Why there is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Missing {
    /// The formula or the row says null.
    Absent,
    /// There are no rows, or too few.
    NoRows,
    /// Something is divided by zero.
    DivisionByZero,
}

impl Missing {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Absent => "ABSENT",
            Self::NoRows => "NO_ROWS",
            Self::DivisionByZero => "DIVISION_BY_ZERO",
        }
    }
}

/// Why there is no answer at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// A number does not fit 128 bits.
    Overflow,
    /// A state as read is none of this measure.
    BadState,
    /// Counted states of two sources do not merge: their members are not known.
    NotMergeable,
    /// There are more different values than are held.
    TooManyValues,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Overflow => "a number does not fit 128 bits",
            Self::BadState => "the state is none of this measure",
            Self::NotMergeable => "counts of members of two sources do not merge",
            Self::TooManyValues => "there are too many different values to be exact; the approximate functions have no such limit",
        })
    }
}

impl std::error::Error for Refusal {}

impl From<Overflow> for Refusal {
    fn from(_: Overflow) -> Self {
        Self::Overflow
    }
}

type Result<T> = std::result::Result<T, Refusal>;

/// Where values of leaves come from.
pub(crate) trait Leaves {
    fn column(&self, code: &str) -> Result<Value>;
    fn measure(&self, index: usize, read: Read) -> Result<Value>;
}

impl Value {
    /// As a float, where it is a number.
    fn real(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number.to_f64()),
            Self::Real(real) => Some(*real),
            _ => None,
        }
    }

    /// The order of two values of one type; none with null, and with values of two types, which the checker lets not happen.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => Some(a.cmp(b)),
            (Self::Text(a), Self::Text(b)) | (Self::Uuid(a), Self::Uuid(b)) => Some(a.cmp(b)),
            (Self::Boolean(a), Self::Boolean(b)) => Some(a.cmp(b)),
            (Self::Date(a), Self::Date(b)) => Some(a.cmp(b)),
            (Self::Timestamp(a), Self::Timestamp(b)) => Some(a.cmp(b)),
            (a, b) => a.real()?.partial_cmp(&b.real()?),
        }
    }

    /// Whether there is none.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null(_))
    }

    /// Reads a value of the type from the text that it is displayed as: numbers in decimal, dates and instants as ISO 8601, booleans
    /// `true` or `false`. None where the text is no such value; null is no text.
    pub fn parse(text: &str, data_type: DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Integer | DataType::Decimal { .. } => {
                let digits = text.strip_prefix('-').unwrap_or(text);
                let number = Number::parse(digits)?;
                let exact = Exact::scaled(number.digits, number.scale).ok()?;
                Self::Number(if digits.len() < text.len() {
                    exact.negate().ok()?
                } else {
                    exact
                })
            }
            DataType::Double => Self::Real(text.parse().ok()?),
            DataType::Boolean => Self::Boolean(text.parse().ok()?),
            DataType::Date => Self::Date(calendar::parse_date(text)?),
            DataType::Timestamp => Self::Timestamp(calendar::parse_timestamp(text)?),
            DataType::Uuid => match read_as(text, DataType::Uuid)? {
                Literal::Uuid(digits) => Self::Uuid(digits),
                _ => return None,
            },
            DataType::String => Self::Text(text.to_owned()),
            DataType::Json | DataType::Null => return None,
        })
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null(_) => f.write_str("null"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Real(real) => write!(f, "{real}"),
            Self::Text(text) => f.write_str(text),
            // As people and requests write it.
            Self::Uuid(digits) if digits.len() == 32 && digits.is_ascii() => {
                let (a, b, c, d, e) = (
                    &digits[..8],
                    &digits[8..12],
                    &digits[12..16],
                    &digits[16..20],
                    &digits[20..],
                );
                write!(f, "{a}-{b}-{c}-{d}-{e}")
            }
            Self::Uuid(digits) => f.write_str(digits),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Date(days) => f.write_str(&calendar::date_text(*days)),
            Self::Timestamp(micros) => f.write_str(&calendar::timestamp_text(*micros)),
        }
    }
}

const NULL: Value = Value::Null(Missing::Absent);

/// The value of `typed`.
pub(crate) fn evaluate(typed: &Typed, leaves: &dyn Leaves) -> Result<Value> {
    let value = |typed: &Typed| evaluate(typed, leaves);
    Ok(match &typed.node {
        TypedNode::Column(code) => leaves.column(code)?,
        TypedNode::Measure(index, read) => leaves.measure(*index, *read)?,
        TypedNode::Literal(literal) => constant(literal)?,
        // Fractions have no scale.
        TypedNode::Rescale(x) => value(x)?,
        TypedNode::ToDouble(x) => match value(x)? {
            Value::Number(number) => Value::Real(number.to_f64()),
            other => other,
        },
        TypedNode::Negate(x) => match value(x)? {
            Value::Number(number) => Value::Number(number.negate()?),
            Value::Real(real) => Value::Real(-real),
            other => other,
        },
        TypedNode::Not(x) => truth(known(&value(x)?).map(|x| !x)),
        TypedNode::Binary(Binary::And, l, r) => match (known(&value(l)?), known(&value(r)?)) {
            (Some(false), _) | (_, Some(false)) => Value::Boolean(false),
            (l, r) => truth(l.zip(r).map(|_| true)),
        },
        TypedNode::Binary(Binary::Or, l, r) => match (known(&value(l)?), known(&value(r)?)) {
            (Some(true), _) | (_, Some(true)) => Value::Boolean(true),
            (l, r) => truth(l.zip(r).map(|_| false)),
        },
        TypedNode::Binary(operator, l, r) => binary(*operator, value(l)?, value(r)?)?,
        TypedNode::In {
            value: x,
            list,
            negated,
        } => {
            let x = value(x)?;
            let mut found = Some(false);
            for item in list {
                match x.compare(&value(item)?) {
                    Some(Ordering::Equal) => found = Some(true),
                    None if found == Some(false) => found = None,
                    _ => {}
                }
            }
            truth(found.map(|found| found != *negated))
        }
        TypedNode::Between {
            value: x,
            low,
            high,
            negated,
        } => {
            let (x, low, high) = (value(x)?, value(low)?, value(high)?);
            let (above, below) = (
                x.compare(&low).map(Ordering::is_ge),
                x.compare(&high).map(Ordering::is_le),
            );
            let inside = match (above, below) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (above, below) => above.zip(below).map(|_| true),
            };
            truth(inside.map(|inside| inside != *negated))
        }
        TypedNode::IsNull { value: x, negated } => Value::Boolean(value(x)?.is_null() != *negated),
        TypedNode::Case { arms, otherwise } => {
            for (condition, result) in arms {
                if known(&value(condition)?) == Some(true) {
                    return value(result);
                }
            }
            otherwise
                .as_ref()
                .map_or(Ok(NULL), |result| value(result))?
        }
        TypedNode::Call(Scalar::Coalesce, arguments) => {
            let mut last = NULL;
            for argument in arguments {
                last = value(argument)?;
                if !last.is_null() {
                    break;
                }
            }
            last
        }
        TypedNode::Call(scalar, arguments) => {
            let arguments = arguments.iter().map(value).collect::<Result<Vec<_>>>()?;
            match arguments.iter().find(|argument| argument.is_null()) {
                Some(null) => null.clone(),
                None => call(*scalar, &arguments)?,
            }
        }
    })
}

fn known(value: &Value) -> Option<bool> {
    match value {
        Value::Boolean(value) => Some(*value),
        _ => None,
    }
}

fn truth(value: Option<bool>) -> Value {
    value.map_or(NULL, Value::Boolean)
}

pub(crate) fn constant(literal: &Literal) -> Result<Value> {
    Ok(match literal {
        Literal::Null => NULL,
        Literal::Number(number) => Value::Number(Exact::scaled(number.digits, number.scale)?),
        Literal::Text(text) => Value::Text(text.clone()),
        Literal::Boolean(value) => Value::Boolean(*value),
        Literal::Date(days) => Value::Date(*days),
        Literal::Timestamp(micros) => Value::Timestamp(*micros),
        Literal::Uuid(text) => Value::Uuid(text.clone()),
    })
}

fn binary(operator: Binary, left: Value, right: Value) -> Result<Value> {
    // The reason of the left side is told where both have one.
    if let Value::Null(_) = left {
        return Ok(left);
    }
    if let Value::Null(_) = right {
        return Ok(right);
    }
    if operator.compares() {
        let holds = |order: Ordering| match operator {
            Binary::Equal => order.is_eq(),
            Binary::NotEqual => order.is_ne(),
            Binary::Less => order.is_lt(),
            Binary::LessOrEqual => order.is_le(),
            Binary::Greater => order.is_gt(),
            _ => order.is_ge(),
        };
        return Ok(truth(left.compare(&right).map(holds)));
    }
    if let (Value::Number(l), Value::Number(r)) = (&left, &right) {
        return Ok(match operator {
            Binary::Add => Value::Number(l.plus(*r)?),
            Binary::Subtract => Value::Number(l.subtract(*r)?),
            Binary::Multiply => Value::Number(l.multiply(*r)?),
            _ => l
                .divide(*r)?
                .map_or(Value::Null(Missing::DivisionByZero), Value::Number),
        });
    }
    let (Some(l), Some(r)) = (left.real(), right.real()) else {
        return Ok(NULL);
    };
    Ok(match operator {
        Binary::Add => Value::Real(l + r),
        Binary::Subtract => Value::Real(l - r),
        Binary::Multiply => Value::Real(l * r),
        _ if r == 0.0 => Value::Null(Missing::DivisionByZero),
        _ => Value::Real(l / r),
    })
}

fn call(scalar: Scalar, arguments: &[Value]) -> Result<Value> {
    let whole = |number: i64| Value::Number(Exact::whole(number.into()));
    let length = |text: &str| i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    Ok(match (scalar, arguments) {
        (Scalar::Abs, [Value::Real(x)]) => Value::Real(x.abs()),
        (Scalar::Abs, [Value::Number(x)]) if *x < Exact::ZERO => Value::Number(x.negate()?),
        (Scalar::Abs, [x]) => x.clone(),
        (Scalar::Round(places), [Value::Number(x)]) => {
            Value::Number(Exact::scaled(x.digits(places)?, places)?)
        }
        (Scalar::Floor, [Value::Number(x)]) => Value::Number(x.floor()),
        (Scalar::Ceil, [Value::Number(x)]) => Value::Number(x.negate()?.floor().negate()?),
        (Scalar::Lower, [Value::Text(x)]) => Value::Text(x.to_ascii_lowercase()),
        (Scalar::Upper, [Value::Text(x)]) => Value::Text(x.to_ascii_uppercase()),
        (Scalar::Length, [Value::Text(x)]) => whole(length(x)),
        (Scalar::StartsWith, [Value::Text(x), Value::Text(y)]) => {
            Value::Boolean(x.starts_with(y.as_str()))
        }
        (Scalar::Contains, [Value::Text(x), Value::Text(y)]) => {
            Value::Boolean(x.contains(y.as_str()))
        }
        (Scalar::Year, [Value::Date(x)]) => whole(calendar::parts(*x).0.into()),
        (Scalar::Month, [Value::Date(x)]) => whole(calendar::parts(*x).1.into()),
        (Scalar::Day, [Value::Date(x)]) => whole(calendar::parts(*x).2.into()),
        (Scalar::DaysBetween, [Value::Date(x), Value::Date(y)]) => {
            whole(i64::from(*y) - i64::from(*x))
        }
        (Scalar::SecondsBetween, [Value::Timestamp(x), Value::Timestamp(y)]) => {
            Value::Number(Exact::scaled(i128::from(*y) - i128::from(*x), 6)?)
        }
        (Scalar::DateOf, [Value::Timestamp(x)]) => Value::Date(calendar::day_of(*x)),
        // The checker lets nothing else pass.
        _ => NULL,
    })
}
