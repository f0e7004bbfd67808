//! Passwords: changed by their owner, reset by others, and hashed anew when parameters change.

use super::*;

fn change(current: &str, new: &str) -> pb::ChangePasswordRequest {
    pb::ChangePasswordRequest {
        current_password: current.into(),
        new_password: new.into(),
    }
}

testkit::both! {
    async fn changing_a_password_keeps_this_session_only(world: World) {
        world.user("ada@example.com", &["viewer"]).await;
        let here = world.sign_in("", "ada@example.com", PASSWORD).await.unwrap();
        let there = world.sign_in("", "ada@example.com", PASSWORD).await.unwrap();
        let mut ada = world.with(&here.access_token);
        assert_eq!(reason(ada.change_password(change(OTHER_PASSWORD, OTHER_PASSWORD)).await), "SIGN_IN_FAILED");
        let weak = body(ada.change_password(change(PASSWORD, "aaaaaaaaaaaaaa")).await).unwrap_err();
        assert_eq!(weak.violations()[0].field, "new_password");
        ada.change_password(change(PASSWORD, OTHER_PASSWORD)).await.unwrap();
        world.bench.refresh_policy().await;
        ada.who_am_i(pb::WhoAmIRequest {}).await.unwrap();
        assert_eq!(reason(world.with(&there.access_token).who_am_i(pb::WhoAmIRequest {}).await), "TOKEN_REVOKED");
        assert!(world.sign_in("", "ada@example.com", PASSWORD).await.is_err());
        world.sign_in("", "ada@example.com", OTHER_PASSWORD).await.unwrap();
    }

    async fn a_stolen_token_does_not_guess_the_password(world: World) {
        world.user("ada@example.com", &["viewer"]).await;
        let pair = world.sign_in("", "ada@example.com", PASSWORD).await.unwrap();
        let mut ada = world.with(&pair.access_token);
        for _ in 0..5 {
            assert_eq!(reason(ada.change_password(change("wrong", OTHER_PASSWORD)).await), "SIGN_IN_FAILED");
        }
        assert_eq!(reason(ada.change_password(change(PASSWORD, OTHER_PASSWORD)).await), "SIGN_IN_LOCKED");
    }

    async fn a_reset_password_must_be_changed_at_sign_in(world: World) {
        let user = world.user("ada@example.com", &["viewer"]).await;
        let before = world.sign_in("", "ada@example.com", PASSWORD).await.unwrap();
        let request = pb::ResetPasswordRequest { id: user.id, new_password: OTHER_PASSWORD.into(), must_change_password: true };
        let reset = body(world.root().reset_password(request).await).unwrap();
        assert!(reset.must_change_password);
        world.bench.refresh_policy().await;
        assert_eq!(reason(world.with(&before.access_token).who_am_i(pb::WhoAmIRequest {}).await), "TOKEN_REVOKED");

        let refused = world.sign_in("", "ada@example.com", OTHER_PASSWORD).await.unwrap_err();
        assert_eq!(refused.reason(), "PASSWORD_CHANGE_REQUIRED");
        let wrong = world.sign_in("", "ada@example.com", PASSWORD).await.unwrap_err();
        assert_eq!(wrong.reason(), "SIGN_IN_FAILED", "only the right password learns it");
        let with_new = |new: &str| pb::SignInRequest {
            tenant: String::new(),
            email: "ada@example.com".into(),
            password: OTHER_PASSWORD.into(),
            new_password: new.into(),
        };
        let same = body(world.anonymous().sign_in(with_new(OTHER_PASSWORD)).await).unwrap_err();
        assert_eq!(same.violations()[0].reason, "PASSWORD_UNCHANGED");
        world.anonymous().sign_in(with_new("meadow-compass-23")).await.unwrap();
        world.sign_in("", "ada@example.com", "meadow-compass-23").await.unwrap();
    }

    async fn everyone_keeps_their_own_profile(world: World) {
        let user = world.user("ada@example.com", &["viewer"]).await;
        let pair = world.sign_in("", "ada@example.com", PASSWORD).await.unwrap();
        let mut ada = world.with(&pair.access_token);
        let new = pb::User { phone: "+43 1 234".into(), display_name: "Ada".into(), ..user.clone() };
        let request = pb::UpdateProfileRequest { user: Some(new.clone()), update_mask: None };
        let updated = body(ada.update_profile(request.clone()).await).unwrap();
        assert_eq!((updated.phone.as_str(), updated.id.as_str()), ("+43 1 234", user.id.as_str()));
        assert_eq!(reason(ada.update_profile(request).await), "ETAG_MISMATCH");
        let mask = Some(prost_types::FieldMask { paths: vec!["email".into()] });
        let email = pb::UpdateProfileRequest { user: Some(new), update_mask: mask };
        assert_eq!(reason(ada.update_profile(email).await), "INVALID_FIELD_MASK");
    }

    async fn a_hash_with_other_parameters_is_replaced_at_sign_in(world: World) {
        let user = world.user("ada@example.com", &[]).await;
        let me = body(world.root().who_am_i(pb::WhoAmIRequest {}).await).unwrap();
        let scope = auth::Scope::system(me.tenant_id.parse().unwrap(), "test");
        let (store, id) = (world.store(), user.id.parse::<Id>().unwrap());
        let mut weaker = settings().hashing;
        weaker.memory_kib = 8;
        let passwords = crate::passwords::Passwords::new(&weaker).unwrap();
        let password = crate::model::password::Password::new(PASSWORD);
        let hash = Some(passwords.hash(password).await.unwrap());
        let old = crate::store::NewPassword { hash, must_change: false };
        let target = crate::store::Target {
            id,
            version: None,
            held: crate::model::pattern::Held::everything(),
        };
        store.password_set(&scope, target, old, true, None).await.unwrap();
        let session = world.sign_in("", "ada@example.com", PASSWORD).await.unwrap();
        let hash = store.credential_get(&scope, id).await.unwrap().hash.unwrap();
        assert!(hash.contains("m=32,"), "{hash}");
        world.sign_in("", "ada@example.com", PASSWORD).await.unwrap();
        let refresh = pb::RefreshSessionRequest { refresh_token: session.refresh_token };
        world.anonymous().refresh_session(refresh).await.unwrap();
    }
}
