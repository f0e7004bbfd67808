//! Who may do what.

use super::*;
use proto::{Method, check::Checked};
use std::str::FromStr;
use tonic::{Code, Request, client::Grpc, codegen::http::uri::PathAndQuery};

fn methods() -> impl Iterator<Item = &'static Method> {
    proto_numbers::CONTRACTS
        .methods
        .iter()
        .filter(|method| method.service == "simulation")
}

/// Calls a method with an empty message.
async fn call(channel: Channel, method: &Method) -> Code {
    let mut grpc = Grpc::new(channel);
    let path = PathAndQuery::from_str(method.path).unwrap();
    grpc.ready().await.unwrap();
    let outcome = grpc
        .unary::<(), (), _>(Request::new(()), path, Checked::default())
        .await;
    outcome.map_or_else(|status| status.code(), |_| Code::Ok)
}

/// The outcome is that the caller lacks this permission, and says so.
fn lacks<T: Debug>(outcome: Result<T, Status>, permission: &str) {
    let error = refused(outcome);
    assert_eq!(error.reason(), "PERMISSION_DENIED");
    assert_eq!(error.metadata()["permission"], permission);
}

testkit::both! {
    async fn every_method_needs_its_permission(world: World) {
        assert_eq!(methods().count(), 11);
        for method in methods() {
            assert_eq!(call(world.bench.anonymous(), method).await, Code::Unauthenticated, "{}", method.path);
            let others = world.bench.with_permissions(&["governance.*", "simulation.unicorns.*"]);
            assert_eq!(call(others, method).await, Code::PermissionDenied, "{}", method.path);
            let reader = call(world.bench.with_permissions(&["*.read"]), method).await;
            assert_eq!(reader == Code::PermissionDenied, method.permission.ends_with(".write"), "{}", method.path);
        }
    }

    /// A run writes with nobody's rights, so whoever starts it needs them all.
    async fn who_starts_a_run_may_do_what_it_does(world: World) {
        let own = ["simulation.runs.write", "simulation.runs.read"];
        let client = |more: &[&str]| Client::new(world.bench.with_permissions(&[&own[..], more].concat()));
        lacks(create(&mut client(&[]), story()).await, "warehouse.records.write");
        let writer = ["warehouse.records.write"];
        lacks(create(&mut client(&writer), story()).await, "metadata.ontology.write");
        let some = ["warehouse.records.write", "metadata.ontology.write", "metadata.entities.write", "metadata.relationships.write"];
        lacks(create(&mut client(&some), story()).await, "metadata.metrics.write");
        let all = [&some[..], &["metadata.metrics.write"]].concat();
        let run = create(&mut client(&all), story()).await.unwrap();
        world.until(&run.id, RunState::Succeeded).await;
        lacks(revert(&mut client(&[]), &run.id).await, "warehouse.records.write");
        let mut bare = v1::CreateRunRequest { define: false, allow_overlap: true, ..story() };
        bare.run.as_mut().unwrap().seed = 8;
        create(&mut client(&writer), bare).await.expect("nothing is defined");
        revert(&mut client(&writer), &run.id).await.unwrap();
    }

    async fn a_stranger_finds_nothing(world: World) {
        let run = world.written(story()).await;
        let mut stranger = Client::new(world.bench.stranger());
        assert_eq!(refused(get(&mut stranger, &run.id).await).reason(), "NOT_FOUND");
        assert_eq!(refused(cancel(&mut stranger, &run.id).await).reason(), "NOT_FOUND");
        assert_eq!(refused(revert(&mut stranger, &run.id).await).reason(), "NOT_FOUND");
        let ask = v1::WatchRunRequest { id: run.id.clone() };
        assert_eq!(refused(stranger.watch_run(ask).await.map(drop)).reason(), "NOT_FOUND");
        let ask = v1::ListTruthsRequest { id: run.id.clone(), ..Default::default() };
        assert_eq!(refused(stranger.list_truths(ask).await).reason(), "NOT_FOUND");
        assert_eq!(stranger.list_runs(v1::ListRunsRequest::default()).await.unwrap().into_inner().runs, []);
        let ask = v1::BatchGetRunsRequest { ids: vec![run.id.clone()] };
        assert_eq!(stranger.batch_get_runs(ask).await.unwrap().into_inner().missing_ids, [run.id]);
        // The same world in another tenant: nothing of the first is in its way.
        let own = create(&mut stranger, story()).await.unwrap();
        eventually("the stranger's run", async || {
            let run = get(&mut stranger.clone(), &own.id).await.unwrap();
            (run.state() == RunState::Succeeded).then_some(())
        })
        .await;
        assert_eq!(world.warehouse.count(world.bench.other_tenant(), "policy"), 2_090);
    }

    async fn who_sees_some_rows_writes_and_learns_of_none(world: World) {
        let run = world.written(story()).await;
        let filters = [("policy", "region_code = 'North'")];
        let mut some = Client::new(world.bench.with_row_filters(&["*"], &filters));
        let mut ask = v1::CreateRunRequest { allow_overlap: true, ..story() };
        ask.run.as_mut().unwrap().seed = 9;
        assert_eq!(refused(create(&mut some, ask).await).reason(), "ROWS_HIDDEN");
        assert_eq!(refused(revert(&mut some, &run.id).await).reason(), "ROWS_HIDDEN");
        let ask = v1::ListTruthsRequest { id: run.id.clone(), metric: "retention_rate".to_owned(), ..Default::default() };
        let error = refused(some.list_truths(ask.clone()).await);
        assert_eq!((error.reason(), error.metadata()["entity"].as_str()), ("ROWS_HIDDEN", "policy"));
        let others = Client::new(world.bench.with_row_filters(&["*"], &[("claim", "amount < 10")])).list_truths(ask).await;
        assert!(!others.unwrap().into_inner().truths.is_empty());
        assert_eq!(get(&mut some, &run.id).await.unwrap().id, run.id);
    }
}
