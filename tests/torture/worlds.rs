//! Worlds that simulation generates as durable work: halted, let go on, cancelled, taken away, and true at the end whatever
//! happened to those who worked.

use super::{tenant::call, values::Random};
use crate::{
    business::{list, text, whole},
    platform::Platform,
    simulation,
};
use rand::Rng;
use reqwest::Method;
use serde_json::{Value as Json, json};
use std::time::Duration;

const RUNS: &str = "/api/v1/simulation/runs";
const OPERATIONS: &str = "/api/v1/operations/operations";
/// How long a run of a few hundred rows may take on a busy machine, with take-overs.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many a seed has at most.
const MOST: i32 = 3;
/// Truths of a run that are calculated.
const TRUTHS: usize = 5;

/// The runs of a seed: each in a year of its own, so that what is true of one stays true.
#[derive(Debug, Default)]
pub(crate) struct Worlds {
    begun: i32,
    current: Option<String>,
    /// Those that ended well and stay.
    kept: Vec<String>,
    /// How much that was said of them was found to be true.
    pub(crate) truths: usize,
    /// How many runs a second worker went on with.
    pub(crate) taken_over: usize,
}

impl Worlds {
    /// Begins a run, or does something to the one there is.
    pub(crate) async fn step(&mut self, platform: &Platform, token: &str, random: &mut Random) {
        let Some(id) = self.current.clone() else {
            if self.begun < MOST {
                self.begin(platform, token, random).await;
            }
            return;
        };
        let run = get(platform, token, &format!("{RUNS}/{id}")).await;
        match run["state"].as_str() {
            Some("RUN_STATE_PENDING" | "RUN_STATE_RUNNING") => match random.random_range(0..8) {
                0 => {
                    steer(platform, token, &run, "cancel").await;
                }
                1 | 2 if steer(platform, token, &run, "pause").await == 200 => {
                    let path = format!("{RUNS}/{id}");
                    testkit::eventually("a halted run to go on", || async {
                        let status = steer(platform, token, &run, "resume").await;
                        // It may have come to its end before it was to be halted.
                        let goes_on =
                            status == 200 || has_ended(&get(platform, token, &path).await);
                        goes_on.then_some(())
                    })
                    .await;
                }
                _ => {}
            },
            _ => {
                let keep = random.random();
                self.ended(platform, token, &run, keep).await;
            }
        }
    }

    /// Begins a run if none is on its way, and waits until it has written something or has ended.
    pub(crate) async fn under_way(
        &mut self,
        platform: &Platform,
        token: &str,
        random: &mut Random,
    ) {
        if self.current.is_none() {
            self.begin(platform, token, random).await;
        }
        let id = self.current.clone().expect("it has begun");
        until(platform, token, &id, |run| {
            whole(&run["rowsWritten"]) > 0 || has_ended(run)
        })
        .await;
    }

    /// How many rows of the run there is are written.
    pub(crate) async fn written(&self, platform: &Platform, token: &str) -> i64 {
        let id = self.current.as_ref().expect("it has begun");
        whole(&get(platform, token, &format!("{RUNS}/{id}")).await["rowsWritten"])
    }

    /// Waits until the run there is has got beyond so many rows, or has ended.
    pub(crate) async fn until_beyond(&self, platform: &Platform, token: &str, written: i64) {
        let id = self.current.as_ref().expect("it has begun");
        until(platform, token, id, |run| {
            whole(&run["rowsWritten"]) > written || has_ended(run)
        })
        .await;
    }

    /// Counts the run there is if a second worker had to go on with it.
    pub(crate) async fn count_taken_over(&mut self, platform: &Platform, token: &str) {
        let Some(id) = &self.current else { return };
        let run = get(platform, token, &format!("{RUNS}/{id}")).await;
        let path = format!("{OPERATIONS}/{}", text(&run["operation"]));
        let one = get(platform, token, &path).await;
        self.taken_over += usize::from(whole(&one["attempts"]) > 1);
    }

    /// Waits for the end of the run there is, and looks at what it left.
    pub(crate) async fn finish(&mut self, platform: &Platform, token: &str) {
        if let Some(id) = self.current.clone() {
            let run = until(platform, token, &id, has_ended).await;
            self.ended(platform, token, &run, true).await;
        }
    }

    /// Everything is finished, and what was kept is still true.
    pub(crate) async fn end(&mut self, platform: &Platform, token: &str) {
        self.finish(platform, token).await;
        for id in &self.kept {
            let run = get(platform, token, &format!("{RUNS}/{id}")).await;
            self.truths += is_true(platform, token, &run).await;
        }
    }

    async fn begin(&mut self, platform: &Platform, token: &str, random: &mut Random) {
        self.begun += 1;
        let year = 2000 + self.begun;
        let run = json!({
            "scenario": "health_retention", "seed": random.random_range(1..1000_u64).to_string(),
            "start_date": format!("{year}-01-01"), "end_date": format!("{year}-05-01"), "step": "STEP_MONTH",
            "parameters": { "start_count": "60", "end_count": "57", "new_count": "5" },
        });
        let body = json!({ "run": run, "define": true, "request_id": format!("world-{year}") });
        let (status, run) = call(platform, token, Method::POST, RUNS, Some(body)).await;
        assert_eq!(status, 200, "{run}");
        self.current = Some(text(&run["id"]));
    }

    /// A run that has ended is true, or is taken away.
    async fn ended(&mut self, platform: &Platform, token: &str, run: &Json, keep: bool) {
        let id = self.current.take().expect("it has begun");
        match run["state"].as_str() {
            Some("RUN_STATE_SUCCEEDED") => {
                assert_eq!(run["rowsWritten"], run["rowsTotal"], "{run}");
                self.truths += is_true(platform, token, run).await;
                if keep {
                    self.kept.push(id);
                    return;
                }
            }
            Some("RUN_STATE_CANCELLED") => {}
            _ => panic!("nobody asked for this: {run}"),
        }
        let path = format!("{RUNS}/{id}:revert");
        let (status, answer) = call(platform, token, Method::POST, &path, Some(json!({}))).await;
        assert_eq!(status, 200, "{answer}");
        let run = until(platform, token, &id, |run| {
            run["state"] == "RUN_STATE_REVERTED"
        })
        .await;
        if !self.kept.is_empty() {
            // What it shared with others stays; that they are still true is seen at the end.
            return;
        }
        for entity in list(&run["entities"]) {
            let body = json!({ "entity": entity, "measures": ["count(*)"] });
            let path = "/api/v1/warehouse/query";
            let (status, answer) = call(platform, token, Method::POST, path, Some(body)).await;
            assert_eq!(status, 200, "{answer}");
            assert_eq!(whole(&answer["rows"][0][0]), 0, "{run}: {answer}");
        }
    }
}

async fn get(platform: &Platform, token: &str, path: &str) -> Json {
    let (status, answer) = call(platform, token, Method::GET, path, None).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

fn has_ended(run: &Json) -> bool {
    !matches!(
        run["state"].as_str(),
        Some("RUN_STATE_PENDING" | "RUN_STATE_RUNNING")
    )
}

async fn until(platform: &Platform, token: &str, id: &str, holds: impl Fn(&Json) -> bool) -> Json {
    let path = format!("{RUNS}/{id}");
    testkit::eventually_within(PATIENCE, "the run to get on", || async {
        let run = get(platform, token, &path).await;
        if holds(&run) { Ok(run) } else { Err(run) }
    })
    .await
}

/// HTTP status of a change through the face of all work; what has ended meanwhile refuses it.
async fn steer(platform: &Platform, token: &str, run: &Json, verb: &str) -> u16 {
    let path = format!("{OPERATIONS}/{}:{verb}", text(&run["operation"]));
    let body = json!({ "reason": "torture" });
    let (status, answer) = call(platform, token, Method::POST, &path, Some(body)).await;
    assert!(matches!(status, 200 | 400), "{verb}: {status} {answer}");
    status
}

/// Some of what is said to be true of a run is what its rows give; how much.
async fn is_true(platform: &Platform, token: &str, run: &Json) -> usize {
    let path = format!("{RUNS}/{}/truths?page_size=1000", text(&run["id"]));
    let answer = get(platform, token, &path).await;
    let truths = list(&answer["truths"]);
    assert!(!truths.is_empty(), "{run}");
    let some = truths.iter().step_by(truths.len().div_ceil(TRUTHS));
    for truth in some.clone() {
        let body = simulation::asked(truth);
        let path = "/api/v1/calculation/calculate";
        let (status, answer) = call(platform, token, Method::POST, path, Some(body)).await;
        assert_eq!(status, 200, "{truth}: {answer}");
        let told = simulation::confirms(&answer, truth);
        assert!(told, "{run}: {truth} is {answer}");
    }
    some.count()
}
