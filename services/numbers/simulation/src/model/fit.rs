//! Whether the definitions that are there are those a world needs: what is missing, and what differs in a way that counts.
//!
//! Names, descriptions, owners and the like do not count. An entity may lack an attribute that no wanted metric reads, and then its
//! values are not written; it may have more attributes than the world knows, if a row can do without them.

use super::ontology::{Attribute, Entity, Metric, Need, Ontology, Relationship};
use std::collections::{BTreeMap, BTreeSet};

/// How definitions fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fit {
    /// Codes of entities that are not there.
    pub(crate) missing_entities: Vec<String>,
    /// Codes of metrics that are not there.
    pub(crate) missing_metrics: Vec<String>,
    /// Codes of relationships that are not there.
    pub(crate) missing_relationships: Vec<String>,
    /// What differs, in words, each beginning with the definition.
    pub(crate) differences: Vec<String>,
    /// The attributes to write, by entity.
    pub(crate) attributes: BTreeMap<String, Vec<String>>,
}

/// Compares what a run needs of `ours` with what is there.
pub(crate) fn fit(ours: &Ontology, need: &Need, theirs: &Ontology) -> Fit {
    let mut fit = Fit::default();
    for code in &need.entities {
        let entity = ours.entity(code).expect("what is needed is ours");
        let found = theirs.entity(code);
        if found.is_none() {
            fit.missing_entities.push(code.clone());
        }
        let written = fit.entity(entity, found.unwrap_or(entity), &need.attributes);
        fit.attributes.insert(code.clone(), written);
    }
    for metric in ours
        .metrics
        .iter()
        .filter(|metric| need.metrics.contains(&metric.code))
    {
        match theirs
            .metrics
            .iter()
            .find(|found| found.code == metric.code)
        {
            Some(found) => fit.metric(metric, found),
            None => fit.missing_metrics.push(metric.code.clone()),
        }
    }
    let wanted = |one: &&Relationship| {
        [&one.from, &one.to].iter().all(|end| {
            need.entities.contains(&end.entity)
                && fit
                    .attributes
                    .get(&end.entity)
                    .is_some_and(|codes| codes.contains(&end.attribute))
        })
    };
    let (mut missing, mut differences) = (Vec::new(), Vec::new());
    for one in ours.relationships.iter().filter(wanted) {
        match theirs
            .relationships
            .iter()
            .find(|found| found.code == one.code)
        {
            None => missing.push(one.code.clone()),
            Some(found) if (&found.from, &found.to) == (&one.from, &one.to) => {}
            Some(_) => {
                differences.push(format!("relationship {}: joins other attributes", one.code))
            }
        }
    }
    fit.missing_relationships = missing;
    fit.differences.extend(differences);
    fit
}

impl Fit {
    /// Compares an entity; answers with the attributes to write.
    fn entity(
        &mut self,
        ours: &Entity,
        theirs: &Entity,
        read: &BTreeSet<(String, String)>,
    ) -> Vec<String> {
        let mut differ = |what: String| {
            self.differences
                .push(format!("entity {}: {what}", ours.code))
        };
        if ours.kind != theirs.kind {
            differ(format!("is of kind {}, not {}", theirs.kind, ours.kind));
        }
        let mut written = Vec::new();
        for attribute in &ours.attributes {
            let code = &attribute.code;
            match theirs.attribute(code) {
                Some(found) => {
                    written.push(code.clone());
                    attribute
                        .differences(found)
                        .into_iter()
                        .for_each(|what| differ(format!("{code} {what}")));
                }
                None if attribute.primary_key
                    || attribute.time_attribute
                    || read.contains(&(ours.code.clone(), code.clone())) =>
                {
                    differ(format!("has no attribute {code}"));
                }
                None => {}
            }
        }
        for found in &theirs.attributes {
            let known = ours.attribute(&found.code).is_some();
            if !known && (!found.nullable || found.primary_key || found.time_attribute) {
                differ(format!(
                    "{} is required and not known to the scenario",
                    found.code
                ));
            }
        }
        written
    }

    fn metric(&mut self, ours: &Metric, theirs: &Metric) {
        let mut differ = |what: String| {
            self.differences
                .push(format!("metric {}: {what}", ours.code))
        };
        if ours.metric_type != theirs.metric_type {
            return differ(format!(
                "is of type {}, not {}",
                theirs.metric_type, ours.metric_type
            ));
        }
        if !same_formula(&ours.text(), &theirs.text()) {
            differ(format!("is `{}`, not `{}`", theirs.text(), ours.text()));
        }
        let same_set = match (&ours.set, &theirs.set) {
            (Some(a), Some(b)) => a.member == b.member && same_formula(&a.filter, &b.filter),
            (a, b) => a.is_none() && b.is_none(),
        };
        if !same_set {
            differ("compares other sets".to_owned());
        }
    }
}

impl Attribute {
    fn differences(&self, found: &Self) -> Vec<String> {
        let mut out = Vec::new();
        let mut unless = |holds: bool, what: String| {
            if !holds {
                out.push(what);
            }
        };
        let same_type = self.plain_type() == found.plain_type();
        unless(
            same_type,
            format!("is of type {}, not {}", found.data_type, self.data_type),
        );
        let unit = |unit: &str| {
            if unit.is_empty() {
                "none".to_owned()
            } else {
                unit.to_owned()
            }
        };
        unless(
            self.unit == found.unit,
            format!(
                "has the unit {}, not {}",
                unit(&found.unit),
                unit(&self.unit)
            ),
        );
        let said = |yes: bool| if yes { "is" } else { "is not" };
        unless(
            self.primary_key == found.primary_key,
            format!("{} part of the key", said(found.primary_key)),
        );
        unless(
            self.time_attribute == found.time_attribute,
            format!("{} the time attribute", said(found.time_attribute)),
        );
        unless(
            found.nullable || !self.nullable,
            "may not be absent".to_owned(),
        );
        let allowed = found.allowed_values.is_empty()
            || (!self.allowed_values.is_empty()
                && self
                    .allowed_values
                    .iter()
                    .all(|value| found.allowed_values.contains(value)));
        unless(
            allowed,
            format!("allows only {}", found.allowed_values.join(", ")),
        );
        out
    }
}

fn same_formula(a: &str, b: &str) -> bool {
    match (formula::parse(a), formula::parse(b)) {
        (Ok(a), Ok(b)) => formula::hash(&a) == formula::hash(&b),
        _ => a.trim() == b.trim(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> Ontology {
        Ontology::read(crate::model::scenario::ALL[0].ontology)
    }

    fn compared(change: impl FnOnce(&mut Ontology)) -> Fit {
        let (ours, mut theirs) = (ours(), ours());
        change(&mut theirs);
        fit(&ours, &ours.needed(&[]), &theirs)
    }

    #[test]
    fn what_is_not_there_is_missing() {
        let ours = ours();
        let found = fit(&ours, &ours.needed(&[]), &Ontology::default());
        assert_eq!(found.missing_entities, ["member", "policy"]);
        assert_eq!(found.missing_metrics.len(), 9);
        assert_eq!(found.missing_relationships, ["policy_held_by_member"]);
        assert_eq!(found.differences, Vec::<String>::new());
        assert_eq!(found.attributes["policy"].len(), 9);
        let some = fit(
            &ours,
            &ours.needed(&["retention_rate".to_owned()]),
            &Ontology::default(),
        );
        assert_eq!(some.missing_entities, ["policy"]);
        assert_eq!(some.missing_metrics, ["retention_rate"]);
        assert!(some.missing_relationships.is_empty());
    }

    #[test]
    fn what_does_not_count_fits() {
        let found = compared(|theirs| {
            theirs.metrics[0].formula = "(end-new)/start -- as agreed".to_owned();
            let extra = Attribute {
                code: "agent_id".into(),
                data_type: "string".into(),
                nullable: true,
                ..Default::default()
            };
            theirs.entities[0].attributes.push(extra);
            theirs.entities[0]
                .attributes
                .retain(|a| a.code != "end_date");
            theirs.entities[0].attributes[4].allowed_values.clear();
        });
        assert_eq!(found.differences, Vec::<String>::new());
        assert!(!found.attributes["policy"].contains(&"end_date".to_owned()));
        assert_eq!(found.attributes["policy"].len(), 8);
    }

    #[test]
    fn what_counts_is_named() {
        let found = compared(|theirs| {
            theirs.metrics[0].formula = "end / start".to_owned();
            theirs.metrics[1].set.as_mut().unwrap().filter =
                "policy.status = 'Suspended'".to_owned();
            let policy = &mut theirs.entities[0];
            policy.attributes.retain(|a| a.code != "monthly_premium");
            policy.attributes[3].data_type = "integer".to_owned();
            policy.attributes[5].allowed_values = vec!["Active".to_owned()];
            policy.attributes.push(Attribute {
                code: "agent_id".into(),
                data_type: "string".into(),
                ..Default::default()
            });
            theirs.relationships[0].to.attribute = "joined_on".to_owned();
        });
        assert_eq!(
            found.differences,
            [
                "entity policy: region_code is of type integer, not string",
                "entity policy: status allows only Active",
                "entity policy: has no attribute monthly_premium",
                "entity policy: agent_id is required and not known to the scenario",
                "metric retention_rate: is `end / start`, not `(end - new) / start`",
                "metric retention_rate_simple: compares other sets",
                "relationship policy_held_by_member: joins other attributes",
            ]
        );
    }
}
