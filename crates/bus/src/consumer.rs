//! Consumers: take the events of some topics, once each as far as the database is concerned, in order per key, and
//! give up on an event only after many tries.

mod together;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use auth::Scope;
use db::{Conn, Db, Failure, inbox, origin};
use error::{Error, Kind, Result};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use value::{Clock, Id};

use crate::envelope::{self, Received};
use crate::messaging::{Delivery, Group, Mark, Messaging, Refused, Settled};

/// How long a fetch waits for events.
const WAIT: Duration = Duration::from_secs(20);
/// Batches that are worked on at the same time: while one commits, the next is fetched.
const AT_WORK: usize = 2;
/// Tenants of which events take effect at the same time.
const LINES: usize = 16;
/// Pause after the first failure to reach `messaging`; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// The longest time until an event is tried again.
const LONGEST_DELAY: Duration = Duration::from_secs(300);

/// What a handler says of an event.
pub type Outcome = Result<()>;

type Apply = Arc<dyn Fn(&mut Conn, &Received) -> Result<(), Failure> + Send + Sync>;
type Handle = Arc<dyn Fn(Received) -> BoxFuture<'static, Outcome> + Send + Sync>;

/// One group of consumers of a service. All processes that run the service share its events.
#[derive(Clone)]
pub struct Consumer {
    name: &'static str,
    pattern: String,
    from_oldest: bool,
    ack_wait: Duration,
    max_attempts: u32,
    batch: u32,
    together: usize,
    work: Work,
}

#[derive(Clone)]
enum Work {
    Apply(Apply),
    Handle(Handle),
}

impl Consumer {
    /// A consumer whose effect is in the service's own database: `apply` runs in a transaction together with the
    /// note that the event was received, so that it takes effect once. The transaction sees the event's tenant, and
    /// may be that of other events too ([`Consumer::together`]): one that fails takes nothing of them with it. It may run
    /// again after a conflict, as in [`Db::write`].
    pub fn apply<F>(name: &'static str, pattern: impl Into<String>, apply: F) -> Self
    where
        F: Fn(&mut Conn, &Received) -> Result<(), Failure> + Send + Sync + 'static,
    {
        Self::new(name, pattern.into(), 256, Work::Apply(Arc::new(apply)))
    }

    /// A consumer whose effect is elsewhere: `handle` may see an event again after a crash, with the same id.
    pub fn handle<F, A>(name: &'static str, pattern: impl Into<String>, handle: F) -> Self
    where
        F: Fn(Received) -> A + Send + Sync + 'static,
        A: Future<Output = Outcome> + Send + 'static,
    {
        let handle: Handle = Arc::new(move |event| Box::pin(handle(event)));
        Self::new(name, pattern.into(), 100, Work::Handle(handle))
    }

    fn new(name: &'static str, pattern: String, batch: u32, work: Work) -> Self {
        Self {
            name,
            pattern,
            from_oldest: true,
            ack_wait: Duration::from_secs(30),
            max_attempts: 10,
            batch,
            together: 64,
            work,
        }
    }

    /// Only what is published from its first start on; else it begins with the oldest event there is.
    #[must_use]
    pub fn from_now_on(mut self) -> Self {
        self.from_oldest = false;
        self
    }

    /// How long an event may be worked on; longer work is fine as long as the process lives.
    #[must_use]
    pub fn ack_wait(mut self, wait: Duration) -> Self {
        self.ack_wait = wait;
        self
    }

    /// How often an event is tried before it is a dead letter.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Events taken at once; 256 unless told, or 100 where the effect is elsewhere: then those with different keys are
    /// worked on at the same time.
    #[must_use]
    pub fn batch(mut self, events: u32) -> Self {
        self.batch = events.clamp(1, 1000);
        self
    }

    /// Events of a tenant that take effect in one transaction at most, 64 unless told; 1 is one for each. A commit costs
    /// as much for many as for one. Where it fails they are tried one by one.
    #[must_use]
    pub fn together(mut self, events: usize) -> Self {
        self.together = events.clamp(1, 1000);
        self
    }

    /// Its name in the service.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Consumes until `stop`; the events of a batch that was begun are settled first.
    pub async fn run(
        self,
        db: Db,
        clock: Arc<dyn Clock>,
        messaging: Arc<dyn Messaging>,
        mut stop: BoxFuture<'static, ()>,
    ) {
        let group = Group {
            service: db.service().to_owned(),
            name: self.name.to_owned(),
            pattern: self.pattern.clone(),
            from_oldest: self.from_oldest,
            ack_wait: self.ack_wait,
            max_attempts: self.max_attempts,
            max_in_flight: self.batch * 4,
        };
        let worker = Worker {
            consumer: self,
            db,
            clock,
            messaging,
            lines: Default::default(),
        };
        let mut pause = Duration::ZERO;
        let mut subscription = None;
        let mut turn = pin!(worker.turn(&group, None, pause));
        let mut working = FuturesUnordered::new();
        loop {
            tokio::select! {
                turned = &mut turn, if working.len() < AT_WORK => {
                    match turned {
                        Ok((id, deliveries)) => {
                            pause = Duration::ZERO;
                            subscription = Some(id);
                            if !deliveries.is_empty() {
                                working.push(worker.work_through(id, deliveries));
                            }
                        }
                        Err(failure) => {
                            if pause.is_zero() {
                                tracing::warn!(service = group.service, consumer = group.name, %failure, "no events can be fetched");
                            }
                            // It may have been deleted, or messaging may have another database now.
                            if failure.kind() == Kind::NotFound {
                                subscription = None;
                            }
                            pause = (pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
                        }
                    }
                    turn.set(worker.turn(&group, subscription, pause));
                }
                Some(()) = working.next() => {}
                () = &mut stop => break,
            }
        }
        while working.next().await.is_some() {}
    }
}

/// A consumer at work.
struct Worker {
    consumer: Consumer,
    db: Db,
    clock: Arc<dyn Clock>,
    messaging: Arc<dyn Messaging>,
    /// Events of a tenant take effect in one line: batches at the same time would meet each other.
    lines: [tokio::sync::Mutex<()>; LINES],
}

/// What became of a part of a batch.
#[derive(Debug, Default)]
struct Ended {
    done: Vec<Mark>,
    refused: Vec<Refused>,
    /// The key of what has to wait until the event before it is through.
    held: Option<String>,
}

impl Worker {
    /// Fetches, after a pause: the subscription, and events of it.
    async fn turn(
        &self,
        group: &Group,
        known: Option<Id>,
        pause: Duration,
    ) -> Result<(Id, Vec<Delivery>)> {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        let id = match known {
            Some(id) => id,
            None => self.messaging.ensure(group).await?,
        };
        let fetched = self.messaging.fetch(id, self.consumer.batch, WAIT).await;
        Ok((id, fetched?))
    }

    /// Works on a batch. Says in between that it is still at it, and at the end what became of the events.
    async fn work_through(&self, subscription: Id, deliveries: Vec<Delivery>) {
        let mut open: Vec<Mark> = deliveries.iter().map(|delivery| delivery.mark).collect();
        let mut parts = self.parts(deliveries);
        let mut beat = tokio::time::interval(self.consumer.ack_wait / 3);
        beat.tick().await;
        let mut settled = Settled::default();
        loop {
            tokio::select! {
                ended = parts.next() => {
                    let Some(ended) = ended else { break };
                    settled.done.extend(ended.done);
                    settled.refused.extend(ended.refused);
                }
                _ = beat.tick() => {
                    let out: std::collections::BTreeSet<Mark> = settled.done.iter().copied()
                        .chain(settled.refused.iter().map(|refused| refused.mark))
                        .collect();
                    let mut now = std::mem::take(&mut settled);
                    open.retain(|mark| !out.contains(mark));
                    now.in_progress = open.clone();
                    self.settle(subscription, now).await;
                }
            }
        }
        self.settle(subscription, settled).await;
    }

    /// The parts of a batch that are worked on at the same time: those of each tenant where they take effect together,
    /// those of each key else.
    fn parts(&self, deliveries: Vec<Delivery>) -> FuturesUnordered<BoxFuture<'_, Ended>> {
        let events = deliveries
            .into_iter()
            .map(|delivery| (delivery.mark, envelope::open(delivery.envelope)));
        match &self.consumer.work {
            Work::Apply(apply) => by_tenant(events)
                .into_iter()
                .map(|(tenant, events)| self.apply_all(apply, tenant, events).boxed())
                .collect(),
            Work::Handle(_) => by_key(events)
                .into_iter()
                .map(|lane| self.lane(lane).boxed())
                .collect(),
        }
    }

    async fn settle(&self, subscription: Id, settled: Settled) {
        if settled == Settled::default() {
            return;
        }
        // What is not settled comes again; the inbox knows it.
        if let Err(failure) = self.messaging.settle(subscription, settled).await {
            tracing::warn!(service = self.db.service(), consumer = self.consumer.name, %failure, "events could not be settled and will come again");
        }
    }

    /// The events of one key, one after the other.
    async fn lane(&self, lane: Vec<(Mark, Result<Received>)>) -> Ended {
        let mut ended = Ended::default();
        for (mark, event) in lane {
            if ended.held.is_some() {
                ended.refused.push(untried(mark));
                continue;
            }
            let (key, outcome) = match event {
                Ok(event) => (event.content.key.clone(), self.one(event).await),
                Err(failure) => (String::new(), Err(failure)),
            };
            match outcome {
                Ok(()) => ended.done.push(mark),
                Err(failure) => {
                    let refusal = self.refusal(mark, &failure);
                    // What is of no use to try again does not hold up what follows it.
                    ended.held = (!refusal.fatal).then_some(key);
                    ended.refused.push(refusal);
                }
            }
        }
        ended
    }

    async fn one(&self, event: Received) -> Outcome {
        let tenant = event.content.tenant;
        let origin = cause(&event);
        match &self.consumer.work {
            Work::Handle(handle) => origin::within(origin, handle(event)).await,
            Work::Apply(apply) => {
                let id = event.event_id()?;
                let now = self.clock.now();
                let scope = Scope::system(tenant, "apply an event");
                let (apply, name) = (Arc::clone(apply), self.consumer.name);
                let change = self.db.write(&scope, move |c| {
                    if inbox::first_time(c, name, id, tenant, now)? {
                        apply(c, &event)?;
                    }
                    Ok(())
                });
                origin::within(origin, change).await
            }
        }
    }

    fn refusal(&self, mark: Mark, failure: &Error) -> Refused {
        let name = self.consumer.name;
        tracing::warn!(service = self.db.service(), consumer = name, position = mark.position, attempt = mark.attempt, %failure, "an event could not be applied");
        let doubled = Duration::from_millis(500) * 2_u32.saturating_pow(mark.attempt.min(16));
        Refused {
            mark,
            delay: doubled.min(LONGEST_DELAY),
            reason: said(failure),
            fatal: is_fatal(failure),
            untried: false,
        }
    }
}

/// Whether it is of no use to try again.
fn is_fatal(failure: &Error) -> bool {
    failure.kind() == Kind::InvalidArgument
}

/// One before it with the same key failed: it waits for that.
fn untried(mark: Mark) -> Refused {
    Refused {
        mark,
        delay: Duration::ZERO,
        reason: String::new(),
        fatal: false,
        untried: true,
    }
}

/// What is said of a failure to who looks at the dead letter, with each field that is wrong.
fn said(failure: &Error) -> String {
    let mut text = format!("{}: {}", failure.reason(), failure.message());
    for violation in failure.violations() {
        text.push_str(&format!("; {}: {}", violation.field, violation.description));
    }
    text
}

/// What the work on an event belongs to.
fn cause(event: &Received) -> Arc<dyn origin::Origin> {
    Arc::new(Cause {
        correlation: event.content.correlation.clone(),
        id: event.content.id.clone(),
    })
}

struct Cause {
    correlation: String,
    id: String,
}

impl origin::Origin for Cause {
    fn correlation(&self) -> Option<String> {
        (!self.correlation.is_empty()).then(|| self.correlation.clone())
    }

    fn causation(&self) -> Option<String> {
        Some(self.id.clone())
    }
}

/// Events by what they are ordered with; one without a key, or that cannot be read, is alone.
fn by_key(
    events: impl Iterator<Item = (Mark, Result<Received>)>,
) -> Vec<Vec<(Mark, Result<Received>)>> {
    let mut lanes: BTreeMap<(Id, String, u64), Vec<_>> = BTreeMap::new();
    for (mark, event) in events {
        let lane = match &event {
            Ok(Received { content, .. }) if !content.key.is_empty() => {
                (content.tenant, content.key.clone(), 0)
            }
            _ => (Id::NIL, String::new(), mark.position),
        };
        lanes.entry(lane).or_default().push((mark, event));
    }
    lanes.into_values().collect()
}

/// Events by whose they are, in their order; those that cannot be read are nobody's.
fn by_tenant(
    events: impl Iterator<Item = (Mark, Result<Received>)>,
) -> BTreeMap<Id, Vec<(Mark, Result<Received>)>> {
    let mut tenants: BTreeMap<Id, Vec<_>> = BTreeMap::new();
    for (mark, event) in events {
        let tenant = event.as_ref().map_or(Id::NIL, |event| event.content.tenant);
        tenants.entry(tenant).or_default().push((mark, event));
    }
    tenants
}

#[cfg(test)]
mod tests;
