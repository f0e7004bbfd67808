//! Who holds which role, and what follows from it: the guard against escalation reads it in the same
//! transaction that makes the change.

use auth::Scope;
use db::{Conn, Failure};
use diesel::prelude::*;
use error::Error;
use value::{Id, Time};

use super::{Change, Slice, Store, Target, groups, row_filters, service_principals, users};
use crate::model::pattern::Held;
use crate::model::{Event, SubjectKind, role};
use crate::schema::{group_members, role_assignments};
use crate::schema::{service_principals as principals_table, users as users_table};

/// A role held by a subject.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = role_assignments, treat_none_as_default_value = false)]
pub(crate) struct AssignmentRow {
    pub(crate) id: Id,
    pub(crate) tenant: Id,
    pub(crate) subject_kind: String,
    pub(crate) subject_id: Id,
    pub(crate) role: String,
    pub(crate) created_by: String,
    pub(crate) created_at: Time,
}

/// A role to give.
#[derive(Clone, Debug)]
pub(crate) struct NewAssignment {
    pub(crate) subject_kind: SubjectKind,
    pub(crate) subject_id: Id,
    pub(crate) role: String,
}

/// Which assignments to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct AssignmentFilter {
    pub(crate) subject: Option<Id>,
    pub(crate) role: String,
}

/// What a principal holds.
#[derive(Clone, Debug)]
pub(crate) struct PrincipalAccess {
    /// Names of roles, each once, in order.
    pub(crate) roles: Vec<String>,
    /// Permissions and patterns, each once, in order.
    pub(crate) permissions: Vec<String>,
}

impl Store {
    /// Gives a role; who has it already keeps it.
    pub(crate) async fn role_assign(
        &self,
        scope: &Scope,
        new: NewAssignment,
        held: Held,
    ) -> error::Result<AssignmentRow> {
        let change = self.change(scope);
        self.db
            .write(scope, move |c| {
                held.cover(&role::permissions(&new.role)?)?;
                find_subject(c, &change, new.subject_kind, new.subject_id)?;
                if let Some(row) = find(c, &change, new.subject_id, &new.role)? {
                    return Ok(row);
                }
                let give = |c: &mut Conn| insert(c, &change, &new);
                let row = row_filters::keeping_sight(c, &change, give)?;
                change.policy_changed(c)?;
                Ok(row)
            })
            .await
    }

    /// Takes a role; who does not have it is left alone.
    pub(crate) async fn role_unassign(
        &self,
        scope: &Scope,
        old: NewAssignment,
        held: Held,
    ) -> error::Result<()> {
        let change = self.change(scope);
        self.db
            .write(scope, move |c| {
                held.cover(&role::permissions(&old.role)?)?;
                find_subject(c, &change, old.subject_kind, old.subject_id)?;
                let Some(row) = find(c, &change, old.subject_id, &old.role)? else {
                    return Ok(());
                };
                row_filters::keeping_sight(c, &change, |c| {
                    diesel::delete(role_assignments::table.find(row.id)).execute(c)?;
                    Ok(())
                })?;
                let event = Event::RoleUnassigned {
                    subject: row.subject_id,
                    role: row.role,
                };
                change.announce(c, &event)?;
                change.policy_changed(c)
            })
            .await
    }

    /// Lists assignments in the order they were made.
    pub(crate) async fn assignment_list(
        &self,
        scope: &Scope,
        filter: AssignmentFilter,
        slice: Slice,
    ) -> error::Result<Vec<AssignmentRow>> {
        let tenant = scope.tenant();
        self.db
            .read(scope, move |c| {
                let mut query = role_assignments::table
                    .filter(role_assignments::tenant.eq(tenant))
                    .select(AssignmentRow::as_select())
                    .order(role_assignments::id)
                    .limit(slice.limit)
                    .into_boxed();
                if let Some(subject) = filter.subject {
                    query = query.filter(role_assignments::subject_id.eq(subject));
                }
                if !filter.role.is_empty() {
                    query = query.filter(role_assignments::role.eq(filter.role));
                }
                if let Some((_, id)) = slice.after {
                    query = query.filter(role_assignments::id.gt(id));
                }
                Ok(query.load(c)?)
            })
            .await
    }

    /// What a user or service principal of the tenant holds.
    pub(crate) async fn access_get(&self, scope: &Scope, id: Id) -> error::Result<PrincipalAccess> {
        let change = self.change(scope);
        self.db
            .read(scope, move |c| {
                if !is_principal(c, change.tenant, id)? {
                    return Err(Error::not_found("principal", id).into());
                }
                let roles = roles_of(c, change.tenant, id)?;
                Ok(PrincipalAccess {
                    permissions: role::permissions_of(&roles),
                    roles,
                })
            })
            .await
    }
}

/// Is there a user or service principal of this id?
pub(super) fn is_principal(c: &mut Conn, tenant: Id, id: Id) -> Result<bool, Failure> {
    let user = users_table::table
        .filter(users_table::id.eq(id))
        .filter(users_table::tenant.eq(tenant))
        .filter(users_table::deleted_at.is_null())
        .select(users_table::id)
        .first::<Id>(c)
        .optional()?;
    let program = principals_table::table
        .filter(principals_table::id.eq(id))
        .filter(principals_table::tenant.eq(tenant))
        .select(principals_table::id)
        .first::<Id>(c)
        .optional()?;
    Ok(user.or(program).is_some())
}

/// Refuses a target that may do more than the caller.
pub(super) fn guard(c: &mut Conn, change: &Change, target: &Target) -> Result<(), Failure> {
    let roles = roles_of(c, change.tenant, target.id)?;
    Ok(target.held.cover(&role::permissions_of(&roles))?)
}

/// Refuses a group that gives more than the caller holds.
pub(super) fn guard_group(c: &mut Conn, change: &Change, target: &Target) -> Result<(), Failure> {
    let roles = direct_roles(c, change.tenant, &[target.id])?;
    Ok(target.held.cover(&role::permissions_of(&roles))?)
}

/// Roles of a user or service principal, its own and those of its groups, each once, in order.
pub(super) fn roles_of(c: &mut Conn, tenant: Id, principal: Id) -> Result<Vec<String>, Failure> {
    let mut subjects: Vec<Id> = group_members::table
        .filter(group_members::tenant.eq(tenant))
        .filter(group_members::user_id.eq(principal))
        .select(group_members::group_id)
        .load(c)?;
    subjects.push(principal);
    direct_roles(c, tenant, &subjects)
}

fn direct_roles(c: &mut Conn, tenant: Id, subjects: &[Id]) -> Result<Vec<String>, Failure> {
    let mut roles: Vec<String> = role_assignments::table
        .filter(role_assignments::tenant.eq(tenant))
        .filter(role_assignments::subject_id.eq_any(subjects.to_vec()))
        .select(role_assignments::role)
        .load(c)?;
    roles.sort_unstable();
    roles.dedup();
    Ok(roles)
}

/// Fails unless there is a living subject of this kind.
pub(super) fn find_subject(
    c: &mut Conn,
    change: &Change,
    kind: SubjectKind,
    id: Id,
) -> Result<(), Failure> {
    match kind {
        SubjectKind::User => users::find_living(c, change.tenant, id).map(|_| ()),
        SubjectKind::Group => groups::find(c, change.tenant, id).map(|_| ()),
        SubjectKind::ServicePrincipal => service_principals::find(c, change.tenant, id).map(|_| ()),
    }
}

fn find(
    c: &mut Conn,
    change: &Change,
    subject: Id,
    role: &str,
) -> Result<Option<AssignmentRow>, Failure> {
    Ok(role_assignments::table
        .filter(role_assignments::tenant.eq(change.tenant))
        .filter(role_assignments::subject_id.eq(subject))
        .filter(role_assignments::role.eq(role))
        .select(AssignmentRow::as_select())
        .first(c)
        .optional()?)
}

pub(super) fn insert(
    c: &mut Conn,
    change: &Change,
    new: &NewAssignment,
) -> Result<AssignmentRow, Failure> {
    let row = AssignmentRow {
        id: Id::new(),
        tenant: change.tenant,
        subject_kind: new.subject_kind.as_str().to_owned(),
        subject_id: new.subject_id,
        role: new.role.clone(),
        created_by: change.actor.clone(),
        created_at: change.now,
    };
    diesel::insert_into(role_assignments::table)
        .values(&row)
        .execute(c)?;
    let event = Event::RoleAssigned {
        subject: row.subject_id,
        role: row.role.clone(),
    };
    change.announce(c, &event)?;
    Ok(row)
}

/// Takes all roles and row filters of a subject that is deleted.
pub(super) fn forget(c: &mut Conn, change: &Change, subject: Id) -> Result<(), Failure> {
    diesel::delete(
        role_assignments::table
            .filter(role_assignments::tenant.eq(change.tenant))
            .filter(role_assignments::subject_id.eq(subject)),
    )
    .execute(c)?;
    row_filters::forget(c, change, subject)
}
