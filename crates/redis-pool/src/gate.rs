//! Stands in front of a server that is away: between tries nobody is let through, and the pauses grow.
//! One goes first; when it comes back with an answer, the gate is open for all.

use rand::Rng as _;
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// The first pause; the following ones double.
const FIRST: Duration = Duration::from_millis(25);

/// Open, or closed until a time.
#[derive(Debug)]
pub(crate) struct Gate {
    longest: Duration,
    closed: Mutex<Option<Closed>>,
}

/// The server is away.
#[derive(Debug, Clone)]
pub(crate) struct Closed {
    /// Since when.
    pub(crate) since: Instant,
    /// What the last try said.
    pub(crate) why: String,
    tries: u32,
    until: Instant,
    /// Somebody went through after the last pause.
    trying: bool,
}

impl Gate {
    /// Open.
    pub(crate) fn new(longest: Duration) -> Self {
        Self {
            longest,
            closed: Mutex::new(None),
        }
    }

    /// Goes through, or says why not and for how long. While the server is away, who goes through is
    /// the only one until the next pause is over.
    pub(crate) fn enter(&self, now: Instant) -> Result<(), (String, Duration)> {
        let mut closed = self.lock();
        let Some(state) = closed.as_mut() else {
            return Ok(());
        };
        if now < state.until {
            return Err((state.why.clone(), state.until - now));
        }
        state.until = now + self.pause(state.tries);
        state.trying = true;
        Ok(())
    }

    /// The server answered.
    pub(crate) fn open(&self) -> Option<Closed> {
        self.lock().take()
    }

    /// The server did not answer; says how long it is left alone, and whether that is news.
    pub(crate) fn close(&self, now: Instant, why: String) -> (Duration, bool) {
        let mut closed = self.lock();
        let news = closed.is_none();
        let state = closed.get_or_insert_with(|| Closed {
            since: now,
            why: String::new(),
            tries: 0,
            until: now,
            trying: true,
        });
        // Several at work at once find the same: one try, one step.
        if std::mem::take(&mut state.trying) {
            state.tries += 1;
        }
        let pause = self.pause(state.tries);
        state.until = now + pause;
        state.why = why;
        (pause, news)
    }

    /// How it stands.
    pub(crate) fn state(&self) -> Option<Closed> {
        self.lock().clone()
    }

    /// Between half and all of the pause of this try, so that many processes do not come at once.
    fn pause(&self, tries: u32) -> Duration {
        let full = FIRST
            .saturating_mul(1 << tries.saturating_sub(1).min(20))
            .min(self.longest);
        full.mul_f64(rand::rng().random_range(0.5..=1.0))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Closed>> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest_and_one_goes_first() {
        let gate = Gate::new(Duration::from_secs(1));
        let mut now = Instant::now();
        assert!(gate.enter(now).is_ok() && gate.enter(now).is_ok());
        let mut pauses = Vec::new();
        for _ in 0..12 {
            let (pause, news) = gate.close(now, "refused".into());
            assert_eq!(news, pauses.is_empty());
            let (why, left) = gate.enter(now).unwrap_err();
            assert_eq!((why.as_str(), left), ("refused", pause));
            pauses.push(pause);
            now += pause;
            gate.enter(now).expect("the pause is over");
            gate.enter(now).expect_err("somebody is trying already");
        }
        assert!(pauses[0] <= FIRST, "{pauses:?}");
        assert!(pauses[11] >= Duration::from_millis(500), "{pauses:?}");
        assert!(pauses.iter().all(|pause| *pause <= Duration::from_secs(1)));
        assert!(gate.open().is_some() && gate.enter(now).is_ok());
    }

    #[test]
    fn many_that_fail_together_are_one_try() {
        let gate = Gate::new(Duration::from_secs(60));
        let now = Instant::now();
        let longest = (0..50).map(|_| gate.close(now, String::new()).0).max();
        assert!(longest <= Some(FIRST), "{longest:?}");
    }
}
