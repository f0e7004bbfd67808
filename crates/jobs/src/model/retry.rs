//! When a failed step is tried again.

use error::{Error, Kind};
use std::time::Duration;

/// How often a step is tried, and how long between: the pauses double.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Tries at most, the first included.
    pub attempts: i32,
    /// The first pause.
    pub first: Duration,
    /// No pause is longer, but for one that the callee asked for.
    pub longest: Duration,
    /// How long it is tried after it first failed, whatever the number of tries; none counts tries alone.
    pub patience: Option<Duration>,
    /// Whether failures are tried again that the same request will meet again, such as a refused argument.
    pub stubborn: bool,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 5,
            first: Duration::from_millis(200),
            longest: Duration::from_secs(30),
            patience: None,
            stubborn: false,
        }
    }
}

impl Retry {
    /// Once, and no more.
    pub const NEVER: Self = Self {
        attempts: 1,
        first: Duration::ZERO,
        longest: Duration::ZERO,
        patience: None,
        stubborn: false,
    };

    /// So many tries whatever the failure.
    pub fn times(attempts: i32) -> Self {
        Self {
            attempts,
            stubborn: true,
            ..Self::default()
        }
    }

    /// Again and again for so long.
    pub fn lasting(patience: Duration) -> Self {
        Self {
            attempts: 100_000,
            patience: Some(patience),
            ..Self::default()
        }
    }

    /// The pause before the next try; `None` where there is none.
    pub fn pause(&self, attempts: i32, most: i32, error: &Error) -> Option<Duration> {
        let passes = error.kind().is_transient() || error.kind() == Kind::DeadlineExceeded;
        if attempts >= most || !(passes || self.stubborn) {
            return None;
        }
        let doubled = 2_u32.saturating_pow(u32::try_from(attempts.clamp(1, 31) - 1).unwrap_or(0));
        let pause = self.first.saturating_mul(doubled).min(self.longest);
        Some(error.retry_after().map_or(pause, |asked| asked.max(pause)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use error::reason;

    #[test]
    fn pauses_double_up_to_the_longest_and_end() {
        let retry = Retry {
            attempts: 4,
            longest: Duration::from_millis(300),
            ..Retry::default()
        };
        let away = Error::new(&reason::UNAVAILABLE, "away");
        let pause = |attempts| retry.pause(attempts, retry.attempts, &away);
        assert_eq!(pause(1), Some(Duration::from_millis(200)));
        assert_eq!(pause(2), Some(Duration::from_millis(300)));
        assert_eq!(pause(4), None);
        let asked = away.with_retry_after(Duration::from_secs(2));
        assert_eq!(retry.pause(1, 4, &asked), Some(Duration::from_secs(2)));
        let wrong = Error::invalid_field("a", "B", "wrong");
        assert_eq!(retry.pause(1, 4, &wrong), None);
        assert!(Retry::times(2).pause(1, 2, &wrong).is_some());
    }
}
