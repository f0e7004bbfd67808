//! Writers that end, and others that go on: leases, and batches that count once.

use super::*;
use crate::{
    model::run::{Place, RunState as State},
    store::{Hold, Store},
};
use auth::Scope;
use std::{sync::Arc, time::Duration};
use testkit::ManualClock;
use value::{Clock, Id};

const LEASE: Duration = Duration::from_secs(60);

/// The store as another process has it.
fn elsewhere(world: &World) -> (Store, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(world.bench.clock().now()));
    (Store::new(world.bench.db().clone(), clock.clone()), clock)
}

fn everywhere() -> Scope {
    Scope::system_all("test")
}

testkit::both! {
    /// A process stands still; another one takes its run over, and the first one then leaves it alone.
    async fn a_run_is_taken_over_when_its_lease_ends(world: World) {
        world.warehouse.let_pass(Some(2));
        let run = create(&mut world.admin(), story()).await.unwrap();
        eventually("the third batch", async || (world.warehouse.calls().len() == 3).then_some(())).await;

        let (store, clock) = elsewhere(&world);
        let other = Id::new();
        assert!(store.claim(&everywhere(), other, LEASE).await.unwrap().is_none(), "somebody is at work");
        clock.advance(LEASE);
        let taken = store.claim(&everywhere(), other, LEASE).await.unwrap().expect("nobody was heard of");
        assert!(taken.again);
        assert_eq!(taken.run.place, Place { target: 0, batch: 2 });
        assert_eq!(taken.run.rows_written, 200);

        // The first one wakes up: its batch is written, and it moves nothing on.
        world.warehouse.let_pass(None);
        eventually("the first writer's batch", async || (world.warehouse.count(world.bench.tenant(), "policy") == 300).then_some(())).await;
        let id = run.id.parse().unwrap();
        let here = world.bench.scope();
        assert_eq!(store.renew(&here, (id, other), LEASE).await.unwrap(), Hold::Kept);
        assert_eq!(get(&mut world.admin(), &run.id).await.unwrap().rows_written, 200);

        // The second one ends too; the first one takes the run back, and the batch in doubt counts once.
        world.bench.clock().advance(LEASE * 4);
        let done = world.until(&run.id, RunState::Succeeded).await;
        assert_eq!(done.rows_written, done.rows_total);
        assert_eq!(world.warehouse.count(world.bench.tenant(), "policy"), 2_090);
        let calls = world.warehouse.calls();
        assert_eq!(calls[..5], ["policy/0", "policy/1", "policy/2", "policy/2", "policy/3"]);
        assert_eq!(store.renew(&here, (id, other), LEASE).await.unwrap(), Hold::Lost);
    }

    /// A process came to its end in the middle; after a restart the run goes on, also where the names of batches are forgotten.
    async fn a_run_goes_on_where_it_stopped(world: World) {
        world.warehouse.let_pass(Some(4));
        let run = create(&mut world.admin(), story()).await.unwrap();
        eventually("the fifth batch", async || (world.warehouse.calls().len() == 5).then_some(())).await;
        let (store, clock) = elsewhere(&world);
        clock.advance(LEASE);
        store.claim(&everywhere(), Id::new(), LEASE).await.unwrap().expect("it is taken from the first");
        world.warehouse.let_pass(None);
        eventually("the batch in hand", async || (world.warehouse.count(world.bench.tenant(), "policy") == 500).then_some(())).await;
        world.warehouse.forget();
        world.bench.clock().advance(LEASE * 4);
        let done = world.until(&run.id, RunState::Succeeded).await;
        assert_eq!((done.error.as_str(), done.rows_written), ("", done.rows_total));
        assert_eq!(world.warehouse.calls()[4..7], ["policy/4", "policy/4", "policy/5"], "it begins with the batch in doubt");
        assert_eq!(world.warehouse.count(world.bench.tenant(), "policy"), 2_090);
    }

    async fn who_has_lost_a_run_moves_nothing(world: World) {
        world.warehouse.let_pass(Some(0));
        let run = create(&mut world.admin(), story()).await.unwrap();
        world.until(&run.id, RunState::Running).await;
        let (store, _) = elsewhere(&world);
        let (here, id, nobody) = (world.bench.scope(), run.id.parse().unwrap(), Id::new());
        let note = (Place { target: 1, batch: 9 }, 5, "x".to_owned());
        assert_eq!(store.advance(&here, (id, nobody), note, LEASE).await.unwrap(), Hold::Lost);
        assert_eq!(store.tell(&here, (id, nobody), "x".to_owned()).await.unwrap(), Hold::Lost);
        let end = (State::Failed, "x".to_owned(), "x".to_owned());
        assert_eq!(store.finish(&here, (id, nobody), end).await.unwrap(), Hold::Lost);
        assert_eq!(store.release(&here, (id, nobody)).await.unwrap(), Hold::Lost);
        let after = get(&mut world.admin(), &run.id).await.unwrap();
        assert_eq!((after.state(), after.rows_written, after.message.as_str()), (RunState::Running, 0, "begins"));
    }

    /// What is given back is free at once.
    async fn a_process_that_stops_gives_its_run_back(world: World) {
        world.warehouse.let_pass(Some(0));
        let run = create(&mut world.admin(), story()).await.unwrap();
        world.until(&run.id, RunState::Running).await;
        let (store, clock) = elsewhere(&world);
        clock.advance(LEASE);
        let (one, two) = (Id::new(), Id::new());
        store.claim(&everywhere(), one, LEASE).await.unwrap().expect("it is taken from the first");
        assert!(store.claim(&everywhere(), two, LEASE).await.unwrap().is_none());
        let held = (run.id.parse().unwrap(), one);
        assert_eq!(store.release(&world.bench.scope(), held).await.unwrap(), Hold::Kept);
        assert!(store.claim(&everywhere(), two, LEASE).await.unwrap().expect("it is free").again);
    }

    /// A run whose writer is gone is cancelled by whoever finds it.
    async fn what_nobody_works_at_can_be_cancelled(world: World) {
        world.warehouse.let_pass(Some(1));
        let run = create(&mut world.admin(), story()).await.unwrap();
        eventually("the second batch", async || (world.warehouse.calls().len() == 2).then_some(())).await;
        let (store, clock) = elsewhere(&world);
        clock.advance(LEASE);
        store.claim(&everywhere(), Id::new(), LEASE).await.unwrap().expect("it is taken from the first");
        world.warehouse.let_pass(None);
        eventually("the batch in hand", async || (world.warehouse.count(world.bench.tenant(), "policy") == 200).then_some(())).await;
        assert_eq!(cancel(&mut world.admin(), &run.id).await.unwrap().state(), RunState::Running);
        world.bench.clock().advance(LEASE * 4);
        let ended = world.until(&run.id, RunState::Cancelled).await;
        assert_eq!(ended.rows_written, 100);
        assert_eq!(world.warehouse.calls().len(), 2, "not one batch more");
    }

    /// Shutdown waits for the batch in hand, and writes no other.
    async fn a_writer_stops_with_its_process(world: World) {
        world.warehouse.let_pass(Some(1));
        create(&mut world.admin(), story()).await.unwrap();
        eventually("the second batch", async || (world.warehouse.calls().len() == 2).then_some(())).await;
        let World { bench, warehouse, .. } = world;
        let stopped = testkit::tokio::spawn(bench.stop());
        testkit::tokio::task::yield_now().await;
        warehouse.let_pass(Some(1));
        assert!(stopped.await.unwrap());
        assert!(warehouse.calls().len() <= 3, "{:?}", warehouse.calls());
    }
}
