//! Users: their whole life, paging, and what other tenants see of it.

use super::*;

fn update(user: pb::User, paths: &[&str]) -> pb::UpdateUserRequest {
    pb::UpdateUserRequest {
        user: Some(user),
        update_mask: Some(prost_types::FieldMask {
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        }),
    }
}

fn disable(id: &str) -> pb::DisableUserRequest {
    pb::DisableUserRequest {
        id: id.into(),
        etag: String::new(),
    }
}

testkit::both! {
    /// Proves: ID-15
    async fn profiles_are_kept_and_changed_by_mask_and_etag(world: World) {
        let mut admin = world.admin();
        let made = world.create_user(&mut admin, "Ada@Example.com").await;
        assert_eq!(made.email, "ada@example.com");
        assert_eq!(made.state(), pb::UserState::Active);

        let changed = pb::User {
            title: "Analyst".into(),
            locale: "de-AT".into(),
            time_zone: "Europe/Vienna".into(),
            display_name: "not in the mask".into(),
            ..made.clone()
        };
        let paths = ["title", "locale", "time_zone"];
        let updated = body(admin.update_user(update(changed.clone(), &paths)).await).unwrap();
        assert_eq!((updated.title.as_str(), updated.time_zone.as_str()), ("Analyst", "Europe/Vienna"));
        assert_eq!(updated.display_name, made.display_name);
        assert_ne!(updated.etag, made.etag);
        let read = body(admin.get_user(pb::GetUserRequest { id: made.id.clone() }).await).unwrap();
        assert_eq!(read, updated);

        let stale = admin.update_user(update(changed.clone(), &paths)).await;
        assert_eq!(reason(stale), "ETAG_MISMATCH");
        let unknown = admin.update_user(update(updated.clone(), &["state"])).await;
        assert_eq!(reason(unknown), "INVALID_FIELD_MASK");
        let nowhere = pb::User { time_zone: "Europe/Nowhere".into(), ..updated.clone() };
        let error = body(admin.update_user(update(nowhere, &["time_zone"])).await).unwrap_err();
        assert_eq!(error.violations()[0].field, "user.time_zone");
        let no_etag = pb::User { etag: String::new(), ..updated };
        let error = body(admin.update_user(update(no_etag, &["title"])).await).unwrap_err();
        assert_eq!(error.violations()[0].field, "user.etag");
    }

    async fn a_stranger_finds_nothing(world: World) {
        let user = world.create_user(&mut world.admin(), "ada@example.com").await;
        let mut stranger = world.stranger();
        let id = user.id.clone();
        let answers = [
            reason(stranger.get_user(pb::GetUserRequest { id: id.clone() }).await),
            reason(stranger.update_user(update(user, &["title"])).await),
            reason(stranger.disable_user(disable(&id)).await),
            reason(stranger.enable_user(pb::EnableUserRequest { id: id.clone(), etag: String::new() }).await),
            reason(stranger.delete_user(pb::DeleteUserRequest { id: id.clone(), etag: String::new() }).await),
            reason(stranger.assign_role(assign(pb::SubjectKind::User, &id, "viewer")).await),
            reason(stranger.get_effective_access(pb::GetEffectiveAccessRequest { principal_id: id.clone() }).await),
            reason(stranger.list_sessions(pb::ListSessionsRequest { user_id: id.clone(), ..Default::default() }).await),
            reason(stranger.reset_password(pb::ResetPasswordRequest {
                id: id.clone(),
                new_password: OTHER_PASSWORD.into(),
                must_change_password: false,
            }).await),
        ];
        assert!(answers.iter().all(|answer| answer == "NOT_FOUND"), "{answers:?}");
        let batch = body(stranger.batch_get_users(pb::BatchGetUsersRequest { ids: vec![id] }).await).unwrap();
        assert!(batch.users.is_empty());
        let list = body(stranger.list_users(pb::ListUsersRequest::default()).await).unwrap();
        assert!(list.users.is_empty());
        // The same address is free there.
        world.create_user(&mut stranger, "ada@example.com").await;
    }

    async fn a_request_id_makes_one_user(world: World) {
        let mut admin = world.admin();
        let request = pb::CreateUserRequest { request_id: "r1".into(), ..new_user("ada@example.com", PASSWORD) };
        let first = body(admin.create_user(request.clone()).await).unwrap();
        let second = body(admin.create_user(request.clone()).await).unwrap();
        assert_eq!(first, second);
        let other = pb::CreateUserRequest { request_id: "r1".into(), ..new_user("bob@example.com", PASSWORD) };
        assert_eq!(reason(admin.create_user(other).await), "REQUEST_ID_REUSED");
        let again = pb::CreateUserRequest { request_id: String::new(), ..request };
        assert_eq!(reason(admin.create_user(again).await), "ALREADY_EXISTS");
    }

    async fn lists_page_filter_and_order(world: World) {
        let mut admin = world.admin();
        let mut ids = Vec::new();
        for name in ["carol", "alice", "bob", "alan", "dave"] {
            ids.push(world.create_user(&mut admin, &format!("{name}@example.com")).await.id);
        }
        let mut seen = Vec::new();
        let mut request = pb::ListUsersRequest { page_size: 2, ..Default::default() };
        loop {
            let page = body(admin.list_users(request.clone()).await).unwrap();
            assert!(page.users.len() <= 2);
            seen.extend(page.users.into_iter().map(|user| user.email));
            if page.next_page_token.is_empty() {
                break;
            }
            let foreign = pb::ListUsersRequest {
                email_prefix: "a".into(),
                page_token: page.next_page_token.clone(),
                ..Default::default()
            };
            assert_eq!(reason(admin.list_users(foreign).await), "INVALID_PAGE_TOKEN");
            request.page_token = page.next_page_token;
        }
        assert_eq!(seen, ["alan@example.com", "alice@example.com", "bob@example.com", "carol@example.com", "dave@example.com"]);

        let by_time = pb::ListUsersRequest { order: pb::UserOrder::CreateTime.into(), ..Default::default() };
        let page = body(admin.list_users(by_time).await).unwrap();
        assert_eq!(page.users.iter().map(|user| user.id.clone()).collect::<Vec<_>>(), ids);
        let by_prefix = pb::ListUsersRequest { name_prefix: "NAME OF AL".into(), order: pb::UserOrder::DisplayName.into(), ..Default::default() };
        assert_eq!(body(admin.list_users(by_prefix).await).unwrap().users.len(), 2);

        admin.disable_user(disable(&ids[0])).await.unwrap();
        let disabled = pb::ListUsersRequest { state: pb::UserState::Disabled.into(), ..Default::default() };
        let page = body(admin.list_users(disabled).await).unwrap();
        assert_eq!(page.users.len(), 1);
        let asked = vec![ids[3].clone(), Id::new().to_string(), ids[1].clone()];
        let batch = body(admin.batch_get_users(pb::BatchGetUsersRequest { ids: asked }).await).unwrap();
        assert_eq!(batch.users.iter().map(|user| &user.id).collect::<Vec<_>>(), [&ids[3], &ids[1]]);
    }

    async fn a_deleted_user_stays_readable_and_frees_its_address(world: World) {
        let user = world.user("ada@example.com", &["viewer"]).await;
        let pair = world.sign_in("", "ada@example.com", PASSWORD).await.unwrap();
        let mut root = world.root();
        let request = pb::DeleteUserRequest { id: user.id.clone(), etag: String::new() };
        let gone = body(root.delete_user(request).await).unwrap();
        assert_eq!(gone.state(), pb::UserState::Deleted);
        assert!(gone.delete_time.is_some());
        world.bench.refresh_policy().await;
        assert!(world.with(&pair.access_token).who_am_i(pb::WhoAmIRequest {}).await.is_err());
        let refused = world.sign_in("", "ada@example.com", PASSWORD).await.unwrap_err();
        assert_eq!(refused.reason(), "SIGN_IN_FAILED");
        assert_eq!(body(root.get_user(pb::GetUserRequest { id: user.id.clone() }).await).unwrap(), gone);
        world.create_user(&mut root, "ada@example.com").await;
        let again = root.enable_user(pb::EnableUserRequest { id: user.id, etag: String::new() }).await;
        assert_eq!(reason(again), "NOT_FOUND");
    }

    async fn bad_fields_are_named(world: World) {
        let mut admin = world.admin();
        for (email, password, field) in [
            ("no address", PASSWORD, "user.email"),
            ("", PASSWORD, "user.email"),
            ("ada@example.com", "short", "password"),
            ("ada@example.com", "password123456", "password"),
        ] {
            let error = body(admin.create_user(new_user(email, password)).await).unwrap_err();
            assert_eq!(error.reason(), "INVALID_REQUEST");
            assert_eq!(error.violations()[0].field, field, "{email} {password}");
        }
        let list = body(admin.list_users(pb::ListUsersRequest::default()).await).unwrap();
        assert!(list.users.is_empty(), "nothing was stored");
    }
}
