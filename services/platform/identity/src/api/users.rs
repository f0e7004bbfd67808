//! Users of the caller's tenant, and the caller's own profile.

use db::page::Shape;
use error::{Error, Result};
use pb::{
    BatchGetUsersRequest, BatchGetUsersResponse, CreateUserRequest, DeleteUserRequest,
    DisableUserRequest, EnableUserRequest, GetUserRequest, ListUsersRequest, ListUsersResponse,
    UpdateProfileRequest, UpdateUserRequest, User,
};
use proto_platform::tessera::identity::v1 as pb;
use tonic::Request;
use value::Id;

use super::{Api, not_oneself};
use crate::convert::{self, user};
use crate::model::Email;
use crate::store::{NewPassword, NewUser, UserFate};

pub(super) async fn create(api: &Api, request: Request<CreateUserRequest>) -> Result<User> {
    let scope = api.scope(&request)?;
    let mut body = request.into_inner();
    let request_id = std::mem::take(&mut body.request_id);
    let password = std::mem::take(&mut body.password);
    let once = convert::once("CreateUser", &request_id, &body);
    let new = user::required(body.user)?;
    let fields = user::patch(&new, user::CHANGEABLE)?;
    let password = match password.as_str() {
        "" => NewPassword::none(),
        text => {
            let email = Email::parse("user.email", &new.email)?;
            let checked = api
                .config
                .password_policy()
                .check("password", text, &email)?;
            NewPassword {
                hash: Some(api.passwords.hash(checked).await?),
                must_change: body.must_change_password,
            }
        }
    };
    let new = NewUser {
        id: Id::new(),
        fields,
        password,
    };
    Ok(user::render(
        api.store.user_create(&scope, new, once).await?,
    ))
}

pub(super) async fn get(api: &Api, request: Request<GetUserRequest>) -> Result<User> {
    let scope = api.scope(&request)?;
    let id = convert::id("id", &request.get_ref().id)?;
    Ok(user::render(api.store.user_get(&scope, id).await?))
}

pub(super) async fn batch_get(
    api: &Api,
    request: Request<BatchGetUsersRequest>,
) -> Result<BatchGetUsersResponse> {
    let scope = api.scope(&request)?;
    let asked = request.into_inner().ids;
    let ids = convert::ids("ids", &asked)?;
    let views = api.store.users_get(&scope, ids).await?;
    let views = convert::in_order(&asked, views, |view| view.user.id);
    Ok(BatchGetUsersResponse {
        users: views.into_iter().map(user::render).collect(),
    })
}

pub(super) async fn list(
    api: &Api,
    request: Request<ListUsersRequest>,
) -> Result<ListUsersResponse> {
    let scope = api.scope(&request)?;
    let body = request.into_inner();
    let filter = user::filter(&body)?;
    let shape = Shape::of(
        "users",
        &(
            &body.name_prefix,
            &body.email_prefix,
            body.state,
            &body.group_id,
            body.order,
        ),
    );
    let (slice, size) = convert::slice(
        shape,
        &body.page_token,
        body.page_size,
        api.config.page_size,
    )?;
    let order = filter.order;
    let views = api.store.user_list(&scope, filter, slice).await?;
    let page = convert::page(views, size, shape, |view| {
        (user::sort_key(view, order), view.user.id)
    });
    Ok(ListUsersResponse {
        users: page.items.into_iter().map(user::render).collect(),
        next_page_token: page.next,
    })
}

pub(super) async fn update(api: &Api, request: Request<UpdateUserRequest>) -> Result<User> {
    let scope = api.scope(&request)?;
    let body = request.into_inner();
    let new = user::required(body.user)?;
    let fields = convert::mask(body.update_mask, user::CHANGEABLE)?;
    let target = convert::update_target(&scope, "user", &new.id, &new.etag)?;
    let patch = user::patch(&new, &fields)?;
    let view = api.store.user_update(&scope, target, patch).await?;
    Ok(user::render(view))
}

pub(super) async fn update_profile(
    api: &Api,
    request: Request<UpdateProfileRequest>,
) -> Result<User> {
    let (caller, scope) = api.caller(&request)?;
    let body = request.into_inner();
    let new = user::required(body.user)?;
    let fields = convert::mask(body.update_mask, user::PROFILE)?;
    let own = caller.principal.id.to_string();
    let mut target = convert::update_target(&scope, "user", &own, &new.etag)?;
    // A profile gives no power, so a narrowed token may change its own.
    target.held = crate::model::pattern::Held::everything();
    let patch = user::patch(&new, &fields)?;
    let view = api.store.user_update(&scope, target, patch).await?;
    Ok(user::render(view))
}

pub(super) async fn disable(api: &Api, request: Request<DisableUserRequest>) -> Result<User> {
    let body = request.get_ref();
    let (id, etag) = (body.id.clone(), body.etag.clone());
    decide(api, &request, &id, &etag, UserFate::Disable).await
}

pub(super) async fn enable(api: &Api, request: Request<EnableUserRequest>) -> Result<User> {
    let body = request.get_ref();
    let (id, etag) = (body.id.clone(), body.etag.clone());
    decide(api, &request, &id, &etag, UserFate::Enable).await
}

pub(super) async fn delete(api: &Api, request: Request<DeleteUserRequest>) -> Result<User> {
    let body = request.get_ref();
    let (id, etag) = (body.id.clone(), body.etag.clone());
    decide(api, &request, &id, &etag, UserFate::Delete).await
}

async fn decide<T: Sync>(
    api: &Api,
    request: &Request<T>,
    id: &str,
    etag: &str,
    fate: UserFate,
) -> Result<User, Error> {
    let (caller, scope) = api.caller(request)?;
    let id = convert::id("id", id)?;
    if fate != UserFate::Enable {
        not_oneself(&caller, id)?;
    }
    let target = convert::target(&scope, id, etag)?;
    Ok(user::render(
        api.store.user_decide(&scope, target, fate).await?,
    ))
}
