//! Jobs that start jobs, rolled back: each child is undone in the turn of the step that started it, and parents hold no worker meanwhile.

use crate::{contract::Client, kinds::*, support::*};
use jobs::{Config, Job, Jobs, Kinds, Record, Run, State, Stop, Submission, Undo, WaitKind};
use proto::tessera::jobs::v1 as pb;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex};
use value::{Id, Json};

/// What was undone, in order.
type Log = Arc<Mutex<Vec<String>>>;

/// An effect, then a part of its own where it has one, then a word where it waits for one.
#[derive(Clone, Default)]
struct Part(Log);

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Of {
    name: String,
    inner: Option<Box<Of>>,
    waits: bool,
}

fn part(name: &str) -> Of {
    Of {
        name: name.to_owned(),
        ..Of::default()
    }
}

impl Job for Part {
    const KIND: &'static str = "things.part";
    const TITLE: &'static str = "Does a part";
    const UNDOES: &'static [&'static str] = &["undo"];
    type Input = Of;
    type State = ();
    type Output = String;

    async fn run(&self, run: &mut Run, of: Of, (): ()) -> Result<String, Stop> {
        let step = run.step("does it").undo("undo", &of.name);
        step.local(|_| Ok(())).await?;
        if let Some(inner) = &of.inner {
            run.child::<Part>("inner", inner).await?;
        }
        if of.waits {
            run.signal::<()>("go", None).await?;
        }
        Ok(of.name)
    }

    async fn undo(&self, undo: &mut Undo) -> Result<(), Stop> {
        let name: String = undo.input()?;
        undo.local(|_| Ok(())).await?;
        self.0.lock().unwrap().push(name);
        Ok(())
    }
}

/// Has one part done, and goes on beside another, with steps of its own between.
#[derive(Clone, Default)]
struct Whole(Log);

impl Job for Whole {
    const KIND: &'static str = "things.whole";
    const TITLE: &'static str = "Has parts done";
    const UNDOES: &'static [&'static str] = &["undo"];
    type Input = (Of, Of);
    type State = ();
    type Output = String;

    async fn run(&self, run: &mut Run, (a, b): (Of, Of), (): ()) -> Result<String, Stop> {
        let mut given = String::new();
        run.step("first")
            .undo("undo", &"first")
            .local(|_| Ok(()))
            .await?;
        given += &run.child::<Part>("a", &a).await?;
        run.step("second")
            .undo("undo", &"second")
            .local(|_| Ok(()))
            .await?;
        let beside = run.start::<Part>("b", &b).await?;
        run.step("third")
            .undo("undo", &"third")
            .local(|_| Ok(()))
            .await?;
        given += &run.join("b", beside).await?;
        Ok(given)
    }

    async fn undo(&self, undo: &mut Undo) -> Result<(), Stop> {
        let name: String = undo.input()?;
        undo.local(|_| Ok(())).await?;
        self.0.lock().unwrap().push(name);
        Ok(())
    }
}

/// A service with one worker, so that whoever kept it while it waits for another would wait for ever.
fn house(bench: &Bench) -> (Jobs, Log) {
    house_with(bench, 1)
}

fn house_with(bench: &Bench, workers: u16) -> (Jobs, Log) {
    let log = Log::default();
    let kinds = Kinds::new()
        .with(Part(log.clone()))
        .with(Whole(log.clone()))
        .with(Half)
        .with(Mixed::default())
        .with(Patient)
        .with(Count);
    let config = Config { workers, ..quick() };
    (bench.jobs(config, kinds), log)
}

/// Waits until a job waits for a child; which.
async fn waits_for(jobs: &Jobs, bench: &Bench, id: Id, step: i64) -> Id {
    eventually("a child to be waited for", || async {
        let record = jobs.get(&bench.scope(), id).await.unwrap();
        let wait = record.wait().filter(|wait| wait.kind == WaitKind::Child);
        match wait.filter(|_| record.steps == step) {
            Some(wait) => Ok(wait.name.parse().unwrap()),
            None => Err(record),
        }
    })
    .await
}

async fn child(client: &Client, parent: Id, number: usize) -> pb::Job {
    let mut children = client.children(&parent.to_string()).await;
    children.sort_by_key(|child| child.id.clone());
    children.swap_remove(number)
}

async fn rolled_back(jobs: &Jobs, bench: &Bench, id: Id) -> Record {
    until(jobs, &bench.scope(), id, State::RolledBack).await
}

/// Has a child that cannot be undone in full.
struct Half;

impl Job for Half {
    const KIND: &'static str = "things.half";
    const TITLE: &'static str = "Has all sorts done";
    type Input = ();
    type State = ();
    type Output = ();

    async fn run(&self, run: &mut Run, (): (), (): ()) -> Result<(), Stop> {
        run.child::<Count>("counts", &To { steps: 3, each: 0 })
            .await?;
        run.child::<Mixed>("mixes", &false).await
    }
}

both! {
    async fn children_are_undone_in_their_turn(bench) {
        let (jobs, log) = house(bench);
        let (client, scope) = (Client::of(bench, &jobs), bench.scope());
        let worker = Worker::start(&jobs);
        let a = Of { inner: Some(Box::new(part("inner"))), ..part("a") };
        let b = Of { waits: true, ..part("b") };
        let whole = jobs.submit::<Whole>(&scope, Submission::new((a, b))).await.unwrap();
        let b = waits_for(&jobs, bench, whole.id, 7).await;
        until(&jobs, &scope, b, State::Waiting).await;
        jobs.roll_back(&scope, as_is(whole.id), None, by()).await.unwrap();
        let back = rolled_back(&jobs, bench, whole.id).await;
        assert_eq!(*log.lock().unwrap(), ["third", "b", "second", "inner", "a", "first"]);
        let told = back.rollback().unwrap();
        assert_eq!((told.undone, told.not_undone_count), (5, 0), "three steps of its own, and two jobs");
        assert!(back.wait().is_none() && back.lease_owner.is_none());
        for number in 0..2 {
            assert_eq!(child(&client, whole.id, number).await.state(), pb::JobState::RolledBack);
        }
        // The one that was at work stopped at once, with a word of who asked for it.
        let states = client.states(&b.to_string()).await;
        let stopped = states.iter().find(|turn| turn.to_state() == pb::JobState::Cancelled).unwrap();
        assert_eq!((stopped.actor.as_str(), stopped.reason.as_str()), ("user:me", "because"));
        let steps = client.steps(&whole.id.to_string(), 10).await;
        let start = steps.iter().find(|step| step.name == "start b").unwrap();
        assert_eq!(start.compensation.as_ref().unwrap().state(), pb::CompensationState::Done);
        assert!(start.rolled_back);
        worker.stop().await;
    }

    /// A child that ends, or is cancelled, at the moment when its parent begins to wait for it wakes it all the same.
    async fn who_ends_meanwhile_wakes_its_parent(bench) {
        let (jobs, _) = house_with(bench, 4);
        let (client, scope) = (Client::of(bench, &jobs), bench.scope());
        let worker = Worker::start(&jobs);
        for round in 0..20 {
            let b = Of { waits: round % 2 == 0, ..part("b") };
            let is_cancelled = b.waits;
            let whole = jobs.submit::<Whole>(&scope, Submission::new((part("a"), b))).await.unwrap();
            if !is_cancelled {
                let done = until(&jobs, &scope, whole.id, State::Succeeded).await;
                assert_eq!(done.output.unwrap().0, "ab");
                continue;
            }
            eventually("the second child", || async {
                match client.children(&whole.id.to_string()).await.len() {
                    2 => Ok(()),
                    fewer => Err(fewer),
                }
            })
            .await;
            let b = child(&client, whole.id, 1).await.id.parse().unwrap();
            jobs.cancel(&scope, as_is(b), by()).await.unwrap();
            let failed = until(&jobs, &scope, whole.id, State::Failed).await;
            let fault = failed.error().unwrap();
            assert_eq!(fault.reason, "FAILED_PRECONDITION");
            assert!(fault.message.contains(&format!("{b} it waited for is cancelled")), "{}", fault.message);
        }
        worker.stop().await;
    }

    /// A child that is at work holds the one worker; it stops for its parent, and gives the worker back.
    async fn a_child_at_work_stops_first(bench) {
        let (jobs, _) = house(bench);
        let scope = bench.scope();
        let worker = Worker::start(&jobs);
        let parent = jobs.submit::<Patient>(&scope, Submission::new(100_000)).await.unwrap();
        jobs.signal(&scope, parent.id, ("word".into(), Json("go".into()), String::new()), by()).await.unwrap();
        let count = waits_for(&jobs, bench, parent.id, 5).await;
        at_step(&jobs, &scope, count, 20).await;
        jobs.roll_back(&scope, as_is(parent.id), None, by()).await.unwrap();
        let back = rolled_back(&jobs, bench, parent.id).await.rollback().unwrap();
        assert_eq!((back.undone, back.not_undone_count), (1, 0));
        assert_eq!(bench.effects(count).await, Vec::<i64>::new());
        worker.stop().await;
    }

    async fn what_stays_of_a_child_is_told(bench) {
        let (jobs, _) = house(bench);
        let (client, scope) = (Client::of(bench, &jobs), bench.scope());
        let worker = Worker::start(&jobs);
        let half = jobs.submit::<Half>(&scope, Submission::new(())).await.unwrap();
        until(&jobs, &scope, half.id, State::Succeeded).await;
        let gone = child(&client, half.id, 0).await;
        let mixed = child(&client, half.id, 1).await;
        assert_eq!((gone.kind.as_str(), mixed.kind.as_str()), ("things.count", "things.mixed"));
        jobs.delete(&scope, as_is(gone.id.parse().unwrap()), by()).await.unwrap();
        jobs.roll_back(&scope, as_is(half.id), None, by()).await.unwrap();
        let back = rolled_back(&jobs, bench, half.id).await.rollback().unwrap();
        assert_eq!((back.undone, back.not_undone_count), (0, 2));
        let [mixes, counts] = back.not_undone.as_slice() else { panic!("{back:?}") };
        assert_eq!((mixes.name.as_str(), counts.name.as_str()), ("start mixes", "start counts"), "the latest first");
        assert!(mixes.reason.contains(&mixed.id) && mixes.reason.starts_with("2 of the steps"), "{mixes:?}");
        assert!(counts.reason.contains("was deleted"), "{counts:?}");
        let steps = client.steps(&half.id.to_string(), 10).await;
        let start = steps.iter().find(|step| step.name == "start mixes").unwrap().compensation.clone().unwrap();
        assert_eq!(start.state(), pb::CompensationState::Failed);
        assert_eq!(start.error.unwrap().message, mixes.reason);
        worker.stop().await;
    }

    /// What was started before a checkpoint stays; what was started after it is undone, and started anew when the job goes on.
    async fn back_to_a_checkpoint_only_later_children_are_undone(bench) {
        let (jobs, log) = house(bench);
        let (client, scope) = (Client::of(bench, &jobs), bench.scope());
        let worker = Worker::start(&jobs);
        let b = Of { waits: true, ..part("b") };
        let whole = jobs.submit::<Whole>(&scope, Submission::new((part("a"), b))).await.unwrap();
        let first = waits_for(&jobs, bench, whole.id, 7).await;
        until(&jobs, &scope, first, State::Waiting).await;
        let saved = client.checkpoint(&whole.id.to_string(), "after a", 0).await;
        bench.by_hand("UPDATE job_checkpoints SET seq = 4".into()).await;
        jobs.roll_back(&scope, as_is(whole.id), Some(saved.id.parse().unwrap()), by()).await.unwrap();
        rolled_back(&jobs, bench, whole.id).await;
        assert_eq!(*log.lock().unwrap(), ["third", "b"]);
        jobs.resume(&scope, as_is(whole.id), by()).await.unwrap();
        let second = waits_for(&jobs, bench, whole.id, 10).await;
        assert_ne!(first, second);
        jobs.signal(&scope, second, ("go".into(), Json::default(), String::new()), by()).await.unwrap();
        let done = until(&jobs, &scope, whole.id, State::Succeeded).await;
        assert_eq!(done.output.unwrap().0, "ab");
        assert_eq!(child(&client, whole.id, 0).await.state(), pb::JobState::Succeeded, "a stays as it was");
        worker.stop().await;
    }
}
