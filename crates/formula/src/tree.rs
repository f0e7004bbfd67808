//! A formula as a tree for people: what is written, the metrics it uses opened up, and for each part its value over the states of a plan.

use crate::{
    Binary, Definition, Expr, Metrics, Node, Ontology, Plan, Typed, Unary, calendar,
    check::{Checker, Place},
    parse, print,
};

/// How deep a tree goes; what lies deeper is shown as text.
const MAX_DEPTH: usize = 40;
/// How many nodes it has; what lies beyond is shown as text.
const MAX_NODES: usize = 2_000;

/// How many operands of one node are shown.
const MAX_OPERANDS: usize = 200;

/// A part of a formula.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// What is written there: an operator, a function, a name, a literal.
    pub label: String,
    /// What it is.
    pub kind: TreeKind,
    /// What it is made of.
    pub operands: Vec<Tree>,
    /// Its value, for [`Plan::part`]; none of what has a value in each row.
    pub value: Option<Typed>,
}

/// What a part of a formula is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum TreeKind {
    Operator,
    Function,
    Metric,
    /// An aggregate or a set.
    Measure,
    Attribute,
    Literal,
}

impl TreeKind {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Function => "function",
            Self::Metric => "metric",
            Self::Measure => "measure",
            Self::Attribute => "attribute",
            Self::Literal => "literal",
        }
    }
}

/// The tree of `definition`, which `plan` is the plan of. None where its text is no formula, so that there is no plan either.
pub fn tree(
    ontology: &Ontology,
    metrics: &dyn Metrics,
    definition: &Definition,
    plan: &Plan,
) -> Option<Tree> {
    let expr = parse(&definition.formula).ok()?;
    let mut checker = Checker::new(ontology, metrics, &definition.formula);
    // Parts have the measures of the whole, under the same indices.
    checker.measures.clone_from(&plan.measures);
    let mut builder = Builder {
        checker,
        metrics,
        nodes: 0,
    };
    Some(builder.total(&expr, definition, 0))
}

struct Builder<'a> {
    checker: Checker<'a>,
    metrics: &'a dyn Metrics,
    nodes: usize,
}

impl Builder<'_> {
    fn full(&mut self, depth: usize) -> bool {
        self.nodes += 1;
        depth >= MAX_DEPTH || self.nodes > MAX_NODES
    }

    /// A part outside of aggregates.
    fn total(&mut self, expr: &Expr, definition: &Definition, depth: usize) -> Tree {
        let value = self.checker.expr(expr, Place::Total(definition));
        let (label, kind) = label(expr);
        let is_set = matches!(&expr.node, Node::Name(_)) && {
            // A bare set of the definition, unless it is a metric.
            value
                .as_ref()
                .is_some_and(|value| matches!(value.node, crate::TypedNode::Measure(..)))
                && definition.set.is_some()
                && matches!(
                    label.as_str(),
                    "start" | "end" | "new" | "retained" | "dropped"
                )
        };
        let kind = match &expr.node {
            _ if is_set => TreeKind::Measure,
            Node::Name(_) => TreeKind::Metric,
            Node::Call { function, .. } => match crate::function_named(function) {
                Some(found) if found.level != crate::Level::Scalar => TreeKind::Measure,
                _ => TreeKind::Function,
            },
            _ => kind,
        };
        if self.full(depth) {
            let label = print(expr);
            return Tree {
                label,
                kind,
                operands: Vec::new(),
                value,
            };
        }
        let operands = match (&expr.node, kind) {
            (Node::Name(code), TreeKind::Metric) => self.metric(code, depth),
            (_, TreeKind::Measure) => self.rows(expr, depth),
            _ => operands(expr)
                .into_iter()
                .map(|operand| self.total(operand, definition, depth + 1))
                .collect(),
        };
        Tree {
            label,
            kind,
            operands,
            value,
        }
    }

    /// What a metric is made of.
    fn metric(&mut self, code: &str, depth: usize) -> Vec<Tree> {
        let Some(definition) = self.metrics.metric(code) else {
            return Vec::new();
        };
        match parse(&definition.formula) {
            Ok(expr) => vec![self.total(&expr, &definition, depth + 1)],
            Err(_) => Vec::new(),
        }
    }

    /// What an expression over rows is made of.
    fn rows(&mut self, expr: &Expr, depth: usize) -> Vec<Tree> {
        operands(expr)
            .into_iter()
            .map(|operand| {
                let (label, kind) = label(operand);
                let (label, operands) = match self.full(depth + 1) {
                    true => (print(operand), Vec::new()),
                    false => (label, self.rows(operand, depth + 1)),
                };
                Tree {
                    label,
                    kind,
                    operands,
                    value: None,
                }
            })
            .collect()
    }
}

/// What is written at an expression, and what it is in a row.
fn label(expr: &Expr) -> (String, TreeKind) {
    let (label, kind) = match &expr.node {
        Node::Number(_) | Node::Text(_) | Node::Boolean(_) | Node::Null => {
            return (print(expr), TreeKind::Literal);
        }
        Node::Date(days) => return (calendar::date_text(*days), TreeKind::Literal),
        Node::Timestamp(micros) => return (calendar::timestamp_text(*micros), TreeKind::Literal),
        Node::Path { .. } | Node::Star => return (print(expr), TreeKind::Attribute),
        Node::Name(name) => (name.as_str(), TreeKind::Attribute),
        Node::Unary(Unary::Minus, _) => ("-", TreeKind::Operator),
        Node::Unary(Unary::Not, _) => ("not", TreeKind::Operator),
        Node::Binary(operator, ..) => (operator.symbol(), TreeKind::Operator),
        Node::In { negated, .. } => (if *negated { "not in" } else { "in" }, TreeKind::Operator),
        Node::Between { negated, .. } => (
            if *negated { "not between" } else { "between" },
            TreeKind::Operator,
        ),
        Node::IsNull { negated, .. } => (
            if *negated { "is not null" } else { "is null" },
            TreeKind::Operator,
        ),
        Node::Case { .. } => ("case", TreeKind::Operator),
        Node::Call { function, .. } => (function.as_str(), TreeKind::Function),
    };
    (label.to_owned(), kind)
}

/// The operands in order, the first of many; a chain of one operator that may be regrouped is one node.
fn operands(expr: &Expr) -> Vec<&Expr> {
    let mut all = all_operands(expr);
    all.truncate(MAX_OPERANDS);
    all
}

fn all_operands(expr: &Expr) -> Vec<&Expr> {
    match &expr.node {
        Node::Unary(_, x) | Node::IsNull { value: x, .. } => vec![x],
        Node::Binary(operator, left, right) => {
            let chains = matches!(
                operator,
                Binary::Add | Binary::Multiply | Binary::And | Binary::Or
            );
            let mut out = vec![&**right];
            let mut first = &**left;
            while let Node::Binary(other, l, r) = &first.node
                && chains
                && other == operator
            {
                out.push(r);
                first = l;
            }
            out.push(first);
            out.reverse();
            out
        }
        Node::In { value, list, .. } => std::iter::once(&**value).chain(list).collect(),
        Node::Between {
            value, low, high, ..
        } => vec![value, low, high],
        Node::Case { arms, otherwise } => arms
            .iter()
            .flat_map(|(condition, result)| [condition, result])
            .chain(otherwise.as_deref())
            .collect(),
        Node::Call {
            arguments, filter, ..
        } => arguments.iter().chain(filter.as_deref()).collect(),
        _ => Vec::new(),
    }
}
