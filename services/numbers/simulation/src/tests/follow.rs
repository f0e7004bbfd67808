//! Following runs.

use super::*;
use futures::StreamExt;

async fn follow(client: &mut Client, id: &str) -> Vec<v1::Run> {
    let ask = v1::WatchRunRequest { id: id.to_owned() };
    let stream = client.watch_run(ask).await.unwrap().into_inner();
    stream.map(|run| run.unwrap()).collect().await
}

testkit::both! {
    async fn a_run_is_followed_to_its_end(world: World) {
        world.warehouse.let_pass(Some(2));
        let run = create(&mut world.admin(), story()).await.unwrap();
        let ask = v1::WatchRunRequest { id: run.id.clone() };
        let mut stream = world.admin().watch_run(ask).await.unwrap().into_inner();
        let mut seen = Vec::new();
        loop {
            let run = stream.next().await.unwrap().unwrap();
            seen.push(run);
            if seen[seen.len() - 1].rows_written == 200 {
                break;
            }
        }
        world.warehouse.let_pass(None);
        while let Some(run) = stream.next().await {
            seen.push(run.unwrap());
        }
        let last = &seen[seen.len() - 1];
        assert_eq!((last.state(), last.rows_written), (RunState::Succeeded, last.rows_total));
        assert!(seen.iter().map(|run| run.rows_written).is_sorted());
        let etags: std::collections::BTreeSet<_> = seen.iter().map(|run| &run.etag).collect();
        assert_eq!(etags.len(), seen.len(), "each state once");
        // What has ended is told once.
        let after = follow(&mut world.admin(), &run.id).await;
        assert_eq!(after.len(), 1);
    }

    /// The writer of another process rings no bell here.
    async fn what_another_process_does_is_seen(world: World) {
        world.warehouse.let_pass(Some(0));
        let run = create(&mut world.admin(), story()).await.unwrap();
        world.until(&run.id, RunState::Running).await;
        let follower = follow_later(&world, &run.id);
        let clock = std::sync::Arc::new(value::ManualClock::new(value::Clock::now(world.bench.clock())));
        let elsewhere = jobs::Jobs::new(world.bench.db().clone(), jobs::Config::default());
        let store = crate::store::Store::new(world.bench.db().clone(), clock, elsewhere);
        let asked = store.cancel(&world.bench.scope(), run.id.parse().unwrap()).await.unwrap();
        assert!(asked.cancel);
        let seen = follower.await.unwrap();
        // Its worker may have heard of it before the follower did.
        let last = seen.last().unwrap();
        let stopping = last.message == "stops after the batch in hand";
        assert!(stopping || last.state() == RunState::Cancelled, "{last:?}");
    }
}

/// Follows a run until it is told to stop.
fn follow_later(world: &World, id: &str) -> testkit::tokio::task::JoinHandle<Vec<v1::Run>> {
    let (mut client, ask) = (world.admin(), v1::WatchRunRequest { id: id.to_owned() });
    testkit::tokio::spawn(async move {
        let mut stream = client.watch_run(ask).await.unwrap().into_inner();
        let mut seen = Vec::new();
        while let Some(run) = stream.next().await {
            seen.push(run.unwrap());
            if seen
                .last()
                .is_some_and(|run: &v1::Run| run.message.starts_with("stops"))
            {
                break;
            }
        }
        seen
    })
}
