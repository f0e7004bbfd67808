//! Schedules and retention are in `contract`, through the RPCs that make them; here what time does to them.

use crate::{kinds::*, support::*};
use jobs::{Config, Kinds, State, Submission};

both! {
    async fn what_ended_long_ago_is_forgotten_and_long_histories_are_cut(bench) {
        let config = Config { compact_after: config::Span::from_millis(1), ..quick() };
        let jobs = bench.jobs(config, Kinds::new().with(Count));
        let scope = bench.scope();
        let worker = Worker::start(&jobs);
        let long = jobs.submit::<Count>(&scope, Submission::new(To { steps: 5, each: 0 })).await.unwrap();
        until(&jobs, &scope, long.id, State::Succeeded).await;
        worker.stop().await;
        // As if it had had many more steps, none of which can be undone.
        bench.by_hand("UPDATE jobs SET steps = 1003".into()).await;
        bench.by_hand("UPDATE job_steps SET undo = 'none' WHERE seq < 4".into()).await;
        jobs.sweep().await.unwrap();
        let cut = jobs.get(&scope, long.id).await.unwrap();
        assert_eq!((cut.first_step, cut.steps), (4, 1003));
        let short = Config { keep: config::Span::from_millis(1), ..quick() };
        bench.jobs(short, Kinds::new().with(Count)).sweep().await.unwrap();
        assert_eq!(jobs.get(&scope, long.id).await.unwrap_err().reason(), "NOT_FOUND");
    }
}
