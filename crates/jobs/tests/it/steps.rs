//! Steps: done once, retried, remembered; limits, priorities, and what somebody asks for.

use crate::{kinds::*, support::*};
use jobs::{Kinds, State, Submission};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::sync::Semaphore;

fn to(steps: i64, each: i64) -> Submission<To> {
    Submission::new(To { steps, each })
}

both! {
    /// Proves: OP-02, OP-12, OP-14
    async fn a_job_does_its_steps_and_says_what_they_gave(bench) {
        let jobs = bench.jobs(quick(), Kinds::new().with(Count));
        let worker = Worker::start(&jobs);
        let scope = bench.scope();
        let job = jobs.submit::<Count>(&scope, to(20, 5)).await.unwrap();
        assert_eq!(job.state, State::Queued);
        let done = jobs.wait(&scope, job.id).await.unwrap();
        assert_eq!((done.state, done.steps), (State::Succeeded, 20));
        assert_eq!(done.output.as_ref().unwrap().0, 20);
        assert_eq!((done.progress().done, done.progress().total), (20, 20));
        assert_eq!(bench.effects(job.id).await, (1..=20).collect::<Vec<_>>());
        worker.stop().await;
    }

    async fn the_same_request_is_one_job(bench) {
        let jobs = bench.jobs(quick(), Kinds::new().with(Count));
        let scope = bench.scope();
        let ask = |steps| Submission { request_id: "a".into(), ..to(steps, 0) };
        let first = jobs.submit::<Count>(&scope, ask(1)).await.unwrap();
        assert_eq!(jobs.submit::<Count>(&scope, ask(1)).await.unwrap().id, first.id);
        let other = jobs.submit::<Count>(&scope, ask(2)).await.unwrap_err();
        assert_eq!(other.reason(), "REQUEST_ID_REUSED");
        let stranger = auth::Scope::system(value::Id::new(), "test");
        assert_eq!(jobs.get(&stranger, first.id).await.unwrap_err().reason(), "NOT_FOUND");
    }

    /// Proves: OP-13
    async fn a_step_that_fails_is_tried_again_up_to_its_limit(bench) {
        let flaky = Flaky::default();
        let jobs = bench.jobs(quick(), Kinds::new().with(flaky.clone()));
        let worker = Worker::start(&jobs);
        let scope = bench.scope();
        flaky.0.store(2, Ordering::Relaxed);
        let job = jobs.submit::<Flaky>(&scope, Submission::new(3)).await.unwrap();
        let done = until(&jobs, &scope, job.id, State::Succeeded).await;
        assert_eq!(done.output.unwrap().0, format!("{}:1", job.id));
        flaky.0.store(5, Ordering::Relaxed);
        let job = jobs.submit::<Flaky>(&scope, Submission::new(3)).await.unwrap();
        let failed = until(&jobs, &scope, job.id, State::Failed).await;
        assert_eq!(failed.error().unwrap().message, "not yet");
        // It goes on from the step that failed, with as many tries again.
        jobs.resume(&scope, as_is(job.id), by()).await.unwrap();
        until(&jobs, &scope, job.id, State::Succeeded).await;
        worker.stop().await;
    }

    async fn another_step_than_the_recorded_one_is_told(bench) {
        let jobs = bench.jobs(quick(), Kinds::new().with(Fickle::default()));
        let worker = Worker::start(&jobs);
        let scope = bench.scope();
        let job = jobs.submit::<Fickle>(&scope, Submission::new(())).await.unwrap();
        let failed = until(&jobs, &scope, job.id, State::Failed).await;
        assert_eq!(failed.error().unwrap().reason, "NONDETERMINISTIC");
        worker.stop().await;
    }

    async fn limits_and_priorities_hold(bench) {
        let slow = Slow {
            now: Arc::default(),
            most: Arc::default(),
            order: Arc::default(),
            gate: Arc::new(Semaphore::new(0)),
        };
        let jobs = bench.jobs(quick(), Kinds::new().with(slow.clone()).with(Count));
        let scope = bench.scope();
        let mut ids = Vec::new();
        for number in 0..6 {
            let ask = Submission { priority: i32::try_from(number / 2).unwrap(), ..Submission::new(number) };
            ids.push(jobs.submit::<Slow>(&scope, ask).await.unwrap().id);
        }
        let worker = Worker::start(&jobs);
        for begun in [2, 4, 6] {
            eventually("both places to be taken", || async {
                let seen = (slow.now.load(Ordering::SeqCst), slow.order.lock().unwrap().len());
                (seen == (2, begun)).then_some(()).ok_or(seen)
            })
            .await;
            // There is room for others, and the worker looks for them; the third has to wait.
            let other = jobs.submit::<Count>(&scope, to(1, 0)).await.unwrap();
            until(&jobs, &scope, other.id, State::Succeeded).await;
            assert_eq!(slow.now.load(Ordering::SeqCst), 2);
            slow.gate.add_permits(2);
        }
        for id in ids {
            until(&jobs, &scope, id, State::Succeeded).await;
        }
        assert_eq!(slow.most.load(Ordering::SeqCst), 2, "four workers, two places");
        let order = slow.order.lock().unwrap().clone();
        let ranks: Vec<_> = order.iter().map(|number| number / 2).collect();
        assert_eq!(ranks, [2, 2, 1, 1, 0, 0], "{order:?}");
        worker.stop().await;
    }

    /// What was halted before its time to begin waits for that time again.
    async fn a_halt_does_not_begin_a_job_before_its_time(bench) {
        let jobs = bench.jobs(quick(), Kinds::new().with(Count));
        let scope = bench.scope();
        let worker = Worker::start(&jobs);
        let hour = bench.now().await + Duration::from_secs(3_600);
        let later = jobs.submit::<Count>(&scope, Submission { due: Some(hour), ..to(1, 0) }).await.unwrap();
        assert_eq!(later.due_at, Some(hour));
        for _ in 0..2 {
            let halted = jobs.pause(&scope, as_is(later.id), by()).await.unwrap();
            assert_eq!((halted.state, halted.due_at), (State::Paused, None));
            let waits = jobs.resume(&scope, as_is(later.id), by()).await.unwrap();
            assert_eq!((waits.state, waits.due_at), (State::Queued, Some(hour)));
        }
        // The worker takes what is due, and leaves the other alone.
        let now = jobs.submit::<Count>(&scope, to(1, 0)).await.unwrap();
        until(&jobs, &scope, now.id, State::Succeeded).await;
        let waits = jobs.get(&scope, later.id).await.unwrap();
        assert_eq!((waits.state, waits.attempts), (State::Queued, 0));
        // Where the time came meanwhile, it begins at once.
        jobs.pause(&scope, as_is(later.id), by()).await.unwrap();
        let early = bench.now().await;
        let origin = format!("replace(CAST(origin AS text), '{hour}', '{early}')");
        let cast = if bench.is_postgres() { format!("CAST({origin} AS jsonb)") } else { origin };
        bench.by_hand(format!("UPDATE jobs SET origin = {cast} WHERE state = 'paused'")).await;
        jobs.resume(&scope, as_is(later.id), by()).await.unwrap();
        until(&jobs, &scope, later.id, State::Succeeded).await;
        worker.stop().await;
    }

    /// Proves: OP-01, OP-03, OP-04, OP-22
    async fn what_is_asked_for_is_done_or_refused(bench) {
        let jobs = bench.jobs(quick(), Kinds::new().with(Count));
        let scope = bench.scope();
        let job = jobs.submit::<Count>(&scope, to(400, 0)).await.unwrap();
        let paused = jobs.pause(&scope, as_is(job.id), by()).await.unwrap();
        assert_eq!(paused.state, State::Paused);
        let stale = jobs.resume(&scope, (job.id, "v1".into()), by()).await.unwrap_err();
        assert_eq!(stale.reason(), "ETAG_MISMATCH");
        jobs.resume(&scope, (job.id, "v2".into()), by()).await.unwrap();
        let worker = Worker::start(&jobs);
        until(&jobs, &scope, job.id, State::Running).await;
        jobs.pause(&scope, as_is(job.id), by()).await.unwrap();
        let halted = until(&jobs, &scope, job.id, State::Paused).await;
        assert!(halted.steps < 400 && halted.lease_owner.is_none());
        jobs.resume(&scope, as_is(job.id), by()).await.unwrap();
        until(&jobs, &scope, job.id, State::Running).await;
        jobs.cancel(&scope, as_is(job.id), by()).await.unwrap();
        let gone = until(&jobs, &scope, job.id, State::Cancelled).await;
        let effects = bench.effects(job.id).await;
        assert_eq!(effects, (1..=gone.steps).collect::<Vec<_>>());
        let refused = jobs.resume(&scope, as_is(job.id), by()).await.unwrap_err();
        assert_eq!((refused.reason(), refused.metadata()["allowed"].as_str()), ("JOB_STATE", "rolling_back"));
        worker.stop().await;
    }
}
