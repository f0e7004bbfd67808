//! Row filters: who sees which rows of an entity.

use db::page::Shape;
use error::{Error, Result};
use pb::{
    BatchGetRowFiltersRequest, BatchGetRowFiltersResponse, CreateRowFilterRequest,
    DeleteRowFilterRequest, GetRowFilterRequest, ListRowFiltersRequest, ListRowFiltersResponse,
    RowFilter, UpdateRowFilterRequest,
};
use proto_platform::tessera::identity::v1 as pb;
use tonic::Request;

use super::Api;
use crate::convert::{self, row_filter};
use crate::store::RowFilterFilter;

/// Most row filters of a page: conditions are long.
const LARGEST_PAGE: u32 = 100;

pub(super) async fn create(
    api: &Api,
    request: Request<CreateRowFilterRequest>,
) -> Result<RowFilter> {
    let scope = api.scope(&request)?;
    let mut body = request.into_inner();
    let request_id = std::mem::take(&mut body.request_id);
    let once = convert::once("CreateRowFilter", &request_id, &body);
    let new = row_filter::new(required(body.row_filter)?)?;
    let most = api.config.row_filters_per_tenant;
    let row = api.store.row_filter_create(&scope, new, most, once).await?;
    Ok(row_filter::render(row))
}

pub(super) async fn get(api: &Api, request: Request<GetRowFilterRequest>) -> Result<RowFilter> {
    let scope = api.scope(&request)?;
    let id = convert::id("id", &request.get_ref().id)?;
    let row = api.store.row_filter_get(&scope, id).await?;
    Ok(row_filter::render(row))
}

pub(super) async fn batch_get(
    api: &Api,
    request: Request<BatchGetRowFiltersRequest>,
) -> Result<BatchGetRowFiltersResponse> {
    let scope = api.scope(&request)?;
    let asked = request.into_inner().ids;
    let ids = convert::ids("ids", &asked)?;
    let rows = api.store.row_filters_get(&scope, ids).await?;
    let rows = convert::in_order(&asked, rows, |row| row.id);
    Ok(BatchGetRowFiltersResponse {
        row_filters: rows.into_iter().map(row_filter::render).collect(),
    })
}

pub(super) async fn list(
    api: &Api,
    request: Request<ListRowFiltersRequest>,
) -> Result<ListRowFiltersResponse> {
    let scope = api.scope(&request)?;
    let body = request.into_inner();
    let asked = (
        &body.entity,
        &body.subject_id,
        &body.role,
        &body.principal_id,
    );
    let shape = Shape::of("row filters", &asked);
    let (slice, size) = convert::slice(
        shape,
        &body.page_token,
        body.page_size,
        api.config.page_size.min(LARGEST_PAGE),
    )?;
    let filter = RowFilterFilter {
        subject: convert::optional_id("subject_id", &body.subject_id)?,
        principal: convert::optional_id("principal_id", &body.principal_id)?,
        entity: body.entity,
        role: body.role,
    };
    let rows = api.store.row_filter_list(&scope, filter, slice).await?;
    let page = convert::page(rows, size, shape, |row| (String::new(), row.id));
    Ok(ListRowFiltersResponse {
        row_filters: page.items.into_iter().map(row_filter::render).collect(),
        next_page_token: page.next,
    })
}

pub(super) async fn update(
    api: &Api,
    request: Request<UpdateRowFilterRequest>,
) -> Result<RowFilter> {
    let scope = api.scope(&request)?;
    let body = request.into_inner();
    let new = required(body.row_filter)?;
    let fields = convert::mask(body.update_mask, row_filter::CHANGEABLE)?;
    let target = convert::update_target(&scope, "row_filter", &new.id, &new.etag)?;
    let patch = row_filter::patch(&new, &fields)?;
    let row = api.store.row_filter_update(&scope, target, patch).await?;
    Ok(row_filter::render(row))
}

pub(super) async fn delete(api: &Api, request: Request<DeleteRowFilterRequest>) -> Result<()> {
    let scope = api.scope(&request)?;
    let body = request.into_inner();
    let target = convert::target(&scope, convert::id("id", &body.id)?, &body.etag)?;
    api.store.row_filter_delete(&scope, target).await
}

fn required(row_filter: Option<RowFilter>) -> Result<RowFilter> {
    row_filter.ok_or_else(|| Error::invalid_field("row_filter", "REQUIRED", "must be set"))
}
