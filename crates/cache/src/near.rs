//! The memory of this process. What becomes stale is told by order: each tag knows after how many invalidations it
//! was invalidated last, each entry after how many its load began; an entry that is older than one of its tags is stale.

use crate::{Key, Tag, figures::Counters};
use moka::{
    Expiry, future::Cache as Memory, notification::RemovalCause, policy::EvictionPolicy,
    sync::Cache as Tags,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use value::{Clock, Id, Time};

/// Tags that are remembered at least; an entry with a forgotten tag is stale.
const TAGS: u64 = 100_000;

/// An entry in memory.
#[derive(Debug)]
pub(crate) struct Kept<V> {
    pub(crate) value: Arc<V>,
    pub(crate) tags: Arc<[Tag]>,
    /// When its life is over.
    pub(crate) dies: Time,
    /// When it is not trusted any more, at the latest when it dies.
    until: Time,
    held: Duration,
    born: u64,
}

/// Entries in memory.
pub(crate) struct Near<V> {
    entries: Memory<Key, Arc<Kept<V>>>,
    tags: Tags<(Id, Tag), u64>,
    /// How many invalidations there were.
    order: AtomicU64,
    /// The latest invalidation of a tag that is not remembered any more.
    forgotten: Arc<AtomicU64>,
    clock: Arc<dyn Clock>,
}

/// How much there may be.
pub(crate) enum Bound<V> {
    /// So many entries.
    Entries(u64),
    /// So many bytes, by what the function says of a value.
    Bytes(u64, fn(&V) -> usize),
}

/// Frees the room of what is dead.
struct Own;

impl<V> Expiry<Key, Arc<Kept<V>>> for Own {
    fn expire_after_create(&self, _: &Key, kept: &Arc<Kept<V>>, _: Instant) -> Option<Duration> {
        Some(kept.held)
    }

    fn expire_after_update(
        &self,
        _: &Key,
        kept: &Arc<Kept<V>>,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(kept.held)
    }
}

impl<V: Send + Sync + 'static> Near<V> {
    pub(crate) fn new(
        bound: Bound<V>,
        idle: Option<Duration>,
        counters: Arc<Counters>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let mut entries = Memory::builder()
            .expire_after(Own)
            .eviction_listener(move |_, _, cause| counters.gone(cause));
        if let Some(idle) = idle {
            entries = entries.time_to_idle(idle);
        }
        let entries = match bound {
            Bound::Entries(many) => entries.max_capacity(many),
            Bound::Bytes(bytes, size) => {
                entries
                    .max_capacity(bytes)
                    .weigher(move |key: &Key, kept: &Arc<Kept<V>>| {
                        let bytes = key.name().len() + 64 + size(&kept.value);
                        u32::try_from(bytes).unwrap_or(u32::MAX)
                    })
            }
        };
        let forgotten = Arc::new(AtomicU64::new(0));
        let forget = Arc::clone(&forgotten);
        Self {
            entries: entries.build(),
            // A new tag must find room, or its entries would never be found.
            tags: Tags::builder()
                .max_capacity(TAGS)
                .eviction_policy(EvictionPolicy::lru())
                .eviction_listener(move |_, last, cause| {
                    if cause == RemovalCause::Size {
                        forget.fetch_max(last, Ordering::SeqCst);
                    }
                })
                .build(),
            order: AtomicU64::new(0),
            forgotten,
            clock,
        }
    }

    /// The place in the order of what begins now.
    pub(crate) fn order(&self) -> u64 {
        self.order.load(Ordering::SeqCst)
    }

    /// The entry, unless it is stale or dead.
    pub(crate) async fn get(&self, key: &Key) -> Option<Arc<Kept<V>>> {
        let kept = self.entries.get(key).await?;
        let fresh = kept.tags.iter().all(|tag| {
            let tag = (key.tenant(), tag.clone());
            self.tags.get(&tag).is_some_and(|last| last <= kept.born)
        });
        if fresh && self.clock.now() < kept.until {
            return Some(kept);
        }
        // Not one that took its place meanwhile.
        let current = self.entries.get(key).await;
        if current.is_some_and(|current| Arc::ptr_eq(&current, &kept)) {
            self.entries.invalidate(key).await;
        }
        None
    }

    /// Keeps a value whose load began at `born`, until `dies`, but no longer than it may be `held` here.
    pub(crate) async fn put(
        &self,
        key: Key,
        value: Arc<V>,
        tags: Arc<[Tag]>,
        born: u64,
        (dies, held): (Time, Duration),
    ) {
        for tag in tags.iter() {
            let tag = (key.tenant(), tag.clone());
            // One that is new here may have been invalidated and forgotten while the value was loaded.
            let forgotten = self.forgotten.load(Ordering::SeqCst);
            self.tags.entry(tag).or_insert(born.max(forgotten));
        }
        let kept = Kept {
            value,
            tags,
            dies,
            until: dies.min(self.clock.now() + held),
            held,
            born,
        };
        self.entries.insert(key, Arc::new(kept)).await;
    }

    pub(crate) async fn remove(&self, key: &Key) {
        self.order.fetch_add(1, Ordering::SeqCst);
        self.entries.invalidate(key).await;
    }

    pub(crate) fn invalidate(&self, tenant: Id, tags: &[Tag]) {
        let order = self.order.fetch_add(1, Ordering::SeqCst) + 1;
        for tag in tags {
            // Of two at the same time the later one counts, whichever comes here last.
            self.tags
                .entry((tenant, tag.clone()))
                .and_upsert_with(|last| last.map_or(order, |last| last.into_value().max(order)));
        }
    }

    /// How many entries there are, once what is due has been done.
    pub(crate) async fn settle(&self) -> u64 {
        self.entries.run_pending_tasks().await;
        self.entries.entry_count()
    }

    /// How many entries there are, roughly.
    pub(crate) fn count(&self) -> u64 {
        self.entries.entry_count()
    }
}
