//! Wakes in this process whoever follows an operation, when something is heard of it.

use std::time::Duration;
use tokio::sync::broadcast::{self, Receiver, Sender, error::RecvError};
use value::Id;

/// So many tidings may wait for a slow ear; one that lost some looks at once.
const WAITING: usize = 256;

/// Rung after each tiding. Clones are one bell.
#[derive(Clone, Debug)]
pub(crate) struct Bell(Sender<Id>);

/// Hears of one operation.
#[derive(Debug)]
pub(crate) struct Ear {
    id: Id,
    heard: Receiver<Id>,
}

impl Bell {
    /// A bell that nobody hears yet.
    pub(crate) fn new() -> Self {
        Self(broadcast::channel(WAITING).0)
    }

    /// Wakes all who follow the operation.
    pub(crate) fn ring(&self, id: Id) {
        // Nobody may be listening.
        let _ = self.0.send(id);
    }

    /// Listens from now on.
    pub(crate) fn listen(&self, id: Id) -> Ear {
        Ear {
            id,
            heard: self.0.subscribe(),
        }
    }
}

impl Ear {
    /// Waits until something is heard of the operation, at most so long: another process rings another bell.
    pub(crate) async fn wait(&mut self, most: Duration) {
        let heard = async {
            loop {
                match self.heard.recv().await {
                    Ok(id) if id != self.id => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => return,
                    // The bell outlives its ears: both belong to the service.
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        let _ = tokio::time::timeout(most, heard).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_rang_before_the_wait_is_heard_and_others_are_not() {
        let (bell, own) = (Bell::new(), Id::new());
        let mut ear = bell.listen(own);
        bell.ring(Id::new());
        bell.ring(own);
        ear.wait(Duration::from_secs(3_600)).await;
        bell.ring(Id::new());
        ear.wait(Duration::from_millis(1)).await;
    }
}
