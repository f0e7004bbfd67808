//! The cache itself: looks in memory, then in Redis, then loads; once for all who ask at the same time.

use crate::{
    Entry, Figures, Flights, Found, Held, Key, Source, Tag,
    builder::Codec,
    far::{Far, Read},
    figures::Counters,
    near::Near,
};
use error::{Error, Result};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use value::{Clock, Id};

/// Values by key. Cloning it is cheap; clones are the same cache.
pub struct Cache<V>(Arc<Inner<V>>);

impl<V> Clone for Cache<V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// What a flight brings: a value, and where it was found.
type Brought<V> = (Arc<V>, Source);

pub(crate) struct Inner<V> {
    near: Near<V>,
    /// The entries in Redis, how values become bytes, how long memory is trusted over it, and how long entries live at most.
    far: Option<(Far, Codec<V>, Duration, Duration)>,
    /// By key and place in the order: who comes after an invalidation does not wait for what began before.
    flights: Flights<(Key, u64), Brought<V>>,
    counters: Arc<Counters>,
    clock: Arc<dyn Clock>,
    ttl: Duration,
}

impl<V: Send + Sync + 'static> Inner<V> {
    pub(crate) fn new(
        name: &'static str,
        near: Near<V>,
        far: Option<(Far, Codec<V>, Duration, Duration)>,
        counters: Arc<Counters>,
        clock: Arc<dyn Clock>,
        ttl: Duration,
    ) -> Self {
        Self {
            near,
            far,
            flights: Flights::new(name),
            counters,
            clock,
            ttl,
        }
    }

    /// Looks in Redis and keeps in memory what is there; else says at which moment a load begins, if Redis is there.
    async fn look_far(&self, key: &Key, born: u64) -> Looked<V> {
        let Some((far, codec, trusted, _)) = &self.far else {
            return Looked::Nothing(None);
        };
        // The second look is after what cannot be read was dropped.
        for _ in 0..2 {
            match far.read(key).await {
                Read::Away => break,
                Read::Miss(moment) => return Looked::Nothing(Some(moment)),
                Read::Hit(bytes, tags, left) => {
                    if let Some(value) = (codec.decode)(&bytes) {
                        let (value, tags) = (Arc::new(value), Arc::<[Tag]>::from(tags));
                        let times = (self.clock.now() + left, *trusted);
                        let kept = (Arc::clone(&value), Arc::clone(&tags));
                        self.near
                            .put(key.clone(), kept.0, kept.1, born, times)
                            .await;
                        return Looked::Found(value, tags, left);
                    }
                    self.counters.redis_refused();
                    far.remove(key).await;
                }
            }
        }
        Looked::Nothing(None)
    }

    async fn keep(&self, key: &Key, entry: Entry<V>, born: u64, moment: Option<&str>) -> Arc<V> {
        let value = Arc::new(entry.value);
        if !entry.keep {
            return value;
        }
        let mut ttl = entry.ttl.unwrap_or(self.ttl);
        let mut held = ttl;
        if let Some((far, codec, trusted, longest)) = &self.far {
            ttl = ttl.min(*longest);
            held = ttl.min(*trusted);
            match (moment, (codec.encode)(&value)) {
                (_, None) => self.counters.redis_refused(),
                (Some(moment), Some(bytes)) => {
                    far.write(key, moment, ttl, &entry.tags, &bytes).await;
                }
                (None, _) => {}
            }
        }
        let times = (self.clock.now() + ttl, held);
        let kept = Arc::clone(&value);
        self.near
            .put(key.clone(), kept, entry.tags.into(), born, times)
            .await;
        value
    }

    async fn bring<F>(&self, key: Key, born: u64, load: F) -> Result<Brought<V>>
    where
        F: Future<Output = Result<Entry<V>>>,
    {
        let moment = match self.look_far(&key, born).await {
            Looked::Found(value, ..) => {
                self.counters.hit(Source::Redis);
                return Ok((value, Source::Redis));
            }
            Looked::Nothing(moment) => moment,
        };
        self.counters.miss();
        let began = Instant::now();
        let loaded = load.await;
        self.counters.load(loaded.is_ok(), began.elapsed());
        let value = self.keep(&key, loaded?, born, moment.as_deref()).await;
        Ok((value, Source::Loaded))
    }
}

/// What a look into Redis brought.
enum Looked<V> {
    Found(Arc<V>, Arc<[Tag]>, Duration),
    Nothing(Option<String>),
}

impl<V: Send + Sync + 'static> Cache<V> {
    pub(crate) fn new(inner: Inner<V>) -> Self {
        Self(Arc::new(inner))
    }

    /// The value, if there is one that is fresh. A Redis that is away has none.
    pub async fn get(&self, key: &Key) -> Option<Found<V>> {
        let inner = &self.0;
        if let Some(kept) = inner.near.get(key).await {
            inner.counters.hit(Source::Memory);
            return Some(Found {
                value: Arc::clone(&kept.value),
                source: Source::Memory,
            });
        }
        let born = inner.near.order();
        if let Looked::Found(value, ..) = inner.look_far(key, born).await {
            inner.counters.hit(Source::Redis);
            return Some(Found {
                value,
                source: Source::Redis,
            });
        }
        inner.counters.miss();
        None
    }

    /// The value, loaded if there is none. Of equal loads at the same time one is done, for all; its failure is
    /// everyone's, and is not kept. What was invalidated while it was loaded is answered and not kept.
    ///
    /// # Errors
    /// Those of the load.
    pub async fn get_or_load<F>(&self, key: &Key, load: impl FnOnce() -> F) -> Result<Found<V>>
    where
        F: Future<Output = Result<Entry<V>>> + Send + 'static,
    {
        let inner = &self.0;
        if let Some(kept) = inner.near.get(key).await {
            inner.counters.hit(Source::Memory);
            return Ok(Found {
                value: Arc::clone(&kept.value),
                source: Source::Memory,
            });
        }
        let born = inner.near.order();
        let bring = {
            let (inner, key, load) = (Arc::clone(inner), key.clone(), load());
            async move { inner.bring(key, born, load).await }
        };
        let (flight, joined) = inner.flights.board((key.clone(), born), bring);
        if joined {
            inner.counters.join();
        }
        let brought = flight.await.map_err(Error::from)?;
        Ok(Found {
            value: Arc::clone(&brought.0),
            source: if joined { Source::Joined } else { brought.1 },
        })
    }

    /// Keeps a value that was made just now. One whose making takes time during which something may be
    /// invalidated belongs into [`Cache::get_or_load`].
    pub async fn put(&self, key: &Key, entry: Entry<V>) -> Arc<V> {
        let inner = &self.0;
        inner.keep(key, entry, inner.near.order(), Some("")).await
    }

    /// Drops an entry.
    pub async fn remove(&self, key: &Key) {
        self.0.near.remove(key).await;
        if let Some((far, ..)) = &self.0.far {
            far.remove(key).await;
        }
    }

    /// Drops all entries of a tenant that have one of these tags, whose load may still be going on. Other processes
    /// overlook it for as long as they trust their memory. If Redis is away it happens there before it is used again.
    pub async fn invalidate(&self, tenant: Id, tags: &[Tag]) {
        self.0.counters.invalidate(tags.len());
        self.0.near.invalidate(tenant, tags);
        if let Some((far, ..)) = &self.0.far {
            far.invalidate(tenant, tags).await;
        }
    }

    /// What is known of an entry; asking is no use of it and is not counted.
    pub async fn describe(&self, key: &Key) -> Option<Held> {
        let inner = &self.0;
        if let Some(kept) = inner.near.get(key).await {
            let left = kept.dies.micros() - inner.clock.now().micros();
            return Some(Held {
                left: Duration::from_micros(u64::try_from(left).unwrap_or(0)),
                tags: kept.tags.to_vec(),
                source: Source::Memory,
            });
        }
        match inner.look_far(key, inner.near.order()).await {
            Looked::Found(_, tags, left) => Some(Held {
                left,
                tags: tags.to_vec(),
                source: Source::Redis,
            }),
            Looked::Nothing(_) => None,
        }
    }

    /// What the cache did in this process.
    pub fn figures(&self) -> Figures {
        self.0.counters.figures(self.0.near.count())
    }

    /// The same, once memory has dropped what has no room in it.
    pub async fn settled_figures(&self) -> Figures {
        let entries = self.0.near.settle().await;
        self.0.counters.figures(entries)
    }
}
