//! Consumers: take the events of some topics, once each as far as the database is concerned, in order per key, and
//! give up on an event only after many tries.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use auth::Scope;
use db::{Conn, Db, Failure, inbox, origin};
use error::{Error, Kind, Result};
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use value::{Clock, Id};

use crate::envelope::{self, Received};
use crate::messaging::{Delivery, Group, Mark, Messaging, Refused, Settled};

/// How long a fetch waits for events.
const WAIT: Duration = Duration::from_secs(20);
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
    work: Work,
}

#[derive(Clone)]
enum Work {
    Apply(Apply),
    Handle(Handle),
}

impl Consumer {
    /// A consumer whose effect is in the service's own database: `apply` runs in a transaction together with the
    /// note that the event was received, so that it takes effect once. The transaction sees the event's tenant. It
    /// may run again after a conflict, as in [`Db::write`].
    pub fn apply<F>(name: &'static str, pattern: impl Into<String>, apply: F) -> Self
    where
        F: Fn(&mut Conn, &Received) -> Result<(), Failure> + Send + Sync + 'static,
    {
        Self::new(name, pattern.into(), Work::Apply(Arc::new(apply)))
    }

    /// A consumer whose effect is elsewhere: `handle` may see an event again after a crash, with the same id.
    pub fn handle<F, A>(name: &'static str, pattern: impl Into<String>, handle: F) -> Self
    where
        F: Fn(Received) -> A + Send + Sync + 'static,
        A: Future<Output = Outcome> + Send + 'static,
    {
        let handle: Handle = Arc::new(move |event| Box::pin(handle(event)));
        Self::new(name, pattern.into(), Work::Handle(handle))
    }

    fn new(name: &'static str, pattern: String, work: Work) -> Self {
        Self {
            name,
            pattern,
            from_oldest: true,
            ack_wait: Duration::from_secs(30),
            max_attempts: 10,
            batch: 100,
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

    /// Events taken at once; those with different keys are worked on at the same time.
    #[must_use]
    pub fn batch(mut self, events: u32) -> Self {
        self.batch = events.clamp(1, 1000);
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
        };
        let mut pause = FIRST_PAUSE;
        let mut subscription = None;
        loop {
            let turn = worker.turn(&group, &mut subscription);
            let turned = tokio::select! {
                turned = turn => turned,
                () = &mut stop => return,
            };
            let failure = match turned {
                Ok(deliveries) => {
                    if let Some(id) = subscription
                        && !deliveries.is_empty()
                    {
                        worker.work_through(id, deliveries).await;
                    }
                    pause = FIRST_PAUSE;
                    continue;
                }
                Err(failure) => failure,
            };
            if pause == FIRST_PAUSE {
                tracing::warn!(service = group.service, consumer = group.name, %failure, "no events can be fetched");
            }
            // It may have been deleted, or messaging may have another database now.
            if failure.kind() == Kind::NotFound {
                subscription = None;
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = &mut stop => return,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// A consumer at work.
struct Worker {
    consumer: Consumer,
    db: Db,
    clock: Arc<dyn Clock>,
    messaging: Arc<dyn Messaging>,
}

impl Worker {
    async fn turn(&self, group: &Group, subscription: &mut Option<Id>) -> Result<Vec<Delivery>> {
        let id = match *subscription {
            Some(id) => id,
            None => *subscription.insert(self.messaging.ensure(group).await?),
        };
        self.messaging.fetch(id, self.consumer.batch, WAIT).await
    }

    /// Works on a batch: keys at the same time, the events of a key one after the other. Says in between that it is
    /// still at it, and at the end what became of them.
    async fn work_through(&self, subscription: Id, deliveries: Vec<Delivery>) {
        let mut open: Vec<Mark> = deliveries.iter().map(|delivery| delivery.mark).collect();
        let mut lanes: FuturesUnordered<_> = by_key(deliveries)
            .into_iter()
            .map(|lane| self.lane(lane))
            .collect();
        let mut beat = tokio::time::interval(self.consumer.ack_wait / 3);
        beat.tick().await;
        let mut settled = Settled::default();
        loop {
            tokio::select! {
                ended = lanes.next() => {
                    let Some((done, refused)) = ended else { break };
                    settled.done.extend(done);
                    settled.refused.extend(refused);
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

    async fn settle(&self, subscription: Id, settled: Settled) {
        if settled == Settled::default() {
            return;
        }
        // What is not settled comes again; the inbox knows it.
        if let Err(failure) = self.messaging.settle(subscription, settled).await {
            tracing::warn!(service = self.db.service(), consumer = self.consumer.name, %failure, "events could not be settled and will come again");
        }
    }

    async fn lane(&self, lane: Vec<(Delivery, Result<Received>)>) -> (Vec<Mark>, Vec<Refused>) {
        let (mut done, mut refused, mut blocked) = (Vec::new(), Vec::new(), false);
        for (delivery, event) in lane {
            let mark = delivery.mark;
            if blocked {
                refused.push(Refused {
                    mark,
                    delay: Duration::ZERO,
                    reason: String::new(),
                    fatal: false,
                    untried: true,
                });
                continue;
            }
            let outcome = match event {
                Ok(event) => self.one(event).await,
                Err(failure) => Err(failure),
            };
            match outcome {
                Ok(()) => done.push(mark),
                Err(failure) => {
                    let refusal = self.refusal(mark, &failure);
                    // What is of no use to try again does not hold up what follows it.
                    blocked = !refusal.fatal;
                    refused.push(refusal);
                }
            }
        }
        (done, refused)
    }

    async fn one(&self, event: Received) -> Outcome {
        let tenant = event.content.tenant;
        let origin: Arc<dyn origin::Origin> = Arc::new(Cause {
            correlation: event.content.correlation.clone(),
            id: event.content.id.clone(),
        });
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
        let fatal = matches!(failure.kind(), Kind::InvalidArgument);
        let name = self.consumer.name;
        tracing::warn!(service = self.db.service(), consumer = name, position = mark.position, attempt = mark.attempt, %failure, "an event could not be applied");
        let doubled = Duration::from_millis(500) * 2_u32.saturating_pow(mark.attempt.min(16));
        Refused {
            mark,
            delay: doubled.min(LONGEST_DELAY),
            reason: said(failure),
            fatal,
            untried: false,
        }
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

/// Deliveries by what they are ordered with; one without a key, or that cannot be read, is alone.
fn by_key(deliveries: Vec<Delivery>) -> Vec<Vec<(Delivery, Result<Received>)>> {
    let mut lanes: BTreeMap<(Id, String, u64), Vec<_>> = BTreeMap::new();
    for delivery in deliveries {
        let opened = envelope::open(delivery.envelope.clone());
        let (key, alone) = match &opened {
            Ok(event) if !event.content.key.is_empty() => (event.content.key.clone(), 0),
            _ => (String::new(), delivery.mark.position),
        };
        let lane = lanes.entry((delivery.tenant, key, alone)).or_default();
        lane.push((delivery, opened));
    }
    lanes.into_values().collect()
}

#[cfg(test)]
mod tests;
