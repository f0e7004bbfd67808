//! Where work can be.

/// Where an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum State {
    /// It waits for a worker.
    Queued,
    /// A worker has it.
    Running,
    /// It waits for something else; no worker has it.
    Waiting,
    /// Somebody halted it.
    Paused,
    /// It is done.
    Succeeded,
    /// It stopped at an error.
    Failed,
    /// It was told to stop.
    Cancelled,
    /// Its effects are being undone.
    RollingBack,
    /// What could be undone is undone.
    RolledBack,
}

impl State {
    /// Every state.
    pub(crate) const ALL: [Self; 9] = [
        Self::Queued,
        Self::Running,
        Self::Waiting,
        Self::Paused,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::RollingBack,
        Self::RolledBack,
    ];

    /// Its name in the tables and in the audit trail.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Paused => "paused",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::RollingBack => "rolling_back",
            Self::RolledBack => "rolled_back",
        }
    }

    /// Whether nothing more comes unless somebody asks for it.
    pub(crate) fn has_ended(self) -> bool {
        matches!(
            self,
            Self::Succeeded | Self::Failed | Self::Cancelled | Self::RolledBack
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_tell_states_apart_and_four_are_ends() {
        let names: BTreeSet<_> = State::ALL.iter().map(|state| state.name()).collect();
        assert_eq!(names.len(), State::ALL.len());
        let ends = State::ALL.iter().filter(|state| state.has_ended());
        assert_eq!(ends.count(), 4);
    }
}
