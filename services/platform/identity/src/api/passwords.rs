//! New passwords: one's own, and another user's by an administrator.

use auth::Scope;
use error::{Error, Result};
use pb::{ChangePasswordRequest, ResetPasswordRequest, User};
use proto_platform::tessera::identity::v1 as pb;
use tonic::Request;
use value::Id;

use super::{Api, session_of, sign_in};
use crate::convert::{self, user};
use crate::model::Email;
use crate::model::password::Password;
use crate::model::pattern::Held;
use crate::passwords::{Asker, Attempt, Verdict};
use crate::reasons::SIGN_IN_FAILED;
use crate::store::{Credential, NewPassword, Target};

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
    let view = api.store.user_get(&scope, caller.principal.id).await?;
    let email = Email::parse("email", &view.user.email)?;
    let policy = api.config.password_policy();
    let checked = policy.check("new_password", &body.new_password, &email)?;

    let current = Password::new(body.current_password);
    prove(api, &scope, view.user.id, current).await?;
    let password = NewPassword {
        hash: Some(api.passwords.hash(checked).await?),
        must_change: false,
    };
    let target = Target {
        id: view.user.id,
        version: None,
        held: Held::everything(),
    };
    api.store
        .password_set(&scope, target, password, false, session_of(&caller))
        .await?;
    Ok(())
}

/// Verifies the current password. Guesses count as failed sign-ins do: a stolen token must not become a
/// way to the password.
async fn prove(api: &Api, scope: &Scope, user: Id, current: Password) -> Result<()> {
    let known = api.store.credential_get(scope, user).await?;
    sign_in::refuse_locked(&known.failures, api.clock.now())?;
    let place = api.passwords.place(Asker::Known)?;
    let turn = api.passwords.turn(place, &known.key).await;
    let known = api.store.credential_get(scope, user).await?;
    sign_in::refuse_locked(&known.failures, api.clock.now())?;
    let attempt = api.passwords.begin(Asker::Known, turn).await?;
    // In a task of its own: who hangs up now must not escape being counted.
    let account = (scope.tenant(), user);
    let verified = rpc::spawn(
        "change-password",
        verify(api.clone(), account, known, attempt, current),
    );
    verified.await.map_err(Error::internal)?
}

async fn verify(
    api: Api,
    account: (Id, Id),
    known: Credential,
    attempt: Attempt,
    current: Password,
) -> Result<()> {
    let (verdict, _turn) = api.passwords.verify(attempt, current, known.hash).await?;
    if verdict == Verdict::Wrong {
        sign_in::count_failure(&api, known.key, Some(account)).await?;
        return Err(Error::new(&SIGN_IN_FAILED, "the current password is wrong"));
    }
    Ok(())
}
