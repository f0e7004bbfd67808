//! New passwords: one's own, and another user's by an administrator.

use error::{Error, Result};
use pb::{ChangePasswordRequest, ResetPasswordRequest, User};
use proto_platform::tessera::identity::v1 as pb;
use tonic::Request;

use super::{Api, session_of, sign_in};
use crate::convert::{self, user};
use crate::model::Email;
use crate::model::password::Password;
use crate::model::pattern::Held;
use crate::passwords::Verdict;
use crate::reasons::SIGN_IN_FAILED;
use crate::store::{NewPassword, Target};

pub(super) async fn reset(api: &Api, request: Request<ResetPasswordRequest>) -> Result<User> {
    let scope = api.scope(&request)?;
    let body = request.into_inner();
    let target = convert::target(&scope, convert::id("id", &body.id)?, "")?;
    let view = api.store.user_get(&scope, target.id).await?;
    let email = Email::parse("email", &view.user.email)?;
    let policy = api.config.password_policy();
    let checked = policy.check("new_password", &body.new_password, &email)?;
    let password = NewPassword {
        hash: Some(api.passwords.hash(checked).await?),
        must_change: body.must_change_password,
    };
    let view = api
        .store
        .password_set(&scope, target, password, true, None)
        .await?;
    Ok(user::render(view))
}

pub(super) async fn change(api: &Api, request: Request<ChangePasswordRequest>) -> Result<()> {
    let (caller, scope) = api.caller(&request)?;
    let body = request.into_inner();
    let (row, hash, key, _) = api
        .store
        .credential_get(&scope, caller.principal.id)
        .await?;
    let email = Email::parse("email", &row.email)?;
    let policy = api.config.password_policy();
    let checked = policy.check("new_password", &body.new_password, &email)?;

    // Guesses count as failed sign-ins do: a stolen token must not become a way to the password.
    let turn = api.passwords.turn(&key).await;
    let (_, _, _, failures) = api.store.credential_get(&scope, row.id).await?;
    sign_in::refuse_locked(&failures, api.clock.now())?;
    let current = Password::new(body.current_password);
    if api.passwords.verify(current, hash).await? == Verdict::Wrong {
        let account = Some((row.tenant, row.id));
        sign_in::count_failure(api, key, account).await?;
        return Err(Error::new(&SIGN_IN_FAILED, "the current password is wrong"));
    }
    drop(turn);
    let password = NewPassword {
        hash: Some(api.passwords.hash(checked).await?),
        must_change: false,
    };
    let target = Target {
        id: row.id,
        version: None,
        held: Held::everything(),
    };
    api.store
        .password_set(&scope, target, password, false, session_of(&caller))
        .await?;
    Ok(())
}
