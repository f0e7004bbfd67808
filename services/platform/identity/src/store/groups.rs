//! Groups and their members.

use auth::Scope;
use db::idempotency::Once;
use db::{Conn, Failure, OrElse};
use diesel::prelude::*;
use error::{Error, reason};
use value::{Id, Time};

use super::{Change, Slice, Store, Target, access, row_filters};
use crate::model::{Event, prefix_end};
use crate::schema::{group_members, groups, users};

/// A group.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = groups, treat_none_as_default_value = false)]
pub(crate) struct GroupRow {
    pub(crate) id: Id,
    pub(crate) tenant: Id,
    pub(crate) name: String,
    pub(crate) name_key: String,
    pub(crate) description: String,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
    pub(crate) version: i64,
}

/// Fields to change, or those of a new group.
#[derive(Clone, Debug, Default, AsChangeset)]
#[diesel(table_name = groups)]
pub(crate) struct GroupPatch {
    pub(crate) name: Option<String>,
    pub(crate) name_key: Option<String>,
    pub(crate) description: Option<String>,
}

/// Which groups to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupFilter {
    pub(crate) name_prefix: String,
    pub(crate) user: Option<Id>,
}

/// A membership with what people call the member.
#[derive(Clone, Debug, Queryable)]
pub(crate) struct MemberRow {
    pub(crate) user_id: Id,
    pub(crate) created_at: Time,
    pub(crate) email: String,
    pub(crate) display_name: String,
}

#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = group_members, treat_none_as_default_value = false)]
struct MembershipRow {
    group_id: Id,
    user_id: Id,
    tenant: Id,
    created_at: Time,
}

impl Store {
    /// Makes a group.
    pub(crate) async fn group_create(
        &self,
        scope: &Scope,
        fields: GroupPatch,
        request: Once,
    ) -> error::Result<GroupRow> {
        let change = self.change(scope);
        let row = GroupRow {
            id: Id::new(),
            tenant: change.tenant,
            name: fields.name.unwrap_or_default(),
            name_key: fields.name_key.unwrap_or_default(),
            description: fields.description.unwrap_or_default(),
            created_at: change.now,
            updated_at: change.now,
            version: 1,
        };
        self.db
            .write(scope, move |c| {
                let id = request.id(c, &change.scope, change.now, |c| {
                    diesel::insert_into(groups::table)
                        .values(&row)
                        .execute(c)
                        .on_unique(|| taken(&row.name))?;
                    let event = Event::GroupCreated {
                        id: row.id,
                        name: row.name.clone(),
                    };
                    change.announce(c, &event)?;
                    Ok(row.id)
                })?;
                find(c, change.tenant, id)
            })
            .await
    }

    /// Gets a group.
    pub(crate) async fn group_get(&self, scope: &Scope, id: Id) -> error::Result<GroupRow> {
        let tenant = scope.tenant();
        self.db.read(scope, move |c| find(c, tenant, id)).await
    }

    /// Gets several groups; missing ones are left out.
    pub(crate) async fn groups_get(
        &self,
        scope: &Scope,
        ids: Vec<Id>,
    ) -> error::Result<Vec<GroupRow>> {
        let tenant = scope.tenant();
        self.db
            .read(scope, move |c| {
                Ok(groups::table
                    .filter(groups::tenant.eq(tenant))
                    .filter(groups::id.eq_any(ids))
                    .select(GroupRow::as_select())
                    .load(c)?)
            })
            .await
    }

    /// Lists groups by name.
    pub(crate) async fn group_list(
        &self,
        scope: &Scope,
        filter: GroupFilter,
        slice: Slice,
    ) -> error::Result<Vec<GroupRow>> {
        let tenant = scope.tenant();
        self.db
            .read(scope, move |c| {
                let mut query = groups::table
                    .filter(groups::tenant.eq(tenant))
                    .select(GroupRow::as_select())
                    .order(groups::name_key)
                    .limit(slice.limit)
                    .into_boxed();
                if !filter.name_prefix.is_empty() {
                    query = query.filter(groups::name_key.ge(filter.name_prefix.clone()));
                    if let Some(end) = prefix_end(&filter.name_prefix) {
                        query = query.filter(groups::name_key.lt(end));
                    }
                }
                if let Some(user) = filter.user {
                    let of_user = group_members::table
                        .filter(group_members::tenant.eq(tenant))
                        .filter(group_members::user_id.eq(user))
                        .select(group_members::group_id);
                    query = query.filter(groups::id.eq_any(of_user));
                }
                if let Some((key, _)) = slice.after {
                    query = query.filter(groups::name_key.gt(key));
                }
                Ok(query.load(c)?)
            })
            .await
    }

    /// Changes a group's fields.
    pub(crate) async fn group_update(
        &self,
        scope: &Scope,
        target: Target,
        patch: GroupPatch,
    ) -> error::Result<GroupRow> {
        let change = self.change(scope);
        self.db
            .write(scope, move |c| {
                let row = find(c, change.tenant, target.id)?;
                target.check_version(row.version)?;
                diesel::update(groups::table.find(row.id))
                    .set((
                        &patch,
                        groups::updated_at.eq(change.now),
                        groups::version.eq(row.version + 1),
                    ))
                    .execute(c)
                    .on_unique(|| taken(patch.name.as_deref().unwrap_or_default()))?;
                change.announce(c, &Event::GroupUpdated { id: row.id })?;
                find(c, change.tenant, row.id)
            })
            .await
    }

    /// Deletes a group with its memberships, roles and row filters.
    pub(crate) async fn group_delete(&self, scope: &Scope, target: Target) -> error::Result<()> {
        let change = self.change(scope);
        self.db
            .write(scope, move |c| {
                let row = find(c, change.tenant, target.id)?;
                target.check_version(row.version)?;
                access::guard_group(c, &change, &target)?;
                row_filters::keeping_sight(c, &change, |c| {
                    access::forget(c, &change, row.id)?;
                    // Memberships go with it.
                    diesel::delete(groups::table.find(row.id)).execute(c)?;
                    Ok(())
                })?;
                change.announce(c, &Event::GroupDeleted { id: row.id })?;
                change.policy_changed(c)
            })
            .await
    }

    /// Puts users into a group; how many were not in it.
    pub(crate) async fn members_add(
        &self,
        scope: &Scope,
        target: Target,
        ids: Vec<Id>,
    ) -> error::Result<usize> {
        let change = self.change(scope);
        self.db
            .write(scope, move |c| {
                let group = find(c, change.tenant, target.id)?;
                access::guard_group(c, &change, &target)?;
                let known: Vec<Id> = users::table
                    .filter(users::tenant.eq(change.tenant))
                    .filter(users::deleted_at.is_null())
                    .filter(users::id.eq_any(ids.clone()))
                    .select(users::id)
                    .load(c)?;
                if let Some(unknown) = ids.iter().find(|id| !known.contains(id)) {
                    return Err(Error::not_found("user", unknown).into());
                }
                let there = members_among(c, &change, group.id, &known)?;
                let new: Vec<MembershipRow> = known
                    .into_iter()
                    .filter(|id| !there.contains(id))
                    .map(|user_id| MembershipRow {
                        group_id: group.id,
                        user_id,
                        tenant: change.tenant,
                        created_at: change.now,
                    })
                    .collect();
                if new.is_empty() {
                    return Ok(0);
                }
                let users: Vec<Id> = new.iter().map(|row| row.user_id).collect();
                let count = users.len();
                row_filters::keeping_sight(c, &change, |c| {
                    db::insert_all!(c, group_members::table, new)?;
                    Ok(())
                })?;
                let event = Event::GroupMembersAdded {
                    id: group.id,
                    users,
                };
                change.announce(c, &event)?;
                change.policy_changed(c)?;
                Ok(count)
            })
            .await
    }

    /// Takes users out of a group; how many were in it.
    pub(crate) async fn members_remove(
        &self,
        scope: &Scope,
        target: Target,
        ids: Vec<Id>,
    ) -> error::Result<usize> {
        let change = self.change(scope);
        self.db
            .write(scope, move |c| {
                let group = find(c, change.tenant, target.id)?;
                access::guard_group(c, &change, &target)?;
                let there = members_among(c, &change, group.id, &ids)?;
                if there.is_empty() {
                    return Ok(0);
                }
                row_filters::keeping_sight(c, &change, |c| {
                    diesel::delete(
                        group_members::table
                            .filter(group_members::tenant.eq(change.tenant))
                            .filter(group_members::group_id.eq(group.id))
                            .filter(group_members::user_id.eq_any(there.clone())),
                    )
                    .execute(c)?;
                    Ok(())
                })?;
                let count = there.len();
                let event = Event::GroupMembersRemoved {
                    id: group.id,
                    users: there,
                };
                change.announce(c, &event)?;
                change.policy_changed(c)?;
                Ok(count)
            })
            .await
    }

    /// Lists a group's members by user id.
    pub(crate) async fn member_list(
        &self,
        scope: &Scope,
        group: Id,
        slice: Slice,
    ) -> error::Result<Vec<MemberRow>> {
        let tenant = scope.tenant();
        self.db
            .read(scope, move |c| {
                find(c, tenant, group)?;
                let mut query = group_members::table
                    .inner_join(users::table)
                    .filter(group_members::tenant.eq(tenant))
                    .filter(group_members::group_id.eq(group))
                    .order(group_members::user_id)
                    .limit(slice.limit)
                    .select((
                        group_members::user_id,
                        group_members::created_at,
                        users::email,
                        users::display_name,
                    ))
                    .into_boxed();
                if let Some((_, id)) = slice.after {
                    query = query.filter(group_members::user_id.gt(id));
                }
                Ok(query.load(c)?)
            })
            .await
    }
}

fn members_among(c: &mut Conn, change: &Change, group: Id, ids: &[Id]) -> Result<Vec<Id>, Failure> {
    Ok(group_members::table
        .filter(group_members::tenant.eq(change.tenant))
        .filter(group_members::group_id.eq(group))
        .filter(group_members::user_id.eq_any(ids.to_vec()))
        .select(group_members::user_id)
        .load(c)?)
}

fn taken(name: &str) -> Error {
    Error::new(
        &reason::ALREADY_EXISTS,
        format!("a group with the name `{name}` exists"),
    )
}

pub(super) fn find(c: &mut Conn, tenant: Id, id: Id) -> Result<GroupRow, Failure> {
    groups::table
        .filter(groups::id.eq(id))
        .filter(groups::tenant.eq(tenant))
        .select(GroupRow::as_select())
        .first(c)
        .on_missing(|| Error::not_found("group", id))
}
