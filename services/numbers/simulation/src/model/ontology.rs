//! Definitions as far as a world depends on them: read from a scenario's YAML, or made from what `metadata` has.

use formula::{Attribute as Typed, DataType, Definition, EntityKind, Plan};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What a scenario writes and measures.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(crate) struct Ontology {
    /// Entities.
    #[serde(default)]
    pub(crate) entities: Vec<Entity>,
    /// Relationships between them.
    #[serde(default)]
    pub(crate) relationships: Vec<Relationship>,
    /// Metrics over them.
    #[serde(default)]
    pub(crate) metrics: Vec<Metric>,
}

/// An entity.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(crate) struct Entity {
    /// Code.
    pub(crate) code: String,
    /// `event`, `snapshot` or `dimension`.
    pub(crate) kind: String,
    /// Attributes.
    #[serde(default)]
    pub(crate) attributes: Vec<Attribute>,
}

/// An attribute of an entity.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(crate) struct Attribute {
    /// Code.
    pub(crate) code: String,
    /// Type, such as `decimal(12, 2)`.
    #[serde(rename = "type")]
    pub(crate) data_type: String,
    /// Unit.
    #[serde(default)]
    pub(crate) unit: String,
    /// Whether a row may lack it.
    #[serde(default)]
    pub(crate) nullable: bool,
    /// Whether it is part of the key.
    #[serde(default)]
    pub(crate) primary_key: bool,
    /// Whether it places rows in time.
    #[serde(default)]
    pub(crate) time_attribute: bool,
    /// The only values it may have.
    #[serde(default)]
    pub(crate) allowed_values: Vec<String>,
}

/// An attribute by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct AttributeRef {
    /// Code of the entity.
    pub(crate) entity: String,
    /// Code of the attribute.
    pub(crate) attribute: String,
}

/// How rows belong together.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(crate) struct Relationship {
    /// Code.
    pub(crate) code: String,
    /// Where it starts.
    pub(crate) from: AttributeRef,
    /// Where it ends.
    pub(crate) to: AttributeRef,
}

/// A metric.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(crate) struct Metric {
    /// Code.
    pub(crate) code: String,
    /// `simple`, `ratio`, `derived`, `set_based` …
    #[serde(rename = "type")]
    pub(crate) metric_type: String,
    /// The formula; of a ratio empty.
    #[serde(default)]
    pub(crate) formula: String,
    /// Of a ratio.
    pub(crate) ratio: Option<Ratio>,
    /// Of sets.
    pub(crate) set: Option<Set>,
}

/// A ratio of two metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Ratio {
    /// Above the line.
    pub(crate) numerator: String,
    /// Below the line.
    pub(crate) denominator: String,
}

/// Sets of members.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Set {
    /// What tells members apart.
    pub(crate) member: AttributeRef,
    /// Condition for membership.
    #[serde(default)]
    pub(crate) filter: String,
}

impl Ontology {
    /// Reads a scenario's YAML.
    ///
    /// # Panics
    /// Where it is none: the texts are part of the program, and tests read each.
    pub(crate) fn read(yaml: &str) -> Self {
        serde_saphyr::from_str(yaml).expect("a scenario's ontology is one")
    }

    /// The entity of a code.
    pub(crate) fn entity(&self, code: &str) -> Option<&Entity> {
        self.entities.iter().find(|entity| entity.code == code)
    }

    /// What is needed for some of the metrics; for all of it where none is named.
    pub(crate) fn needed(&self, metrics: &[String]) -> Need {
        let all = || self.metrics.iter().map(|metric| metric.code.clone());
        if metrics.is_empty() {
            let entities = self.entities.iter().map(|entity| entity.code.clone());
            return Need {
                metrics: all().collect(),
                entities: entities.collect(),
                attributes: self.attributes_of(all()),
            };
        }
        let mut need = Need::default();
        for code in metrics {
            if let Some(plan) = self.plan(code) {
                need.metrics.insert(code.clone());
                need.metrics.extend(plan.metrics);
                need.entities.extend(plan.entities);
            }
        }
        need.attributes = self.attributes_of(metrics.iter().cloned());
        need
    }

    fn attributes_of(&self, metrics: impl Iterator<Item = String>) -> BTreeSet<(String, String)> {
        let plans = metrics.filter_map(|code| self.plan(&code));
        plans.flat_map(|plan| plan.attributes).collect()
    }

    /// The plan of a metric; none where there is no such metric.
    pub(crate) fn plan(&self, code: &str) -> Option<Plan> {
        let definitions = self.definitions();
        let definition = definitions.get(code)?;
        formula::plan_metric(&self.typed(), &definitions, code, definition).ok()
    }

    /// The entities that a metric reads.
    pub(crate) fn entities_of(&self, metric: &str) -> BTreeSet<String> {
        self.plan(metric)
            .map(|plan| plan.entities)
            .unwrap_or_default()
    }

    /// The metrics as the metric language takes them.
    pub(crate) fn definitions(&self) -> BTreeMap<String, Definition> {
        let definition = |metric: &Metric| Definition {
            formula: metric.text(),
            entity: None,
            set: metric.set.as_ref().map(|set| formula::SetSpec {
                entity: set.member.entity.clone(),
                member: set.member.attribute.clone(),
                filter: set.filter.clone(),
            }),
        };
        let metrics = self.metrics.iter();
        metrics
            .map(|metric| (metric.code.clone(), definition(metric)))
            .collect()
    }

    /// The entities as the metric language takes them.
    pub(crate) fn typed(&self) -> formula::Ontology {
        formula::Ontology::new(self.entities.iter().map(Entity::typed))
    }
}

/// What a run needs of an ontology.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Need {
    /// Codes of metrics.
    pub(crate) metrics: BTreeSet<String>,
    /// Codes of entities.
    pub(crate) entities: BTreeSet<String>,
    /// Attributes that the metrics read.
    pub(crate) attributes: BTreeSet<(String, String)>,
}

impl Metric {
    /// Its formula; of a ratio one made of the two metrics.
    pub(crate) fn text(&self) -> String {
        match &self.ratio {
            Some(ratio) => format!("{} / {}", ratio.numerator, ratio.denominator),
            None => self.formula.clone(),
        }
    }
}

impl Entity {
    /// The attribute of a code.
    pub(crate) fn attribute(&self, code: &str) -> Option<&Attribute> {
        self.attributes
            .iter()
            .find(|attribute| attribute.code == code)
    }

    fn typed(&self) -> formula::Entity {
        let kind = match self.kind.as_str() {
            "event" => EntityKind::Event,
            "snapshot" => EntityKind::Snapshot,
            _ => EntityKind::Dimension,
        };
        formula::Entity {
            code: self.code.clone(),
            kind,
            attributes: self.attributes.iter().map(Attribute::typed).collect(),
            schema: None,
            table: self.code.clone(),
            row_id: "id".to_owned(),
        }
    }
}

impl Attribute {
    fn typed(&self) -> Typed {
        let mut typed = Typed::new(&self.code, data_type(&self.data_type));
        typed.unit = self.unit.parse().unwrap_or_default();
        (typed.key, typed.time) = (self.primary_key, self.time_attribute);
        typed
    }

    /// Its type without blanks, so that two spellings compare.
    pub(crate) fn plain_type(&self) -> String {
        self.data_type.replace(' ', "")
    }
}

fn data_type(text: &str) -> DataType {
    let decimal = || {
        let inner = text.strip_prefix("decimal(")?.strip_suffix(')')?;
        let (precision, scale) = inner.split_once(',')?;
        let precision = precision.trim().parse().ok()?;
        let scale = scale.trim().parse().ok()?;
        Some(DataType::Decimal { precision, scale })
    };
    match text {
        "integer" => DataType::Integer,
        "double" => DataType::Double,
        "boolean" => DataType::Boolean,
        "date" => DataType::Date,
        "timestamp" => DataType::Timestamp,
        "json" => DataType::Json,
        "uuid" => DataType::Uuid,
        _ => decimal().unwrap_or(DataType::String),
    }
}

/// The definitions of a scenario's YAML that `keep` wants, by section and code, as a text that `metadata` imports; none where it
/// wants none. Metrics are grouped only by attributes that there are, which `has` knows by entity and code. The text is JSON, which is
/// YAML too.
pub(crate) fn excerpt(
    yaml: &str,
    keep: impl Fn(&str, &str) -> bool,
    has: impl Fn(&str, &str) -> bool,
) -> Option<String> {
    let mut file: BTreeMap<String, Value> =
        serde_saphyr::from_str(yaml).expect("a scenario's ontology is one");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for (section, list) in &mut file {
        let Value::Array(items) = list else { continue };
        items.retain(|item| keep(section, &text(&item["code"])));
        for item in items {
            if let Some(Value::Array(dimensions)) = item.get_mut("dimensions") {
                dimensions.retain(|one| has(&text(&one["entity"]), &text(&one["attribute"])));
            }
        }
    }
    file.retain(|_, list| list.as_array().is_none_or(|items| !items.is_empty()));
    let some = file.values().any(Value::is_array);
    some.then(|| serde_json::to_string_pretty(&file).expect("texts and lists can be written"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::scenario;
    use serde_json::json;

    /// Every metric of every scenario parses and types, as what it says it is, and reads the entities it names.
    #[test]
    fn every_formula_is_sound() {
        for scenario in scenario::ALL {
            let ontology = Ontology::read(scenario.ontology);
            let definitions = ontology.definitions();
            for metric in &ontology.metrics {
                let plan = formula::plan_metric(
                    &ontology.typed(),
                    &definitions,
                    &metric.code,
                    &definitions[&metric.code],
                );
                let plan = plan.unwrap_or_else(|problems| panic!("{}: {problems}", metric.code));
                let expected = match metric.metric_type.as_str() {
                    "set_based" => formula::MetricKind::SetBased,
                    "simple" => formula::MetricKind::Simple,
                    "ratio" | "derived" => formula::MetricKind::Derived,
                    other => panic!("{other}"),
                };
                assert_eq!(plan.kind, expected, "{}", metric.code);
            }
        }
    }

    #[test]
    fn only_what_a_metric_needs_is_needed() {
        let sales = scenario::ALL
            .iter()
            .find(|one| one.code == "sales_growth")
            .unwrap();
        let ontology = Ontology::read(sales.ontology);
        let need = ontology.needed(&["average_order_value".to_owned()]);
        let texts = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>();
        assert_eq!(
            texts(&need.metrics),
            ["average_order_value", "orders", "revenue"]
        );
        assert_eq!(texts(&need.entities), ["sales_orders"]);
        let all = ontology.needed(&[]);
        assert_eq!((all.metrics.len(), all.entities.len()), (5, 2));
    }

    #[test]
    fn an_excerpt_has_what_is_wanted() {
        let yaml = scenario::ALL[0].ontology;
        let wanted = |section: &str, code: &str| section == "metrics" && code == "retention_rate";
        let text = excerpt(yaml, wanted, |_, attribute| attribute == "region_code").unwrap();
        let file: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(file["ontology"], "tessera/v1");
        assert_eq!(file["metrics"][0]["formula"], "(end - new) / start");
        assert_eq!(file["metrics"][0]["thresholds"][0]["value"], "0.90");
        let dimensions = json!([{ "entity": "policy", "attribute": "region_code" }]);
        assert_eq!(file["metrics"][0]["dimensions"], dimensions);
        assert!(file.get("entities").is_none());
        assert_eq!(excerpt(yaml, |_, _| false, |_, _| true), None);
        let all = excerpt(yaml, |_, _| true, |_, _| true).unwrap();
        assert_eq!(Ontology::read(&all), Ontology::read(yaml));
    }
}
