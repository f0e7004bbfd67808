//! What a store method needs to be called: in which tenant, for whom, under which permission.

use crate::{Caller, Permissions, Principal, RowFilters};
use error::Error;
use std::sync::Arc;
use value::Id;

/// Which tenants' rows are in reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tenants {
    /// Those of one tenant.
    One(Id),
    /// Those of every tenant: work of the platform itself.
    All,
}

/// The right to reach rows. Only this crate makes one: after a method's permission was granted, or
/// for named work of the system. Every store method takes one, so no query can forget the tenant.
#[derive(Debug, Clone)]
pub struct Scope(Holder);

#[derive(Debug, Clone)]
enum Holder {
    Caller {
        caller: Arc<Caller>,
        permission: &'static str,
    },
    System {
        tenants: Tenants,
        reason: &'static str,
    },
}

impl Scope {
    pub(crate) fn granted(caller: Arc<Caller>, permission: &'static str) -> Self {
        Self(Holder::Caller { caller, permission })
    }

    /// The scope of a request whose method was granted.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` where the call carried no token, as on a public method.
    pub fn of<T>(request: &tonic::Request<T>) -> Result<Self, Error> {
        request
            .extensions()
            .get::<Self>()
            .cloned()
            .ok_or_else(|| Error::new(&error::reason::UNAUTHENTICATED, "the call carries no token"))
    }

    /// A scope for work of the platform in one tenant. The reason is logged to the target
    /// `audit`, at debug level because it happens several times a second.
    pub fn system(tenant: Id, reason: &'static str) -> Self {
        tracing::debug!(target: "audit", %tenant, reason, "system scope");
        Self(Holder::System {
            tenants: Tenants::One(tenant),
            reason,
        })
    }

    /// A scope for work of the platform across all tenants. The reason is logged to the target
    /// `audit`, at debug level because it happens several times a second.
    pub fn system_all(reason: &'static str) -> Self {
        tracing::debug!(target: "audit", reason, "system scope over all tenants");
        Self(Holder::System {
            tenants: Tenants::All,
            reason,
        })
    }

    /// The tenant that new rows belong to. Of a scope over all tenants it is the id of nothing, which
    /// no row has.
    pub fn tenant(&self) -> Id {
        match self.tenants() {
            Tenants::One(tenant) => tenant,
            Tenants::All => Id::NIL,
        }
    }

    /// Which tenants' rows are in reach.
    pub fn tenants(&self) -> Tenants {
        match &self.0 {
            Holder::Caller { caller, .. } => Tenants::One(caller.principal.tenant),
            Holder::System { tenants, .. } => *tenants,
        }
    }

    /// The caller, unless the system acts.
    pub fn caller(&self) -> Option<&Caller> {
        match &self.0 {
            Holder::Caller { caller, .. } => Some(caller),
            Holder::System { .. } => None,
        }
    }

    /// The principal that acts, unless the system does.
    pub fn principal(&self) -> Option<&Principal> {
        self.caller().map(|caller| &caller.principal)
    }

    /// The permission that was granted, or the reason the system acts.
    pub fn permission(&self) -> &'static str {
        match &self.0 {
            Holder::Caller { permission, .. } => permission,
            Holder::System { reason, .. } => reason,
        }
    }

    /// What else the caller may do; the system may do everything.
    pub fn allows(&self, permission: &str) -> bool {
        self.caller()
            .is_none_or(|caller| caller.permissions.allows(permission))
    }

    /// The caller's permissions, unless the system acts.
    pub fn permissions(&self) -> Option<&Permissions> {
        self.caller().map(|caller| caller.permissions.as_ref())
    }

    /// Which rows the caller may see; the system sees all of them.
    pub fn row_filters(&self) -> Arc<RowFilters> {
        self.caller()
            .map_or_else(RowFilters::none, |caller| Arc::clone(&caller.row_filters))
    }

    /// Who acts, for history and audit: `user:<id>`, `service:<id>` or `system:<reason>`.
    pub fn actor(&self) -> String {
        match &self.0 {
            Holder::Caller { caller, .. } => {
                format!("{}:{}", caller.principal.kind.as_str(), caller.principal.id)
            }
            Holder::System { reason, .. } => format!("system:{reason}"),
        }
    }
}
