//! Signing keys, what they prove, and the policy for other processes.

use std::time::Duration;

use auth::Scope;
use auth::jwt::{self, Claims, SigningKey};

use super::*;

async fn kids(world: &World) -> Vec<String> {
    let keys = body(world.anonymous().get_keys(pb::GetKeysRequest {}).await)
        .unwrap()
        .keys;
    keys.into_iter().map(|key| key.kid).collect()
}

testkit::both! {
    /// Proves: ID-02
    async fn only_what_the_published_keys_signed_is_a_token(world: World) {
        let pair = world.sign_in_root().await;
        let authority = world.authority().await;
        let caller = authority.authenticate(&pair.access_token).unwrap();
        let keys = body(world.anonymous().get_keys(pb::GetKeysRequest {}).await).unwrap().keys;
        assert_eq!((keys[0].kty.as_str(), keys[0].crv.as_str(), keys[0].x.len()), ("OKP", "Ed25519", 43));

        let now = world.bench.clock().now().micros() / 1_000_000;
        let claims = Claims {
            iss: jwt::ISSUER.into(),
            aud: jwt::ISSUER.into(),
            sub: caller.principal.id,
            tid: caller.principal.tenant,
            sid: Id::new(),
            jti: Id::new(),
            iat: now,
            nbf: now,
            exp: now + 600,
        };
        let stranger = SigningKey::from_seed(&keys[0].kid, &[7; 32]);
        let forged = authority.authenticate(&jwt::sign(&claims, &stranger).unwrap()).unwrap_err();
        assert_eq!((forged.reason(), forged.metadata()["cause"].as_str()), ("TOKEN_INVALID", "signature"));

        let sealing = crate::sealing::Sealing::open(&world.bench.folder().join("identity/signing.key")).unwrap();
        let ring = crate::keyring::Keyring::new(world.store(), sealing, world.clock(), &settings());
        let own = ring.current().await.unwrap();
        let other = Claims { aud: "another".into(), ..claims.clone() };
        let foreign = authority.authenticate(&jwt::sign(&other, &own).unwrap()).unwrap_err();
        assert_eq!(foreign.metadata()["cause"], "audience");
        let old = Claims { exp: now - 120, ..claims.clone() };
        let expired = authority.authenticate(&jwt::sign(&old, &own).unwrap()).unwrap_err();
        assert_eq!(expired.reason(), "TOKEN_EXPIRED");
        let elsewhere = Claims { tid: Id::new(), ..claims.clone() };
        assert!(authority.authenticate(&jwt::sign(&elsewhere, &own).unwrap()).is_err(), "of a foreign tenant");
        assert!(authority.authenticate(&jwt::sign(&claims, &own).unwrap()).is_ok());
    }

    async fn rotation_keeps_old_tokens_until_they_expire(world: World) {
        let before = world.sign_in_root().await;
        let first = kids(&world).await;
        let rotated = body(world.root().rotate_keys(pb::RotateKeysRequest {}).await).unwrap().kid;
        assert_eq!(kids(&world).await, [first[0].clone(), rotated.clone()], "published before it signs");
        let early = world.sign_in_root().await;
        world.bench.clock().advance(settings().keys.activation_delay.get());
        let late = world.sign_in_root().await;
        let head = |pair: &pb::TokenPair| pair.access_token.split('.').next().unwrap().to_owned();
        assert_eq!(head(&before), head(&early));
        assert_ne!(head(&before), head(&late));
        let authority = world.authority().await;
        for pair in [&before, &early, &late] {
            authority.authenticate(&pair.access_token).unwrap();
        }

        world.bench.clock().advance(settings().tokens.access.get() - Duration::from_secs(10));
        assert!(world.authority().await.authenticate(&early.access_token).is_ok(), "to the end");
        world.bench.clock().advance(Duration::from_secs(300));
        assert_eq!(kids(&world).await, [rotated], "nothing needs the old one any more");
        let late = world.authority().await.authenticate(&late.access_token).unwrap_err();
        assert_eq!(late.reason(), "TOKEN_EXPIRED");
    }

    async fn old_keys_are_replaced_and_leftovers_forgotten(world: World) {
        let first = kids(&world).await;
        let keep = |world: &World| {
            let sealing = crate::sealing::Sealing::open(&world.bench.folder().join("identity/signing.key")).unwrap();
            let (store, clock) = (world.store(), world.clock());
            let config = Arc::new(settings());
            let keyring = crate::keyring::Keyring::new(store.clone(), sealing, clock.clone(), &config);
            crate::tasks::Housekeeping { store, keyring, config, clock }
        };
        keep(&world).once().await.unwrap();
        assert_eq!(kids(&world).await, first, "too young to be replaced");
        world.bench.clock().advance(settings().keys.rotation_age.get());
        keep(&world).once().await.unwrap();
        keep(&world).once().await.unwrap();
        assert_eq!(kids(&world).await.len(), 2, "replaced once");
        world.bench.clock().advance(Duration::from_secs(3600));
        keep(&world).once().await.unwrap();
        assert_eq!(world.store().keys_prune(&Scope::system_all("test")).await.unwrap(), 0, "forgotten");
        assert_eq!(kids(&world).await.len(), 1);
        world.sign_in_root().await;
    }

    async fn other_processes_hear_of_every_change(world: World) {
        let mut process = Client::new(world.bench.process());
        let ask = |known_version| pb::GetPolicySnapshotRequest { known_version };
        let first = body(process.get_policy_snapshot(ask(0)).await).unwrap().snapshot.unwrap();
        assert!(first.principals.iter().any(|principal| principal.roles == ["admin"]));
        assert_eq!((first.keys.len(), first.tokens.len()), (1, 1));
        let same = body(process.get_policy_snapshot(ask(first.version)).await).unwrap();
        assert!(same.snapshot.is_none() && same.as_of_time.is_some());

        let user = world.user("ada@example.com", &["viewer"]).await;
        let pair = world.sign_in("", "ada@example.com", PASSWORD).await.unwrap();
        let second = body(process.get_policy_snapshot(ask(first.version)).await).unwrap().snapshot.unwrap();
        assert!(second.version > first.version);
        let ada = second.principals.iter().find(|principal| principal.id == user.id).unwrap();
        assert_eq!((ada.roles.as_slice(), ada.disabled), (&["viewer".to_owned()][..], false));

        let mut client = world.with(&pair.access_token);
        client.sign_out(pb::SignOutRequest {}).await.unwrap();
        let third = body(process.get_policy_snapshot(ask(second.version)).await).unwrap().snapshot.unwrap();
        assert_eq!(third.revoked_session_ids, [pair.session_id]);
        assert!(world.authority().await.authenticate(&pair.access_token).is_err());
    }
}
