//! The middle of the service: publishes into the log what is not there yet, and knows the subscriptions.

mod group;
mod read;

pub(crate) use group::{Answer, Figures as GroupFigures, Group, Out, Settings, Verdict};
pub(crate) use read::{Filter, Seen};

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use auth::Scope;
use bytes::Bytes;
use error::{Error, Result};
use tokio::sync::Notify;
use value::{Clock, Id, Json, Time};

use crate::backend::{Backend, Limit};
use crate::config::Config;
use crate::model::dedupe::{Key, Known, Window};
use crate::model::delivery::{Delivery, Snapshot};
use crate::model::figures::Figures;
use crate::model::stored::Stored;
use crate::store::{Store, scheduled, subscriptions};

/// How long a message that is underway elsewhere is waited for, before it is looked at again.
const UNDERWAY: Duration = Duration::from_secs(1);
/// Records read at once where the log is gone through.
pub(crate) const PAGE: Limit = Limit {
    records: 1000,
    bytes: 1 << 20,
};

/// A message to publish.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    /// Its id.
    pub(crate) id: String,
    /// What is stored of it.
    pub(crate) stored: Stored,
    /// When it is to be published, where that is later.
    pub(crate) publish_at: Option<Time>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placed {
    /// Where it is in the log; 0 while it waits.
    pub(crate) position: u64,
    /// It was there before.
    pub(crate) duplicate: bool,
    /// Until when it waits.
    pub(crate) waits: Option<Time>,
}

/// Messages that may be in the log without the window knowing.
#[derive(Debug)]
struct Doubt {
    /// Counts doubts.
    turn: u64,
    /// From this position on; 0 is the beginning of the window.
    from: Option<u64>,
}

/// The middle of the service.
#[derive(Clone)]
pub(crate) struct Broker(Arc<Inner>);

struct Inner {
    backend: Arc<dyn Backend>,
    store: Store,
    clock: Arc<dyn Clock>,
    config: Arc<Config>,
    window: Mutex<Window>,
    /// Rings when messages that were underway are there, or are given up.
    landed: Notify,
    /// From where on the window may not know what is in the log.
    doubt: Mutex<Doubt>,
    learning: tokio::sync::Mutex<()>,
    /// The end of the log as it was seen last.
    end: AtomicU64,
    figures: Mutex<Figures>,
    groups: RwLock<HashMap<Id, Arc<Group>>>,
    /// Rings when a command was answered.
    answered: Notify,
    /// Rings when something new waits for its time.
    scheduled: Notify,
    published: AtomicU64,
    duplicates: AtomicU64,
}

impl Broker {
    /// Over an open log: learns what was published lately, and where each subscription was.
    pub(crate) async fn start(
        backend: Arc<dyn Backend>,
        store: Store,
        config: Arc<Config>,
    ) -> Result<Self> {
        let scope = Scope::system_all("start messaging");
        let (counted, topics) = store.topics_load(&scope).await?;
        let window = Window::new(config.dedupe_window.get(), config.dedupe_ids);
        let rows = store.subscriptions_all(&scope).await?;
        let broker = Self(Arc::new(Inner {
            backend,
            clock: Arc::clone(&store.clock),
            store,
            config,
            window: Mutex::new(window),
            landed: Notify::new(),
            doubt: Mutex::new(Doubt {
                turn: 0,
                from: Some(0),
            }),
            learning: tokio::sync::Mutex::default(),
            end: AtomicU64::new(0),
            figures: Mutex::new(Figures::restore(counted, topics)),
            groups: RwLock::default(),
            answered: Notify::new(),
            scheduled: Notify::new(),
            published: AtomicU64::new(0),
            duplicates: AtomicU64::new(0),
        }));
        for row in rows {
            broker.add_group(&row);
        }
        // A store that is away now is asked again before anything is published.
        if let Err(failure) = broker.learn().await {
            tracing::warn!(%failure, "what was published lately is not known yet");
        }
        Ok(broker)
    }

    /// Learns what may be in the log without the window knowing: at first all within the window, later what an append
    /// left of which nobody knows what became.
    async fn learn(&self) -> Result<()> {
        let inner = &self.0;
        let _one = inner.learning.lock().await;
        let (turn, from) = {
            let doubt = inner.doubt.lock().expect("no holder of this lock panics");
            (doubt.turn, doubt.from)
        };
        let Some(from) = from else {
            return Ok(());
        };
        let bounds = inner.backend.bounds().await?;
        let mut at = match from {
            0 => self.window_begins(&bounds).await?,
            from => from,
        };
        while at < bounds.end {
            let batch = inner.backend.read(at, PAGE).await?;
            if batch.next == at {
                break;
            }
            at = batch.next;
            for record in batch.records {
                let stored = Stored::decode(&record.body);
                let Some(stored) = stored.filter(|stored| stored.directed.is_none()) else {
                    continue;
                };
                let Ok(opened) = bus::envelope::open(stored.envelope) else {
                    continue;
                };
                let key = Key::new(stored.tenant, &opened.content.id);
                self.window().arrived(key, record.position, record.time);
            }
        }
        inner.end.fetch_max(bounds.end, Ordering::Relaxed);
        let mut doubt = inner.doubt.lock().expect("no holder of this lock panics");
        if doubt.turn == turn {
            doubt.from = None;
        }
        Ok(())
    }

    /// Position of the oldest message within the window before the newest one.
    async fn window_begins(&self, bounds: &Range<u64>) -> Result<u64> {
        let inner = &self.0;
        let last = bounds.end.saturating_sub(1).max(bounds.start);
        let newest = inner.backend.read(last, PAGE).await?;
        let Some(newest) = newest.records.last() else {
            return Ok(bounds.end);
        };
        let oldest = newest.time - inner.config.dedupe_window.get();
        let from = inner.backend.find(oldest).await?;
        let most = u64::try_from(inner.config.dedupe_ids).unwrap_or(u64::MAX);
        Ok(from.max(bounds.end.saturating_sub(most)))
    }

    /// Nobody knows whether what was appended behind `end` is in the log.
    fn doubt(&self, end: u64) {
        let mut doubt = self.0.doubt.lock().expect("no holder of this lock panics");
        doubt.turn += 1;
        doubt.from = Some(doubt.from.map_or(end, |from| from.min(end)));
    }

    /// Refuses topics that are too many for a tenant.
    pub(crate) fn check_topics<'a>(
        &self,
        tenant: Id,
        topics: impl Iterator<Item = &'a str>,
    ) -> Result<()> {
        let most = self.0.config.topics_per_tenant;
        self.figures(|figures| {
            for topic in topics {
                if figures.is_full(tenant, topic, usize::try_from(most).unwrap_or(usize::MAX)) {
                    let text = format!("a tenant has at most {most} topics");
                    return Err(Error::new(&error::reason::QUOTA_EXCEEDED, text)
                        .with_metadata("topic", topic));
                }
            }
            Ok(())
        })
    }

    /// The log.
    pub(crate) fn backend(&self) -> &Arc<dyn Backend> {
        &self.0.backend
    }

    /// The rows.
    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    /// The settings.
    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    /// The time.
    pub(crate) fn now(&self) -> Time {
        self.0.clock.now()
    }

    /// Rings when something new waits for its time.
    pub(crate) fn scheduled(&self) -> &Notify {
        &self.0.scheduled
    }

    /// Rings when a command was answered.
    pub(crate) fn answered(&self) -> &Notify {
        &self.0.answered
    }

    /// Looks at figures of topics.
    pub(crate) fn figures<T>(&self, look: impl FnOnce(&mut Figures) -> T) -> T {
        look(
            &mut self
                .0
                .figures
                .lock()
                .expect("no holder of this lock panics"),
        )
    }

    /// Messages published and repeated since the start, and ids remembered.
    pub(crate) fn counters(&self) -> (u64, u64, usize) {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (
            count(&self.0.published),
            count(&self.0.duplicates),
            self.window().len(),
        )
    }

    fn window(&self) -> std::sync::MutexGuard<'_, Window> {
        self.0.window.lock().expect("no holder of this lock panics")
    }

    /// Publishes messages, all or none, in this order; those that were published before are passed over.
    pub(crate) async fn publish(&self, messages: Vec<Outgoing>) -> Result<Vec<Placed>> {
        let now = self.now();
        let mut placed: Vec<Option<Placed>> = vec![None; messages.len()];
        let (mut at_once, mut later) = (Vec::new(), Vec::new());
        for (index, message) in messages.into_iter().enumerate() {
            match message.publish_at.filter(|due| *due > now) {
                Some(due) => {
                    placed[index] = Some(Placed {
                        position: 0,
                        duplicate: false,
                        waits: Some(due),
                    });
                    later.push(scheduled::Row {
                        id: Id::new(),
                        tenant: message.stored.tenant,
                        message_id: message.id,
                        due_at: due,
                        security_level: message.stored.level.number(),
                        body: message.stored.encode().to_vec(),
                        created_at: now,
                        updated_at: now,
                        version: 1,
                    });
                }
                None => {
                    let key = Key::new(message.stored.tenant, &message.id);
                    at_once.push((index, key, message.stored.encode()));
                }
            }
        }
        if !later.is_empty() {
            // Rows of several tenants may come together, from a relay.
            let scope = Scope::system_all("keep messages for later");
            self.0.store.scheduled_add(&scope, later).await?;
            self.0.scheduled.notify_one();
        }
        let (order, bodies): (Vec<usize>, Vec<(Key, Bytes)>) = at_once
            .into_iter()
            .map(|(index, key, body)| (index, (key, body)))
            .unzip();
        for (index, (position, duplicate)) in order.into_iter().zip(self.append_once(bodies).await?)
        {
            placed[index] = Some(Placed {
                position,
                duplicate,
                waits: None,
            });
        }
        Ok(placed.into_iter().flatten().collect())
    }

    /// Appends what the window does not know: position of each, and whether it was there before.
    pub(crate) async fn append_once(
        &self,
        messages: Vec<(Key, Bytes)>,
    ) -> Result<Vec<(u64, bool)>> {
        /// What becomes of a message.
        enum Plan {
            There(u64),
            New(usize),
            Same(usize),
        }
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        self.learn().await?;
        let mut plans = Vec::with_capacity(messages.len());
        let mut new: Vec<(Key, Bytes)> = Vec::with_capacity(messages.len());
        let mut messages = messages;
        loop {
            let landed = self.0.landed.notified();
            tokio::pin!(landed);
            landed.as_mut().enable();
            let waits = {
                let mut window = self.window();
                let underway = |(key, _): &(Key, Bytes)| window.get(key) == Some(Known::Underway);
                if messages.iter().any(underway) {
                    true
                } else {
                    let mut own: HashMap<Key, usize> = HashMap::new();
                    for (key, body) in std::mem::take(&mut messages) {
                        let plan = match (window.get(&key), own.get(&key)) {
                            (Some(Known::At(position)), _) => Plan::There(position),
                            (_, Some(index)) => Plan::Same(*index),
                            _ => {
                                window.begin(key.clone());
                                own.insert(key.clone(), new.len());
                                new.push((key, body));
                                Plan::New(new.len() - 1)
                            }
                        };
                        plans.push(plan);
                    }
                    false
                }
            };
            if !waits {
                break;
            }
            // Somebody else is publishing one of them: what becomes of that decides.
            let _ = tokio::time::timeout(UNDERWAY, landed).await;
        }
        let first = match new.is_empty() {
            true => 0,
            false => self.append(new).await?,
        };
        let outcomes = plans.into_iter().map(|plan| match plan {
            Plan::There(position) => (position, true),
            Plan::New(index) => (first + index as u64, false),
            Plan::Same(index) => (first + index as u64, true),
        });
        let outcomes: Vec<_> = outcomes.collect();
        let repeated = outcomes.iter().filter(|(_, duplicate)| *duplicate).count() as u64;
        self.0.duplicates.fetch_add(repeated, Ordering::Relaxed);
        self.0
            .published
            .fetch_add(outcomes.len() as u64 - repeated, Ordering::Relaxed);
        Ok(outcomes)
    }

    /// Appends messages that the window has as underway. Goes on to the end though the caller gives up, so that the
    /// window knows what became of them.
    async fn append(&self, new: Vec<(Key, Bytes)>) -> Result<u64> {
        let broker = self.clone();
        let task = rpc::spawn("append", async move {
            let now = broker.now();
            let (keys, bodies): (Vec<Key>, Vec<Bytes>) = new.into_iter().unzip();
            let end = broker.0.end.load(Ordering::Relaxed);
            let appended = broker.0.backend.append(now, bodies).await;
            let mut window = broker.window();
            match &appended {
                Ok(range) => {
                    broker.0.end.fetch_max(range.end, Ordering::Relaxed);
                    for (key, position) in keys.into_iter().zip(range.clone()) {
                        window.arrived(key, position, now);
                    }
                }
                Err(_) => {
                    broker.doubt(end);
                    keys.iter().for_each(|key| window.give_up(key));
                }
            }
            drop(window);
            broker.0.landed.notify_waiters();
            appended.map(|range| range.start)
        });
        task.await.map_err(Error::internal)?
    }

    /// A subscription that is there; `None` where there is none.
    pub(crate) fn group(&self, id: Id) -> Option<Arc<Group>> {
        let groups = self.0.groups.read().expect("no holder of this lock panics");
        groups.get(&id).cloned()
    }

    /// Every subscription.
    pub(crate) fn groups(&self) -> Vec<Arc<Group>> {
        let groups = self.0.groups.read().expect("no holder of this lock panics");
        groups.values().cloned().collect()
    }

    /// Begins to deliver a subscription, or takes over its settings.
    pub(crate) fn add_group(&self, row: &subscriptions::Row) -> Arc<Group> {
        let mut groups = self
            .0
            .groups
            .write()
            .expect("no holder of this lock panics");
        if let Some(group) = groups.get(&row.id) {
            group.set(Settings::of(row));
            return Arc::clone(group);
        }
        let snapshot: Snapshot = row.state.read().unwrap_or_default();
        let group = Group::new(
            row.id,
            row.tenant,
            Settings::of(row),
            Delivery::restore(snapshot),
        );
        let group = Arc::new(group);
        groups.insert(row.id, Arc::clone(&group));
        group
    }

    /// Stops to deliver a subscription; who waits for its messages hears of it.
    pub(crate) fn remove_group(&self, id: Id) {
        let removed = {
            let mut groups = self
                .0
                .groups
                .write()
                .expect("no holder of this lock panics");
            groups.remove(&id)
        };
        if let Some(group) = removed {
            group.end();
        }
    }

    /// Writes down how far subscriptions are.
    pub(crate) async fn persist(&self) -> Result<()> {
        let mut states = Vec::new();
        let mut written = Vec::new();
        for group in self.groups() {
            if let Some(snapshot) = group.take_changed().await {
                states.push((group.id, Json::of(&snapshot).map_err(Error::internal)?));
                written.push(group);
            }
        }
        if states.is_empty() {
            return Ok(());
        }
        let scope = Scope::system_all("keep how far subscriptions are");
        let saved = self.0.store.states_save(&scope, states).await;
        if saved.is_err() {
            written.iter().for_each(|group| group.changed());
        }
        saved
    }
}
