//! Sessions, and who the caller is.

use auth::PrincipalKind;
use db::page::Shape;
use error::{Error, Result};
use pb::{
    ListSessionsRequest, ListSessionsResponse, RevokeSessionRequest, Session, SignOutRequest,
    WhoAmIRequest, WhoAmIResponse,
};
use proto_platform::tessera::identity::v1 as pb;
use tonic::Request;

use super::{Api, need, session_of};
use crate::convert::{self, session};
use crate::model::pattern::Held;

pub(super) async fn sign_out(api: &Api, request: Request<SignOutRequest>) -> Result<()> {
    let (caller, scope) = api.caller(&request)?;
    let id = session_of(&caller).ok_or_else(|| {
        Error::new(
            &error::reason::FAILED_PRECONDITION,
            "the call carries an api token, which has no session",
        )
    })?;
    api.store
        .session_revoke(&scope, id, None, "signed_out")
        .await?;
    Ok(())
}

pub(super) async fn list(
    api: &Api,
    request: Request<ListSessionsRequest>,
) -> Result<ListSessionsResponse> {
    let (caller, scope) = api.caller(&request)?;
    let body = request.into_inner();
    let user = convert::optional_id("user_id", &body.user_id)?.unwrap_or(caller.principal.id);
    if user != caller.principal.id {
        need(&caller, "identity.sessions.admin")?;
        api.store.user_get(&scope, user).await?;
    }
    let shape = Shape::of("sessions", &(user, body.show_ended));
    let (slice, size) = convert::slice(
        shape,
        &body.page_token,
        body.page_size,
        api.config.page_size,
    )?;
    let rows = api
        .store
        .session_list(&scope, user, body.show_ended, slice)
        .await?;
    let page = convert::page(rows, size, shape, |row| (String::new(), row.id));
    let current = session_of(&caller);
    Ok(ListSessionsResponse {
        sessions: page
            .items
            .into_iter()
            .map(|row| session::render(row, current))
            .collect(),
        next_page_token: page.next,
    })
}

pub(super) async fn revoke(api: &Api, request: Request<RevokeSessionRequest>) -> Result<Session> {
    let (caller, scope) = api.caller(&request)?;
    let id = convert::id("id", &request.get_ref().id)?;
    let row = api.store.session_get(&scope, id).await?;
    let own = caller.principal.id == row.user_id;
    if !own && !caller.permissions.allows("identity.sessions.admin") {
        return Err(Error::not_found("session", id));
    }
    let held = (!own).then(|| Held::by(&scope));
    let row = api
        .store
        .session_revoke(&scope, id, held, "revoked")
        .await?;
    Ok(session::render(row, session_of(&caller)))
}

pub(super) async fn who_am_i(api: &Api, request: Request<WhoAmIRequest>) -> Result<WhoAmIResponse> {
    let (caller, scope) = api.caller(&request)?;
    let ids = vec![caller.principal.tenant];
    let tenant = api.store.tenants_get(&scope, ids).await?.pop();
    let principal_id = caller.principal.id.to_string();
    let (kind, user_id) = match caller.principal.kind {
        PrincipalKind::User => (pb::PrincipalKind::User, principal_id.clone()),
        PrincipalKind::Service => (pb::PrincipalKind::Service, String::new()),
    };
    Ok(WhoAmIResponse {
        principal_id,
        kind: kind.into(),
        name: caller.principal.name.clone(),
        tenant_id: caller.principal.tenant.to_string(),
        tenant_slug: tenant.map(|tenant| tenant.slug).unwrap_or_default(),
        roles: caller.roles.clone(),
        permissions: caller.permissions.to_vec(),
        expire_time: convert::optional_time(caller.expires),
        user_id,
        filtered_entities: caller
            .row_filters
            .iter()
            .map(|(entity, _)| entity.to_owned())
            .collect(),
    })
}
