//! Roles, who holds them, and what follows.

use db::page::Shape;
use error::Result;
use pb::{
    AssignRoleRequest, EffectiveAccess, GetEffectiveAccessRequest, ListRoleAssignmentsRequest,
    ListRoleAssignmentsResponse, ListRolesRequest, ListRolesResponse, Role, RoleAssignment,
    UnassignRoleRequest,
};
use proto_platform::tessera::identity::v1 as pb;
use tonic::Request;

use super::{Api, not_oneself};
use crate::convert::{self, group};
use crate::model::pattern::Held;
use crate::model::role;
use crate::store::AssignmentFilter;

pub(super) async fn list(
    api: &Api,
    request: Request<ListRolesRequest>,
) -> Result<ListRolesResponse> {
    api.scope(&request)?;
    let roles = role::all().into_iter().map(|(name, permissions)| Role {
        name: name.to_owned(),
        permissions,
    });
    Ok(ListRolesResponse {
        roles: roles.collect(),
    })
}

pub(super) async fn assign(
    api: &Api,
    request: Request<AssignRoleRequest>,
) -> Result<RoleAssignment> {
    let scope = api.scope(&request)?;
    let body = request.into_inner();
    let new = group::assignment(body.subject, body.role)?;
    let row = api.store.role_assign(&scope, new, Held::by(&scope)).await?;
    Ok(group::render_assignment(row))
}

pub(super) async fn unassign(api: &Api, request: Request<UnassignRoleRequest>) -> Result<()> {
    let (caller, scope) = api.caller(&request)?;
    let body = request.into_inner();
    let old = group::assignment(body.subject, body.role)?;
    not_oneself(&caller, old.subject_id)?;
    api.store.role_unassign(&scope, old, Held::by(&scope)).await
}

pub(super) async fn list_assignments(
    api: &Api,
    request: Request<ListRoleAssignmentsRequest>,
) -> Result<ListRoleAssignmentsResponse> {
    let scope = api.scope(&request)?;
    let body = request.into_inner();
    let shape = Shape::of("role assignments", &(&body.subject_id, &body.role));
    let (slice, size) = convert::slice(
        shape,
        &body.page_token,
        body.page_size,
        api.config.page_size,
    )?;
    let filter = AssignmentFilter {
        subject: convert::optional_id("subject_id", &body.subject_id)?,
        role: body.role,
    };
    let rows = api.store.assignment_list(&scope, filter, slice).await?;
    let page = convert::page(rows, size, shape, |row| (String::new(), row.id));
    Ok(ListRoleAssignmentsResponse {
        role_assignments: page
            .items
            .into_iter()
            .map(group::render_assignment)
            .collect(),
        next_page_token: page.next,
    })
}

pub(super) async fn effective_access(
    api: &Api,
    request: Request<GetEffectiveAccessRequest>,
) -> Result<EffectiveAccess> {
    let scope = api.scope(&request)?;
    let id = convert::id("principal_id", &request.get_ref().principal_id)?;
    let access = api.store.access_get(&scope, id).await?;
    Ok(EffectiveAccess {
        principal_id: id.to_string(),
        roles: access.roles,
        permissions: access.permissions,
    })
}
