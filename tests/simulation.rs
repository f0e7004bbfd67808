//! Generated worlds: what is said to be true of them is what is calculated from their rows.

use crate::{
    business::{calculate, get, list, post, query, text, whole},
    platform::{Platform, stories},
};
use reqwest::Method;
use serde_json::{Value, json};

/// The run once it has ended.
pub(crate) async fn finished(platform: &Platform, id: &str) -> Value {
    testkit::eventually("the run to end", || async {
        let run = get(platform, &format!("/api/v1/simulation/runs/{id}")).await;
        let state = run["state"].as_str().unwrap_or_default().to_owned();
        (!["RUN_STATE_PENDING", "RUN_STATE_RUNNING"].contains(&state.as_str())).then_some(run)
    })
    .await
}

/// Starts a run that also makes the definitions, and waits for its end.
async fn generated(platform: &Platform, run: Value) -> Value {
    let body = json!({ "run": run, "define": true });
    let run = post(platform, "/api/v1/simulation/runs", body).await;
    finished(platform, &text(&run["id"])).await
}

/// Everything said to be true of a run.
async fn truths(platform: &Platform, run: &Value) -> Vec<Value> {
    let (id, mut token, mut all) = (text(&run["id"]), String::new(), Vec::new());
    loop {
        let path = format!("/api/v1/simulation/runs/{id}/truths?page_size=200&page_token={token}");
        let page = get(platform, &path).await;
        all.extend(list(&page["truths"]).iter().cloned());
        match page["nextPageToken"].as_str() {
            Some(next) if !next.is_empty() => next.clone_into(&mut token),
            _ => return all,
        }
    }
}

/// The question whose answer a truth tells.
pub(crate) fn asked(truth: &Value) -> Value {
    let filters: Vec<Value> = truth["dimensions"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(attribute, value)| {
            json!({ "attribute": attribute, "operator": "FILTER_OPERATOR_EQUAL", "values": [value] })
        })
        .collect();
    json!({ "metric": truth["metric"], "start": truth["start"], "end": truth["end"], "filters": filters })
}

/// Whether an answer is what a truth says: a decimal, a fraction, or nothing.
pub(crate) fn confirms(answer: &Value, truth: &Value) -> bool {
    let value = &answer["rows"][0]["value"];
    let found = match value["fraction"].as_str() {
        Some(fraction) if !fraction.is_empty() => fraction,
        _ => value["text"].as_str().unwrap_or_default(),
    };
    same(truth["value"].as_str().unwrap_or_default(), found)
}

/// Whether a truth and a result are the same number: a fraction may be told as the decimal that it is.
fn same(truth: &str, result: &str) -> bool {
    let parts = |text: &str| -> Option<(i128, i128)> {
        let (above, below) = text.split_once('/').unwrap_or((text, "1"));
        let (whole, fraction) = above.split_once('.').unwrap_or((above, ""));
        let scale = 10_i128.checked_pow(fraction.len().try_into().ok()?)?;
        let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        Some((digits, below.parse::<i128>().ok()?.checked_mul(scale)?))
    };
    match (parts(truth), parts(result)) {
        (Some((a, b)), Some((c, d))) => a.checked_mul(d) == c.checked_mul(b),
        _ => truth == result,
    }
}

/// A world of each scenario, small enough for a story.
fn worlds() -> Vec<Value> {
    let world = |scenario: &str, start: &str, end: &str, step: &str| json!({ "scenario": scenario, "seed": "11", "start_date": start, "end_date": end, "step": step });
    vec![
        world("health_retention", "2024-01-01", "2024-06-01", "STEP_MONTH"),
        world("sales_growth", "2024-01-01", "2024-02-15", "STEP_DAY"),
        world("churn_spike", "2019-01-01", "2019-09-01", "STEP_MONTH"),
        world("seasonal_peak", "2024-01-01", "2024-02-15", "STEP_DAY"),
    ]
}

stories! {
    /// Every scenario: what it says is true of several metrics is what their rows give.
    /// Proves: SIM-01, SIM-02, SIM-04, SIM-06
    async fn what_is_said_to_be_true_is_calculated(platform: &Platform) {
        for world in worlds() {
            let scenario = text(&world["scenario"]);
            let run = generated(platform, world).await;
            assert_eq!(run["state"], "RUN_STATE_SUCCEEDED", "{run}");
            assert!(whole(&run["rowsWritten"]) > 0 && run["rowsWritten"] == run["rowsTotal"], "{run}");
            let truths = truths(platform, &run).await;
            assert!(!truths.is_empty(), "{scenario}");
            let mut metrics: Vec<_> = truths.iter().map(|truth| text(&truth["metric"])).collect();
            metrics.dedup();
            assert!(metrics.len() > 1, "{scenario}: {metrics:?}");
            // Some of each metric, the first and the last among them: a few hundred calls would say no more.
            for metric in metrics {
                let of: Vec<_> = truths.iter().filter(|truth| truth["metric"] == metric.as_str()).collect();
                let step = of.len().div_ceil(5);
                for truth in of.iter().step_by(step).chain(of.last()) {
                    let found = calculate(platform, asked(truth)).await;
                    assert!(confirms(&found, truth), "{scenario}: {truth} is {found}");
                    let figure = |name: &str| whole(&truth["figures"][name]);
                    if truth["figures"].get("dropped").is_some() {
                        assert_eq!(figure("end"), figure("start") - figure("dropped") + figure("new"), "{truth}");
                    }
                }
            }
        }
    }

    /// A run is told by an id, goes on in the background, writes within its span, and is taken away again.
    /// Proves: SIM-05
    async fn a_run_writes_within_its_span_and_is_taken_away_again(platform: &Platform) {
        let run = generated(platform, worlds().remove(0)).await;
        let id = text(&run["id"]);
        let span = json!({ "entity": "policy", "measures": ["count(*)", "min(snapshot_date)", "max(snapshot_date)"] });
        let found = query(platform, &platform.token, span.clone()).await;
        assert!(whole(&found[0][0]) > 0);
        assert_eq!((text(&found[0][1]), text(&found[0][2])), ("2024-01-01".into(), "2024-06-01".into()));

        let watched = platform.json(Method::GET, &format!("/api/v1/simulation/runs/{id}:watch"), None).await;
        assert_eq!(watched.0, 200, "{}", watched.1);
        assert!(watched.1.to_string().contains("RUN_STATE_SUCCEEDED"), "{}", watched.1);

        // The same one again: the same rows, so that nothing is there twice.
        let again = generated(platform, worlds().remove(0)).await;
        assert_eq!(again["state"], "RUN_STATE_SUCCEEDED", "{again}");
        assert_eq!(query(platform, &platform.token, span.clone()).await, found);
        post(platform, &format!("/api/v1/simulation/runs/{}:revert", text(&again["id"])), json!({})).await;

        let reverted = post(platform, &format!("/api/v1/simulation/runs/{id}:revert"), json!({})).await;
        let reverted = match reverted["state"].as_str() {
            Some("RUN_STATE_REVERTED") => reverted,
            _ => finished(platform, &id).await,
        };
        assert_eq!(reverted["state"], "RUN_STATE_REVERTED", "{reverted}");
        let left = query(platform, &platform.token, span).await;
        assert_eq!(whole(&left[0][0]), 0, "{left:?}");
    }

    /// A long run is cancelled on its way, and what it wrote stays until it is taken away.
    async fn a_long_run_is_cancelled(platform: &Platform) {
        let run = json!({
            "scenario": "health_retention", "start_date": "2000-01-01", "end_date": "2019-12-31", "step": "STEP_WEEK",
            "parameters": { "start_count": "5000", "end_count": "4900", "new_count": "100" },
        });
        let run = post(platform, "/api/v1/simulation/runs", json!({ "run": run, "define": true })).await;
        let id = text(&run["id"]);
        testkit::eventually("the first rows", || async {
            let run = get(platform, &format!("/api/v1/simulation/runs/{id}")).await;
            (whole(&run["rowsWritten"]) > 0).then_some(())
        })
        .await;
        post(platform, &format!("/api/v1/simulation/runs/{id}:cancel"), json!({})).await;
        let run = finished(platform, &id).await;
        assert_eq!(run["state"], "RUN_STATE_CANCELLED", "{run}");
        let rows = json!({ "entity": "policy", "measures": ["count(*)"] });
        let left = whole(&query(platform, &platform.token, rows).await[0][0]);
        assert!(left > 0 && left < whole(&run["rowsTotal"]), "{left} of {run}");
    }

    /// Proves: SIM-03
    async fn a_series_has_its_trend_and_its_season(platform: &Platform) {
        let spec = json!({
            "start_date": "2024-01-01", "points": 48, "step": "STEP_MONTH", "base": 100.0, "trend": 0.01,
            "seasons": [{ "period": 12, "amplitude": 0.2, "peak": 6 }],
            "events": [{ "at": 24, "steps": 1, "factor": 2.0, "name": "campaign" }],
        });
        let series = post(platform, "/api/v1/simulation/series:generate", json!({ "spec": spec })).await;
        let points = list(&series["points"]);
        assert_eq!(points.len(), 48);
        let part = |at: usize, name: &str| points[at][name].as_f64().unwrap_or_default();
        for at in 0..36 {
            assert!((part(at, "season") - part(at + 12, "season")).abs() < 1e-9, "it comes back each year");
            assert!((part(at + 1, "trend") / part(at, "trend") - 1.01).abs() < 1e-9);
        }
        assert!(part(6, "season") > part(0, "season"));
        assert!((part(24, "event") - 2.0).abs() < 1e-9 && (part(25, "event") - 1.0).abs() < 1e-9);
        let again = post(platform, "/api/v1/simulation/series:generate", json!({ "spec": series_spec() })).await;
        assert_eq!(again, post(platform, "/api/v1/simulation/series:generate", json!({ "spec": series_spec() })).await);
    }
}

fn series_spec() -> Value {
    json!({ "seed": "3", "start_date": "2024-01-01", "points": 20, "step": "STEP_DAY", "base": 10.0, "noise": 0.3 })
}
