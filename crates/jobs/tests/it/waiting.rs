//! Waiting for what workers bring about, by asking again; what is waited for in vain is named.

use auth::Scope;
use jobs::{Jobs, Record, State};
use std::{
    fmt::Debug,
    time::{Duration, Instant},
};
use value::Id;

/// Asks until the answer is one; at last it says what there was instead.
pub async fn eventually<T, S, F>(what: &str, ask: impl FnMut() -> F) -> T
where
    S: Debug,
    F: Future<Output = Result<T, S>>,
{
    within(Duration::from_secs(60), what, ask).await
}

/// The same, for at most so long.
pub async fn within<T, S, F>(most: Duration, what: &str, mut ask: impl FnMut() -> F) -> T
where
    S: Debug,
    F: Future<Output = Result<T, S>>,
{
    let began = Instant::now();
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(seen) => assert!(began.elapsed() < most, "in vain for {what}: {seen:?}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits for a job to be in a state.
pub async fn until(jobs: &Jobs, scope: &Scope, id: Id, state: State) -> Record {
    eventually(state.as_str(), || async {
        let record = jobs.get(scope, id).await.unwrap();
        match record.state == state {
            true => Ok(record),
            false => Err(record),
        }
    })
    .await
}

/// Waits until a job is at a step; at which it is then.
pub async fn at_step(jobs: &Jobs, scope: &Scope, id: Id, step: i64) -> i64 {
    eventually("a step", || async {
        let record = jobs.get(scope, id).await.unwrap();
        match record.steps >= step {
            true => Ok(record.steps),
            false => Err(record),
        }
    })
    .await
}
