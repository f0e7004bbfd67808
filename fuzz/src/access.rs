//! An authority that always holds the same key, user and API token, at a time that stands still.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use auth::jwt::{Claims, ISSUER, SigningKey};
use auth::process::ProcessKey;
use auth::{
    ApiToken, Authority, Config, Principal, PrincipalKind, PrincipalPolicy, Snapshot, TokenPolicy,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::Signer;
use value::{Clock, Id, ManualClock, Time};

const SEED: [u8; 32] = [7; 32];
/// Name of the key that the authority knows.
pub const KEY_ID: &str = "key-1";
/// The user that a good token names.
pub const USER: &str = "0190a6e4-7b6c-7c3e-8f3a-2b1d5c9e7f10";
/// The user's tenant.
pub const TENANT: &str = "0190a6e4-7b6c-7c3e-8f3a-2b1d5c9e7f11";
/// A session that has ended.
pub const ENDED: &str = "0190a6e4-7b6c-7c3e-8f3a-2b1d5c9e7f12";
/// The API token that the authority knows.
pub const API_TOKEN: &str =
    "tsr_0190a6e4-7b6c-7c3e-8f3a-2b1d5c9e7f13_CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk";
/// The process that made [`Access::header`].
pub const PROCESS: &str = "calculation@host";

/// All that a caller's credentials are judged by, and one good credential of each kind.
pub struct Access {
    /// Knows one key, one user and one API token.
    pub authority: Authority,
    /// The key of the installation's processes.
    pub mesh: ProcessKey,
    /// Where the clock stands.
    pub now: Time,
    /// A good access token.
    pub token: String,
    /// A good process header.
    pub header: String,
}

/// The one there is.
pub static ACCESS: LazyLock<Access> = LazyLock::new(Access::new);

impl Access {
    fn new() -> Self {
        let clock = ManualClock::default();
        let now = clock.now();
        let seconds = now.micros() / 1_000_000;
        let key = SigningKey::from_seed(KEY_ID, &SEED);
        let api = ApiToken::parse(API_TOKEN).expect("a token of ours");
        let claims = Claims {
            iss: ISSUER.into(),
            aud: ISSUER.into(),
            sub: id(USER),
            tid: id(TENANT),
            sid: id("0190a6e4-7b6c-7c3e-8f3a-2b1d5c9e7f14"),
            jti: id("0190a6e4-7b6c-7c3e-8f3a-2b1d5c9e7f15"),
            iat: seconds,
            nbf: seconds,
            exp: seconds + 900,
        };
        let snapshot = Snapshot {
            version: 1,
            keys: vec![key.public()],
            principals: vec![PrincipalPolicy {
                principal: Principal {
                    id: id(USER),
                    tenant: id(TENANT),
                    kind: PrincipalKind::User,
                    name: "Ada".into(),
                },
                roles: Vec::new(),
                disabled: false,
                row_filters: Vec::new(),
            }],
            roles: Vec::new(),
            tokens: vec![TokenPolicy {
                id: api.id,
                secret_hash: api.secret_hash(),
                principal: id(USER),
                expires: Some(now + Duration::from_secs(60)),
                permissions: Vec::new(),
            }],
            revoked_sessions: vec![id(ENDED)],
            row_filters: Vec::new(),
        };
        let authority = Authority::new(Config::default(), Arc::new(clock));
        authority.install(snapshot, now).expect("a sound key");
        let mesh = ProcessKey::from_secret(b"a secret of some length").expect("long enough");
        Self {
            authority,
            now,
            token: auth::jwt::sign(&claims, &key).expect("a sound key"),
            header: mesh.sign(PROCESS, now),
            mesh,
        }
    }

    /// A token of any head and any claims, with a signature by the key that the authority knows.
    pub fn signed(head: &[u8], claims: &[u8]) -> String {
        let text = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(head),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let signature = ed25519_dalek::SigningKey::from_bytes(&SEED).sign(text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}

fn id(text: &str) -> Id {
    text.parse().expect("an id")
}
