//! Waits for what background work will bring about, by asking again rather than by sleeping a guess.

use std::{
    fmt::Debug,
    future::Future,
    time::{Duration, Instant},
};

const LONGEST: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(5);

/// Asks until the answer is something; panics after twenty seconds, naming what was waited for.
///
/// # Panics
/// If it does not come about in time.
pub async fn eventually<T, F>(what: &str, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let ask = || {
        let asked = ask();
        async { asked.await.ok_or("nothing yet") }
    };
    eventually_within(LONGEST, what, ask).await
}

/// Asks until the answer is right; panics when that takes longer than `limit`, with what was wrong last.
///
/// # Panics
/// If it does not come about in time.
pub async fn eventually_within<T, E: Debug, F>(
    limit: Duration,
    what: &str,
    mut ask: impl FnMut() -> F,
) -> T
where
    F: Future<Output = Result<T, E>>,
{
    let started = Instant::now();
    loop {
        let wrong = match ask().await {
            Ok(answer) => return answer,
            Err(wrong) => wrong,
        };
        assert!(
            started.elapsed() < limit,
            "waited in vain for {what}: {wrong:?}"
        );
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn asks_again_until_there_is_an_answer() {
        let mut asked = 0;
        let answer = eventually("the third answer", || {
            asked += 1;
            let answer = (asked == 3).then_some(asked);
            async move { answer }
        });
        assert_eq!(answer.await, 3);
    }
}
