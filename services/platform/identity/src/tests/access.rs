//! Groups, roles, and that nobody gives away more than they hold.

use super::*;

fn members(group: &str, users: &[&str]) -> pb::AddGroupMembersRequest {
    pb::AddGroupMembersRequest {
        group_id: group.into(),
        user_ids: users.iter().map(|id| (*id).to_owned()).collect(),
    }
}

fn new_group(name: &str, request_id: &str) -> pb::CreateGroupRequest {
    pb::CreateGroupRequest {
        group: Some(pb::Group {
            name: name.into(),
            ..pb::Group::default()
        }),
        request_id: request_id.into(),
    }
}

async fn access(client: &mut Client, id: &str) -> pb::EffectiveAccess {
    let request = pb::GetEffectiveAccessRequest {
        principal_id: id.into(),
    };
    body(client.get_effective_access(request).await).unwrap()
}

testkit::both! {
    async fn groups_live_and_give_their_roles(world: World) {
        let mut admin = world.admin();
        let group = body(admin.create_group(new_group("Analysts", "g1")).await).unwrap();
        assert_eq!(body(admin.create_group(new_group("Analysts", "g1")).await).unwrap(), group);
        assert_eq!(reason(admin.create_group(new_group("Others", "g1")).await), "REQUEST_ID_REUSED");
        assert_eq!(reason(admin.create_group(new_group("ANALYSTS", "")).await), "ALREADY_EXISTS");
        let ada = world.create_user(&mut admin, "ada@example.com").await.id;
        let bob = world.create_user(&mut admin, "bob@example.com").await.id;
        let added = body(admin.add_group_members(members(&group.id, &[&ada, &bob])).await).unwrap();
        assert_eq!(added.added, 2);
        let again = body(admin.add_group_members(members(&group.id, &[&ada])).await).unwrap();
        assert_eq!(again.added, 0);
        let nobody = Id::new().to_string();
        assert_eq!(reason(admin.add_group_members(members(&group.id, &[&nobody])).await), "NOT_FOUND");

        admin.assign_role(assign(pb::SubjectKind::Group, &group.id, "viewer")).await.unwrap();
        admin.assign_role(assign(pb::SubjectKind::User, &ada, "editor")).await.unwrap();
        let of_ada = access(&mut admin, &ada).await;
        assert_eq!(of_ada.roles, ["editor", "viewer"]);
        assert_eq!(of_ada.permissions, ["*.read", "*.write", "identity.self.write"]);
        assert_eq!(access(&mut admin, &bob).await.roles, ["viewer"]);

        let page = pb::ListGroupMembersRequest { group_id: group.id.clone(), page_size: 1, ..Default::default() };
        let first = body(admin.list_group_members(page.clone()).await).unwrap();
        assert_eq!(first.members[0].email, "ada@example.com");
        let second = pb::ListGroupMembersRequest { page_token: first.next_page_token, ..page };
        let second = body(admin.list_group_members(second).await).unwrap();
        assert_eq!((second.members[0].user_id.as_str(), second.next_page_token.as_str()), (bob.as_str(), ""));
        let of_bob = pb::ListGroupsRequest { user_id: bob.clone(), ..Default::default() };
        assert_eq!(body(admin.list_groups(of_bob).await).unwrap().groups.len(), 1);
        let in_group = pb::ListUsersRequest { group_id: group.id.clone(), ..Default::default() };
        assert_eq!(body(admin.list_users(in_group).await).unwrap().users.len(), 2);

        let request = pb::RemoveGroupMembersRequest { group_id: group.id.clone(), user_ids: vec![bob.clone()] };
        assert_eq!(body(admin.remove_group_members(request).await).unwrap().removed, 1);
        assert!(access(&mut admin, &bob).await.roles.is_empty());

        let renamed = pb::Group { name: "Readers".into(), ..group.clone() };
        let request = pb::UpdateGroupRequest { group: Some(renamed), update_mask: None };
        let renamed = body(admin.update_group(request.clone()).await).unwrap();
        assert_eq!(renamed.name, "Readers");
        assert_eq!(reason(admin.update_group(request).await), "ETAG_MISMATCH");

        let mut stranger = world.stranger();
        let get = pb::GetGroupRequest { id: group.id.clone() };
        assert_eq!(reason(stranger.get_group(get.clone()).await), "NOT_FOUND");
        assert_eq!(reason(stranger.add_group_members(members(&group.id, &[&ada])).await), "NOT_FOUND");
        let delete = pb::DeleteGroupRequest { id: group.id.clone(), etag: renamed.etag };
        assert_eq!(reason(stranger.delete_group(delete.clone()).await), "NOT_FOUND");
        let batch = pb::BatchGetGroupsRequest { ids: vec![group.id.clone()] };
        assert!(body(stranger.batch_get_groups(batch.clone()).await).unwrap().groups.is_empty());
        assert_eq!(body(admin.batch_get_groups(batch).await).unwrap().groups.len(), 1);

        admin.delete_group(delete).await.unwrap();
        assert_eq!(reason(admin.get_group(get).await), "NOT_FOUND");
        assert_eq!(access(&mut admin, &ada).await.roles, ["editor"], "the group's role went with it");
    }

    async fn assignments_are_listed_and_taken(world: World) {
        let mut admin = world.admin();
        let roles = body(admin.list_roles(pb::ListRolesRequest {}).await).unwrap().roles;
        assert_eq!(roles.iter().map(|role| role.name.as_str()).collect::<Vec<_>>(), ["admin", "editor", "viewer"]);
        let ada = world.create_user(&mut admin, "ada@example.com").await.id;
        let given = body(admin.assign_role(assign(pb::SubjectKind::User, &ada, "viewer")).await).unwrap();
        let again = body(admin.assign_role(assign(pb::SubjectKind::User, &ada, "viewer")).await).unwrap();
        assert_eq!(given, again);
        assert_eq!(given.created_by, format!("user:{}", world.bench.admin_principal().id));
        assert_eq!(reason(admin.assign_role(assign(pb::SubjectKind::User, &ada, "owner")).await), "ROLE_UNKNOWN");
        let as_group = admin.assign_role(assign(pb::SubjectKind::Group, &ada, "viewer")).await;
        assert_eq!(reason(as_group), "NOT_FOUND");
        let list = pb::ListRoleAssignmentsRequest { role: "viewer".into(), ..Default::default() };
        assert_eq!(body(admin.list_role_assignments(list.clone()).await).unwrap().role_assignments, [given]);
        let take = pb::UnassignRoleRequest { subject: Some(subject(pb::SubjectKind::User, &ada)), role: "viewer".into() };
        admin.unassign_role(take.clone()).await.unwrap();
        admin.unassign_role(take).await.unwrap();
        assert!(body(admin.list_role_assignments(list).await).unwrap().role_assignments.is_empty());
    }

    async fn nobody_gives_or_touches_more_than_they_hold(world: World) {
        let mut admin = world.admin();
        let boss = world.create_user(&mut admin, "boss@example.com").await;
        admin.assign_role(assign(pb::SubjectKind::User, &boss.id, "admin")).await.unwrap();
        let group = body(admin.create_group(new_group("Admins", "")).await).unwrap().id;
        admin.assign_role(assign(pb::SubjectKind::Group, &group, "admin")).await.unwrap();
        let ada = world.create_user(&mut admin, "ada@example.com").await.id;

        let mut editor = world.limited(&["*.read", "*.write", "identity.*"]);
        let id = boss.id.clone();
        let answers = [
            reason(editor.assign_role(assign(pb::SubjectKind::User, &ada, "admin")).await),
            reason(editor.unassign_role(pb::UnassignRoleRequest {
                subject: Some(subject(pb::SubjectKind::User, &id)),
                role: "admin".into(),
            }).await),
            reason(editor.add_group_members(members(&group, &[&ada])).await),
            reason(editor.remove_group_members(pb::RemoveGroupMembersRequest {
                group_id: group.clone(),
                user_ids: vec![ada.clone()],
            }).await),
            reason(editor.delete_group(pb::DeleteGroupRequest { id: group.clone(), etag: String::new() }).await),
            reason(editor.disable_user(pb::DisableUserRequest { id: id.clone(), etag: String::new() }).await),
            reason(editor.delete_user(pb::DeleteUserRequest { id: id.clone(), etag: String::new() }).await),
            reason(editor.update_user(pb::UpdateUserRequest { user: Some(boss), update_mask: None }).await),
            reason(editor.reset_password(pb::ResetPasswordRequest {
                id: id.clone(),
                new_password: OTHER_PASSWORD.into(),
                must_change_password: false,
            }).await),
        ];
        assert!(answers.iter().all(|answer| answer == "ESCALATION_REFUSED"), "{answers:?}");
        let error = body(editor.assign_role(assign(pb::SubjectKind::User, &ada, "admin")).await).unwrap_err();
        assert_eq!(error.metadata()["missing"], "*");
        // What the editor holds it may give.
        editor.assign_role(assign(pb::SubjectKind::User, &ada, "editor")).await.unwrap();
        assert_eq!(access(&mut admin, &id).await.roles, ["admin"], "nothing changed");
        assert_eq!(access(&mut admin, &ada).await.roles, ["editor"]);
    }

    async fn nobody_locks_themselves_out(world: World) {
        let pair = world.sign_in_root().await;
        let mut root = world.with(&pair.access_token);
        let me = body(root.who_am_i(pb::WhoAmIRequest {}).await).unwrap().user_id;
        let answers = [
            reason(root.disable_user(pb::DisableUserRequest { id: me.clone(), etag: String::new() }).await),
            reason(root.delete_user(pb::DeleteUserRequest { id: me.clone(), etag: String::new() }).await),
            reason(root.unassign_role(pb::UnassignRoleRequest {
                subject: Some(subject(pb::SubjectKind::User, &me)),
                role: "admin".into(),
            }).await),
        ];
        assert!(answers.iter().all(|answer| answer == "SELF_LOCKOUT_REFUSED"), "{answers:?}");
    }
}
