//! The states of a job and which may follow which.

use crate::reasons::JOB_STATE;
use error::Error;

db::text_enum! {
    /// Where a job is.
    pub enum State {
        Queued = "queued",
        Running = "running",
        Waiting = "waiting",
        Paused = "paused",
        Succeeded = "succeeded",
        Failed = "failed",
        Cancelled = "cancelled",
        RollingBack = "rolling_back",
        RolledBack = "rolled_back",
    }
}

impl State {
    /// The states that may follow.
    pub fn next(self) -> &'static [State] {
        use State::*;
        match self {
            Queued => &[Running, Paused, Cancelled, RollingBack],
            // Back to the queue: its worker gave it up, or was not heard of.
            Running => &[
                Queued,
                Waiting,
                Paused,
                Succeeded,
                Failed,
                Cancelled,
                RollingBack,
            ],
            Waiting => &[Running, Paused, Cancelled, RollingBack],
            Paused => &[Queued, Cancelled, RollingBack],
            Failed => &[Queued, RollingBack],
            Succeeded | Cancelled => &[RollingBack],
            RollingBack => &[RolledBack],
            // Only from a checkpoint: see `control::resume`.
            RolledBack => &[Queued, RollingBack],
        }
    }

    /// Whether the job is over, unless somebody resumes it or rolls it back.
    pub fn has_ended(self) -> bool {
        matches!(
            self,
            State::Succeeded | State::Failed | State::Cancelled | State::RolledBack
        )
    }

    /// Whether a worker may have it.
    pub fn is_worked_at(self) -> bool {
        matches!(self, State::Running | State::RollingBack)
    }

    /// Refuses a transition that is none.
    ///
    /// # Errors
    /// `JOB_STATE`, naming what is allowed.
    pub fn check(self, to: State) -> Result<(), Error> {
        if self.next().contains(&to) {
            return Ok(());
        }
        Err(self.refuse(format!("it cannot become {to}")))
    }

    /// The refusal of something that this state does not allow.
    pub(crate) fn refuse(self, what: impl std::fmt::Display) -> Error {
        let next: Vec<_> = self.next().iter().map(State::as_str).collect();
        Error::new(
            &JOB_STATE,
            format!(
                "the job is {self}, and {what}; from here it may become {}",
                next.join(", ")
            ),
        )
        .with_metadata("state", self.as_str())
        .with_metadata("allowed", next.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn states() -> impl Strategy<Value = State> {
        prop::sample::select(State::ALL)
    }

    #[test]
    fn every_state_can_be_reached_and_none_is_a_trap() {
        let mut reached = vec![State::Queued];
        let mut at = 0;
        while at < reached.len() {
            for next in reached[at].next() {
                if !reached.contains(next) {
                    reached.push(*next);
                }
            }
            at += 1;
        }
        assert_eq!(reached.len(), State::ALL.len());
        assert!(State::ALL.iter().all(|state| !state.next().is_empty()));
    }

    proptest! {
        /// Proves: OP-22
        #[test]
        fn a_transition_is_on_the_list_or_refused_with_the_list(from in states(), to in states()) {
            match from.check(to) {
                Ok(()) => prop_assert!(from.next().contains(&to)),
                Err(error) => {
                    prop_assert!(!from.next().contains(&to));
                    prop_assert_eq!(error.reason(), "JOB_STATE");
                    prop_assert_eq!(&error.metadata()["state"], from.as_str());
                    for allowed in from.next() {
                        prop_assert!(error.metadata()["allowed"].contains(allowed.as_str()));
                    }
                }
            }
        }

        /// What has ended is left only by resuming or rolling back; what a worker has is not ended.
        #[test]
        fn the_ended_stay_ended_without_a_wish(from in states(), to in states()) {
            if from.has_ended() && from.check(to).is_ok() {
                prop_assert!(matches!(to, State::Queued | State::RollingBack));
            }
            prop_assert!(!(from.has_ended() && from.is_worked_at()));
        }
    }
}
