//! Runs from their start to their end, and away again.

use super::*;
use fakes::Mood;

testkit::both! {
    /// Proves: SIM-02, SIM-05, SIM-06, SCN-02
    async fn the_story_is_written(world: World) {
        let tenant = world.bench.tenant();
        let started = create(&mut world.admin(), story()).await.unwrap();
        assert_eq!(started.state(), RunState::Pending);
        assert_eq!(started.entities, ["policy", "member"]);
        assert_eq!(started.parameters["start_count"], "1000");
        assert_eq!((started.seed, started.etag.as_str()), (7, "v1"));
        assert_eq!(started.step(), v1::Step::Month);

        let run = world.until(&started.id, RunState::Succeeded).await;
        // 1,000 at the start; 950 at the end with the 100 that dropped; 20 suspended at both.
        assert_eq!(world.warehouse.count(tenant, "policy"), 1_000 + 950 + 100 + 2 * 20);
        let members = world.warehouse.count(tenant, "member");
        assert_eq!(usize::try_from(run.rows_written).unwrap(), 2_090 + members);
        assert_eq!(run.rows_written, run.rows_total);
        assert_eq!(run.error, "");
        assert!(run.end_time.is_some() && run.message.contains("written"));
        let calls = world.warehouse.calls();
        assert_eq!(calls[0], "policy/0");
        assert_eq!(calls[20], "policy/20");
        assert_eq!(calls[21], "member/0");
    }

    async fn what_is_not_given_is_chosen(world: World) {
        let ask = v1::CreateRunRequest {
            run: Some(v1::Run { scenario: "sales_growth".to_owned(), step: v1::Step::Week as i32, ..Default::default() }),
            define: true,
            ..Default::default()
        };
        let run = world.written(ask).await;
        assert!(run.seed > 0);
        assert_eq!(run.parameters.len(), 9);
        let days = |text: &str| formula::calendar::parse_date(text).unwrap();
        assert_eq!(days(&run.end_date) - days(&run.start_date) + 1, 12 * 7);
        let today = formula::calendar::day_of(value::Clock::now(world.bench.clock()).micros());
        assert!(days(&run.end_date) < today && days(&run.end_date) >= today - 7);
    }

    async fn the_same_request_starts_one_run(world: World) {
        let ask = v1::CreateRunRequest { request_id: "a".to_owned(), ..story() };
        let first = create(&mut world.admin(), ask.clone()).await.unwrap();
        let again = create(&mut world.admin(), ask.clone()).await.unwrap();
        assert_eq!(first.id, again.id);
        world.until(&first.id, RunState::Succeeded).await;
        assert_eq!(create(&mut world.admin(), ask.clone()).await.unwrap().id, first.id);
        let other = v1::CreateRunRequest { define: false, ..ask };
        assert_eq!(refused(create(&mut world.admin(), other).await).reason(), "REQUEST_ID_REUSED");
    }

    async fn every_fault_is_told_at_once(world: World) {
        let mut ask = ask("health_retention", "2025-02-01", "2025-01-01", &[("start_count", "many"), ("colour", "red")]);
        ask.run.as_mut().unwrap().metrics = vec!["revenue".to_owned()];
        let error = refused(create(&mut world.admin(), ask).await);
        let fields: Vec<_> = error.violations().iter().map(|v| v.field.as_str()).collect();
        assert_eq!(fields, ["run.parameters[\"colour\"]", "run.parameters[\"start_count\"]", "run.metrics[0]", "run.end_date"]);
        let large = super::ask("health_retention", "2025-01-01", "2030-01-01", &[("start_count", "5000000"), ("end_count", "5000000"), ("new_count", "0")]);
        let error = refused(create(&mut world.admin(), large).await);
        assert_eq!(error.violations()[0].reason, "TOO_MANY_ROWS");
        assert_eq!(world.metadata.defined(world.bench.tenant()).len(), 0, "nothing is defined for what cannot be made");
    }

    /// Proves: SIM-05
    async fn only_what_the_metrics_need_is_written(world: World) {
        let mut ask = ask("sales_growth", "2025-01-01", "2025-01-31", &[]);
        ask.run.as_mut().unwrap().metrics = vec!["average_order_value".to_owned()];
        let run = world.written(ask).await;
        let tenant = world.bench.tenant();
        assert_eq!(run.entities, ["sales_orders"]);
        assert!(world.warehouse.count(tenant, "sales_orders") > 300);
        assert_eq!(world.warehouse.count(tenant, "sales_people"), 0);
        let defined = world.metadata.defined(tenant);
        assert_eq!(defined, ["entities.sales_orders", "metrics.average_order_value", "metrics.orders", "metrics.revenue"]);
        // Date, amount and region, as the story asks for.
        let written = world.warehouse.attributes("sales_orders");
        assert_eq!(written, ["amount", "date", "order_id", "person_id", "product", "region"]);
    }

    async fn runs_are_listed_the_latest_first(world: World) {
        let mut ids = Vec::new();
        for (scenario, start, end) in [("seasonal_peak", "2025-01-01", "2025-01-20"), ("sales_growth", "2025-01-01", "2025-01-20"), ("seasonal_peak", "2025-03-01", "2025-03-20")] {
            ids.push(world.written(ask(scenario, start, end, &[("id_prefix", "")])).await.id);
        }
        let mut client = world.admin();
        let ask = v1::ListRunsRequest { page_size: 2, ..Default::default() };
        let first = client.list_runs(ask.clone()).await.unwrap().into_inner();
        let next = v1::ListRunsRequest { page_token: first.next_page_token.clone(), ..ask.clone() };
        let rest = client.list_runs(next).await.unwrap().into_inner();
        let listed: Vec<_> = first.runs.iter().chain(&rest.runs).map(|run| run.id.clone()).collect();
        assert_eq!(listed, [ids[2].clone(), ids[1].clone(), ids[0].clone()]);
        let of = v1::ListRunsRequest { scenario: "seasonal_peak".to_owned(), state: RunState::Succeeded as i32, ..Default::default() };
        assert_eq!(client.list_runs(of.clone()).await.unwrap().into_inner().runs.len(), 2);
        let wrong = v1::ListRunsRequest { page_token: first.next_page_token, ..of };
        assert_eq!(refused(client.list_runs(wrong).await).reason(), "INVALID_PAGE_TOKEN");
        let unknown = value::Id::new().to_string();
        let ask = v1::BatchGetRunsRequest { ids: vec![ids[1].clone(), unknown.clone(), ids[0].clone()] };
        let found = client.batch_get_runs(ask).await.unwrap().into_inner();
        assert_eq!(found.runs.iter().map(|run| &run.id).collect::<Vec<_>>(), [&ids[1], &ids[0]]);
        assert_eq!(found.missing_ids, [unknown]);
    }

    async fn a_run_stops_between_batches(world: World) {
        world.warehouse.let_pass(Some(3));
        let run = create(&mut world.admin(), story()).await.unwrap();
        eventually("the fourth batch", async || (world.warehouse.calls().len() == 4).then_some(())).await;
        let asked = cancel(&mut world.admin(), &run.id).await.unwrap();
        assert_eq!((asked.state(), asked.message.as_str()), (RunState::Running, "stops after the batch in hand"));
        assert_eq!(cancel(&mut world.admin(), &run.id).await.unwrap().etag, asked.etag, "asking twice changes nothing");
        assert_eq!(refused(revert(&mut world.admin(), &run.id).await).reason(), "RUN_ACTIVE");
        world.warehouse.let_pass(None);
        let stopped = world.until(&run.id, RunState::Cancelled).await;
        assert_eq!(stopped.rows_written, 400, "the batch in hand is finished");
        assert_eq!(world.warehouse.count(world.bench.tenant(), "policy"), 400);
        assert_eq!(cancel(&mut world.admin(), &run.id).await.unwrap().state(), RunState::Cancelled);
    }

    async fn what_waits_is_cancelled_at_once(world: World) {
        world.warehouse.let_pass(Some(0));
        let first = create(&mut world.admin(), story()).await.unwrap();
        world.until(&first.id, RunState::Running).await;
        let second = create(&mut world.admin(), ask("sales_growth", "2025-01-01", "2025-01-31", &[])).await.unwrap();
        let stopped = cancel(&mut world.admin(), &second.id).await.unwrap();
        assert_eq!(stopped.state(), RunState::Cancelled);
        assert!(stopped.end_time.is_some());
        world.warehouse.let_pass(None);
        world.until(&first.id, RunState::Succeeded).await;
        assert!(!world.warehouse.calls().iter().any(|call| call.starts_with("sales")));
        assert_eq!(refused(cancel(&mut world.admin(), &first.id).await).reason(), "RUN_ENDED");
    }

    async fn a_run_is_taken_away_again(world: World) {
        let run = world.written(story()).await;
        world.warehouse.lose_one("member");
        let gone = revert(&mut world.admin(), &run.id).await.unwrap();
        assert_eq!(gone.state(), RunState::Reverted);
        assert!(gone.message.starts_with(&format!("{} of {} rows", run.rows_total - 1, run.rows_total)), "{}", gone.message);
        assert_eq!(world.warehouse.keys("policy"), Vec::<String>::new());
        assert_eq!(revert(&mut world.admin(), &run.id).await.unwrap().etag, gone.etag);
        assert_eq!(refused(cancel(&mut world.admin(), &run.id).await).reason(), "RUN_ENDED");
        // The same world again: the same keys.
        let again = world.written(story()).await;
        assert_ne!(again.id, run.id);
        assert_eq!(again.rows_written, run.rows_written);
    }

    async fn a_world_that_is_there_is_not_made_twice(world: World) {
        let first = world.written(story()).await;
        let again = create(&mut world.admin(), story()).await.unwrap();
        assert_eq!((again.state(), again.id), (RunState::Succeeded, first.id.clone()));
        let mut fewer = story();
        fewer.run.as_mut().unwrap().metrics = vec!["retention_rate".to_owned()];
        assert_eq!(refused(create(&mut world.admin(), fewer).await).metadata()["run"], first.id);
        // One that was stopped is not there.
        revert(&mut world.admin(), &first.id).await.unwrap();
        world.warehouse.let_pass(Some(1));
        let stopped = create(&mut world.admin(), story()).await.unwrap();
        eventually("its second batch", async || (world.warehouse.count(world.bench.tenant(), "policy") == 100).then_some(())).await;
        cancel(&mut world.admin(), &stopped.id).await.unwrap();
        world.warehouse.let_pass(None);
        world.until(&stopped.id, RunState::Cancelled).await;
        let error = refused(create(&mut world.admin(), story()).await);
        assert_eq!((error.reason(), &error.metadata()["run"]), ("SCENARIO_ALREADY_LOADED", &stopped.id));
        revert(&mut world.admin(), &stopped.id).await.unwrap();
        assert_ne!(world.written(story()).await.id, first.id);
    }

    async fn two_worlds_are_not_counted_together(world: World) {
        let first = world.written(story()).await;
        let other = ask("churn_spike", "2025-01-15", "2025-03-15", &[("start_count", "50")]);
        let error = refused(create(&mut world.admin(), other.clone()).await);
        assert_eq!(error.reason(), "SCENARIO_ALREADY_LOADED");
        assert_eq!(error.metadata()["run"], first.id);
        assert_eq!(error.metadata()["entity"], "policy");
        // Later days, other entities, and whoever insists.
        world.written(ask("churn_spike", "2025-02-02", "2025-03-15", &[("start_count", "50")])).await;
        world.written(ask("seasonal_peak", "2025-01-01", "2025-01-05", &[])).await;
        world.written(v1::CreateRunRequest { allow_overlap: true, ..other }).await;
        revert(&mut world.admin(), &first.id).await.unwrap();
        let error = refused(create(&mut world.admin(), story()).await);
        assert_eq!(error.reason(), "SCENARIO_ALREADY_LOADED", "the other world is still there");
    }

    async fn keys_that_others_have_end_a_run(world: World) {
        let chosen = |start: &str, end: &str| ask("sales_growth", start, end, &[("id_prefix", "shop"), ("orders_per_day", "20")]);
        world.written(chosen("2025-01-01", "2025-01-31")).await;
        let run = create(&mut world.admin(), chosen("2025-02-01", "2025-02-28")).await.unwrap();
        let failed = world.until(&run.id, RunState::Failed).await;
        assert!(failed.error.starts_with("ALREADY_EXISTS: 100 rows of sales_orders"), "{}", failed.error);
        assert!(failed.end_time.is_some());
    }

    async fn what_cannot_be_taken_now_is_tried_again(world: World) {
        world.warehouse.moods([Mood::Busy, Mood::Silent]);
        let run = world.written(story()).await;
        assert_eq!(run.rows_written, run.rows_total);
        assert_eq!(world.warehouse.calls()[..4], ["policy/0", "policy/0", "policy/0", "policy/1"]);
    }

    async fn rows_that_are_refused_end_a_run(world: World) {
        world.warehouse.moods([Mood::Refuses]);
        let run = create(&mut world.admin(), story()).await.unwrap();
        let failed = world.until(&run.id, RunState::Failed).await;
        assert!(failed.error.contains("warehouse refused 1 rows of policy; the first: status NOT_ALLOWED: must be one of others"), "{}", failed.error);
        assert_eq!(failed.rows_written, 0);
        // It wrote nothing, so it is in nobody's way.
        world.written(story()).await;
    }

    async fn each_state_is_announced(world: World) {
        use prost::Message;
        let run = world.written(story()).await;
        revert(&mut world.admin(), &run.id).await.unwrap();
        let scope = auth::Scope::system_all("test");
        let later = value::Clock::now(world.bench.clock());
        let events = world.bench.db().claim(&scope, move |c| db::outbox::claim_batch(c, later, std::time::Duration::from_secs(1), 100)).await.unwrap();
        // Its job tells of itself beside it.
        let events: Vec<_> = events.into_iter().filter(|event| event.topic == "tessera.simulation.v1.RunChanged").collect();
        let told: Vec<_> = events.iter().map(|event| v1::RunChanged::decode(event.payload.as_slice()).unwrap()).collect();
        let states: Vec<_> = told.iter().map(v1::RunChanged::state).collect();
        assert_eq!(states, [RunState::Pending, RunState::Running, RunState::Succeeded, RunState::Reverted]);
        assert!(told.iter().all(|event| event.id == run.id && event.scenario == "health_retention"));
    }

    async fn tables_are_what_the_migrations_say(world: World) {
        assert_eq!(world.bench.drift().await, []);
    }
}
