//! The cache in memory and over Redis: one list of what it does, run on both; then what only Redis can do to it.

#![allow(clippy::unwrap_used)]

mod away;
mod model;
mod same;

use cache::{Cache, CacheConfig, Caches, Entry, Key};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use testkit::ManualClock;
use value::Id;

/// Caches of a test, with a clock in its hand.
struct Rig {
    clock: Arc<ManualClock>,
    caches: Caches,
    config: CacheConfig,
    tenant: Id,
}

impl Rig {
    fn memory() -> Self {
        let clock = Arc::new(ManualClock::default());
        Self {
            caches: Caches::in_memory(clock.clone()),
            clock,
            config: CacheConfig::default(),
            tenant: Id::new(),
        }
    }

    /// On a Redis, under keys that no other test has.
    fn redis(url: &str) -> Self {
        let clock = Arc::new(ManualClock::default());
        let config = CacheConfig {
            redis: redis_pool::RedisConfig {
                url: config::Secret::new(url),
                ..CacheConfig::default().redis
            },
            prefix: format!("test-{}", Id::new()),
            ..CacheConfig::default()
        };
        Self {
            caches: Caches::open(&config, clock.clone()).unwrap(),
            clock,
            config,
            tenant: Id::new(),
        }
    }

    /// Another process beside this one.
    fn neighbour(&self) -> Caches {
        Caches::open(&self.config, self.clock.clone()).unwrap()
    }

    fn key(&self, name: &str) -> Key {
        Key::new(self.tenant, name)
    }

    fn cache(&self) -> Cache<String> {
        self.caches.shared("test").build()
    }
}

/// Loads that are counted, so that a test sees which happened.
#[derive(Clone, Default)]
struct Loads(Arc<AtomicUsize>);

impl Loads {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// A load of a text with the number of the load.
    fn load(
        &self,
        tag: &'static str,
    ) -> impl Future<Output = error::Result<Entry<String>>> + Send + 'static {
        let loads = Arc::clone(&self.0);
        async move {
            // Others get their turn while it is loaded.
            testkit::tokio::task::yield_now().await;
            let number = loads.fetch_add(1, Ordering::SeqCst) + 1;
            Ok(Entry::new(format!("value {number}")).tag(tag))
        }
    }
}

const HOUR: Duration = Duration::from_secs(3600);
