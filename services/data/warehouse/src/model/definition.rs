//! What `metadata` says of an entity, as far as tables depend on it.

use formula::{DataType, EntityKind, Unit};
use value::Id;

/// A live entity.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Definition {
    pub(crate) id: Id,
    pub(crate) code: String,
    pub(crate) kind: EntityKind,
    pub(crate) version: i64,
    pub(crate) attributes: Vec<Attribute>,
}

/// What is known of each of its rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Attribute {
    pub(crate) code: String,
    pub(crate) data_type: DataType,
    pub(crate) unit: Unit,
    pub(crate) nullable: bool,
    pub(crate) key: bool,
    pub(crate) time: bool,
    pub(crate) allowed_values: Vec<String>,
}

impl Definition {
    /// The attribute of this code.
    pub(crate) fn attribute(&self, code: &str) -> Option<&Attribute> {
        self.attributes
            .iter()
            .find(|attribute| attribute.code == code)
    }
}
