//! Actors: who acts in the business.

use super::{Kind, References, Rules};
use error::Violations;
use serde::{Deserialize, Serialize};

pub(super) const FIELDS: &[&str] = &["kind", "responsibilities", "entities"];

/// A role of people, an organisation or a system.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Actor {
    pub(crate) kind: Option<ActorKind>,
    pub(crate) responsibilities: Vec<String>,
    pub(crate) entities: Vec<String>,
}

/// What an actor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ActorKind {
    Role,
    Organisation,
    System,
}

impl Rules for Actor {
    fn check(&self, found: &mut Violations) {
        found.check(
            self.kind.is_some(),
            "kind",
            "REQUIRED",
            "an actor is a role, an organisation or a system",
        );
    }

    fn refer(&self, out: &mut References) {
        out.many("entities", Kind::Entity, &self.entities);
    }
}
