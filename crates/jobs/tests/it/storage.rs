//! The database goes away and comes back: nothing is lost, and work goes on within five seconds.

use crate::{kinds::*, proxy::Proxy, support::*};
use db::diesel::{self, Connection, connection::SimpleConnection};
use jobs::{Jobs, Kinds, Record, State, Submission};
use std::{process::Stdio, time::Duration};

const SOON: Duration = Duration::from_secs(5);

/// Waits until a job got on since; not longer than it may take.
async fn gets_on(jobs: &Jobs, scope: &auth::Scope, since: &Record) {
    within(SOON, "another step", || async {
        let now = jobs.get(scope, since.id).await.unwrap();
        (now.steps > since.steps).then_some(()).ok_or(now)
    })
    .await;
}

/// A road to the database that can be cut, who works beyond it, and who looks from this side.
async fn beyond(bench: &Bench) -> (Proxy, Jobs, Jobs) {
    let (road, url) = Proxy::to(&bench.config.url).await;
    let far = Jobs::new(bench.at(&url), quick());
    far.offer(Kinds::new().with(Count));
    let near = bench.jobs(quick(), Kinds::new().with(Count));
    (road, far, near)
}

/// The process that locks a file, for the next test: it takes the lock, says so by a file, and keeps it until it is killed.
#[test]
#[expect(clippy::disallowed_methods, reason = "how the test tells its helper")]
fn lock_process() {
    let Ok(path) = std::env::var("TESSERA_TEST_JOBS_LOCK") else {
        return;
    };
    let mut conn = diesel::SqliteConnection::establish(&path).unwrap();
    conn.batch_execute("PRAGMA busy_timeout=20000; BEGIN IMMEDIATE")
        .unwrap();
    std::fs::write(format!("{path}.locked"), "").unwrap();
    loop {
        std::thread::park();
    }
}

/// Issue 5, 3: another process locks the file for ten seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_file_is_waited_for() {
    let bench = Bench::sqlite();
    let jobs = bench.jobs(quick(), Kinds::new().with(Count));
    let scope = bench.scope();
    let worker = Worker::start(&jobs);
    let (steps, each) = (1_500, 0);
    let ask = Submission::new(To { steps, each });
    let job = jobs.submit::<Count>(&scope, ask).await.unwrap();
    at_step(&jobs, &scope, job.id, 20).await;
    let path = bench.config.data_dir.join("things.db");
    let mut other = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["storage::lock_process", "--exact", "--nocapture"])
        .env("TESSERA_TEST_JOBS_LOCK", &path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mark = path.with_extension("db.locked");
    eventually("the lock", || async {
        mark.exists().then_some(()).ok_or(&mark)
    })
    .await;
    // So long the file is locked: that is what is to be borne.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let before = jobs.get(&scope, job.id).await.unwrap();
    assert_eq!(before.state, State::Running, "it was at work all the time");
    other.start_kill().unwrap();
    other.wait().await.unwrap();
    gets_on(&jobs, &scope, &before).await;
    until(&jobs, &scope, job.id, State::Succeeded).await;
    assert_eq!(bench.effects(job.id).await, (1..=steps).collect::<Vec<_>>());
    worker.stop().await;
}

/// How long PostgreSQL is away: several leases, or as long as somebody asks for who has the time.
#[expect(clippy::disallowed_methods, reason = "how long the test may take")]
fn away() -> Duration {
    let asked = std::env::var("TESSERA_TEST_AWAY_SECONDS").ok();
    let seconds = asked.and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(6))
}

/// Issue 5, 3: nobody answers at PostgreSQL's address, and its sessions are gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_is_waited_for() {
    let bench = Bench::postgres();
    let (mut road, far, near) = beyond(&bench).await;
    let scope = bench.scope();
    let worker = Worker::start(&far);
    let (steps, each) = (600, 50);
    let ask = Submission::new(To { steps, each });
    let job = near.submit::<Count>(&scope, ask.clone()).await.unwrap();
    at_step(&near, &scope, job.id, 20).await;
    road.cut().await;
    let refused = far.submit::<Count>(&scope, ask).await.unwrap_err();
    assert_eq!(refused.reason(), "STORAGE_UNAVAILABLE");
    tokio::time::sleep(away()).await;
    let before = near.get(&scope, job.id).await.unwrap();
    assert!(before.steps < steps);
    road.mend().await;
    gets_on(&near, &scope, &before).await;
    until(&near, &scope, job.id, State::Succeeded).await;
    assert_eq!(bench.effects(job.id).await, (1..=steps).collect::<Vec<_>>());
    worker.stop().await;
}

/// Sessions are cut again and again in the middle of transactions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_sessions_lose_nothing() {
    let bench = Bench::postgres();
    let (mut road, far, near) = beyond(&bench).await;
    let scope = bench.scope();
    let worker = Worker::start(&far);
    let (steps, each) = (600, 50);
    let ask = Submission::new(To { steps, each });
    let job = near.submit::<Count>(&scope, ask).await.unwrap();
    for cut in 1..=10 {
        at_step(&near, &scope, job.id, cut * 50).await;
        road.cut().await;
        road.mend().await;
    }
    until(&near, &scope, job.id, State::Succeeded).await;
    assert_eq!(bench.effects(job.id).await, (1..=steps).collect::<Vec<_>>());
    // What was undone is undone once too, whatever is cut.
    near.roll_back(&scope, as_is(job.id), None, by())
        .await
        .unwrap();
    for cut in 1..=5 {
        eventually("the next steps to be undone", || async {
            let record = near.get(&scope, job.id).await.unwrap();
            let undone = record.rollback().map_or(0, |back| back.undone);
            (undone >= cut * 100).then_some(()).ok_or(record)
        })
        .await;
        road.cut().await;
        road.mend().await;
    }
    let back = until(&near, &scope, job.id, State::RolledBack).await;
    assert_eq!(back.rollback().unwrap().undone, steps);
    assert_eq!(bench.effects(job.id).await, Vec::<i64>::new());
    worker.stop().await;
}
