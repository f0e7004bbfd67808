//! Waits for what background work will bring about, by asking again rather than by sleeping a guess.

use std::{future::Future, time::Duration};

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
    let started = std::time::Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(started.elapsed() < LONGEST, "waited in vain for {what}");
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
