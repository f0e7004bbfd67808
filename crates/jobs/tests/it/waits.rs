//! Timers, signals, children.

use crate::{kinds::*, support::*};
use jobs::{Kinds, State, Submission, WaitKind};
use value::Json;

both! {
    async fn a_job_waits_without_a_worker(bench) {
        let jobs = bench.jobs(quick(), Kinds::new().with(Patient).with(Count));
        let worker = Worker::start(&jobs);
        let scope = bench.scope();
        let job = jobs.submit::<Patient>(&scope, Submission::new(3)).await.unwrap();
        let waits = loop {
            let record = until(&jobs, &scope, job.id, State::Waiting).await;
            if record.wait().is_some_and(|wait| wait.name == "word") {
                break record;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(waits.wait().unwrap().kind, WaitKind::Signal);
        assert!(waits.lease_owner.is_none() && waits.due_at.is_none());
        // A restart in between changes nothing.
        worker.stop().await;
        let worker = Worker::start(&jobs);
        for _ in 0..2 {
            let what = ("word".to_owned(), Json("yes".into()), "once".to_owned());
            jobs.signal(&scope, job.id, what, by()).await.unwrap();
        }
        let done = until(&jobs, &scope, job.id, State::Succeeded).await;
        assert_eq!(done.output.unwrap().0, "None Some(\"yes\") 3");
        let late = jobs.signal(&scope, job.id, ("word".into(), Json::default(), String::new()), by()).await;
        assert_eq!(late.unwrap_err().reason(), "JOB_STATE");
        worker.stop().await;
    }

    /// What is asked of a job at the moment when it begins to wait is not left until it is woken.
    async fn who_waits_is_cancelled_too(bench) {
        let jobs = bench.jobs(quick(), Kinds::new().with(Patient).with(Count).with(Said));
        let scope = bench.scope();
        let worker = Worker::start(&jobs);
        for _ in 0..10 {
            let job = jobs.submit::<Patient>(&scope, Submission::new(1)).await.unwrap();
            while jobs.get(&scope, job.id).await.unwrap().steps < 2 {
                tokio::task::yield_now().await;
            }
            jobs.cancel(&scope, as_is(job.id), by()).await.unwrap();
            until(&jobs, &scope, job.id, State::Cancelled).await;
        }
        // A signal that says nothing is one all the same.
        let job = jobs.submit::<Said>(&scope, Submission::new(())).await.unwrap();
        let what = ("word".to_owned(), Json::default(), String::new());
        jobs.signal(&scope, job.id, what, by()).await.unwrap();
        let done = until(&jobs, &scope, job.id, State::Succeeded).await;
        assert_eq!(done.output.unwrap().0, true);
        worker.stop().await;
    }

    async fn who_cancels_a_job_cancels_its_children(bench) {
        let jobs = bench.jobs(quick(), Kinds::new().with(Patient).with(Count));
        let worker = Worker::start(&jobs);
        let scope = bench.scope();
        let job = jobs.submit::<Patient>(&scope, Submission::new(100_000)).await.unwrap();
        jobs.signal(&scope, job.id, ("word".into(), Json("go".into()), String::new()), by()).await.unwrap();
        let child = loop {
            let record = jobs.get(&scope, job.id).await.unwrap();
            if let Some(wait) = record.wait().filter(|wait| wait.kind == WaitKind::Child) {
                break wait.name.parse().unwrap();
            }
            tokio::task::yield_now().await;
        };
        jobs.cancel(&scope, as_is(job.id), by()).await.unwrap();
        until(&jobs, &scope, job.id, State::Cancelled).await;
        until(&jobs, &scope, child, State::Cancelled).await;
        worker.stop().await;
    }
}
