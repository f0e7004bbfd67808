//! Killed while a run is written: the job of the run goes on in the next process, and its rows are there once.

use crate::{
    installation::{Installation, Server},
    on_both,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use reqwest::Method;
use serde_json::{Value, json};

const SEED: u64 = 0x0b5e_55ed;
const KILLS: usize = 4;
/// Small batches, so that a run has many steps, and a lease that nobody waits long for.
const SETTINGS: [(&str, &str); 2] = [
    ("TESSERA__SERVICES__SIMULATION__BATCH_ROWS", "50"),
    ("TESSERA__JOBS__LEASE", "1s"),
];

async fn get(server: &Server, token: &str, path: &str) -> Value {
    let (status, answer) = server.json(token, Method::GET, path, None).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

fn number(value: &Value) -> u64 {
    let text = value.as_str().unwrap_or("0");
    text.parse().expect("a count")
}

on_both! {
    async fn a_run_survives_its_process(installation: &Installation) {
        let mut random = StdRng::seed_from_u64(SEED);
        let mut run = String::new();
        let mut reached = 0;
        for round in 0..KILLS {
            let server = installation.serve_with("data", &[], &SETTINGS).await;
            let token = installation.token("data");
            if round == 0 {
                let what = json!({
                    "scenario": "health_retention", "seed": "5", "start_date": "2025-01-01", "end_date": "2025-02-01",
                });
                let body = json!({ "run": what, "define": true });
                let (status, made) = server.json(&token, Method::POST, "/api/v1/simulation/runs", Some(body)).await;
                assert_eq!(status, 200, "{made}");
                assert_eq!(made["operation"], made["id"]);
                run = made["id"].as_str().expect("an id").to_owned();
            }
            let path = format!("/api/v1/simulation/runs/{run}");
            let enough = reached + random.random_range(50..400);
            reached = testkit::eventually("the run to get on", async || {
                let told = get(&server, &token, &path).await;
                let rows = number(&told["rowsWritten"]);
                (rows >= enough || rows == number(&told["rowsTotal"])).then_some(rows)
            })
            .await;
            server.kill().await;
        }
        let server = installation.serve_with("data", &[], &SETTINGS).await;
        let token = installation.token("data");
        let path = format!("/api/v1/simulation/runs/{run}");
        let done = testkit::eventually("the run's end", async || {
            let told = get(&server, &token, &path).await;
            (told["endTime"].is_string()).then_some(told)
        })
        .await;
        assert_eq!((&done["state"], &done["rowsWritten"]), (&json!("RUN_STATE_SUCCEEDED"), &done["rowsTotal"]), "{done}");
        let mut rows = 0;
        for entity in ["policy", "member"] {
            rows += number(&get(&server, &token, &format!("/api/v1/warehouse/tables/{entity}")).await["rows"]);
        }
        assert_eq!(rows, number(&done["rowsTotal"]), "each row once");
        let path = format!("/api/v1/operations/operations/{run}");
        let operation = testkit::eventually("the operation to be heard of", async || {
            let (_, told) = server.json(&token, Method::GET, &path, None).await;
            (told["state"] == "OPERATION_STATE_SUCCEEDED").then_some(told)
        })
        .await;
        assert_eq!(operation["progress"]["done"], done["rowsWritten"], "{operation}");
        server.terminate().await;
        assert!(server.exit().await.success());
    }
}
