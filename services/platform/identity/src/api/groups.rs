//! Groups of the caller's tenant and their members.

use db::page::Shape;
use error::{Error, Result};
use pb::{
    AddGroupMembersRequest, AddGroupMembersResponse, BatchGetGroupsRequest, BatchGetGroupsResponse,
    CreateGroupRequest, DeleteGroupRequest, GetGroupRequest, Group, ListGroupMembersRequest,
    ListGroupMembersResponse, ListGroupsRequest, ListGroupsResponse, RemoveGroupMembersRequest,
    RemoveGroupMembersResponse, UpdateGroupRequest,
};
use proto_platform::tessera::identity::v1 as pb;
use tonic::Request;

use super::Api;
use crate::convert::{self, group};
use crate::store::GroupFilter;

pub(super) async fn create(api: &Api, request: Request<CreateGroupRequest>) -> Result<Group> {
    let scope = api.scope(&request)?;
    let mut body = request.into_inner();
    let request_id = std::mem::take(&mut body.request_id);
    let once = convert::once("CreateGroup", &request_id, &body);
    let new = required(body.group)?;
    let fields = group::patch(&new, group::CHANGEABLE)?;
    let row = api.store.group_create(&scope, fields, once).await?;
    Ok(group::render(row))
}

pub(super) async fn get(api: &Api, request: Request<GetGroupRequest>) -> Result<Group> {
    let scope = api.scope(&request)?;
    let id = convert::id("id", &request.get_ref().id)?;
    Ok(group::render(api.store.group_get(&scope, id).await?))
}

pub(super) async fn batch_get(
    api: &Api,
    request: Request<BatchGetGroupsRequest>,
) -> Result<BatchGetGroupsResponse> {
    let scope = api.scope(&request)?;
    let asked = request.into_inner().ids;
    let ids = convert::ids("ids", &asked)?;
    let rows = api.store.groups_get(&scope, ids).await?;
    let rows = convert::in_order(&asked, rows, |row| row.id);
    Ok(BatchGetGroupsResponse {
        groups: rows.into_iter().map(group::render).collect(),
    })
}

pub(super) async fn list(
    api: &Api,
    request: Request<ListGroupsRequest>,
) -> Result<ListGroupsResponse> {
    let scope = api.scope(&request)?;
    let body = request.into_inner();
    let shape = Shape::of("groups", &(&body.name_prefix, &body.user_id));
    let (slice, size) = convert::slice(
        shape,
        &body.page_token,
        body.page_size,
        api.config.page_size,
    )?;
    let filter = GroupFilter {
        name_prefix: body.name_prefix.to_lowercase(),
        user: convert::optional_id("user_id", &body.user_id)?,
    };
    let rows = api.store.group_list(&scope, filter, slice).await?;
    let page = convert::page(rows, size, shape, |row| (row.name_key.clone(), row.id));
    Ok(ListGroupsResponse {
        groups: page.items.into_iter().map(group::render).collect(),
        next_page_token: page.next,
    })
}

pub(super) async fn update(api: &Api, request: Request<UpdateGroupRequest>) -> Result<Group> {
    let scope = api.scope(&request)?;
    let body = request.into_inner();
    let new = required(body.group)?;
    let fields = convert::mask(body.update_mask, group::CHANGEABLE)?;
    let target = convert::update_target(&scope, "group", &new.id, &new.etag)?;
    let patch = group::patch(&new, &fields)?;
    let row = api.store.group_update(&scope, target, patch).await?;
    Ok(group::render(row))
}

pub(super) async fn delete(api: &Api, request: Request<DeleteGroupRequest>) -> Result<()> {
    let scope = api.scope(&request)?;
    let body = request.into_inner();
    let target = convert::target(&scope, convert::id("id", &body.id)?, &body.etag)?;
    api.store.group_delete(&scope, target).await
}

pub(super) async fn add_members(
    api: &Api,
    request: Request<AddGroupMembersRequest>,
) -> Result<AddGroupMembersResponse> {
    let scope = api.scope(&request)?;
    let body = request.into_inner();
    let target = convert::target(&scope, convert::id("group_id", &body.group_id)?, "")?;
    let users = convert::ids("user_ids", &body.user_ids)?;
    let added = api.store.members_add(&scope, target, users).await?;
    Ok(AddGroupMembersResponse {
        added: count(added),
    })
}

pub(super) async fn remove_members(
    api: &Api,
    request: Request<RemoveGroupMembersRequest>,
) -> Result<RemoveGroupMembersResponse> {
    let scope = api.scope(&request)?;
    let body = request.into_inner();
    let target = convert::target(&scope, convert::id("group_id", &body.group_id)?, "")?;
    let users = convert::ids("user_ids", &body.user_ids)?;
    let removed = api.store.members_remove(&scope, target, users).await?;
    Ok(RemoveGroupMembersResponse {
        removed: count(removed),
    })
}

pub(super) async fn list_members(
    api: &Api,
    request: Request<ListGroupMembersRequest>,
) -> Result<ListGroupMembersResponse> {
    let scope = api.scope(&request)?;
    let body = request.into_inner();
    let shape = Shape::of("group members", &body.group_id);
    let (slice, size) = convert::slice(
        shape,
        &body.page_token,
        body.page_size,
        api.config.page_size,
    )?;
    let group = convert::id("group_id", &body.group_id)?;
    let rows = api.store.member_list(&scope, group, slice).await?;
    let page = convert::page(rows, size, shape, |row| (String::new(), row.user_id));
    Ok(ListGroupMembersResponse {
        members: page.items.into_iter().map(group::render_member).collect(),
        next_page_token: page.next,
    })
}

fn required(group: Option<Group>) -> Result<Group> {
    group.ok_or_else(|| Error::invalid_field("group", "REQUIRED", "must be set"))
}

fn count(rows: usize) -> i32 {
    i32::try_from(rows).unwrap_or(i32::MAX)
}
