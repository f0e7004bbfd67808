//! Equal work at the same time is done once: whoever comes while it runs waits for the same result.

use error::Error;
use futures::{
    FutureExt as _,
    future::{BoxFuture, Shared, WeakShared},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tonic::Status;

/// Names work: a hash of all that its result depends on, who may see it included.
pub(crate) type Key = [u8; 32];
/// A result that several wait for: statuses can be shared, errors cannot.
type Outcome<T> = Result<Arc<T>, Status>;
type Flight<T> = Shared<BoxFuture<'static, Outcome<T>>>;
/// Flights by key, with a number that tells one from the next under the same key.
type Board<T> = HashMap<Key, (u64, WeakShared<BoxFuture<'static, Outcome<T>>>)>;
type Running<T> = Arc<Mutex<Board<T>>>;

/// How often somebody joined, in this process, so that a test knows when all have.
#[cfg(test)]
pub(crate) static JOINED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

/// Work that runs now.
pub(crate) struct Flights<T> {
    running: Running<T>,
}

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Self {
            running: Arc::default(),
        }
    }
}

/// Takes work off the list when it ends, however it ends.
struct Landing<T> {
    running: Running<T>,
    key: Key,
    number: u64,
}

impl<T> Drop for Landing<T> {
    fn drop(&mut self) {
        let mut running = lock(&self.running);
        if running
            .get(&self.key)
            .is_some_and(|(number, _)| *number == self.number)
        {
            running.remove(&self.key);
        }
    }
}

fn lock<T>(running: &Running<T>) -> MutexGuard<'_, Board<T>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Send + Sync + 'static> Flights<T> {
    /// The result of the work, and whether it is somebody else's: then it began before now, for them and within their deadline.
    pub(crate) async fn run<F>(&self, key: Key, work: F) -> (Result<Arc<T>, Error>, bool)
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let (flight, joined) = self.board(key, work);
        (flight.await.map_err(Error::from), joined)
    }

    fn board<F>(&self, key: Key, work: F) -> (Flight<T>, bool)
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let mut running = lock(&self.running);
        let known = running
            .get(&key)
            .map(|(number, flight)| (*number, flight.upgrade()));
        if let Some((_, Some(flight))) = known {
            #[cfg(test)]
            JOINED.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            return (flight, true);
        }
        let number = known.map_or(0, |(number, _)| number.wrapping_add(1));
        let landing = Landing {
            running: Arc::clone(&self.running),
            key,
            number,
        };
        let work = async move {
            let _landing = landing;
            work.await.map(Arc::new).map_err(Status::from)
        };
        let flight = work.boxed().shared();
        if let Some(weak) = flight.downgrade() {
            running.insert(key, (number, weak));
        }
        (flight, false)
    }

    /// How much runs now.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        lock(&self.running).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use testkit::tokio::{self, sync::oneshot};

    #[test]
    fn equal_work_at_the_same_time_is_done_once() {
        testkit::run(async {
            let (flights, times) = (Flights::<usize>::default(), Arc::new(AtomicUsize::new(0)));
            let (go, wait) = oneshot::channel::<()>();
            let work = |wait: Option<oneshot::Receiver<()>>| {
                let times = Arc::clone(&times);
                async move {
                    if let Some(wait) = wait {
                        let _ = wait.await;
                    }
                    Ok(times.fetch_add(1, Ordering::SeqCst))
                }
            };
            let first = flights.run([1; 32], work(Some(wait)));
            let second = flights.run([1; 32], work(None));
            let other = flights.run([2; 32], work(None));
            let release = async { go.send(()) };
            let ((a, joined_a), (b, joined_b), (c, _), _) =
                tokio::join!(first, second, other, release);
            assert_eq!((joined_a, joined_b), (false, true));
            assert!(Arc::ptr_eq(&a.unwrap(), &b.unwrap()));
            assert_eq!((*c.unwrap(), times.load(Ordering::SeqCst)), (0, 2));
            assert_eq!(flights.count(), 0);
            let (again, joined) = flights.run([1; 32], work(None)).await;
            assert_eq!((*again.unwrap(), joined), (2, false));
        });
    }

    #[test]
    fn who_began_may_leave_and_errors_are_shared() {
        testkit::run(async {
            let flights = Flights::<usize>::default();
            let (go, wait) = oneshot::channel::<()>();
            let fails = || Error::invalid_field("where", "R", "is wrong");
            let first = flights.board([1; 32], async move {
                let _ = wait.await;
                Err(fails())
            });
            let (second, joined) = flights.board([1; 32], async { Ok(1) });
            assert!(joined);
            drop(first);
            go.send(()).unwrap();
            let refused = Error::from(second.await.unwrap_err());
            assert_eq!(refused.violations()[0].field, "where");
            assert_eq!(flights.count(), 0);
            // Work that everyone left is gone.
            let left = flights.board([1; 32], futures::future::pending());
            assert_eq!(flights.count(), 1);
            drop(left);
            assert_eq!(flights.count(), 0);
        });
    }
}
