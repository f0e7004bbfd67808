//! What the built-in roles reach of identity, and which calls may be sent twice.

use auth::roles::{EDITOR, VIEWER};
use proto::method::{Idempotency, Method, Visibility};

use super::guards::call;
use super::*;

fn methods() -> impl Iterator<Item = &'static Method> {
    let methods = proto_platform::CONTRACTS.methods.iter();
    methods.filter(|method| method.service == "identity")
}

testkit::both! {
    async fn editors_and_viewers_reach_their_own_account_only(world: World) {
        let (mut own, mut others) = (0, 0);
        for method in methods().filter(|method| method.visibility == Visibility::User) {
            let about_self = ["identity.self.read", "identity.self.write"].contains(&method.permission);
            assert!(about_self || method.permission.ends_with(".admin"), "{}", method.name);
            for role in [EDITOR, VIEWER] {
                let outcome = call(world.bench.with_permissions(role.permissions), method.path).await;
                let denied = outcome.is_err_and(|error| error.reason() == "PERMISSION_DENIED");
                assert_eq!(denied, !about_self, "{} as {}", method.name, role.name);
            }
            if about_self { own += 1 } else { others += 1 }
        }
        assert_eq!((own, others), (10, 45));
    }

    async fn with_the_methods_for_oneself_nobody_reaches_others(world: World) {
        let boss = world.sign_in_root().await;
        let root = body(world.root().who_am_i(pb::WhoAmIRequest {}).await).unwrap().user_id;
        let tokens = body(world.root().list_tokens(pb::ListTokensRequest::default()).await).unwrap().tokens;
        let token = tokens[0].id.clone();
        for role in ["editor", "viewer"] {
            let email = format!("{role}@example.com");
            world.user(&email, &[role]).await;
            let pair = world.sign_in("", &email, PASSWORD).await.unwrap();
            let mut client = world.with(&pair.access_token);
            let answers = [
                reason(client.list_sessions(pb::ListSessionsRequest { user_id: root.clone(), ..Default::default() }).await),
                reason(client.revoke_session(pb::RevokeSessionRequest { id: boss.session_id.clone() }).await),
                reason(client.list_tokens(pb::ListTokensRequest { principal_id: root.clone(), ..Default::default() }).await),
                reason(client.get_token(pb::GetTokenRequest { id: token.clone() }).await),
                reason(client.revoke_token(pb::RevokeTokenRequest { id: token.clone() }).await),
            ];
            let expected = ["PERMISSION_DENIED", "NOT_FOUND", "PERMISSION_DENIED", "NOT_FOUND", "NOT_FOUND"];
            assert_eq!(answers, expected, "{role}");
        }
    }
}

#[test]
fn what_is_sent_twice_by_itself_answers_twice_the_same() {
    let mut repeatable: Vec<_> = methods()
        .filter(|method| method.idempotency == Idempotency::Idempotent)
        .map(|method| method.name)
        .collect();
    repeatable.sort_unstable();
    assert_eq!(
        repeatable,
        [
            "AddGroupMembers",
            "AssignRole",
            "RemoveGroupMembers",
            "ResetPassword",
            "RevokeSession",
            "RevokeToken",
            "UnassignRole"
        ]
    );
}
