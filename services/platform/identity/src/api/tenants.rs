//! Tenants: a platform administrator's, but for reading one's own.

use auth::Caller;
use db::page::Shape;
use error::{Error, Result};
use pb::{
    BatchGetTenantsRequest, BatchGetTenantsResponse, CreateTenantRequest, DisableTenantRequest,
    EnableTenantRequest, GetTenantRequest, ListTenantsRequest, ListTenantsResponse, Tenant,
    UpdateTenantRequest,
};
use proto_platform::tessera::identity::v1 as pb;
use tonic::Request;
use value::Id;

use super::Api;
use crate::convert::{self, tenant};
use crate::model::{Email, Slug, name_key, role};
use crate::reasons::DEFAULT_TENANT_PROTECTED;
use crate::store::{FirstUser, NewPassword, NewUser, UserPatch};

const REASON: &str = "administer tenants";

pub(super) async fn create(api: &Api, request: Request<CreateTenantRequest>) -> Result<Tenant> {
    let scope = api.platform_scope(&request, REASON)?;
    let granted = api.scope(&request)?;
    let mut body = request.into_inner();
    let request_id = std::mem::take(&mut body.request_id);
    let password = std::mem::take(&mut body.administrator_password);
    let once = convert::once("CreateTenant", &request_id, &body);
    let new = body
        .tenant
        .ok_or_else(|| Error::invalid_field("tenant", "REQUIRED", "must be set"))?;
    let slug = Slug::parse("tenant.slug", &new.slug)?;
    let display_name = convert::name("tenant.display_name", &new.display_name)?;
    let first = match body.administrator_email.as_str() {
        "" => None,
        email => Some(administrator(api, email, &password).await?),
    };
    let row = api
        .store
        .tenant_create(
            &scope,
            &granted,
            slug.to_string(),
            display_name,
            first,
            once,
        )
        .await?;
    Ok(tenant::render(row))
}

async fn administrator(api: &Api, email: &str, password: &str) -> Result<FirstUser> {
    let email = Email::parse("administrator_email", email)?;
    let policy = api.config.password_policy();
    let password = policy.check("administrator_password", password, &email)?;
    Ok(FirstUser {
        user: NewUser {
            id: Id::new(),
            fields: UserPatch {
                email: Some(email.to_string()),
                display_name: Some("Administrator".to_owned()),
                name_key: Some(name_key("Administrator")),
                ..UserPatch::default()
            },
            password: NewPassword {
                hash: Some(api.passwords.hash(password).await?),
                must_change: true,
            },
        },
        role: role::ADMINISTRATOR,
    })
}

/// May this caller know of this tenant at all?
fn may_see(api: &Api, caller: &Caller, id: Id) -> bool {
    caller.principal.tenant == id || api.is_platform_administrator(caller)
}

pub(super) async fn get(api: &Api, request: Request<GetTenantRequest>) -> Result<Tenant> {
    let (caller, scope) = api.caller(&request)?;
    let id = convert::id("id", &request.get_ref().id)?;
    if !may_see(api, &caller, id) {
        return Err(Error::not_found("tenant", id));
    }
    let scope = match caller.principal.tenant == id {
        true => scope,
        false => auth::Scope::system_all(REASON),
    };
    Ok(tenant::render(api.store.tenant_get(&scope, id).await?))
}

pub(super) async fn batch_get(
    api: &Api,
    request: Request<BatchGetTenantsRequest>,
) -> Result<BatchGetTenantsResponse> {
    let (caller, scope) = api.caller(&request)?;
    let asked = request.into_inner().ids;
    let mut ids = convert::ids("ids", &asked)?;
    ids.retain(|id| may_see(api, &caller, *id));
    let scope = match api.is_platform_administrator(&caller) {
        true => auth::Scope::system_all(REASON),
        false => scope,
    };
    let rows = api.store.tenants_get(&scope, ids).await?;
    let tenants = convert::in_order(&asked, rows, |row| row.id);
    Ok(BatchGetTenantsResponse {
        tenants: tenants.into_iter().map(tenant::render).collect(),
    })
}

pub(super) async fn list(
    api: &Api,
    request: Request<ListTenantsRequest>,
) -> Result<ListTenantsResponse> {
    let scope = api.platform_scope(&request, REASON)?;
    let body = request.into_inner();
    let shape = Shape::of("tenants", &body.state);
    let (slice, size) = convert::slice(
        shape,
        &body.page_token,
        body.page_size,
        api.config.page_size,
    )?;
    let disabled = tenant::disabled(body.state());
    let rows = api.store.tenant_list(&scope, disabled, slice).await?;
    let page = convert::page(rows, size, shape, |row| (row.slug.clone(), row.id));
    Ok(ListTenantsResponse {
        tenants: page.items.into_iter().map(tenant::render).collect(),
        next_page_token: page.next,
    })
}

pub(super) async fn update(api: &Api, request: Request<UpdateTenantRequest>) -> Result<Tenant> {
    let scope = api.platform_scope(&request, REASON)?;
    let body = request.into_inner();
    let new = body
        .tenant
        .ok_or_else(|| Error::invalid_field("tenant", "REQUIRED", "must be set"))?;
    convert::mask(body.update_mask, &["display_name"])?;
    let target = convert::update_target(&scope, "tenant", &new.id, &new.etag)?;
    let display_name = convert::name("tenant.display_name", &new.display_name)?;
    let row = api
        .store
        .tenant_rename(&scope, target, Some(display_name))
        .await?;
    Ok(tenant::render(row))
}

pub(super) async fn disable(api: &Api, request: Request<DisableTenantRequest>) -> Result<Tenant> {
    let scope = api.platform_scope(&request, REASON)?;
    let body = request.into_inner();
    let id = convert::id("id", &body.id)?;
    if id == api.default_tenant {
        return Err(Error::new(
            &DEFAULT_TENANT_PROTECTED,
            "the default tenant cannot be disabled",
        ));
    }
    let target = convert::target(&scope, id, &body.etag)?;
    let row = api.store.tenant_set_disabled(&scope, target, true).await?;
    Ok(tenant::render(row))
}

pub(super) async fn enable(api: &Api, request: Request<EnableTenantRequest>) -> Result<Tenant> {
    let scope = api.platform_scope(&request, REASON)?;
    let body = request.into_inner();
    let target = convert::target(&scope, convert::id("id", &body.id)?, &body.etag)?;
    let row = api.store.tenant_set_disabled(&scope, target, false).await?;
    Ok(tenant::render(row))
}
