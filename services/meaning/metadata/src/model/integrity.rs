//! Referential integrity: what a definition refers to exists, and nothing is built on itself.

use super::{Body, Definition, Kind, relationship::Relationship};
use crate::reasons;
use error::{Violation, Violations};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

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

    /// Everything that the fields of `definition` name and that is not there, all at once, each at its field. What a
    /// formula names is for [`super::typing`], which knows more of it.
    pub(crate) fn check(&self, definition: &Definition) -> Vec<Violation> {
        let mut found = Violations::new();
        for reference in definition.declared() {
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
}

/// Every circle among the definitions: one for each group of definitions that are built on each other, from its
/// smallest code on.
pub(crate) fn cycles<'a>(
    definitions: impl IntoIterator<Item = &'a Definition>,
) -> Vec<(Kind, Vec<String>)> {
    let mut edges: BTreeMap<Kind, Edges> = BTreeMap::new();
    for definition in definitions {
        edges
            .entry(definition.kind())
            .or_default()
            .insert(definition.code().to_owned(), definition.foundations());
    }
    let found = edges.iter().flat_map(|(kind, edges)| {
        let cycles = find_cycles(edges.keys().map(String::as_str), edges);
        cycles.into_iter().map(|cycle| (*kind, cycle))
    });
    found.collect()
}

/// What is wrong with `definition`, from which `cycle` starts.
pub(crate) fn cycle_violation(definition: &Definition, cycle: &[String]) -> Violation {
    let path = definition.references().into_iter().find(|reference| {
        reference.kind == definition.kind() && Some(&reference.code) == cycle.get(1)
    });
    let path = path.map_or_else(String::new, |reference| reference.path);
    let steps = if cycle.len() <= NAMED {
        cycle.join(" → ")
    } else {
        // The whole circle may be longer than a message can be.
        let (start, end) = (&cycle[..NAMED / 2], &cycle[cycle.len() - NAMED / 2..]);
        let more = cycle.len() - start.len() - end.len();
        format!(
            "{} → ({more} more) → {}",
            start.join(" → "),
            end.join(" → ")
        )
    };
    let words = format!("{} {steps} is built on itself", definition.kind().name());
    Violation::new(path, reasons::DEFINITION_CYCLE.name, words)
}

/// Codes of a circle that a message names.
const NAMED: usize = 20;

/// Who is built on whom among definitions of one kind.
pub(crate) type Edges = BTreeMap<String, Vec<String>>;

/// One circle for each group of codes that are built on each other and that has one of `starts`, from the first of
/// them. Takes time and space in proportion to what there is, and no more of the thread's stack for a longer chain.
pub(crate) fn find_cycles<'a>(
    starts: impl IntoIterator<Item = &'a str>,
    edges: &Edges,
) -> Vec<Vec<String>> {
    let graph = Graph::of(edges);
    let groups = graph.groups();
    let mut done = HashSet::new();
    let starts = starts
        .into_iter()
        .filter_map(|start| graph.codes.binary_search(&start).ok());
    starts
        .filter(|start| done.insert(groups[*start]))
        .filter_map(|start| graph.way_back(start, &groups))
        .collect()
}

/// Edges by number; the codes are sorted. What is built on nothing is left out: no circle goes through it.
struct Graph<'a> {
    codes: Vec<&'a str>,
    targets: Vec<Vec<usize>>,
}

impl<'a> Graph<'a> {
    fn of(edges: &'a Edges) -> Self {
        let codes: Vec<_> = edges.keys().map(String::as_str).collect();
        let number = |target: &String| codes.binary_search(&target.as_str()).ok();
        let targets = edges
            .values()
            .map(|targets| targets.iter().filter_map(number).collect())
            .collect();
        Self { codes, targets }
    }

    /// The group of each code: of one group are those that are built on each other (Kosaraju's algorithm).
    fn groups(&self) -> Vec<usize> {
        let count = self.codes.len();
        let (mut seen, mut finished) = (vec![false; count], Vec::with_capacity(count));
        let mut way = Vec::new();
        for root in 0..count {
            if std::mem::replace(&mut seen[root], true) {
                continue;
            }
            way.push((root, self.targets[root].iter()));
            while let Some((node, ahead)) = way.last_mut() {
                match ahead.next() {
                    Some(&target) if !std::mem::replace(&mut seen[target], true) => {
                        way.push((target, self.targets[target].iter()));
                    }
                    Some(_) => {}
                    None => {
                        finished.push(*node);
                        way.pop();
                    }
                }
            }
        }
        let mut sources = vec![Vec::new(); count];
        for (node, targets) in self.targets.iter().enumerate() {
            targets
                .iter()
                .for_each(|target| sources[*target].push(node));
        }
        let mut groups = vec![usize::MAX; count];
        for (group, root) in finished.into_iter().rev().enumerate() {
            let mut open = vec![root];
            while let Some(node) = open.pop() {
                if groups[node] == usize::MAX {
                    groups[node] = group;
                    open.extend(&sources[node]);
                }
            }
        }
        groups
    }

    /// A shortest way from `start` back to itself, with `start` at both ends. It never leaves the group.
    fn way_back(&self, start: usize, groups: &[usize]) -> Option<Vec<String>> {
        let mut before = HashMap::new();
        let mut open = VecDeque::from([start]);
        while let Some(node) = open.pop_front() {
            for &target in &self.targets[node] {
                if target == start {
                    let back = std::iter::successors(Some(node), |node| before.get(node).copied());
                    let mut way: Vec<_> = back.map(|node| self.codes[node].to_owned()).collect();
                    way.reverse();
                    way.push(self.codes[start].to_owned());
                    return Some(way);
                }
                if groups[target] == groups[start] && !before.contains_key(&target) {
                    before.insert(target, node);
                    open.push_back(target);
                }
            }
        }
        None
    }
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

    fn found(starts: &[&str], edges: &Edges) -> Vec<String> {
        let cycles = find_cycles(starts.iter().copied(), edges);
        cycles.iter().map(|cycle| cycle.join(" ")).collect()
    }

    #[test]
    fn a_cycle_is_named_from_where_it_was_found() {
        let edges = edges(&[("a", "b"), ("b", "d"), ("b", "c"), ("c", "a"), ("x", "a")]);
        assert_eq!(found(&["b"], &edges), ["b c a b"]);
        assert!(found(&["x", "d", "nobody"], &edges).is_empty());
    }

    #[test]
    fn what_is_built_on_each_other_is_named_once() {
        let edges = edges(&[
            ("a", "b"),
            ("b", "a"),
            ("b", "c"),
            ("c", "b"),
            ("y", "a"),
            ("y", "y"),
        ]);
        assert_eq!(found(&["c", "x", "y", "b", "a"], &edges), ["c b c", "y y"]);
    }

    #[test]
    fn a_long_chain_needs_no_stack_and_a_long_circle_fits_into_a_message() {
        let mut edges: Edges = (0..100_000)
            .map(|n: u32| (n.to_string(), vec![(n + 1).to_string()]))
            .collect();
        assert!(find_cycles(edges.keys().map(String::as_str), &edges).is_empty());
        edges.insert("100000".to_owned(), vec!["0".to_owned()]);
        let cycles = find_cycles(edges.keys().map(String::as_str), &edges);
        assert_eq!((cycles.len(), cycles[0].len()), (1, 100_002));
        let zero = definition(
            Kind::Metric,
            json!({"code": "0", "entities": ["1"], "metrics": ["x", "1"]}),
        );
        let violation = cycle_violation(&zero, &cycles[0]);
        assert_eq!(
            (violation.field.as_str(), violation.reason.as_str()),
            ("metrics[1]", "DEFINITION_CYCLE")
        );
        let words = violation.description;
        assert!(words.starts_with("metric 0 → 1 → 2 → "), "{words}");
        assert!(words.contains(" → (99982 more) → 99992 → "), "{words}");
        assert!(
            words.ends_with(" → 100000 → 0 is built on itself"),
            "{words}"
        );
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
                let start = start.to_string();
                let cycles = find_cycles([start.as_str()], &edges);
                prop_assert_eq!(cycles.len(), usize::from(row[start.parse::<usize>().unwrap()]));
                for step in cycles.iter().flat_map(|cycle| cycle.windows(2)) {
                    prop_assert!(edges[&step[0]].contains(&step[1]));
                }
            }
            // Each group once, from its smallest code on.
            let all = find_cycles(edges.keys().map(String::as_str), &edges);
            let firsts: Vec<usize> = all.iter().map(|cycle| cycle[0].parse().unwrap()).collect();
            let expected: Vec<usize> = (0..8)
                .filter(|n| reach[*n][*n] && !(0..*n).any(|less| reach[*n][less] && reach[less][*n]))
                .collect();
            prop_assert_eq!(firsts, expected);
        }
    }
}
