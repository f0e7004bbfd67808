//! The insurer's rows as `warehouse` answers for them: by the reference, row by row.

use super::insurer::{Insurer, State, whose};
use crate::convert;
use auth::RowFilters;
use error::{Error, reason};
use formula::{
    Aggregate, DataType, Entity, Ontology, Typed, Value,
    calendar::{date_text, parse_date, parse_timestamp, timestamp_text},
    naive::{self, Row},
    sql::{Moment, Query},
};
use futures::{StreamExt as _, stream};
use proto_data::tessera::warehouse::v1::{
    self, ExecuteFragmentsResponse, measure_state, warehouse_service_server::WarehouseService,
};
use proto_meaning::tessera::metadata::v1 as metadata;
use std::collections::BTreeSet;
use tonic::{Request, Response, Status, codegen::BoxStream};

error::reasons! {
    pub ONTOLOGY_CHANGED = FailedPrecondition, "as warehouse says it", "plan again";
    pub TABLE_BEHIND = Unavailable, "as warehouse says it", "come again";
}

/// The table of an entity as a caller sees it.
struct View<'a> {
    ontology: Ontology,
    code: &'a str,
    rows: &'a [Row],
    filters: Vec<Typed>,
}

impl<'a> View<'a> {
    fn new(
        state: &'a State,
        code: &'a str,
        conditions: &[String],
        own: &RowFilters,
    ) -> Result<Self, Error> {
        let entities = state.entities.values().cloned().collect();
        let answer = metadata::ResolveDefinitionsResponse {
            entities,
            ..Default::default()
        };
        let ontology = convert::definitions::definitions(answer).ontology;
        let mut texts = conditions.to_vec();
        if let Some(own) = own.of(code) {
            texts.push(
                own.iter()
                    .map(|text| format!("({text})"))
                    .collect::<Vec<_>>()
                    .join(" or "),
            );
        }
        let filters = texts.iter().map(|text| {
            formula::condition(&ontology, code, text)
                .map_err(|problems| problems.into_error("conditions"))
        });
        let filters = filters.collect::<Result<_, _>>()?;
        let rows = state.rows.get(code).map_or(&[][..], Vec::as_slice);
        Ok(Self {
            ontology,
            code,
            rows,
            filters,
        })
    }

    fn entity(&self) -> &Entity {
        self.ontology
            .entity(self.code)
            .expect("the entity is there")
    }

    fn moment(&self, text: &str) -> Moment {
        match self.entity().time().expect("a time").data_type {
            DataType::Date => Moment::Date(parse_date(text).expect("a date")),
            _ => Moment::Timestamp(parse_timestamp(text).expect("an instant")),
        }
    }

    /// The latest moment with rows at it or before; itself where there is none.
    fn latest(&self, at: Moment) -> Moment {
        let time = &self.entity().time().expect("a time").code;
        let moments = self
            .rows
            .iter()
            .filter_map(|row| match row.values.get(time)? {
                Value::Date(days) => Some(Moment::Date(*days)),
                Value::Timestamp(micros) => Some(Moment::Timestamp(*micros)),
                _ => None,
            });
        moments.filter(|found| *found <= at).max().unwrap_or(at)
    }
}

fn shown(moment: Moment) -> String {
    match moment {
        Moment::Date(days) => date_text(days),
        Moment::Timestamp(micros) => timestamp_text(micros),
    }
}

fn dimensions(row: &Row, codes: &[String]) -> Vec<Option<String>> {
    let value = |code: &String| row.values.get(code).filter(|value| !value.is_null());
    codes
        .iter()
        .map(|code| value(code).map(ToString::to_string))
        .collect()
}

/// All groups of a fragment, and how it was answered.
fn fragment(
    state: &State,
    index: usize,
    ask: &v1::Fragment,
    own: &RowFilters,
    data_version: i64,
) -> Result<ExecuteFragmentsResponse, Error> {
    let version = state
        .entities
        .get(&ask.entity)
        .map_or(0, |entity| entity.version);
    if ask.entity_version != version {
        return Err(Error::new(&ONTOLOGY_CHANGED, "the entity changed"));
    }
    let view = View::new(state, &ask.entity, &ask.conditions, own)?;
    let texts: Vec<_> = ask.measures.iter().map(String::as_str).collect();
    let plan = formula::measures_plan(&view.ontology, &ask.entity, &texts);
    let plan = plan.map_err(|problems| problems.into_error("measures"))?;
    let bounds: Vec<_> = ask.bounds.iter().map(|text| view.moment(text)).collect();
    let latest = ask.snapshot_selection() == v1::SnapshotSelection::Latest;
    let keys: BTreeSet<_> = view
        .rows
        .iter()
        .map(|row| dimensions(row, &ask.dimensions))
        .collect();
    let mut out = ExecuteFragmentsResponse {
        fragment: i32::try_from(index).unwrap(),
        ..Default::default()
    };
    let mut snapshots = Vec::new();
    for period in 0..bounds.len().saturating_sub(1).max(1) {
        let span = bounds
            .get(period)
            .copied()
            .zip(bounds.get(period + 1).copied());
        let moments = span.map(|(from, to)| {
            if latest {
                (view.latest(from), view.latest(to))
            } else {
                (from, to)
            }
        });
        if let Some((from, to)) = moments {
            snapshots.push(v1::SnapshotPair {
                start: shown(from),
                end: shown(to),
            });
        }
        for key in &keys {
            let rows: Vec<_> = view
                .rows
                .iter()
                .filter(|row| dimensions(row, &ask.dimensions) == *key)
                .cloned()
                .collect();
            let states: Vec<_> = plan
                .measures
                .iter()
                .map(|measure| {
                    let sets = measure.aggregate == Aggregate::Set;
                    let query = Query {
                        filters: view.filters.clone(),
                        period: if sets { moments } else { span },
                        ..Query::default()
                    };
                    naive::state(measure, view.entity(), &rows, &query).expect("small numbers")
                })
                .collect();
            let empty = states
                .iter()
                .zip(&plan.measures)
                .all(|(state, measure)| *state == formula::State::empty(measure));
            if !empty {
                out.groups.push(v1::Group {
                    dimensions: key
                        .iter()
                        .map(|value| v1::DimensionValue {
                            value: value.clone(),
                        })
                        .collect(),
                    period: i32::try_from(period).unwrap(),
                    states: states.iter().map(encode).collect(),
                });
            }
        }
    }
    let own = own.of(&ask.entity).unwrap_or_default().iter();
    out.summary = Some(v1::FragmentSummary {
        source: format!("memory/{}", ask.entity),
        statements: vec![v1::SqlStatement {
            sql: "SELECT 1".to_owned(),
            parameters: Vec::new(),
        }],
        result_rows: i64::try_from(out.groups.len()).unwrap(),
        rows: i64::try_from(view.rows.len()).unwrap(),
        entity_version: version,
        data_version,
        snapshots: if plan.measures.iter().any(|m| m.aggregate == Aggregate::Set) {
            snapshots
        } else {
            Vec::new()
        },
        row_filters: own.map(ToString::to_string).collect(),
        ..Default::default()
    });
    Ok(out)
}

/// A state as it crosses the wire.
pub(super) fn encode(state: &formula::State) -> v1::MeasureState {
    use measure_state::State as Wire;
    let text = |value: &Value| (!value.is_null()).then(|| value.to_string());
    let least = |value: &Value| v1::ValueState { value: text(value) };
    let row = |row: &Option<(i64, String, Value)>| match row {
        Some((time, id, value)) => v1::RowState {
            time: Some(*time),
            id: id.clone(),
            value: text(value),
        },
        None => v1::RowState::default(),
    };
    let wire = match state {
        formula::State::Count(count) => Wire::Count(count.to_string()),
        formula::State::Sum(sum) => Wire::Sum(v1::SumState {
            sum: sum.map(|sum| sum.to_string()),
        }),
        formula::State::RealSum(sum) => Wire::RealSum(v1::RealSumState { sum: *sum }),
        formula::State::Min(value) => Wire::Min(least(value)),
        formula::State::Max(value) => Wire::Max(least(value)),
        formula::State::First(first) => Wire::First(row(first)),
        formula::State::Last(last) => Wire::Last(row(last)),
        formula::State::Moments(count, sum, squares) => Wire::Moments(v1::MomentsState {
            count: count.to_string(),
            sum: sum.to_string(),
            squares: squares.to_string(),
        }),
        formula::State::Distinct(count) => Wire::Distinct(count.to_string()),
        formula::State::Values(values) => Wire::Values(v1::ValuesState {
            values: values
                .iter()
                .map(|(value, count)| v1::ValueCount {
                    value: value.to_string(),
                    count: count.to_string(),
                })
                .collect(),
        }),
        formula::State::Set { start, end, both } => Wire::Set(v1::SetState {
            start: start.to_string(),
            end: end.to_string(),
            both: both.to_string(),
        }),
    };
    v1::MeasureState { state: Some(wire) }
}

#[tonic::async_trait]
impl WarehouseService for Insurer {
    async fn execute_fragments(
        &self,
        ask: Request<v1::ExecuteFragmentsRequest>,
    ) -> Result<Response<BoxStream<ExecuteFragmentsResponse>>, Status> {
        let (_, own) = whose(&ask, &ask.get_ref().tenant_id)?;
        let ask = ask.into_inner();
        let data_version = {
            let mut state = self.state();
            state.runs.push(ask.clone());
            if state.changes > 0 {
                state.changes -= 1;
                state.touch("claim");
            }
            if state.behind > 0 {
                state.behind -= 1;
                let pause = std::time::Duration::from_millis(1);
                let behind = Error::new(&TABLE_BEHIND, "the table does not follow yet");
                return Err(behind.with_retry_after(pause).into());
            }
            state.data_version
        };
        let _open = self
            .gate
            .acquire()
            .await
            .map_err(|_| Error::internal("the gate is open"))?;
        let state = self.state();
        let mut parts = Vec::new();
        for (index, ask) in ask.fragments.iter().enumerate() {
            let whole = fragment(&state, index, ask, &own, data_version)?;
            // Groups come in parts, and how they came about in the last.
            for groups in whole.groups.chunks(3) {
                parts.push(Ok(ExecuteFragmentsResponse {
                    groups: groups.to_vec(),
                    summary: None,
                    ..whole.clone()
                }));
            }
            parts.push(Ok(ExecuteFragmentsResponse {
                groups: Vec::new(),
                ..whole
            }));
        }
        Ok(Response::new(stream::iter(parts).boxed()))
    }

    async fn get_data_versions(
        &self,
        ask: Request<v1::GetDataVersionsRequest>,
    ) -> Result<Response<v1::GetDataVersionsResponse>, Status> {
        let entities = ask.into_inner().entities;
        let version = self.state().data_version;
        let data_versions = entities.iter().map(|_| version).collect();
        Ok(Response::new(v1::GetDataVersionsResponse { data_versions }))
    }

    async fn list_set_members(
        &self,
        ask: Request<v1::ListSetMembersRequest>,
    ) -> Result<Response<v1::ListSetMembersResponse>, Status> {
        let (_, own) = whose(&ask, &ask.get_ref().tenant_id)?;
        let ask = ask.into_inner();
        let state = self.state();
        let view = View::new(&state, &ask.entity, &ask.conditions, &own)?;
        let plan = formula::measures_plan(&view.ontology, &ask.entity, &[&ask.set]);
        let plan = plan.map_err(|problems| problems.into_error("set"))?;
        let period = (view.moment(&ask.start), view.moment(&ask.end));
        let query = Query {
            filters: view.filters.clone(),
            period: Some(period),
            ..Query::default()
        };
        let member = |row: &Row| row.values["policy_id"].to_string();
        let of = |rows: &[Row], which: usize| {
            let state = naive::state(&plan.measures[0], view.entity(), rows, &query)
                .expect("small numbers");
            let formula::State::Set { start, end, .. } = state else {
                return false;
            };
            [start, end][which] > 0
        };
        // A member is in a set where its own rows say so.
        let names: BTreeSet<_> = view.rows.iter().map(member).collect();
        let function = ask.set.split('(').next().unwrap_or("");
        let members = names.into_iter().filter(|name| {
            let own: Vec<_> = view
                .rows
                .iter()
                .filter(|row| member(row) == *name)
                .cloned()
                .collect();
            let (start, end) = (of(&own, 0), of(&own, 1));
            match function {
                "start" => start,
                "end" => end,
                "new" => end && !start,
                "retained" => start && end,
                _ => start && !end,
            }
        });
        let members: Vec<_> = members.collect();
        let from: usize = ask.page_token.parse().unwrap_or(0);
        let size = if ask.page_size == 0 {
            50
        } else {
            usize::try_from(ask.page_size).unwrap()
        };
        let next = if from + size < members.len() {
            (from + size).to_string()
        } else {
            String::new()
        };
        if ask.page_token == "damaged" {
            return Err(Error::new(&reason::INVALID_PAGE_TOKEN, "no page").into());
        }
        Ok(Response::new(v1::ListSetMembersResponse {
            total_size: i64::try_from(members.len()).unwrap(),
            members: members.into_iter().skip(from).take(size).collect(),
            next_page_token: next,
        }))
    }
}
