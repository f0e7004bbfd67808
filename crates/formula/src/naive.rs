//! The reference: rows in memory, one at a time, exact fractions, no SQL and no partial sums. Slow and plain; tests compare with it.

use crate::{
    Aggregate, DataType, Entity, Exact, Measure, Missing, Ontology, Plan, Read, Refusal, State,
    Typed, Value,
    evaluate::{Leaves, evaluate},
    sql::{Moment, Query},
};
use std::collections::{BTreeMap, BTreeSet};

/// A row: its id as 32 hexadecimal digits, and values by attribute; what is not there is null.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The row's id.
    pub id: String,
    /// Values by attribute.
    pub values: BTreeMap<String, Value>,
}

impl Leaves for Row {
    fn column(&self, code: &str) -> Result<Value, Refusal> {
        Ok(self
            .values
            .get(code)
            .cloned()
            .unwrap_or(Value::Null(Missing::Absent)))
    }

    fn measure(&self, _: usize, _: Read) -> Result<Value, Refusal> {
        Ok(Value::Null(Missing::Absent))
    }
}

/// The answer of `plan` over `rows` by entity, ungrouped; `query` gives filters and period and is of one entity.
///
/// # Errors
/// Where a number does not fit 128 bits.
pub fn answer(
    plan: &Plan,
    ontology: &Ontology,
    rows: &BTreeMap<String, Vec<Row>>,
    query: &Query,
) -> Result<Value, Refusal> {
    let mut states = Vec::new();
    for measure in &plan.measures {
        let entity = ontology.entity(&measure.entity).ok_or(Refusal::BadState)?;
        let rows = rows.get(&measure.entity).map_or(&[][..], Vec::as_slice);
        states.push(state(measure, entity, rows, query)?);
    }
    plan.evaluate(&states)
}

fn holds(condition: &Typed, row: &Row) -> Result<bool, Refusal> {
    Ok(evaluate(condition, row)? == Value::Boolean(true))
}

fn time(entity: &Entity, row: &Row) -> Option<Moment> {
    match row.values.get(&entity.time()?.code)? {
        Value::Date(days) => Some(Moment::Date(*days)),
        Value::Timestamp(micros) => Some(Moment::Timestamp(*micros)),
        _ => None,
    }
}

/// The state of a measure over rows, each looked at by itself.
///
/// # Errors
/// Where a number does not fit 128 bits.
pub fn state(
    measure: &Measure,
    entity: &Entity,
    rows: &[Row],
    query: &Query,
) -> Result<State, Refusal> {
    let mut kept: Vec<(Option<Moment>, &Row, Value)> = Vec::new();
    for row in rows {
        let at = time(entity, row);
        let inside = query
            .period
            .is_none_or(|(from, to)| match measure.aggregate {
                Aggregate::Set => at == Some(from) || at == Some(to),
                _ => at.is_some_and(|at| from <= at && at < to),
            });
        let mut passes = inside;
        for filter in measure.filter.iter().chain(&query.filters) {
            passes = passes && holds(filter, row)?;
        }
        let value = match &measure.argument {
            Some(argument) if passes => evaluate(argument, row)?,
            Some(_) => continue,
            None => Value::Boolean(true),
        };
        if passes && !value.is_null() {
            kept.push((at, row, value));
        }
    }
    let data_type = measure
        .argument
        .as_ref()
        .map_or(DataType::Null, |argument| argument.data_type);
    let digits = |value: &Value| match value {
        Value::Number(number) => number.digits(data_type.scale()).map_err(Refusal::from),
        _ => Err(Refusal::BadState),
    };
    let count = |n: usize| i128::try_from(n).unwrap_or(i128::MAX);
    let spelled = |value: &Value| format!("{value:?}");
    let order = |row: &&(Option<Moment>, &Row, Value)| (row.0, row.1.id.clone());
    let placed = |row: &(Option<Moment>, &Row, Value)| {
        let at = match row.0 {
            Some(Moment::Date(days)) => days.into(),
            Some(Moment::Timestamp(micros)) => micros,
            None => 0,
        };
        (at, row.1.id.clone(), row.2.clone())
    };
    let timed = |row: &&(Option<Moment>, &Row, Value)| row.0.is_some();
    let mut empty = State::empty(measure);
    match &mut empty {
        State::Count(n) => *n = count(kept.len()),
        State::Distinct(n) => {
            *n = count(
                kept.iter()
                    .map(|row| spelled(&row.2))
                    .collect::<BTreeSet<_>>()
                    .len(),
            )
        }
        State::Sum(sum) => {
            for (_, _, value) in &kept {
                *sum = Some(
                    sum.unwrap_or(0)
                        .checked_add(digits(value)?)
                        .ok_or(Refusal::Overflow)?,
                );
            }
        }
        State::RealSum(sum) => {
            for (_, _, value) in &kept {
                if let Value::Real(real) = value {
                    *sum = Some(sum.unwrap_or(0.0) + real);
                }
            }
        }
        State::Min(best) | State::Max(best) => {
            let wanted = if measure.aggregate == Aggregate::Min {
                std::cmp::Ordering::Less
            } else {
                std::cmp::Ordering::Greater
            };
            for (_, _, value) in &kept {
                if best.is_null() || value.compare(best) == Some(wanted) {
                    *best = value.clone();
                }
            }
        }
        State::First(row) => *row = kept.iter().filter(timed).min_by_key(order).map(placed),
        State::Last(row) => *row = kept.iter().filter(timed).max_by_key(order).map(placed),
        State::Moments(n, sum, squares) => {
            for (_, _, value) in &kept {
                let x = digits(value)?;
                *n += 1;
                *sum = sum.checked_add(x).ok_or(Refusal::Overflow)?;
                let square = x.checked_mul(x).ok_or(Refusal::Overflow)?;
                *squares = squares.checked_add(square).ok_or(Refusal::Overflow)?;
            }
        }
        State::Values(values) => {
            for (_, _, value) in &kept {
                *values.entry(digits(value)?).or_default() += 1;
            }
        }
        State::Set { start, end, both } => {
            let members = |moment: Option<Moment>| {
                kept.iter()
                    .filter(|row| row.0 == moment)
                    .map(|row| spelled(&row.2))
                    .collect::<BTreeSet<_>>()
            };
            let (from, to) = (
                members(query.period.map(|p| p.0)),
                members(query.period.map(|p| p.1)),
            );
            (*start, *end) = (count(from.len()), count(to.len()));
            *both = count(from.intersection(&to).count());
        }
    }
    Ok(empty)
}

/// A number with two digits after the point, for rows of tests.
pub fn cents(digits: i64) -> Value {
    Exact::scaled(digits.into(), 2).map_or(Value::Null(Missing::Absent), Value::Number)
}
