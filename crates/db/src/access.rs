//! One service's database: four kinds of transaction, each on a blocking thread and narrowed to a scope.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use auth::{Scope, Tenants};
use error::Error;
use tokio::sync::{Notify, Semaphore};

use crate::conn::{Conn, Mode, Session};
use crate::error::Failure;
use crate::group::Writer;
use crate::origin;
use crate::pool::Pool;
use crate::url::Backend;

/// How often a transaction is run again when it met others.
const TRIES: u32 = 20;
/// How often one is run again whose connection died.
const LOST: u32 = 3;

/// One service's logical database. Cheap to clone.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    service: String,
    schema: String,
    /// What stands before every schema's name.
    prefix: String,
    engine: Engine,
    /// Rings when a commit here has put events into the outbox.
    events: Notify,
}

pub(crate) enum Engine {
    Sqlite {
        writer: Arc<Writer>,
        readers: Pool,
    },
    Postgres {
        pool: Arc<Pool>,
        share: Arc<Semaphore>,
    },
}

impl Db {
    pub(crate) fn new(service: &str, schema: String, prefix: String, engine: Engine) -> Self {
        Self(Arc::new(Inner {
            service: service.to_owned(),
            schema,
            prefix,
            engine,
            events: Notify::new(),
        }))
    }

    /// Waits until a commit of this process has put events into the outbox; one that did since the last wait
    /// counts. Clones share it: it is for the one relay.
    pub async fn events_put(&self) {
        self.0.events.notified().await;
    }

    /// The service whose database this is.
    pub fn service(&self) -> &str {
        &self.0.service
    }

    /// Which database it is.
    pub fn backend(&self) -> Backend {
        match self.0.engine {
            Engine::Sqlite { .. } => Backend::Sqlite,
            Engine::Postgres { .. } => Backend::Postgres,
        }
    }

    /// The schema on PostgreSQL in which a service makes tables while it runs, as its [`Migrations`](crate::Migrations)
    /// name it. On SQLite there is none: names of such tables begin with the zone's name and `_`.
    pub fn zone(&self, name: &str) -> Option<String> {
        match self.backend() {
            Backend::Sqlite => None,
            // The migrator made this schema, and has checked its name.
            Backend::Postgres => Some(format!("{}{name}", self.0.prefix).replace('-', "_")),
        }
    }

    /// Reads a consistent snapshot.
    pub async fn read<T, F>(&self, scope: &Scope, work: F) -> error::Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, Failure> + Send + 'static,
    {
        let session = self.session(scope);
        // A snapshot is never refused for what others do, so the closure runs once.
        self.blocking(move |pool| pool.transaction(Mode::Read, &session, work))
            .await
    }

    /// Changes state as if nothing else ran. The closure is run again when others interfered, so it must
    /// have no effect but on the connection. Make ids and times outside it.
    pub async fn write<T, F>(&self, scope: &Scope, work: F) -> error::Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Conn) -> Result<T, Failure> + Send + 'static,
    {
        self.change(Mode::Write, scope, work).await
    }

    /// Adds rows that depend on nothing read; cheaper than `write` on PostgreSQL.
    pub async fn append<T, F>(&self, scope: &Scope, work: F) -> error::Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Conn) -> Result<T, Failure> + Send + 'static,
    {
        self.change(Mode::Append, scope, work).await
    }

    /// Takes rows that no other worker holds: see [`claim!`](crate::claim).
    pub async fn claim<T, F>(&self, scope: &Scope, work: F) -> error::Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Conn) -> Result<T, Failure> + Send + 'static,
    {
        self.change(Mode::Claim, scope, work).await
    }

    async fn change<T, F>(&self, mode: Mode, scope: &Scope, work: F) -> error::Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Conn) -> Result<T, Failure> + Send + 'static,
    {
        let origin = origin::current();
        let put = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&put);
        let work = move |conn: &mut Conn| {
            let (outcome, put) = origin::in_transaction(origin.as_ref(), || work(conn));
            seen.store(put, Ordering::Relaxed);
            outcome
        };
        let outcome = match &self.0.engine {
            Engine::Sqlite { writer, .. } => Ok(writer.run(work).await?),
            Engine::Postgres { .. } => {
                let session = self.session(scope);
                self.blocking(move |pool| {
                    let mut tries = 0;
                    loop {
                        match pool.transaction(mode, &session, &work) {
                            Err(failure) if tries < TRIES && failure.is_conflict() => {
                                tries += 1;
                                tracing::debug!(tries, %failure, "transaction runs again");
                                back_off(tries);
                            }
                            // The connection died in the middle: nothing of it was committed.
                            Err(failure) if tries < LOST && failure.is_closed() => tries += 1,
                            outcome => return outcome,
                        }
                    }
                })
                .await
            }
        };
        if put.load(Ordering::Relaxed) && outcome.is_ok() {
            self.0.events.notify_one();
        }
        outcome
    }

    /// Runs `work` on a blocking thread, once there is a connection to be had.
    async fn blocking<T, W>(&self, work: W) -> error::Result<T>
    where
        T: Send + 'static,
        W: FnOnce(&Pool) -> Result<T, Failure> + Send + 'static,
    {
        let permit = match &self.0.engine {
            Engine::Sqlite { readers, .. } => readers.permit(None).await?,
            Engine::Postgres { pool, share } => pool.permit(Some(share)).await?,
        };
        let db = self.clone();
        let task = tokio::task::spawn_blocking(move || {
            // Given back when the work ends, even if the caller has long gone.
            let _permit = permit;
            work(db.pool())
        });
        Ok(task.await.map_err(lost)??)
    }

    fn session(&self, scope: &Scope) -> Session {
        Session {
            schema: self.0.schema.clone(),
            tenant: match scope.tenants() {
                Tenants::One(id) => id.to_string(),
                Tenants::All => "*".to_owned(),
            },
        }
    }

    /// Connections that are open and unused, SQLite's writer left out.
    pub fn idle_connections(&self) -> usize {
        self.pool().idle_count()
    }

    /// Connections that are open, SQLite's writer left out; on PostgreSQL those of the whole process.
    pub fn open_connections(&self) -> usize {
        self.pool().open_count()
    }

    fn pool(&self) -> &Pool {
        match &self.0.engine {
            Engine::Sqlite { readers, .. } => readers,
            Engine::Postgres { pool, .. } => pool,
        }
    }
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Db({}, {:?})", self.0.service, self.backend())
    }
}

/// Waits, on a blocking thread, exponentially longer and by chance, so that transactions that met
/// once do not meet again.
#[expect(
    clippy::disallowed_methods,
    reason = "a blocking thread, between two tries"
)]
pub(crate) fn back_off(tries: u32) {
    let most = (1_u64 << tries.min(7)).min(100);
    std::thread::sleep(Duration::from_micros(rand::random_range(500..=most * 1000)));
}

/// Work that had no end: a process that stops takes what has not begun with it, and whoever asked may ask another.
fn lost(failure: tokio::task::JoinError) -> Error {
    match failure.is_cancelled() {
        true => Error::new(&error::reason::UNAVAILABLE, "the process is stopping"),
        false => Error::internal(failure),
    }
}
