//! Results as they are published: what they say stays as it was, whatever becomes of rows and definitions.

use serde::{Deserialize, Serialize};
use value::{Id, Time};

/// A published result without its rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Publication {
    pub(crate) id: Id,
    /// Code of the metric, and the version of it that was calculated.
    pub(crate) metric: String,
    pub(crate) metric_version: i64,
    /// What was asked, encoded as the contract has it.
    pub(crate) question: Vec<u8>,
    /// How the result came about, likewise; empty in lists.
    pub(crate) explanation: Vec<u8>,
    pub(crate) unit: String,
    pub(crate) format: String,
    pub(crate) value_type: String,
    /// Codes of the entities that were read.
    pub(crate) entities: Vec<String>,
    pub(crate) rows: i32,
    /// Who published it, and by which operation, where it was one.
    pub(crate) actor: String,
    pub(crate) operation: Option<Id>,
    /// When the rows behind it were read.
    pub(crate) as_of: Time,
    pub(crate) created: Time,
}

/// A value as it was told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    /// None where there is no value.
    pub(crate) text: Option<String>,
    /// The nearest double of a number.
    pub(crate) number: Option<f64>,
    /// How true the text is, and why there is none, by the contract's names.
    pub(crate) exactness: String,
    pub(crate) missing: String,
    pub(crate) fraction: String,
}

/// A row of a published result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) start: String,
    pub(crate) end: String,
    /// Values of dimensions by code, in the order of the question; none for null.
    pub(crate) dimensions: Vec<(String, Option<String>)>,
    pub(crate) figure: Figure,
    pub(crate) level: String,
}

/// A published result with its rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Published {
    pub(crate) publication: Publication,
    pub(crate) entries: Vec<Entry>,
}

/// A row of the history of a metric.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Past {
    pub(crate) publication: Id,
    pub(crate) ordinal: i32,
    pub(crate) metric_version: i64,
    pub(crate) entry: Entry,
    pub(crate) as_of: Time,
    pub(crate) created: Time,
}
