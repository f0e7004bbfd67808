//! Where caches come from: a process opens [`Caches`] once, and each cache is made from it by name.

use crate::{
    Cache, CacheConfig,
    far::{Far, Server},
    figures::Counters,
    near::{Bound, Near},
    store::Inner,
};
use serde::{Serialize, de::DeserializeOwned};
use std::{sync::Arc, time::Duration};
use value::Clock;

/// The caches of a process.
#[derive(Clone)]
pub struct Caches {
    clock: Arc<dyn Clock>,
    server: Option<Arc<Server>>,
    near: Duration,
}

impl Caches {
    /// Caches in the memory of this process.
    pub fn in_memory(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            server: None,
            near: Duration::MAX,
        }
    }

    /// Caches as the settings say. Nothing is connected before the first use.
    ///
    /// # Errors
    /// `INTERNAL` if the address of the Redis is none, which validated settings rule out.
    pub fn open(config: &CacheConfig, clock: Arc<dyn Clock>) -> error::Result<Self> {
        if config.redis.url.is_empty() {
            return Ok(Self::in_memory(clock));
        }
        Ok(Self {
            clock,
            server: Some(Arc::new(Server::new(config)?)),
            near: config.near.get(),
        })
    }

    /// A cache that stays in the memory of this process, whatever the settings say.
    pub fn local<V: Send + Sync + 'static>(&self, name: &'static str) -> Builder<V> {
        Builder {
            name,
            bound: Bound::Entries(10_000),
            ttl: Duration::from_secs(3600),
            idle: None,
            clock: Arc::clone(&self.clock),
            far: None,
        }
    }

    /// A cache that processes share, if the settings name a Redis. What is in it has another name when its shape
    /// changes, or is not found: entries that cannot be read count as none.
    pub fn shared<V>(&self, name: &'static str) -> Builder<V>
    where
        V: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        let codec = Codec {
            encode: |value| serde_json::to_vec(value).ok(),
            decode: |bytes| serde_json::from_slice(bytes).ok(),
        };
        Builder {
            far: self.server.clone().map(|server| (server, codec, self.near)),
            ..self.local(name)
        }
    }

    /// How the connections to the Redis do, if there is one.
    pub fn redis(&self) -> Option<redis_pool::Status> {
        self.server.as_ref().map(|server| server.pool().status())
    }

    /// Whether the Redis answers, if there is one. A process works without it, more slowly.
    ///
    /// # Errors
    /// `REDIS_UNAVAILABLE` if it does not.
    pub async fn health(&self) -> error::Result<()> {
        match &self.server {
            Some(server) => server.pool().ping().await.map_err(Into::into),
            None => Ok(()),
        }
    }
}

/// How values become bytes.
pub(crate) struct Codec<V> {
    pub(crate) encode: fn(&V) -> Option<Vec<u8>>,
    pub(crate) decode: fn(&[u8]) -> Option<V>,
}

/// A cache to be.
pub struct Builder<V> {
    name: &'static str,
    bound: Bound<V>,
    ttl: Duration,
    idle: Option<Duration>,
    clock: Arc<dyn Clock>,
    far: Option<(Arc<Server>, Codec<V>, Duration)>,
}

impl<V: Send + Sync + 'static> Builder<V> {
    /// Holds so many entries in memory; 10,000 if nothing is said.
    #[must_use]
    pub fn entries(mut self, most: u64) -> Self {
        self.bound = Bound::Entries(most);
        self
    }

    /// Holds so many bytes in memory, by what the function says of a value.
    #[must_use]
    pub fn bytes(mut self, most: u64, size: fn(&V) -> usize) -> Self {
        self.bound = Bound::Bytes(most, size);
        self
    }

    /// How long entries live that say nothing else; an hour if nothing is said.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// Drops from memory what was not asked for that long.
    #[must_use]
    pub fn idle(mut self, idle: Duration) -> Self {
        self.idle = Some(idle);
        self
    }

    /// The cache.
    pub fn build(self) -> Cache<V> {
        let counters = Arc::new(Counters::new(self.name));
        let (near, clock) = (self.bound, Arc::clone(&self.clock));
        let near = Near::new(near, self.idle, Arc::clone(&counters), clock);
        let far = self.far.map(|(server, codec, trusted)| {
            let longest = server.longest();
            let far = Far::new(server, self.name, Arc::clone(&counters));
            (far, codec, trusted, longest)
        });
        Cache::new(Inner::new(
            self.name, near, far, counters, self.clock, self.ttl,
        ))
    }
}
