//! Definitions and plans, kept as long as `metadata` says that they still hold.

use super::{Calls, named_tenant};
use crate::{
    config::Config,
    convert,
    model::definitions::{Definitions, Draft, Planned, Unplanned},
};
use auth::Scope;
use error::Error;
use moka::sync::Cache;
use proto_meaning::tessera::metadata::v1;
use std::{sync::Arc, time::Duration};
use value::Id;

/// What is not asked for that long is let go.
const IDLE: Duration = Duration::from_secs(3600);

/// Which definitions: those of a metric and what it uses, or all of a tenant.
type SetKey = (Id, Option<String>);
/// A metric's plan against definitions of these versions. Who asks makes no difference: row filters are added where the rows are.
type PlanKey = (Id, String, [u8; 32]);

/// Definitions and plans of all tenants.
#[derive(Clone)]
pub(crate) struct Library {
    calls: Calls,
    sets: Cache<SetKey, Arc<Definitions>>,
    plans: Cache<PlanKey, Arc<Planned>>,
}

impl Library {
    /// Nothing is known yet.
    pub(crate) fn new(calls: Calls, config: &Config) -> Self {
        let sets = Cache::builder().max_capacity(config.definition_sets);
        let plans = Cache::builder().max_capacity(config.plans);
        Self {
            calls,
            sets: sets.time_to_idle(IDLE).build(),
            plans: plans.time_to_idle(IDLE).build(),
        }
    }

    /// The definitions as of now: of the metric with all that it uses, or, without one, of the tenant.
    pub(crate) async fn definitions(
        &self,
        scope: &Scope,
        metric: Option<&str>,
    ) -> Result<Arc<Definitions>, Error> {
        let key = (scope.tenant(), metric.map(str::to_owned));
        let known = self.sets.get(&key);
        let ask = v1::ResolveDefinitionsRequest {
            tenant_id: named_tenant(scope),
            metrics: metric.iter().map(|code| (*code).to_owned()).collect(),
            entities: Vec::new(),
            everything: metric.is_none(),
            known_version: known.as_ref().map_or(0, |known| known.version),
        };
        let answer = self.calls.resolve(ask).await?;
        if let Some(known) = known.filter(|_| answer.unchanged) {
            return Ok(known);
        }
        let found = Arc::new(convert::definitions::definitions(answer));
        // A metric that is not there is not kept: anyone could fill the cache with names.
        if metric.is_none_or(|code| found.metrics.contains_key(code)) {
            self.sets.insert(key, Arc::clone(&found));
        }
        Ok(found)
    }

    /// The plan of a metric, and whether it was known.
    pub(crate) fn plan(
        &self,
        tenant: Id,
        code: &str,
        definitions: &Arc<Definitions>,
    ) -> Result<(Arc<Planned>, bool), Unplanned> {
        let key = (tenant, code.to_owned(), definitions.digest);
        if let Some(known) = self.plans.get(&key) {
            return Ok((known, true));
        }
        let (definition, plan) = definitions.plan(code)?;
        let planned = Arc::new(Planned {
            code: Some(code.to_owned()),
            definition,
            plan,
            definitions: Arc::clone(definitions),
        });
        self.plans.insert(key, Arc::clone(&planned));
        Ok((planned, false))
    }

    /// The plan of a formula that is not stored.
    pub(crate) fn plan_draft(
        draft: &Draft,
        definitions: &Arc<Definitions>,
    ) -> Result<Arc<Planned>, Unplanned> {
        let plan = definitions.plan_draft(draft)?;
        Ok(Arc::new(Planned {
            code: None,
            definition: draft.definition.clone(),
            plan,
            definitions: Arc::clone(definitions),
        }))
    }
}
