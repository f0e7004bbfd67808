//! Background work: tables follow their definitions, and the consistency checker goes its rounds.

pub(crate) mod apply_tables;
pub(crate) mod check_tables;

use crate::{
    config::Config,
    store::{Tables, drift::Check},
};
use auth::Scope;
use error::{Error, Result, reason};
use jobs::Run;
use rpc::Shutdown;
use std::{collections::BTreeMap, sync::Arc};
use value::Id;

/// The permission that work on tables takes, as of the methods that do it at once.
const PERMISSION: &str = "warehouse.tables.write";

/// Refuses work on tables for somebody who may not do it at once either.
fn permitted(run: &Run) -> Result<()> {
    if run.allows(PERMISSION) {
        return Ok(());
    }
    let what = format!("the permission {PERMISSION} is needed");
    Err(Error::new(&reason::PERMISSION_DENIED, what).with_metadata("permission", PERMISSION))
}

/// Looks after tables.
#[derive(Clone)]
pub(crate) struct Rounds {
    pub(crate) tables: Tables,
    pub(crate) config: Arc<Config>,
}

impl Rounds {
    /// Brings tables in line whenever definitions changed, until shutdown.
    pub(crate) async fn follow(self, shutdown: Shutdown) {
        let mut seen = BTreeMap::new();
        while shutdown.sleep(self.config.follow_interval.get()).await {
            if let Some(Err(error)) = shutdown.unless(self.follow_once(&mut seen)).await {
                tracing::warn!(%error, "tables could not be brought in line; the next round tries again");
            }
        }
    }

    /// One round: those tenants whose ontology changed since the last.
    async fn follow_once(&self, seen: &mut BTreeMap<Id, i64>) -> Result<()> {
        for (tenant, version) in self.tenants().await? {
            if seen.get(&tenant) == Some(&version) {
                continue;
            }
            let scope = Scope::system(tenant, "bring tables in line");
            let resolved = self.tables.metadata().resolve_all(tenant).await?;
            let definitions: Vec<_> = resolved.definitions.into_iter().map(Arc::new).collect();
            if self.tables.follow_all(&scope, &definitions).await? {
                seen.insert(tenant, version);
            }
        }
        Ok(())
    }

    /// The tenants that have definitions or tables, with the version of their ontology; of who has none left it is nothing.
    async fn tenants(&self) -> Result<BTreeMap<Id, i64>> {
        let scope = Scope::system_all("look after tables");
        let own = self.tables.tenants(&scope).await?;
        let mut tenants: BTreeMap<_, _> = own.into_iter().map(|tenant| (tenant, 0)).collect();
        tenants.extend(self.tables.metadata().tenants().await?);
        Ok(tenants)
    }

    /// Compares every table with the database, until shutdown.
    pub(crate) async fn check(self, shutdown: Shutdown) {
        while shutdown.sleep(self.config.check_interval.get()).await {
            if let Some(Err(error)) = shutdown.unless(self.check_once()).await {
                tracing::warn!(%error, "tables could not be checked; the next round tries again");
            }
        }
    }

    /// One round over all tenants.
    async fn check_once(&self) -> Result<()> {
        let check = Check {
            repair: self.config.repair,
            accept_loss: false,
            count: self.config.count_rows.into(),
        };
        for tenant in self.tenants().await?.into_keys() {
            let scope = Scope::system(tenant, "check tables");
            let (drifts, _) = self.tables.check(&scope, &[], check).await?;
            for drift in drifts {
                let (entity, state) = (drift.entity.as_str(), drift.state.name());
                tracing::warn!(%tenant, entity, state, found = drift.description, "a table was not as it should be");
            }
        }
        Ok(())
    }
}
