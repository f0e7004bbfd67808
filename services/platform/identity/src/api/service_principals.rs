//! Service principals of the caller's tenant.

use db::page::Shape;
use error::{Error, Result};
use pb::{
    BatchGetServicePrincipalsRequest, BatchGetServicePrincipalsResponse,
    CreateServicePrincipalRequest, DeleteServicePrincipalRequest, DisableServicePrincipalRequest,
    EnableServicePrincipalRequest, GetServicePrincipalRequest, ListServicePrincipalsRequest,
    ListServicePrincipalsResponse, ServicePrincipal, UpdateServicePrincipalRequest,
};
use proto_platform::tessera::identity::v1 as pb;
use tonic::Request;

use super::{Api, not_oneself};
use crate::convert::{self, service_principal as convert_one};
use crate::store::PrincipalFilter;

pub(super) async fn create(
    api: &Api,
    request: Request<CreateServicePrincipalRequest>,
) -> Result<ServicePrincipal> {
    let scope = api.scope(&request)?;
    let mut body = request.into_inner();
    let request_id = std::mem::take(&mut body.request_id);
    let once = convert::once("CreateServicePrincipal", &request_id, &body);
    let new = required(body.service_principal)?;
    let fields = convert_one::patch(&new, convert_one::CHANGEABLE)?;
    let row = api
        .store
        .service_principal_create(&scope, fields, once)
        .await?;
    Ok(convert_one::render(row))
}

pub(super) async fn get(
    api: &Api,
    request: Request<GetServicePrincipalRequest>,
) -> Result<ServicePrincipal> {
    let scope = api.scope(&request)?;
    let id = convert::id("id", &request.get_ref().id)?;
    let row = api.store.service_principal_get(&scope, id).await?;
    Ok(convert_one::render(row))
}

pub(super) async fn batch_get(
    api: &Api,
    request: Request<BatchGetServicePrincipalsRequest>,
) -> Result<BatchGetServicePrincipalsResponse> {
    let scope = api.scope(&request)?;
    let asked = request.into_inner().ids;
    let ids = convert::ids("ids", &asked)?;
    let rows = api.store.service_principals_get(&scope, ids).await?;
    let rows = convert::in_order(&asked, rows, |row| row.id);
    Ok(BatchGetServicePrincipalsResponse {
        service_principals: rows.into_iter().map(convert_one::render).collect(),
    })
}

pub(super) async fn list(
    api: &Api,
    request: Request<ListServicePrincipalsRequest>,
) -> Result<ListServicePrincipalsResponse> {
    let scope = api.scope(&request)?;
    let body = request.into_inner();
    let shape = Shape::of("service principals", &(&body.name_prefix, body.state));
    let (slice, size) = convert::slice(
        shape,
        &body.page_token,
        body.page_size,
        api.config.page_size,
    )?;
    let filter = PrincipalFilter {
        name_prefix: body.name_prefix.to_lowercase(),
        disabled: convert_one::disabled(body.state()),
    };
    let rows = api
        .store
        .service_principal_list(&scope, filter, slice)
        .await?;
    let page = convert::page(rows, size, shape, |row| (row.name_key.clone(), row.id));
    Ok(ListServicePrincipalsResponse {
        service_principals: page.items.into_iter().map(convert_one::render).collect(),
        next_page_token: page.next,
    })
}

pub(super) async fn update(
    api: &Api,
    request: Request<UpdateServicePrincipalRequest>,
) -> Result<ServicePrincipal> {
    let scope = api.scope(&request)?;
    let body = request.into_inner();
    let new = required(body.service_principal)?;
    let fields = convert::mask(body.update_mask, convert_one::CHANGEABLE)?;
    let target = convert::update_target(&scope, "service_principal", &new.id, &new.etag)?;
    let patch = convert_one::patch(&new, &fields)?;
    let row = api
        .store
        .service_principal_update(&scope, target, patch)
        .await?;
    Ok(convert_one::render(row))
}

pub(super) async fn disable(
    api: &Api,
    request: Request<DisableServicePrincipalRequest>,
) -> Result<ServicePrincipal> {
    let (caller, scope) = api.caller(&request)?;
    let body = request.into_inner();
    let id = convert::id("id", &body.id)?;
    not_oneself(&caller, id)?;
    let target = convert::target(&scope, id, &body.etag)?;
    let row = api
        .store
        .service_principal_set_disabled(&scope, target, true)
        .await?;
    Ok(convert_one::render(row))
}

pub(super) async fn enable(
    api: &Api,
    request: Request<EnableServicePrincipalRequest>,
) -> Result<ServicePrincipal> {
    let scope = api.scope(&request)?;
    let body = request.into_inner();
    let target = convert::target(&scope, convert::id("id", &body.id)?, &body.etag)?;
    let row = api
        .store
        .service_principal_set_disabled(&scope, target, false)
        .await?;
    Ok(convert_one::render(row))
}

pub(super) async fn delete(
    api: &Api,
    request: Request<DeleteServicePrincipalRequest>,
) -> Result<()> {
    let (caller, scope) = api.caller(&request)?;
    let body = request.into_inner();
    let id = convert::id("id", &body.id)?;
    not_oneself(&caller, id)?;
    let target = convert::target(&scope, id, &body.etag)?;
    api.store.service_principal_delete(&scope, target).await
}

fn required(item: Option<ServicePrincipal>) -> Result<ServicePrincipal> {
    item.ok_or_else(|| Error::invalid_field("service_principal", "REQUIRED", "must be set"))
}
