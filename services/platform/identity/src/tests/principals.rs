//! Service principals and API tokens.

use std::time::Duration;

use super::*;

fn new_program(name: &str) -> pb::CreateServicePrincipalRequest {
    pb::CreateServicePrincipalRequest {
        service_principal: Some(pb::ServicePrincipal {
            name: name.into(),
            ..Default::default()
        }),
        request_id: String::new(),
    }
}

fn token_for(program: &str, permissions: &[&str]) -> pb::CreateTokenRequest {
    pb::CreateTokenRequest {
        service_principal_id: program.into(),
        name: "nightly".into(),
        expire_time: None,
        permissions: permissions.iter().map(|text| (*text).to_owned()).collect(),
    }
}

testkit::both! {
    async fn service_principals_live(world: World) {
        let mut admin = world.admin();
        let made = body(admin.create_service_principal(new_program("Loader")).await).unwrap();
        assert_eq!(reason(admin.create_service_principal(new_program("loader")).await), "ALREADY_EXISTS");
        body(admin.create_service_principal(new_program("Archiver")).await).unwrap();
        let list = pb::ListServicePrincipalsRequest { page_size: 1, ..Default::default() };
        let page = body(admin.list_service_principals(list.clone()).await).unwrap();
        assert_eq!(page.service_principals[0].name, "Archiver");
        let next = pb::ListServicePrincipalsRequest { page_token: page.next_page_token, ..list };
        let page = body(admin.list_service_principals(next).await).unwrap();
        assert_eq!(page.service_principals, std::slice::from_ref(&made));

        let changed = pb::ServicePrincipal { description: "loads".into(), ..made.clone() };
        let update = pb::UpdateServicePrincipalRequest { service_principal: Some(changed), update_mask: None };
        let updated = body(admin.update_service_principal(update.clone()).await).unwrap();
        assert_eq!(updated.description, "loads");
        assert_eq!(reason(admin.update_service_principal(update).await), "ETAG_MISMATCH");

        let id = made.id;
        let mut stranger = world.stranger();
        let get = pb::GetServicePrincipalRequest { id: id.clone() };
        assert_eq!(reason(stranger.get_service_principal(get.clone()).await), "NOT_FOUND");
        assert_eq!(reason(stranger.create_token(token_for(&id, &[])).await), "NOT_FOUND");
        let delete = pb::DeleteServicePrincipalRequest { id: id.clone(), etag: String::new() };
        assert_eq!(reason(stranger.delete_service_principal(delete.clone()).await), "NOT_FOUND");
        let batch = pb::BatchGetServicePrincipalsRequest { ids: vec![id.clone()] };
        assert_eq!(body(admin.batch_get_service_principals(batch).await).unwrap().service_principals.len(), 1);
        admin.delete_service_principal(delete).await.unwrap();
        assert_eq!(reason(admin.get_service_principal(get).await), "NOT_FOUND");
    }

    async fn a_token_works_until_it_is_revoked_or_its_principal_disabled(world: World) {
        let mut root = world.root();
        let program = body(root.create_service_principal(new_program("Loader")).await).unwrap().id;
        root.assign_role(assign(pb::SubjectKind::ServicePrincipal, &program, "viewer")).await.unwrap();
        let made = body(root.create_token(token_for(&program, &[])).await).unwrap();
        let token = made.token.unwrap();
        world.bench.refresh_policy().await;
        let mut client = world.with(&made.secret);
        let me = body(client.who_am_i(pb::WhoAmIRequest {}).await).unwrap();
        assert_eq!((me.principal_id.as_str(), me.kind(), me.user_id.as_str()), (program.as_str(), pb::PrincipalKind::Service, ""));
        assert_eq!(reason(client.sign_out(pb::SignOutRequest {}).await), "FAILED_PRECONDITION");

        let id = program.clone();
        root.disable_service_principal(pb::DisableServicePrincipalRequest { id: id.clone(), etag: String::new() }).await.unwrap();
        world.bench.refresh_policy().await;
        assert_eq!(reason(client.who_am_i(pb::WhoAmIRequest {}).await), "PRINCIPAL_DISABLED");
        root.enable_service_principal(pb::EnableServicePrincipalRequest { id, etag: String::new() }).await.unwrap();
        world.bench.refresh_policy().await;
        client.who_am_i(pb::WhoAmIRequest {}).await.unwrap();

        let revoked = body(root.revoke_token(pb::RevokeTokenRequest { id: token.id.clone() }).await).unwrap();
        assert!(revoked.revoke_time.is_some());
        world.bench.refresh_policy().await;
        assert!(client.who_am_i(pb::WhoAmIRequest {}).await.is_err());
        let list = pb::ListTokensRequest { principal_id: program, ..Default::default() };
        assert!(body(root.list_tokens(list.clone()).await).unwrap().tokens.is_empty());
        let all = pb::ListTokensRequest { show_revoked: true, ..list };
        assert_eq!(body(root.list_tokens(all).await).unwrap().tokens, [revoked]);
    }

    async fn no_token_is_wider_than_its_maker(world: World) {
        world.user("ada@example.com", &["viewer"]).await;
        let pair = world.sign_in("", "ada@example.com", PASSWORD).await.unwrap();
        let mut ada = world.with(&pair.access_token);
        assert_eq!(reason(ada.create_token(token_for("", &["*"])).await), "ESCALATION_REFUSED");
        assert_eq!(reason(ada.create_token(token_for("", &["metadata.entities.write"])).await), "ESCALATION_REFUSED");
        let narrow = token_for("", &["identity.self.write"]);
        let narrow = body(ada.create_token(narrow).await).unwrap();
        world.bench.refresh_policy().await;
        let mut client = world.with(&narrow.secret);
        assert_eq!(reason(client.who_am_i(pb::WhoAmIRequest {}).await), "PERMISSION_DENIED");
        // A narrowed token cannot make an unnarrowed one of its own principal.
        assert_eq!(reason(client.create_token(token_for("", &[])).await), "ESCALATION_REFUSED");
        client.create_token(token_for("", &["identity.self.write"])).await.unwrap();

        // For a program that may do more than the maker, none at all.
        let mut admin = world.admin();
        let program = body(admin.create_service_principal(new_program("Root")).await).unwrap().id;
        admin.assign_role(assign(pb::SubjectKind::ServicePrincipal, &program, "admin")).await.unwrap();
        let made = body(admin.create_token(token_for(&program, &[])).await).unwrap().token.unwrap();
        let revoke = pb::RevokeTokenRequest { id: made.id };
        let mut lesser = world.limited(&["*.read", "*.write", "identity.*"]);
        assert_eq!(reason(lesser.create_token(token_for(&program, &[])).await), "ESCALATION_REFUSED");
        assert_eq!(reason(lesser.revoke_token(revoke.clone()).await), "ESCALATION_REFUSED");
        let mut editor = world.limited(auth::roles::EDITOR.permissions);
        assert_eq!(reason(editor.create_token(token_for(&program, &[])).await), "PERMISSION_DENIED");
        assert_eq!(reason(editor.revoke_token(revoke).await), "NOT_FOUND");
    }

    async fn tokens_expire_and_their_use_is_noted(world: World) {
        let mut root = world.root();
        let at = |seconds| Some(proto::time::to_proto(world.bench.clock().now() + Duration::from_secs(seconds)));
        let short = pb::CreateTokenRequest { expire_time: at(60), ..token_for("", &[]) };
        let made = body(root.create_token(short).await).unwrap();
        let late = pb::CreateTokenRequest { expire_time: at(1000 * 86_400), ..token_for("", &[]) };
        let error = body(root.create_token(late).await).unwrap_err();
        assert_eq!(error.violations()[0].field, "expire_time");
        let past = pb::CreateTokenRequest { expire_time: at(0), ..token_for("", &[]) };
        assert!(root.create_token(past).await.is_err());

        assert!(world.authority().await.authenticate(&made.secret).is_ok());
        world.bench.clock().advance(Duration::from_secs(61));
        assert!(world.authority().await.authenticate(&made.secret).is_err());

        let id: Id = made.token.unwrap().id.parse().unwrap();
        let scope = auth::Scope::system_all("test");
        let now = world.bench.clock().now();
        world.store().tokens_used(&scope, vec![(id, now)]).await.unwrap();
        let read = body(root.get_token(pb::GetTokenRequest { id: id.to_string() }).await).unwrap();
        assert_eq!(read.last_used_time, Some(proto::time::to_proto(now)));
    }

    async fn no_answer_and_no_event_holds_a_secret(world: World) {
        let user = world.user("ada@example.com", &["viewer"]).await;
        let pair = world.sign_in("", "ada@example.com", PASSWORD).await.unwrap();
        let mut root = world.root();
        let made = body(root.create_token(token_for("", &[])).await).unwrap();
        // By length: the alphabet of secrets has the separator too.
        let tail = |text: &str| text[text.len() - 30..].to_owned();
        let secret = tail(&made.secret);
        let mut shown = String::new();
        let id = made.token.as_ref().unwrap().id.clone();
        shown += &format!("{:?}", body(root.get_token(pb::GetTokenRequest { id }).await).unwrap());
        shown += &format!("{:?}", body(root.list_tokens(pb::ListTokensRequest::default()).await).unwrap());
        shown += &format!("{:?}", body(root.get_user(pb::GetUserRequest { id: user.id.clone() }).await).unwrap());
        let sessions = pb::ListSessionsRequest { user_id: user.id, ..Default::default() };
        shown += &format!("{:?}", body(root.list_sessions(sessions).await).unwrap());
        let scope = auth::Scope::system_all("test");
        let now = world.bench.clock().now();
        let events = world.bench.db().claim(&scope, move |c| db::outbox::claim_batch(c, now, Duration::from_secs(1), 1000)).await.unwrap();
        assert!(events.iter().any(|event| event.topic == "tessera.identity.v1.SessionStarted"));
        for event in events {
            shown += &String::from_utf8_lossy(&event.payload);
        }
        let refresh = tail(&pair.refresh_token);
        for hidden in [secret.as_str(), refresh.as_str(), PASSWORD, ADMIN_PASSWORD, "argon2"] {
            assert!(!shown.contains(hidden), "{hidden} is shown");
        }
    }
}
