//! Partial states: what a measure is known by, over any part of its rows; states of disjoint parts merge.

use crate::{Aggregate, DataType, Exact, Measure, Missing, Read, Refusal, Value, exact::Overflow};
use std::{cmp::Ordering, collections::BTreeMap};

/// The state of a measure. Exact numbers are whole, at the scale of the measure's argument.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// How many.
    Count(i128),
    /// Sum of so many exact values.
    Sum(Option<i128>),
    /// Sum of floats.
    RealSum(Option<f64>),
    /// Smallest value; null without any.
    Min(Value),
    /// Largest value.
    Max(Value),
    /// Value with its time (microseconds, or days) and row id, of the earliest row.
    First(Option<(i64, String, Value)>),
    /// The same of the latest row.
    Last(Option<(i64, String, Value)>),
    /// Count, sum, and sum of squares.
    Moments(i128, i128, i128),
    /// How many different values; of one source only.
    Distinct(i128),
    /// Values with how often they occur.
    Values(BTreeMap<i128, i128>),
    /// Members at the start, at the end, and at both; of one source only.
    Set {
        /// |S|.
        start: i128,
        /// |E|.
        end: i128,
        /// |S ∩ E|.
        both: i128,
    },
}

fn add(a: i128, b: i128) -> Result<i128, Refusal> {
    a.checked_add(b).ok_or(Refusal::Overflow)
}

impl State {
    /// The state of no rows.
    pub fn empty(measure: &Measure) -> Self {
        let real = measure
            .argument
            .as_ref()
            .is_some_and(|argument| !argument.data_type.is_exact());
        let none = Value::Null(Missing::NoRows);
        match measure.aggregate {
            Aggregate::Count => Self::Count(0),
            Aggregate::Sum if real => Self::RealSum(None),
            Aggregate::Sum => Self::Sum(None),
            Aggregate::Min => Self::Min(none),
            Aggregate::Max => Self::Max(none),
            Aggregate::First => Self::First(None),
            Aggregate::Last => Self::Last(None),
            Aggregate::Moments => Self::Moments(0, 0, 0),
            Aggregate::Distinct => Self::Distinct(0),
            Aggregate::Values => Self::Values(BTreeMap::new()),
            Aggregate::Set => Self::Set {
                start: 0,
                end: 0,
                both: 0,
            },
        }
    }

    /// Whether it is a state of the measure: what came from elsewhere is looked at before it is merged.
    pub fn fits(&self, measure: &Measure) -> bool {
        let data_type = measure
            .argument
            .as_ref()
            .map_or(DataType::Null, |argument| argument.data_type);
        let typed = |value: &Value| match value {
            Value::Null(_) => true,
            Value::Number(_) => data_type.is_exact(),
            Value::Real(_) => data_type == DataType::Double,
            Value::Text(_) => data_type == DataType::String,
            Value::Boolean(_) => data_type == DataType::Boolean,
            Value::Date(_) => data_type == DataType::Date,
            Value::Timestamp(_) => data_type == DataType::Timestamp,
            Value::Uuid(_) => data_type == DataType::Uuid,
        };
        match (self, measure.aggregate) {
            (Self::Count(_), Aggregate::Count)
            | (Self::Distinct(_), Aggregate::Distinct)
            | (Self::Moments(..), Aggregate::Moments)
            | (Self::Values(_), Aggregate::Values)
            | (Self::Set { .. }, Aggregate::Set) => true,
            (Self::Sum(_), Aggregate::Sum) => data_type.is_exact(),
            (Self::RealSum(_), Aggregate::Sum) => !data_type.is_exact(),
            (Self::Min(value), Aggregate::Min) | (Self::Max(value), Aggregate::Max) => typed(value),
            (Self::First(row), Aggregate::First) | (Self::Last(row), Aggregate::Last) => {
                row.as_ref().is_none_or(|(_, _, value)| typed(value))
            }
            _ => false,
        }
    }

    /// The state over the rows of both.
    ///
    /// # Errors
    /// Where a number does not fit, or where only members' counts are known on both sides.
    pub fn merge(self, other: Self) -> Result<Self, Refusal> {
        let extreme = |a: Value, b: Value, keep: Ordering| match (a.is_null(), a.compare(&b)) {
            (true, _) => b,
            (_, Some(order)) if order == keep.reverse() => b,
            _ => a,
        };
        Ok(match (self, other) {
            (Self::Count(a), Self::Count(b)) => Self::Count(add(a, b)?),
            (Self::Sum(Some(a)), Self::Sum(Some(b))) => Self::Sum(Some(add(a, b)?)),
            (Self::Sum(a), Self::Sum(b)) => Self::Sum(a.or(b)),
            (Self::RealSum(Some(a)), Self::RealSum(Some(b))) => Self::RealSum(Some(a + b)),
            (Self::RealSum(a), Self::RealSum(b)) => Self::RealSum(a.or(b)),
            (Self::Min(a), Self::Min(b)) => Self::Min(extreme(a, b, Ordering::Less)),
            (Self::Max(a), Self::Max(b)) => Self::Max(extreme(a, b, Ordering::Greater)),
            (Self::First(a), Self::First(b)) => Self::First(match (a, b) {
                (Some(a), Some(b)) => Some(if (b.0, &b.1) < (a.0, &a.1) { b } else { a }),
                (a, b) => a.or(b),
            }),
            (Self::Last(a), Self::Last(b)) => Self::Last(match (a, b) {
                (Some(a), Some(b)) => Some(if (b.0, &b.1) > (a.0, &a.1) { b } else { a }),
                (a, b) => a.or(b),
            }),
            (Self::Moments(n, s, q), Self::Moments(m, t, r)) => {
                Self::Moments(add(n, m)?, add(s, t)?, add(q, r)?)
            }
            (Self::Distinct(0), other @ Self::Distinct(_))
            | (other @ Self::Distinct(_), Self::Distinct(0)) => other,
            (Self::Values(mut a), Self::Values(b)) => {
                for (value, count) in b {
                    let sum = a.entry(value).or_default();
                    *sum = add(*sum, count)?;
                }
                Self::Values(a)
            }
            (
                Self::Set {
                    start: 0, end: 0, ..
                },
                other @ Self::Set { .. },
            )
            | (
                other @ Self::Set { .. },
                Self::Set {
                    start: 0, end: 0, ..
                },
            ) => other,
            (Self::Distinct(_), Self::Distinct(_)) | (Self::Set { .. }, Self::Set { .. }) => {
                return Err(Refusal::NotMergeable);
            }
            _ => return Err(Refusal::BadState),
        })
    }

    /// What is read from it; `scale` is that of the measure's argument.
    ///
    /// # Errors
    /// Where a number does not fit 128 bits.
    pub fn read(&self, read: Read, scale: u8) -> Result<Value, Refusal> {
        let whole = |number: i128| Ok(Value::Number(Exact::whole(number)));
        let none = Value::Null(Missing::NoRows);
        match (self, read) {
            (Self::Count(n) | Self::Distinct(n), Read::Value) => whole(*n),
            (Self::Sum(sum), Read::Value) => Ok(match sum {
                Some(sum) => Value::Number(Exact::scaled(*sum, scale)?),
                None => none,
            }),
            (Self::RealSum(sum), Read::Value) => Ok(sum.map_or(none, Value::Real)),
            (Self::Min(value) | Self::Max(value), Read::Value) => Ok(value.clone()),
            (Self::First(row) | Self::Last(row), Read::Value) => {
                Ok(row.as_ref().map_or(none, |(_, _, value)| value.clone()))
            }
            (Self::Moments(n, sum, squares), Read::Variance { sample }) => {
                Ok(variance(*n, *sum, *squares, scale, sample)?.map_or(none, Value::Number))
            }
            (Self::Moments(n, sum, squares), Read::Deviation { sample }) => {
                let variance = variance(*n, *sum, *squares, scale, sample)?;
                Ok(variance.map_or(none, |variance| Value::Real(variance.to_f64().sqrt())))
            }
            (Self::Values(values), Read::Percentile(share)) => {
                let share = Exact::scaled(share.digits, share.scale)?;
                Ok(percentile(values, share, scale)?.map_or(none, Value::Number))
            }
            (Self::Set { start, .. }, Read::Start) => whole(*start),
            (Self::Set { end, .. }, Read::End) => whole(*end),
            (Self::Set { end, both, .. }, Read::New) => whole(end - both),
            (Self::Set { both, .. }, Read::Retained) => whole(*both),
            (Self::Set { start, both, .. }, Read::Dropped) => whole(start - both),
            _ => Err(Refusal::BadState),
        }
    }
}

/// (n Σx² − (Σx)²) / (n (n − 1)), or over n² for a population: exact, as nothing is rounded before the division.
fn variance(
    n: i128,
    sum: i128,
    squares: i128,
    scale: u8,
    sample: bool,
) -> Result<Option<Exact>, Overflow> {
    if n < 1 + i128::from(sample) {
        return Ok(None);
    }
    let product = |a: i128, b: i128| a.checked_mul(b).ok_or(Overflow);
    let above = product(n, squares)?
        .checked_sub(product(sum, sum)?)
        .ok_or(Overflow)?;
    let below = product(n, n - i128::from(sample))?;
    let one = Exact::scaled(1, scale)?;
    Exact::fraction(above, below)?
        .multiply(one.multiply(one)?)
        .map(Some)
}

/// Hyndman and Fan's seventh definition (1996), as `percentile_cont` in SQL: between neighbours in proportion.
fn percentile(
    values: &BTreeMap<i128, i128>,
    share: Exact,
    scale: u8,
) -> Result<Option<Exact>, Overflow> {
    let count = values
        .values()
        .try_fold(0_i128, |sum, n| sum.checked_add(*n))
        .ok_or(Overflow)?;
    if count == 0 {
        return Ok(None);
    }
    let place = share.multiply(Exact::whole(count - 1))?;
    let below = place.floor();
    let at = |rank: i128| {
        let mut seen = 0;
        let found = values.iter().find(|(_, n)| {
            seen += **n;
            seen > rank
        });
        found.map_or(0, |(value, _)| *value)
    };
    let (low, high) = (
        at(below.numerator()),
        at((below.numerator() + 1).min(count - 1)),
    );
    let step =
        Exact::whole(high.checked_sub(low).ok_or(Overflow)?).multiply(place.subtract(below)?)?;
    Exact::whole(low)
        .plus(step)?
        .multiply(Exact::scaled(1, scale)?)
        .map(Some)
}
