//! The Redis that processes share. It may be away: then nothing is read from it and nothing is put into it, and what
//! was to be invalidated is remembered and done before it is used again.

mod pending;

use crate::{CacheConfig, Key, Tag, figures::Counters};
use pending::Pending;
use redis_pool::{
    Connection, Pool, Trouble,
    redis::{FromRedisValue, RedisResult, Script, ScriptInvocation},
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use value::Id;

const HEAD: &str = include_str!("far/head.lua");

/// What all caches of a process have in common.
pub(crate) struct Server {
    pool: Pool,
    prefix: String,
    longest: Duration,
    largest: usize,
    read: Script,
    write: Script,
    invalidate: Script,
}

/// The entries of one cache in Redis.
pub(crate) struct Far {
    server: Arc<Server>,
    cache: &'static str,
    counters: Arc<Counters>,
    pending: Mutex<Pending>,
}

/// What was read.
pub(crate) enum Read {
    /// A fresh value with its tags and the time that it lives.
    Hit(Vec<u8>, Vec<Tag>, Duration),
    /// No value; if one is loaded now, this is its moment.
    Miss(String),
    /// Redis is of no use now.
    Away,
}

impl Server {
    pub(crate) fn new(config: &CacheConfig) -> error::Result<Self> {
        let script = |text| Script::new(&format!("{HEAD}{text}"));
        Ok(Self {
            pool: Pool::new("cache", &config.redis)?,
            prefix: config.prefix.clone(),
            longest: config.longest.get(),
            largest: config.largest.as_usize(),
            read: script(include_str!("far/read.lua")),
            write: script(include_str!("far/write.lua")),
            invalidate: script(include_str!("far/invalidate.lua")),
        })
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(crate) fn longest(&self) -> Duration {
        self.longest
    }
}

impl Far {
    pub(crate) fn new(server: Arc<Server>, cache: &'static str, counters: Arc<Counters>) -> Self {
        Self {
            server,
            cache,
            counters,
            pending: Mutex::default(),
        }
    }

    /// Looks for a value.
    pub(crate) async fn read(&self, key: &Key) -> Read {
        let script = &self.server.read;
        let answer = self
            .ask(|connection| {
                let mut call = self.on_tenant(script, key.tenant());
                call.key(self.entry(key));
                run::<Vec<Vec<u8>>>(call, connection)
            })
            .await;
        match answer.map(<[Vec<u8>; 3]>::try_from) {
            None => Read::Away,
            Some(Ok([value, tags, left])) => {
                let tags = String::from_utf8_lossy(&tags);
                let left = String::from_utf8_lossy(&left).parse().unwrap_or(0);
                Read::Hit(
                    value,
                    tags.lines().map(Tag::new).collect(),
                    Duration::from_millis(left),
                )
            }
            Some(Err(parts)) => match parts.into_iter().next().map(String::from_utf8) {
                Some(Ok(moment)) => Read::Miss(moment),
                _ => Read::Away,
            },
        }
    }

    /// Keeps a value whose load began at a moment, or now. What fails is counted.
    pub(crate) async fn write(
        &self,
        key: &Key,
        moment: &str,
        ttl: Duration,
        tags: &[Tag],
        value: &[u8],
    ) {
        if value.len() > self.server.largest {
            self.counters.redis_refused();
            return;
        }
        let script = &self.server.write;
        let _kept = self
            .ask(|connection| {
                let mut call = self.on_tenant(script, key.tenant());
                call.key(self.entry(key)).arg(moment);
                call.arg(ttl.min(self.server.longest).as_millis().max(1).to_string());
                call.arg(lines(tags)).arg(value);
                run::<u8>(call, connection)
            })
            .await;
    }

    /// Makes stale what has one of these tags, now or before it is next used.
    pub(crate) async fn invalidate(&self, tenant: Id, tags: &[Tag]) {
        self.pending(|pending| pending.add_tags(tenant, tags));
        self.catch_up().await;
    }

    /// Drops an entry, now or before it is next used.
    pub(crate) async fn remove(&self, key: &Key) {
        self.pending(|pending| pending.add_key(key.clone()));
        self.catch_up().await;
    }

    /// Does what is to be done first, then the work. Nothing if Redis is away.
    async fn ask<T, F>(&self, work: impl FnOnce(Connection) -> F) -> Option<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        if !self.catch_up().await {
            return None;
        }
        self.counted(self.server.pool.run(work).await)
    }

    /// Does what was to be invalidated; whether nothing is left.
    async fn catch_up(&self) -> bool {
        loop {
            let Some(next) = self.pending(|pending| pending.next(self.server.longest)) else {
                return true;
            };
            let Ok(part) = next else {
                self.counters.redis_failed();
                return false;
            };
            let script = &self.server.invalidate;
            let done = self.server.pool.run(|connection| {
                let mut call = self.on_tenant(script, part.tenant);
                for key in &part.keys {
                    call.key(self.entry(key));
                }
                call.arg(lines(&part.tags));
                run::<u8>(call, connection)
            });
            if self.counted(done.await).is_none() {
                return false;
            }
            self.pending(|pending| pending.done(&part));
        }
    }

    fn counted<T>(&self, done: Result<T, Trouble>) -> Option<T> {
        done.inspect_err(|trouble| {
            self.counters.redis_failed();
            if let Trouble::Refused(error) = trouble {
                tracing::error!(cache = self.cache, %error, "the Redis server refuses");
            }
        })
        .ok()
    }

    fn pending<T>(&self, act: impl FnOnce(&mut Pending) -> T) -> T {
        act(&mut self.pending.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The braces keep the keys of a tenant on one node of a cluster.
    fn place(&self, tenant: Id) -> String {
        format!("{{{}:{tenant}}}", self.server.prefix)
    }

    fn entry(&self, key: &Key) -> String {
        let place = self.place(key.tenant());
        format!("{place}:{}:v:{}", self.cache, key.name())
    }

    fn on_tenant<'script>(&self, script: &'script Script, tenant: Id) -> ScriptInvocation<'script> {
        let place = self.place(tenant);
        let mut call = script.prepare_invoke();
        call.key(format!("{place}:{}:m", self.cache))
            .arg(format!("{place}:{}:t:", self.cache))
            // An entry must not outlive its tags.
            .arg((self.server.longest.as_millis() + 60_000).to_string());
        call
    }
}

fn lines(tags: &[Tag]) -> String {
    tags.iter().map(Tag::as_str).collect::<Vec<_>>().join("\n")
}

async fn run<T: FromRedisValue>(
    call: ScriptInvocation<'_>,
    mut connection: Connection,
) -> RedisResult<T> {
    call.invoke_async(&mut connection).await
}
