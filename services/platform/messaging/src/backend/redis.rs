//! The log in a Redis stream: each operation is one script inside the server, so that positions are dense with any
//! number of appenders. What may have happened before a connection broke is recognised when it is tried again.

mod scripts;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use error::{Error, Result};
use redis_pool::{Connection, Pool, RedisConfig, Trouble, redis};
use tokio::sync::watch;
use value::{Id, Time};

use self::scripts::Scripts;
use super::{Backend, Batch, Keep, Kind, Limit, Record, Status};
use crate::reasons::BROKER_UNAVAILABLE;

/// How long [`Backend::arrived`] waits for a record.
const ARRIVAL: Duration = Duration::from_secs(1);
/// How long reading and what is asked about the log is tried.
const READING: Duration = Duration::from_millis(500);
/// Positions that one script drops, so that others are served meanwhile.
const SLICE: u64 = 10_000;

/// How the log in a Redis is kept.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// The server.
    pub(crate) server: RedisConfig,
    /// The log's name within it.
    pub(crate) name: String,
    /// How long an append is tried while the server is away.
    pub(crate) patience: Duration,
    /// The lowest position that may be given: above those that are known to have been given, even if the
    /// server lost its data meanwhile.
    pub(crate) lowest: u64,
}

/// The log in a Redis stream.
pub(crate) struct Redis {
    pool: Pool,
    scripts: Scripts,
    patience: Duration,
    /// The position that the next record has at least: what this process knows.
    next: watch::Sender<u64>,
    /// The connection that waits for records; who holds it waits for all.
    watcher: tokio::sync::Mutex<Option<Connection>>,
    closed: AtomicBool,
    durable: Durable,
    /// What was last known, for when the server is away.
    known: Mutex<(u64, u64, u64)>,
}

/// Whether the server has an append on its disk before it answers.
#[derive(Debug, Default)]
struct Durable(AtomicU8);

impl Durable {
    /// What is known of it; only a server that said so is durable.
    fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 2
    }

    /// Takes what the server says; the first time, and when it changes, a server that is not durable is logged.
    fn set(&self, durable: bool) {
        let before = self.0.swap(1 + u8::from(durable), Ordering::Relaxed);
        if !durable && before != 1 {
            tracing::warn!(
                "the Redis server does not have each append on its disk before it answers (appendonly yes, appendfsync always): \
                 messages that were acknowledged may be lost if it fails"
            );
        }
    }
}

impl Redis {
    /// The log of a server; nothing is connected before the first work, for the server may be away.
    ///
    /// # Errors
    /// If the address is none, which validated settings rule out.
    pub(crate) fn open(options: &Options) -> Result<Self> {
        Ok(Self {
            pool: Pool::new("messaging", &options.server)?,
            scripts: Scripts::new(&options.name),
            patience: options.patience,
            next: watch::Sender::new(options.lowest.max(1)),
            watcher: tokio::sync::Mutex::default(),
            closed: AtomicBool::new(false),
            durable: Durable::default(),
            known: Mutex::new((1, 1, 0)),
        })
    }

    /// Work that may be repeated.
    async fn ask<T, F>(&self, work: impl Fn(Connection) -> F + Send) -> Result<T>
    where
        F: Future<Output = redis::RedisResult<T>> + Send,
    {
        let done = self.pool.persist(READING, work).await;
        done.map_err(unavailable)
    }

    /// The end of the log is there, or further.
    fn saw(&self, next: u64) {
        self.next.send_if_modified(|known| {
            let further = next > *known;
            *known = next.max(*known);
            further
        });
    }

    /// From the oldest position to the next one, and the bytes of all bodies.
    async fn extent(&self) -> Result<(Range<u64>, u64)> {
        let (first, last, bytes) = self
            .ask(|connection| self.scripts.bounds(connection))
            .await?;
        self.saw(last + 1);
        // Where the server lost the newest records, the next position is still what it was.
        let next = *self.next.borrow();
        let first = if first > last { next } else { first };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = (first, next, bytes);
        Ok((first..next, bytes))
    }

    /// Waits for a record behind `position` in the server itself: another process may append it.
    async fn watch(&self, position: u64) -> std::result::Result<(), Trouble> {
        let mut watcher = self.watcher.lock().await;
        // It stays in its place: who stops waiting leaves it to the next.
        let mut connection = match &*watcher {
            Some(connection) => connection.clone(),
            None => watcher.insert(self.pool.aside().await?).clone(),
        };
        let mut call = redis::cmd("XREAD");
        call.arg("BLOCK").arg(ARRIVAL.as_millis().to_string());
        call.arg("COUNT")
            .arg(1)
            .arg("STREAMS")
            .arg(self.scripts.log());
        call.arg(format!("{}-18446744073709551615", position - 1));
        let came = call.query_async::<redis::Value>(&mut connection).await;
        if let Err(error) = came {
            *watcher = None;
            return Err(Trouble::Unsure {
                why: error.to_string(),
            });
        }
        Ok(())
    }

    /// Asks the server how it keeps what it is given. One that does not say is taken as not durable.
    async fn look_at_durability(&self) {
        let said: std::result::Result<Vec<String>, _> = self
            .pool
            .run(|mut connection| async move {
                let mut call = redis::cmd("CONFIG");
                call.arg("GET").arg("append*");
                call.query_async(&mut connection).await
            })
            .await;
        let says = |said: &[String], key: &str, value: &str| {
            said.chunks_exact(2)
                .any(|pair| pair[0] == key && pair[1] == value)
        };
        match said {
            Ok(said) => self
                .durable
                .set(says(&said, "appendonly", "yes") && says(&said, "appendfsync", "always")),
            Err(Trouble::Refused(_)) => self.durable.set(false),
            Err(_) => {}
        }
    }
}

#[async_trait]
impl Backend for Redis {
    async fn append(&self, now: Time, bodies: Vec<Bytes>) -> Result<Range<u64>> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::new(&BROKER_UNAVAILABLE, "the log is closed"));
        }
        let lowest = *self.next.borrow();
        if bodies.is_empty() {
            return Ok(lowest..lowest);
        }
        let batch = Id::new().as_uuid().simple().to_string();
        let again = AtomicBool::new(false);
        let appended = self.pool.persist(self.patience, |connection| {
            // What an earlier try left is behind what was known before it.
            let seek = again.swap(true, Ordering::Relaxed).then_some(lowest);
            let what = (now.micros(), lowest, batch.as_str(), seek);
            self.scripts.append(connection, what, &bodies)
        });
        let start = appended.await.map_err(unavailable)?;
        let range = start..start + bodies.len() as u64;
        self.saw(range.end);
        Ok(range)
    }

    async fn read(&self, from: u64, limit: Limit) -> Result<Batch> {
        let values = self.ask(|connection| {
            self.scripts
                .read(connection, from, limit.records, limit.bytes)
        });
        let mut values = values.await?.into_iter();
        let first: u64 = number(values.next())?;
        let last: u64 = number(values.next())?;
        self.saw(last + 1);
        let mut records = Vec::with_capacity(values.len() / 3);
        while let Some(position) = values.next() {
            records.push(Record {
                position: number(Some(position))?,
                time: Time::from_micros(number(values.next())?),
                body: values.next().map(Bytes::from).ok_or_else(odd)?,
            });
        }
        let begin = from.max(first);
        let next = match records.last() {
            Some(newest) => newest.position + 1,
            None if from <= last => last + 1,
            None => from,
        };
        // Positions that the server lost, and that were not given again.
        let found = records.len() as u64;
        let damaged = next.saturating_sub(begin).saturating_sub(found);
        Ok(Batch {
            damaged: if found == 0 { 0 } else { damaged },
            records,
            next,
        })
    }

    async fn bounds(&self) -> Result<Range<u64>> {
        Ok(self.extent().await?.0)
    }

    async fn find(&self, time: Time) -> Result<u64> {
        self.ask(|connection| self.scripts.as_young(connection, time.micros()))
            .await
    }

    async fn arrived(&self, position: u64) {
        let mut next = self.next.subscribe();
        let here = async {
            // The sender lives as long as this does.
            let _ = next.wait_for(|next| *next > position).await;
        };
        let there = async {
            match self.watch(position.max(1)).await {
                Ok(()) => {}
                Err(_) => tokio::time::sleep(READING).await,
            }
        };
        tokio::select! {
            () = here => {}
            () = there => {}
            () = tokio::time::sleep(ARRIVAL) => {}
        }
    }

    async fn trim(&self, before: u64) -> Result<u64> {
        loop {
            let first = self
                .ask(|connection| self.scripts.trim(connection, before, SLICE))
                .await?;
            let (there, _) = self.extent().await?;
            if first >= before || there.is_empty() || first >= there.end {
                return Ok(there.start);
            }
        }
    }

    async fn retain(&self, now: Time, keep: Keep) -> Result<u64> {
        let age = i64::try_from(keep.age.as_micros()).unwrap_or(i64::MAX);
        let oldest = now.micros().saturating_sub(age);
        let young = self
            .ask(|connection| self.scripts.as_young(connection, oldest))
            .await?;
        let small = self
            .ask(|connection| self.scripts.as_small(connection, keep.bytes))
            .await?;
        self.trim(young.max(small)).await
    }

    async fn health(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::new(&BROKER_UNAVAILABLE, "the log is closed"));
        }
        self.pool.ping().await.map_err(unavailable)
    }

    async fn status(&self) -> Status {
        let problem = match self.extent().await {
            Ok(_) => None,
            Err(error) => Some(match self.pool.status().away {
                Some((why, since)) => {
                    format!(
                        "the Redis server is away since {} s: {why}",
                        since.as_secs()
                    )
                }
                None => error.to_string(),
            }),
        };
        if problem.is_none() {
            self.look_at_durability().await;
        }
        let (first, next, bytes) = *self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // What was appended since the server was last asked.
        let next = next.max(*self.next.borrow());
        let pool = self.pool.status();
        let figure = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Status {
            kind: Kind::Redis,
            problem,
            first,
            next,
            bytes,
            durable: self.durable.get(),
            parts: 1,
            damaged: 0,
            pool: Some(super::Pool {
                size: figure(pool.size),
                open: figure(pool.open),
                in_use: figure(pool.in_use),
                reconnects: pool.reconnects,
            }),
        }
    }

    async fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }
}

fn unavailable(trouble: Trouble) -> Error {
    match &trouble {
        Trouble::Refused(_) => Error::internal(trouble),
        Trouble::Away { pause, .. } => {
            let pause = *pause;
            Error::new(&BROKER_UNAVAILABLE, "the Redis server is away")
                .with_source(trouble)
                .with_retry_after(pause)
        }
        Trouble::Unsure { .. } | Trouble::Busy => {
            Error::new(&BROKER_UNAVAILABLE, "the Redis server does not answer")
                .with_source(trouble)
                .with_retry_after(Duration::from_millis(100))
        }
    }
}

fn odd() -> Error {
    Error::internal("the Redis server answered something else than the script does")
}

fn number<T: std::str::FromStr>(value: Option<Vec<u8>>) -> Result<T> {
    let text = value.and_then(|value| String::from_utf8(value).ok());
    text.and_then(|text| text.parse().ok()).ok_or_else(odd)
}
