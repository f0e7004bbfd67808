//! The one signal to stop, handed to every service and task.

use tokio_util::sync::CancellationToken;

/// Says when to stop. Clones share the signal.
#[derive(Clone, Debug, Default)]
pub struct Shutdown(CancellationToken);

impl Shutdown {
    /// A signal that was not given yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the signal; saying it twice is harmless.
    pub fn begin(&self) {
        self.0.cancel();
    }

    /// Whether the signal was given.
    pub fn has_begun(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits for the signal.
    pub async fn begun(&self) {
        self.0.cancelled().await;
    }

    /// Runs `work` until it ends or the signal is given; `None` says it was cut.
    pub async fn unless<F: Future>(&self, work: F) -> Option<F::Output> {
        self.0.run_until_cancelled(work).await
    }

    /// Sleeps, at most until the signal; false says that it is time to stop.
    pub async fn sleep(&self, time: std::time::Duration) -> bool {
        self.unless(tokio::time::sleep(time)).await.is_some()
    }

    /// The signal for crates that do not know this one.
    pub fn token(&self) -> CancellationToken {
        self.0.clone()
    }

    /// A signal that follows this one but can be given alone.
    #[must_use]
    pub fn child(&self) -> Self {
        Self(self.0.child_token())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn cuts_work_and_wakes_sleepers() {
        let shutdown = Shutdown::new();
        let child = shutdown.child();
        let sleeper =
            tokio::spawn(async move { child.sleep(std::time::Duration::from_secs(3600)).await });
        shutdown.begin();
        assert!(!sleeper.await.expect("the sleeper ends"));
        assert_eq!(shutdown.unless(std::future::pending::<()>()).await, None);
        assert!(shutdown.has_begun());
    }
}
