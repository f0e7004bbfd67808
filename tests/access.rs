//! Who gets in: every RPC of every service, tried by people who may not call it and with bytes that
//! are no request.

use crate::{
    platform::{Platform, stories},
    raw,
};
use proto::method::Visibility;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tonic::Code;
use value::{Clock, Id};

const PASSWORD: &str = "correct horse battery staple";

/// A token whose every part is well made, signed by nobody we know.
fn forged() -> String {
    let key = auth::jwt::SigningKey::generate();
    let claims = auth::jwt::Claims {
        iss: auth::jwt::ISSUER.into(),
        aud: auth::jwt::ISSUER.into(),
        sub: Id::new(),
        tid: Id::new(),
        sid: Id::new(),
        jti: Id::new(),
        iat: 0,
        nbf: 0,
        exp: i64::MAX / 2,
    };
    auth::jwt::sign(&claims, &key).expect("the claims can be signed")
}

/// Tries every method for end users, at every process that serves it, with tokens that open nothing.
async fn refused_everywhere(platform: &Platform, tokens: &[(Option<&str>, &str)]) {
    let mut tried = 0;
    for (channel, method) in platform.served().await {
        if method.visibility != Visibility::User {
            continue;
        }
        for (token, expected) in tokens {
            let status = raw::call(&channel, method.path, *token, b"\xff")
                .await
                .expect_err(method.path);
            assert_eq!(
                status.code(),
                Code::Unauthenticated,
                "{}: {status}",
                method.path
            );
            assert_eq!(raw::reason(&status), *expected, "{}", method.path);
        }
        tried += 1;
    }
    assert!(tried > 100, "{tried}");
}

/// Answers as the administrator, who must be let in.
async fn administer(platform: &Platform, path: &str, body: Value) -> Value {
    let (status, answer) = platform.json(Method::POST, path, Some(body)).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

/// A person's access token, and the session it belongs to.
async fn sign_in(platform: &Platform, email: &str) -> String {
    let body = json!({ "tenant": "default", "email": email, "password": PASSWORD });
    let path = "/api/v1/identity/sessions:signIn";
    let (status, pair) = platform.json_as(None, Method::POST, path, Some(body)).await;
    assert_eq!(status, 200, "{pair}");
    pair["accessToken"].as_str().expect("a token").to_owned()
}

stories! {
    /// Without a token, with a forged one, with one that never was: refused on every RPC, before a
    /// byte of the request is looked at.
    /// Proves: GW-07
    async fn nobody_gets_in_without_a_token_of_ours(platform: &Platform) {
        let forged = forged();
        let unknown = auth::ApiToken::generate(Id::new()).expose();
        let unsigned = forged.rsplit_once('.').expect("three parts").0.to_owned() + ".";
        refused_everywhere(platform, &[
            (None, "UNAUTHENTICATED"),
            (Some(&forged), "TOKEN_INVALID"),
            (Some(&unsigned), "TOKEN_INVALID"),
            (Some(&unknown), "TOKEN_REVOKED"),
            (Some("garbage"), "TOKEN_INVALID"),
        ])
        .await;
    }

    /// What was a good token once, revoked, signed out, its person disabled (which ends their
    /// sessions), or too old, opens nothing in any process.
    async fn tokens_that_have_ended_open_nothing(platform: &Platform) {
        let mut ids = Vec::new();
        for email in ["ada@example.com", "bob@example.com"] {
            let user = json!({ "email": email, "display_name": "Somebody" });
            let user = administer(platform, "/api/v1/identity/users", json!({ "user": user, "password": PASSWORD })).await;
            let subject = json!({ "kind": "SUBJECT_KIND_USER", "id": user["id"] });
            administer(platform, "/api/v1/identity/roleAssignments:assign", json!({ "subject": subject, "role": "viewer" })).await;
            ids.push(user["id"].as_str().expect("an id").to_owned());
        }
        let kept = sign_in(platform, "ada@example.com").await;
        let ended = sign_in(platform, "ada@example.com").await;
        let disabled = sign_in(platform, "bob@example.com").await;
        let expires = platform.clock.now() + Duration::from_secs(40);
        let token = async |body: Value| {
            let made = administer(platform, "/api/v1/identity/tokens", body).await;
            let id = made["token"]["id"].as_str().expect("an id").to_owned();
            (id, made["secret"].as_str().expect("a secret").to_owned())
        };
        let (_, short) = token(json!({ "name": "short", "expire_time": expires.to_string() })).await;
        let (id, revoked) = token(json!({ "name": "revoked" })).await;
        for token in [&kept, &ended, &disabled, &short, &revoked] {
            platform.until_known(token, true).await;
        }

        administer(platform, &format!("/api/v1/identity/tokens/{id}:revoke"), json!({})).await;
        administer(platform, &format!("/api/v1/identity/users/{}:disable", ids[1]), json!({})).await;
        let path = "/api/v1/identity/sessions:signOut";
        let (status, answer) = platform.json_as(Some(&ended), Method::POST, path, Some(json!({}))).await;
        assert_eq!(status, 200, "{answer}");
        for token in [&ended, &disabled, &revoked] {
            platform.until_known(token, false).await;
        }
        refused_everywhere(platform, &[
            (Some(&ended), "TOKEN_REVOKED"),
            (Some(&revoked), "TOKEN_REVOKED"),
            (Some(&disabled), "TOKEN_REVOKED"),
        ])
        .await;

        platform.clock.advance(Duration::from_secs(45));
        platform.until_known(&platform.token, true).await;
        refused_everywhere(platform, &[(Some(&short), "TOKEN_EXPIRED")]).await;
        // Access tokens live for fifteen minutes. Processes prove themselves to each other by the
        // system's clock, so that no further shift is possible between several.
        if platform.is_one_process() {
            platform.clock.advance(Duration::from_secs(20 * 60));
            platform.until_known(&platform.token, true).await;
            refused_everywhere(platform, &[(Some(&kept), "TOKEN_EXPIRED")]).await;
        }
    }

    /// Methods between processes are closed to end users, the administrator included.
    async fn internal_methods_refuse_end_users(platform: &Platform) {
        let channel = platform.grpc().await;
        let mut tried = 0;
        for method in server::methods().iter().filter(|method| method.visibility == Visibility::Internal) {
            for token in [None, Some(platform.token.as_str())] {
                let status = raw::call(&channel, method.path, token, b"").await.expect_err(method.path);
                assert_eq!(raw::reason(&status), "INTERNAL_ONLY", "{}", method.path);
            }
            tried += 1;
        }
        assert!(tried >= 3);
    }

    /// Bytes that are no protobuf message are the caller's fault on every RPC, and say so.
    async fn malformed_messages_are_refused_everywhere(platform: &Platform) {
        for (channel, method) in platform.served().await {
            // Field 1, length-delimited, longer than the message; an unknown field, deeper than anybody
            // reads: three hundred groups in each other.
            let deep = [[0xc3, 0x3e].repeat(300), [0xc4, 0x3e].repeat(300)].concat();
            for body in [&b"\x0a\x7fx"[..], &deep] {
                let status = raw::call(&channel, method.path, Some(&platform.token), body)
                    .await
                    .expect_err(method.path);
                assert_eq!(status.code(), Code::InvalidArgument, "{}: {status}", method.path);
                assert_eq!(raw::reason(&status), "MALFORMED_MESSAGE", "{}", method.path);
            }
        }
    }

    /// A message beyond the limit is refused on every RPC with that reason, and the connection lives on.
    async fn oversized_messages_are_refused_everywhere(platform: &Platform) {
        // An unknown field of seventeen megabytes: well made, and too much for everybody.
        let mut body = vec![0xfa, 0x3f, 0x80, 0x80, 0xc0, 0x08];
        body.resize(body.len() + (17 << 20), 0);
        for (channel, method) in platform.served().await {
            if method.client_streaming {
                continue;
            }
            let status = raw::call(&channel, method.path, Some(&platform.token), &body)
                .await
                .expect_err(method.path);
            assert_eq!(status.code(), Code::OutOfRange, "{}", method.path);
            assert_eq!(raw::reason(&status), "MESSAGE_TOO_LARGE", "{}", method.path);
        }
    }

    /// A path that no contract knows says nothing but that.
    async fn unknown_methods_are_unimplemented(platform: &Platform) {
        let channel = platform.grpc().await;
        for path in ["/tessera.metadata.v1.MetadataService/Nope", "/nope/Nope"] {
            let status = raw::call(&channel, path, Some(&platform.token), b"").await.expect_err(path);
            assert_eq!(status.code(), Code::Unimplemented, "{path}: {status}");
        }
    }
}
