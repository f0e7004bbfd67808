//! References, findings, exchange and diagrams.

use super::{contract, shared::kind};
use crate::{
    model::{
        Definition, Kind,
        integrity::{cycle_violation, cycles},
        ontology::Item,
        uml::{Graph, Link, Node},
    },
    reasons,
    store::{Finding, Outcome, ReferenceRow, ResultLine},
};
use error::{Error, Violation, Violations};
use prost::Message;
use proto_meaning::tessera::metadata::v1;
use std::collections::{HashMap, HashSet};
use value::Id;

pub(crate) use super::shared::kinds;

/// The contract of an import, checked item by item: all definitions, or a result for each that is refused.
pub(crate) fn items(items: Vec<Item>) -> (Vec<(Definition, u32)>, Vec<ResultLine>) {
    let (mut good, mut bad, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for Item {
        kind,
        code,
        line,
        definition,
    } in items
    {
        let found = match &definition {
            Err(error) => error.violations().to_vec(),
            Ok(definition) => {
                let mut found = contract(definition);
                definition.check(&mut found);
                if !seen.insert((kind, code.clone())) {
                    found.add(
                        "code",
                        "DUPLICATE",
                        format!("`{code}` stands twice in the text"),
                    );
                }
                found.as_slice().to_vec()
            }
        };
        match definition {
            Ok(definition) if found.is_empty() => good.push((definition, line)),
            _ => bad.push(ResultLine {
                kind,
                code,
                line,
                outcome: Outcome::Refused(found),
            }),
        }
    }
    (good, bad)
}

/// The circles that a text closes by itself, each at the definition it starts from.
pub(crate) fn circles(definitions: &[(Definition, u32)]) -> Vec<ResultLine> {
    let known: HashMap<_, _> = definitions
        .iter()
        .map(|(definition, line)| ((definition.kind(), definition.code()), (definition, *line)))
        .collect();
    let found = cycles(definitions.iter().map(|(definition, _)| definition));
    let line = |(kind, cycle): (Kind, Vec<String>)| {
        let (definition, line) = known.get(&(kind, cycle[0].as_str()))?;
        Some(ResultLine {
            kind,
            code: cycle[0].clone(),
            line: *line,
            outcome: Outcome::Refused(vec![cycle_violation(definition, &cycle)]),
        })
    };
    found.into_iter().filter_map(line).collect()
}

/// The answer to an import; an error where something was refused and it was no dry run.
pub(crate) fn imported(lines: Vec<ResultLine>, applied: bool) -> v1::ImportOntologyResponse {
    v1::ImportOntologyResponse {
        results: lines.into_iter().map(result).collect(),
        applied,
    }
}

/// The answer to an import that was asked for in earnest.
pub(crate) fn applied(lines: Vec<ResultLine>, applied: bool) -> Result<Vec<u8>, Error> {
    if applied {
        return Ok(imported(lines, true).encode_to_vec());
    }
    Err(refused(&lines))
}

/// The answer to a dry run.
pub(crate) fn previewed(lines: Vec<ResultLine>, _: bool) -> Result<Vec<u8>, Error> {
    Ok(imported(lines, false).encode_to_vec())
}

/// The error of an import of which something was refused: every violation, with kind, code and line.
pub(crate) fn refused(lines: &[ResultLine]) -> Error {
    let mut found = Violations::new();
    for line in lines {
        let Outcome::Refused(violations) = &line.outcome else {
            continue;
        };
        for violation in violations {
            let field = format!("{}[{}].{}", line.kind.plural(), line.code, violation.field);
            found.add(
                field,
                &violation.reason,
                format!("line {}: {}", line.line, violation.description),
            );
        }
    }
    let words = format!(
        "{} things are wrong, so nothing was stored",
        found.as_slice().len()
    );
    let error = Error::new(&reasons::ONTOLOGY_REFUSED, words);
    found
        .as_slice()
        .iter()
        .cloned()
        .fold(error, Error::with_violation)
}

fn result(line: ResultLine) -> v1::ImportResult {
    let name = reference(Id::NIL, line.kind, &line.code, "");
    let (outcome, violations) = match line.outcome {
        Outcome::Created => (v1::ImportOutcome::Created, Vec::new()),
        Outcome::Updated => (v1::ImportOutcome::Updated, Vec::new()),
        Outcome::Unchanged => (v1::ImportOutcome::Unchanged, Vec::new()),
        Outcome::Refused(violations) => (v1::ImportOutcome::Refused, violations),
    };
    v1::ImportResult {
        kind: kind(line.kind),
        code: line.code,
        outcome: outcome as i32,
        line: i32::try_from(line.line).unwrap_or(0),
        findings: violations
            .into_iter()
            .map(|violation| wire_finding(name.clone(), violation))
            .collect(),
    }
}

/// One thing that is wrong.
pub(crate) fn finding(finding: Finding) -> v1::ConsistencyFinding {
    let name = reference(finding.id, finding.kind, &finding.code, &finding.name);
    wire_finding(name, finding.violation)
}

fn wire_finding(definition: v1::DefinitionRef, violation: Violation) -> v1::ConsistencyFinding {
    v1::ConsistencyFinding {
        definition: Some(definition),
        field: violation.field,
        reason: violation.reason,
        description: violation.description,
    }
}

/// A definition by all its names; no id where it is nothing.
pub(super) fn reference(id: Id, of: Kind, code: &str, name: &str) -> v1::DefinitionRef {
    let id = if id.is_nil() {
        String::new()
    } else {
        id.to_string()
    };
    v1::DefinitionRef {
        id,
        kind: kind(of),
        code: code.to_owned(),
        name: name.to_owned(),
    }
}

/// One reference between definitions.
pub(crate) fn wire_reference(row: ReferenceRow) -> v1::Reference {
    v1::Reference {
        from: Some(reference(
            row.from.id,
            row.from.kind,
            &row.from.code,
            &row.from.name,
        )),
        path: row.path,
        to: Some(reference(
            row.to.id,
            row.to.kind,
            &row.to.code,
            &row.to.name,
        )),
        part: row.part,
    }
}

/// A diagram.
pub(crate) fn graph(graph: Graph) -> v1::Graph {
    let node = |node: Node| v1::GraphNode {
        id: node.id,
        kind: kind(node.kind),
        label: node.label,
        group: node.group,
        definition_id: node.definition.to_string(),
        lines: node.lines,
    };
    let link = |link: Link| v1::GraphLink {
        source: link.source,
        target: link.target,
        label: link.label,
        r#type: if link.cardinality.is_some() {
            "relationship"
        } else {
            "reference"
        }
        .to_owned(),
        cardinality: link.cardinality.unwrap_or_default().to_owned(),
    };
    v1::Graph {
        nodes: graph.nodes.into_iter().map(node).collect(),
        links: graph.links.into_iter().map(link).collect(),
    }
}
