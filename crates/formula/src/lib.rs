//! The metric language: text into a tree, types and units against the ontology, partial states, SQL, and exact answers.
//!
//! `parse` and `print` are the text, `plan` checks it and splits it into measures and a total, `sql::write` makes a statement of each
//! fragment, `sql::Table` its rows into states and answers; `naive` is the reference. Pure: no network and no database.

mod ast;
pub mod calendar;
mod canonical;
mod check;
mod evaluate;
mod exact;
mod filter;
mod lexer;
mod library;
mod measure;
pub mod naive;
mod number;
mod ontology;
mod parser;
mod plan;
mod printer;
mod problem;
mod span;
pub mod sql;
mod state;
mod tree;
mod typed;
mod unit;

pub use ast::{Binary, Expr, Node, Unary};
pub use canonical::{FormulaHash, canonical, hash};
pub use check::{condition, condition_of};
pub use evaluate::{Missing, Refusal, Value};
pub use exact::{Exact, Overflow};
pub use filter::{FilterProblem, Operand, Operator, filter};
pub use library::{Function, LIBRARY, Level, function_named};
pub use measure::{Aggregate, Measure};
pub use number::{MAX_DIGITS, Number};
pub use ontology::{
    Attribute, DataType, Definition, Entity, EntityKind, Metrics, Ontology, SetSpec,
};
pub use parser::parse;
pub use plan::{Fragment, MetricKind, Plan, Shape, measures_plan, plan, plan_metric};
pub use printer::print;
pub use problem::{Code, Problem, Problems, did_you_mean};
pub use span::{Position, Span};
pub use state::State;
pub use tree::{Tree, TreeKind, tree};
pub use typed::{Literal, Read, Scalar, Typed, TypedNode};
pub use unit::{ParseUnitError, Unit};

/// At most so many bytes of text.
pub const MAX_LENGTH: usize = 100_000;
/// At most so many nested expressions, and operators in one chain.
pub const MAX_DEPTH: usize = 128;
/// At most so many nodes of one formula.
pub const MAX_TERMS: usize = 10_000;

/// How high the tree may be that a formula and the metrics it uses expand to.
pub(crate) const MAX_HEIGHT: u32 = 256;
/// How many nodes it may have.
pub(crate) const MAX_EXPANDED: u32 = 20_000;
/// How long a chain of metrics that use each other may be.
pub(crate) const MAX_METRIC_DEPTH: usize = 16;

#[cfg(test)]
mod tests;
