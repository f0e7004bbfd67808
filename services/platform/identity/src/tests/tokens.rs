//! What ends with what: tokens with the token they were made with, and with a reset password.

use std::time::Duration;

use super::*;

fn request(seconds: Option<u64>, world: &World) -> pb::CreateTokenRequest {
    let at = |seconds| world.bench.clock().now() + Duration::from_secs(seconds);
    pb::CreateTokenRequest {
        name: "nightly".into(),
        expire_time: seconds.map(|seconds| proto::time::to_proto(at(seconds))),
        ..Default::default()
    }
}

testkit::both! {
    async fn a_token_does_not_outlive_the_one_it_was_made_with(world: World) {
        world.user("ada@example.com", &["viewer"]).await;
        let pair = world.sign_in("", "ada@example.com", PASSWORD).await.unwrap();
        let mut ada = world.with(&pair.access_token);
        let parent = body(ada.create_token(request(Some(600), &world)).await).unwrap();
        let (parent, secret) = (parent.token.unwrap(), parent.secret);
        assert_eq!(parent.parent_id, "", "made in a session, it stands alone");
        world.bench.refresh_policy().await;

        let mut program = world.with(&secret);
        let late = body(program.create_token(request(Some(601), &world)).await).unwrap_err();
        assert_eq!((late.violations()[0].field.as_str(), late.violations()[0].reason.as_str()), ("expire_time", "TOO_LATE"));
        let child = body(program.create_token(request(None, &world)).await).unwrap();
        let made = child.token.unwrap();
        assert_eq!((&made.parent_id, made.expire_time), (&parent.id, parent.expire_time));
        world.bench.refresh_policy().await;
        let grandchild = body(world.with(&child.secret).create_token(request(Some(60), &world)).await).unwrap();
        world.bench.refresh_policy().await;
        world.with(&grandchild.secret).who_am_i(pb::WhoAmIRequest {}).await.unwrap();

        ada.revoke_token(pb::RevokeTokenRequest { id: parent.id }).await.unwrap();
        world.bench.refresh_policy().await;
        for secret in [&secret, &child.secret, &grandchild.secret] {
            assert_eq!(reason(world.with(secret).who_am_i(pb::WhoAmIRequest {}).await), "TOKEN_REVOKED");
        }
        let all = pb::ListTokensRequest { show_revoked: true, ..Default::default() };
        let listed = body(ada.list_tokens(all).await).unwrap().tokens;
        assert!(listed.len() == 3 && listed.iter().all(|token| token.revoke_time.is_some()));
    }

    async fn a_reset_by_an_administrator_revokes_the_users_tokens(world: World) {
        let user = world.user("ada@example.com", &["viewer"]).await;
        let pair = world.sign_in("", "ada@example.com", PASSWORD).await.unwrap();
        let mut ada = world.with(&pair.access_token);
        let made = body(ada.create_token(request(None, &world)).await).unwrap();
        world.bench.refresh_policy().await;
        let made_with = body(world.with(&made.secret).create_token(request(None, &world)).await).unwrap();
        let own = pb::ChangePasswordRequest { current_password: PASSWORD.into(), new_password: OTHER_PASSWORD.into() };
        ada.change_password(own).await.unwrap();
        world.bench.refresh_policy().await;
        for secret in [&made.secret, &made_with.secret] {
            world.with(secret).who_am_i(pb::WhoAmIRequest {}).await.unwrap();
        }

        let reset = pb::ResetPasswordRequest { id: user.id.clone(), new_password: PASSWORD.into(), must_change_password: false };
        world.root().reset_password(reset).await.unwrap();
        world.bench.refresh_policy().await;
        for secret in [&made.secret, &made_with.secret] {
            assert_eq!(reason(world.with(secret).who_am_i(pb::WhoAmIRequest {}).await), "TOKEN_REVOKED");
        }
        let scope = auth::Scope::system_all("test");
        let now = world.bench.clock().now();
        let events = world.bench.db().claim(&scope, move |c| db::outbox::claim_batch(c, now, Duration::from_secs(1), 1000)).await.unwrap();
        let told = events.iter().filter(|event| event.topic == "tessera.identity.v1.TokenRevoked").count();
        assert_eq!(told, 2, "each is told of once");
        world.root().who_am_i(pb::WhoAmIRequest {}).await.unwrap();
    }
}
