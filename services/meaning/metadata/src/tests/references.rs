//! Referential integrity: what is referred to exists, stays, and is never built on itself.

use super::{cases::Case, *};

/// Codes of the use cases that require this definition.
async fn requires(client: &mut Client, kind: v1::DefinitionKind, code: &str) -> Vec<String> {
    let target = v1::DefinitionRef {
        kind: kind as i32,
        code: code.to_owned(),
        ..Default::default()
    };
    let filter = v1::DefinitionFilter {
        references: Some(target),
        ..Default::default()
    };
    let found = v1::AnalyticsUseCase::list(client, filter).await.unwrap();
    found.into_iter().map(|case| case.code).collect()
}

testkit::both! {
    /// Proves: META-04
    async fn unknown_references_are_refused_all_at_once(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let made = metric(&mut client, "retention_rate").await;
        let mut wrong = made.clone();
        wrong.code = "wrong".to_owned();
        wrong.entities = vec!["policy".to_owned(), "polcy".to_owned()];
        wrong.metrics = vec!["no_metric".to_owned()];
        wrong.dimensions[0].attribute = "no_attribute".to_owned();
        wrong.module = Some(v1::ModuleRef { value_chain: "retail_health".to_owned(), module: "no_module".to_owned() });
        let error = refused(create_metric(&mut client, wrong).await);
        assert_eq!(error.kind(), error::Kind::InvalidArgument);
        assert_eq!(violations(&error), [
            ("metric.module", "UNKNOWN_REFERENCE"),
            ("metric.entities[1]", "UNKNOWN_REFERENCE"),
            ("metric.metrics[0]", "UNKNOWN_REFERENCE"),
            ("metric.dimensions[0]", "UNKNOWN_REFERENCE"),
        ]);
        assert_eq!(error.violations()[1].description, "there is no entity `polcy`");
        let absent = v1::Metric::get(&mut client, "", "wrong").await;
        assert_eq!(refused(absent).reason(), "NOT_FOUND", "nothing is stored");
        let mut changed = made.clone();
        changed.entities = vec!["polcy".to_owned()];
        let error = refused(update_metric(&mut client, changed, &["entities"]).await);
        assert_eq!(violations(&error), [("metric.entities[0]", "UNKNOWN_REFERENCE")]);
        assert_eq!(metric(&mut client, "retention_rate").await, made);
    }

    /// Proves: META-04
    async fn relationships_join_what_there_is(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let end = |entity: &str, attribute: &str| {
            Some(v1::AttributeRef { entity: entity.to_owned(), attribute: attribute.to_owned() })
        };
        let relationship = |from, to| v1::Relationship {
            code: "joins".to_owned(),
            name: "joins".to_owned(),
            from,
            to,
            cardinality: v1::Cardinality::ManyToOne as i32,
            ..Default::default()
        };
        for (from, to, expected) in [
            (end("policy", "x"), end("nobody", "y"), vec![("relationship.from", "UNKNOWN_REFERENCE"), ("relationship.to", "UNKNOWN_REFERENCE")]),
            (end("policy", "start_date"), end("member", "member_id"), vec![("relationship.to", "TYPE_MISMATCH")]),
            (end("policy", ""), end("member", "member_id"), vec![("relationship.to.attribute", "REQUIRED")]),
            (None, end("member", ""), vec![("relationship.from.entity", "REQUIRED")]),
        ] {
            let error = refused(v1::Relationship::create(&mut client, relationship(from, to), "").await);
            assert_eq!(violations(&error), expected);
        }
    }

    /// Proves: META-06
    async fn a_use_case_links_what_it_requires(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let case = v1::AnalyticsUseCase {
            code: "claims_review".to_owned(),
            name: "Claims review".to_owned(),
            entities: vec!["claim".to_owned(), "member".to_owned()],
            metrics: vec!["loss_ratio".to_owned()],
            ..Default::default()
        };
        let made = v1::AnalyticsUseCase::create(&mut client, case.clone(), "").await.unwrap();
        let read = v1::AnalyticsUseCase::get(&mut client, &made.id, "").await.unwrap();
        assert_eq!((&read.entities, &read.metrics), (&case.entities, &case.metrics));

        let ask = v1::ListReferencesRequest { id: made.id.clone(), ..Default::default() };
        let links = client.list_references(ask.clone()).await.unwrap().into_inner().references;
        let links: Vec<_> = links
            .iter()
            .map(|link| (link.path.as_str(), link.to.as_ref().unwrap()))
            .map(|(path, to)| (path, to.kind(), to.code.as_str(), to.id.is_empty()))
            .collect();
        assert_eq!(links, [
            ("entities[0]", v1::DefinitionKind::Entity, "claim", false),
            ("entities[1]", v1::DefinitionKind::Entity, "member", false),
            ("metrics[0]", v1::DefinitionKind::Metric, "loss_ratio", false),
        ]);
        for (kind, code, linked) in [
            (v1::DefinitionKind::Entity, "claim", true),
            (v1::DefinitionKind::Metric, "loss_ratio", true),
            (v1::DefinitionKind::Metric, "retention_rate", false),
        ] {
            assert_eq!(requires(&mut client, kind, code).await.contains(&made.code), linked, "{code}");
        }
        let ratio = metric(&mut client, "loss_ratio").await;
        let error = refused(v1::Metric::delete(&mut client, &ratio.id, "").await);
        assert!(error.message().contains("analytics_use_case `claims_review`"), "{}", error.message());

        let mut wrong = read.clone();
        wrong.entities.push("unicorn".to_owned());
        wrong.metrics = vec!["no_metric".to_owned()];
        let unknown = [
            ("analytics_use_case.entities[2]", "UNKNOWN_REFERENCE"),
            ("analytics_use_case.metrics[0]", "UNKNOWN_REFERENCE"),
        ];
        let update = v1::AnalyticsUseCase::update(&mut client, wrong.clone(), mask(&["entities", "metrics"])).await;
        assert_eq!(violations(&refused(update)), unknown);
        let new = v1::AnalyticsUseCase { code: "other".to_owned(), ..wrong.plain() };
        assert_eq!(violations(&refused(v1::AnalyticsUseCase::create(&mut client, new, "").await)), unknown);
        assert_eq!(v1::AnalyticsUseCase::get(&mut client, &made.id, "").await.unwrap(), read, "nothing has changed");

        let fewer = v1::AnalyticsUseCase { metrics: Vec::new(), entities: vec!["claim".to_owned()], ..read };
        v1::AnalyticsUseCase::update(&mut client, fewer, mask(&["entities", "metrics"])).await.unwrap();
        assert_eq!(client.list_references(ask).await.unwrap().into_inner().references.len(), 1);
        assert!(!requires(&mut client, v1::DefinitionKind::Metric, "loss_ratio").await.contains(&made.code));
    }

    async fn what_is_built_on_itself_is_refused_naming_the_circle(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let own = refused(create_metric(&mut client, derived("narcissus", &["narcissus"])).await);
        assert_eq!(own.reason(), "DEFINITION_CYCLE");
        assert_eq!(own.message(), "metric narcissus → narcissus is built on itself");
        create_metric(&mut client, derived("a", &["margin"])).await.unwrap();
        let b = create_metric(&mut client, derived("b", &["a"])).await.unwrap();
        create_metric(&mut client, derived("c", &["b"])).await.unwrap();
        let mut a = metric(&mut client, "a").await;
        a.metrics.push("c".to_owned());
        let error = refused(update_metric(&mut client, a, &["metrics"]).await);
        assert_eq!(error.kind(), error::Kind::FailedPrecondition);
        assert_eq!(error.message(), "metric a → c → b → a is built on itself");
        assert_eq!(violations(&error), [("metric.metrics[1]", "DEFINITION_CYCLE")]);
        assert_eq!(metric(&mut client, "b").await, b);

        let mut pattern = v1::ValueChainPattern::get(&mut client, "", "insurance").await.unwrap();
        pattern.parent = "health_insurance".to_owned();
        let error = refused(v1::ValueChainPattern::update(&mut client, pattern, mask(&["parent"])).await);
        assert_eq!(error.reason(), "DEFINITION_CYCLE");
        let mut chain = v1::ValueChain::get(&mut client, "", "retail_health").await.unwrap();
        chain.parent = chain.code.clone();
        let error = refused(v1::ValueChain::update(&mut client, chain, mask(&["parent"])).await);
        assert_eq!(error.reason(), "DEFINITION_CYCLE");
    }

    async fn what_others_refer_to_stays(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let policy = entity(&mut client, "policy").await;
        let error = refused(v1::Entity::delete(&mut client, &policy.id, "").await);
        assert_eq!((error.reason(), error.kind()), ("DEFINITION_IN_USE", error::Kind::FailedPrecondition));
        assert!(error.message().contains("metric `retention_rate`"), "{}", error.message());
        let mut poorer = policy.clone();
        poorer.attributes.retain(|attribute| attribute.code != "line_of_business");
        let error = refused(update_entity(&mut client, poorer, &["attributes"]).await);
        assert_eq!(error.reason(), "DEFINITION_IN_USE");
        assert!(error.message().contains("`line_of_business` is referred to by metric"), "{}", error.message());
        let mut richer = policy.clone();
        richer.attributes.retain(|attribute| attribute.code != "end_date");
        update_entity(&mut client, richer, &["attributes"]).await.expect("nobody refers to it");
        let mut chain = v1::ValueChain::get(&mut client, "", "retail_health").await.unwrap();
        chain.modules.retain(|module| module.code != "claims");
        let error = refused(v1::ValueChain::update(&mut client, chain, mask(&["modules"])).await);
        assert_eq!(violations(&error)[0], ("value_chain.modules", "DEFINITION_IN_USE"));
    }

    async fn what_comes_back_needs_what_it_refers_to(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        create_metric(&mut client, derived("base", &["margin"])).await.unwrap();
        let top = create_metric(&mut client, derived("top", &["base"])).await.unwrap();
        v1::Metric::delete(&mut client, &top.id, "").await.unwrap();
        let base = metric(&mut client, "base").await;
        v1::Metric::delete(&mut client, &base.id, "").await.expect("what is deleted refers to nothing");
        let error = refused(v1::Metric::undelete(&mut client, &top.id).await);
        let unknown = [("metric.metrics[0]", "UNKNOWN_REFERENCE"), ("metric.formula", "FORMULA_UNKNOWN_METRIC")];
        assert_eq!(violations(&error), unknown);
        v1::Metric::undelete(&mut client, &base.id).await.unwrap();
        v1::Metric::undelete(&mut client, &top.id).await.unwrap();
    }

    async fn dependents_and_references_are_listed(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let claim = entity(&mut client, "claim").await;
        let (mut paths, mut token) = (Vec::new(), String::new());
        loop {
            let ask = v1::ListDependentsRequest { id: claim.id.clone(), page_size: 2, page_token: token, ..Default::default() };
            let page = client.list_dependents(ask).await.unwrap().into_inner();
            assert!(page.references.len() <= 2);
            paths.extend(page.references.iter().map(|reference| {
                assert_eq!(reference.to.as_ref().unwrap().id, claim.id);
                let from = reference.from.as_ref().unwrap();
                assert!(!from.id.is_empty() && !from.name.is_empty());
                (from.code.clone(), reference.path.clone())
            }));
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        paths.sort();
        let expected = [
            ("claim_by_member", "from"),
            ("claim_under_policy", "from"),
            ("claims_cost", "entities[0]"),
            ("claims_handler", "entities[0]"),
            ("claims_paid", "entities[0]"),
            ("claims_paid", "formula[1:5]"),
            ("claims_stream", "entities[0]"),
        ];
        assert_eq!(paths, expected.map(|(code, path)| (code.to_owned(), path.to_owned())));
        let ratio = metric(&mut client, "loss_ratio").await;
        let ask = v1::ListReferencesRequest { id: ratio.id.clone(), ..Default::default() };
        let page = client.list_references(ask).await.unwrap().into_inner();
        let paths: Vec<_> = page.references.iter().map(|reference| reference.path.as_str()).collect();
        assert_eq!(paths, ["metrics[0]", "metrics[1]", "module", "ratio.denominator", "ratio.numerator"]);
        let mut stranger = Client::new(bench.stranger());
        let ask = v1::ListReferencesRequest { id: ratio.id.clone(), ..Default::default() };
        assert_eq!(refused(stranger.list_references(ask).await).reason(), "NOT_FOUND");
        let ask = v1::ListDependentsRequest { id: ratio.id, ..Default::default() };
        assert_eq!(refused(stranger.list_dependents(ask).await).reason(), "NOT_FOUND");
    }

    async fn of_a_delete_and_a_new_reference_at_once_one_wins(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        for round in 0..6 {
            let base = create_metric(&mut client, derived(&format!("base_{round}"), &["margin"])).await.unwrap();
            let (mut one, mut two) = (client.clone(), client.clone());
            let top = derived(&format!("top_{round}"), &[&base.code]);
            let deleted = async move { v1::Metric::delete(&mut one, &base.id, "").await.is_ok() };
            let created = async move { create_metric(&mut two, top).await.is_ok() };
            let (deleted, created) = tokio::join!(deleted, created);
            assert!(deleted != created, "round {round}: {deleted} {created}");
        }
        let found = client.check_consistency(v1::CheckConsistencyRequest {}).await.unwrap().into_inner();
        assert!(found.findings.is_empty(), "{:?}", found.findings);
    }
}
