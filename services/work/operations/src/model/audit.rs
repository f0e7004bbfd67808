//! The audit trail: who changed what.

use super::clearance::Level;
use value::{Id, Time};

/// What can be done to an operation or a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// It was begun.
    Create,
    /// It was classified.
    Update,
    /// It was deleted.
    Delete,
    /// It was stopped.
    Cancel,
    /// It was halted.
    Pause,
    /// It was let go on.
    Resume,
    /// It was sent a signal.
    Signal,
    /// It was undone.
    RollBack,
    /// A checkpoint of it was made.
    Checkpoint,
    /// Somebody brought it into another state; told by the service that works.
    Transition,
    /// A schedule was made.
    CreateSchedule,
    /// A schedule was changed.
    UpdateSchedule,
    /// A schedule was deleted.
    DeleteSchedule,
    /// The work of a schedule was begun by hand.
    RunSchedule,
}

impl Action {
    const ALL: [Self; 14] = [
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Cancel,
        Self::Pause,
        Self::Resume,
        Self::Signal,
        Self::RollBack,
        Self::Checkpoint,
        Self::Transition,
        Self::CreateSchedule,
        Self::UpdateSchedule,
        Self::DeleteSchedule,
        Self::RunSchedule,
    ];

    /// Its name in the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Cancel => "cancel",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Signal => "signal",
            Self::RollBack => "roll_back",
            Self::Checkpoint => "checkpoint",
            Self::Transition => "transition",
            Self::CreateSchedule => "create_schedule",
            Self::UpdateSchedule => "update_schedule",
            Self::DeleteSchedule => "delete_schedule",
            Self::RunSchedule => "run_schedule",
        }
    }

    /// The action of a name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

/// How a change ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nobody heard how.
    Asked,
    /// It was done.
    Done,
    /// It was refused or failed, for this reason.
    Refused(String),
}

impl Outcome {
    /// Its name in the table, and the reason.
    pub(crate) fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Asked => ("asked", ""),
            Self::Done => ("done", ""),
            Self::Refused(reason) => ("refused", reason),
        }
    }

    /// The outcome of a name and a reason.
    pub(crate) fn of(name: &str, failure: String) -> Self {
        match name {
            "done" => Self::Done,
            "refused" => Self::Refused(failure),
            _ => Self::Asked,
        }
    }
}

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// An operation.
    Operation(Id),
    /// A schedule.
    Schedule(Id),
    /// One that has no id yet.
    New,
}

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AuditEntry {
    /// Its id.
    pub(crate) id: Id,
    /// What is changed.
    pub(crate) subject: Subject,
    /// The service that works.
    pub(crate) service: String,
    /// How secret the subject is.
    pub(crate) level: Level,
    /// Who does it.
    pub(crate) actor: String,
    /// What.
    pub(crate) action: Action,
    /// What else there is to say.
    pub(crate) detail: serde_json::Value,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// When it was asked for.
    pub(crate) at: Time,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for action in Action::ALL {
            assert_eq!(Action::of(action.name()), Some(action));
        }
        assert_eq!(Action::of("nothing"), None);
        for outcome in [Outcome::Asked, Outcome::Done, Outcome::Refused("X".into())] {
            let (name, failure) = outcome.parts();
            assert_eq!(Outcome::of(name, failure.to_owned()), outcome);
        }
    }
}
