//! Waiting for what workers bring about, by asking again; what is waited for in vain is named.

use auth::Scope;
use jobs::{Jobs, Record, State};
use std::{fmt::Debug, time::Duration};
use value::Id;

pub use testkit::eventually_within as within;

/// Asks until the answer is one; at last it says what there was instead. A busy machine takes its time.
pub async fn eventually<T, S, F>(what: &str, ask: impl FnMut() -> F) -> T
where
    S: Debug,
    F: Future<Output = Result<T, S>>,
{
    within(Duration::from_secs(60), what, ask).await
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
