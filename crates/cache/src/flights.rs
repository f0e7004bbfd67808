//! Equal work at the same time is done once: whoever comes while it runs waits for the same result.

use error::Error;
use futures::{
    FutureExt as _,
    future::{BoxFuture, Shared, WeakShared},
};
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tonic::Status;

/// A result that several wait for: statuses can be shared, errors cannot.
pub type Outcome<T> = Result<Arc<T>, Status>;
/// Work that several wait for; it goes on as long as one of them does.
pub type Flight<T> = Shared<BoxFuture<'static, Outcome<T>>>;
/// Flights by key, with a number that tells one from the next under the same key.
type Board<K, T> = HashMap<K, (u64, WeakShared<BoxFuture<'static, Outcome<T>>>)>;
type Running<K, T> = Arc<Mutex<Board<K, T>>>;

/// Work that runs now. A key names the work: it holds all that the result depends on, who may see it included.
pub struct Flights<K, T> {
    name: &'static str,
    running: Running<K, T>,
}

/// Takes work off the list when it ends, however it ends.
struct Landing<K: Hash + Eq, T> {
    running: Running<K, T>,
    key: K,
    number: u64,
}

impl<K: Hash + Eq, T> Drop for Landing<K, T> {
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

fn lock<K, T>(running: &Running<K, T>) -> MutexGuard<'_, Board<K, T>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K, T> Flights<K, T>
where
    K: Hash + Eq + Clone + Send + 'static,
    T: Send + Sync + 'static,
{
    /// Nothing runs. The name is the label of the figure `single_flight_joined_total`.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            running: Arc::default(),
        }
    }

    /// The work, and whether it is somebody else's: then it began before now, for them and within their deadline.
    pub fn board<F>(&self, key: K, work: F) -> (Flight<T>, bool)
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let mut running = lock(&self.running);
        let known = running
            .get(&key)
            .map(|(number, flight)| (*number, flight.upgrade()));
        if let Some((_, Some(flight))) = known {
            metrics::counter!("single_flight_joined_total", "flights" => self.name).increment(1);
            return (flight, true);
        }
        let number = known.map_or(0, |(number, _)| number.wrapping_add(1));
        let landing = Landing {
            running: Arc::clone(&self.running),
            key: key.clone(),
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
    pub fn count(&self) -> usize {
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
            let (flights, times) = (
                Flights::<u8, usize>::new("test"),
                Arc::new(AtomicUsize::new(0)),
            );
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
            let (first, joined_a) = flights.board(1, work(Some(wait)));
            let (second, joined_b) = flights.board(1, work(None));
            let (other, _) = flights.board(2, work(None));
            let release = async { go.send(()) };
            let (a, b, c, _) = tokio::join!(first, second, other, release);
            assert_eq!((joined_a, joined_b), (false, true));
            assert!(Arc::ptr_eq(&a.unwrap(), &b.unwrap()));
            assert_eq!((*c.unwrap(), times.load(Ordering::SeqCst)), (0, 2));
            assert_eq!(flights.count(), 0);
            let (again, joined) = flights.board(1, work(None));
            assert_eq!((*again.await.unwrap(), joined), (2, false));
        });
    }

    #[test]
    fn who_began_may_leave_and_errors_are_shared() {
        testkit::run(async {
            let flights = Flights::<u8, usize>::new("test");
            let (go, wait) = oneshot::channel::<()>();
            let fails = || Error::invalid_field("where", "R", "is wrong");
            let first = flights.board(1, async move {
                let _ = wait.await;
                Err(fails())
            });
            let (second, joined) = flights.board(1, async { Ok(1) });
            assert!(joined);
            drop(first);
            go.send(()).unwrap();
            let refused = Error::from(second.await.unwrap_err());
            assert_eq!(refused.violations()[0].field, "where");
            assert_eq!(flights.count(), 0);
            // Work that everyone left is gone.
            let left = flights.board(1, futures::future::pending());
            assert_eq!(flights.count(), 1);
            drop(left);
            assert_eq!(flights.count(), 0);
        });
    }
}
