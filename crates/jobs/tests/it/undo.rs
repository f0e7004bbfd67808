//! Rolling back: in reverse, to a checkpoint or to the beginning, and what could not be undone is told.

use crate::{kinds::*, support::*};
use jobs::{Kinds, State, Submission};

both! {
    /// Issue 5, 2: compensations run in reverse, and what they could not undo is told.
    async fn what_could_not_be_undone_is_told(bench) {
        let mixed = Mixed::default();
        let jobs = bench.jobs(quick(), Kinds::new().with(mixed.clone()));
        let worker = Worker::start(&jobs);
        let scope = bench.scope();
        for fails in [false, true] {
            let job = jobs.submit::<Mixed>(&scope, Submission::new(fails)).await.unwrap();
            let ended = jobs.wait(&scope, job.id).await.unwrap();
            assert_eq!(ended.state, if fails { State::Failed } else { State::Succeeded });
            assert_eq!(bench.effects(job.id).await, [1, 2, 4]);
            jobs.roll_back(&scope, as_is(job.id), None, by()).await.unwrap();
            let back = until(&jobs, &scope, job.id, State::RolledBack).await.rollback().unwrap();
            assert_eq!(back.undone, 2);
            let stayed: Vec<_> = back.not_undone.iter().map(|step| step.name.as_str()).collect();
            let expected: &[&str] = if fails { &["fails", "breaks", "cannot"] } else { &["breaks", "cannot"] };
            assert_eq!(stayed, expected);
            assert!(back.not_undone.iter().any(|step| step.reason.contains("it was sold")));
            assert_eq!(bench.effects(job.id).await, [2]);
            assert_eq!(std::mem::take(&mut *mixed.0.lock().unwrap()), [5, 4, 2], "the latest first");
            let refused = jobs.resume(&scope, as_is(job.id), by()).await.unwrap_err();
            assert_eq!(refused.reason(), "JOB_STATE");
        }
        worker.stop().await;
    }
}
