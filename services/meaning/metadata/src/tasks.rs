//! Background work: checks the ontologies of all tenants and keeps what is wrong with them.

use crate::{config::Config, store::Store};
use auth::Scope;
use error::Result;
use rpc::Shutdown;
use std::sync::Arc;
use value::Clock;

/// Tenants that are looked up at once.
const TENANTS: u16 = 100;

/// Checks what has changed, and everything now and then.
#[derive(Clone)]
pub(crate) struct Consistency {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: Config,
}

impl Consistency {
    /// Goes round until shutdown.
    pub(crate) async fn run(self, shutdown: Shutdown) -> Result<()> {
        while shutdown.sleep(self.config.check_interval.get()).await {
            self.once().await?;
        }
        Ok(())
    }

    /// One round over the tenants whose turn it is.
    pub(crate) async fn once(&self) -> Result<()> {
        let all = Scope::system_all("find ontologies to check");
        let before = self.clock.now() - self.config.recheck_interval.get();
        let mut after = None;
        loop {
            let tenants = self.store.unchecked(&all, before, after, TENANTS).await?;
            for tenant in &tenants {
                let scope = Scope::system(*tenant, "check the consistency of definitions");
                // What is wrong with one tenant's rows keeps no other from being checked.
                if let Err(error) = self.tenant(&scope).await {
                    tracing::error!(%tenant, %error, "the ontology cannot be checked");
                }
            }
            after = tenants.last().copied();
            if tenants.len() < usize::from(TENANTS) {
                return Ok(());
            }
        }
    }

    async fn tenant(&self, scope: &Scope) -> Result<()> {
        self.store.refresh_references(scope).await?;
        self.store.check_and_keep(scope).await
    }
}
