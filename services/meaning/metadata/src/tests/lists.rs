//! Lists: filters, orders, and pages that stay put while others write.

use super::{cases::Case, *};
use std::time::Duration;

async fn codes(client: &mut Client, filter: v1::DefinitionFilter) -> Vec<String> {
    v1::Metric::list(client, filter)
        .await
        .unwrap()
        .into_iter()
        .map(|metric| metric.code)
        .collect()
}

async fn page(client: &mut Client, order_by: &str, token: &str) -> (Vec<String>, String) {
    let ask = v1::ListActorsRequest {
        page_size: 3,
        page_token: token.to_owned(),
        order_by: order_by.to_owned(),
        filter: None,
    };
    let page = client.list_actors(ask).await.unwrap().into_inner();
    (
        page.actors.into_iter().map(|actor| actor.code).collect(),
        page.next_page_token,
    )
}

testkit::both! {
    async fn filters_narrow(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let filter = v1::DefinitionFilter::default;
        assert_eq!(codes(&mut client, filter()).await.len(), 8);
        let text = v1::DefinitionFilter { text: "CLAIMS paid".to_owned(), ..filter() };
        assert_eq!(codes(&mut client, text).await, ["claims_paid", "claims_paid_year_to_date", "loss_ratio"]);
        let text = v1::DefinitionFilter { text: "claims_paid_y".to_owned(), ..filter() };
        assert_eq!(codes(&mut client, text).await, ["claims_paid_year_to_date"]);
        let tag = v1::DefinitionFilter { tags: vec!["board".to_owned()], ..filter() };
        assert_eq!(codes(&mut client, tag).await, ["loss_ratio", "retention_rate"]);
        let tags = v1::DefinitionFilter { tags: vec!["board".to_owned(), "core".to_owned()], ..filter() };
        assert!(codes(&mut client, tags).await.is_empty());
        let chain = v1::DefinitionFilter { value_chain: "retail_health".to_owned(), ..filter() };
        assert_eq!(codes(&mut client, chain.clone()).await.len(), 8);
        let module = v1::DefinitionFilter { module: "acquisition".to_owned(), ..chain };
        assert_eq!(codes(&mut client, module).await, ["premium_earned"]);
        let target = |kind: v1::DefinitionKind, code: &str| v1::DefinitionFilter {
            references: Some(v1::DefinitionRef { kind: kind as i32, code: code.to_owned(), ..Default::default() }),
            ..filter()
        };
        let claim = target(v1::DefinitionKind::Entity, "claim");
        assert_eq!(codes(&mut client, claim).await, ["claims_paid"]);
        let paid = target(v1::DefinitionKind::Metric, "claims_paid");
        assert_eq!(codes(&mut client, paid).await, ["claims_paid_year_to_date", "loss_ratio", "margin"]);

        let mut draft = metric(&mut client, "margin").await;
        draft.state = v1::State::Draft as i32;
        update_metric(&mut client, draft, &["state"]).await.unwrap();
        let drafts = v1::DefinitionFilter { states: vec![v1::State::Draft as i32], ..filter() };
        assert_eq!(codes(&mut client, drafts).await, ["margin"]);

        let lost = v1::DefinitionFilter { module: "claims".to_owned(), ..filter() };
        let error = refused(v1::Metric::list(&mut client, lost).await);
        assert_eq!(violations(&error), [("filter.value_chain", "REQUIRED")]);
    }

    async fn orders_go_both_ways(bench: Bench<Metadata>) {
        let mut client = Client::new(bench.admin());
        for (code, name) in [("c", "alpha"), ("a", "Gamma"), ("d", "beta"), ("b", "Delta")] {
            bench.clock().advance(Duration::from_secs(1));
            create_actor(&mut client, v1::Actor { name: name.to_owned(), ..actor(code) }).await.unwrap();
        }
        bench.clock().advance(Duration::from_secs(1));
        let mut touched = v1::Actor::get(&mut client, "", "a").await.unwrap();
        touched.owner = "someone".to_owned();
        v1::Actor::update(&mut client, touched, mask(&["owner"])).await.unwrap();
        for (order, expected) in [
            ("", "abcd"),
            ("code desc", "dcba"),
            ("name", "cdba"),
            ("name desc", "abdc"),
            ("create_time", "cadb"),
            ("create_time desc", "bdac"),
            ("update_time", "cdba"),
            ("update_time desc", "abdc"),
        ] {
            let (mut all, token) = page(&mut client, order, "").await;
            let (rest, end) = page(&mut client, order, &token).await;
            all.extend(rest);
            assert_eq!((all.concat().as_str(), end.as_str()), (expected, ""), "{order}");
        }
        let ask = v1::ListActorsRequest { order_by: "colour".to_owned(), ..Default::default() };
        assert_eq!(refused(client.list_actors(ask).await).reason(), "INVALID_REQUEST");
    }

    async fn pages_stay_put_while_others_write(bench: Bench<Metadata>) {
        let mut client = Client::new(bench.admin());
        for number in 0..9 {
            create_actor(&mut client, actor(&format!("m_{number}"))).await.unwrap();
        }
        let (mut seen, mut token) = page(&mut client, "", "").await;
        for round in 0.. {
            create_actor(&mut client, actor(&format!("a_{round}"))).await.unwrap();
            create_actor(&mut client, actor(&format!("z_{round}"))).await.unwrap();
            if token.is_empty() || round > 4 {
                break;
            }
            let (next, after) = page(&mut client, "", &token).await;
            seen.extend(next);
            token = after;
        }
        let stable: Vec<_> = seen.iter().filter(|code| code.starts_with("m_")).cloned().collect();
        assert_eq!(stable, (0..9).map(|number| format!("m_{number}")).collect::<Vec<_>>());
        let unique: std::collections::BTreeSet<_> = seen.iter().collect();
        assert_eq!(unique.len(), seen.len());
    }

    async fn a_token_belongs_to_its_list(bench: Bench<Metadata>) {
        let mut client = Client::new(bench.admin());
        for number in 0..5 {
            create_actor(&mut client, actor(&format!("m_{number}"))).await.unwrap();
        }
        let (_, token) = page(&mut client, "", "").await;
        for (order_by, page_token) in [("name", token.clone()), ("", "rubbish".to_owned())] {
            let (order_by, page_size) = (order_by.to_owned(), 3);
            let ask = v1::ListActorsRequest { order_by, page_token, page_size, filter: None };
            assert_eq!(refused(client.list_actors(ask).await).reason(), "INVALID_PAGE_TOKEN");
        }
        let ask = v1::ListMetricsRequest { page_token: token, ..Default::default() };
        assert_eq!(refused(client.list_metrics(ask).await).reason(), "INVALID_PAGE_TOKEN");
    }

    async fn one_list_has_all_kinds(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let filter = Some(v1::DefinitionFilter { text: "claims".to_owned(), ..Default::default() });
        let ask = v1::ListDefinitionsRequest { filter, ..Default::default() };
        let all = client.list_definitions(ask.clone()).await.unwrap().into_inner().definitions;
        let kinds = vec![v1::DefinitionKind::Actor as i32, v1::DefinitionKind::DataSource as i32];
        let some = client.list_definitions(v1::ListDefinitionsRequest { kinds, ..ask.clone() }).await.unwrap();
        assert!(all.len() > some.get_ref().definitions.len());
        assert_eq!(some.into_inner().definitions.len(), 2);
        let mut stranger = Client::new(bench.stranger());
        assert!(stranger.list_definitions(ask).await.unwrap().into_inner().definitions.is_empty());
    }
}
