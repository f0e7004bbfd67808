//! Row filters, and the guard that nobody changes which rows they see themselves.

use std::collections::{BTreeMap, BTreeSet};

use auth::Scope;
use db::idempotency::Once;
use db::{Conn, Failure, OrElse};
use diesel::prelude::*;
use error::{Error, reason};
use value::{Id, Time};

use super::{Change, Slice, Store, Target, access};
use crate::model::{Event, Holder, role};
use crate::reasons::{ESCALATION_REFUSED, SELF_LOCKOUT_REFUSED};
use crate::schema::{group_members, row_filters};

/// A row filter: of a subject or of a role.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = row_filters, treat_none_as_default_value = false)]
pub(crate) struct RowFilterRow {
    pub(crate) id: Id,
    pub(crate) tenant: Id,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) subject_kind: Option<String>,
    pub(crate) subject_id: Option<Id>,
    pub(crate) role: Option<String>,
    pub(crate) entity: String,
    pub(crate) condition: String,
    pub(crate) created_by: String,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
    pub(crate) version: i64,
}

/// Fields to change, or those of a new row filter.
#[derive(Clone, Debug, Default, AsChangeset)]
#[diesel(table_name = row_filters)]
pub(crate) struct RowFilterPatch {
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) condition: Option<String>,
}

/// A row filter to make.
#[derive(Clone, Debug)]
pub(crate) struct NewRowFilter {
    pub(crate) fields: RowFilterPatch,
    pub(crate) holder: Holder,
    pub(crate) entity: String,
}

/// Which row filters to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowFilterFilter {
    pub(crate) entity: String,
    pub(crate) subject: Option<Id>,
    pub(crate) role: String,
    /// Those that narrow what this principal sees.
    pub(crate) principal: Option<Id>,
}

impl Store {
    /// Makes a row filter, unless the tenant has `most` or it would narrow what the caller sees.
    pub(crate) async fn row_filter_create(
        &self,
        scope: &Scope,
        new: NewRowFilter,
        most: u32,
        request: Once,
    ) -> error::Result<RowFilterRow> {
        let change = self.change(scope);
        let (subject, role) = match new.holder.clone() {
            Holder::Subject(kind, id) => (Some((kind, id)), None),
            Holder::Role(name) => (None, Some(name)),
        };
        let row = RowFilterRow {
            id: Id::new(),
            tenant: change.tenant,
            name: new.fields.name.unwrap_or_default(),
            description: new.fields.description.unwrap_or_default(),
            subject_kind: subject.map(|(kind, _)| kind.as_str().to_owned()),
            subject_id: subject.map(|(_, id)| id),
            role,
            entity: new.entity,
            condition: new.fields.condition.unwrap_or_default(),
            created_by: change.actor.clone(),
            created_at: change.now,
            updated_at: change.now,
            version: 1,
        };
        self.db
            .write(scope, move |c| {
                let id = request.id(c, &change.scope, change.now, |c| {
                    match &new.holder {
                        Holder::Subject(kind, id) => access::find_subject(c, &change, *kind, *id)?,
                        Holder::Role(name) => role::permissions(name).map(|_| ())?,
                    }
                    check_quota(c, &change, most)?;
                    not_of_caller(c, &change, &new.holder)?;
                    diesel::insert_into(row_filters::table)
                        .values(&row)
                        .execute(c)?;
                    let event = Event::RowFilterCreated {
                        id: row.id,
                        entity: row.entity.clone(),
                    };
                    change.announce(c, &event)?;
                    change.policy_changed(c)?;
                    Ok(row.id)
                })?;
                find(c, change.tenant, id)
            })
            .await
    }

    /// Gets a row filter.
    pub(crate) async fn row_filter_get(
        &self,
        scope: &Scope,
        id: Id,
    ) -> error::Result<RowFilterRow> {
        let tenant = scope.tenant();
        self.db.read(scope, move |c| find(c, tenant, id)).await
    }

    /// Gets several row filters; missing ones are left out.
    pub(crate) async fn row_filters_get(
        &self,
        scope: &Scope,
        ids: Vec<Id>,
    ) -> error::Result<Vec<RowFilterRow>> {
        let tenant = scope.tenant();
        self.db
            .read(scope, move |c| {
                Ok(row_filters::table
                    .filter(row_filters::tenant.eq(tenant))
                    .filter(row_filters::id.eq_any(ids))
                    .select(RowFilterRow::as_select())
                    .load(c)?)
            })
            .await
    }

    /// Lists row filters in the order they were made.
    pub(crate) async fn row_filter_list(
        &self,
        scope: &Scope,
        filter: RowFilterFilter,
        slice: Slice,
    ) -> error::Result<Vec<RowFilterRow>> {
        let tenant = scope.tenant();
        self.db
            .read(scope, move |c| {
                let mut query = row_filters::table
                    .filter(row_filters::tenant.eq(tenant))
                    .select(RowFilterRow::as_select())
                    .order(row_filters::id)
                    .limit(slice.limit)
                    .into_boxed();
                if !filter.entity.is_empty() {
                    query = query.filter(row_filters::entity.eq(filter.entity));
                }
                if let Some(subject) = filter.subject {
                    query = query.filter(row_filters::subject_id.eq(subject));
                }
                if !filter.role.is_empty() {
                    query = query.filter(row_filters::role.eq(filter.role));
                }
                if let Some(principal) = filter.principal {
                    let (subjects, roles) = holders_of(c, tenant, principal)?;
                    query = query.filter(
                        row_filters::subject_id
                            .eq_any(subjects)
                            .or(row_filters::role.eq_any(roles)),
                    );
                }
                if let Some((_, id)) = slice.after {
                    query = query.filter(row_filters::id.gt(id));
                }
                Ok(query.load(c)?)
            })
            .await
    }

    /// Changes a row filter's fields, unless it narrows what the caller sees.
    pub(crate) async fn row_filter_update(
        &self,
        scope: &Scope,
        target: Target,
        patch: RowFilterPatch,
    ) -> error::Result<RowFilterRow> {
        let change = self.change(scope);
        self.db
            .write(scope, move |c| {
                let row = find(c, change.tenant, target.id)?;
                target.check_version(row.version)?;
                keeping_sight(c, &change, |c| {
                    diesel::update(row_filters::table.find(row.id))
                        .set((
                            &patch,
                            row_filters::updated_at.eq(change.now),
                            row_filters::version.eq(row.version + 1),
                        ))
                        .execute(c)?;
                    Ok(())
                })?;
                let event = Event::RowFilterUpdated {
                    id: row.id,
                    entity: row.entity,
                };
                change.announce(c, &event)?;
                change.policy_changed(c)?;
                find(c, change.tenant, row.id)
            })
            .await
    }

    /// Deletes a row filter, unless it narrows what the caller sees.
    pub(crate) async fn row_filter_delete(
        &self,
        scope: &Scope,
        target: Target,
    ) -> error::Result<()> {
        let change = self.change(scope);
        self.db
            .write(scope, move |c| {
                let row = find(c, change.tenant, target.id)?;
                target.check_version(row.version)?;
                keeping_sight(c, &change, |c| {
                    diesel::delete(row_filters::table.find(row.id)).execute(c)?;
                    Ok(())
                })?;
                let event = Event::RowFilterDeleted {
                    id: row.id,
                    entity: row.entity,
                };
                change.announce(c, &event)?;
                change.policy_changed(c)
            })
            .await
    }
}

/// Deletes the row filters of a subject that is deleted.
pub(super) fn forget(c: &mut Conn, change: &Change, subject: Id) -> Result<(), Failure> {
    let gone: Vec<(Id, String)> = row_filters::table
        .filter(row_filters::tenant.eq(change.tenant))
        .filter(row_filters::subject_id.eq(subject))
        .order(row_filters::id)
        .select((row_filters::id, row_filters::entity))
        .load(c)?;
    for (id, entity) in gone {
        diesel::delete(row_filters::table.find(id)).execute(c)?;
        change.announce(c, &Event::RowFilterDeleted { id, entity })?;
    }
    Ok(())
}

/// Runs a change of filters, groups or roles; fails if what the caller sees of an entity that was narrowed is
/// not what it was.
pub(super) fn keeping_sight<T>(
    c: &mut Conn,
    change: &Change,
    act: impl FnOnce(&mut Conn) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let Some(caller) = change.scope.principal().map(|principal| principal.id) else {
        return act(c);
    };
    let before = sight(c, change.tenant, caller)?;
    let done = act(c)?;
    if before.is_empty() {
        return Ok(done);
    }
    let after = sight(c, change.tenant, caller)?;
    let changed = before
        .iter()
        .find(|(entity, conditions)| after.get(*entity) != Some(conditions));
    match changed {
        None => Ok(done),
        Some((entity, _)) => Err(Error::new(
            &ESCALATION_REFUSED,
            format!("this changes which rows of `{entity}` the caller sees"),
        )
        .with_metadata("entity", entity)
        .into()),
    }
}

/// The conditions that narrow what a principal sees, by entity.
type Sight = BTreeMap<String, BTreeSet<String>>;

fn sight(c: &mut Conn, tenant: Id, principal: Id) -> Result<Sight, Failure> {
    let (subjects, roles) = holders_of(c, tenant, principal)?;
    let conditions: Vec<(String, String)> = row_filters::table
        .filter(row_filters::tenant.eq(tenant))
        .filter(
            row_filters::subject_id
                .eq_any(subjects)
                .or(row_filters::role.eq_any(roles)),
        )
        .select((row_filters::entity, row_filters::condition))
        .load(c)?;
    let mut sight = Sight::new();
    for (entity, condition) in conditions {
        sight.entry(entity).or_default().insert(condition);
    }
    Ok(sight)
}

/// By whose filters a principal is narrowed: itself and its groups, and its roles.
fn holders_of(c: &mut Conn, tenant: Id, principal: Id) -> Result<(Vec<Id>, Vec<String>), Failure> {
    let mut subjects: Vec<Id> = group_members::table
        .filter(group_members::tenant.eq(tenant))
        .filter(group_members::user_id.eq(principal))
        .select(group_members::group_id)
        .load(c)?;
    subjects.push(principal);
    let roles = access::roles_of(c, tenant, principal)?;
    Ok((subjects, roles))
}

/// Refuses a filter that would narrow what its maker sees: they could not take it back.
fn not_of_caller(c: &mut Conn, change: &Change, holder: &Holder) -> Result<(), Failure> {
    let Some(principal) = change.scope.principal() else {
        return Ok(());
    };
    let (subjects, roles) = holders_of(c, change.tenant, principal.id)?;
    let own = match holder {
        Holder::Subject(_, id) => subjects.contains(id),
        Holder::Role(role) => roles.contains(role),
    };
    match own {
        false => Ok(()),
        true => Err(Error::new(
            &SELF_LOCKOUT_REFUSED,
            "nobody can narrow which rows they see themselves",
        )
        .into()),
    }
}

fn check_quota(c: &mut Conn, change: &Change, most: u32) -> Result<(), Failure> {
    let there: i64 = row_filters::table
        .filter(row_filters::tenant.eq(change.tenant))
        .count()
        .get_result(c)?;
    if there < i64::from(most) {
        return Ok(());
    }
    let message = format!("a tenant may have {most} row filters: delete one that is not needed");
    Err(Error::new(&reason::QUOTA_EXCEEDED, message)
        .with_metadata("limit", most.to_string())
        .into())
}

fn find(c: &mut Conn, tenant: Id, id: Id) -> Result<RowFilterRow, Failure> {
    row_filters::table
        .filter(row_filters::id.eq(id))
        .filter(row_filters::tenant.eq(tenant))
        .select(RowFilterRow::as_select())
        .first(c)
        .on_missing(|| Error::not_found("row filter", id))
}
