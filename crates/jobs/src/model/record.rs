//! A job as it is kept, beside its columns: progress, origin, what it waits for, what rolling back did.

use crate::submission::By;
use error::Error;
use serde::{Deserialize, Serialize};
use value::{Id, Time};

/// How far a job is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// How much is done.
    pub done: i64,
    /// How much there is; 0 where nobody knows.
    pub total: i64,
    /// What it does now, in words.
    pub message: String,
}

/// Where a job comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Origin {
    /// Who submitted it: `user:<id>`, `service:<id>` or `system:<reason>`.
    pub actor: String,
    /// The principal, unless the platform did.
    pub principal: Option<Id>,
    /// What the principal was allowed then.
    pub permissions: Vec<String>,
    /// What belongs together across services.
    pub correlation_id: String,
    /// The schedule that started it.
    pub schedule: Option<Id>,
    /// Rules of compliance it falls under.
    pub compliance_tags: Vec<String>,
    /// Before when it was not to begin; none where it was to begin at once.
    pub not_before: Option<Time>,
}

/// Why something failed, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The reason's name.
    pub reason: String,
    /// What happened.
    pub message: String,
}

impl From<&Error> for Fault {
    fn from(error: &Error) -> Self {
        let mut message = error.message().to_owned();
        if let [_, _, ..] = error.violations() {
            for violation in error.violations().iter().take(3) {
                message += &format!("; {} {}", violation.field, violation.description);
            }
        }
        Self {
            reason: error.reason().to_owned(),
            message,
        }
    }
}

/// What a waiting job waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// Of which sort.
    pub kind: WaitKind,
    /// The signal, the step, or the id of the job.
    pub name: String,
    /// Until when at most.
    pub until: Option<Time>,
}

/// Of which sort a wait is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitKind {
    /// For a time.
    Timer,
    /// For a signal.
    Signal,
    /// For a job it started.
    Child,
    /// For another try.
    Retry,
}

/// What rolling back is to do, and did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rollback {
    /// To which checkpoint; none is the beginning.
    pub checkpoint: Option<Id>,
    /// Steps after this one are undone.
    pub to_seq: i64,
    /// Steps that were undone.
    pub undone: i64,
    /// Effects that stayed, the latest first; the first hundred.
    pub not_undone: Vec<NotUndone>,
    /// How many stayed.
    pub not_undone_count: i64,
}

/// A step whose effect stayed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotUndone {
    /// The step's number.
    pub seq: i64,
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: String,
}

impl Rollback {
    /// Notes an effect that stayed.
    pub(crate) fn stayed(&mut self, seq: i64, name: &str, reason: impl Into<String>) {
        self.not_undone_count += 1;
        if self.not_undone.len() < 100 {
            self.not_undone.push(NotUndone {
                seq,
                name: name.to_owned(),
                reason: reason.into(),
            });
        }
    }
}

/// What a worker can be asked to do with the job it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// To stop for good.
    Cancel,
    /// To halt.
    Pause,
    /// To undo.
    RollBack,
}

impl Wish {
    /// Whether a job of which this is asked needs not be asked the other: rolling back stops it, and so does halting for good.
    pub(crate) fn covers(self, other: Self) -> bool {
        let weight = |wish| match wish {
            Self::Pause => 0,
            Self::Cancel => 1,
            Self::RollBack => 2,
        };
        weight(self) >= weight(other)
    }
}

/// What a worker is asked to do, by whom and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) wish: Wish,
    pub(crate) actor: String,
    pub(crate) automatic: bool,
    pub(crate) reason: String,
}

impl Asked {
    pub(crate) fn new(wish: Wish, by: &By) -> Self {
        Self {
            wish,
            actor: by.actor.clone(),
            automatic: by.automatic,
            reason: by.reason.clone(),
        }
    }

    /// The wish of a column; the empty text is none.
    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The text of the column.
    pub(crate) fn write(&self) -> String {
        serde_json::to_string(self).expect("texts serialise")
    }

    pub(crate) fn by(self) -> By {
        By {
            actor: self.actor,
            automatic: self.automatic,
            reason: self.reason,
        }
    }
}
