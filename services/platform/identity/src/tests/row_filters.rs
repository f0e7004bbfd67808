//! Row filters: their life, whom they narrow, and that nobody widens what they see themselves.

use std::time::Duration;

use pb::row_filter::Holder;

use super::*;

const NORTH: &str = "region = 'North'";
const SOUTH: &str = "region = 'South'";

fn of(kind: pb::SubjectKind, id: &str) -> Holder {
    Holder::Subject(subject(kind, id))
}

fn of_user(id: &str) -> Holder {
    of(pb::SubjectKind::User, id)
}

fn filter(holder: Holder, entity: &str, condition: &str) -> pb::RowFilter {
    pb::RowFilter {
        name: "Region".into(),
        holder: Some(holder),
        entity: entity.into(),
        condition: condition.into(),
        ..Default::default()
    }
}

fn new(holder: Holder, entity: &str, condition: &str) -> pb::CreateRowFilterRequest {
    pb::CreateRowFilterRequest {
        row_filter: Some(filter(holder, entity, condition)),
        request_id: String::new(),
    }
}

fn delete(id: &str) -> pb::DeleteRowFilterRequest {
    pb::DeleteRowFilterRequest {
        id: id.into(),
        etag: String::new(),
    }
}

fn members(group: &str, user: &str) -> pb::AddGroupMembersRequest {
    pb::AddGroupMembersRequest {
        group_id: group.into(),
        user_ids: vec![user.into()],
    }
}

async fn group(client: &mut Client, name: &str) -> String {
    let request = pb::CreateGroupRequest {
        group: Some(pb::Group {
            name: name.into(),
            ..Default::default()
        }),
        request_id: String::new(),
    };
    body(client.create_group(request).await).unwrap().id
}

async fn listed(client: &mut Client, request: pb::ListRowFiltersRequest) -> Vec<String> {
    let page = body(client.list_row_filters(request).await).unwrap();
    page.row_filters.into_iter().map(|row| row.id).collect()
}

impl World {
    /// What another process, which has the policy of now, lets a bearer see of an entity.
    async fn sees(&self, bearer: &str, entity: &str) -> Option<Vec<String>> {
        let caller = self.authority().await.authenticate(bearer).unwrap();
        let conditions = caller.row_filters.of(entity)?;
        Some(conditions.iter().map(ToString::to_string).collect())
    }
}

/// A bench where two row filters are the most.
struct Tight(World);

impl Tight {
    async fn on(backend: Backend) -> Self {
        let mut config = settings();
        config.row_filters_per_tenant = 2;
        Self(World::with_settings(backend, config).await)
    }
}

testkit::both! {
    async fn row_filters_live(world: World) {
        let mut admin = world.admin();
        let ada = world.create_user(&mut admin, "ada@example.com").await.id;
        let mut request = new(of_user(&ada), "policy", NORTH);
        request.request_id = "f1".into();
        let made = body(admin.create_row_filter(request.clone()).await).unwrap();
        assert_eq!(body(admin.create_row_filter(request.clone()).await).unwrap(), made);
        assert_eq!(made.holder, Some(of_user(&ada)));
        assert_eq!(made.created_by, format!("user:{}", world.bench.admin_principal().id));
        request.row_filter.as_mut().unwrap().condition = SOUTH.into();
        assert_eq!(reason(admin.create_row_filter(request).await), "REQUEST_ID_REUSED");
        let of_role = body(admin.create_row_filter(new(Holder::Role("viewer".into()), "claim", "amount < 10")).await).unwrap();
        assert_eq!(of_role.holder, Some(Holder::Role("viewer".into())));

        let list = pb::ListRowFiltersRequest { page_size: 1, ..Default::default() };
        let first = body(admin.list_row_filters(list.clone()).await).unwrap();
        assert_eq!(first.row_filters, std::slice::from_ref(&made));
        let next = pb::ListRowFiltersRequest { page_token: first.next_page_token, ..list };
        let second = body(admin.list_row_filters(next).await).unwrap();
        assert_eq!((second.row_filters, second.next_page_token.as_str()), (vec![of_role.clone()], ""));
        let ask = pb::ListRowFiltersRequest::default;
        assert_eq!(listed(&mut admin, pb::ListRowFiltersRequest { entity: "claim".into(), ..ask() }).await, [of_role.id.as_str()]);
        assert_eq!(listed(&mut admin, pb::ListRowFiltersRequest { subject_id: ada.clone(), ..ask() }).await, [made.id.as_str()]);
        assert_eq!(listed(&mut admin, pb::ListRowFiltersRequest { role: "viewer".into(), ..ask() }).await, [of_role.id.as_str()]);
        let of_ada = || pb::ListRowFiltersRequest { principal_id: ada.clone(), ..ask() };
        assert_eq!(listed(&mut admin, of_ada()).await, [made.id.as_str()]);
        admin.assign_role(assign(pb::SubjectKind::User, &ada, "viewer")).await.unwrap();
        assert_eq!(listed(&mut admin, of_ada()).await, [made.id.as_str(), of_role.id.as_str()]);
        let batch = pb::BatchGetRowFiltersRequest { ids: vec![of_role.id.clone(), Id::new().to_string(), made.id.clone()] };
        assert_eq!(body(admin.batch_get_row_filters(batch.clone()).await).unwrap().row_filters, [of_role, made.clone()]);

        let changed = pb::RowFilter { condition: SOUTH.into(), name: "dropped".into(), ..made.clone() };
        let mask = prost_types::FieldMask { paths: vec!["condition".into()] };
        let update = pb::UpdateRowFilterRequest { row_filter: Some(changed), update_mask: Some(mask) };
        let updated = body(admin.update_row_filter(update.clone()).await).unwrap();
        assert_eq!((updated.name.as_str(), updated.condition.as_str()), ("Region", SOUTH));
        assert_eq!(reason(admin.update_row_filter(update.clone()).await), "ETAG_MISMATCH");
        let entity = prost_types::FieldMask { paths: vec!["entity".into()] };
        let fixed = pb::UpdateRowFilterRequest { update_mask: Some(entity), ..update.clone() };
        assert_eq!(reason(admin.update_row_filter(fixed).await), "INVALID_FIELD_MASK");

        let mut stranger = world.stranger();
        let get = pb::GetRowFilterRequest { id: made.id.clone() };
        assert_eq!(reason(stranger.get_row_filter(get.clone()).await), "NOT_FOUND");
        assert_eq!(reason(stranger.update_row_filter(update).await), "NOT_FOUND");
        assert_eq!(reason(stranger.delete_row_filter(delete(&made.id)).await), "NOT_FOUND");
        assert_eq!(reason(stranger.create_row_filter(new(of_user(&ada), "policy", NORTH)).await), "NOT_FOUND");
        assert!(body(stranger.batch_get_row_filters(batch).await).unwrap().row_filters.is_empty());
        assert!(listed(&mut stranger, ask()).await.is_empty());

        let stale = pb::DeleteRowFilterRequest { id: made.id.clone(), etag: made.etag };
        assert_eq!(reason(admin.delete_row_filter(stale).await), "ETAG_MISMATCH");
        admin.delete_row_filter(delete(&made.id)).await.unwrap();
        assert_eq!(reason(admin.get_row_filter(get).await), "NOT_FOUND");

        let scope = auth::Scope::system_all("test");
        let now = world.bench.clock().now();
        let events = world.bench.db().claim(&scope, move |c| db::outbox::claim_batch(c, now, Duration::from_secs(1), 1000)).await.unwrap();
        let lane = events.iter().filter(|event| event.lane == made.id).map(|event| event.topic.as_str());
        let mut lane: Vec<_> = lane.collect();
        lane.sort_unstable();
        let topic = |name: &str| format!("tessera.identity.v1.RowFilter{name}");
        assert_eq!(lane, [topic("Created"), topic("Deleted"), topic("Updated")]);
        assert!(events.iter().all(|event| !String::from_utf8_lossy(&event.payload).contains("North")));
    }

    async fn what_is_wrong_with_a_filter_is_said(world: World) {
        let mut admin = world.admin();
        let ada = world.create_user(&mut admin, "ada@example.com").await.id;
        let broken = body(admin.create_row_filter(new(of_user(&ada), "policy", "region =\n  = 'North'")).await).unwrap_err();
        let found = &broken.violations()[0];
        assert_eq!((found.field.as_str(), found.reason.as_str()), ("row_filter.condition", "FORMULA_SYNTAX"));
        assert!(found.description.contains("line 2, column 3"), "{}", found.description);
        let wrong = body(admin.create_row_filter(new(of_user(&ada), "Policy!", NORTH)).await).unwrap_err();
        assert_eq!(wrong.violations()[0].field, "row_filter.entity");
        let nobody = new(of_user(&Id::new().to_string()), "policy", NORTH);
        assert_eq!(reason(admin.create_row_filter(nobody).await), "NOT_FOUND");
        let other_kind = new(of(pb::SubjectKind::Group, &ada), "policy", NORTH);
        assert_eq!(reason(admin.create_row_filter(other_kind).await), "NOT_FOUND");
        let owner = new(Holder::Role("owner".into()), "policy", NORTH);
        assert_eq!(reason(admin.create_row_filter(owner).await), "ROLE_UNKNOWN");
        let long = new(of_user(&ada), "policy", &format!("{NORTH}{}", " ".repeat(10_000)));
        assert_eq!(body(admin.create_row_filter(long).await).unwrap_err().violations()[0].reason, "MAX_LEN");
    }

    async fn the_policy_carries_the_filters_of_a_principal_its_groups_and_roles(world: World) {
        let ada = world.user("ada@example.com", &["viewer", "editor"]).await.id;
        let bearer = world.sign_in("", "ada@example.com", PASSWORD).await.unwrap().access_token;
        let mut root = world.root();
        let group = group(&mut root, "North").await;
        root.add_group_members(members(&group, &ada)).await.unwrap();
        assert_eq!(world.sees(&bearer, "policy").await, None);

        let own = body(root.create_row_filter(new(of_user(&ada), "policy", SOUTH)).await).unwrap();
        body(root.create_row_filter(new(of(pb::SubjectKind::Group, &group), "policy", NORTH)).await).unwrap();
        // The role `editor` has no filter, and does not widen what `viewer` narrows.
        let of_role = body(root.create_row_filter(new(Holder::Role("viewer".into()), "claim", "amount < 10")).await).unwrap();
        // Another tenant's filter on the same role is none of ours.
        body(world.admin().create_row_filter(new(Holder::Role("viewer".into()), "claim", "amount < 5")).await).unwrap();
        assert_eq!(world.sees(&bearer, "policy").await.unwrap(), [NORTH, SOUTH]);
        assert_eq!(world.sees(&bearer, "claim").await.unwrap(), ["amount < 10"]);
        assert_eq!(world.sees(&bearer, "broker").await, None);
        world.bench.refresh_policy().await;
        let me = body(world.with(&bearer).who_am_i(pb::WhoAmIRequest {}).await).unwrap();
        assert_eq!(me.filtered_entities, ["claim", "policy"]);

        root.delete_row_filter(delete(&of_role.id)).await.unwrap();
        assert_eq!(world.sees(&bearer, "claim").await, None);
        let changed = pb::RowFilter { condition: "region = 'East'".into(), ..own };
        root.update_row_filter(pb::UpdateRowFilterRequest { row_filter: Some(changed), update_mask: None }).await.unwrap();
        assert_eq!(world.sees(&bearer, "policy").await.unwrap(), ["region = 'East'", NORTH]);
        root.remove_group_members(pb::RemoveGroupMembersRequest { group_id: group, user_ids: vec![ada] }).await.unwrap();
        assert_eq!(world.sees(&bearer, "policy").await.unwrap(), ["region = 'East'"]);
        world.bench.refresh_policy().await;
        let me = body(world.with(&bearer).who_am_i(pb::WhoAmIRequest {}).await).unwrap();
        assert_eq!(me.filtered_entities, ["policy"]);
    }

    async fn filters_go_with_whom_they_narrow(world: World) {
        let mut admin = world.admin();
        let ada = world.create_user(&mut admin, "ada@example.com").await.id;
        let group = group(&mut admin, "North").await;
        let program = pb::ServicePrincipal { name: "Loader".into(), ..Default::default() };
        let program = pb::CreateServicePrincipalRequest { service_principal: Some(program), request_id: String::new() };
        let program = body(admin.create_service_principal(program).await).unwrap().id;
        let holders = [of_user(&ada), of(pb::SubjectKind::Group, &group), of(pb::SubjectKind::ServicePrincipal, &program)];
        for holder in holders {
            admin.create_row_filter(new(holder, "policy", NORTH)).await.unwrap();
        }
        let ask = pb::ListRowFiltersRequest::default;
        assert_eq!(listed(&mut admin, ask()).await.len(), 3);
        admin.delete_user(pb::DeleteUserRequest { id: ada, etag: String::new() }).await.unwrap();
        assert_eq!(listed(&mut admin, ask()).await.len(), 2);
        admin.delete_group(pb::DeleteGroupRequest { id: group, etag: String::new() }).await.unwrap();
        assert_eq!(listed(&mut admin, ask()).await.len(), 1);
        admin.delete_service_principal(pb::DeleteServicePrincipalRequest { id: program, etag: String::new() }).await.unwrap();
        assert!(listed(&mut admin, ask()).await.is_empty());
    }

    async fn nobody_changes_which_rows_they_see_themselves(world: World) {
        let boss = world.user("boss@example.com", &["admin"]).await.id;
        let bearer = world.sign_in("", "boss@example.com", PASSWORD).await.unwrap().access_token;
        let (mut boss_client, mut root) = (world.with(&bearer), world.root());
        let (north, south) = (group(&mut root, "North").await, group(&mut root, "South").await);
        root.add_group_members(members(&north, &boss)).await.unwrap();
        for holder in [of_user(&boss), of(pb::SubjectKind::Group, &north), Holder::Role("admin".into())] {
            let refused = boss_client.create_row_filter(new(holder, "policy", NORTH)).await;
            assert_eq!(reason(refused), "SELF_LOCKOUT_REFUSED");
        }
        let own = body(root.create_row_filter(new(of_user(&boss), "claim", "amount < 10")).await).unwrap();
        root.create_row_filter(new(of(pb::SubjectKind::Group, &north), "policy", NORTH)).await.unwrap();
        root.create_row_filter(new(of(pb::SubjectKind::Group, &south), "policy", SOUTH)).await.unwrap();
        root.create_row_filter(new(Holder::Role("viewer".into()), "policy", "true")).await.unwrap();

        let looser = pb::RowFilter { condition: "true".into(), ..own.clone() };
        let leave = pb::RemoveGroupMembersRequest { group_id: north.clone(), user_ids: vec![boss.clone()] };
        let answers = [
            reason(boss_client.update_row_filter(pb::UpdateRowFilterRequest { row_filter: Some(looser), update_mask: None }).await),
            reason(boss_client.delete_row_filter(delete(&own.id)).await),
            reason(boss_client.remove_group_members(leave).await),
            reason(boss_client.add_group_members(members(&south, &boss)).await),
            reason(boss_client.delete_group(pb::DeleteGroupRequest { id: north.clone(), etag: String::new() }).await),
            reason(boss_client.assign_role(assign(pb::SubjectKind::User, &boss, "viewer")).await),
            reason(boss_client.assign_role(assign(pb::SubjectKind::Group, &north, "viewer")).await),
        ];
        assert!(answers.iter().all(|answer| answer == "ESCALATION_REFUSED"), "{answers:?}");
        assert_eq!(world.sees(&bearer, "policy").await.unwrap(), [NORTH]);
        assert_eq!(world.sees(&bearer, "claim").await.unwrap(), ["amount < 10"]);

        // What does not touch it is theirs to do, and others may do all of it.
        boss_client.assign_role(assign(pb::SubjectKind::Group, &south, "viewer")).await.unwrap();
        root.delete_row_filter(delete(&own.id)).await.unwrap();
        assert_eq!(world.sees(&bearer, "claim").await, None);
    }

    async fn a_tenant_has_so_many(tight: Tight) {
        let Tight(world) = tight;
        let mut admin = world.admin();
        let viewer = || new(Holder::Role("viewer".into()), "policy", NORTH);
        let first = body(admin.create_row_filter(viewer()).await).unwrap();
        admin.create_row_filter(viewer()).await.unwrap();
        let refused = body(admin.create_row_filter(viewer()).await).unwrap_err();
        assert_eq!((refused.reason(), refused.metadata()["limit"].as_str()), ("QUOTA_EXCEEDED", "2"));
        world.stranger().create_row_filter(viewer()).await.unwrap();
        admin.delete_row_filter(delete(&first.id)).await.unwrap();
        admin.create_row_filter(viewer()).await.unwrap();
    }
}
