//! Service principals: programs that call with API tokens of their own.

use auth::Scope;
use db::idempotency::Once;
use db::{Conn, Failure, OrElse};
use diesel::prelude::*;
use error::{Error, reason};
use value::{Id, Time};

use super::{Slice, Store, Target, access, tokens};
use crate::model::{Event, prefix_end};
use crate::schema::service_principals;

/// A service principal.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = service_principals, treat_none_as_default_value = false)]
pub(crate) struct ServicePrincipalRow {
    pub(crate) id: Id,
    pub(crate) tenant: Id,
    pub(crate) name: String,
    pub(crate) name_key: String,
    pub(crate) description: String,
    pub(crate) disabled_at: Option<Time>,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
    pub(crate) version: i64,
}

/// Fields to change, or those of a new service principal.
#[derive(Clone, Debug, Default, AsChangeset)]
#[diesel(table_name = service_principals)]
pub(crate) struct PrincipalPatch {
    pub(crate) name: Option<String>,
    pub(crate) name_key: Option<String>,
    pub(crate) description: Option<String>,
}

/// Which service principals to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct PrincipalFilter {
    pub(crate) name_prefix: String,
    pub(crate) disabled: Option<bool>,
}

impl Store {
    /// Makes a service principal.
    pub(crate) async fn service_principal_create(
        &self,
        scope: &Scope,
        fields: PrincipalPatch,
        request: Once,
    ) -> error::Result<ServicePrincipalRow> {
        let change = self.change(scope);
        let row = ServicePrincipalRow {
            id: Id::new(),
            tenant: change.tenant,
            name: fields.name.unwrap_or_default(),
            name_key: fields.name_key.unwrap_or_default(),
            description: fields.description.unwrap_or_default(),
            disabled_at: None,
            created_at: change.now,
            updated_at: change.now,
            version: 1,
        };
        self.db
            .write(scope, move |c| {
                let id = request.id(c, &change.scope, change.now, |c| {
                    diesel::insert_into(service_principals::table)
                        .values(&row)
                        .execute(c)
                        .on_unique(|| taken(&row.name))?;
                    let event = Event::ServicePrincipalCreated {
                        id: row.id,
                        name: row.name.clone(),
                    };
                    change.announce(c, &event)?;
                    change.policy_changed(c)?;
                    Ok(row.id)
                })?;
                find(c, change.tenant, id)
            })
            .await
    }

    /// Gets a service principal.
    pub(crate) async fn service_principal_get(
        &self,
        scope: &Scope,
        id: Id,
    ) -> error::Result<ServicePrincipalRow> {
        let tenant = scope.tenant();
        self.db.read(scope, move |c| find(c, tenant, id)).await
    }

    /// Gets several service principals; missing ones are left out.
    pub(crate) async fn service_principals_get(
        &self,
        scope: &Scope,
        ids: Vec<Id>,
    ) -> error::Result<Vec<ServicePrincipalRow>> {
        let tenant = scope.tenant();
        self.db
            .read(scope, move |c| {
                Ok(service_principals::table
                    .filter(service_principals::tenant.eq(tenant))
                    .filter(service_principals::id.eq_any(ids))
                    .select(ServicePrincipalRow::as_select())
                    .load(c)?)
            })
            .await
    }

    /// Lists service principals by name.
    pub(crate) async fn service_principal_list(
        &self,
        scope: &Scope,
        filter: PrincipalFilter,
        slice: Slice,
    ) -> error::Result<Vec<ServicePrincipalRow>> {
        let tenant = scope.tenant();
        self.db
            .read(scope, move |c| {
                let mut query = service_principals::table
                    .filter(service_principals::tenant.eq(tenant))
                    .select(ServicePrincipalRow::as_select())
                    .order(service_principals::name_key)
                    .limit(slice.limit)
                    .into_boxed();
                match filter.disabled {
                    Some(true) => {
                        query = query.filter(service_principals::disabled_at.is_not_null());
                    }
                    Some(false) => {
                        query = query.filter(service_principals::disabled_at.is_null());
                    }
                    None => {}
                }
                if !filter.name_prefix.is_empty() {
                    query =
                        query.filter(service_principals::name_key.ge(filter.name_prefix.clone()));
                    if let Some(end) = prefix_end(&filter.name_prefix) {
                        query = query.filter(service_principals::name_key.lt(end));
                    }
                }
                if let Some((key, _)) = slice.after {
                    query = query.filter(service_principals::name_key.gt(key));
                }
                Ok(query.load(c)?)
            })
            .await
    }

    /// Changes a service principal's fields.
    pub(crate) async fn service_principal_update(
        &self,
        scope: &Scope,
        target: Target,
        patch: PrincipalPatch,
    ) -> error::Result<ServicePrincipalRow> {
        let change = self.change(scope);
        self.db
            .write(scope, move |c| {
                let row = find(c, change.tenant, target.id)?;
                target.check_version(row.version)?;
                access::guard(c, &change, &target)?;
                diesel::update(service_principals::table.find(row.id))
                    .set((
                        &patch,
                        service_principals::updated_at.eq(change.now),
                        service_principals::version.eq(row.version + 1),
                    ))
                    .execute(c)
                    .on_unique(|| taken(patch.name.as_deref().unwrap_or_default()))?;
                change.announce(c, &Event::ServicePrincipalUpdated { id: row.id })?;
                change.policy_changed(c)?;
                find(c, change.tenant, row.id)
            })
            .await
    }

    /// Disables or enables a service principal; what is so already stays untouched.
    pub(crate) async fn service_principal_set_disabled(
        &self,
        scope: &Scope,
        target: Target,
        disabled: bool,
    ) -> error::Result<ServicePrincipalRow> {
        let change = self.change(scope);
        self.db
            .write(scope, move |c| {
                let row = find(c, change.tenant, target.id)?;
                target.check_version(row.version)?;
                access::guard(c, &change, &target)?;
                if row.disabled_at.is_some() == disabled {
                    return Ok(row);
                }
                diesel::update(service_principals::table.find(row.id))
                    .set((
                        service_principals::disabled_at.eq(disabled.then_some(change.now)),
                        service_principals::updated_at.eq(change.now),
                        service_principals::version.eq(row.version + 1),
                    ))
                    .execute(c)?;
                let event = if disabled {
                    Event::ServicePrincipalDisabled { id: row.id }
                } else {
                    Event::ServicePrincipalEnabled { id: row.id }
                };
                change.announce(c, &event)?;
                change.policy_changed(c)?;
                find(c, change.tenant, row.id)
            })
            .await
    }

    /// Deletes a service principal with its roles; its tokens are revoked.
    pub(crate) async fn service_principal_delete(
        &self,
        scope: &Scope,
        target: Target,
    ) -> error::Result<()> {
        let change = self.change(scope);
        self.db
            .write(scope, move |c| {
                let row = find(c, change.tenant, target.id)?;
                target.check_version(row.version)?;
                access::guard(c, &change, &target)?;
                tokens::revoke_all(c, &change, row.id)?;
                access::forget(c, &change, row.id)?;
                diesel::delete(service_principals::table.find(row.id)).execute(c)?;
                change.announce(c, &Event::ServicePrincipalDeleted { id: row.id })?;
                change.policy_changed(c)
            })
            .await
    }
}

fn taken(name: &str) -> Error {
    Error::new(
        &reason::ALREADY_EXISTS,
        format!("a service principal with the name `{name}` exists"),
    )
}

pub(super) fn find(c: &mut Conn, tenant: Id, id: Id) -> Result<ServicePrincipalRow, Failure> {
    service_principals::table
        .filter(service_principals::id.eq(id))
        .filter(service_principals::tenant.eq(tenant))
        .select(ServicePrincipalRow::as_select())
        .first(c)
        .on_missing(|| Error::not_found("service principal", id))
}
