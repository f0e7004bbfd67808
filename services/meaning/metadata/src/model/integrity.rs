//! Referential integrity: what a definition refers to exists, and nothing is built on itself.

use super::{Body, Definition, Kind, relationship::Relationship};
use error::{Violation, Violations};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The definitions that are known to whoever checks, by kind and code.
#[derive(Debug, Default)]
pub(crate) struct Catalogue(HashMap<(Kind, String), Definition>);

impl FromIterator<Definition> for Catalogue {
    fn from_iter<I: IntoIterator<Item = Definition>>(definitions: I) -> Self {
        Self(
            definitions
                .into_iter()
                .map(|d| ((d.kind(), d.code().to_owned()), d))
                .collect(),
        )
    }
}

impl Catalogue {
    fn get(&self, kind: Kind, code: &str) -> Option<&Definition> {
        self.0.get(&(kind, code.to_owned()))
    }

    /// Everything that `definition` refers to and that is not there, all at once, each at its field.
    pub(crate) fn check(&self, definition: &Definition) -> Vec<Violation> {
        let mut found = Violations::new();
        for reference in definition.references() {
            let (kind, code, part) = (reference.kind, &reference.code, reference.part.as_str());
            match self.get(kind, code) {
                None => {
                    found.add(
                        reference.path,
                        "UNKNOWN_REFERENCE",
                        format!("there is no {} `{code}`", kind.name()),
                    );
                }
                Some(target) if !part.is_empty() && !target.parts().contains(&part) => {
                    let words = format!("the {} `{code}` has no `{part}`", kind.name());
                    found.add(reference.path, "UNKNOWN_REFERENCE", words);
                }
                Some(_) => {}
            }
        }
        if let Body::Relationship(relationship) = &definition.body {
            self.check_types(relationship, &mut found);
        }
        found.as_slice().to_vec()
    }

    /// Both ends of a relationship hold the same type, or no row would ever match.
    fn check_types(&self, relationship: &Relationship, found: &mut Violations) {
        let type_of = |entity: &str, attribute: &str| {
            let Body::Entity(entity) = &self.get(Kind::Entity, entity)?.body else {
                return None;
            };
            entity
                .attributes
                .iter()
                .find(|known| known.code == attribute)?
                .data_type
        };
        let (from, to) = (&relationship.from, &relationship.to);
        let types = (
            type_of(&from.entity, &from.attribute),
            type_of(&to.entity, &to.attribute),
        );
        if let (Some(from), Some(to)) = types {
            let words = format!("a {to} never equals the {from} at the other end");
            found.check(from == to, "to", "TYPE_MISMATCH", words);
        }
    }

    /// Every circle of definitions of one kind, each once, from its smallest code on.
    pub(crate) fn cycles(&self) -> Vec<(Kind, Vec<String>)> {
        let mut edges: BTreeMap<Kind, Edges> = BTreeMap::new();
        for definition in self.0.values() {
            let own = definition
                .references()
                .into_iter()
                .filter(|reference| reference.kind == definition.kind());
            let targets = edges
                .entry(definition.kind())
                .or_default()
                .entry(definition.code().to_owned())
                .or_default();
            targets.extend(own.map(|reference| reference.code));
        }
        let circles = edges
            .iter()
            .flat_map(|(kind, edges)| edges.keys().map(move |start| (*kind, edges, start)));
        circles
            .filter_map(|(kind, edges, start)| Some((kind, find_cycle(start, edges)?)))
            .filter(|(_, cycle)| cycle.iter().min() == cycle.first())
            .collect()
    }
}

/// Who is built on whom among definitions of one kind.
pub(crate) type Edges = BTreeMap<String, Vec<String>>;

/// A way from `start` back to itself, with `start` at both ends.
pub(crate) fn find_cycle(start: &str, edges: &Edges) -> Option<Vec<String>> {
    let mut seen = HashSet::new();
    // A stack of its own: a long chain of definitions must not use up the thread's.
    let mut way: Vec<(&str, std::slice::Iter<'_, String>)> =
        vec![(start, edges.get(start)?.iter())];
    while let Some((_, ahead)) = way.last_mut() {
        match ahead.next() {
            Some(next) if next == start => {
                let steps = way.iter().map(|(code, _)| (*code).to_owned());
                return Some(steps.chain([start.to_owned()]).collect());
            }
            Some(next) if seen.insert(next.as_str()) => {
                if let Some(targets) = edges.get(next) {
                    way.push((next, targets.iter()));
                }
            }
            Some(_) => {}
            None => {
                way.pop();
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn definition(kind: Kind, document: serde_json::Value) -> Definition {
        Definition::of_document(kind, document).unwrap()
    }

    fn edges(pairs: &[(&str, &str)]) -> Edges {
        let mut edges = Edges::new();
        for (from, to) in pairs {
            edges
                .entry((*from).to_owned())
                .or_default()
                .push((*to).to_owned());
        }
        edges
    }

    #[test]
    fn a_cycle_is_named_from_where_it_was_found() {
        let edges = edges(&[("a", "b"), ("b", "d"), ("b", "c"), ("c", "a"), ("x", "a")]);
        assert_eq!(
            find_cycle("b", &edges),
            Some(["b", "c", "a", "b"].map(String::from).to_vec())
        );
        assert_eq!(find_cycle("x", &edges), None);
        assert_eq!(find_cycle("nobody", &edges), None);
    }

    #[test]
    fn what_refers_to_itself_is_a_cycle_of_one() {
        assert_eq!(
            find_cycle("a", &edges(&[("a", "a")])),
            Some(vec!["a".into(), "a".into()])
        );
    }

    #[test]
    fn a_long_chain_needs_no_stack() {
        let edges: Edges = (0..100_000)
            .map(|n: u32| (n.to_string(), vec![(n + 1).to_string()]))
            .collect();
        assert_eq!(find_cycle("0", &edges), None);
    }

    #[test]
    fn all_unknown_references_are_reported_at_once() {
        let policy = definition(
            Kind::Entity,
            json!({"code": "policy", "attributes": [{"code": "status"}]}),
        );
        let metric = definition(
            Kind::Metric,
            json!({
                "code": "m", "entities": ["policy", "claim"], "metrics": ["n"],
                "dimensions": [{"entity": "policy", "attribute": "status"}, {"entity": "policy", "attribute": "x"}],
            }),
        );
        let found = Catalogue::from_iter([policy]).check(&metric);
        let fields: Vec<_> = found
            .iter()
            .map(|violation| violation.field.as_str())
            .collect();
        assert_eq!(fields, ["entities[1]", "metrics[0]", "dimensions[1]"]);
        assert_eq!(found[0].description, "there is no entity `claim`");
    }

    #[test]
    fn both_ends_of_a_relationship_have_one_type() {
        let entity = |code: &str, data_type: &str| {
            definition(
                Kind::Entity,
                json!({"code": code, "attributes": [{"code": "id", "type": data_type}]}),
            )
        };
        let catalogue = Catalogue::from_iter([
            entity("a", "uuid"),
            entity("b", "string"),
            entity("c", "uuid"),
        ]);
        let relationship = |to: &str| {
            let ends = json!({"from": {"entity": "a", "attribute": "id"}, "to": {"entity": to, "attribute": "id"}});
            definition(Kind::Relationship, ends)
        };
        assert_eq!(
            catalogue.check(&relationship("b"))[0].reason,
            "TYPE_MISMATCH"
        );
        assert!(catalogue.check(&relationship("c")).is_empty());
    }

    proptest! {
        /// The cycle found is one, and where none is found there is none.
        #[test]
        fn cycles_are_found(pairs in proptest::collection::vec((0u8..8, 0u8..8), 0..16)) {
            let mut edges = Edges::new();
            for (from, to) in &pairs {
                edges.entry(from.to_string()).or_default().push(to.to_string());
            }
            let mut reach = [[false; 8]; 8];
            pairs.iter().for_each(|(from, to)| reach[*from as usize][*to as usize] = true);
            for via in 0..8 {
                for from in 0..8 {
                    for to in 0..8 {
                        reach[from][to] |= reach[from][via] && reach[via][to];
                    }
                }
            }
            for (start, row) in reach.iter().enumerate() {
                let cycle = find_cycle(&start.to_string(), &edges);
                prop_assert_eq!(cycle.is_some(), row[start]);
                for step in cycle.iter().flat_map(|cycle| cycle.windows(2)) {
                    prop_assert!(edges[&step[0]].contains(&step[1]));
                }
            }
        }
    }
}
