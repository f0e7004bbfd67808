//! What is read from rows: one aggregate over the rows of one entity, and its text, which another process plans again to the same.

use crate::{Expr, Node, Read, Typed, print};

/// One thing to be counted, summed and so on over the rows of an entity that pass a filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// The entity's code.
    pub entity: String,
    /// Which rows count; all where none.
    pub filter: Option<Typed>,
    /// What is done with them.
    pub aggregate: Aggregate,
    /// What it is done to; none for a count of rows.
    pub argument: Option<Typed>,
    /// How argument and filter were written, attributes with their entity; equal measures may be written in several ways.
    pub(crate) wording: Wording,
}

/// What is done with the rows of a measure; each has a state that merges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// Rows, or those whose argument is not null.
    Count,
    /// Sum.
    Sum,
    /// Smallest value.
    Min,
    /// Largest value.
    Max,
    /// Value of the row earliest in time, then by row id.
    First,
    /// Value of the row latest in time, then by row id.
    Last,
    /// Count, sum and sum of squares.
    Moments,
    /// How many different values.
    Distinct,
    /// Every value with how often it occurs, for exact percentiles.
    Values,
    /// Members at the start and at the end of the period, and in both.
    Set,
}

/// The texts behind a measure, all names explicit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wording {
    argument: Option<String>,
    filter: Option<String>,
}

impl PartialEq for Wording {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Wording {
    /// The texts of a measure over `entity`.
    pub(crate) fn new(entity: &str, argument: Option<&Expr>, filter: Option<&Expr>) -> Self {
        let text = |expr: &Expr| print(&explicit(expr, entity));
        Self {
            argument: argument.map(text),
            filter: filter.map(text),
        }
    }
}

impl Measure {
    /// It as a call of one function, such as `sum(claim.amount where claim.state = 'paid')`:
    /// [`measures_plan`](crate::measures_plan) makes the same measure of it.
    pub fn text(&self) -> String {
        self.call(function(self.aggregate), "")
    }

    /// It as a call of the function that reads `read` of it, such as `end(policy.policy_id)`.
    pub fn text_of(&self, read: Read) -> String {
        match read {
            Read::Value => self.text(),
            Read::Variance { sample: true } => self.call("variance", ""),
            Read::Variance { sample: false } => self.call("variance_pop", ""),
            Read::Deviation { sample: true } => self.call("stddev", ""),
            Read::Deviation { sample: false } => self.call("stddev_pop", ""),
            Read::Percentile(share) => self.call("percentile", &format!(", {share}")),
            Read::Start => self.call("start", ""),
            Read::End => self.call("end", ""),
            Read::New => self.call("new", ""),
            Read::Retained => self.call("retained", ""),
            Read::Dropped => self.call("dropped", ""),
        }
    }

    fn call(&self, function: &str, further: &str) -> String {
        // All rows are named by their entity; a reserved word would not be read as a name.
        let rows = match crate::parse(&self.entity).map(|expr| expr.node) {
            Ok(Node::Name(_)) => &self.entity,
            _ => "*",
        };
        let argument = self.wording.argument.as_deref().unwrap_or(rows);
        let filter = match &self.wording.filter {
            Some(filter) => format!(" where {filter}"),
            None => String::new(),
        };
        format!("{function}({argument}{further}{filter})")
    }
}

/// A function that has the state of `aggregate` alone.
const fn function(aggregate: Aggregate) -> &'static str {
    match aggregate {
        Aggregate::Count => "count",
        Aggregate::Sum => "sum",
        Aggregate::Min => "min",
        Aggregate::Max => "max",
        Aggregate::First => "first",
        Aggregate::Last => "last",
        Aggregate::Moments => "variance",
        Aggregate::Distinct => "count_distinct",
        Aggregate::Values => "median",
        Aggregate::Set => "start",
    }
}

/// The expression over a row of `entity` with every attribute named by its entity too.
fn explicit(expr: &Expr, entity: &str) -> Expr {
    let boxed = |x: &Expr| Box::new(explicit(x, entity));
    let node = match &expr.node {
        Node::Name(attribute) => Node::Path {
            entity: entity.to_owned(),
            attribute: attribute.clone(),
        },
        Node::Unary(operator, x) => Node::Unary(*operator, boxed(x)),
        Node::Binary(operator, l, r) => Node::Binary(*operator, boxed(l), boxed(r)),
        Node::In {
            value,
            list,
            negated,
        } => Node::In {
            value: boxed(value),
            list: list.iter().map(|item| explicit(item, entity)).collect(),
            negated: *negated,
        },
        Node::Between {
            value,
            low,
            high,
            negated,
        } => Node::Between {
            value: boxed(value),
            low: boxed(low),
            high: boxed(high),
            negated: *negated,
        },
        Node::IsNull { value, negated } => Node::IsNull {
            value: boxed(value),
            negated: *negated,
        },
        Node::Case { arms, otherwise } => Node::Case {
            arms: arms
                .iter()
                .map(|(c, r)| (explicit(c, entity), explicit(r, entity)))
                .collect(),
            otherwise: otherwise.as_deref().map(boxed),
        },
        Node::Call {
            function,
            arguments,
            filter,
        } => Node::Call {
            function: function.clone(),
            arguments: arguments.iter().map(|x| explicit(x, entity)).collect(),
            filter: filter.as_deref().map(boxed),
        },
        leaf => leaf.clone(),
    };
    Expr::new(expr.span, node)
}
