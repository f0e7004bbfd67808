//! What is true in the world of a run.

use super::*;

async fn all(client: &mut Client, ask: v1::ListTruthsRequest) -> Vec<v1::Truth> {
    let (mut truths, mut token) = (Vec::new(), String::new());
    loop {
        let ask = v1::ListTruthsRequest {
            page_token: token,
            ..ask.clone()
        };
        let page = client.list_truths(ask).await.unwrap().into_inner();
        truths.extend(page.truths);
        token = page.next_page_token;
        if token.is_empty() {
            return truths;
        }
    }
}

testkit::both! {
    /// Proves: SCN-10, SCN-11, SCN-12, SCN-14
    async fn the_story_is_known_beforehand(world: World) {
        world.warehouse.let_pass(Some(0));
        let run = create(&mut world.admin(), story()).await.unwrap();
        let ask = v1::ListTruthsRequest { id: run.id.clone(), page_size: 7, ..Default::default() };
        let truths = all(&mut world.admin(), ask.clone()).await;
        let find = |metric: &str, dimensions: &[(&str, &str)]| {
            let wanted = |truth: &&v1::Truth| {
                truth.metric == metric
                    && truth.start == "2025-01-01"
                    && truth.dimensions.len() == dimensions.len()
                    && dimensions.iter().all(|(name, text)| truth.dimensions.get(*name).is_some_and(|found| found == text))
            };
            truths.iter().find(wanted).unwrap()
        };
        let rate = find("retention_rate", &[]);
        assert_eq!((rate.end.as_str(), rate.value.as_str()), ("2025-02-01", "0.9"));
        for (name, figure) in [("start", "1000"), ("end", "950"), ("new", "50"), ("retained", "900"), ("dropped", "100")] {
            assert_eq!(rate.figures[name], figure);
        }
        assert_eq!(find("retention_rate_simple", &[]).value, "0.95");
        let north: u64 = find("policies_at_start", &[("region_code", "North")]).value.parse().unwrap();
        assert!((250..450).contains(&north));
        let whole: u64 = ["North", "South", "East", "West"].iter().map(|region| find("policies_at_start", &[("region_code", region)]).value.parse::<u64>().unwrap()).sum();
        assert_eq!(whole, 1_000);

        let order: Vec<_> = truths.iter().map(|truth| (truth.metric.clone(), truth.start.clone(), truth.end.clone())).collect();
        assert!(order.is_sorted());
        let one = v1::ListTruthsRequest { metric: "policies_new".to_owned(), ..ask.clone() };
        let news = all(&mut world.admin(), one.clone()).await;
        assert_eq!(news.len(), 1 + 4 + 3);
        assert_eq!(news[0].value, "50");
        let unknown = v1::ListTruthsRequest { metric: "revenue".to_owned(), ..ask.clone() };
        assert!(all(&mut world.admin(), unknown).await.is_empty());
        let page = world.admin().list_truths(ask).await.unwrap().into_inner();
        let wrong = v1::ListTruthsRequest { page_token: page.next_page_token, ..one };
        assert_eq!(refused(world.admin().list_truths(wrong).await).reason(), "INVALID_PAGE_TOKEN");
    }

    async fn only_what_was_asked_for_is_told(world: World) {
        let mut ask = ask("sales_growth", "2025-01-01", "2025-03-31", &[]);
        ask.run.as_mut().unwrap().metrics = vec!["sales_efficiency".to_owned()];
        let run = world.written(ask).await;
        let truths = all(&mut world.admin(), v1::ListTruthsRequest { id: run.id, page_size: 1000, ..Default::default() }).await;
        assert!(truths.iter().all(|truth| truth.metric == "sales_efficiency"));
        // Three months and the whole, over all and by region; people have no product.
        assert_eq!(truths.len(), 4 * (1 + 4));
        assert!(truths[0].figures["revenue"].parse::<f64>().unwrap() > 0.0);
        assert!(truths[0].value.contains('/') || truths[0].value.contains('.') || !truths[0].value.is_empty());
    }
}
