//! Who asks: the caller of a public method, or the one on whose behalf another service asks.

use super::{Api, Ask};
use crate::store::{Viewer, figures::Limits};
use auth::{Caller, RowFilters, Scope};
use error::{Error, Result};
use std::time::{Duration, Instant};
use value::Id;

impl Api {
    /// How much one question may hold.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            groups: self.config.most_groups,
            values: self.config.most_values,
        }
    }

    /// When the answer has to be there: when the setting says, or when the caller stops waiting.
    pub(super) fn end(&self) -> Instant {
        let most = self.config.statement_timeout.get();
        let left = rpc::CallContext::current().and_then(|call| call.remaining());
        let patience: Duration = left.map_or(most, |left| left.min(most));
        Instant::now() + patience
    }
}

/// The caller of a method whose permission was granted.
pub(super) fn of<T>(api: &Api, ask: &Ask<T>) -> Result<Viewer> {
    let scope = Scope::of(ask)?;
    Ok(Viewer {
        filters: scope.row_filters(),
        actor: scope.actor(),
        end: api.end(),
        scope,
    })
}

/// Whoever an internal call is for: its principal, who sees what their row filters show, or nobody, and then the tenant that is named.
///
/// # Errors
/// Where the tenant is not the principal's, or there is neither.
pub(super) fn of_internal<T>(
    api: &Api,
    ask: &Ask<T>,
    tenant_id: &str,
    reason: &'static str,
) -> Result<Viewer> {
    let named: Option<Id> = match tenant_id {
        "" => None,
        text => Some(crate::convert::record::id("tenant_id", text)?),
    };
    let end = api.end();
    let Ok(caller) = Caller::of(ask) else {
        let tenant = named.ok_or_else(|| {
            let words = "must name the tenant, as the call has no principal";
            Error::invalid_field("tenant_id", "REQUIRED", words)
        })?;
        let scope = Scope::system(tenant, reason);
        return Ok(Viewer {
            filters: RowFilters::none(),
            actor: scope.actor(),
            scope,
            end,
        });
    };
    let principal = &caller.principal;
    if named.is_some_and(|tenant| tenant != principal.tenant) {
        let words = "is not the tenant of the call's principal: leave it out";
        return Err(Error::invalid_field("tenant_id", "OTHER_TENANT", words));
    }
    Ok(Viewer {
        filters: caller.row_filters.clone(),
        actor: format!("{}:{}", principal.kind.as_str(), principal.id),
        scope: Scope::system(principal.tenant, reason),
        end,
    })
}
