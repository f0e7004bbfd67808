//! Killed while rows are written: each call's rows are there all or not at all, and once; figures and metrics agree with them.

use crate::{
    installation::{self, Installation, Server},
    on_both,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};
use tokio::task::JoinSet;

const SEED: u64 = 0x7e55_e7a1;
const ROUNDS: usize = 4;
const CLIENTS: usize = 6;
/// Rows of a call.
const BATCH: usize = 25;

/// The call that writes a batch; its name is the request's too.
fn write(batch: &str) -> (&'static str, Value) {
    let row = |n| json!({ "sale_id": format!("{batch}_{n}"), "batch": batch, "amount": "0.10" });
    let records: Vec<Value> = (0..BATCH).map(row).collect();
    let body = json!({ "records": records, "request_id": batch });
    ("/api/v1/warehouse/tables/sale/records:write", body)
}

/// Writes batches until the connection breaks: those that were acknowledged, and the one that was not.
async fn write_on(
    (address, token, name): (String, String, String),
    acknowledged: Arc<AtomicUsize>,
) -> (Vec<String>, String) {
    let client = Client::new();
    let mut done = Vec::new();
    for number in 0.. {
        let batch = format!("{name}_{number}");
        let (path, body) = write(&batch);
        match installation::json(&client, &address, &token, Method::POST, path, Some(body)).await {
            Ok((200, answer)) => {
                assert_eq!(answer["inserted"], BATCH.to_string(), "{batch}: {answer}");
                done.push(batch);
                acknowledged.fetch_add(1, Relaxed);
            }
            Ok((status, refusal)) => panic!("{batch}: {status} {refusal}"),
            Err(_) => return (done, batch),
        }
    }
    unreachable!("numbers do not end")
}

async fn post(server: &Server, token: &str, path: &str, body: Value) -> Value {
    let (status, answer) = server.json(token, Method::POST, path, Some(body)).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

/// Rows by batch.
async fn stored(server: &Server, token: &str) -> BTreeMap<String, i64> {
    let query = json!({
        "entity": "sale", "measures": ["count(*)"], "group_by": ["batch"], "page_size": 10_000,
    });
    let answer = post(server, token, "/api/v1/warehouse/query", query).await;
    assert_eq!(answer.get("nextPageToken"), None, "one page holds all");
    let rows = answer["rows"].as_array().cloned().unwrap_or_default();
    let row = |row: &Value| {
        let batch = row[0].as_str().expect("a batch").to_owned();
        (batch, row[1].as_i64().expect("a count"))
    };
    rows.iter().map(row).collect()
}

on_both! {
    async fn rows_are_written_whole_and_once(installation: &Installation) {
        let mut random = StdRng::seed_from_u64(SEED);
        let (mut acknowledged, mut unknown) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let server = installation.serve("data", &[]).await;
            let token = installation.token("data");
            if round == 0 {
                let text = |code: &str| json!({ "code": code, "name": code, "type": "DATA_TYPE_STRING" });
                let mut key = text("sale_id");
                key["primary_key"] = true.into();
                let amount = json!({
                    "code": "amount", "name": "Amount", "type": "DATA_TYPE_DECIMAL", "precision": 12, "scale": 2,
                });
                let entity = json!({
                    "code": "sale", "name": "Sale", "kind": "ENTITY_KIND_DIMENSION",
                    "attributes": [key, text("batch"), amount],
                });
                post(&server, &token, "/api/v1/metadata/entities", entity).await;
            }
            let enough = random.random_range(1..40);
            let count = Arc::new(AtomicUsize::new(0));
            let mut writers = JoinSet::new();
            for client in 0..CLIENTS {
                let name = format!("r{round}_c{client}");
                writers.spawn(write_on((server.http.clone(), token.clone(), name), count.clone()));
            }
            testkit::eventually("writes", async || (count.load(Relaxed) >= enough).then_some(())).await;
            server.kill().await;
            for (done, batch) in writers.join_all().await {
                acknowledged.extend(done);
                unknown.push(batch);
            }
        }

        let server = installation.serve("data", &[]).await;
        let token = installation.token("data");
        let found = stored(&server, &token).await;
        let whole = i64::try_from(BATCH).expect("few");
        for (batch, rows) in &found {
            assert_eq!(*rows, whole, "{batch} is there by half");
            assert!(acknowledged.contains(batch) || unknown.contains(batch), "nobody wrote {batch}");
        }
        for batch in &acknowledged {
            assert!(found.contains_key(batch), "{batch} was acknowledged");
        }
        // Sent once more under its name, what had not been heard of is there, and once; so is what had.
        for batch in unknown.iter().chain(acknowledged.iter().take(10)) {
            let (path, body) = write(batch);
            post(&server, &token, path, body).await;
        }
        let batches = acknowledged.len() + unknown.len();
        let found = stored(&server, &token).await;
        assert_eq!((found.len(), found.values().all(|rows| *rows == whole)), (batches, true));
        let rows = batches * BATCH;
        let (status, table) = server.json(&token, Method::GET, "/api/v1/warehouse/tables/sale", None).await;
        assert_eq!((status, &table["rows"]), (200, &json!(rows.to_string())), "{table}");
        let draft = json!({ "draft": { "formula": "sum(sale.amount) / count(sale)" } });
        let answer = post(&server, &token, "/api/v1/calculation/calculate", draft).await;
        assert_eq!(answer["rows"][0]["value"]["text"], "0.1", "{answer}");
        server.terminate().await;
        assert!(server.exit().await.success());
    }
}
