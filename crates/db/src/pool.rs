//! Connections to one database, kept by r2d2. Who may take one is decided by semaphores before a blocking
//! thread is used, so that nobody waits on a thread; r2d2 opens, keeps and closes them.

use std::convert::Infallible;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use diesel::r2d2;
use scheduled_thread_pool::ScheduledThreadPool;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::conn::{Conn, Mode, Purpose, Session};
use crate::error::Failure;
use crate::url::Url;

/// Threads that open and close connections, for all pools of the process: r2d2 would make three a pool.
const THREADS: usize = 4;
/// A connection is replaced when it is so old: a PostgreSQL session's caches only grow.
const LIFETIME: Duration = Duration::from_secs(30 * 60);

static OPENERS: LazyLock<Arc<ScheduledThreadPool>> = LazyLock::new(|| {
    let builder = ScheduledThreadPool::builder().num_threads(THREADS);
    Arc::new(builder.thread_name_pattern("db-pool-{}").build())
});

/// Opens connections by URL. It never fails towards r2d2, which would keep the reason to itself and
/// try again until the caller's time is up: a slot carries the reason to whoever asked.
struct Manager {
    url: Url,
    purpose: Purpose,
}

/// A place in the pool: a connection, or why there is none.
struct Slot(Result<Conn, Failure>);

impl Slot {
    fn conn(&mut self) -> Result<&mut Conn, Failure> {
        match &mut self.0 {
            Ok(conn) => Ok(conn),
            Err(why) => Err(std::mem::replace(why, Failure::Exhausted)),
        }
    }

    /// Closes the connection; r2d2 forgets the slot when it comes back.
    fn close(&mut self) {
        self.0 = Err(Failure::Exhausted);
    }
}

impl r2d2::ManageConnection for Manager {
    type Connection = Slot;
    type Error = Infallible;

    fn connect(&self) -> Result<Slot, Infallible> {
        Ok(Slot(Conn::open(&self.url, self.purpose)))
    }

    fn is_valid(&self, _: &mut Slot) -> Result<(), Infallible> {
        Ok(())
    }

    fn has_broken(&self, slot: &mut Slot) -> bool {
        slot.0.as_mut().map_or(true, |conn| conn.is_broken())
    }
}

/// Connections of one purpose to one URL.
pub(crate) struct Pool {
    slots: r2d2::Pool<Manager>,
    permits: Arc<Semaphore>,
    wait: Duration,
}

/// The right to hold connections: of the whole process, and of one service.
pub(crate) struct Permit(#[expect(dead_code, reason = "held, not read")] Vec<OwnedSemaphorePermit>);

impl Pool {
    /// A pool of at most `size` connections; none is opened before it is needed.
    pub(crate) fn new(
        url: Url,
        purpose: Purpose,
        size: u32,
        wait: Duration,
        idle: Duration,
    ) -> Self {
        let size = size.max(1);
        let slots = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            // A round trip less for each transaction: `transaction` sees a dead connection at BEGIN.
            .test_on_check_out(false)
            .idle_timeout(Some(idle.max(Duration::from_secs(1))))
            .max_lifetime(Some(LIFETIME))
            .thread_pool(OPENERS.clone())
            .build_unchecked(Manager { url, purpose });
        Self {
            slots,
            permits: Arc::new(Semaphore::new(size as usize)),
            wait,
        }
    }

    /// How long a caller waits for a connection or a locked file.
    pub(crate) fn patience(&self) -> Duration {
        self.wait
    }

    /// Waits for the right to use a connection, first within the service's share.
    pub(crate) async fn permit(&self, share: Option<&Arc<Semaphore>>) -> Result<Permit, Failure> {
        let both = async {
            let mut permits = Vec::with_capacity(2);
            for semaphore in share.into_iter().chain([&self.permits]) {
                let permit = semaphore.clone().acquire_owned().await;
                permits.push(permit.map_err(|_| Failure::Exhausted)?);
            }
            Ok(Permit(permits))
        };
        tokio::time::timeout(self.wait, both)
            .await
            .unwrap_or(Err(Failure::Exhausted))
    }

    /// Runs `work` in a transaction, on the calling (blocking) thread.
    pub(crate) fn transaction<T>(
        &self,
        mode: Mode,
        session: &Session,
        work: impl FnOnce(&mut Conn) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut slot = self.begin(mode, session)?;
        let outcome = slot.conn()?.finish(work);
        if outcome.as_ref().is_err_and(Failure::ends_connection) {
            slot.close();
        }
        outcome
    }

    /// A connection with a transaction begun. A server that restarts leaves every idle connection
    /// dead; each is dropped as it is met, and after the last comes a fresh one.
    fn begin(
        &self,
        mode: Mode,
        session: &Session,
    ) -> Result<r2d2::PooledConnection<Manager>, Failure> {
        let mut left = self.slots.max_size() + 1;
        loop {
            let mut slot = self.slot()?;
            match slot.conn()?.begin(mode, session) {
                Ok(()) => return Ok(slot),
                Err(failure) => {
                    if failure.ends_connection() {
                        slot.close();
                    }
                    if !failure.is_closed() || left == 0 {
                        return Err(failure);
                    }
                    tracing::debug!(%failure, "an idle connection was dead");
                    left -= 1;
                }
            }
        }
    }

    fn slot(&self) -> Result<r2d2::PooledConnection<Manager>, Failure> {
        let until = Instant::now() + self.wait;
        loop {
            // In slices: r2d2 opens a connection when asked, not when another waiter's is closed.
            let left = until.saturating_duration_since(Instant::now());
            match self.slots.get_timeout(left.min(Duration::from_secs(1))) {
                Ok(slot) => return Ok(slot),
                Err(_) if left.is_zero() => return Err(Failure::Exhausted),
                Err(_) => {}
            }
        }
    }

    /// Connections that are open and unused, for tests and metrics.
    pub(crate) fn idle_count(&self) -> usize {
        self.slots.state().idle_connections as usize
    }

    /// Connections that are open, for tests and metrics.
    pub(crate) fn open_count(&self) -> usize {
        self.slots.state().connections as usize
    }
}
