//! Users; their passwords are in `credentials`.

use std::collections::HashMap;

use auth::Scope;
use db::idempotency::Once;
use db::{Conn, Failure, OrElse};
use diesel::prelude::*;
use error::{Error, reason};
use value::{Id, Time};

use super::{Change, NewPassword, Slice, Store, Target, access, credentials, sessions};
use crate::model::{Event, prefix_end};
use crate::schema::{group_members, users};

/// A user.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
pub(crate) struct UserRow {
    pub(crate) id: Id,
    pub(crate) tenant: Id,
    pub(crate) email: String,
    pub(crate) display_name: String,
    pub(crate) name_key: String,
    pub(crate) title: String,
    pub(crate) department: String,
    pub(crate) phone: String,
    pub(crate) locale: String,
    pub(crate) time_zone: String,
    pub(crate) disabled_at: Option<Time>,
    pub(crate) deleted_at: Option<Time>,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
    pub(crate) version: i64,
}

/// A user with what is known of its sign-ins, and nothing of its password.
#[derive(Clone, Debug)]
pub(crate) struct UserView {
    /// The user.
    pub(crate) user: UserRow,
    /// Whether the next sign-in must set a new password.
    pub(crate) must_change: bool,
    /// Last successful sign-in.
    pub(crate) last_sign_in_at: Option<Time>,
    /// Until when sign-in is refused.
    pub(crate) locked_until: Option<Time>,
}

/// A user to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewUser {
    /// Its id.
    pub(crate) id: Id,
    /// Its fields.
    pub(crate) fields: UserPatch,
    /// Its password.
    pub(crate) password: NewPassword,
}

/// Fields to change, or the fields of a new user.
#[derive(Clone, Debug, Default, AsChangeset)]
#[diesel(table_name = users)]
pub(crate) struct UserPatch {
    pub(crate) email: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) name_key: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) department: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) locale: Option<String>,
    pub(crate) time_zone: Option<String>,
}

/// Which users to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct UserFilter {
    pub(crate) name_prefix: String,
    pub(crate) email_prefix: String,
    pub(crate) disabled: Option<bool>,
    pub(crate) deleted: bool,
    pub(crate) group: Option<Id>,
    pub(crate) order: UserOrder,
}

/// How users are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum UserOrder {
    #[default]
    Email,
    DisplayName,
    CreateTime,
}

/// What may happen to a user as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UserFate {
    /// May not sign in.
    Disable,
    /// May sign in again.
    Enable,
    /// Kept for the history only.
    Delete,
}

impl Store {
    /// Makes a user.
    pub(crate) async fn user_create(
        &self,
        scope: &Scope,
        new: NewUser,
        request: Once,
    ) -> error::Result<UserView> {
        let change = self.change(scope);
        self.db
            .write(scope, move |c| {
                let id = request.id(c, &change.scope, change.now, |c| {
                    insert(c, &change, &new)?;
                    change.policy_changed(c)?;
                    Ok(new.id)
                })?;
                find_view(c, change.tenant, id)
            })
            .await
    }

    /// Gets a user, a deleted one too.
    pub(crate) async fn user_get(&self, scope: &Scope, id: Id) -> error::Result<UserView> {
        let tenant = scope.tenant();
        self.db.read(scope, move |c| find_view(c, tenant, id)).await
    }

    /// Gets several users; missing ones are left out.
    pub(crate) async fn users_get(
        &self,
        scope: &Scope,
        ids: Vec<Id>,
    ) -> error::Result<Vec<UserView>> {
        let tenant = scope.tenant();
        self.db
            .read(scope, move |c| {
                let rows = users::table
                    .filter(users::tenant.eq(tenant))
                    .filter(users::id.eq_any(ids))
                    .select(UserRow::as_select())
                    .load(c)?;
                views(c, tenant, rows)
            })
            .await
    }

    /// Lists users.
    pub(crate) async fn user_list(
        &self,
        scope: &Scope,
        filter: UserFilter,
        slice: Slice,
    ) -> error::Result<Vec<UserView>> {
        let tenant = scope.tenant();
        self.db
            .read(scope, move |c| {
                let rows = list(c, tenant, &filter, &slice)?;
                views(c, tenant, rows)
            })
            .await
    }

    /// Changes a user's fields.
    pub(crate) async fn user_update(
        &self,
        scope: &Scope,
        target: Target,
        patch: UserPatch,
    ) -> error::Result<UserView> {
        let change = self.change(scope);
        self.db
            .write(scope, move |c| {
                let row = find_living(c, change.tenant, target.id)?;
                target.check_version(row.version)?;
                access::guard(c, &change, &target)?;
                diesel::update(users::table.find(row.id))
                    .set((
                        &patch,
                        users::updated_at.eq(change.now),
                        users::version.eq(row.version + 1),
                    ))
                    .execute(c)
                    .on_unique(|| taken(patch.email.as_deref().unwrap_or_default()))?;
                change.announce(c, &Event::UserUpdated { id: row.id })?;
                // The name is part of the policy: audit logs and WhoAmI show it.
                change.policy_changed(c)?;
                find_view(c, change.tenant, row.id)
            })
            .await
    }

    /// Disables, enables or deletes a user; what is so already stays untouched.
    pub(crate) async fn user_decide(
        &self,
        scope: &Scope,
        target: Target,
        fate: UserFate,
    ) -> error::Result<UserView> {
        let change = self.change(scope);
        self.db
            .write(scope, move |c| {
                let row = find_living(c, change.tenant, target.id)?;
                target.check_version(row.version)?;
                access::guard(c, &change, &target)?;
                let (disabled_at, deleted_at, event) = match fate {
                    UserFate::Disable if row.disabled_at.is_some() => {
                        return find_view(c, change.tenant, row.id);
                    }
                    UserFate::Enable if row.disabled_at.is_none() => {
                        return find_view(c, change.tenant, row.id);
                    }
                    UserFate::Disable => {
                        (Some(change.now), None, Event::UserDisabled { id: row.id })
                    }
                    UserFate::Enable => (None, None, Event::UserEnabled { id: row.id }),
                    UserFate::Delete => (
                        row.disabled_at,
                        Some(change.now),
                        Event::UserDeleted { id: row.id },
                    ),
                };
                diesel::update(users::table.find(row.id))
                    .set((
                        users::disabled_at.eq(disabled_at),
                        users::deleted_at.eq(deleted_at),
                        users::updated_at.eq(change.now),
                        users::version.eq(row.version + 1),
                    ))
                    .execute(c)?;
                if fate != UserFate::Enable {
                    sessions::revoke_all_of_user(c, &change, row.id, None, "revoked")?;
                }
                if fate == UserFate::Delete {
                    forget(c, &change, row.id)?;
                }
                change.announce(c, &event)?;
                change.policy_changed(c)?;
                find_view(c, change.tenant, row.id)
            })
            .await
    }
}

/// Takes all rights and secrets of a deleted user away.
fn forget(c: &mut Conn, change: &Change, id: Id) -> Result<(), Failure> {
    super::tokens::revoke_all(c, change, id)?;
    diesel::delete(
        group_members::table
            .filter(group_members::tenant.eq(change.tenant))
            .filter(group_members::user_id.eq(id)),
    )
    .execute(c)?;
    access::forget(c, change, id)?;
    credentials::delete(c, change, id)
}

fn list(
    c: &mut Conn,
    tenant: Id,
    filter: &UserFilter,
    slice: &Slice,
) -> Result<Vec<UserRow>, Failure> {
    let mut query = users::table
        .filter(users::tenant.eq(tenant))
        .select(UserRow::as_select())
        .limit(slice.limit)
        .into_boxed();
    query = if filter.deleted {
        query.filter(users::deleted_at.is_not_null())
    } else {
        query.filter(users::deleted_at.is_null())
    };
    match filter.disabled {
        Some(true) => query = query.filter(users::disabled_at.is_not_null()),
        Some(false) => query = query.filter(users::disabled_at.is_null()),
        None => {}
    }
    if !filter.name_prefix.is_empty() {
        query = query.filter(users::name_key.ge(filter.name_prefix.clone()));
        if let Some(end) = prefix_end(&filter.name_prefix) {
            query = query.filter(users::name_key.lt(end));
        }
    }
    if !filter.email_prefix.is_empty() {
        query = query.filter(users::email.ge(filter.email_prefix.clone()));
        if let Some(end) = prefix_end(&filter.email_prefix) {
            query = query.filter(users::email.lt(end));
        }
    }
    if let Some(group) = filter.group {
        let members = group_members::table
            .filter(group_members::tenant.eq(tenant))
            .filter(group_members::group_id.eq(group))
            .select(group_members::user_id);
        query = query.filter(users::id.eq_any(members));
    }
    let after = slice.after.clone();
    query = match filter.order {
        UserOrder::Email => {
            if let Some((key, id)) = after {
                query = query.filter(
                    users::email
                        .gt(key.clone())
                        .or(users::email.eq(key).and(users::id.gt(id))),
                );
            }
            query.order((users::email, users::id))
        }
        UserOrder::DisplayName => {
            if let Some((key, id)) = after {
                query = query.filter(
                    users::name_key
                        .gt(key.clone())
                        .or(users::name_key.eq(key).and(users::id.gt(id))),
                );
            }
            query.order((users::name_key, users::id))
        }
        UserOrder::CreateTime => {
            // Ids are UUIDv7: their order is the order of creation.
            if let Some((_, id)) = after {
                query = query.filter(users::id.gt(id));
            }
            query.order(users::id)
        }
    };
    Ok(query.load(c)?)
}

pub(super) fn insert(c: &mut Conn, change: &Change, new: &NewUser) -> Result<(), Failure> {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let row = UserRow {
        id: new.id,
        tenant: change.tenant,
        email: text(&new.fields.email),
        display_name: text(&new.fields.display_name),
        name_key: text(&new.fields.name_key),
        title: text(&new.fields.title),
        department: text(&new.fields.department),
        phone: text(&new.fields.phone),
        locale: text(&new.fields.locale),
        time_zone: text(&new.fields.time_zone),
        disabled_at: None,
        deleted_at: None,
        created_at: change.now,
        updated_at: change.now,
        version: 1,
    };
    diesel::insert_into(users::table)
        .values(&row)
        .execute(c)
        .on_unique(|| taken(&row.email))?;
    credentials::insert(c, change, row.id, &new.password)?;
    let event = Event::UserCreated {
        id: row.id,
        email: row.email.clone(),
    };
    change.announce(c, &event)
}

fn taken(email: &str) -> Error {
    Error::new(
        &reason::ALREADY_EXISTS,
        format!("a user with the e-mail address `{email}` exists"),
    )
}

/// A user that is not deleted.
pub(super) fn find_living(c: &mut Conn, tenant: Id, id: Id) -> Result<UserRow, Failure> {
    users::table
        .filter(users::id.eq(id))
        .filter(users::tenant.eq(tenant))
        .filter(users::deleted_at.is_null())
        .select(UserRow::as_select())
        .first(c)
        .on_missing(|| Error::not_found("user", id))
}

pub(super) fn find_view(c: &mut Conn, tenant: Id, id: Id) -> Result<UserView, Failure> {
    let row = users::table
        .filter(users::id.eq(id))
        .filter(users::tenant.eq(tenant))
        .select(UserRow::as_select())
        .first(c)
        .on_missing(|| Error::not_found("user", id))?;
    let mut views = views(c, tenant, vec![row])?;
    views
        .pop()
        .ok_or_else(|| Error::not_found("user", id).into())
}

/// Adds to users what is known of their sign-ins, in two queries for all of them.
fn views(c: &mut Conn, tenant: Id, rows: Vec<UserRow>) -> Result<Vec<UserView>, Failure> {
    let ids = rows.iter().map(|row| row.id).collect();
    let mut status: HashMap<Id, (bool, Option<Time>)> = credentials::status(c, tenant, ids)?;
    let locks = credentials::locks(c, tenant, &rows)?;
    Ok(rows
        .into_iter()
        .map(|user| {
            let (must_change, last_sign_in_at) = status.remove(&user.id).unwrap_or_default();
            UserView {
                must_change,
                last_sign_in_at,
                locked_until: locks.get(&user.email).copied(),
                user,
            }
        })
        .collect())
}
