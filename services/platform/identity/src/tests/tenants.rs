//! Tenants, and who may administer them.

use super::*;

fn new_tenant(slug: &str) -> pb::CreateTenantRequest {
    pb::CreateTenantRequest {
        tenant: Some(pb::Tenant {
            slug: slug.into(),
            display_name: "Acme".into(),
            ..Default::default()
        }),
        administrator_email: "boss@acme.example".into(),
        administrator_password: PASSWORD.into(),
        request_id: "t1".into(),
    }
}

testkit::both! {
    async fn a_tenant_begins_with_its_administrator(world: World) {
        let mut root = world.root();
        let tenant = body(root.create_tenant(new_tenant("acme")).await).unwrap();
        assert_eq!(body(root.create_tenant(new_tenant("acme")).await).unwrap(), tenant);
        assert_eq!(reason(root.create_tenant(new_tenant("acme-2")).await), "REQUEST_ID_REUSED");
        let again = pb::CreateTenantRequest { request_id: String::new(), ..new_tenant("acme") };
        assert_eq!(reason(root.create_tenant(again).await), "ALREADY_EXISTS");
        let bad = pb::CreateTenantRequest { request_id: String::new(), ..new_tenant("No Slug") };
        assert_eq!(body(root.create_tenant(bad).await).unwrap_err().violations()[0].field, "tenant.slug");

        let first = pb::SignInRequest {
            tenant: "acme".into(),
            email: "boss@acme.example".into(),
            password: PASSWORD.into(),
            new_password: OTHER_PASSWORD.into(),
        };
        let pair = body(world.anonymous().sign_in(first).await).unwrap();
        world.bench.refresh_policy().await;
        let mut boss = world.with(&pair.access_token);
        let me = body(boss.who_am_i(pb::WhoAmIRequest {}).await).unwrap();
        assert_eq!((me.tenant_id.as_str(), me.roles.as_slice()), (tenant.id.as_str(), &["admin".to_owned()][..]));
        let own = pb::GetTenantRequest { id: tenant.id.clone() };
        assert_eq!(body(boss.get_tenant(own).await).unwrap(), tenant);

        // An administrator of a tenant is none of the platform.
        let default = body(root.who_am_i(pb::WhoAmIRequest {}).await).unwrap().tenant_id;
        assert_eq!(reason(boss.get_tenant(pb::GetTenantRequest { id: default.clone() }).await), "NOT_FOUND");
        assert_eq!(reason(boss.create_tenant(new_tenant("mine")).await), "PERMISSION_DENIED");
        assert_eq!(reason(boss.list_tenants(pb::ListTenantsRequest::default()).await), "PERMISSION_DENIED");
        assert_eq!(reason(boss.rotate_keys(pb::RotateKeysRequest {}).await), "PERMISSION_DENIED");
        let both = pb::BatchGetTenantsRequest { ids: vec![default.clone(), tenant.id.clone()] };
        assert_eq!(body(boss.batch_get_tenants(both.clone()).await).unwrap().tenants, std::slice::from_ref(&tenant));
        assert_eq!(body(root.batch_get_tenants(both).await).unwrap().tenants.len(), 2);
        let users = body(boss.list_users(pb::ListUsersRequest::default()).await).unwrap().users;
        assert_eq!(users.len(), 1, "its own users only");

        let list = pb::ListTenantsRequest { page_size: 1, ..Default::default() };
        let page = body(root.list_tenants(list.clone()).await).unwrap();
        assert_eq!(page.tenants, std::slice::from_ref(&tenant));
        let next = pb::ListTenantsRequest { page_token: page.next_page_token, ..list };
        assert_eq!(body(root.list_tenants(next).await).unwrap().tenants[0].slug, "default");

        let renamed = pb::Tenant { display_name: "Acme & Sons".into(), ..tenant.clone() };
        let update = pb::UpdateTenantRequest { tenant: Some(renamed), update_mask: None };
        assert_eq!(body(root.update_tenant(update.clone()).await).unwrap().display_name, "Acme & Sons");
        assert_eq!(reason(root.update_tenant(update).await), "ETAG_MISMATCH");

        let disable = |id: &str| pb::DisableTenantRequest { id: id.into(), etag: String::new() };
        assert_eq!(reason(boss.disable_tenant(disable(&tenant.id)).await), "PERMISSION_DENIED");
        assert_eq!(reason(root.disable_tenant(disable(&default)).await), "DEFAULT_TENANT_PROTECTED");
        let disabled = body(root.disable_tenant(disable(&tenant.id)).await).unwrap();
        assert_eq!(disabled.state(), pb::TenantState::Disabled);
        world.bench.refresh_policy().await;
        assert!(boss.who_am_i(pb::WhoAmIRequest {}).await.is_err());
        let refused = world.sign_in("acme", "boss@acme.example", OTHER_PASSWORD).await.unwrap_err();
        assert_eq!(refused.reason(), "SIGN_IN_FAILED");
        root.enable_tenant(pb::EnableTenantRequest { id: tenant.id, etag: String::new() }).await.unwrap();
        world.sign_in("acme", "boss@acme.example", OTHER_PASSWORD).await.unwrap();
    }

    async fn a_request_id_belongs_to_its_caller(world: World) {
        let mut root = world.root();
        body(root.create_tenant(new_tenant("acme")).await).unwrap();
        world.user("second@example.com", &["admin"]).await;
        let pair = world.sign_in("", "second@example.com", PASSWORD).await.unwrap();
        let mut second = world.with(&pair.access_token);
        let other = body(second.create_tenant(new_tenant("other")).await).unwrap();
        assert_eq!(other.slug, "other", "the same id of somebody else is another request");
        assert_eq!(body(second.create_tenant(new_tenant("other")).await).unwrap(), other);
        assert_eq!(reason(second.create_tenant(new_tenant("acme")).await), "REQUEST_ID_REUSED");
    }

    async fn only_slugs_are_looked_up_at_sign_in(world: World) {
        for tenant in ["No Slug", "-", "a--b", "default\n"] {
            let error = world.sign_in(tenant, FIRST_ADMINISTRATOR, ADMIN_PASSWORD).await.unwrap_err();
            assert_eq!(error.reason(), "INVALID_REQUEST", "{tenant}");
            assert_eq!(error.violations()[0].field, "tenant");
        }
        world.sign_in("", FIRST_ADMINISTRATOR, ADMIN_PASSWORD).await.unwrap();
    }
}
