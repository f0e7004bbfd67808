//! What becomes of deliveries: done, refused, late; dead letters, and answers to commands.

use std::sync::atomic::Ordering;
use std::time::Duration;

use auth::Scope;
use bus::envelope;
use error::Result;
use value::{Id, Json, Time};

use super::{Broker, Group};
use crate::model::delivery::{Delivery, Fate, Refusal, Terms};
use crate::model::stored::Stored;
use crate::store::dead_letters;

/// When a dead letter that could not be kept is kept again.
const LATER: Duration = Duration::from_secs(5);
/// Waits after failures: from a second on, doubling, up to five minutes.
const LONGEST_DELAY: Duration = Duration::from_secs(300);

/// What became of a delivery.
#[derive(Debug, Clone)]
pub(crate) enum Verdict {
    /// Done; a command may have an answer.
    Done(Option<Answer>),
    /// Not done.
    Refused {
        /// After how long it is tried again; `None` grows with each attempt.
        delay: Option<Duration>,
        /// Why.
        reason: String,
        /// It is of no use to try again.
        fatal: bool,
        /// It was not tried.
        untried: bool,
    },
    /// Still worked on.
    InProgress,
}

impl Verdict {
    /// Nobody got it, so that it was not tried.
    pub(crate) fn untried() -> Self {
        Self::Refused {
            delay: None,
            reason: String::new(),
            fatal: false,
            untried: true,
        }
    }
}

/// What a handler answers to a command.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The answer.
    pub(crate) result: Option<Json>,
    /// Why it could not be done; empty where it was.
    pub(crate) error: String,
}

impl Group {
    /// Lets time pass.
    pub(super) async fn pass(
        &self,
        broker: &Broker,
        state: &mut Delivery,
        now: Time,
        terms: &Terms,
    ) {
        let dead = state.pass(now, terms);
        if dead.is_empty() {
            return;
        }
        self.changed();
        let count = dead.len() as u64;
        self.counters.failed.fetch_add(count, Ordering::Relaxed);
        for position in dead {
            let why = "it was not acknowledged in time";
            self.bury(broker, state, position, why).await;
        }
    }

    /// Hears what became of deliveries; which of them counted.
    pub(crate) async fn settle(
        &self,
        broker: &Broker,
        verdicts: Vec<(u64, u32, Verdict)>,
    ) -> Result<Vec<bool>> {
        let terms = self.settings().terms;
        let now = broker.now();
        let mut state = self.state.lock().await;
        let mut counted = Vec::with_capacity(verdicts.len());
        for (position, attempt, verdict) in verdicts {
            let known = match verdict {
                Verdict::Done(answer) => {
                    // Who names a delivery that is not his own answers nothing.
                    if self.handles_commands() && state.is_out(position, attempt) {
                        self.answer(
                            broker,
                            position,
                            answer.unwrap_or(Answer {
                                result: None,
                                error: String::new(),
                            }),
                        )
                        .await?;
                    }
                    let known = state.done(position, attempt);
                    self.counters
                        .acked
                        .fetch_add(u64::from(known), Ordering::Relaxed);
                    known
                }
                Verdict::InProgress => state.extend(position, attempt, now, &terms),
                Verdict::Refused {
                    delay,
                    reason,
                    fatal,
                    untried,
                } => {
                    let delay = delay.unwrap_or_else(|| match untried {
                        true => Duration::ZERO,
                        false => growing(attempt),
                    });
                    let refusal = Refusal {
                        until: now + delay,
                        fatal,
                        untried,
                    };
                    let fate = state.refused(position, attempt, refusal, &terms);
                    if fate.is_some() && !untried {
                        self.counters.failed.fetch_add(1, Ordering::Relaxed);
                    }
                    if fate == Some(Fate::Dead) {
                        self.bury(broker, &mut state, position, &reason).await;
                    }
                    fate.is_some()
                }
            };
            counted.push(known);
        }
        // Refusals without a delay are ready now.
        self.pass(broker, &mut state, now, &terms).await;
        drop(state);
        self.changed();
        self.wake.notify_waiters();
        Ok(counted)
    }

    /// Keeps a message as a dead letter, and only then forgets it.
    async fn bury(&self, broker: &Broker, state: &mut Delivery, position: u64, reason: &str) {
        if let Err(failure) = self
            .try_bury(broker, state.attempts(position), position, reason)
            .await
        {
            tracing::warn!(subscription = %self.id, position, %failure, "a dead letter could not be kept yet");
            state.put_off(position, broker.now() + LATER);
            return;
        }
        state.remove(position);
    }

    async fn try_bury(
        &self,
        broker: &Broker,
        attempts: u32,
        position: u64,
        reason: &str,
    ) -> Result<()> {
        let Some(record) = self.record(broker, position).await? else {
            self.counters.missed.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        };
        let Some(stored) = Stored::decode(&record.body) else {
            return Ok(());
        };
        let now = broker.now();
        let scope = Scope::system(stored.tenant, "keep a dead letter");
        let row = dead_letters::Row {
            id: Id::new(),
            tenant: stored.tenant,
            subscription_id: self.id,
            position: i64::try_from(position).unwrap_or(i64::MAX),
            attempts: i64::from(attempts),
            security_level: stored.level.number(),
            reason: reason.to_owned(),
            body: record.body.to_vec(),
            replayed_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        broker.store().dead_letter_add(&scope, row).await?;
        metrics::counter!("tessera_messaging_dead_letters_total").increment(1);
        if self.handles_commands() {
            let error = format!("the command could not be handled: {reason}");
            self.answer(
                broker,
                position,
                Answer {
                    result: None,
                    error,
                },
            )
            .await?;
        }
        Ok(())
    }

    /// Tells who sent a command what became of it.
    async fn answer(&self, broker: &Broker, position: u64, answer: Answer) -> Result<()> {
        let Some(record) = self.record(broker, position).await? else {
            return Ok(());
        };
        let Some(stored) = Stored::decode(&record.body) else {
            return Ok(());
        };
        let tenant = stored.tenant;
        let id = envelope::open(stored.envelope)?.event_id()?;
        let scope = Scope::system(tenant, "answer a command");
        broker
            .store()
            .command_answer(&scope, id, answer.result, answer.error)
            .await?;
        broker.answered().notify_waiters();
        Ok(())
    }
}

/// How long to wait after so many attempts.
fn growing(attempt: u32) -> Duration {
    let doubled = Duration::from_millis(500) * 2_u32.saturating_pow(attempt.min(16));
    doubled.min(LONGEST_DELAY)
}
