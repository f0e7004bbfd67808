//! A tenant as the test remembers it: definitions, rows, people with row filters; and calls in its name.

use super::{
    reference::Rows,
    values::{self, NULL, Random},
    world::{Change, Column, Shape},
};
use crate::platform::Platform;
use formula::{DataType, Definition, Exact, Value, naive::Row};
use reqwest::Method;
use serde_json::{Value as Json, json};
use std::{collections::BTreeMap, time::Duration};

/// How long a call is tried again while the platform is not all there.
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody who asks, with the conditions on the rows they see by entity.
#[derive(Clone, Debug, Default)]
pub(crate) struct Viewer {
    pub(crate) token: String,
    pub(crate) filters: BTreeMap<String, Vec<String>>,
}

/// What should be there.
pub(crate) struct Tenant {
    pub(crate) admin: Viewer,
    pub(crate) viewers: Vec<Viewer>,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) rows: Rows,
    pub(crate) metrics: BTreeMap<String, Definition>,
    /// How often a definition was changed.
    pub(crate) changes: usize,
    /// Whether answers may have been lost on their way.
    pub(crate) faulty: bool,
}

/// The answer of a call that is sent again while the platform is not all there, as clients do.
pub(crate) async fn call(
    platform: &Platform,
    token: &str,
    method: Method,
    path: &str,
    body: Option<Json>,
) -> (u16, Json) {
    testkit::eventually_within(PATIENCE, path, || async {
        let request = platform.request(Some(token), method.clone(), path, body.clone());
        let answer = request.send().await.map_err(|cause| cause.to_string())?;
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap_or_default();
        if status == 503 {
            return Err(text);
        }
        let json = serde_json::from_str(&text).unwrap_or(Json::String(text));
        Ok((status, json))
    })
    .await
}

/// A row to be written, as the test thinks of it.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) json: Json,
    /// Values that are mentioned; none where the row is bad.
    pub(crate) values: Option<BTreeMap<String, Value>>,
}

/// What becomes of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Inserted,
    Updated(usize),
    Skipped,
    Failed,
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Inserted => "WRITE_OUTCOME_INSERTED",
            Self::Updated(_) => "WRITE_OUTCOME_UPDATED",
            Self::Skipped => "WRITE_OUTCOME_SKIPPED",
            Self::Failed => "WRITE_OUTCOME_FAILED",
        }
    }
}

impl Tenant {
    pub(crate) fn shape(&self, code: &str) -> &Shape {
        self.shapes
            .iter()
            .find(|shape| shape.code == code)
            .expect("it is defined")
    }

    pub(crate) fn rows_of(&self, code: &str) -> &[Row] {
        self.rows.get(code).map_or(&[], Vec::as_slice)
    }

    /// A row as a request holds it. Of one that may be there already, what is left out stays.
    pub(crate) fn candidate(&self, random: &mut Random, shape: &Shape) -> Candidate {
        use rand::Rng;
        let (mut json, mut values) = (serde_json::Map::new(), BTreeMap::new());
        for column in &shape.columns {
            let value =
                match column.key && column.data_type != DataType::Uuid && random.random_ratio(4, 5)
                {
                    // Few keys, so that they meet.
                    true => few(random, column),
                    false => values::any(random, column),
                };
            if column.nullable && random.random_ratio(1, 6) {
                continue;
            }
            json.insert(
                column.code.clone(),
                values::json(random, &value, column.data_type),
            );
            values.insert(column.code.clone(), value);
        }
        Candidate {
            json: json.into(),
            values: Some(values),
        }
    }

    /// A row that must be refused.
    pub(crate) fn bad(&self, random: &mut Random, shape: &Shape) -> Candidate {
        use rand::Rng;
        let mut candidate = self.candidate(random, shape);
        candidate.values = None;
        let fields = candidate.json.as_object_mut().expect("a record");
        // Of a row that is there already the rest may be left out.
        let required: Vec<_> = match shape.keyed() {
            true => shape.identity().collect(),
            false => shape
                .columns
                .iter()
                .filter(|column| !column.nullable)
                .collect(),
        };
        let limited: Vec<_> = shape
            .columns
            .iter()
            .filter(|column| !column.allowed.is_empty())
            .collect();
        match random.random_range(0..4) {
            0 if !required.is_empty() => {
                fields.remove(&required[random.random_range(0..required.len())].code);
            }
            1 if !limited.is_empty() => {
                fields.insert(limited[0].code.clone(), json!("not one of them"));
            }
            2 => {
                fields.insert("nobody_defined_this".to_owned(), json!(1));
            }
            _ => {
                fields.insert("n".to_owned(), json!("1; DROP TABLE claim"));
            }
        }
        candidate
    }

    /// What must become of candidates, one after the other; the rows change with it.
    pub(crate) fn foresee(
        &self,
        entity: &str,
        mode: &str,
        candidates: &[Candidate],
    ) -> Vec<Outcome> {
        let shape = self.shape(entity);
        let mut rows = self.rows_of(entity).to_vec();
        let mut outcomes = Vec::new();
        for candidate in candidates {
            let Some(values) = &candidate.values else {
                outcomes.push(Outcome::Failed);
                continue;
            };
            let there = shape.keyed().then(|| {
                let keys = || shape.identity();
                rows.iter().position(|row| {
                    keys().all(|key| row.values.get(&key.code) == values.get(&key.code))
                })
            });
            let outcome = match (there.flatten(), mode) {
                (None, _) => Outcome::Inserted,
                (Some(at), "WRITE_MODE_UPSERT") => {
                    let changes = values
                        .iter()
                        .any(|(code, value)| rows[at].values.get(code).unwrap_or(&NULL) != value);
                    if changes {
                        Outcome::Updated(at)
                    } else {
                        Outcome::Skipped
                    }
                }
                (Some(_), "WRITE_MODE_SKIP") => Outcome::Skipped,
                (Some(_), _) => Outcome::Failed,
            };
            merge(&mut rows, outcome, values, "");
            outcomes.push(outcome);
        }
        outcomes
    }

    /// Takes over what was written, ids of new rows from the answer; it must say what was foreseen.
    pub(crate) fn written(
        &mut self,
        entity: &str,
        candidates: &[Candidate],
        foreseen: &[Outcome],
        answer: &Json,
    ) {
        let results = crate::business::list(&answer["results"]);
        assert_eq!(
            results.len(),
            candidates.len(),
            "a result for each row: {answer}"
        );
        let rows = self.rows.entry(entity.to_owned()).or_default();
        for ((candidate, outcome), result) in candidates.iter().zip(foreseen).zip(results) {
            assert_eq!(result["outcome"], outcome.name(), "{candidate:?}: {result}");
            let id = result["id"].as_str().unwrap_or_default().replace('-', "");
            match outcome {
                Outcome::Failed => {
                    assert!(
                        result["reason"]
                            .as_str()
                            .is_some_and(|reason| !reason.is_empty()),
                        "{result}"
                    );
                    assert!(id.is_empty(), "{result}");
                }
                Outcome::Updated(at) => assert_eq!(rows[*at].id, id, "{result}"),
                Outcome::Inserted => assert_eq!(id.len(), 32, "{result}"),
                Outcome::Skipped => {}
            }
            if let Some(values) = &candidate.values {
                merge(rows, *outcome, values, &id);
            }
        }
        let count =
            |outcome: fn(&Outcome) -> bool| foreseen.iter().filter(|one| outcome(one)).count();
        for (field, expected) in [
            ("inserted", count(|one| *one == Outcome::Inserted)),
            ("updated", count(|one| matches!(one, Outcome::Updated(_)))),
            ("skipped", count(|one| *one == Outcome::Skipped)),
            ("failed", count(|one| *one == Outcome::Failed)),
        ] {
            let told = crate::business::whole(&answer[field]);
            assert_eq!(usize::try_from(told), Ok(expected), "{field}: {answer}");
        }
    }

    /// Changes the definition here and in the rows that are remembered.
    pub(crate) fn changed(&mut self, entity: &str, change: &Change) {
        let shape = self
            .shapes
            .iter_mut()
            .find(|shape| shape.code == entity)
            .expect("it is defined");
        shape.apply(change);
        self.changes += 1;
        let Change::Widen(code, DataType::Double) = change else {
            return;
        };
        for row in self.rows.entry(entity.to_owned()).or_default() {
            if let Some(Value::Number(number)) = row.values.get(code) {
                let real = Value::Real(number.to_f64());
                row.values.insert(code.clone(), real);
            }
        }
    }
}

/// A value of a key, of which there are few.
fn few(random: &mut Random, column: &Column) -> Value {
    use rand::Rng;
    match column.data_type {
        DataType::Integer => Value::Number(Exact::whole(random.random_range(0..12))),
        DataType::String => {
            Value::Text(["k1", "k2", "Ü'", "", "k\"3", "K1"][random.random_range(0..6)].to_owned())
        }
        _ => values::any_of(random, column.data_type),
    }
}

fn merge(rows: &mut Vec<Row>, outcome: Outcome, values: &BTreeMap<String, Value>, id: &str) {
    match outcome {
        Outcome::Inserted => rows.push(Row {
            id: id.to_owned(),
            values: values.clone(),
        }),
        Outcome::Updated(at) => {
            for (code, value) in values {
                rows[at].values.insert(code.clone(), value.clone());
            }
        }
        Outcome::Skipped | Outcome::Failed => {}
    }
}
