//! The metric language: functions, problems, trees.

use super::answer::value;
use crate::model::{
    definitions::{Definitions, handler},
    reading::shared_dimensions,
};
use formula::{LIBRARY, Level, Plan, Problem, State, Tree};
use proto_numbers::tessera::calculation::v1;

/// The functions that may stand there, by name, with what is syntax and looks like one.
pub(crate) fn functions(level: v1::FunctionLevel) -> Vec<v1::Function> {
    let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let of_library = LIBRARY.iter().filter(|function| function.is_calculated());
    let mut all: Vec<_> = of_library
        .map(|function| v1::Function {
            name: function.name.to_owned(),
            level: match function.level {
                Level::Aggregate => v1::FunctionLevel::Aggregate,
                Level::Set => v1::FunctionLevel::Set,
                Level::Scalar => v1::FunctionLevel::Scalar,
            }
            .into(),
            min_arguments: count(function.arguments.0),
            max_arguments: count(function.arguments.1),
            description: function.meaning.to_owned(),
            signature: function.signature.to_owned(),
        })
        .collect();
    let syntax = |name: &str, most: usize, description: &str, signature: &str| v1::Function {
        name: name.to_owned(),
        level: v1::FunctionLevel::Scalar.into(),
        min_arguments: 2,
        max_arguments: count(most),
        description: description.to_owned(),
        signature: signature.to_owned(),
    };
    all.push(syntax(
        "if",
        3,
        "first value where the condition holds, else the second, or null where there is none",
        "if(condition, value, otherwise)",
    ));
    all.push(syntax(
        "case",
        formula::MAX_TERMS,
        "value of the first condition that holds, else the last, or null where there is none",
        "case when condition then value … else otherwise end",
    ));
    let any = level == v1::FunctionLevel::Unspecified;
    all.retain(|function| any || function.level() == level);
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// Something that is wrong with a formula.
pub(crate) fn problem(problem: &Problem) -> v1::FormulaProblem {
    let narrow = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    v1::FormulaProblem {
        reason: problem.code.name().to_owned(),
        description: problem.message.clone(),
        hint: problem.hint.clone().unwrap_or_default(),
        line: narrow(problem.position.line),
        column: narrow(problem.position.column),
        start: narrow(problem.span.start),
        end: narrow(problem.span.end),
    }
}

/// What a formula is; its tree is without values.
pub(crate) fn checked(
    definitions: &Definitions,
    definition: &formula::Definition,
    plan: &Plan,
) -> v1::CheckFormulaResponse {
    let (canonical, hash) = canonical(&definition.formula);
    v1::CheckFormulaResponse {
        problems: Vec::new(),
        canonical,
        hash,
        r#type: plan.data_type().to_string(),
        unit: plan.unit().to_string(),
        kind: handler(plan.kind).name().to_owned(),
        entities: plan.entities.iter().cloned().collect(),
        metrics: plan.metrics.iter().cloned().collect(),
        attributes: plan
            .attributes
            .iter()
            .map(|(entity, attribute)| format!("{entity}.{attribute}"))
            .collect(),
        dimensions: shared_dimensions(plan, definitions),
        tree: formula::tree(&definitions.ontology, definitions, definition, plan)
            .map(|tree| node(&tree, plan, None)),
    }
}

/// The canonical form of a formula that was planned, and its hash.
pub(crate) fn canonical(formula: &str) -> (String, String) {
    formula::parse(formula).map_or_else(
        |_| (String::new(), String::new()),
        |expr| {
            let canonical = formula::canonical(&expr);
            (formula::print(&canonical), formula::hash(&expr).to_string())
        },
    )
}

/// A node with its operands; with values where the states of all measures are given.
pub(crate) fn node(tree: &Tree, plan: &Plan, states: Option<&[State]>) -> v1::FormulaNode {
    let known = tree.value.as_ref().zip(states);
    v1::FormulaNode {
        label: tree.label.clone(),
        kind: tree.kind.name().to_owned(),
        operands: tree
            .operands
            .iter()
            .map(|operand| node(operand, plan, states))
            .collect(),
        // A part may be too large where the whole is not: it then shows none.
        value: known
            .and_then(|(typed, states)| plan.part(typed, states).ok())
            .map(|known| value(&known)),
    }
}
