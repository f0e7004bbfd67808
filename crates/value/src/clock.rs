//! Where the time comes from: the system in production, a hand-moved clock in tests.

use std::fmt::Debug;
use std::sync::Mutex;
use std::time::Duration;

use crate::Time;

/// A source of the current time. Code takes one instead of asking the system.
pub trait Clock: Send + Sync + Debug {
    /// The current time.
    fn now(&self) -> Time;
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where time comes from")]
    fn now(&self) -> Time {
        Time::from_chrono(chrono::Utc::now())
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct ManualClock(Mutex<Time>);

impl ManualClock {
    /// A clock standing at `start`.
    pub fn new(start: Time) -> Self {
        Self(Mutex::new(start))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock().expect("no holder of this lock panics");
        *now = *now + by;
    }

    /// Puts the clock at `time`.
    pub fn set(&self, time: Time) {
        *self.0.lock().expect("no holder of this lock panics") = time;
    }
}

impl Default for ManualClock {
    /// Stands at 2026-01-01T00:00:00Z.
    fn default() -> Self {
        Self::new(Time::from_micros(1_767_225_600_000_000))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Time {
        *self.0.lock().expect("no holder of this lock panics")
    }
}

impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> Time {
        (**self).now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_by_hand_only() {
        let clock = ManualClock::default();
        assert_eq!(clock.now().to_string(), "2026-01-01T00:00:00Z");
        clock.advance(Duration::from_secs(60));
        assert_eq!(clock.now().to_string(), "2026-01-01T00:01:00Z");
        assert!(SystemClock.now() > Time::EPOCH);
    }
}
