//! Verifies callers against the policy this process holds, once per token, without asking anyone.

mod index;

use crate::{ApiToken, Caller, Credential, Permissions, PolicySource, Snapshot, jwt};
use arc_swap::ArcSwapOption;
use config::{Problems, Span, Validate};
use error::{Error, reason};
use index::Index;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use subtle::ConstantTimeEq;
use value::{Clock, Time};

/// Tokens whose verification is remembered.
const REMEMBERED: u64 = 100_000;

/// Section `[auth]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How often the policy is fetched: the longest a revocation takes to be felt.
    pub refresh: Span,
    /// How old the policy may grow while its source cannot be reached, before all calls are denied.
    pub max_age: Span,
    /// How far the clocks of issuer and verifier may differ.
    pub leeway: Span,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            refresh: Span::from_millis(500),
            max_age: Span::from_secs(5),
            leeway: Span::from_secs(2),
        }
    }
}

impl Validate for Config {
    fn validate(&self, problems: &mut Problems) {
        problems.check(!self.refresh.is_zero(), "refresh", "must be positive");
        problems.check(
            self.refresh <= Span::from_secs(1),
            "refresh",
            "must be at most 1s, so that revocations are felt",
        );
        problems.check(
            self.max_age > self.refresh,
            "max_age",
            "must be longer than refresh",
        );
        problems.check(
            self.leeway <= Span::from_secs(60),
            "leeway",
            "must be at most 1m",
        );
    }
}

/// Who may call and what they may do, as this process knows it.
#[derive(Debug)]
pub struct Authority {
    clock: Arc<dyn Clock>,
    config: Config,
    policy: ArcSwapOption<Index>,
    /// When the policy was last known to be current, in microseconds.
    confirmed: AtomicI64,
    known: moka::sync::Cache<[u8; 32], Known>,
}

/// A token that was verified under one version of the policy.
#[derive(Debug, Clone)]
struct Known {
    version: u64,
    caller: Arc<Caller>,
}

impl Authority {
    /// An authority without a policy: it denies everything until one is installed.
    pub fn new(config: Config, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            config,
            policy: ArcSwapOption::empty(),
            confirmed: AtomicI64::new(i64::MIN),
            known: moka::sync::Cache::new(REMEMBERED),
        }
    }

    /// Its settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The version of the policy at hand; 0 is none.
    pub fn version(&self) -> u64 {
        self.policy
            .load()
            .as_ref()
            .map_or(0, |policy| policy.version)
    }

    /// Takes a policy that was current at `as_of`. One that is older than the policy at hand is not
    /// taken, and does not make the policy at hand fresh: if the source went back in time, as after a
    /// restore, this process denies everything rather than overlook a revocation.
    ///
    /// # Errors
    /// `INTERNAL` if a key in it is unusable, or a principal names a row filter that is not in it; the
    /// policy at hand stays.
    pub fn install(&self, snapshot: Snapshot, as_of: Time) -> Result<(), Error> {
        let index = Arc::new(Index::new(snapshot)?);
        let before = self.policy.rcu(|old| match old {
            Some(old) if old.version > index.version => Some(Arc::clone(old)),
            _ => Some(Arc::clone(&index)),
        });
        match before {
            Some(old) if old.version > index.version => {
                tracing::warn!(
                    at_hand = old.version,
                    offered = index.version,
                    "an older policy was offered"
                );
            }
            _ => self.confirm(as_of),
        }
        Ok(())
    }

    /// Whether there is a policy recent enough to decide by.
    pub fn is_current(&self) -> bool {
        self.current(self.clock.now()).is_ok()
    }

    /// Notes that the policy at hand was current at `as_of`.
    pub fn confirm(&self, as_of: Time) {
        self.confirmed.fetch_max(as_of.micros(), Ordering::Relaxed);
    }

    /// Asks the source once. A source that changes the policy calls this to be heard at once.
    ///
    /// # Errors
    /// What the source answers.
    pub async fn refresh(&self, source: &dyn PolicySource) -> Result<(), Error> {
        // The time before asking: what changes meanwhile is found the next time.
        let as_of = self.clock.now();
        match source.fetch(self.version()).await? {
            Some(snapshot) => self.install(snapshot, as_of),
            None => {
                self.confirm(as_of);
                Ok(())
            }
        }
    }

    /// The caller behind a bearer token: an access token or an API token.
    ///
    /// # Errors
    /// `POLICY_UNAVAILABLE` without a recent policy; `TOKEN_INVALID` (with `cause`), `TOKEN_EXPIRED`,
    /// `TOKEN_REVOKED` or `PRINCIPAL_DISABLED`.
    pub fn authenticate(&self, bearer: &str) -> Result<Arc<Caller>, Error> {
        let now = self.clock.now();
        let policy = self.current(now)?;
        let hash: [u8; 32] = Sha256::digest(bearer.as_bytes()).into();
        if let Some(known) = self
            .known
            .get(&hash)
            .filter(|known| known.version == policy.version)
        {
            return match known.caller.expires {
                Some(end) if end <= now => {
                    self.known.invalidate(&hash);
                    Err(Error::new(&reason::TOKEN_EXPIRED, "the token has expired"))
                }
                _ => Ok(known.caller),
            };
        }
        let caller = Arc::new(match ApiToken::parse(bearer) {
            Some(token) => self.api_token(&policy, &token, now)?,
            None => self.access_token(&policy, bearer, now)?,
        });
        self.known.insert(
            hash,
            Known {
                version: policy.version,
                caller: Arc::clone(&caller),
            },
        );
        Ok(caller)
    }

    fn current(&self, now: Time) -> Result<Arc<Index>, Error> {
        let age = now
            .micros()
            .saturating_sub(self.confirmed.load(Ordering::Relaxed));
        let limit = i64::try_from(self.config.max_age.get().as_micros()).unwrap_or(i64::MAX);
        self.policy
            .load_full()
            .filter(|_| age <= limit)
            .ok_or_else(|| {
                Error::new(
                    &reason::POLICY_UNAVAILABLE,
                    "this process has no recent policy to decide by",
                )
                .with_retry_after(Duration::from_secs(1))
            })
    }

    fn access_token(&self, policy: &Index, token: &str, now: Time) -> Result<Caller, Error> {
        let kid = jwt::key_id(token)?;
        let key = policy.keys.get(&kid).ok_or_else(|| {
            jwt::invalid("the token is signed with a key that is not ours", "key")
        })?;
        let leeway = i64::try_from(self.config.leeway.get().as_secs()).unwrap_or(0);
        let claims = jwt::verify(token, key, now, leeway)?;
        if policy.revoked_sessions.contains(&claims.sid) {
            return Err(Error::new(&reason::TOKEN_REVOKED, "the session has ended"));
        }
        let entry = policy.principal(claims.sub)?;
        if entry.principal.tenant != claims.tid {
            return Err(jwt::invalid(
                "the token names another tenant than its principal's",
                "tenant",
            ));
        }
        Ok(Caller {
            principal: entry.principal.clone(),
            roles: entry.roles.clone(),
            permissions: Arc::clone(&entry.permissions),
            row_filters: Arc::clone(&entry.row_filters),
            credential: Credential::Session(claims.sid),
            expires: Some(Time::from_micros(
                claims.exp.saturating_add(leeway).saturating_mul(1_000_000),
            )),
        })
    }

    fn api_token(&self, policy: &Index, token: &ApiToken, now: Time) -> Result<Caller, Error> {
        let known = policy.tokens.get(&token.id);
        // Compared also where the id is unknown, so that both take the same time.
        let hash = known.map_or([0; 32], |known| known.secret_hash);
        let same = bool::from(token.secret_hash().ct_eq(&hash));
        let known = known.filter(|_| same).ok_or_else(|| {
            Error::new(
                &reason::TOKEN_REVOKED,
                "the token is not known, or was revoked",
            )
        })?;
        if known.expires.is_some_and(|end| end <= now) {
            return Err(Error::new(&reason::TOKEN_EXPIRED, "the token has expired"));
        }
        let entry = policy.principal(known.principal)?;
        let permissions = if known.permissions.is_empty() {
            Arc::clone(&entry.permissions)
        } else {
            let limit = Permissions::new(&known.permissions);
            Arc::new(entry.permissions.as_ref().clone().narrowed_to(limit))
        };
        Ok(Caller {
            principal: entry.principal.clone(),
            roles: entry.roles.clone(),
            permissions,
            row_filters: Arc::clone(&entry.row_filters),
            credential: Credential::ApiToken(token.id),
            expires: known.expires,
        })
    }
}

#[cfg(test)]
mod tests;
