//! A small insurer: its definitions as `metadata` tells them, and its rows.

use auth::{Caller, RowFilters};
use formula::{
    Value,
    calendar::{parse_date, parse_timestamp},
    naive::{Row, cents},
};
use proto_data::tessera::warehouse::v1 as warehouse;
use proto_meaning::tessera::metadata::v1::{self, metadata_service_server::MetadataService};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};
use testkit::tokio::sync::Semaphore;
use tonic::{Request, Response, Status};
use value::Id;

/// Both neighbours in one.
#[derive(Clone)]
pub(super) struct Insurer {
    state: Arc<Mutex<State>>,
    /// What runs of fragments wait for; open unless a test holds it.
    pub(super) gate: Arc<Semaphore>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) tenant: Option<Id>,
    pub(super) version: i64,
    pub(super) entities: BTreeMap<String, v1::Entity>,
    pub(super) metrics: BTreeMap<String, v1::Metric>,
    pub(super) rows: BTreeMap<String, Vec<Row>>,
    /// What was run.
    pub(super) runs: Vec<warehouse::ExecuteFragmentsRequest>,
    /// What was asked of the definitions: the versions known.
    pub(super) known: Vec<i64>,
    /// An attribute that comes to `claim` so many more times when fragments are run, as if someone changed it meanwhile.
    pub(super) changes: usize,
    /// How many more times a table is behind its definition.
    pub(super) behind: usize,
    /// Version of all rows.
    pub(super) data_version: i64,
}

impl Default for Insurer {
    fn default() -> Self {
        let state = State {
            version: 1,
            entities: entities()
                .into_iter()
                .map(|e| (e.code.clone(), e))
                .collect(),
            metrics: metrics().into_iter().map(|m| (m.code.clone(), m)).collect(),
            rows: rows(),
            data_version: 7,
            ..State::default()
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            gate: Arc::new(Semaphore::new(1_000)),
        }
    }
}

impl Insurer {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while holding it")
    }

    pub(super) fn belongs_to(&self, tenant: Id) {
        self.state().tenant = Some(tenant);
    }

    /// How often fragments were run.
    pub(super) fn calls(&self) -> usize {
        self.state().runs.len()
    }

    /// Takes what was run so far.
    pub(super) fn runs(&self) -> Vec<warehouse::ExecuteFragmentsRequest> {
        std::mem::take(&mut self.state().runs)
    }

    /// Adds or changes a metric.
    pub(super) fn put(&self, mut metric: v1::Metric) {
        let mut state = self.state();
        state.version += 1;
        let known = state.metrics.get(&metric.code);
        metric.version = known.map_or(1, |known| known.version + 1);
        state.metrics.insert(metric.code.clone(), metric);
    }
}

impl State {
    /// Changes the entity as someone else would.
    pub(super) fn touch(&mut self, entity: &str) {
        self.version += 1;
        if let Some(entity) = self.entities.get_mut(entity) {
            entity.version += 1;
        }
    }

    /// Metrics and entities that a metric uses: simply all that its formula's words name.
    fn closure(&self, code: &str) -> (Vec<v1::Entity>, Vec<v1::Metric>) {
        let (mut entities, mut metrics) = (BTreeMap::new(), BTreeMap::new());
        let mut todo = vec![code.to_owned()];
        while let Some(code) = todo.pop() {
            let Some(metric) = self.metrics.get(&code) else {
                continue;
            };
            if metrics.insert(code, metric.clone()).is_some() {
                continue;
            }
            let ratio = metric.ratio.clone().unwrap_or_default();
            let cumulative = metric.cumulative.clone().unwrap_or_default();
            let set = metric
                .set
                .clone()
                .and_then(|set| set.member)
                .unwrap_or_default();
            let text = format!(
                "{} {} {} {} {} {}",
                metric.formula,
                ratio.numerator,
                ratio.denominator,
                cumulative.metric,
                set.entity,
                metric.entities.join(" ")
            );
            for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
                if self.metrics.contains_key(word) {
                    todo.push(word.to_owned());
                }
                if let Some(entity) = self.entities.get(word) {
                    entities.insert(word.to_owned(), entity.clone());
                }
            }
        }
        (
            entities.into_values().collect(),
            metrics.into_values().collect(),
        )
    }
}

/// Whose call it is, and which rows they see: the principal's, or of a process the tenant's that it names.
pub(super) fn whose<T>(ask: &Request<T>, named: &str) -> Result<(Id, Arc<RowFilters>), Status> {
    match (Caller::of(ask), named.parse()) {
        (Ok(caller), _) => Ok((caller.principal.tenant, Arc::clone(&caller.row_filters))),
        (Err(_), Ok(tenant)) => Ok((tenant, RowFilters::none())),
        (Err(nobody), Err(_)) => Err(nobody.into()),
    }
}

#[tonic::async_trait]
impl MetadataService for Insurer {
    async fn resolve_definitions(
        &self,
        ask: Request<v1::ResolveDefinitionsRequest>,
    ) -> Result<Response<v1::ResolveDefinitionsResponse>, Status> {
        let (tenant, _) = whose(&ask, &ask.get_ref().tenant_id)?;
        let ask = ask.into_inner();
        let mut state = self.state();
        state.known.push(ask.known_version);
        let mut answer = v1::ResolveDefinitionsResponse {
            ontology_version: state.version,
            ..Default::default()
        };
        if state.tenant != Some(tenant) {
            answer.missing_metrics = ask.metrics;
        } else if ask.known_version == state.version {
            answer.unchanged = true;
        } else if ask.everything {
            answer.entities = state.entities.values().cloned().collect();
            answer.metrics = state.metrics.values().cloned().collect();
        } else {
            for code in &ask.metrics {
                let (entities, metrics) = state.closure(code);
                answer.entities.extend(entities);
                answer.metrics.extend(metrics);
            }
        }
        Ok(Response::new(answer))
    }
}

fn attribute(code: &str, data_type: v1::DataType, unit: &str) -> v1::Attribute {
    let decimal = data_type == v1::DataType::Decimal;
    v1::Attribute {
        code: code.to_owned(),
        r#type: data_type.into(),
        precision: if decimal { 14 } else { 0 },
        scale: if decimal { 2 } else { 0 },
        unit: unit.to_owned(),
        primary_key: matches!(code, "policy_id" | "snapshot_date" | "claim_id"),
        time_attribute: matches!(code, "snapshot_date" | "filed_at"),
        ..Default::default()
    }
}

fn entities() -> [v1::Entity; 3] {
    use v1::DataType::{Boolean, Date, Decimal, Double, Integer, String, Timestamp};
    let entity = |code: &str, kind: v1::EntityKind, attributes| v1::Entity {
        id: Id::new().to_string(),
        code: code.to_owned(),
        name: format!("The {code}"),
        kind: kind.into(),
        version: 3,
        attributes,
        ..Default::default()
    };
    [
        entity(
            "policy",
            v1::EntityKind::Snapshot,
            vec![
                attribute("policy_id", String, ""),
                attribute("snapshot_date", Date, ""),
                attribute("status", String, ""),
                attribute("region", String, ""),
                attribute("premium", Decimal, "EUR"),
                attribute("channel", Integer, ""),
            ],
        ),
        entity(
            "claim",
            v1::EntityKind::Event,
            vec![
                attribute("claim_id", String, ""),
                attribute("filed_at", Timestamp, ""),
                attribute("region", String, ""),
                attribute("amount", Decimal, "EUR"),
                attribute("hours", Integer, "h"),
                attribute("score", Double, ""),
                attribute("urgent", Boolean, ""),
                attribute("channel", String, ""),
            ],
        ),
        entity(
            "region",
            v1::EntityKind::Dimension,
            vec![
                v1::Attribute {
                    primary_key: true,
                    ..attribute("region", String, "")
                },
                attribute("people", Integer, "person"),
            ],
        ),
    ]
}

/// A metric of this type and formula.
pub(super) fn metric(code: &str, kind: v1::MetricType, formula: &str) -> v1::Metric {
    v1::Metric {
        id: Id::new().to_string(),
        code: code.to_owned(),
        name: format!("The {code}"),
        version: 2,
        r#type: kind.into(),
        formula: formula.to_owned(),
        ..Default::default()
    }
}

fn metrics() -> Vec<v1::Metric> {
    use v1::MetricType::{Cumulative, Derived, Ratio, SetBased, Simple};
    let set = Some(v1::SetSpec {
        member: Some(v1::AttributeRef {
            entity: "policy".to_owned(),
            attribute: "policy_id".to_owned(),
        }),
        filter: "status = 'Active'".to_owned(),
    });
    let threshold =
        |level: v1::ThresholdLevel, comparison: v1::Comparison, value: &str| v1::Threshold {
            level: level.into(),
            comparison: comparison.into(),
            value: value.to_owned(),
        };
    vec![
        v1::Metric {
            set: set.clone(),
            format: "0.0%".to_owned(),
            module: Some(v1::ModuleRef {
                value_chain: "insurance".to_owned(),
                module: "renewals".to_owned(),
            }),
            thresholds: vec![
                threshold(v1::ThresholdLevel::Critical, v1::Comparison::Less, "0.85"),
                threshold(
                    v1::ThresholdLevel::Good,
                    v1::Comparison::GreaterOrEqual,
                    "0.9",
                ),
            ],
            ..metric("retention", SetBased, "(end - new) / start")
        },
        v1::Metric {
            set,
            ..metric("retention_simple", SetBased, "1 - ((start - end) / start)")
        },
        metric("claims_paid", Simple, "sum(claim.amount)"),
        metric("claim_count", Simple, "count(claim)"),
        metric(
            "premium",
            Simple,
            "sum(policy.premium where policy.status = 'Active')",
        ),
        v1::Metric {
            ratio: Some(v1::RatioSpec {
                numerator: "claims_paid".to_owned(),
                denominator: "claim_count".to_owned(),
            }),
            ..metric("average_claim", Ratio, "")
        },
        metric("loss_ratio", Derived, "claims_paid / premium"),
        metric("loop_a", Derived, "loop_b + 1"),
        metric("loop_b", Derived, "loop_a * 2"),
        metric("broken", Simple, "sum(claim.amont)"),
        v1::Metric {
            cumulative: Some(v1::CumulativeSpec {
                metric: "claims_paid".to_owned(),
                ..Default::default()
            }),
            ..metric("claims_so_far", Cumulative, "")
        },
        v1::Metric {
            grain: v1::Grain::Month.into(),
            ..metric("monthly", Simple, "count(claim)")
        },
        v1::Metric {
            time_attribute: Some(v1::AttributeRef {
                entity: "claim".to_owned(),
                attribute: "settled_at".to_owned(),
            }),
            ..metric("settled", Simple, "count(claim)")
        },
    ]
}

fn row(number: usize, values: Vec<(&str, Value)>) -> Row {
    let values = values.into_iter();
    Row {
        id: format!("{number:032x}"),
        values: values
            .map(|(code, value)| (code.to_owned(), value))
            .collect(),
    }
}

fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

fn number(n: i64) -> Value {
    Value::Number(formula::Exact::whole(n.into()))
}

/// The seed's story, 1,000 at the start and 950 at the end of which 50 are new, and a few claims around a summer time change.
fn rows() -> BTreeMap<String, Vec<Row>> {
    let policy = |number: usize, id: usize, day: &str, status: &str| {
        row(
            number,
            vec![
                ("policy_id", text(format!("p{id:04}"))),
                ("snapshot_date", Value::Date(parse_date(day).unwrap())),
                ("status", text(status)),
                ("region", text(["north", "south"][id % 2])),
                ("premium", cents(10_000)),
                ("channel", number_of(id)),
            ],
        )
    };
    let start = (0..1000).map(|id| policy(id, id, "2025-01-01", "Active"));
    let end = (100..1050).map(|id| policy(2_000 + id, id, "2025-02-01", "Active"));
    let lapsed = (0..100).map(|id| policy(9_000 + id, id, "2025-02-01", "Terminated"));
    let claim = |n: usize, at: &str, region: &str, amount: i64| {
        row(
            n,
            vec![
                ("claim_id", text(format!("c{n}"))),
                ("filed_at", Value::Timestamp(parse_timestamp(at).unwrap())),
                ("region", text(region)),
                ("amount", cents(amount)),
                ("hours", number(8)),
                ("score", Value::Real(0.5)),
                ("urgent", Value::Boolean(n.is_multiple_of(2))),
                ("channel", text("phone")),
            ],
        )
    };
    let claims = vec![
        claim(1, "2025-01-15T12:00:00Z", "north", 10_000),
        claim(2, "2025-01-31T23:30:00Z", "south", 20_000),
        claim(3, "2025-03-29T23:30:00Z", "north", 30_000),
        claim(4, "2025-03-30T21:59:59Z", "north", 40_000),
        claim(5, "2025-03-30T22:00:00Z", "south", 50_001),
    ];
    let region = |n: usize, code: &str, people: i64| {
        row(n, vec![("region", text(code)), ("people", number(people))])
    };
    BTreeMap::from([
        (
            "policy".to_owned(),
            start.chain(end).chain(lapsed).collect(),
        ),
        ("claim".to_owned(), claims),
        (
            "region".to_owned(),
            vec![region(1, "north", 100), region(2, "south", 300)],
        ),
    ])
}

fn number_of(id: usize) -> Value {
    number(i64::try_from(id % 3).unwrap())
}
