//! Tenants. Their scope spans all tenants where platform administrators act.

use auth::Scope;
use db::idempotency::Once;
use db::{Conn, Failure, OrElse};
use diesel::prelude::*;
use error::{Error, reason};
use value::{Id, Time};

use super::{Change, NewAssignment, NewUser, Slice, Store, Target};
use crate::model::{Event, SubjectKind};
use crate::schema::tenants;

/// A tenant.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = tenants, treat_none_as_default_value = false)]
pub(crate) struct TenantRow {
    pub(crate) id: Id,
    pub(crate) tenant: Id,
    pub(crate) slug: String,
    pub(crate) display_name: String,
    pub(crate) disabled_at: Option<Time>,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
    pub(crate) version: i64,
}

/// A tenant's first user, with the role it gets.
#[derive(Clone, Debug)]
pub(crate) struct FirstUser {
    /// The user.
    pub(crate) user: NewUser,
    /// The role.
    pub(crate) role: &'static str,
}

impl Store {
    /// Makes a tenant, with its first administrator, for the caller of `granted`.
    pub(crate) async fn tenant_create(
        &self,
        scope: &Scope,
        granted: &Scope,
        slug: String,
        display_name: String,
        first: Option<FirstUser>,
        request: Once,
    ) -> error::Result<TenantRow> {
        let mut change = self.change(scope);
        // A request id is the caller's own, though the work is done across tenants.
        let by = self.change(granted);
        let new = Id::new();
        change.tenant = new;
        change.actor = granted.actor();
        let row = TenantRow {
            id: new,
            tenant: new,
            slug,
            display_name,
            disabled_at: None,
            created_at: change.now,
            updated_at: change.now,
            version: 1,
        };
        self.db
            .write(scope, move |c| {
                let id = request.id(c, &by.scope, by.now, |c| {
                    insert(c, &change, &row)?;
                    if let Some(first) = &first {
                        super::users::insert(c, &change, &first.user)?;
                        let assignment = NewAssignment {
                            subject_kind: SubjectKind::User,
                            subject_id: first.user.id,
                            role: first.role.to_owned(),
                        };
                        super::access::insert(c, &change, &assignment)?;
                    }
                    change.policy_changed(c)?;
                    Ok(row.id)
                })?;
                find(c, id)
            })
            .await
    }

    /// Gets a tenant.
    pub(crate) async fn tenant_get(&self, scope: &Scope, id: Id) -> error::Result<TenantRow> {
        self.db.read(scope, move |c| find(c, id)).await
    }

    /// Gets several tenants; missing ones are left out.
    pub(crate) async fn tenants_get(
        &self,
        scope: &Scope,
        ids: Vec<Id>,
    ) -> error::Result<Vec<TenantRow>> {
        self.db
            .read(scope, move |c| {
                Ok(tenants::table
                    .filter(tenants::id.eq_any(ids))
                    .select(TenantRow::as_select())
                    .load(c)?)
            })
            .await
    }

    /// Lists tenants by slug.
    pub(crate) async fn tenant_list(
        &self,
        scope: &Scope,
        disabled: Option<bool>,
        slice: Slice,
    ) -> error::Result<Vec<TenantRow>> {
        self.db
            .read(scope, move |c| {
                let mut query = tenants::table
                    .select(TenantRow::as_select())
                    .order(tenants::slug)
                    .limit(slice.limit)
                    .into_boxed();
                match disabled {
                    Some(true) => query = query.filter(tenants::disabled_at.is_not_null()),
                    Some(false) => query = query.filter(tenants::disabled_at.is_null()),
                    None => {}
                }
                if let Some((slug, _)) = slice.after {
                    query = query.filter(tenants::slug.gt(slug));
                }
                Ok(query.load(c)?)
            })
            .await
    }

    /// Renames a tenant.
    pub(crate) async fn tenant_rename(
        &self,
        scope: &Scope,
        target: Target,
        display_name: Option<String>,
    ) -> error::Result<TenantRow> {
        let mut change = self.change(scope);
        change.tenant = target.id;
        self.db
            .write(scope, move |c| {
                let row = find(c, target.id)?;
                target.check_version(row.version)?;
                let name = display_name.as_ref().unwrap_or(&row.display_name);
                diesel::update(tenants::table.find(row.id))
                    .set((
                        tenants::display_name.eq(name),
                        tenants::updated_at.eq(change.now),
                        tenants::version.eq(row.version + 1),
                    ))
                    .execute(c)?;
                change.announce(c, &Event::TenantUpdated { id: row.id })?;
                find(c, target.id)
            })
            .await
    }

    /// Disables or enables a tenant; what is so already stays untouched.
    pub(crate) async fn tenant_set_disabled(
        &self,
        scope: &Scope,
        target: Target,
        disabled: bool,
    ) -> error::Result<TenantRow> {
        let mut change = self.change(scope);
        change.tenant = target.id;
        self.db
            .write(scope, move |c| {
                let row = find(c, target.id)?;
                target.check_version(row.version)?;
                if row.disabled_at.is_some() == disabled {
                    return Ok(row);
                }
                diesel::update(tenants::table.find(row.id))
                    .set((
                        tenants::disabled_at.eq(disabled.then_some(change.now)),
                        tenants::updated_at.eq(change.now),
                        tenants::version.eq(row.version + 1),
                    ))
                    .execute(c)?;
                if disabled {
                    super::sessions::revoke_all_of_tenant(c, &change)?;
                    change.announce(c, &Event::TenantDisabled { id: row.id })?;
                } else {
                    change.announce(c, &Event::TenantEnabled { id: row.id })?;
                }
                change.policy_changed(c)?;
                find(c, target.id)
            })
            .await
    }

    /// The tenant of a slug.
    pub(crate) async fn tenant_by_slug(
        &self,
        scope: &Scope,
        slug: String,
    ) -> error::Result<Option<TenantRow>> {
        self.db.read(scope, move |c| by_slug(c, &slug)).await
    }

    /// Makes the default tenant with its administrator and the administrator's token, unless they exist;
    /// the answer is the tenant's id and whether this call made it.
    pub(crate) async fn first_run(
        &self,
        scope: &Scope,
        slug: &'static str,
        first: FirstUser,
        token: super::TokenRow,
    ) -> error::Result<(Id, bool)> {
        let mut change = self.change(scope);
        let id = Id::new();
        change.tenant = id;
        self.db
            .write(scope, move |c| {
                if let Some(found) = by_slug(c, slug)? {
                    return Ok((found.id, false));
                }
                let row = TenantRow {
                    id,
                    tenant: id,
                    slug: slug.to_owned(),
                    display_name: "Default".to_owned(),
                    disabled_at: None,
                    created_at: change.now,
                    updated_at: change.now,
                    version: 1,
                };
                insert(c, &change, &row)?;
                super::users::insert(c, &change, &first.user)?;
                let assignment = NewAssignment {
                    subject_kind: SubjectKind::User,
                    subject_id: first.user.id,
                    role: first.role.to_owned(),
                };
                super::access::insert(c, &change, &assignment)?;
                super::tokens::insert(c, &change, &token)?;
                change.policy_changed(c)?;
                Ok((id, true))
            })
            .await
    }
}

#[cfg(test)]
impl Store {
    /// Gives a tenant another slug, which no RPC does.
    pub(crate) async fn slug_replace(
        &self,
        scope: &Scope,
        old: &'static str,
        new: &'static str,
    ) -> error::Result<()> {
        self.db
            .write(scope, move |c| {
                diesel::update(tenants::table.filter(tenants::slug.eq(old)))
                    .set(tenants::slug.eq(new))
                    .execute(c)?;
                Ok(())
            })
            .await
    }
}

pub(super) fn by_slug(c: &mut Conn, slug: &str) -> Result<Option<TenantRow>, Failure> {
    Ok(tenants::table
        .filter(tenants::slug.eq(slug))
        .select(TenantRow::as_select())
        .first(c)
        .optional()?)
}

fn find(c: &mut Conn, id: Id) -> Result<TenantRow, Failure> {
    tenants::table
        .find(id)
        .select(TenantRow::as_select())
        .first(c)
        .on_missing(|| Error::not_found("tenant", id))
}

fn insert(c: &mut Conn, change: &Change, row: &TenantRow) -> Result<(), Failure> {
    diesel::insert_into(tenants::table)
        .values(row)
        .execute(c)
        .on_unique(|| {
            Error::new(
                &reason::ALREADY_EXISTS,
                format!("a tenant with the slug `{}` exists", row.slug),
            )
        })?;
    let event = Event::TenantCreated {
        id: row.id,
        slug: row.slug.clone(),
    };
    change.announce(c, &event)
}
