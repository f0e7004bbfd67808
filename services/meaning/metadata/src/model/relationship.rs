//! Relationships: how the rows of one entity belong to rows of another.

use super::{AttributeRef, References, Rules};
use error::Violations;
use serde::{Deserialize, Serialize};

pub(super) const FIELDS: &[&str] = &["from", "to", "cardinality", "role", "inverse_role"];

/// How the rows of one entity belong to rows of another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Relationship {
    pub(crate) from: AttributeRef,
    pub(crate) to: AttributeRef,
    pub(crate) cardinality: Option<Cardinality>,
    pub(crate) role: String,
    pub(crate) inverse_role: String,
}

/// How many rows of one side belong to one of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cardinality {
    OneToOne,
    OneToMany,
    ManyToOne,
    ManyToMany,
}

impl Cardinality {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Cardinality::OneToOne => "one_to_one",
            Cardinality::OneToMany => "one_to_many",
            Cardinality::ManyToOne => "many_to_one",
            Cardinality::ManyToMany => "many_to_many",
        }
    }
}

impl Rules for Relationship {
    fn check(&self, found: &mut Violations) {
        for (side, end) in [("from", &self.from), ("to", &self.to)] {
            let named = !end.entity.is_empty();
            found.check(
                named,
                format!("{side}.entity"),
                "REQUIRED",
                "a relationship has an entity on each side",
            );
        }
        let paired = self.from.attribute.is_empty() == self.to.attribute.is_empty();
        found.check(
            paired,
            "to.attribute",
            "REQUIRED",
            "attributes are named on both sides or on none",
        );
        let said = self.cardinality.is_some();
        found.check(
            said,
            "cardinality",
            "REQUIRED",
            "a relationship says how many belong to one",
        );
    }

    fn refer(&self, out: &mut References) {
        out.attribute("from", &self.from);
        out.attribute("to", &self.to);
    }
}
