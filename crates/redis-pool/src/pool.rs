//! The pool: who asks gets a connection of their own for one piece of work.

use crate::{
    RedisConfig, Trouble,
    gate::Gate,
    trouble::{breaks, not_now},
};
use deadpool::managed::{
    Manager, Metrics, Object, Pool as Connections, PoolError, RecycleResult, TimeoutType,
};
use redis::{AsyncConnectionConfig, Client, RedisError, RedisResult, TlsCertificates};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// A connection for one piece of work. Cloning it is cheap; it stays the same connection.
pub type Connection = redis::aio::MultiplexedConnection;

/// A bounded number of connections to one Redis.
#[derive(Clone)]
pub struct Pool(Arc<Inner>);

struct Inner {
    name: &'static str,
    gate: Gate,
    connections: Connections<Maker>,
    made: Arc<Made>,
    failures: AtomicU64,
}

/// Counts connections.
#[derive(Default)]
struct Made {
    connects: AtomicU64,
    /// Those that broke and were not made again yet.
    owed: AtomicU64,
    reconnects: AtomicU64,
}

/// Makes connections.
struct Maker {
    client: Client,
    config: AsyncConnectionConfig,
    made: Arc<Made>,
}

impl Manager for Maker {
    type Type = Connection;
    type Error = RedisError;

    async fn create(&self) -> Result<Connection, RedisError> {
        let made = self
            .client
            .get_multiplexed_async_connection_with_config(&self.config)
            .await?;
        let count = &self.made;
        count.connects.fetch_add(1, Ordering::Relaxed);
        let owed = count
            .owed
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |owed| {
                owed.checked_sub(1)
            });
        if owed.is_ok() {
            count.reconnects.fetch_add(1, Ordering::Relaxed);
        }
        Ok(made)
    }

    /// One that broke was thrown away where it broke.
    async fn recycle(&self, _: &mut Connection, _: &Metrics) -> RecycleResult<RedisError> {
        Ok(())
    }
}

/// How a pool is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Connections at most, as configured.
    pub size: usize,
    /// Connections that are open.
    pub open: usize,
    /// Connections at work now.
    pub in_use: usize,
    /// Callers that wait for one.
    pub waiting: usize,
    /// Connections made since the start.
    pub connects: u64,
    /// Connections that had to be made again.
    pub reconnects: u64,
    /// Pieces of work that failed because the server was away or went away.
    pub failures: u64,
    /// What keeps the server away, and since how long; nothing while it answers.
    pub away: Option<(String, Duration)>,
}

impl Pool {
    /// A pool; nothing is connected before the first work. The name is the label of its figures.
    ///
    /// # Errors
    /// `INTERNAL` if the address is none or the file of authorities is not there, which validated settings rule out.
    pub fn new(name: &'static str, config: &RedisConfig) -> error::Result<Self> {
        let client = client(config)?;
        let made = Arc::<Made>::default();
        let maker = Maker {
            client,
            config: AsyncConnectionConfig::new()
                .set_connection_timeout(Some(config.connect_timeout.get()))
                .set_response_timeout(Some(config.timeout.get())),
            made: Arc::clone(&made),
        };
        let connections = Connections::builder(maker)
            .max_size(config.pool)
            .wait_timeout(Some(config.wait.get()))
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(error::Error::internal)?;
        metrics::gauge!("redis_pool_size", "pool" => name).set(config.pool as f64);
        Ok(Self(Arc::new(Inner {
            name,
            gate: Gate::new(config.longest_pause.get()),
            connections,
            made,
            failures: AtomicU64::new(0),
        })))
    }

    /// Does a piece of work on a connection, once.
    ///
    /// # Errors
    /// At once while the server is known to be away; otherwise see [`Trouble`].
    pub async fn run<T, F, W>(&self, work: W) -> Result<T, Trouble>
    where
        W: FnOnce(Connection) -> F,
        F: Future<Output = RedisResult<T>>,
    {
        let inner = &self.0;
        inner
            .gate
            .enter(Instant::now())
            .map_err(|(why, pause)| Trouble::Away { why, pause })?;
        let connection = match inner.connections.get().await {
            Ok(connection) => connection,
            Err(PoolError::Timeout(TimeoutType::Wait)) => return Err(Trouble::Busy),
            Err(error) => return Err(self.away(error.to_string())),
        };
        let busy = Busy::new(inner.name);
        let done = work(Connection::clone(&connection)).await;
        drop(busy);
        match done {
            Ok(value) => {
                self.answered();
                Ok(value)
            }
            Err(error) if breaks(&error) => {
                drop(Object::take(connection));
                // What is idle was connected to the same server, and is as dead.
                let idle = inner.connections.retain(|_, _| false).removed.len();
                let lost = idle as u64 + 1;
                inner.made.owed.fetch_add(lost, Ordering::Relaxed);
                self.away(error.to_string());
                Err(Trouble::Unsure {
                    why: error.to_string(),
                })
            }
            Err(error) if not_now(&error) => Err(self.away(error.to_string())),
            Err(error) => {
                self.answered();
                Err(Trouble::Refused(error))
            }
        }
    }

    /// Does a piece of work, again and again until it succeeds, is refused, or the time is up. It may happen
    /// more than once, so it must be such that this makes no difference.
    ///
    /// # Errors
    /// With what the last try said.
    pub async fn persist<T, F, W>(&self, patience: Duration, work: W) -> Result<T, Trouble>
    where
        W: Fn(Connection) -> F,
        F: Future<Output = RedisResult<T>>,
    {
        let end = Instant::now() + patience;
        loop {
            let trouble = match self.run(&work).await {
                Ok(value) => return Ok(value),
                Err(trouble) if !trouble.passes() => return Err(trouble),
                Err(trouble) => trouble,
            };
            let pause = match &trouble {
                Trouble::Away { pause, .. } => *pause,
                _ => Duration::from_millis(10),
            };
            if Instant::now() + pause >= end {
                return Err(trouble);
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// A connection outside the pool, for what blocks it; no limit is set on the time an answer takes.
    ///
    /// # Errors
    /// While the server is away.
    pub async fn aside(&self) -> Result<Connection, Trouble> {
        let inner = &self.0;
        inner
            .gate
            .enter(Instant::now())
            .map_err(|(why, pause)| Trouble::Away { why, pause })?;
        let maker = inner.connections.manager();
        let config = maker.config.clone().set_response_timeout(None);
        maker
            .client
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .map_err(|error| self.away(error.to_string()))
    }

    /// Asks the server whether it is there.
    ///
    /// # Errors
    /// If it is not.
    pub async fn ping(&self) -> Result<(), Trouble> {
        self.run(|mut connection| async move {
            redis::cmd("PING")
                .query_async::<String>(&mut connection)
                .await
        })
        .await
        .map(drop)
    }

    /// How it is doing.
    pub fn status(&self) -> Status {
        let inner = &self.0;
        let now = inner.connections.status();
        Status {
            size: now.max_size,
            open: now.size,
            in_use: now.size.saturating_sub(now.available),
            waiting: now.waiting,
            connects: inner.made.connects.load(Ordering::Relaxed),
            reconnects: inner.made.reconnects.load(Ordering::Relaxed),
            failures: inner.failures.load(Ordering::Relaxed),
            away: inner
                .gate
                .state()
                .map(|closed| (closed.why, closed.since.elapsed())),
        }
    }

    fn answered(&self) {
        if let Some(closed) = self.0.gate.open() {
            let seconds = closed.since.elapsed().as_secs_f64();
            tracing::info!(
                pool = self.0.name,
                seconds,
                "the Redis server answers again"
            );
            metrics::gauge!("redis_away", "pool" => self.0.name).set(0.0);
        }
    }

    fn away(&self, why: String) -> Trouble {
        let inner = &self.0;
        inner.failures.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("redis_failures_total", "pool" => inner.name).increment(1);
        let (pause, news) = inner.gate.close(Instant::now(), why.clone());
        if news {
            tracing::warn!(pool = inner.name, why, "the Redis server is away");
            metrics::gauge!("redis_away", "pool" => inner.name).set(1.0);
        }
        Trouble::Away { why, pause }
    }
}

fn client(config: &RedisConfig) -> error::Result<Client> {
    let url = config.url.expose();
    let opened = if config.ca.as_os_str().is_empty() {
        Client::open(url)
    } else {
        let authorities = std::fs::read(&config.ca).map_err(error::Error::internal)?;
        let trusted = TlsCertificates {
            client_tls: None,
            root_cert: Some(authorities),
        };
        Client::build_with_tls(url, trusted)
    };
    // The library's text may repeat the address with its password.
    opened.map_err(|_| {
        error::Error::internal("the address of the Redis server is none, or its authorities are")
    })
}

/// Counts a connection at work, also when the work is given up.
struct Busy(&'static str);

impl Busy {
    fn new(pool: &'static str) -> Self {
        metrics::gauge!("redis_pool_in_use", "pool" => pool).increment(1.0);
        Self(pool)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        metrics::gauge!("redis_pool_in_use", "pool" => self.0).decrement(1.0);
    }
}
