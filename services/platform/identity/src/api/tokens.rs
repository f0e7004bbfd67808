//! API tokens: the caller's own, and with a further permission those of others in the tenant.

use auth::{ApiToken as Secret, Credential};
use db::page::Shape;
use error::{Error, Result};
use pb::{
    ApiToken, CreateTokenRequest, CreateTokenResponse, GetTokenRequest, ListTokensRequest,
    ListTokensResponse, RevokeTokenRequest,
};
use proto_platform::tessera::identity::v1 as pb;
use tonic::Request;
use value::{Id, Json};

use super::{Api, need};
use crate::convert::{self, token};
use crate::model::pattern::Held;
use crate::store::TokenFilter;

pub(super) async fn create(
    api: &Api,
    request: Request<CreateTokenRequest>,
) -> Result<CreateTokenResponse> {
    let (caller, scope) = api.caller(&request)?;
    let body = request.into_inner();
    let principal = match convert::optional_id("service_principal_id", &body.service_principal_id)?
    {
        None => caller.principal.id,
        Some(id) => {
            need(&caller, "identity.tokens.admin")?;
            // Only programs get tokens from others: a user's token would be a way to act as that user.
            api.store.service_principal_get(&scope, id).await?.id
        }
    };
    let now = api.clock.now();
    let longest = api.config.tokens.api.get();
    // A token made with another lives and dies with it: who has stolen one gets nothing that survives it.
    let (parent, parent_ends) = match caller.credential {
        Credential::ApiToken(id) => (Some(id), caller.expires),
        Credential::Session(_) => (None, None),
    };
    let expires = token::expiry(body.expire_time.as_ref(), now, longest, parent_ends)?;
    let secret = Secret::generate(Id::new());
    let mut row = token::row(&secret, principal, body.name.trim(), scope.actor(), now);
    row.expires_at = Some(expires);
    row.permissions = Json(body.permissions.into());
    row.parent_id = parent;
    let most = api.config.tokens.api_per_principal;
    let row = api
        .store
        .token_create(&scope, row, Held::by(&scope), most)
        .await?;
    Ok(CreateTokenResponse {
        token: Some(token::render(row)),
        secret: secret.expose(),
    })
}

pub(super) async fn get(api: &Api, request: Request<GetTokenRequest>) -> Result<ApiToken> {
    let (caller, scope) = api.caller(&request)?;
    let id = convert::id("id", &request.get_ref().id)?;
    let row = api.store.token_get(&scope, id).await?;
    let readable = caller.principal.id == row.principal_id
        || caller.permissions.allows("identity.tokens.admin");
    if !readable {
        return Err(Error::not_found("token", id));
    }
    Ok(token::render(row))
}

pub(super) async fn list(
    api: &Api,
    request: Request<ListTokensRequest>,
) -> Result<ListTokensResponse> {
    let (caller, scope) = api.caller(&request)?;
    let body = request.into_inner();
    let principal =
        convert::optional_id("principal_id", &body.principal_id)?.unwrap_or(caller.principal.id);
    if principal != caller.principal.id {
        need(&caller, "identity.tokens.admin")?;
    }
    let shape = Shape::of("tokens", &(principal, body.show_revoked));
    let (slice, size) = convert::slice(
        shape,
        &body.page_token,
        body.page_size,
        api.config.page_size,
    )?;
    let filter = TokenFilter {
        principal,
        revoked_too: body.show_revoked,
    };
    let rows = api.store.token_list(&scope, filter, slice).await?;
    let page = convert::page(rows, size, shape, |row| (String::new(), row.id));
    Ok(ListTokensResponse {
        tokens: page.items.into_iter().map(token::render).collect(),
        next_page_token: page.next,
    })
}

pub(super) async fn revoke(api: &Api, request: Request<RevokeTokenRequest>) -> Result<ApiToken> {
    let (caller, scope) = api.caller(&request)?;
    let id = convert::id("id", &request.get_ref().id)?;
    let row = api.store.token_get(&scope, id).await?;
    let own = caller.principal.id == row.principal_id;
    if !own && !caller.permissions.allows("identity.tokens.admin") {
        return Err(Error::not_found("token", id));
    }
    let held = (!own).then(|| Held::by(&scope));
    let row = api.store.token_revoke(&scope, id, held).await?;
    Ok(token::render(row))
}
