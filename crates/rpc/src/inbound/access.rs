//! Who calls and whether they may, decided by the path alone, before anything is decoded.

use super::{Guards, peer::Process};
use auth::{Caller, Scope, grant};
use error::{Error, Result, reason};
use http::{Extensions, HeaderMap, HeaderValue, header::AUTHORIZATION};
use proto::{Method, method::Visibility};
use std::sync::Arc;

/// The principal of an admitted call, as handlers read it.
pub(super) struct Principal {
    caller: Arc<Caller>,
    scope: Option<Scope>,
}

impl Principal {
    pub(super) fn caller(&self) -> Arc<Caller> {
        self.caller.clone()
    }

    pub(super) fn put(self, extensions: &mut Extensions) {
        extensions.insert(self.caller);
        if let Some(scope) = self.scope {
            extensions.insert(scope);
        }
    }
}

/// Authenticates and authorises. Public methods take no notice of tokens; internal ones need one of
/// our processes and know its principal only if it brought a token.
pub(super) fn check(
    guards: &Guards,
    method: &'static Method,
    process: Process,
    headers: &HeaderMap,
) -> Result<Option<Principal>> {
    match (method.visibility, process) {
        (Visibility::Public, _) => Ok(None),
        (Visibility::Internal, Process::Foreign) => Err(Error::new(
            &reason::INTERNAL_ONLY,
            "the method is internal to the installation",
        )),
        (Visibility::Internal, Process::Ours) => {
            let Some(caller) = caller(guards, headers)? else {
                return Ok(None);
            };
            let scope = grant::method(&caller, method.permission).ok();
            Ok(Some(Principal { caller, scope }))
        }
        (Visibility::User, _) => {
            let caller = caller(guards, headers)?
                .ok_or_else(|| Error::new(&reason::UNAUTHENTICATED, "the call has no token"))?;
            if method.permission.is_empty() {
                // The build refuses such a contract; if one comes through, nobody holds "nothing".
                return Err(Error::new(
                    &reason::PERMISSION_DENIED,
                    "the method names no permission",
                ));
            }
            let scope = Some(grant::method(&caller, method.permission)?);
            Ok(Some(Principal { caller, scope }))
        }
    }
}

/// Who the token belongs to, if there is one.
pub(super) fn caller(guards: &Guards, headers: &HeaderMap) -> Result<Option<Arc<Caller>>> {
    headers
        .get(AUTHORIZATION)
        .map(|token| guards.authority.authenticate(bearer(token)?))
        .transpose()
}

/// The token of `Bearer <token>`; the scheme's case does not matter.
fn bearer(value: &HeaderValue) -> Result<&str> {
    value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && !token.is_empty())
        .map(|(_, token)| token.trim())
        .ok_or_else(|| {
            Error::new(
                &reason::UNAUTHENTICATED,
                "the authorization header is no bearer token",
            )
        })
}
