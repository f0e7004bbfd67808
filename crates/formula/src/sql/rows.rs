//! Rows of a statement into states, and the states of several statements into answers.

use super::Statement;
use crate::{Aggregate, DataType, Exact, Measure, Missing, Plan, Refusal, State, Value, calendar};
use std::collections::BTreeMap;

/// What a row is grouped by: values of the dimensions as [`Value`]s are displayed, none for null, and the index of the sub-period.
pub type Group = (Vec<Option<String>>, Option<usize>);

/// States by group, over the sources read so far.
#[derive(Clone, Debug)]
pub struct Table<'a> {
    plan: &'a Plan,
    groups: BTreeMap<Group, Vec<State>>,
}

impl<'a> Table<'a> {
    /// A table without groups; a plan asked for without dimensions has one group from the first row read.
    pub fn new(plan: &'a Plan) -> Self {
        Self {
            plan,
            groups: BTreeMap::new(),
        }
    }

    /// Merges the rows of `statement` into it.
    ///
    /// # Errors
    /// Where a row is none of the statement's, a number does not fit, or states do not merge.
    pub fn add(
        &mut self,
        statement: &Statement,
        rows: &[Vec<Option<String>>],
    ) -> Result<(), Refusal> {
        self.add_in(statement, rows, None)
    }

    /// As [`add`](Self::add), of a statement over one sub-period alone, such as one of sets: its groups are in the sub-period `bucket`.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_in(
        &mut self,
        statement: &Statement,
        rows: &[Vec<Option<String>>],
        bucket: Option<usize>,
    ) -> Result<(), Refusal> {
        let (plan, whole_period) = (self.plan, bucket);
        let columns = &statement.columns;
        let groups = columns.dimensions.len() + usize::from(columns.bucket);
        let width = groups
            + columns
                .measures
                .iter()
                .map(|(_, width)| width)
                .sum::<usize>();
        if rows.len() > columns.most_values
            && columns
                .measures
                .iter()
                .any(|(index, _)| self.plan.measures[*index].aggregate == Aggregate::Values)
        {
            return Err(Refusal::TooManyValues);
        }
        for row in rows {
            if row.len() != width {
                return Err(Refusal::BadState);
            }
            let dimensions = columns
                .dimensions
                .iter()
                .zip(row)
                .map(|(data_type, text)| match text {
                    Some(_) => Ok(Some(value(*data_type, text)?.to_string())),
                    None => Ok(None),
                })
                .collect::<Result<_, Refusal>>()?;
            let bucket = match columns.bucket {
                true => Some(
                    whole(&row[groups - 1])?
                        .and_then(|n| usize::try_from(n).ok())
                        .ok_or(Refusal::BadState)?,
                ),
                false => whole_period,
            };
            let mut states = plan.empty();
            let mut at = groups;
            for &(index, width) in &columns.measures {
                states[index] = decode(&plan.measures[index], &row[at..at + width])?;
                at += width;
            }
            // What is not grouped has a row also where nothing is; so has each sub-period that is read by itself.
            if columns.bucket && columns.dimensions.is_empty() && states == plan.empty() {
                continue;
            }
            let known = self
                .groups
                .entry((dimensions, bucket))
                .or_insert_with(|| plan.empty());
            for &(index, _) in &columns.measures {
                let before = std::mem::replace(&mut known[index], State::Count(0));
                let state = std::mem::replace(&mut states[index], State::Count(0));
                known[index] = before.merge(state)?;
            }
        }
        Ok(())
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The states of each group.
    pub fn groups(&self) -> impl Iterator<Item = (&Group, &[State])> {
        self.groups
            .iter()
            .map(|(group, states)| (group, states.as_slice()))
    }

    /// The answer of each group.
    ///
    /// # Errors
    /// Where a number does not fit 128 bits.
    pub fn answers(&self) -> Result<BTreeMap<Group, Value>, Refusal> {
        self.groups
            .iter()
            .map(|(group, states)| Ok((group.clone(), self.plan.evaluate(states)?)))
            .collect()
    }
}

fn whole(text: &Option<String>) -> Result<Option<i128>, Refusal> {
    // A number of the database that is no whole number of 128 bits was one once: PostgreSQL goes on beyond, SQLite turns to floats.
    let beyond = |text: &str| text.parse::<f64>().is_ok();
    let whole = |text: &String| {
        text.parse().map_err(|_| match beyond(text) {
            true => Refusal::Overflow,
            false => Refusal::BadState,
        })
    };
    text.as_ref().map(whole).transpose()
}

/// high · 2^`bits` + low.
fn joined(high: Option<i128>, low: Option<i128>, bits: u32) -> Result<Option<i128>, Refusal> {
    let Some((high, low)) = high.zip(low) else {
        return Ok(None);
    };
    let sum = high
        .checked_mul(1_i128 << bits)
        .and_then(|high| high.checked_add(low));
    sum.map(Some).ok_or(Refusal::Overflow)
}

fn decode(measure: &Measure, columns: &[Option<String>]) -> Result<State, Refusal> {
    let data_type = measure
        .argument
        .as_ref()
        .map_or(DataType::Null, |argument| argument.data_type);
    let numbers = || columns.iter().map(whole).collect::<Result<Vec<_>, _>>();
    Ok(match measure.aggregate {
        Aggregate::Count => State::Count(whole(&columns[0])?.unwrap_or(0)),
        Aggregate::Distinct => State::Distinct(whole(&columns[0])?.unwrap_or(0)),
        Aggregate::Sum if data_type == DataType::Double => match value(data_type, &columns[0])? {
            Value::Real(real) => State::RealSum(Some(real)),
            _ => State::RealSum(None),
        },
        Aggregate::Sum => match numbers()?[..] {
            [sum] => State::Sum(sum),
            [high, low] => State::Sum(joined(high, low, 32)?),
            _ => return Err(Refusal::BadState),
        },
        Aggregate::Min => State::Min(value(data_type, &columns[0])?),
        Aggregate::Max => State::Max(value(data_type, &columns[0])?),
        Aggregate::First | Aggregate::Last => {
            let at = whole(&columns[0])?.and_then(|at| i64::try_from(at).ok());
            let row = at.zip(columns[1].clone());
            let row = row
                .map(|(at, id)| Ok::<_, Refusal>((at, id, value(data_type, &columns[2])?)))
                .transpose()?;
            if measure.aggregate == Aggregate::First {
                State::First(row)
            } else {
                State::Last(row)
            }
        }
        Aggregate::Moments => {
            let zero = |number: Option<i128>| number.unwrap_or(0);
            match numbers()?[..] {
                [n, sum, squares] => State::Moments(zero(n), zero(sum), zero(squares)),
                [n, high, low, hh1, hh0, hl1, hl0, ll1, ll0] => {
                    let sum = zero(joined(high, low, 32)?);
                    let low = zero(joined(ll1, ll0, 31)?);
                    let middle = zero(joined(hl1, hl0, 31)?);
                    let hh = zero(joined(hh1, hh0, 16)?);
                    let squares = joined(Some(hh), Some(0), 62)?
                        .zip(joined(Some(middle), Some(0), 32)?)
                        .and_then(|(a, b)| a.checked_add(b)?.checked_add(low));
                    State::Moments(zero(n), sum, squares.ok_or(Refusal::Overflow)?)
                }
                _ => return Err(Refusal::BadState),
            }
        }
        Aggregate::Values => match numbers()?[..] {
            [Some(value), Some(count)] => State::Values(BTreeMap::from([(value, count)])),
            _ => State::Values(BTreeMap::new()),
        },
        Aggregate::Set => match numbers()?[..] {
            [start, end, both] => State::Set {
                start: start.unwrap_or(0),
                end: end.unwrap_or(0),
                both: both.unwrap_or(0),
            },
            _ => return Err(Refusal::BadState),
        },
    })
}

/// A value in the spelling of all statements.
pub(super) fn value(data_type: DataType, text: &Option<String>) -> Result<Value, Refusal> {
    let Some(text) = text else {
        return Ok(Value::Null(Missing::NoRows));
    };
    Ok(match data_type {
        DataType::Integer | DataType::Decimal { .. } => {
            let digits = text.parse().map_err(|_| Refusal::BadState)?;
            Value::Number(Exact::scaled(digits, data_type.scale())?)
        }
        DataType::Double => Value::Real(text.parse().map_err(|_| Refusal::BadState)?),
        DataType::Boolean => Value::Boolean(text == "1"),
        DataType::Date => Value::Date(calendar::parse_date(text).ok_or(Refusal::BadState)?),
        DataType::Timestamp => Value::Timestamp(text.parse().map_err(|_| Refusal::BadState)?),
        DataType::Uuid => Value::Uuid(text.clone()),
        _ => Value::Text(text.clone()),
    })
}
