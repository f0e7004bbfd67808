//! Sign-in and refresh: both public, both silent about which part of what was shown is wrong.

use auth::Scope;
use auth::jwt::{self, Claims, ISSUER};
use error::{Error, Result, reason};
use pb::{RefreshSessionRequest, SignInRequest, TokenPair};
use proto_platform::tessera::identity::v1 as pb;
use tonic::Request;
use value::{Id, Time};

use super::Api;
use crate::convert;
use crate::model::lockout::Failures;
use crate::model::password::Password;
use crate::model::secret::{Hash, RefreshToken};
use crate::model::{DEFAULT_TENANT, Email};
use crate::passwords::{Asker, Attempt, Verdict};
use crate::reasons::{
    PASSWORD_CHANGE_REQUIRED, REFRESH_TOKEN_INVALID, REFRESH_TOKEN_REUSED, SIGN_IN_FAILED,
    SIGN_IN_LOCKED,
};
use crate::store::{Account, Refresh, SessionRow, SessionTimes, SignedIn};

pub(super) async fn sign_in(api: &Api, request: Request<SignInRequest>) -> Result<TokenPair> {
    let body = request.into_inner();
    let email = Email::parse("email", &body.email)?;
    let slug = match body.tenant.as_str() {
        "" => DEFAULT_TENANT.to_owned(),
        slug => slug.to_owned(),
    };
    let password = Password::new(body.password);
    let proved = prove(api, slug, email.clone(), password.clone()).await?;

    if proved.must_change && body.new_password.is_empty() {
        return Err(Error::new(
            &PASSWORD_CHANGE_REQUIRED,
            "the password must be replaced: sign in with a new one",
        ));
    }
    let changed = !body.new_password.is_empty();
    let replace = match (changed, proved.verdict) {
        (true, _) => {
            let new = new_password(api, &body.new_password, &password, &email)?;
            Some(api.passwords.hash(new).await?)
        }
        (false, Verdict::RightButOutdated) => match api.passwords.hash(password).await {
            // The next sign-in does it.
            Err(error) if error.is(&reason::OVERLOADED) => None,
            hashed => Some(hashed?),
        },
        (false, _) => None,
    };
    begin(api, proved, replace, changed).await
}

/// An account whose password was shown.
struct Proved {
    key: Hash,
    tenant: Id,
    user: Id,
    hash: String,
    must_change: bool,
    verdict: Verdict,
}

/// Verifies a password and counts a failure. What exists and what does not take the same way.
async fn prove(api: &Api, slug: String, email: Email, password: Password) -> Result<Proved> {
    let scope = Scope::system_all("sign in");
    let find = || api.store.account_find(&scope, slug.clone(), email.clone());
    let account = find().await?;
    // Guesses for a locked account take no place from others.
    refuse_locked(&account.failures, api.clock.now())?;
    // Until the work begins, who hangs up gives their place away: they have learnt nothing.
    let place = api.passwords.place(Asker::Stranger)?;
    // One attempt for an account at a time: otherwise many at once would all pass before any is counted.
    let turn = api.passwords.turn(place, &account.key).await;
    let account = find().await?;
    refuse_locked(&account.failures, api.clock.now())?;
    let attempt = api.passwords.begin(Asker::Stranger, turn).await?;
    // In a task of its own: who hangs up now must not escape being counted.
    let verifying = verify(api.clone(), account, attempt, password);
    let verified = rpc::spawn("sign-in", verifying).await;
    verified.map_err(Error::internal)?
}

async fn verify(
    api: Api,
    account: Account,
    attempt: Attempt,
    password: Password,
) -> Result<Proved> {
    let hash = account.hash.clone();
    let (verdict, _turn) = api.passwords.verify(attempt, password, hash).await?;
    match account {
        Account {
            key,
            tenant: Some(tenant),
            user: Some(user),
            hash: Some(hash),
            must_change,
            ..
        } if verdict != Verdict::Wrong => Ok(Proved {
            key,
            tenant: tenant.id,
            user: user.id,
            hash,
            must_change,
            verdict,
        }),
        Account { key, user, .. } => {
            let user = user.map(|user| (user.tenant, user.id));
            count_failure(&api, key, user).await?;
            Err(failed())
        }
    }
}

fn new_password(api: &Api, text: &str, old: &Password, email: &Email) -> Result<Password> {
    let policy = api.config.password_policy();
    let new = policy.check("new_password", text, email)?;
    if new == *old {
        return Err(Error::invalid_field(
            "new_password",
            "PASSWORD_UNCHANGED",
            "must differ from the password so far",
        ));
    }
    Ok(new)
}

async fn begin(
    api: &Api,
    proved: Proved,
    replace: Option<String>,
    changed: bool,
) -> Result<TokenPair> {
    let now = api.clock.now();
    let session = SessionRow {
        id: Id::new(),
        tenant: proved.tenant,
        user_id: proved.user,
        refreshed_at: now,
        expires_at: now + api.config.tokens.session.get(),
        revoked_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let refresh = RefreshToken::generate(session.id);
    let refresh_expires = now + api.config.tokens.refresh.get();
    let signed_in = SignedIn {
        key: proved.key,
        user: proved.user,
        verified: proved.hash,
        replace,
        changed,
        session,
        refresh: refresh.hash(),
        refresh_expires,
    };
    let scope = Scope::system_all("sign in");
    let most = api.config.tokens.sessions_per_user;
    let session = api.store.sign_in(&scope, signed_in, most).await?;
    let session = session.ok_or_else(failed)?;
    pair(api, &session, &refresh, refresh_expires).await
}

pub(super) async fn refresh(
    api: &Api,
    request: Request<RefreshSessionRequest>,
) -> Result<TokenPair> {
    let body = request.into_inner();
    let invalid = || {
        Error::new(
            &REFRESH_TOKEN_INVALID,
            "the refresh token is not valid: sign in again",
        )
    };
    let shown: RefreshToken = body.refresh_token.parse().map_err(|_| invalid())?;
    let next = RefreshToken::generate(shown.session);
    let now = api.clock.now();
    let times = SessionTimes {
        now,
        refresh_expires: now + api.config.tokens.refresh.get(),
    };
    let scope = Scope::system_all("refresh a session");
    let outcome = api
        .store
        .session_refresh(&scope, shown, next.hash(), times)
        .await?;
    match outcome {
        Refresh::Renewed(session, expires) => pair(api, &session, &next, expires).await,
        Refresh::Refused => Err(invalid()),
        Refresh::Reused => Err(Error::new(
            &REFRESH_TOKEN_REUSED,
            "the refresh token was used before, so its session was ended",
        )),
    }
}

/// A new access token beside a refresh token.
async fn pair(
    api: &Api,
    session: &SessionRow,
    refresh: &RefreshToken,
    refresh_expires: Time,
) -> Result<TokenPair> {
    let now = api.clock.now();
    let expires = (now + api.config.tokens.access.get()).min(session.expires_at);
    let seconds = |time: Time| time.micros().div_euclid(1_000_000);
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: ISSUER.to_owned(),
        sub: session.user_id,
        tid: session.tenant,
        sid: session.id,
        jti: Id::new(),
        iat: seconds(now),
        nbf: seconds(now),
        exp: seconds(expires),
    };
    let key = api.keyring.current().await?;
    Ok(TokenPair {
        access_token: jwt::sign(&claims, &key)?,
        access_expire_time: convert::time(Time::from_micros(claims.exp * 1_000_000)),
        refresh_token: refresh.reveal(),
        refresh_expire_time: convert::time(refresh_expires),
        session_id: session.id.to_string(),
    })
}

/// Refuses while an account is locked, whether it exists or not.
pub(super) fn refuse_locked(failures: &Failures, now: Time) -> Result<()> {
    match failures.remaining(now) {
        None => Ok(()),
        Some(pause) => Err(Error::new(
            &SIGN_IN_LOCKED,
            "too many attempts failed: wait before the next one",
        )
        .with_retry_after(pause)),
    }
}

/// Counts a failure of an account, whether it exists or not.
pub(super) async fn count_failure(
    api: &Api,
    key: Hash,
    account: Option<(Id, Id)>,
) -> Result<Failures> {
    let scope = Scope::system_all("count a failed sign-in");
    let policy = api.config.lockout_policy();
    api.store.failure_count(&scope, key, account, policy).await
}

fn failed() -> Error {
    Error::new(
        &SIGN_IN_FAILED,
        "tenant, e-mail address or password is wrong",
    )
}
