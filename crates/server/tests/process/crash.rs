//! Killed in the middle of writing, again and again: nothing acknowledged is lost, nothing is there twice.

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

const SEED: u64 = 0x7e55_e7a0;
const ROUNDS: usize = 4;
const CLIENTS: usize = 12;

/// Creates actors until the connection breaks: the ids that were acknowledged, and the code that was not.
async fn write(
    client: Client,
    address: String,
    token: String,
    name: String,
    acknowledged: Arc<AtomicUsize>,
) -> (Vec<(String, String)>, String) {
    let mut ids = Vec::new();
    for number in 0.. {
        let code = format!("{name}_{number}");
        let (path, body) = create(&code);
        match installation::json(&client, &address, &token, Method::POST, &path, Some(body)).await {
            Ok((200, actor)) => {
                ids.push((code, id(&actor)));
                acknowledged.fetch_add(1, Relaxed);
            }
            Ok((status, refusal)) => panic!("{code}: {status} {refusal}"),
            Err(_) => return (ids, code),
        }
    }
    unreachable!("numbers do not end")
}

/// The call that creates an actor; its code names the request too.
fn create(code: &str) -> (String, Value) {
    let body = json!({ "code": code, "name": code, "kind": "ACTOR_KIND_ROLE" });
    (format!("/api/v1/metadata/actors?request_id={code}"), body)
}

fn id(actor: &Value) -> String {
    actor["id"].as_str().expect("an id").to_owned()
}

/// Every actor by its code, with id and version; a code that is there twice fails the test.
async fn stored(server: &Server, token: &str) -> BTreeMap<String, (String, Value)> {
    let mut found = BTreeMap::new();
    let mut page = String::new();
    loop {
        let path = format!("/api/v1/metadata/actors?page_size=500&page_token={page}");
        let (status, answer) = server.json(token, Method::GET, &path, None).await;
        assert_eq!(status, 200, "{answer}");
        for actor in answer["actors"].as_array().into_iter().flatten() {
            let code = actor["code"].as_str().expect("a code").to_owned();
            let before = found.insert(code.clone(), (id(actor), actor["version"].clone()));
            assert!(before.is_none(), "{code} is there twice");
        }
        match answer["nextPageToken"].as_str() {
            Some(next) if !next.is_empty() => page = next.to_owned(),
            _ => return found,
        }
    }
}

on_both! {
    async fn what_was_acknowledged_is_there_exactly_once(installation: &Installation) {
        let mut random = StdRng::seed_from_u64(SEED);
        let mut acknowledged = BTreeMap::new();
        let mut unknown = Vec::new();
        for round in 0..ROUNDS {
            let server = installation.serve("data", &[]).await;
            let enough = random.random_range(1..80);
            let count = Arc::new(AtomicUsize::new(0));
            let mut writers = JoinSet::new();
            for client in 0..CLIENTS {
                writers.spawn(write(
                    Client::new(),
                    server.http.clone(),
                    installation.token("data"),
                    format!("r{round}_c{client}"),
                    count.clone(),
                ));
            }
            testkit::eventually("writes", async || (count.load(Relaxed) >= enough).then_some(())).await;
            server.kill().await;
            for (ids, code) in writers.join_all().await {
                acknowledged.extend(ids);
                unknown.push(code);
            }
        }
        assert_eq!(unknown.len(), ROUNDS * CLIENTS);

        let server = installation.serve("data", &[]).await;
        let token = installation.token("data");
        let before = stored(&server, &token).await;
        for (code, id) in &acknowledged {
            assert_eq!(before.get(code).map(|(found, _)| found), Some(id), "{code} was acknowledged");
        }
        let mut half_way = 0;
        for code in &unknown {
            for _ in 0..2 {
                let (path, body) = create(code);
                let (status, actor) = server.json(&token, Method::POST, &path, Some(body)).await;
                assert_eq!(status, 200, "{code}: {actor}");
                let before = before.get(code).map(|(id, _)| id.clone());
                half_way += usize::from(before.is_some());
                let first = before.or_else(|| acknowledged.get(code).cloned());
                assert_eq!(first.unwrap_or_else(|| id(&actor)), id(&actor), "{code}");
                acknowledged.insert(code.clone(), id(&actor));
            }
        }
        // The answer to a create that was acknowledged before the crash is remembered, too.
        for (code, expected) in acknowledged.iter().take(20) {
            let (path, body) = create(code);
            let (status, actor) = server.json(&token, Method::POST, &path, Some(body)).await;
            assert_eq!((status, &id(&actor)), (200, expected), "{code}: {actor}");
        }
        let after = stored(&server, &token).await;
        assert_eq!(after.len(), acknowledged.len(), "nothing else is there; {half_way} were stored unacknowledged");
        for (code, (id, version)) in &after {
            assert_eq!((acknowledged.get(code), version), (Some(id), &json!("1")), "{code}");
        }
        server.terminate().await;
        assert!(server.exit().await.success());
    }
}
