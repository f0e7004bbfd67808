//! One subscription at work: takes in what its pattern matches, gives it out, hears what became of it.

mod figures;
mod settle;

pub(crate) use figures::Figures;
pub(crate) use settle::{Answer, Verdict};

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, RwLock};
use std::time::Duration;

use auth::clearance::Level;
use bus::topic::Pattern;
use error::{Error, Result};
use tokio::sync::Notify;
use tokio::time::Instant;
use value::{Id, Time};

use super::{Broker, PAGE};
use crate::backend::{Limit, Record};
use crate::model::delivery::{Delivery, Refusal, Snapshot, Terms};
use crate::model::{is_private, stored::Stored};
use crate::reasons::SUBSCRIPTION_GONE;
use crate::store::subscriptions;

/// Messages taken in and not given out at most, beside those that may be out.
const AHEAD: usize = 1000;
/// Bytes that go out at once, but for a single message that is longer: an answer has its limits, and what is in one that is
/// too long would be out without anybody having it.
const AT_ONCE: usize = 8 << 20;
/// The longest that nothing is looked at while messages are waited for.
const LOOK: Duration = Duration::from_millis(500);

/// What a subscription asks for.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pattern: Pattern,
    terms: Terms,
    sees_private: bool,
    level: Level,
}

impl Settings {
    /// Those of a row.
    pub(crate) fn of(row: &subscriptions::Row) -> Self {
        let wait = u64::try_from(row.ack_wait_us).unwrap_or(0);
        Self {
            pattern: Pattern::new(&row.pattern),
            terms: Terms {
                ack_wait: Duration::from_micros(wait),
                max_attempts: u32::try_from(row.max_attempts).unwrap_or(1),
                max_in_flight: usize::try_from(row.max_in_flight).unwrap_or(1),
            },
            sees_private: row.sees_private == 1,
            // Services hear of everything, also those whose row is older than levels are.
            level: match row.tenant.is_nil() {
                true => Level::Restricted,
                false => Level::of(row.security_level),
            },
        }
    }
}

/// A message that goes out.
#[derive(Debug, Clone)]
pub(crate) struct Out {
    /// Where it is.
    pub(crate) position: u64,
    /// Which delivery.
    pub(crate) attempt: u32,
    /// By when it is to be settled.
    pub(crate) deadline: Time,
    /// When it was published.
    pub(crate) time: Time,
    /// The message.
    pub(crate) stored: Stored,
}

#[derive(Debug, Default)]
struct Counters {
    acked: AtomicU64,
    delivered: AtomicU64,
    failed: AtomicU64,
    missed: AtomicU64,
}

/// One subscription at work.
#[derive(Debug)]
pub(crate) struct Group {
    /// Its id.
    pub(crate) id: Id,
    /// Whose it is; that of nothing is a service's, which gets messages of all tenants.
    pub(crate) tenant: Id,
    settings: RwLock<Settings>,
    state: tokio::sync::Mutex<Delivery>,
    wake: Notify,
    ended: AtomicBool,
    changed: AtomicBool,
    counters: Counters,
    last_fetch: Mutex<Option<Time>>,
}

impl Group {
    /// A subscription that was so far.
    pub(crate) fn new(id: Id, tenant: Id, settings: Settings, state: Delivery) -> Self {
        Self {
            id,
            tenant,
            settings: RwLock::new(settings),
            state: tokio::sync::Mutex::new(state),
            wake: Notify::new(),
            ended: AtomicBool::new(false),
            changed: AtomicBool::new(false),
            counters: Counters::default(),
            last_fetch: Mutex::new(None),
        }
    }

    /// Takes over settings.
    pub(crate) fn set(&self, settings: Settings) {
        *self
            .settings
            .write()
            .expect("no holder of this lock panics") = settings;
        self.wake.notify_waiters();
    }

    fn settings(&self) -> Settings {
        self.settings
            .read()
            .expect("no holder of this lock panics")
            .clone()
    }

    /// It was deleted.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.wake.notify_waiters();
    }

    /// How far it is has changed.
    pub(crate) fn changed(&self) {
        self.changed.store(true, Ordering::Release);
    }

    /// How far it is, if that has changed since it was last asked.
    pub(crate) async fn take_changed(&self) -> Option<Snapshot> {
        if !self.changed.swap(false, Ordering::AcqRel) {
            return None;
        }
        Some(self.state.lock().await.snapshot())
    }

    /// Whether a message is one of its own.
    fn takes(&self, settings: &Settings, stored: &Stored) -> bool {
        match stored.directed {
            Some(id) => id == self.id,
            None => {
                (self.tenant.is_nil() || self.tenant == stored.tenant)
                    && stored.level <= settings.level
                    && settings.pattern.matches(&stored.topic)
                    && (settings.sees_private || !is_private(&stored.topic))
            }
        }
    }

    /// Messages to be worked on, at most so many; waits so long for the first.
    pub(crate) async fn fetch(
        &self,
        broker: &Broker,
        most: usize,
        wait: Duration,
    ) -> Result<Vec<Out>> {
        let deadline = Instant::now() + wait;
        loop {
            let woken = self.wake.notified();
            tokio::pin!(woken);
            woken.as_mut().enable();
            if self.ended.load(Ordering::Acquire) {
                let text = format!("subscription {} was deleted", self.id);
                return Err(Error::new(&SUBSCRIPTION_GONE, text));
            }
            let (given, cursor, timer) = self.give(broker, most).await?;
            if !given.is_empty() {
                return Ok(given);
            }
            let now = Instant::now();
            if now >= deadline {
                return Ok(Vec::new());
            }
            let pause = timer.map_or(LOOK, |timer| timer - broker.now()).min(LOOK);
            let until = (now + pause).min(deadline);
            tokio::select! {
                () = broker.backend().arrived(cursor) => {}
                () = woken => {}
                () = tokio::time::sleep_until(until) => {}
            }
        }
    }

    /// Takes in and gives out: what goes out, from where the log is not looked at, and when something changes by itself.
    async fn give(&self, broker: &Broker, most: usize) -> Result<(Vec<Out>, u64, Option<Time>)> {
        let settings = self.settings();
        let terms = settings.terms;
        let now = broker.now();
        *self
            .last_fetch
            .lock()
            .expect("no holder of this lock panics") = Some(now);
        let mut state = self.state.lock().await;
        self.pass(broker, &mut state, now, &terms).await;
        let mut fresh: HashMap<u64, Record> = HashMap::new();
        let room = terms.max_in_flight + AHEAD;
        while state.ready() < most && state.pending() < room {
            let batch = broker.backend().read(state.cursor, PAGE).await?;
            if batch.records.is_empty() && batch.next <= state.cursor {
                break;
            }
            let skipped = batch.next - state.cursor - batch.records.len() as u64;
            self.counters.missed.fetch_add(skipped, Ordering::Relaxed);
            for record in batch.records {
                if let Some(stored) = Stored::decode(&record.body)
                    && self.takes(&settings, &stored)
                {
                    state.take_in(record.position, stored.lane, record.time);
                    fresh.insert(record.position, record);
                }
            }
            state.cursor = batch.next;
            self.changed();
        }
        let (mut given, mut bytes, mut trouble) = (Vec::new(), 0, None);
        for (position, attempt) in state.hand_out(now, most, &terms) {
            self.changed();
            let record = match fresh.remove(&position) {
                _ if trouble.is_some() || bytes > AT_ONCE => Err(None),
                Some(record) => Ok(Some(record)),
                None => self.record(broker, position).await.map_err(Some),
            };
            let record = match record {
                Ok(record) => record,
                // There is no room for it, or the log is away: nobody has it, so it goes out the next time.
                Err(failure) => {
                    trouble = trouble.or(failure);
                    state.refused(position, attempt, Refusal::untried(now), &terms);
                    continue;
                }
            };
            let stored =
                record.and_then(|record| Some((record.time, Stored::decode(&record.body)?)));
            match stored {
                Some((time, stored)) => {
                    bytes += stored.envelope.len();
                    given.push(Out {
                        position,
                        attempt,
                        deadline: now + terms.ack_wait,
                        time,
                        stored,
                    });
                }
                // The log dropped it, or it is damaged.
                None => {
                    self.counters.missed.fetch_add(1, Ordering::Relaxed);
                    state.remove(position);
                }
            }
        }
        self.counters
            .delivered
            .fetch_add(given.len() as u64, Ordering::Relaxed);
        match trouble {
            Some(failure) if given.is_empty() => Err(failure),
            _ => Ok((given, state.cursor, state.next_timer())),
        }
    }

    /// The record at a position; `None` where it is gone.
    async fn record(&self, broker: &Broker, position: u64) -> Result<Option<Record>> {
        let one = Limit {
            records: 1,
            bytes: 0,
        };
        let batch = broker.backend().read(position, one).await?;
        let mut found = batch.records.into_iter();
        Ok(found.find(|record| record.position == position))
    }

    /// Moves to another place: what is out counts no more.
    pub(crate) async fn reset(&self, cursor: u64) {
        let mut state = self.state.lock().await;
        *state = Delivery::restore(Snapshot {
            cursor,
            pending: Vec::new(),
        });
        drop(state);
        self.changed();
        self.wake.notify_waiters();
    }

    /// Whether it gets what not everybody may see.
    pub(crate) fn sees_private(&self) -> bool {
        self.settings
            .read()
            .expect("no holder of this lock panics")
            .sees_private
    }

    /// How secret the messages are that it gets at most.
    pub(crate) fn level(&self) -> Level {
        self.settings
            .read()
            .expect("no holder of this lock panics")
            .level
    }

    /// Whether it is the handler of a type of commands.
    pub(crate) fn handles_commands(&self) -> bool {
        self.settings
            .read()
            .expect("no holder of this lock panics")
            .pattern
            .is_of_commands()
    }

    /// Whether it takes messages of a topic of this tenant.
    pub(crate) fn matches(&self, tenant: Id, topic: &str) -> bool {
        let settings = self.settings.read().expect("no holder of this lock panics");
        self.tenant == tenant && settings.pattern.matches(topic)
    }
}
