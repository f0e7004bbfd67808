//! What is kept of an operation, and which of two tidings of it is the newer.

use super::{clearance::Level, state::State};
use value::{Id, Time};

/// What was heard of an operation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// Its id, given by its service.
    pub(crate) id: Id,
    /// The service that works.
    pub(crate) service: String,
    /// Whose it is.
    pub(crate) tenant: Id,
    /// What is done.
    pub(crate) kind: String,
    /// Where it is.
    pub(crate) state: State,
    /// How secret it is.
    pub(crate) level: Level,
    /// Who began it, where a principal did.
    pub(crate) principal_id: Option<Id>,
    /// The operation that began it.
    pub(crate) parent_id: Option<Id>,
    /// The schedule that began it.
    pub(crate) schedule_id: Option<Id>,
    /// What belongs together.
    pub(crate) correlation_id: Option<String>,
    /// Compliance tags.
    pub(crate) tags: Vec<String>,
    /// The owner's message, encoded.
    pub(crate) job: Vec<u8>,
    /// When it was asked for.
    pub(crate) created: Time,
    /// When it was last heard of.
    pub(crate) updated: Time,
    /// Counts its changes.
    pub(crate) version: i64,
}

/// The age of a tiding. An id may be given again after its operation was deleted: then the later life counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Age {
    /// When the operation was asked for.
    pub(crate) created: Time,
    /// How often it had changed.
    pub(crate) version: i64,
}

impl Entry {
    /// How old this tiding is.
    pub(crate) fn age(&self) -> Age {
        Age {
            created: self.created,
            version: self.version,
        }
    }
}

/// What an event told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tiding {
    /// The operation after it.
    pub(crate) entry: Entry,
    /// Whether it is gone.
    pub(crate) deleted: bool,
    /// What somebody did, unless the platform did it by itself.
    pub(crate) by_hand: Option<ByHand>,
}

/// A transition that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ByHand {
    /// Who.
    pub(crate) actor: String,
    /// The state before, unless it is the first.
    pub(crate) from: Option<State>,
    /// Why.
    pub(crate) reason: String,
    /// When.
    pub(crate) at: Time,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_life_counts_more_than_a_higher_version() {
        let age = |created, version| Age {
            created: Time::from_micros(created),
            version,
        };
        assert!(age(1, 9) < age(2, 1));
        assert!(age(1, 1) < age(1, 2));
        assert!(age(1, 2) <= age(1, 2));
    }
}
