//! Work beside the calls: what was deleted is forgotten after a while.

use crate::{config::Config, store::Store};
use auth::Scope;
use rpc::Shutdown;
use std::{sync::Arc, time::Duration};

/// How often it is looked for what can be forgotten.
const TURN: Duration = Duration::from_secs(10 * 60);

/// Forgets operations that were deleted long ago, until shutdown.
pub(crate) async fn forget(
    store: Store,
    config: Arc<Config>,
    shutdown: Shutdown,
) -> error::Result<()> {
    while shutdown.sleep(TURN).await {
        let before = store.now() - config.keep_deleted.get();
        let scope = Scope::system_all("operations: forget what was deleted");
        let gone = store.purge(&scope, before).await?;
        if gone > 0 {
            tracing::debug!(gone, "operations that were deleted are forgotten");
        }
    }
    Ok(())
}
