//! What changes are made for: the call or the event that they belong to. Whoever runs work says so around it, and
//! events that the work puts into the outbox tell it on, without every service passing it through.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::sync::Arc;

tokio::task_local! {
    static ORIGIN: Arc<dyn Origin>;
}

thread_local! {
    /// That of the transaction which runs on this thread.
    static RUNNING: RefCell<Option<Arc<dyn Origin>>> = const { RefCell::new(None) };
    static PUT: Cell<bool> = const { Cell::new(false) };
}

/// What work belongs to.
pub trait Origin: Send + Sync + 'static {
    /// What it belongs to: the id of a request, or that of the first event.
    fn correlation(&self) -> Option<String>;

    /// The event that it follows from.
    fn causation(&self) -> Option<String> {
        None
    }
}

/// Runs work that belongs to `origin`.
pub fn within<F: Future>(origin: Arc<dyn Origin>, work: F) -> impl Future<Output = F::Output> {
    ORIGIN.scope(origin, work)
}

/// What the running task's work belongs to, if anybody said so.
pub fn current() -> Option<Arc<dyn Origin>> {
    ORIGIN.try_with(Arc::clone).ok()
}

/// Runs a transaction for `origin`; whether it put events into the outbox.
pub(crate) fn in_transaction<T>(
    origin: Option<&Arc<dyn Origin>>,
    work: impl FnOnce() -> T,
) -> (T, bool) {
    /// Takes the origin back, also where the work panics.
    struct Guard;
    impl Drop for Guard {
        fn drop(&mut self) {
            RUNNING.with_borrow_mut(Option::take);
        }
    }
    RUNNING.with_borrow_mut(|running| *running = origin.cloned());
    PUT.set(false);
    let _guard = Guard;
    let outcome = work();
    (outcome, PUT.replace(false))
}

/// Runs a part of the transaction on this thread that belongs to something of its own.
pub fn part<T>(origin: Arc<dyn Origin>, work: impl FnOnce() -> T) -> T {
    /// Goes back to that of the transaction, also where the work panics.
    struct Guard(Option<Arc<dyn Origin>>);
    impl Drop for Guard {
        fn drop(&mut self) {
            let before = self.0.take();
            RUNNING.with_borrow_mut(|running| *running = before);
        }
    }
    let _guard = Guard(RUNNING.with_borrow_mut(|running| running.replace(origin)));
    work()
}

/// Correlation and causation of the transaction on this thread.
pub(crate) fn of_transaction() -> Option<(Option<String>, Option<String>)> {
    RUNNING.with_borrow(|running| {
        let origin = running.as_ref()?;
        Some((origin.correlation(), origin.causation()))
    })
}

/// The transaction on this thread has put events into the outbox.
pub(crate) fn note_put() {
    PUT.set(true);
}
