//! How long sign-in is refused after repeated failures: the pause doubles with every further one.

use std::time::Duration;

use value::Time;

/// When failures lock, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    /// Failures in a row that are let pass.
    pub(crate) free_failures: u32,
    /// Pause after the first failure beyond those.
    pub(crate) first_pause: Duration,
    /// Longest pause.
    pub(crate) longest_pause: Duration,
    /// Failures older than this are forgotten.
    pub(crate) memory: Duration,
}

/// Failures of one account so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Failures {
    /// How many in a row.
    pub(crate) count: u32,
    /// When the newest was.
    pub(crate) last: Option<Time>,
    /// Until when sign-in is refused.
    pub(crate) locked_until: Option<Time>,
}

impl Failures {
    /// How long sign-in is still refused at `now`; `None` when it is not.
    pub(crate) fn remaining(&self, now: Time) -> Option<Duration> {
        let until = self.locked_until?;
        (until > now).then(|| until - now)
    }

    /// The state after one more failure at `now`.
    #[must_use]
    pub(crate) fn failed(&self, policy: &Policy, now: Time) -> Self {
        let forgotten = self.last.is_none_or(|last| last + policy.memory <= now);
        let count = if forgotten {
            1
        } else {
            self.count.saturating_add(1)
        };
        Self {
            count,
            last: Some(now),
            locked_until: policy.pause(count).map(|pause| now + pause),
        }
    }
}

impl Policy {
    /// The pause after so many failures in a row; `None` while they are free.
    pub(crate) fn pause(&self, count: u32) -> Option<Duration> {
        let beyond = count.checked_sub(self.free_failures)?;
        // At 32 doublings any first pause is above any longest one.
        let factor = 1_u32.checked_shl(beyond).unwrap_or(u32::MAX);
        Some(
            self.first_pause
                .saturating_mul(factor)
                .min(self.longest_pause),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const POLICY: Policy = Policy {
        free_failures: 3,
        first_pause: Duration::from_secs(30),
        longest_pause: Duration::from_secs(3600),
        memory: Duration::from_secs(86_400),
    };

    #[test]
    fn the_pause_doubles_to_a_limit() {
        let mut failures = Failures::default();
        let mut pauses = Vec::new();
        let mut now = Time::EPOCH;
        for _ in 0..11 {
            failures = failures.failed(&POLICY, now);
            pauses.push(failures.remaining(now).map_or(0, |pause| pause.as_secs()));
            now = failures.locked_until.unwrap_or(now);
        }
        assert_eq!(pauses, [0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert_eq!(failures.remaining(now), None, "the pause ends by itself");
    }

    #[test]
    fn old_failures_are_forgotten() {
        let failures = Failures {
            count: 9,
            last: Some(Time::EPOCH),
            locked_until: None,
        };
        let later = Time::EPOCH + POLICY.memory;
        assert_eq!(failures.failed(&POLICY, later).count, 1);
    }

    proptest! {
        #[test]
        fn pauses_never_shrink(count in 0_u32..u32::MAX) {
            let (before, after) = (POLICY.pause(count), POLICY.pause(count + 1));
            prop_assert!(before <= after);
            prop_assert!(after.is_none_or(|pause| pause <= POLICY.longest_pause));
        }
    }
}
