//! How many tokens and sessions one may have.

use super::*;

/// A bench where two of each are the most.
struct Tight(World);

impl Tight {
    async fn on(backend: Backend) -> Self {
        let mut config = settings();
        config.tokens.api_per_principal = 2;
        config.tokens.sessions_per_user = 2;
        Self(World::with_settings(backend, config).await)
    }
}

testkit::both! {
    async fn living_api_tokens_are_counted(tight: Tight) {
        let Tight(world) = tight;
        world.user("ada@example.com", &["viewer"]).await;
        let pair = world.sign_in("", "ada@example.com", PASSWORD).await.unwrap();
        let mut ada = world.with(&pair.access_token);
        let request = pb::CreateTokenRequest { name: "nightly".into(), ..Default::default() };
        let first = body(ada.create_token(request.clone()).await).unwrap().token.unwrap();
        ada.create_token(request.clone()).await.unwrap();
        let refused = body(ada.create_token(request.clone()).await).unwrap_err();
        assert_eq!((refused.reason(), refused.metadata()["limit"].as_str()), ("QUOTA_EXCEEDED", "2"));
        assert_eq!(refused.kind(), error::Kind::ResourceExhausted);
        ada.revoke_token(pb::RevokeTokenRequest { id: first.id }).await.unwrap();
        ada.create_token(request).await.unwrap();
    }

    async fn the_oldest_session_makes_room(tight: Tight) {
        let Tight(world) = tight;
        world.user("ada@example.com", &["viewer"]).await;
        let mut pairs = Vec::new();
        for _ in 0..3 {
            pairs.push(world.sign_in("", "ada@example.com", PASSWORD).await.unwrap());
        }
        world.bench.refresh_policy().await;
        let mut oldest = world.with(&pairs[0].access_token);
        assert_eq!(reason(oldest.who_am_i(pb::WhoAmIRequest {}).await), "TOKEN_REVOKED");
        let request = pb::RefreshSessionRequest { refresh_token: pairs[0].refresh_token.clone() };
        assert_eq!(reason(world.anonymous().refresh_session(request).await), "REFRESH_TOKEN_INVALID");
        let mut newest = world.with(&pairs[2].access_token);
        let listed = body(newest.list_sessions(pb::ListSessionsRequest::default()).await).unwrap().sessions;
        let ids: Vec<_> = listed.iter().map(|session| &session.id).collect();
        assert_eq!(ids, [&pairs[1].session_id, &pairs[2].session_id]);
    }
}
