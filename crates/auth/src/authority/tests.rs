//! Tokens in every state a caller could show them in.

use super::*;
use crate::{
    Principal, PrincipalKind, PrincipalPolicy, PublicKey, RolePolicy, RowFilterPolicy, Scope,
    TokenPolicy, grant, jwt::Claims,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;
use value::{Id, ManualClock};

struct Fixture {
    clock: Arc<ManualClock>,
    authority: Authority,
    key: jwt::SigningKey,
    snapshot: Snapshot,
    user: Principal,
    api: ApiToken,
}

impl Fixture {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::default());
        let key = jwt::SigningKey::generate();
        let user = Principal {
            id: Id::new(),
            tenant: Id::new(),
            kind: PrincipalKind::User,
            name: "Ada".into(),
        };
        let api = ApiToken::generate(Id::new());
        let snapshot = Snapshot {
            version: 1,
            keys: vec![key.public()],
            principals: vec![PrincipalPolicy {
                principal: user.clone(),
                roles: vec!["editor".into()],
                disabled: false,
                row_filters: Vec::new(),
            }],
            roles: vec![RolePolicy {
                tenant: None,
                name: "editor".into(),
                permissions: vec!["*.read".into(), "*.write".into()],
            }],
            tokens: vec![TokenPolicy {
                id: api.id,
                secret_hash: api.secret_hash(),
                principal: user.id,
                expires: Some(clock.now() + Duration::from_secs(60)),
                permissions: vec!["metadata.*".into()],
            }],
            revoked_sessions: Vec::new(),
            row_filters: Vec::new(),
        };
        let authority = Authority::new(Config::default(), Arc::clone(&clock) as Arc<dyn Clock>);
        authority.install(snapshot.clone(), clock.now()).unwrap();
        Self {
            clock,
            authority,
            key,
            snapshot,
            user,
            api,
        }
    }

    fn claims(&self) -> Claims {
        let now = self.clock.now().micros() / 1_000_000;
        Claims {
            iss: jwt::ISSUER.into(),
            aud: jwt::ISSUER.into(),
            sub: self.user.id,
            tid: self.user.tenant,
            sid: Id::new(),
            jti: Id::new(),
            iat: now,
            nbf: now,
            exp: now + 900,
        }
    }

    fn token(&self, change: impl FnOnce(&mut Claims)) -> String {
        let mut claims = self.claims();
        change(&mut claims);
        jwt::sign(&claims, &self.key).unwrap()
    }

    fn refusal(&self, bearer: &str) -> String {
        let refusal = self.authority.authenticate(bearer).unwrap_err();
        let cause = refusal.metadata().get("cause").cloned().unwrap_or_default();
        format!("{} {cause}", refusal.reason()).trim().to_owned()
    }

    fn change(&mut self, change: impl FnOnce(&mut Snapshot)) {
        change(&mut self.snapshot);
        self.snapshot.version += 1;
        self.authority
            .install(self.snapshot.clone(), self.clock.now())
            .unwrap();
    }
}

/// Proves: ID-02
#[test]
fn a_good_token_names_its_caller() {
    let fixture = Fixture::new();
    let caller = fixture
        .authority
        .authenticate(&fixture.token(|_| {}))
        .unwrap();
    assert_eq!(caller.principal, fixture.user);
    assert!(grant::method(&caller, "metadata.entities.write").is_ok());
    let refusal = grant::method(&caller, "identity.tenants.admin").unwrap_err();
    assert_eq!(refusal.reason(), "PERMISSION_DENIED");
}

/// Proves: ID-02
#[test]
fn wrong_signature_audience_issuer_and_expiry_are_told_apart() {
    let fixture = Fixture::new();
    let stranger = jwt::SigningKey::generate();
    let forged = jwt::SigningKey::from_seed(fixture.key.kid(), &stranger.seed());
    let claims = fixture.claims();
    assert_eq!(
        fixture.refusal(&jwt::sign(&claims, &stranger).unwrap()),
        "TOKEN_INVALID key"
    );
    assert_eq!(
        fixture.refusal(&jwt::sign(&claims, &forged).unwrap()),
        "TOKEN_INVALID signature"
    );
    assert_eq!(
        fixture.refusal(&fixture.token(|c| c.aud = "other".into())),
        "TOKEN_INVALID audience"
    );
    assert_eq!(
        fixture.refusal(&fixture.token(|c| c.iss = "other".into())),
        "TOKEN_INVALID issuer"
    );
    assert_eq!(
        fixture.refusal(&fixture.token(|c| c.exp = c.iat - 10)),
        "TOKEN_EXPIRED"
    );
    assert_eq!(
        fixture.refusal(&fixture.token(|c| c.nbf += 100)),
        "TOKEN_INVALID not_before"
    );
    assert_eq!(
        fixture.refusal(&fixture.token(|c| c.tid = Id::new())),
        "TOKEN_INVALID tenant"
    );
    assert_eq!(
        fixture.refusal(&fixture.token(|c| c.sub = Id::new())),
        "TOKEN_REVOKED"
    );
    assert_eq!(fixture.refusal("garbage"), "TOKEN_INVALID malformed");
    assert_eq!(fixture.refusal(""), "TOKEN_INVALID malformed");
}

#[test]
fn other_algorithms_are_refused_whatever_they_claim() {
    let fixture = Fixture::new();
    let token = fixture.token(|_| {});
    let payload = token.split('.').nth(1).unwrap();
    for alg in ["none", "HS256", "RS256"] {
        let head = URL_SAFE_NO_PAD.encode(format!(
            "{{\"alg\":\"{alg}\",\"kid\":\"{}\"}}",
            fixture.key.kid()
        ));
        let signature = URL_SAFE_NO_PAD.encode(fixture.key.public().key);
        let refusal = fixture.refusal(&format!("{head}.{payload}.{signature}"));
        assert!(refusal.starts_with("TOKEN_INVALID"), "{alg}: {refusal}");
    }
}

#[test]
fn a_token_expires_while_it_is_remembered() {
    let fixture = Fixture::new();
    let token = fixture.token(|c| c.exp = c.iat + 3);
    assert!(fixture.authority.authenticate(&token).is_ok());
    fixture.clock.advance(Duration::from_secs(6));
    fixture.authority.confirm(fixture.clock.now());
    assert_eq!(fixture.refusal(&token), "TOKEN_EXPIRED");
}

#[test]
fn what_is_revoked_is_refused_with_the_next_policy() {
    let mut fixture = Fixture::new();
    let (session, other) = (Id::new(), fixture.token(|_| {}));
    let token = fixture.token(|c| c.sid = session);
    assert!(fixture.authority.authenticate(&token).is_ok());
    fixture.change(|s| s.revoked_sessions.push(session));
    assert_eq!(fixture.refusal(&token), "TOKEN_REVOKED");
    assert!(fixture.authority.authenticate(&other).is_ok());

    fixture.change(|s| s.principals[0].disabled = true);
    assert_eq!(fixture.refusal(&other), "PRINCIPAL_DISABLED");
    fixture.change(|s| s.principals[0].disabled = false);

    fixture.change(|s| s.principals[0].roles.clear());
    let caller = fixture.authority.authenticate(&other).unwrap();
    assert!(
        grant::method(&caller, "metadata.entities.read").is_err(),
        "roles are those of now, not of sign-in"
    );

    fixture.change(|s| {
        s.keys = vec![PublicKey {
            kid: "new".into(),
            ..jwt::SigningKey::generate().public()
        }]
    });
    assert_eq!(fixture.refusal(&other), "TOKEN_INVALID key");
}

#[test]
fn an_older_policy_does_not_replace_a_newer_one() {
    let mut fixture = Fixture::new();
    let old = fixture.snapshot.clone();
    fixture.change(|s| s.principals[0].disabled = true);
    fixture.clock.advance(Duration::from_secs(4));
    fixture.authority.install(old, fixture.clock.now()).unwrap();
    assert_eq!(
        fixture.refusal(&fixture.token(|_| {})),
        "PRINCIPAL_DISABLED"
    );
    fixture.clock.advance(Duration::from_secs(2));
    assert_eq!(
        fixture.refusal(&fixture.token(|_| {})),
        "POLICY_UNAVAILABLE",
        "an older policy does not make the one at hand fresh"
    );
}

#[test]
fn without_a_recent_policy_everything_is_denied() {
    let fixture = Fixture::new();
    let token = fixture.token(|_| {});
    fixture.clock.advance(Duration::from_secs(6));
    assert_eq!(fixture.refusal(&token), "POLICY_UNAVAILABLE");
    fixture.authority.confirm(fixture.clock.now());
    assert!(fixture.authority.authenticate(&token).is_ok());
    let empty = Authority::new(
        Config::default(),
        Arc::clone(&fixture.clock) as Arc<dyn Clock>,
    );
    assert_eq!(
        empty.authenticate(&token).unwrap_err().reason(),
        "POLICY_UNAVAILABLE"
    );
}

#[test]
fn api_tokens_are_narrowed_expire_and_are_revoked() {
    let mut fixture = Fixture::new();
    let bearer = fixture.api.expose();
    let caller = fixture.authority.authenticate(&bearer).unwrap();
    assert!(grant::method(&caller, "metadata.entities.write").is_ok());
    assert!(grant::method(&caller, "identity.users.read").is_err());

    let mut wrong = bearer.clone().into_bytes();
    let last = wrong.len() - 2;
    wrong[last] = if wrong[last] == b'A' { b'B' } else { b'A' };
    assert_eq!(
        fixture.refusal(std::str::from_utf8(&wrong).unwrap()),
        "TOKEN_REVOKED"
    );
    assert_eq!(
        fixture.refusal(&ApiToken::generate(Id::new()).expose()),
        "TOKEN_REVOKED"
    );

    fixture.clock.advance(Duration::from_secs(61));
    fixture.authority.confirm(fixture.clock.now());
    assert_eq!(fixture.refusal(&bearer), "TOKEN_EXPIRED");
    fixture.change(|s| s.tokens.clear());
    assert_eq!(fixture.refusal(&bearer), "TOKEN_REVOKED");
}

#[test]
fn row_filters_are_those_of_the_policy_at_hand() {
    let mut fixture = Fixture::new();
    let (token, api) = (fixture.token(|_| {}), fixture.api.expose());
    let caller = fixture.authority.authenticate(&token).unwrap();
    assert!(caller.row_filters.is_empty());
    fixture.change(|s| {
        s.row_filters = ["region = 'North'", "region = 'South'", "false"]
            .map(|condition| RowFilterPolicy {
                entity: "policy".into(),
                condition: condition.into(),
            })
            .into();
        s.principals[0].row_filters = vec![1, 0];
    });
    for bearer in [&token, &api] {
        let caller = fixture.authority.authenticate(bearer).unwrap();
        let scope = grant::method(&caller, "metadata.entities.read").unwrap();
        let filters = scope.row_filters();
        assert_eq!(
            filters.of("policy").unwrap(),
            ["region = 'North'".into(), "region = 'South'".into()]
        );
        assert!(filters.of("claim").is_none());
    }

    let good = fixture.snapshot.clone();
    fixture.snapshot.version += 1;
    fixture.snapshot.principals[0].row_filters.push(3);
    let missing = fixture
        .authority
        .install(fixture.snapshot.clone(), fixture.clock.now());
    assert_eq!(missing.unwrap_err().reason(), "INTERNAL");
    fixture.snapshot = good;

    fixture.change(|s| s.principals[0].row_filters.clear());
    let caller = fixture.authority.authenticate(&token).unwrap();
    assert!(caller.row_filters.is_empty());
    assert!(Scope::system(Id::new(), "test").row_filters().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any change of any character of a good token makes it a bad one.
    #[test]
    fn a_tampered_token_is_refused(at in 0usize..400, to in "[A-Za-z0-9_.-]") {
        let fixture = Fixture::new();
        let token = fixture.token(|_| {});
        let at = at % token.len();
        let mut tampered = token.clone();
        tampered.replace_range(at..=at, &to);
        // The last character carries bits that base64 drops.
        prop_assume!(tampered != token && at != token.len() - 1);
        prop_assert!(fixture.authority.authenticate(&tampered).is_err());
    }
}
