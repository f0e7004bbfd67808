//! What the formula of a metric reads: entities, attributes and other metrics, each at its place in the text.
//!
//! The text alone decides, as it does for the `formula` crate: an aggregate reads the entity that it names first, or the
//! only one of the metric's `entities`. A bare name in it is an attribute of that entity, unless it is a listed entity.

use super::{Kind, Reference, metric::Metric};
use formula::{Expr, Level, Node, Position};
use std::collections::HashSet;

/// Names of the sets of a metric with a set.
const SETS: [&str; 5] = ["start", "end", "new", "retained", "dropped"];

impl Metric {
    /// The entity meant where an aggregate names none.
    pub(crate) fn default_entity(&self) -> Option<&str> {
        match self.entities.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// What the formula and the condition of the set read; nothing where they are no formulas.
    pub(crate) fn formula_references(&self) -> Vec<Reference> {
        self.uses().references
    }

    /// The same, with the names that could be read otherwise.
    pub(crate) fn uses(&self) -> Uses {
        let mut walk = Walk {
            metric: self,
            field: "formula",
            source: &self.formula,
            seen: HashSet::new(),
            found: Uses::default(),
        };
        if let Ok(expr) = formula::parse(&self.formula) {
            walk.total(&expr);
        }
        if let Some(set) = &self.set
            && let Ok(expr) = formula::parse(&set.filter)
        {
            (walk.field, walk.source) = ("set.filter", &set.filter);
            walk.row(&expr, Some(&set.member.entity));
        }
        walk.found
    }
}

/// What a formula names.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    /// Entities, attributes and metrics, in the order of the text.
    pub(crate) references: Vec<Reference>,
    /// Bare names that are read as attributes: none of them may be the code of an entity, which would come first.
    pub(crate) bare: Vec<String>,
}

/// Walks a tree; of what is used more than once the first place counts.
struct Walk<'a> {
    metric: &'a Metric,
    field: &'static str,
    source: &'a str,
    seen: HashSet<(Kind, String, String)>,
    found: Uses,
}

impl Walk<'_> {
    fn add(&mut self, at: &Expr, kind: Kind, code: &str, part: &str) {
        let (code, part) = (code.to_owned(), part.to_owned());
        if self.seen.insert((kind, code.clone(), part.clone())) {
            let Position { line, column } = Position::of(self.source, at.span.start as usize);
            self.found.references.push(Reference {
                path: format!("{}[{line}:{column}]", self.field),
                kind,
                code,
                part,
            });
        }
    }

    /// Outside of aggregates: a name is a metric, or one of the sets.
    fn total(&mut self, expr: &Expr) {
        match &expr.node {
            Node::Name(name) => {
                if self.metric.set.is_none() || !SETS.contains(&name.as_str()) {
                    self.add(expr, Kind::Metric, name, "");
                }
            }
            Node::Path { entity, attribute } => self.add(expr, Kind::Entity, entity, attribute),
            Node::Call {
                function,
                arguments,
                filter,
            } if reads_rows(function) => self.aggregate(expr, arguments, filter.as_deref()),
            _ => children(expr, &mut |child| self.total(child)),
        }
    }

    fn aggregate(&mut self, call: &Expr, arguments: &[Expr], filter: Option<&Expr>) {
        let argument = arguments.first();
        let mut first = None;
        for part in argument.into_iter().chain(filter) {
            first_path(part, &mut first);
        }
        let bare = argument.and_then(|argument| match &argument.node {
            Node::Name(name) => Some(name),
            _ => None,
        });
        let listed = |name: &&String| self.metric.entities.contains(*name);
        let default = || self.metric.default_entity().map(str::to_owned);
        let entity = first
            .as_ref()
            .map(|(_, entity)| (*entity).to_owned())
            .or_else(|| bare.filter(listed).cloned())
            .or_else(default)
            .or_else(|| bare.cloned());
        match argument {
            // All rows: `count(*)`, `count()`, `count(policy)`.
            None => self.rows(call, entity.as_deref()),
            Some(argument) if argument.node == Node::Star || bare == entity.as_ref() => {
                self.rows(argument, entity.as_deref());
            }
            Some(argument) => {
                // With a path beside it there is no doubt whose attribute it is.
                let doubtful = bare.filter(|_| first.is_none());
                self.found.bare.extend(doubtful.cloned());
                self.row(argument, entity.as_deref());
            }
        }
        for part in arguments.iter().skip(1).chain(filter) {
            self.row(part, entity.as_deref());
        }
    }

    fn rows(&mut self, at: &Expr, entity: Option<&str>) {
        if let Some(entity) = entity {
            self.add(at, Kind::Entity, entity, "");
        }
    }

    /// Inside of aggregates and conditions: a name is an attribute.
    fn row(&mut self, expr: &Expr, entity: Option<&str>) {
        match (&expr.node, entity) {
            (Node::Path { entity, attribute }, _) => {
                self.add(expr, Kind::Entity, entity, attribute);
            }
            (Node::Name(name), Some(entity)) => self.add(expr, Kind::Entity, entity, name),
            _ => children(expr, &mut |child| self.row(child, entity)),
        }
    }
}

fn reads_rows(function: &str) -> bool {
    let found = formula::function_named(function);
    found.is_some_and(|function| function.level != Level::Scalar)
}

/// The entity that stands first in the text.
fn first_path<'a>(expr: &'a Expr, first: &mut Option<(u32, &'a str)>) {
    if let Node::Path { entity, .. } = &expr.node
        && first.is_none_or(|(at, _)| expr.span.start < at)
    {
        *first = Some((expr.span.start, entity));
    }
    children(expr, &mut |child| first_path(child, first));
}

/// Calls `each` with what an expression is made of, in no particular order of depth but in that of the text.
fn children<'a>(expr: &'a Expr, each: &mut dyn FnMut(&'a Expr)) {
    match &expr.node {
        Node::Unary(_, operand) => each(operand),
        Node::Binary(_, left, right) => [left, right].into_iter().for_each(|side| each(side)),
        Node::In { value, list, .. } => {
            each(value);
            list.iter().for_each(each);
        }
        Node::Between {
            value, low, high, ..
        } => [value, low, high].into_iter().for_each(|part| each(part)),
        Node::IsNull { value, .. } => each(value),
        Node::Case { arms, otherwise } => {
            for (condition, result) in arms {
                each(condition);
                each(result);
            }
            if let Some(otherwise) = otherwise {
                each(otherwise);
            }
        }
        Node::Call {
            arguments, filter, ..
        } => {
            arguments.iter().for_each(&mut *each);
            if let Some(filter) = filter {
                each(filter);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn uses(metric: serde_json::Value) -> Vec<String> {
        let metric: Metric = serde_json::from_value(metric).unwrap();
        let show = |used: Reference| {
            let dot = if used.part.is_empty() { "" } else { "." };
            format!(
                "{} {} {}{dot}{}",
                used.path,
                used.kind.name(),
                used.code,
                used.part
            )
        };
        metric.formula_references().into_iter().map(show).collect()
    }

    #[test]
    fn every_name_is_found_where_it_first_stands() {
        let formula =
            "sum(claim.paid where claim.status = 'x' and paid > 1)\n / round(premium, 2) - premium";
        assert_eq!(
            uses(json!({"formula": formula})),
            [
                "formula[1:5] entity claim.paid",
                "formula[1:22] entity claim.status",
                "formula[2:10] metric premium",
            ]
        );
    }

    #[test]
    fn bare_names_are_of_the_only_entity_or_listed_entities() {
        let cases = [
            (
                json!({"formula": "sum(paid)", "entities": ["claim"]}),
                "formula[1:5] entity claim.paid",
            ),
            (
                json!({"formula": "count(*)", "entities": ["claim"]}),
                "formula[1:7] entity claim",
            ),
            (
                json!({"formula": "count()", "entities": ["claim"]}),
                "formula[1:1] entity claim",
            ),
            (
                json!({"formula": "count(b)", "entities": ["a", "b"]}),
                "formula[1:7] entity b",
            ),
            (json!({"formula": "count(b)"}), "formula[1:7] entity b"),
            (
                json!({"formula": "count(a where a.x = 1)"}),
                "formula[1:7] entity a",
            ),
        ];
        for (metric, used) in cases {
            assert_eq!(uses(metric)[0], used);
        }
    }

    #[test]
    fn sets_are_no_metrics_and_their_condition_is_read_too() {
        let set = json!({"member": {"entity": "policy", "attribute": "id"}, "filter": "status = 'A' or policy.lapsed"});
        assert_eq!(
            uses(json!({"formula": "(end - new) / start + other", "set": set})),
            [
                "formula[1:23] metric other",
                "set.filter[1:1] entity policy.status",
                "set.filter[1:17] entity policy.lapsed",
            ]
        );
        assert_eq!(uses(json!({"formula": "start + "})), [] as [&str; 0]);
        assert_eq!(
            uses(json!({"formula": "start"})),
            ["formula[1:1] metric start"]
        );
    }
}
