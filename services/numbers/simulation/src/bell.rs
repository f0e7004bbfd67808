//! Wakes in this process whoever waits for runs to get on: writers for a new one, callers that follow one.

use std::{sync::Arc, time::Duration};
use tokio::sync::watch::{self, Receiver, Sender};

/// Rung after every change of a run. Clones are one bell.
#[derive(Clone, Debug)]
pub(crate) struct Bell(Arc<Sender<()>>);

/// Hears a bell, also what rang since it listened last.
#[derive(Debug)]
pub(crate) struct Ear(Receiver<()>);

impl Bell {
    /// A bell that nobody hears yet.
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::channel(()).0))
    }

    /// Wakes all who listen.
    pub(crate) fn ring(&self) {
        self.0.send_replace(());
    }

    /// Listens from now on.
    pub(crate) fn listen(&self) -> Ear {
        Ear(self.0.subscribe())
    }
}

impl Ear {
    /// Waits for the bell, at most so long: another process rings another bell.
    pub(crate) async fn wait(&mut self, most: Duration) {
        // The bell outlives its ears: both belong to the service.
        let _ = tokio::time::timeout(most, self.0.changed()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_rang_before_the_wait_is_heard() {
        let bell = Bell::new();
        let mut ear = bell.listen();
        bell.ring();
        ear.wait(Duration::from_secs(3_600)).await;
        ear.wait(Duration::from_millis(1)).await;
    }
}
