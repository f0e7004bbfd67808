//! Workers that die: as processes that are killed, and as neighbours that take over.

use crate::{contract::Client, kinds::*, support::*};
use jobs::{Kinds, State, Submission};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::{process::Stdio, time::Duration};
use value::Id;

const STEPS: i64 = 200;
const KILLS: usize = 50;

/// The worker of the crash test, as a process of its own: this binary, told by its environment where the database is. In an ordinary
/// test run nobody tells it anything, and there is nothing to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "how the test tells its worker")]
async fn worker_process() {
    let Ok(told) = std::env::var("TESSERA_TEST_JOBS_WORKER") else {
        return;
    };
    let (url, folder, prefix) = serde_json::from_str::<(String, String, String)>(&told).unwrap();
    let config = db::StorageConfig {
        url,
        data_dir: folder.into(),
        schema_prefix: prefix,
        ..db::StorageConfig::default()
    };
    let db = db::Databases::open(&config)
        .unwrap()
        .service("things")
        .unwrap();
    let jobs = jobs::Jobs::new(db, quick());
    jobs.offer(Kinds::new().with(Count));
    jobs.work(tokio_util::sync::CancellationToken::new()).await;
}

fn spawn(bench: &Bench) -> tokio::process::Child {
    let config = &bench.config;
    let told = (&config.url, &config.data_dir, &config.schema_prefix);
    tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["crash::worker_process", "--exact", "--nocapture"])
        .env(
            "TESSERA_TEST_JOBS_WORKER",
            serde_json::to_string(&told).unwrap(),
        )
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

both! {
    /// Issue 5, 1: a job of 200 steps whose worker is killed fifty times has every effect exactly once.
    async fn fifty_kills_take_nothing_and_add_nothing(bench) {
        let jobs = bench.jobs(quick(), Kinds::new().with(Count));
        let scope = bench.scope();
        let mut random = StdRng::seed_from_u64(5);
        let mut kills = 0;
        let mut ids: Vec<Id> = Vec::new();
        // One job after the other until fifty workers died while one was at work.
        while kills < KILLS {
            let job = jobs.submit::<Count>(&scope, Submission::new(To { steps: STEPS, each: 0 })).await.unwrap();
            ids.push(job.id);
            let mut done = 0;
            while done < STEPS && kills < KILLS {
                let mut worker = spawn(bench);
                // Somewhere in the next few steps, so that most kills meet it at work.
                let target = (done + random.random_range(1..8)).min(STEPS);
                done = at_step(&jobs, &scope, job.id, target).await;
                worker.start_kill().unwrap();
                worker.wait().await.unwrap();
                kills += 1;
                // What it held is free at once: the lease itself is the next test's.
                bench.by_hand("UPDATE jobs SET due_at = created_at WHERE lease_owner IS NOT NULL".into()).await;
            }
        }
        let worker = Worker::start(&jobs);
        for id in ids {
            let done = until(&jobs, &scope, id, State::Succeeded).await;
            assert_eq!(done.steps, STEPS);
            assert_eq!(bench.effects(id).await, (1..=STEPS).collect::<Vec<_>>());
        }
        worker.stop().await;
    }

    /// Issue 5, 1: a dead worker's job is taken over when its lease ends, by the database's clock alone: a lease outlives the worker by
    /// no more than its length, and who looks for work every moment has it after that.
    async fn a_dead_worker_is_taken_over_when_its_lease_ends(bench) {
        assert_eq!(jobs::Config::default().lease.get(), Duration::from_secs(10), "the default");
        let jobs = bench.jobs(quick(), Kinds::new().with(Count));
        let scope = bench.scope();
        let job = jobs.submit::<Count>(&scope, Submission::new(To { steps: 3_000, each: 100 })).await.unwrap();
        let mut dead = spawn(bench);
        until(&jobs, &scope, job.id, State::Running).await;
        dead.start_kill().unwrap();
        dead.wait().await.unwrap();
        let left = jobs.get(&scope, job.id).await.unwrap();
        let end = left.due_at.expect("a lease ends");
        assert!(left.lease_owner.is_some() && left.attempts == 1, "{left:?}");
        assert!(end <= bench.now().await + quick().lease.get(), "a lease outlives its worker by its length at most");
        let other = Worker::start(&jobs);
        let done = until(&jobs, &scope, job.id, State::Succeeded).await;
        assert_eq!((done.steps, done.attempts), (3_000, 2));
        assert_eq!(bench.effects(job.id).await.len(), 3_000);
        let states = Client::of(bench, &jobs).states(&job.id.to_string()).await;
        let taken = states.iter().find(|turn| turn.reason == "its worker was not heard of").expect("it is told");
        let taken = proto::time::from_proto(&taken.change_time.unwrap()).unwrap();
        assert!(taken >= end, "{taken} is before the lease's end, {end}");
        other.stop().await;
    }
}
