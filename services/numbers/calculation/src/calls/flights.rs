//! Equal questions at the same time are answered once: whoever comes while one is worked on waits for the same answer.

use cache::Flight;
use error::Error;

/// Names work: a hash of all that its result depends on, who may see it included.
pub(crate) type Key = [u8; 32];

/// How often somebody joined, in this process, so that a test knows when all have.
#[cfg(test)]
pub(crate) static JOINED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

/// Work that runs now.
pub(crate) struct Flights<T>(cache::Flights<Key, T>);

impl<T: Send + Sync + 'static> Default for Flights<T> {
    fn default() -> Self {
        Self(cache::Flights::new("calculation"))
    }
}

impl<T: Send + Sync + 'static> Flights<T> {
    /// The work, and whether it is somebody else's: then it began before now, for them and within their deadline.
    pub(crate) fn board<F>(&self, key: Key, work: F) -> (Flight<T>, bool)
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let (flight, joined) = self.0.board(key, work);
        #[cfg(test)]
        JOINED.fetch_add(usize::from(joined), std::sync::atomic::Ordering::SeqCst);
        (flight, joined)
    }
}
