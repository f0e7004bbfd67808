//! Where a process gets its policy from, and the loop that keeps it fresh.

use crate::{Authority, Snapshot};
use error::Error;
use futures::future::BoxFuture;
use std::{future::Future, sync::Arc, time::Duration};

/// Gives the policy: identity itself in its own process, its internal RPC in every other.
pub trait PolicySource: Send + Sync {
    /// The current policy, or `None` if `known_version` is still current.
    fn fetch(&self, known_version: u64) -> BoxFuture<'_, Result<Option<Snapshot>, Error>>;
}

/// Fetches the policy every `interval` until `stop` completes. While the source cannot be reached the
/// last policy ages; the authority denies once it is too old.
pub async fn keep_fresh(
    authority: Arc<Authority>,
    source: Arc<dyn PolicySource>,
    interval: Duration,
    stop: impl Future<Output = ()> + Send,
) {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let refresh = async {
        loop {
            ticks.tick().await;
            if let Err(failure) = authority.refresh(source.as_ref()).await {
                tracing::warn!(
                    reason = failure.reason(),
                    error = failure.message(),
                    "the policy could not be fetched"
                );
            }
        }
    };
    tokio::select! {
        () = refresh => {}
        () = stop => {}
    }
}
