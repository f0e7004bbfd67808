//! Definitions with all they use, for other services: whose, which, and until when they hold.

use super::{cases::Case, *};

type Ask = v1::ResolveDefinitionsRequest;

async fn resolve(client: &mut Client, ask: Ask) -> Result<v1::ResolveDefinitionsResponse, Status> {
    Ok(client.resolve_definitions(ask).await?.into_inner())
}

fn metrics(codes: &[&str]) -> Ask {
    Ask {
        metrics: codes.iter().map(|code| (*code).to_owned()).collect(),
        ..Ask::default()
    }
}

fn codes(resolved: &v1::ResolveDefinitionsResponse) -> [String; 3] {
    let join = |codes: Vec<&String>| {
        let codes: Vec<_> = codes.into_iter().map(String::as_str).collect();
        codes.join(" ")
    };
    [
        join(resolved.metrics.iter().map(|metric| &metric.code).collect()),
        join(
            resolved
                .entities
                .iter()
                .map(|entity| &entity.code)
                .collect(),
        ),
        join(resolved.relationships.iter().map(|one| &one.code).collect()),
    ]
}

async fn version(client: &mut Client) -> i64 {
    resolve(client, metrics(&[]))
        .await
        .unwrap()
        .ontology_version
}

testkit::both! {
    async fn a_metric_comes_with_all_it_uses(bench: Bench<Metadata>) {
        with_sample(&bench).await;
        let mut client = Client::new(bench.process_for_admin());
        let found = resolve(&mut client, metrics(&["loss_ratio", "nothing"])).await.unwrap();
        assert_eq!(codes(&found), ["claims_paid loss_ratio premium_earned", "claim policy", "claim_under_policy"]);
        assert_eq!((found.missing_metrics, found.missing_entities), (vec!["nothing".to_owned()], Vec::new()));
        let found = resolve(&mut client, metrics(&["claims_paid_year_to_date", "retention_rate"])).await.unwrap();
        assert_eq!(codes(&found)[..2], ["claims_paid claims_paid_year_to_date retention_rate", "claim policy"]);
        let ask = Ask { entities: vec!["region".to_owned(), "member".to_owned(), "x".to_owned()], ..Ask::default() };
        let found = resolve(&mut client, ask).await.unwrap();
        assert_eq!(codes(&found), ["", "member region", "member_in_region"]);
        assert_eq!(found.missing_entities, ["x"]);
        let all = resolve(&mut client, Ask { everything: true, ..Ask::default() }).await.unwrap();
        assert_eq!((all.metrics.len(), all.entities.len(), all.relationships.len()), (8, 5, 6));
        assert_eq!(all.metrics[0], metric(&mut client, "claims_paid").await);
    }

    async fn what_only_a_formula_names_comes_too(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let hidden = v1::Metric { formula: "margin / count(policy.policy_id)".to_owned(), ..derived("hidden", &["claims_paid"]) };
        create_metric(&mut client, hidden).await.unwrap();
        let mut client = Client::new(bench.process_for_admin());
        let found = resolve(&mut client, metrics(&["hidden"])).await.unwrap();
        assert_eq!(codes(&found)[..2], ["claims_paid hidden margin premium_earned", "claim policy"]);
    }

    async fn the_principal_decides_whose_definitions_they_are(bench: Bench<Metadata>) {
        with_sample(&bench).await;
        let (tenant, other) = (bench.tenant().to_string(), bench.other_tenant().to_string());
        let ask = |tenant_id: &str| Ask { tenant_id: tenant_id.to_owned(), ..metrics(&["margin"]) };
        let mut behalf = Client::new(bench.process_for_admin());
        for named in ["", &tenant] {
            assert_eq!(resolve(&mut behalf, ask(named)).await.unwrap().metrics.len(), 3);
        }
        let error = refused(resolve(&mut behalf, ask(&other)).await);
        assert_eq!(violations(&error), [("tenant_id", "OTHER_TENANT")]);
        let mut process = Client::new(bench.process());
        assert_eq!(resolve(&mut process, ask(&tenant)).await.unwrap().metrics.len(), 3);
        let nothing = resolve(&mut process, ask(&other)).await.unwrap();
        assert_eq!((nothing.ontology_version, nothing.missing_metrics.len()), (0, 1));
        let error = refused(resolve(&mut process, ask("")).await);
        assert_eq!(violations(&error), [("tenant_id", "REQUIRED")]);
        for end_user in [bench.admin(), bench.anonymous()] {
            let error = refused(resolve(&mut Client::new(end_user), ask(&tenant)).await);
            assert_eq!(error.reason(), "INTERNAL_ONLY");
        }
    }

    async fn every_change_of_what_is_calculated_with_makes_a_version(bench: Bench<Metadata>) {
        let mut admin = Client::new(bench.admin());
        let mut client = Client::new(bench.process_for_admin());
        assert_eq!(version(&mut client).await, 0);
        create_actor(&mut admin, actor("a")).await.unwrap();
        assert_eq!(version(&mut client).await, 0, "nobody calculates with actors");
        import(&mut admin, SAMPLE).await.unwrap();
        assert_eq!(version(&mut client).await, 1, "an import is one change");
        import(&mut admin, SAMPLE).await.unwrap();
        assert_eq!(version(&mut client).await, 1, "nothing was changed");

        let known = |known_version| Ask { known_version, ..metrics(&["margin"]) };
        let same = resolve(&mut client, known(1)).await.unwrap();
        assert!(same.unchanged && same.metrics.is_empty(), "{same:?}");
        let made = create_metric(&mut admin, derived("x", &["margin"])).await.unwrap();
        let changed = resolve(&mut client, known(1)).await.unwrap();
        assert!(!changed.unchanged && changed.ontology_version == 2 && changed.metrics.len() == 3, "{changed:?}");
        v1::Metric::delete(&mut admin, &made.id, "").await.unwrap();
        v1::Metric::undelete(&mut admin, &made.id).await.unwrap();
        refused(create_metric(&mut admin, derived("x", &["margin"])).await);
        assert_eq!(version(&mut client).await, 4);
        let mut stranger = Client::new(bench.stranger());
        import(&mut stranger, SAMPLE).await.unwrap();
        assert_eq!(version(&mut client).await, 4, "each tenant has its own");
    }

    async fn changes_at_once_are_changes_one_after_another(bench: Bench<Metadata>) {
        let client = with_sample(&bench).await;
        let create = |number: usize| {
            let mut client = client.clone();
            async move { create_metric(&mut client, derived(&format!("x{number}"), &["margin"])).await.unwrap() }
        };
        let (a, b, c, d) = tokio::join!(create(0), create(1), create(2), create(3));
        assert_eq!([a, b, c, d].len(), 4);
        assert_eq!(version(&mut Client::new(bench.process_for_admin())).await, 5);
    }

    async fn tenants_with_definitions_are_listed(bench: Bench<Metadata>) {
        with_sample(&bench).await;
        import(&mut Client::new(bench.stranger()), SAMPLE).await.unwrap();
        let mut process = Client::new(bench.process());
        let mut ask = v1::ListOntologyTenantsRequest { page_size: 1, ..Default::default() };
        let mut found = Vec::new();
        loop {
            let page = process.list_ontology_tenants(ask.clone()).await.unwrap().into_inner();
            found.extend(page.tenants.into_iter().map(|one| (one.tenant_id, one.ontology_version)));
            ask.page_token = page.next_page_token;
            if ask.page_token.is_empty() {
                break;
            }
        }
        let mut expected = [bench.tenant(), bench.other_tenant()].map(|tenant| (tenant.to_string(), 1));
        expected.sort_unstable();
        assert_eq!(found, expected);
        let mut behalf = Client::new(bench.process_for_admin());
        let own = behalf.list_ontology_tenants(v1::ListOntologyTenantsRequest::default()).await.unwrap().into_inner();
        assert_eq!(own.tenants.len(), 1);
        assert_eq!(own.tenants[0].tenant_id, bench.tenant().to_string());
        let error = refused(Client::new(bench.admin()).list_ontology_tenants(v1::ListOntologyTenantsRequest::default()).await);
        assert_eq!(error.reason(), "INTERNAL_ONLY");
    }
}
