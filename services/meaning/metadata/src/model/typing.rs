//! Whether formulas fit the ontology: names, types and units, as the `formula` crate says.
//!
//! A ratio is typed as `numerator / denominator`, a cumulative metric as what it sums, a conversion as the quotient of its
//! two metrics. The latter two are no expressions over rows, so that no formula is built on them.

use super::{
    Body, Definition, Kind,
    entity::{self, Entity},
    metric::{Metric, MetricType},
    uses::Uses,
};
use error::{Violation, Violations};
use formula::{Code, DataType, Ontology, Problem, Problems, Unit};
use std::collections::{BTreeMap, HashMap};

/// Definitions that formulas are typed against.
#[derive(Debug, Default)]
pub(crate) struct World {
    entities: HashMap<String, formula::Entity>,
    ontology: Ontology,
    metrics: Known,
}

/// The metrics of a world, and the codes to suggest where one is misspelt.
#[derive(Debug, Default)]
struct Known {
    metrics: BTreeMap<String, (MetricType, formula::Definition)>,
    codes: Vec<String>,
}

impl formula::Metrics for Known {
    fn metric(&self, code: &str) -> Option<formula::Definition> {
        self.metrics.get(code).map(|(_, known)| known.clone())
    }

    fn codes(&self) -> Vec<String> {
        self.metrics.keys().chain(&self.codes).cloned().collect()
    }
}

impl<'a> FromIterator<&'a Definition> for World {
    fn from_iter<I: IntoIterator<Item = &'a Definition>>(definitions: I) -> Self {
        let mut world = Self::default();
        for definition in definitions {
            let code = definition.code().to_owned();
            match &definition.body {
                Body::Entity(entity) => {
                    let entity = as_entity(&code, entity);
                    world.entities.insert(code, entity);
                }
                Body::Metric(metric) => {
                    let known = (
                        metric.metric_type.unwrap_or(MetricType::Simple),
                        meaning(metric),
                    );
                    world.metrics.metrics.insert(code, known);
                }
                _ => {}
            }
        }
        world.ontology = Ontology::new(world.entities.values().cloned());
        world
    }
}

impl World {
    /// Codes of all entities and metrics there are, to suggest where one is misspelt.
    #[must_use]
    pub(crate) fn suggesting(mut self, entities: Vec<String>, metrics: Vec<String>) -> Self {
        // An entity without attributes has a code to suggest; none that a formula names is among them.
        let others = entities
            .into_iter()
            .filter(|code| !self.entities.contains_key(code));
        let others: Vec<_> = others
            .map(|code| as_entity(&code, &Entity::default()))
            .collect();
        self.ontology = Ontology::new(self.entities.values().cloned().chain(others));
        let others = metrics
            .into_iter()
            .filter(|code| !self.metrics.metrics.contains_key(code));
        self.metrics.codes = others.collect();
        self
    }

    /// What is wrong with the formula of a metric, each at its field; of a draft nothing, as of anything else.
    pub(crate) fn check(&self, definition: &Definition) -> Vec<Violation> {
        let Some(metric) = definition.relied_on() else {
            return Vec::new();
        };
        let mut found = Violations::new();
        self.check_uses(metric, &mut found);
        let mut typed = meaning(metric);
        if let Some(set) = &mut typed.set
            && !set.filter.trim().is_empty()
            && let Err(problems) = formula::condition(&self.ontology, &set.entity, &set.filter)
        {
            report("set.filter", &problems, true, &mut found);
            // So that what else is wrong is told too.
            set.filter = String::new();
        }
        let mut ontology = &self.ontology;
        let placed = self.placed(metric, &mut found);
        if let Some(placed) = &placed {
            ontology = placed;
        }
        let code = definition.code();
        match formula::plan_metric(ontology, &self.metrics, code, &typed) {
            Ok(plan) => check_unit(metric, &plan.unit(), &mut found),
            Err(problems) => {
                let (field, written) = field(metric);
                report(field, &problems, written, &mut found);
            }
        }
        found.as_slice().to_vec()
    }

    /// Reports what the crate `formula` would understand otherwise than it is meant, or not calculate.
    fn check_uses(&self, metric: &Metric, found: &mut Violations) {
        let Uses { references, bare } = metric.uses();
        for name in bare {
            if self.entities.contains_key(&name) {
                let entity = metric.default_entity().unwrap_or_default();
                let words = format!(
                    "`{name}` is an entity, and an attribute of `{entity}` is meant: write `{entity}.{name}`"
                );
                found.add("formula", "AMBIGUOUS_NAME", words);
            }
        }
        let mut used: Vec<_> = specs(metric)
            .into_iter()
            .map(|(field, code)| (field.to_owned(), code.to_owned()))
            .collect();
        let read = references.into_iter();
        used.extend(
            read.filter(|one| one.kind == Kind::Metric)
                .map(|one| (one.path, one.code)),
        );
        for (field, code) in used {
            let name = match self.metrics.metrics.get(&code) {
                Some((MetricType::Cumulative, _)) => "cumulative",
                Some((MetricType::Conversion, _)) => "conversion",
                _ => continue,
            };
            let words = format!("`{code}` is a {name} metric, which no other metric is built on");
            found.add(field, Code::Unsupported.name(), words);
        }
    }

    /// The ontology for a metric with a time attribute of its own, where the entity has another.
    fn placed(&self, metric: &Metric, found: &mut Violations) -> Option<Ontology> {
        let time = metric.time_attribute.as_ref()?;
        let entity = self.entities.get(&time.entity)?;
        let attribute = entity.attribute(&time.attribute)?;
        let fits = matches!(attribute.data_type, DataType::Date | DataType::Timestamp);
        let words = format!(
            "rows are placed in time by a date or a timestamp, and `{}.{}` is of type {}",
            time.entity, time.attribute, attribute.data_type
        );
        found.check(fits, "time_attribute", "TIME_TYPE", words);
        if attribute.time {
            return None;
        }
        let mut entity = entity.clone();
        for attribute in &mut entity.attributes {
            attribute.time = attribute.code == time.attribute;
        }
        Some(Ontology::new(
            self.entities.values().cloned().chain([entity]),
        ))
    }
}

/// The metric as the crate `formula` takes it.
fn meaning(metric: &Metric) -> formula::Definition {
    let formula = match (&metric.ratio, &metric.cumulative, &metric.conversion) {
        (Some(ratio), _, _) => format!("{} / {}", ratio.numerator, ratio.denominator),
        (_, Some(cumulative), _) => cumulative.metric.clone(),
        (_, _, Some(conversion)) => format!("{} / {}", conversion.conversion, conversion.base),
        _ => metric.formula.clone(),
    };
    formula::Definition {
        formula,
        entity: metric.default_entity().map(str::to_owned),
        set: metric.set.as_ref().map(|set| formula::SetSpec {
            entity: set.member.entity.clone(),
            member: set.member.attribute.clone(),
            filter: set.filter.clone(),
        }),
    }
}

/// The field that says how a metric is calculated, and whether its text is a formula.
pub(crate) fn field(metric: &Metric) -> (&'static str, bool) {
    match (&metric.ratio, &metric.cumulative, &metric.conversion) {
        (Some(_), _, _) => ("ratio", false),
        (_, Some(_), _) => ("cumulative", false),
        (_, _, Some(_)) => ("conversion", false),
        _ => ("formula", true),
    }
}

/// Metrics that a metric is calculated from by other fields than its formula.
fn specs(metric: &Metric) -> Vec<(&'static str, &str)> {
    let mut out = Vec::new();
    if let Some(ratio) = &metric.ratio {
        out.push(("ratio.numerator", ratio.numerator.as_str()));
        out.push(("ratio.denominator", ratio.denominator.as_str()));
    }
    if let Some(cumulative) = &metric.cumulative {
        out.push(("cumulative.metric", cumulative.metric.as_str()));
    }
    if let Some(conversion) = &metric.conversion {
        out.push(("conversion.base", conversion.base.as_str()));
        out.push(("conversion.conversion", conversion.conversion.as_str()));
    }
    out
}

impl Definition {
    /// The entities and metrics that [`World::check`] must know to type it.
    pub(crate) fn typed_against(&self) -> Vec<(Kind, String)> {
        let Body::Metric(metric) = &self.body else {
            return Vec::new();
        };
        let Uses { references, bare } = metric.uses();
        let read = references.into_iter().map(|one| (one.kind, one.code));
        let bare = bare.into_iter().map(|code| (Kind::Entity, code));
        let mut all: Vec<_> = read.chain(bare).collect();
        let specs = specs(metric).into_iter();
        all.extend(specs.map(|(_, code)| (Kind::Metric, code.to_owned())));
        let placed = metric.time_attribute.iter().map(|time| &time.entity);
        let member = metric.set.iter().map(|set| &set.member.entity);
        let entities = placed.chain(member).map(String::as_str);
        let entities = entities.chain(metric.default_entity());
        all.extend(entities.map(|code| (Kind::Entity, code.to_owned())));
        all
    }

    /// Whether metrics built on it may be typed otherwise than when it was `before`; of an entity, which attributes
    /// they must read to be. None of them where all that read the entity may be.
    pub(crate) fn retypes(&self, before: &Definition) -> Option<Option<Vec<String>>> {
        match (&before.body, &self.body) {
            (Body::Metric(old), Body::Metric(new)) => {
                let same = meaning(old) == meaning(new) && old.metric_type == new.metric_type;
                (!same).then_some(None)
            }
            (Body::Entity(old), Body::Entity(new)) => retyped_attributes(old, new),
            _ => None,
        }
    }
}

fn retyped_attributes(old: &Entity, new: &Entity) -> Option<Option<Vec<String>>> {
    let by_code = |entity: &Entity| -> BTreeMap<String, entity::Attribute> {
        let attributes = entity.attributes.iter().cloned();
        attributes
            .map(|attribute| (attribute.code.clone(), attribute))
            .collect()
    };
    let (old_ones, new_ones) = (by_code(old), by_code(new));
    let roles = |attributes: &BTreeMap<String, entity::Attribute>| -> Vec<(String, bool, bool)> {
        let keyed = attributes
            .values()
            .filter(|one| one.primary_key || one.time_attribute);
        keyed
            .map(|one| (one.code.clone(), one.primary_key, one.time_attribute))
            .collect()
    };
    // Sets read the key and first and last the time without naming them.
    if old.kind != new.kind || roles(&old_ones) != roles(&new_ones) {
        return Some(None);
    }
    let differs = |(code, old): (&String, &entity::Attribute)| {
        let new = new_ones.get(code)?;
        (old.data_type != new.data_type || old.unit != new.unit).then(|| code.clone())
    };
    let changed: Vec<_> = old_ones.iter().filter_map(differs).collect();
    (!changed.is_empty()).then_some(Some(changed))
}

fn as_entity(code: &str, entity: &Entity) -> formula::Entity {
    let attribute = |attribute: &entity::Attribute| {
        let mut typed = formula::Attribute::new(&attribute.code, as_type(attribute.data_type?));
        typed.unit = Unit::named(&attribute.unit);
        typed.key = attribute.primary_key;
        typed.time = attribute.time_attribute;
        Some(typed)
    };
    formula::Entity {
        code: code.to_owned(),
        kind: match entity.kind {
            Some(entity::EntityKind::Event) => formula::EntityKind::Event,
            Some(entity::EntityKind::Snapshot) => formula::EntityKind::Snapshot,
            Some(entity::EntityKind::Dimension) | None => formula::EntityKind::Dimension,
        },
        attributes: entity.attributes.iter().filter_map(attribute).collect(),
        // Where its rows are is for whoever keeps them.
        schema: None,
        table: code.to_owned(),
        row_id: String::new(),
    }
}

fn as_type(data_type: entity::DataType) -> DataType {
    match data_type {
        entity::DataType::String => DataType::String,
        entity::DataType::Integer => DataType::Integer,
        entity::DataType::Decimal { precision, scale } => DataType::Decimal { precision, scale },
        entity::DataType::Double => DataType::Double,
        entity::DataType::Boolean => DataType::Boolean,
        entity::DataType::Date => DataType::Date,
        entity::DataType::Timestamp => DataType::Timestamp,
        entity::DataType::Json => DataType::Json,
        entity::DataType::Uuid => DataType::Uuid,
    }
}

/// The unit that is shown is the one that is calculated; a bare number may say what it counts.
fn check_unit(metric: &Metric, unit: &Unit, found: &mut Violations) {
    let said = Unit::named(&metric.unit);
    let fits = said.is_none() || unit.is_none() || said == *unit;
    let words = format!("the formula gives `{unit}`, not `{said}`");
    found.check(fits, "unit", Code::WrongUnit.name(), words);
}

/// Adds problems; with their place where the text is what people wrote.
fn report(field: &str, problems: &Problems, written: bool, found: &mut Violations) {
    if written {
        for violation in problems.violations(field) {
            found.add(violation.field, violation.reason, violation.description);
        }
        return;
    }
    for Problem {
        code,
        message,
        hint,
        ..
    } in problems.as_slice()
    {
        // That there is no such metric is said of the field that names it.
        if *code != Code::UnknownMetric {
            let hint = hint
                .as_ref()
                .map_or_else(String::new, |hint| format!(" ({hint})"));
            found.add(field, code.name(), format!("{message}{hint}"));
        }
    }
}

#[cfg(test)]
mod tests;
