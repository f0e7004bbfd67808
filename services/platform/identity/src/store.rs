//! Rows: every method takes the scope of its caller and stays inside its tenant.

mod access;
mod credentials;
mod groups;
mod keys;
mod policy;
mod row_filters;
mod service_principals;
mod sessions;
mod tenants;
mod tokens;
mod users;

pub(crate) use access::{AssignmentFilter, AssignmentRow, NewAssignment};
pub(crate) use credentials::{Account, Credential, NewPassword, SignedIn};
pub(crate) use groups::{GroupFilter, GroupPatch, GroupRow, MemberRow};
pub(crate) use keys::KeyRow;
pub(crate) use policy::PolicyRows;
pub(crate) use row_filters::{NewRowFilter, RowFilterFilter, RowFilterPatch, RowFilterRow};
pub(crate) use service_principals::{PrincipalFilter, PrincipalPatch, ServicePrincipalRow};
pub(crate) use sessions::{Refresh, SessionRow, SessionTimes};
pub(crate) use tenants::{FirstUser, TenantRow};
pub(crate) use tokens::{TokenFilter, TokenRow};
pub(crate) use users::{NewUser, UserFate, UserFilter, UserOrder, UserPatch, UserView};

use std::sync::Arc;

use auth::Scope;
use db::{Conn, Db, Failure};
use diesel::prelude::*;
use diesel::upsert::excluded;
use error::Error;
use value::{Clock, Id, Time};

use crate::convert::event;
use crate::model::{Event, pattern::Held};
use crate::schema::policy_versions;

/// Both dialects of the tables.
pub(crate) static MIGRATIONS: db::Migrations = db::migrations!(
    "identity",
    sqlite = "../../../migrations/identity/sqlite",
    postgres = "../../../migrations/identity/postgres"
);

/// The rows of identity.
#[derive(Clone)]
pub(crate) struct Store {
    db: Db,
    clock: Arc<dyn Clock>,
}

/// Where a page begins and how long it is.
#[derive(Clone, Debug)]
pub(crate) struct Slice {
    /// Sort key and id of the last row of the page before.
    pub(crate) after: Option<(String, Id)>,
    /// Rows to load: one more than the page holds, to know whether another follows.
    pub(crate) limit: i64,
}

/// Which resource to change, and under which conditions.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// Its id.
    pub(crate) id: Id,
    /// The version that was read; `None` changes whatever is there.
    pub(crate) version: Option<i64>,
    /// What the caller holds: the target may not be able to do more.
    pub(crate) held: Held,
}

/// What every change notes: in which tenant, when and by whom.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    scope: Scope,
    /// The tenant of the rows.
    pub(crate) tenant: Id,
    /// Now.
    pub(crate) now: Time,
    /// The caller, as the audit log names it.
    pub(crate) actor: String,
}

impl Store {
    /// A store over the service's database.
    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }

    fn change(&self, scope: &Scope) -> Change {
        Change {
            scope: scope.clone(),
            tenant: scope.tenant(),
            now: self.clock.now(),
            actor: scope.actor(),
        }
    }
}

impl Change {
    /// Puts events into the outbox, to be published once the transaction commits.
    fn announce(&self, c: &mut Conn, event: &Event) -> Result<(), Failure> {
        event::put(c, self.tenant, self.now, event)
    }

    /// Lets every process know, within a second, that who may do what has changed.
    fn policy_changed(&self, c: &mut Conn) -> Result<(), Failure> {
        let row = PolicyVersionRow {
            tenant: self.tenant,
            created_at: self.now,
            updated_at: self.now,
            version: 1,
        };
        db::upsert!(
            c,
            policy_versions::table,
            [row],
            on = policy_versions::tenant,
            set = (
                policy_versions::version.eq(policy_versions::version + 1),
                policy_versions::updated_at.eq(excluded(policy_versions::updated_at))
            )
        )?;
        Ok(())
    }
}

#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = policy_versions, treat_none_as_default_value = false)]
struct PolicyVersionRow {
    tenant: Id,
    created_at: Time,
    updated_at: Time,
    version: i64,
}

impl Target {
    /// Refuses a target that has changed since it was read.
    fn check_version(&self, found: i64) -> Result<(), Error> {
        match self.version {
            Some(read) if read != found => Err(db::etag::mismatch()),
            _ => Ok(()),
        }
    }
}
