//! Following a run: its state now, and then each time it gets on, until it ends.

use super::Api;
use crate::{convert, model::run::Run, store::Store};
use auth::Scope;
use error::Error;
use futures::{StreamExt, stream::BoxStream};
use proto_numbers::tessera::simulation::v1;
use rpc::Shutdown;
use std::time::Duration;
use tokio::{sync::watch::Receiver, time::Instant};
use tonic::Status;
use value::Id;

/// The states of a run.
pub(super) type Stream = BoxStream<'static, Result<v1::Run, Status>>;

/// Between two messages at least so long: a batch may take less, and nobody reads that fast.
const PACE: Duration = Duration::from_millis(50);

struct Follower {
    store: Store,
    scope: Scope,
    ear: Receiver<()>,
    poll: Duration,
    until: Instant,
    shutdown: Shutdown,
    id: Id,
    /// The version that was told last.
    told: i64,
    /// What is to be told next without a look.
    first: Option<Run>,
    ended: bool,
}

impl Api {
    /// The states of a run; fails at once where there is none.
    pub(super) async fn watch(&self, scope: Scope, id: Id) -> Result<Stream, Error> {
        // It listens before it looks, so that nothing falls between.
        let ear = self.jobs.follow();
        let first = self.store.run(&scope, id).await?;
        let follower = Follower {
            store: self.store.clone(),
            scope,
            ear,
            poll: self.jobs.config().poll.get(),
            until: Instant::now() + self.config.watch.get(),
            shutdown: self.shutdown.clone(),
            id,
            told: 0,
            first: Some(first),
            ended: false,
        };
        let runs = futures::stream::unfold(follower, async |mut follower| {
            let next = follower.next().await?;
            Some((
                next.map(convert::run::render).map_err(Status::from),
                follower,
            ))
        });
        Ok(runs.boxed())
    }
}

impl Follower {
    async fn next(&mut self) -> Option<Result<Run, Error>> {
        loop {
            if self.ended {
                return None;
            }
            let run = match self.first.take() {
                Some(run) => run,
                None => match self.look().await? {
                    Ok(run) => run,
                    Err(error) => {
                        self.ended = true;
                        return Some(Err(error));
                    }
                },
            };
            if run.version > self.told {
                (self.told, self.ended) = (run.version, run.state.has_ended());
                return Some(Ok(run));
            }
        }
    }

    /// Waits until the run may have got on, and looks; nothing more once it is time to stop.
    async fn look(&mut self) -> Option<Result<Run, Error>> {
        let wait = async {
            // Another process rings another bell: hence the poll.
            let _ = tokio::time::timeout(self.poll, self.ear.changed()).await;
            tokio::time::sleep(PACE).await;
        };
        self.shutdown.unless(wait).await?;
        if Instant::now() >= self.until {
            return None;
        }
        Some(self.store.run(&self.scope, self.id).await)
    }
}
