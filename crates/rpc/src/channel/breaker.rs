//! A circuit breaker: after enough failures calls are refused at once for a while, then one probe
//! decides whether the circuit closes again.

use error::{Error, Result, reason};
use std::{sync::Mutex, time::Duration};
use tokio::time::Instant;

/// When a circuit opens and closes.
#[derive(Clone, Copy, Debug)]
pub struct BreakerConfig {
    /// Failures in a row that open it.
    pub failures: u32,
    /// The share of failures in a window, in percent, that opens it …
    pub percent: u32,
    /// … once the window has this many calls.
    pub calls: u32,
    /// The length of a window.
    pub window: Duration,
    /// How long it stays open the first time; each failed probe doubles it.
    pub pause: Duration,
    /// The longest it stays open.
    pub longest: Duration,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            failures: 5,
            percent: 50,
            calls: 20,
            window: Duration::from_secs(10),
            pause: Duration::from_secs(1),
            longest: Duration::from_secs(30),
        }
    }
}

pub(super) struct Breaker {
    config: BreakerConfig,
    state: Mutex<State>,
}

#[derive(Clone, Copy)]
enum State {
    Closed {
        row: u32,
        failed: u32,
        calls: u32,
        since: Option<Instant>,
    },
    Open {
        until: Instant,
        pause: Duration,
    },
    /// One call is on its way to find out; if it is never heard of again, another may try.
    Probing {
        since: Instant,
        pause: Duration,
    },
}

const CLOSED: State = State::Closed {
    row: 0,
    failed: 0,
    calls: 0,
    since: None,
};

impl Breaker {
    pub(super) fn new(config: BreakerConfig) -> Self {
        Self {
            config,
            state: Mutex::new(CLOSED),
        }
    }

    /// Lets a call through, or says how long to wait.
    pub(super) fn admit(&self, service: &str) -> Result<()> {
        let now = Instant::now();
        let mut state = self.state.lock().expect("no panic while held");
        let wait = match *state {
            State::Closed { .. } => return Ok(()),
            State::Open { until, pause } if now >= until => {
                *state = State::Probing { since: now, pause };
                return Ok(());
            }
            State::Probing { since, pause } if now >= since + pause => {
                *state = State::Probing { since: now, pause };
                return Ok(());
            }
            State::Open { until, .. } => until - now,
            State::Probing { since, pause } => since + pause - now,
        };
        Err(Error::new(
            &reason::CIRCUIT_OPEN,
            format!("calls to {service} are suspended"),
        )
        .with_metadata("service", service)
        .with_retry_after(wait))
    }

    /// Notes how a call that was let through ended.
    pub(super) fn note(&self, service: &str, succeeded: bool) {
        let now = Instant::now();
        let mut state = self.state.lock().expect("no panic while held");
        let next = match *state {
            State::Closed {
                row,
                failed,
                calls,
                since,
            } => self.count(now, succeeded, row, failed, calls, since),
            State::Probing { .. } if succeeded => {
                tracing::info!(service, "circuit closed");
                CLOSED
            }
            State::Probing { pause, .. } => {
                let pause = (pause * 2).min(self.config.longest);
                State::Open {
                    until: now + pause,
                    pause,
                }
            }
            // A call from before the circuit opened.
            State::Open { .. } => return,
        };
        if let (State::Closed { .. }, State::Open { .. }) = (*state, next) {
            tracing::warn!(service, "circuit opened");
        }
        *state = next;
    }

    fn count(
        &self,
        now: Instant,
        ok: bool,
        row: u32,
        failed: u32,
        calls: u32,
        since: Option<Instant>,
    ) -> State {
        let fresh = since.is_none_or(|since| now >= since + self.config.window);
        let (failed, calls, since) = if fresh {
            (0, 0, Some(now))
        } else {
            (failed, calls, since)
        };
        let row = if ok { 0 } else { row + 1 };
        let failed = failed + u32::from(!ok);
        let calls = calls + 1;
        let too_many = calls >= self.config.calls && failed * 100 >= calls * self.config.percent;
        if row >= self.config.failures || too_many {
            return State::Open {
                until: now + self.config.pause,
                pause: self.config.pause,
            };
        }
        State::Closed {
            row,
            failed,
            calls,
            since,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker() -> Breaker {
        Breaker::new(BreakerConfig::default())
    }

    #[tokio::test(start_paused = true)]
    async fn opens_after_failures_in_a_row_and_a_probe_closes_it() {
        let breaker = breaker();
        for _ in 0..5 {
            breaker.admit("x").expect("closed");
            breaker.note("x", false);
        }
        let refused = breaker.admit("x").expect_err("open");
        assert!(refused.is(&reason::CIRCUIT_OPEN));
        assert!(refused.retry_after().expect("a pause") <= Duration::from_secs(1));
        tokio::time::advance(Duration::from_secs(1)).await;
        breaker.admit("x").expect("the probe");
        breaker.admit("x").expect_err("one probe at a time");
        breaker.note("x", false);
        tokio::time::advance(Duration::from_secs(1)).await;
        breaker.admit("x").expect_err("the pause doubled");
        tokio::time::advance(Duration::from_secs(1)).await;
        breaker.admit("x").expect("the second probe");
        breaker.note("x", true);
        breaker.admit("x").expect("closed again");
        breaker.admit("x").expect("for all");
    }

    #[tokio::test(start_paused = true)]
    async fn opens_by_share_of_failures_within_one_window() {
        let breaker = breaker();
        for call in 0..19 {
            breaker.note("x", call % 2 == 0);
        }
        breaker.admit("x").expect("too few calls to judge");
        breaker.note("x", false);
        breaker.admit("x").expect_err("half of twenty failed");
    }

    #[tokio::test(start_paused = true)]
    async fn forgets_old_windows() {
        let breaker = breaker();
        for _ in 0..10 {
            breaker.note("x", true);
            breaker.note("x", false);
            tokio::time::advance(Duration::from_secs(11)).await;
        }
        breaker.admit("x").expect("each window is small");
    }
}
