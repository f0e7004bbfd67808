//! Diagrams of the ontology: nodes and links as D3 takes them, and the same as a PlantUML class diagram.

use super::{Body, Definition, Kind, Record};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};
use value::Id;

/// Nodes and links.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    pub(crate) links: Vec<Link>,
}

/// One definition.
#[derive(Debug, PartialEq)]
pub(crate) struct Node {
    /// `<kind>.<code>`.
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) label: String,
    /// `<value chain>.<module>`; empty where it belongs to none.
    pub(crate) group: String,
    pub(crate) definition: Id,
    /// What stands inside the box.
    pub(crate) lines: Vec<String>,
}

/// A relationship, with a cardinality, or a reference, without.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Link {
    pub(crate) source: String,
    pub(crate) target: String,
    pub(crate) label: String,
    pub(crate) cardinality: Option<&'static str>,
}

/// The definitions for which `shown` holds, and the links between them. A relationship is a link, all else are nodes.
pub(crate) fn graph(records: &[Record], shown: impl Fn(&Definition) -> bool) -> Graph {
    let mut nodes: Vec<_> = records
        .iter()
        .filter(|record| {
            record.definition.kind() != Kind::Relationship && shown(&record.definition)
        })
        .map(node)
        .collect();
    nodes.sort_by(|a, b| (a.kind, &a.id).cmp(&(b.kind, &b.id)));
    let known: BTreeSet<_> = nodes.iter().map(|node| node.id.as_str()).collect();
    let links: BTreeSet<_> = records
        .iter()
        .flat_map(|record| links(&record.definition))
        .filter(|link| known.contains(link.source.as_str()) && known.contains(link.target.as_str()))
        .collect();
    Graph {
        links: links.into_iter().collect(),
        nodes,
    }
}

fn node_id(kind: Kind, code: &str) -> String {
    format!("{}.{code}", kind.name())
}

fn node(record: &Record) -> Node {
    let Definition { header, body } = &record.definition;
    let group =
        header
            .module
            .as_ref()
            .map_or_else(String::new, |module| match module.module.as_str() {
                "" => module.value_chain.clone(),
                part => format!("{}.{part}", module.value_chain),
            });
    let lines = match body {
        Body::Entity(entity) => entity
            .attributes
            .iter()
            .map(|attribute| {
                let data_type = attribute
                    .data_type
                    .map_or_else(String::new, |data_type| format!(": {data_type}"));
                let key = if attribute.primary_key { " {key}" } else { "" };
                format!("{}{data_type}{key}", attribute.code)
            })
            .collect(),
        Body::Metric(metric) if !metric.formula.is_empty() => {
            vec![format!("= {}", one_line(&metric.formula))]
        }
        Body::ValueChain(chain) => chain
            .modules
            .iter()
            .map(|module| module.code.clone())
            .collect(),
        _ => Vec::new(),
    };
    Node {
        id: node_id(body.kind(), &header.code),
        kind: body.kind(),
        label: header.name.clone(),
        group,
        definition: record.id,
        lines,
    }
}

fn links(definition: &Definition) -> Vec<Link> {
    if let Body::Relationship(relationship) = &definition.body {
        return vec![Link {
            source: node_id(Kind::Entity, &relationship.from.entity),
            target: node_id(Kind::Entity, &relationship.to.entity),
            label: definition.header.name.clone(),
            cardinality: relationship
                .cardinality
                .map(|cardinality| cardinality.name()),
        }];
    }
    let source = node_id(definition.kind(), definition.code());
    let link = |reference: super::Reference| Link {
        source: source.clone(),
        target: node_id(reference.kind, &reference.code),
        label: reference
            .path
            .split(['[', '.'])
            .next()
            .unwrap_or_default()
            .to_owned(),
        cardinality: None,
    };
    let mut links: Vec<_> = definition.declared().into_iter().map(link).collect();
    let said: BTreeSet<_> = links.iter().map(|link| link.target.clone()).collect();
    let read = definition.references().into_iter().map(link);
    links.extend(read.filter(|link| !said.contains(&link.target)));
    links
}

/// A class diagram: one package per module, relationships as associations, references as dependencies.
pub(crate) fn plantuml(graph: &Graph) -> String {
    let mut out = String::from("@startuml\nhide circle\nhide empty members\n");
    let mut groups: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
    for node in &graph.nodes {
        groups.entry(&node.group).or_default().push(node);
    }
    for (group, nodes) in groups {
        let (indent, end) = if group.is_empty() {
            ("", "")
        } else {
            out.push_str(&format!("package \"{group}\" {{\n"));
            ("  ", "}\n")
        };
        for node in nodes {
            let (alias, kind) = (alias(&node.id), node.kind.name());
            out.push_str(&format!(
                "{indent}class \"{}\" as {alias} <<{kind}>> {{\n",
                quoted(&node.label)
            ));
            for line in &node.lines {
                // A brace would end the class, and a line may begin with what PlantUML takes for a command.
                let _ = writeln!(out, "{indent}  {{field}} {}", braceless(line));
            }
            out.push_str(&format!("{indent}}}\n"));
        }
        out.push_str(end);
    }
    for link in &graph.links {
        let (source, target, label) = (
            alias(&link.source),
            alias(&link.target),
            quoted(&link.label),
        );
        let arrow = match link.cardinality {
            None => "..>",
            Some("one_to_one") => "\"1\" -- \"1\"",
            Some("one_to_many") => "\"1\" -- \"*\"",
            Some("many_to_one") => "\"*\" -- \"1\"",
            Some(_) => "\"*\" -- \"*\"",
        };
        let _ = writeln!(out, "{source} {arrow} {target} : {label}");
    }
    out.push_str("@enduml\n");
    out
}

fn alias(id: &str) -> String {
    id.replace('.', "__")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn quoted(text: &str) -> String {
    one_line(text).replace('"', "'")
}

fn braceless(text: &str) -> String {
    text.replace("{key}", "<<key>>")
        .replace('{', "(")
        .replace('}', ")")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use value::Time;

    fn record(kind: Kind, document: serde_json::Value) -> Record {
        let definition = Definition::of_document(kind, document).unwrap();
        Record {
            id: Id::NIL,
            version: 1,
            created: Time::EPOCH,
            updated: Time::EPOCH,
            deleted: None,
            definition,
        }
    }

    fn sample() -> Vec<Record> {
        let key = json!({"code": "policy_id", "type": "string", "primary_key": true});
        let module = json!({"value_chain": "insurance", "module": "sales"});
        vec![
            record(
                Kind::Entity,
                json!({"code": "policy", "name": "Pol\"icy\n@enduml", "attributes": [key], "module": module}),
            ),
            record(Kind::Entity, json!({"code": "member", "name": "Member"})),
            record(
                Kind::Relationship,
                json!({
                    "code": "holds", "name": "holds", "from": {"entity": "member"}, "to": {"entity": "policy"},
                    "cardinality": "one_to_many",
                }),
            ),
            record(
                Kind::Metric,
                json!({"code": "m", "name": "M", "formula": "{a}\n+ 1", "entities": ["policy", "gone"]}),
            ),
        ]
    }

    /// Proves: META-14
    #[test]
    fn a_diagram_shows_nodes_and_links() {
        let graph = graph(&sample(), |_| true);
        let ids: Vec<_> = graph.nodes.iter().map(|node| node.id.as_str()).collect();
        assert_eq!(ids, ["entity.member", "entity.policy", "metric.m"]);
        assert_eq!(graph.links.len(), 2);
        let expected = "\
@startuml
hide circle
hide empty members
class \"Member\" as entity__member <<entity>> {
}
class \"M\" as metric__m <<metric>> {
  {field} = (a) + 1
}
package \"insurance.sales\" {
  class \"Pol'icy @enduml\" as entity__policy <<entity>> {
    {field} policy_id: string <<key>>
  }
}
entity__member \"1\" -- \"*\" entity__policy : holds
metric__m ..> entity__policy : entities
@enduml
";
        assert_eq!(plantuml(&graph), expected);
    }

    #[test]
    fn what_is_not_shown_has_no_links() {
        let graph = graph(&sample(), |definition| definition.header.module.is_some());
        assert_eq!((graph.nodes.len(), graph.links.len()), (1, 0));
    }
}
