//! What is asked: the metric or formula, the span with its periods, groups, conditions and order.

use super::{
    calendar::{Calendar, Grain, Place},
    definitions::Draft,
};
use formula::{Operand, Operator};

/// A question for values.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) subject: Subject,
    /// Begin and end; none for all time.
    pub(crate) span: Option<(Place, Place)>,
    pub(crate) grain: Option<Grain>,
    pub(crate) calendar: Calendar,
    /// Which rows, and by what they are grouped.
    pub(crate) selection: Selection,
    pub(crate) order: Order,
    pub(crate) explain: bool,
    /// Code of the value chain that the metric must belong to; empty is any.
    pub(crate) domain: String,
    pub(crate) page_size: usize,
    pub(crate) page_token: String,
    /// Hash of all that decides the rows of the answer: not of order and page.
    pub(crate) key: [u8; 32],
}

/// What is calculated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The metric of this code.
    Metric(String),
    /// A formula that is not stored.
    Draft(Draft),
}

/// Which rows count, and how they are grouped.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Selection {
    /// Attributes to group by.
    pub(crate) dimensions: Vec<String>,
    pub(crate) filters: Vec<Filter>,
    /// One more condition, in the metric language; empty is none.
    pub(crate) condition: String,
    pub(crate) snapshots: Snapshots,
}

/// A condition on one attribute.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Filter {
    pub(crate) attribute: String,
    pub(crate) operator: Operator,
    pub(crate) values: Vec<Operand>,
}

/// Which snapshot stands for a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Snapshots {
    /// The one taken then.
    Exact,
    /// The latest one taken then or before.
    #[default]
    Latest,
}

/// What rows are ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Order {
    /// By period, then by dimensions.
    #[default]
    Period,
    /// The largest first; no value last.
    Descending,
    /// The smallest first; no value last.
    Ascending,
}

/// A question for the members of a set.
#[derive(Clone, Debug)]
pub(crate) struct MembersQuestion {
    /// Code of the metric.
    pub(crate) metric: String,
    pub(crate) set: formula::Read,
    pub(crate) span: (Place, Place),
    pub(crate) calendar: Calendar,
    pub(crate) selection: Selection,
    pub(crate) page_size: i32,
    pub(crate) page_token: String,
}
