//! Following an operation until it ends: something is heard of it, or it is time to ask again.

use super::Api;
use crate::bell::Ear;
use auth::Scope;
use error::Result;
use futures::{StreamExt, stream::BoxStream};
use proto_work::tessera::operations::v1::Operation;
use rpc::CallContext;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use tonic::Status;
use value::Id;

/// An operation again and again.
pub(super) type Stream = BoxStream<'static, Result<Operation, Status>>;

/// Between two looks at least so long: nobody reads faster.
const PACE: Duration = Duration::from_millis(50);
/// What is left of a call's deadline for its answer.
const REST: Duration = Duration::from_millis(250);

struct Follower {
    api: Api,
    scope: Scope,
    ear: Ear,
    until: Instant,
    id: Id,
    call: Option<Arc<CallContext>>,
    /// What was told last.
    told: Option<Operation>,
    ended: bool,
}

impl Api {
    /// Waits until an operation has ended, at most so long.
    pub(super) async fn wait(&self, scope: Scope, id: Id, most: Duration) -> Result<Operation> {
        let left = CallContext::current().and_then(|call| call.remaining());
        let most = left.map_or(most, |left| most.min(left.saturating_sub(REST)));
        let mut follower = self.follower(scope, id, most);
        let mut last = follower.look().await?;
        while !last.done && follower.pause().await {
            last = follower.look().await?;
        }
        Ok(last)
    }

    /// An operation as it is now and each time it gets on; fails at once where there is none.
    pub(super) async fn watch(&self, scope: Scope, id: Id) -> Result<Stream> {
        let mut follower = self.follower(scope, id, self.config.watch.get());
        // The stream is read when the call has been answered, and asks on as its caller.
        follower.call = CallContext::current().map(|call| Arc::new(call.detached()));
        let first = follower.look().await?;
        follower.ended = first.done;
        follower.told = Some(first.clone());
        let first = futures::stream::iter([Ok(first)]);
        let rest = futures::stream::unfold(follower, async |mut follower| {
            let next = match follower.call.clone() {
                Some(call) => call.scope(follower.next()).await,
                None => follower.next().await,
            };
            Some((next?.map_err(Status::from), follower))
        });
        Ok(first.chain(rest).boxed())
    }

    fn follower(&self, scope: Scope, id: Id, most: Duration) -> Follower {
        Follower {
            // It listens before it looks, so that nothing falls between.
            ear: self.bell.listen(id),
            api: self.clone(),
            scope,
            until: Instant::now() + most,
            id,
            call: None,
            told: None,
            ended: false,
        }
    }
}

impl Follower {
    /// The next that differs from what was told; nothing more once it has ended or it is time to stop.
    async fn next(&mut self) -> Option<Result<Operation>> {
        while !self.ended {
            if !self.pause().await {
                return None;
            }
            match self.look().await {
                Ok(found) if self.told.as_ref() == Some(&found) => {}
                Ok(found) => {
                    self.ended = found.done;
                    self.told = Some(found.clone());
                    return Some(Ok(found));
                }
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }

    async fn look(&self) -> Result<Operation> {
        self.api.get(&self.scope, self.id, "", false).await
    }

    /// Waits until the operation may have got on; false when it is time to stop.
    async fn pause(&mut self) -> bool {
        let poll = self.api.config.poll.get();
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        let shutdown = self.api.shutdown.clone();
        let wait = async {
            self.ear.wait(poll.min(left)).await;
            tokio::time::sleep(PACE.min(left)).await;
        };
        shutdown.unless(wait).await.is_some()
    }
}
