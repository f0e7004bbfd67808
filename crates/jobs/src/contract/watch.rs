//! Following a job: as it is now, and then each time it gets on, until it ends.

use super::render;
use crate::{jobs::Jobs, store::Record};
use auth::Scope;
use error::Error;
use futures::{StreamExt, stream::BoxStream};
use proto::tessera::jobs::v1 as pb;
use std::time::Duration;
use tokio::sync::watch::Receiver;
use tonic::Status;
use value::Id;

/// The states of a job.
pub(super) type Stream = BoxStream<'static, Result<pb::Job, Status>>;

/// Between two looks at least so long: steps may take less, and nobody reads that fast.
const PACE: Duration = Duration::from_millis(50);

struct Follower {
    jobs: Jobs,
    scope: Scope,
    ear: Receiver<()>,
    id: Id,
    /// What was told last: its version, and the step it was at.
    told: (i64, i64),
    first: Option<Record>,
    ended: bool,
}

/// Follows a job; fails at once where there is none.
pub(super) async fn follow(jobs: Jobs, scope: Scope, id: Id) -> Result<Stream, Error> {
    // It listens before it looks, so that nothing falls between.
    let ear = jobs.follow();
    let first = jobs.store().job(&scope, id).await?;
    let follower = Follower {
        jobs,
        scope,
        ear,
        id,
        told: (0, 0),
        first: Some(first),
        ended: false,
    };
    let states = futures::stream::unfold(follower, async |mut follower| {
        let next = follower.next().await?;
        Some((next.map_err(Status::from), follower))
    });
    Ok(states.boxed())
}

impl Follower {
    /// Waits until the job may have got on; false once the process stops.
    async fn wait(&mut self) -> bool {
        // Another process rings another bell: hence the poll.
        let poll = self.jobs.config().poll.get();
        let news = async {
            let _ = tokio::time::timeout(poll, self.ear.changed()).await;
            tokio::time::sleep(PACE).await;
        };
        tokio::select! {
            () = news => true,
            () = self.jobs.stopped() => false,
        }
    }

    async fn next(&mut self) -> Option<Result<pb::Job, Error>> {
        loop {
            if self.ended {
                return None;
            }
            let record = match self.first.take() {
                Some(record) => record,
                None => {
                    if !self.wait().await {
                        return None;
                    }
                    match self.jobs.store().job(&self.scope, self.id).await {
                        Ok(record) => record,
                        Err(error) => {
                            self.ended = true;
                            return Some(Err(error));
                        }
                    }
                }
            };
            let now = (record.version, record.steps);
            if now != self.told {
                (self.told, self.ended) = (now, record.state.has_ended());
                return Some(Ok(render::job(self.jobs.service(), &record)));
            }
        }
    }
}
