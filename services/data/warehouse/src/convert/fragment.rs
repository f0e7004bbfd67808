//! Fragments and their states between messages and the model.

use crate::store::fragments::{FragmentAnswer, FragmentAsk, Group, snapshot_text};
use formula::{State, Value};
use prost::Message;
use proto_data::tessera::warehouse::v1::{self, measure_state::State as Wire};

/// A message of the answer has about so many bytes, and more only where one group has.
const MESSAGE: usize = 1 << 20;

/// Whether the latest snapshot stands for a moment.
pub(crate) fn latest(selection: v1::SnapshotSelection) -> bool {
    selection == v1::SnapshotSelection::Latest
}

/// A fragment as it is asked for.
pub(crate) fn fragment(ask: v1::Fragment) -> FragmentAsk {
    FragmentAsk {
        latest: latest(ask.snapshot_selection()),
        entity: ask.entity,
        entity_version: ask.entity_version,
        measures: ask.measures,
        dimensions: ask.dimensions,
        conditions: ask.conditions,
        bounds: ask.bounds,
    }
}

/// The answer of a fragment in parts: groups, and the summary with the last.
pub(crate) fn parts(index: usize, answer: FragmentAnswer) -> Vec<v1::ExecuteFragmentsResponse> {
    let fragment = i32::try_from(index).unwrap_or(i32::MAX);
    let part = |groups| v1::ExecuteFragmentsResponse {
        fragment,
        groups,
        summary: None,
    };
    let (mut parts, mut groups, mut bytes) = (Vec::new(), Vec::new(), 0);
    let summary = summary(&answer);
    for own in answer.groups {
        let own = group(own);
        bytes += own.encoded_len();
        groups.push(own);
        if bytes >= MESSAGE {
            parts.push(part(std::mem::take(&mut groups)));
            bytes = 0;
        }
    }
    parts.push(v1::ExecuteFragmentsResponse {
        summary: Some(summary),
        ..part(groups)
    });
    parts
}

fn summary(answer: &FragmentAnswer) -> v1::FragmentSummary {
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let statements = answer
        .statements
        .iter()
        .map(|(sql, parameters)| v1::SqlStatement {
            sql: sql.clone(),
            parameters: parameters.clone(),
        });
    let snapshots = answer
        .snapshots
        .iter()
        .map(|(start, end)| v1::SnapshotPair {
            start: snapshot_text(*start),
            end: snapshot_text(*end),
        });
    v1::FragmentSummary {
        source: answer.source.clone(),
        statements: statements.collect(),
        result_rows: count(answer.result_rows),
        rows: answer.rows,
        duration: prost_types::Duration::try_from(answer.duration).ok(),
        entity_version: answer.entity_version,
        data_version: answer.data_version,
        snapshots: snapshots.collect(),
        row_filters: answer.row_filters.clone(),
    }
}

fn group(group: Group) -> v1::Group {
    let dimension = |value| v1::DimensionValue { value };
    v1::Group {
        dimensions: group.dimensions.into_iter().map(dimension).collect(),
        period: i32::try_from(group.period).unwrap_or(i32::MAX),
        states: group.states.into_iter().map(state).collect(),
    }
}

/// A value as text; none is null.
fn value(value: &Value) -> Option<String> {
    (!value.is_null()).then(|| value.to_string())
}

fn placed(row: Option<(i64, String, Value)>) -> v1::RowState {
    match row {
        None => v1::RowState::default(),
        Some((time, id, own)) => v1::RowState {
            time: Some(time),
            id,
            value: value(&own),
        },
    }
}

/// A partial state.
pub(crate) fn state(state: State) -> v1::MeasureState {
    let one = |own: &Value| v1::ValueState { value: value(own) };
    let state = match state {
        State::Count(count) => Wire::Count(count.to_string()),
        State::Sum(sum) => Wire::Sum(v1::SumState {
            sum: sum.map(|sum| sum.to_string()),
        }),
        State::RealSum(sum) => Wire::RealSum(v1::RealSumState { sum }),
        State::Min(own) => Wire::Min(one(&own)),
        State::Max(own) => Wire::Max(one(&own)),
        State::First(row) => Wire::First(placed(row)),
        State::Last(row) => Wire::Last(placed(row)),
        State::Moments(count, sum, squares) => Wire::Moments(v1::MomentsState {
            count: count.to_string(),
            sum: sum.to_string(),
            squares: squares.to_string(),
        }),
        State::Distinct(count) => Wire::Distinct(count.to_string()),
        State::Values(values) => Wire::Values(v1::ValuesState {
            values: values
                .into_iter()
                .map(|(value, count)| v1::ValueCount {
                    value: value.to_string(),
                    count: count.to_string(),
                })
                .collect(),
        }),
        State::Set { start, end, both } => Wire::Set(v1::SetState {
            start: start.to_string(),
            end: end.to_string(),
            both: both.to_string(),
        }),
    };
    v1::MeasureState { state: Some(state) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn large_answers_come_in_parts_and_the_summary_last() {
        let group = |n: usize| Group {
            dimensions: vec![Some("x".repeat(1000)), None],
            period: n,
            states: vec![State::Sum(None), State::Count(i128::MAX)],
        };
        let answer = FragmentAnswer {
            groups: (0..5_000).map(group).collect(),
            source: "warehouse:x".to_owned(),
            statements: Vec::new(),
            result_rows: 5_000,
            rows: 0,
            duration: Duration::from_millis(1),
            entity_version: 1,
            data_version: 2,
            snapshots: vec![(None, None)],
            row_filters: Vec::new(),
        };
        let parts = parts(3, answer);
        assert!(parts.len() > 3 && parts.iter().all(|part| part.encoded_len() < 2 << 20));
        let groups: usize = parts.iter().map(|part| part.groups.len()).sum();
        assert_eq!(groups, 5_000);
        let (last, before) = parts.split_last().unwrap();
        assert!(last.summary.is_some() && before.iter().all(|part| part.summary.is_none()));
        assert!(parts.iter().all(|part| part.fragment == 3));
    }
}
