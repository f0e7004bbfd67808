//! Background work: replaces old signing keys, forgets what no longer matters, writes token uses.

use auth::Scope;
use error::Result;
use rpc::Shutdown;

use crate::config::Config;
use crate::keyring::Keyring;
use crate::store::Store;
use crate::uses::Uses;
use std::sync::Arc;
use value::Clock;

pub(crate) mod first_run;

/// Looks after keys and leftovers.
#[derive(Clone)]
pub(crate) struct Housekeeping {
    /// The rows.
    pub(crate) store: Store,
    /// The signing keys.
    pub(crate) keyring: Keyring,
    /// Settings.
    pub(crate) config: Arc<Config>,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
}

impl Housekeeping {
    /// Goes round until shutdown.
    pub(crate) async fn run(self, shutdown: Shutdown) -> Result<()> {
        while shutdown.sleep(self.config.keys.check_interval.get()).await {
            self.once().await?;
        }
        Ok(())
    }

    /// One round.
    pub(crate) async fn once(&self) -> Result<()> {
        let now = self.clock.now();
        self.keyring.rotate_if_old().await?;
        let scope = Scope::system_all("forget what has expired");
        self.store.keys_prune(&scope).await?;
        let memory = self.config.lockout.memory.get();
        self.store.failures_prune(&scope, now - memory).await?;
        // Ended sessions are listed for a while, so that people find what they did not do.
        let kept = self.config.tokens.refresh.get();
        self.store.sessions_prune(&scope, now - kept).await?;
        Ok(())
    }
}

/// Writes when API tokens were used, until shutdown and once more after it.
pub(crate) async fn write_uses(
    store: Store,
    uses: Uses,
    config: Arc<Config>,
    shutdown: Shutdown,
) -> Result<()> {
    let precision = config.tokens.last_used_precision.get();
    loop {
        let running = shutdown.sleep(precision).await;
        let noted = uses.take(precision);
        if !noted.is_empty() {
            let scope = Scope::system_all("note the use of api tokens");
            if let Err(error) = store.tokens_used(&scope, noted.clone()).await {
                // The next round, or the task that follows this one, writes them.
                uses.put_back(noted);
                return Err(error);
            }
        }
        if !running {
            return Ok(());
        }
    }
}
