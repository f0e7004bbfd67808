//! Who gets in: every RPC of every service, tried by people who may not call it and with bytes that
//! are no request.

use crate::{platform::stories, raw};
use proto::method::Visibility;
use tonic::Code;
use value::Id;

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

stories! {
    /// Without a token, with a forged one, with one that never was: refused on every RPC, before a
    /// byte of the request is looked at.
    /// Proves: GW-07
    async fn nobody_gets_in_without_a_token_of_ours(platform: &Platform) {
        let channel = platform.grpc().await;
        let forged = forged();
        let unknown = auth::ApiToken::generate(Id::new()).expose();
        for method in server::methods().iter().filter(|method| method.visibility == Visibility::User) {
            for (token, expected) in [
                (None, "UNAUTHENTICATED"),
                (Some(forged.as_str()), "TOKEN_INVALID"),
                (Some(unknown.as_str()), "TOKEN_REVOKED"),
                (Some("garbage"), "TOKEN_INVALID"),
            ] {
                let status = raw::call(&channel, method.path, token, b"\xff").await.expect_err(method.path);
                assert_eq!(status.code(), Code::Unauthenticated, "{}: {status}", method.path);
                assert_eq!(raw::reason(&status), expected, "{}", method.path);
            }
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
        let processes: Vec<_> = platform.processes().iter().collect();
        for process in processes {
            let address = format!("http://{}", process.grpc());
            let channel = tonic::transport::Endpoint::from_shared(address)
                .expect("an address")
                .connect()
                .await
                .expect("the process listens");
            let served = process.directory().served();
            for method in server::methods().iter() {
                if method.visibility == Visibility::Internal || !served.iter().any(|name| name == method.service) {
                    continue;
                }
                // Field 1, length-delimited, longer than the message.
                let status = raw::call(&channel, method.path, Some(&platform.token), b"\x0a\x7fx")
                    .await
                    .expect_err(method.path);
                assert_eq!(status.code(), Code::InvalidArgument, "{}: {status}", method.path);
                assert_eq!(raw::reason(&status), "MALFORMED_MESSAGE", "{}", method.path);
            }
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
