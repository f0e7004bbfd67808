//! Sign-in, sessions, refresh and lock-out.

use std::time::Duration;

use super::*;

fn refresh(pair: &pb::TokenPair) -> pb::RefreshSessionRequest {
    pb::RefreshSessionRequest {
        refresh_token: pair.refresh_token.clone(),
    }
}

testkit::both! {
    /// Proves: ID-02, ID-15
    async fn a_session_from_sign_in_to_sign_out(world: World) {
        let user = world.user("ada@example.com", &["viewer"]).await;
        let pair = world.sign_in("default", "Ada@Example.com", PASSWORD).await.unwrap();
        let mut ada = world.with(&pair.access_token);
        let me = body(ada.who_am_i(pb::WhoAmIRequest {}).await).unwrap();
        assert_eq!((me.user_id.as_str(), me.tenant_slug.as_str()), (user.id.as_str(), "default"));
        assert_eq!(me.roles, ["viewer"]);
        assert_eq!(me.permissions, ["*.read", "identity.self.write"]);
        let sessions = body(ada.list_sessions(pb::ListSessionsRequest::default()).await).unwrap().sessions;
        assert!(sessions.len() == 1 && sessions[0].current && sessions[0].id == pair.session_id);
        let read = body(world.root().get_user(pb::GetUserRequest { id: user.id }).await).unwrap();
        assert!(read.last_sign_in_time.is_some());

        ada.sign_out(pb::SignOutRequest {}).await.unwrap();
        world.bench.refresh_policy().await;
        assert_eq!(reason(ada.who_am_i(pb::WhoAmIRequest {}).await), "TOKEN_REVOKED");
        assert_eq!(reason(world.anonymous().refresh_session(refresh(&pair)).await), "REFRESH_TOKEN_INVALID");
    }

    async fn a_refresh_token_works_once_and_then_ends_its_session(world: World) {
        let first = world.sign_in_root().await;
        let mut anonymous = world.anonymous();
        let second = body(anonymous.refresh_session(refresh(&first)).await).unwrap();
        assert_eq!(second.session_id, first.session_id);
        assert_ne!(second.refresh_token, first.refresh_token);
        let mut client = world.with(&second.access_token);
        client.who_am_i(pb::WhoAmIRequest {}).await.unwrap();

        assert_eq!(reason(anonymous.refresh_session(refresh(&first)).await), "REFRESH_TOKEN_REUSED");
        assert_eq!(reason(anonymous.refresh_session(refresh(&second)).await), "REFRESH_TOKEN_INVALID");
        world.bench.refresh_policy().await;
        assert_eq!(reason(client.who_am_i(pb::WhoAmIRequest {}).await), "TOKEN_REVOKED");
        let forged = format!("{}0", &second.refresh_token[..second.refresh_token.len() - 1]);
        for text in ["nonsense", &forged] {
            let request = pb::RefreshSessionRequest { refresh_token: text.into() };
            assert_eq!(reason(anonymous.refresh_session(request).await), "REFRESH_TOKEN_INVALID");
        }
    }

    async fn an_unused_refresh_token_expires(world: World) {
        let pair = world.sign_in_root().await;
        world.bench.clock().advance(settings().tokens.refresh.get());
        assert_eq!(reason(world.anonymous().refresh_session(refresh(&pair)).await), "REFRESH_TOKEN_INVALID");
    }

    async fn failures_lock_what_exists_and_what_does_not_alike(world: World) {
        world.user("ada@example.com", &[]).await;
        let accounts = [("default", "ada@example.com"), ("default", "nobody@example.com"), ("no-such-tenant", "ada@example.com")];
        let mut told = Vec::new();
        for (tenant, email) in accounts {
            let mut answers = Vec::new();
            for _ in 0..6 {
                let error = world.sign_in(tenant, email, OTHER_PASSWORD).await.unwrap_err();
                answers.push((error.reason().to_owned(), error.message().to_owned(), error.retry_after()));
            }
            told.push(answers);
        }
        assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
        assert!(told[0][..5].iter().all(|(reason, ..)| reason == "SIGN_IN_FAILED"));
        assert_eq!(told[0][5].0, "SIGN_IN_LOCKED");
        assert_eq!(told[0][5].2, Some(Duration::from_secs(30)));

        let locked = world.sign_in("", "ada@example.com", PASSWORD).await.unwrap_err();
        assert_eq!(locked.reason(), "SIGN_IN_LOCKED", "the right password too");
        let users = body(world.root().list_users(pb::ListUsersRequest { email_prefix: "ada".into(), ..Default::default() }).await).unwrap().users;
        assert!(users[0].locked_until.is_some());

        world.bench.clock().advance(Duration::from_secs(30));
        world.sign_in("", "ada@example.com", OTHER_PASSWORD).await.unwrap_err();
        world.bench.clock().advance(Duration::from_secs(59));
        let locked = world.sign_in("", "ada@example.com", PASSWORD).await.unwrap_err();
        assert_eq!(locked.reason(), "SIGN_IN_LOCKED", "the pause has doubled");
        world.bench.clock().advance(Duration::from_secs(1));
        world.sign_in("", "ada@example.com", PASSWORD).await.unwrap();
        let error = world.sign_in("", "ada@example.com", OTHER_PASSWORD).await.unwrap_err();
        assert_eq!(error.reason(), "SIGN_IN_FAILED", "success forgets failures");
    }

    async fn sessions_are_revoked_by_their_user_and_by_who_may(world: World) {
        let user = world.user("ada@example.com", &["viewer"]).await;
        let first = world.sign_in("", "ada@example.com", PASSWORD).await.unwrap();
        let second = world.sign_in("", "ada@example.com", PASSWORD).await.unwrap();
        let mut ada = world.with(&first.access_token);
        ada.revoke_session(pb::RevokeSessionRequest { id: second.session_id.clone() }).await.unwrap();
        world.bench.refresh_policy().await;
        assert_eq!(reason(world.with(&second.access_token).who_am_i(pb::WhoAmIRequest {}).await), "TOKEN_REVOKED");

        let root_session = world.sign_in_root().await.session_id;
        let others = ada.revoke_session(pb::RevokeSessionRequest { id: root_session }).await;
        assert_eq!(reason(others), "NOT_FOUND", "a viewer knows nothing of other sessions");
        let mut root = world.root();
        let request = pb::ListSessionsRequest { user_id: user.id, show_ended: true, ..Default::default() };
        assert_eq!(body(root.list_sessions(request).await).unwrap().sessions.len(), 2);
        root.revoke_session(pb::RevokeSessionRequest { id: first.session_id }).await.unwrap();
        world.bench.refresh_policy().await;
        assert_eq!(reason(ada.who_am_i(pb::WhoAmIRequest {}).await), "TOKEN_REVOKED");
    }

    async fn a_disabled_user_is_out_at_once(world: World) {
        let user = world.user("ada@example.com", &["viewer"]).await;
        let pair = world.sign_in("", "ada@example.com", PASSWORD).await.unwrap();
        let mut ada = world.with(&pair.access_token);
        ada.who_am_i(pb::WhoAmIRequest {}).await.unwrap();
        let mut root = world.root();
        root.disable_user(pb::DisableUserRequest { id: user.id.clone(), etag: user.etag.clone() }).await.unwrap();
        world.bench.refresh_policy().await;
        assert!(ada.who_am_i(pb::WhoAmIRequest {}).await.is_err());
        assert_eq!(world.sign_in("", "ada@example.com", PASSWORD).await.unwrap_err().reason(), "SIGN_IN_FAILED");

        root.enable_user(pb::EnableUserRequest { id: user.id, etag: String::new() }).await.unwrap();
        world.bench.refresh_policy().await;
        assert_eq!(reason(ada.who_am_i(pb::WhoAmIRequest {}).await), "TOKEN_REVOKED", "old tokens stay dead");
        world.sign_in("", "ada@example.com", PASSWORD).await.unwrap();
    }

    async fn guesses_at_once_are_counted_one_by_one(world: World) {
        world.user("ada@example.com", &[]).await;
        let guesses = (0..10).map(|_| world.sign_in("", "ada@example.com", OTHER_PASSWORD));
        let answers = futures::future::join_all(guesses).await;
        let told = |wanted: &str| {
            let refused = answers.iter().filter_map(|answer| answer.as_ref().err());
            refused.filter(|error| error.reason() == wanted).count()
        };
        assert_eq!((told("SIGN_IN_FAILED"), told("SIGN_IN_LOCKED")), (5, 5));
    }
}
