//! Idle connections to one database. Who may take one is decided by semaphores before a blocking thread is
//! used, connections are made on that thread, and none is kept warm: so a pool needs no threads of its own.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::conn::{Conn, Purpose};
use crate::error::Failure;
use crate::url::Url;

/// Connections of one purpose to one URL.
pub(crate) struct Pool {
    url: Url,
    purpose: Purpose,
    permits: Arc<Semaphore>,
    wait: Duration,
    idle: Duration,
    // The front was used longest ago.
    free: Mutex<VecDeque<(Conn, Instant)>>,
}

/// The right to hold connections: of the whole process, and of one service.
pub(crate) struct Permit(#[expect(dead_code, reason = "held, not read")] Vec<OwnedSemaphorePermit>);

impl Pool {
    pub(crate) fn new(
        url: Url,
        purpose: Purpose,
        size: u32,
        wait: Duration,
        idle: Duration,
    ) -> Self {
        Self {
            url,
            purpose,
            permits: Arc::new(Semaphore::new(size.max(1) as usize)),
            wait,
            idle,
            free: Mutex::default(),
        }
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

    /// Runs `work` with a connection, on the calling (blocking) thread.
    pub(crate) fn with<T>(
        &self,
        work: impl FnOnce(&mut Conn) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let kept = self.locked().pop_back();
        let mut conn = match kept {
            Some((conn, _)) => conn,
            None => Conn::open(&self.url, self.purpose)?,
        };
        let outcome = work(&mut conn);
        let died = matches!(&outcome, Err(failure) if failure.is_closed());
        let now = Instant::now();
        let mut free = self.locked();
        if died {
            // The server went away: every other idle connection died with this one.
            free.clear();
        } else if conn.is_usable() {
            free.push_back((conn, now));
        }
        while free
            .front()
            .is_some_and(|(_, since)| now.duration_since(*since) > self.idle)
        {
            free.pop_front();
        }
        outcome
    }

    fn locked(&self) -> MutexGuard<'_, VecDeque<(Conn, Instant)>> {
        self.free.lock().expect("no holder of this lock panics")
    }

    /// Idle connections, for tests and metrics.
    pub(crate) fn idle_count(&self) -> usize {
        self.locked().len()
    }
}
