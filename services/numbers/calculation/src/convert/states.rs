//! Partial states as they cross the wire.

use formula::{Aggregate, DataType, Measure, Missing, State, Value};
use proto_data::tessera::warehouse::v1::{self, measure_state};
use std::collections::BTreeMap;

/// The states of a group, in the order of `measures`; none where one is no state of its measure.
pub(crate) fn states(measures: &[&Measure], wire: Vec<v1::MeasureState>) -> Option<Vec<State>> {
    if measures.len() != wire.len() {
        return None;
    }
    let pairs = measures.iter().zip(wire);
    pairs
        .map(|(measure, wire)| state(measure, wire.state?))
        .collect()
}

fn state(measure: &Measure, wire: measure_state::State) -> Option<State> {
    use measure_state::State as Wire;
    let data_type = measure
        .argument
        .as_ref()
        .map_or(DataType::Null, |argument| argument.data_type);
    let value = |text: Option<String>| match text {
        Some(text) => Value::parse(&text, data_type),
        None => Some(Value::Null(Missing::NoRows)),
    };
    let row = |row: v1::RowState| match row.time {
        Some(time) => Some(Some((time, row.id, value(row.value)?))),
        None => Some(None),
    };
    let state = match wire {
        Wire::Count(count) => State::Count(number(&count)?),
        Wire::Sum(sum) => State::Sum(match sum.sum {
            Some(sum) => Some(number(&sum)?),
            None => None,
        }),
        Wire::RealSum(sum) => State::RealSum(sum.sum),
        Wire::Min(least) => State::Min(value(least.value)?),
        Wire::Max(most) => State::Max(value(most.value)?),
        Wire::First(first) => State::First(row(first)?),
        Wire::Last(last) => State::Last(row(last)?),
        Wire::Moments(moments) => State::Moments(
            number(&moments.count)?,
            number(&moments.sum)?,
            number(&moments.squares)?,
        ),
        Wire::Distinct(count) => State::Distinct(number(&count)?),
        Wire::Values(values) => {
            let mut counts = BTreeMap::<i128, i128>::new();
            for value in values.values {
                let count = counts.entry(number(&value.value)?).or_default();
                *count = count.checked_add(number(&value.count)?)?;
            }
            State::Values(counts)
        }
        Wire::Set(set) => State::Set {
            start: number(&set.start)?,
            end: number(&set.end)?,
            both: number(&set.both)?,
        },
    };
    // A sum without any value is the same of floats and of exact numbers.
    let state = match (state, measure.aggregate) {
        (State::Sum(None), Aggregate::Sum) if !data_type.is_exact() => State::RealSum(None),
        (State::RealSum(None), Aggregate::Sum) if data_type.is_exact() => State::Sum(None),
        (state, _) => state,
    };
    state.fits(measure).then_some(state)
}

/// A number of 128 bits; an empty text is 0, as protobuf has it.
fn number(text: &str) -> Option<i128> {
    if text.is_empty() {
        Some(0)
    } else {
        text.parse().ok()
    }
}
