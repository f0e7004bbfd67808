//! What a cache did, as numbers of this process: in the metrics by the cache's name, and at hand.

use crate::Source;
use moka::notification::RemovalCause;
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// What a cache did since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Values found in memory.
    pub memory_hits: u64,
    /// Values found in Redis.
    pub redis_hits: u64,
    /// Values that were not there.
    pub misses: u64,
    /// Values that were loaded.
    pub loads: u64,
    /// Loads that failed.
    pub failed_loads: u64,
    /// Calls that waited for the load of another.
    pub joined: u64,
    /// Entries dropped for want of room.
    pub evictions: u64,
    /// Entries dropped because their time was over.
    pub expirations: u64,
    /// Tags invalidated.
    pub invalidations: u64,
    /// Times that Redis was asked in vain, or known to be away.
    pub redis_failures: u64,
    /// Values too large, or of another shape than now, for Redis.
    pub redis_refusals: u64,
    /// Entries in memory.
    pub entries: u64,
}

#[derive(Debug)]
pub(crate) struct Counters {
    cache: &'static str,
    memory_hits: AtomicU64,
    redis_hits: AtomicU64,
    misses: AtomicU64,
    loads: AtomicU64,
    failed_loads: AtomicU64,
    joined: AtomicU64,
    evictions: AtomicU64,
    expirations: AtomicU64,
    invalidations: AtomicU64,
    redis_failures: AtomicU64,
    redis_refusals: AtomicU64,
}

fn add(counter: &AtomicU64, many: u64) {
    counter.fetch_add(many, Ordering::Relaxed);
}

impl Counters {
    pub(crate) fn new(cache: &'static str) -> Self {
        Self {
            cache,
            memory_hits: AtomicU64::new(0),
            redis_hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            loads: AtomicU64::new(0),
            failed_loads: AtomicU64::new(0),
            joined: AtomicU64::new(0),
            evictions: AtomicU64::new(0),
            expirations: AtomicU64::new(0),
            invalidations: AtomicU64::new(0),
            redis_failures: AtomicU64::new(0),
            redis_refusals: AtomicU64::new(0),
        }
    }

    pub(crate) fn hit(&self, source: Source) {
        let (counter, layer) = match source {
            Source::Redis => (&self.redis_hits, "redis"),
            _ => (&self.memory_hits, "memory"),
        };
        add(counter, 1);
        metrics::counter!("cache_hits_total", "cache" => self.cache, "layer" => layer).increment(1);
    }

    pub(crate) fn miss(&self) {
        add(&self.misses, 1);
        metrics::counter!("cache_misses_total", "cache" => self.cache).increment(1);
    }

    pub(crate) fn load(&self, worked: bool, took: Duration) {
        add(&self.loads, 1);
        add(&self.failed_loads, u64::from(!worked));
        let outcome = if worked { "ok" } else { "error" };
        metrics::counter!("cache_loads_total", "cache" => self.cache, "outcome" => outcome)
            .increment(1);
        metrics::histogram!("cache_load_seconds", "cache" => self.cache).record(took);
    }

    pub(crate) fn join(&self) {
        add(&self.joined, 1);
    }

    pub(crate) fn gone(&self, cause: RemovalCause) {
        let (counter, cause) = match cause {
            RemovalCause::Size => (&self.evictions, "size"),
            RemovalCause::Expired => (&self.expirations, "expired"),
            RemovalCause::Explicit | RemovalCause::Replaced => return,
        };
        add(counter, 1);
        metrics::counter!("cache_evictions_total", "cache" => self.cache, "cause" => cause)
            .increment(1);
    }

    pub(crate) fn invalidate(&self, many: usize) {
        add(&self.invalidations, many as u64);
        metrics::counter!("cache_invalidations_total", "cache" => self.cache)
            .increment(many as u64);
    }

    pub(crate) fn redis_failed(&self) {
        add(&self.redis_failures, 1);
        metrics::counter!("cache_redis_failures_total", "cache" => self.cache).increment(1);
    }

    pub(crate) fn redis_refused(&self) {
        add(&self.redis_refusals, 1);
        metrics::counter!("cache_redis_refusals_total", "cache" => self.cache).increment(1);
    }

    pub(crate) fn figures(&self, entries: u64) -> Figures {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Figures {
            memory_hits: read(&self.memory_hits),
            redis_hits: read(&self.redis_hits),
            misses: read(&self.misses),
            loads: read(&self.loads),
            failed_loads: read(&self.failed_loads),
            joined: read(&self.joined),
            evictions: read(&self.evictions),
            expirations: read(&self.expirations),
            invalidations: read(&self.invalidations),
            redis_failures: read(&self.redis_failures),
            redis_refusals: read(&self.redis_refusals),
            entries,
        }
    }
}
