//! What is published and heard: every message once in the log, delivered in the order of its key until it is acknowledged, and as
//! rows where it is published as records.

use super::{tenant::call, values::Random};
use crate::{
    business::{list, text, whole},
    platform::Platform,
};
use rand::Rng;
use reqwest::Method;
use serde_json::{Value as Json, json};
use std::{collections::BTreeMap, time::Duration};

const MESSAGES: &str = "/api/v1/messaging/messages";
const SUBSCRIPTIONS: &str = "/api/v1/messaging/subscriptions";
/// How long what was published may take: a delivery that was lost on its way comes again after half a minute.
const PATIENCE: Duration = Duration::from_secs(90);
/// The entity whose rows come as messages.
pub(crate) const TICKS: &str = "tick";
/// Few keys, so that their messages wait for each other.
const KEYS: [&str; 4] = ["a", "b", "Ü'\"", ""];

/// What was published, and how far who listens is.
#[derive(Debug, Default)]
pub(crate) struct Events {
    subscription: String,
    /// Numbers published by key, each key's in order.
    published: BTreeMap<&'static str, Vec<i64>>,
    /// How many of each key's numbers were acknowledged.
    done: BTreeMap<&'static str, usize>,
    /// The last level published of each tick.
    levels: BTreeMap<&'static str, i64>,
    next: i64,
}

/// The definition of what arrives as records.
pub(crate) fn definition() -> Json {
    let attribute = |code: &str, kind: &str| json!({ "code": code, "name": code, "type": kind });
    let mut key = attribute("tick_id", "DATA_TYPE_STRING");
    key["primary_key"] = json!(true);
    json!({
        "code": TICKS, "name": "Tick", "kind": "ENTITY_KIND_DIMENSION",
        "attributes": [key, attribute("level", "DATA_TYPE_INTEGER")],
    })
}

impl Events {
    /// Somebody listens from now on.
    pub(crate) async fn listen(&mut self, platform: &Platform, token: &str) {
        let subscription = json!({
            "name": "torture", "pattern": "torture.>", "ack_wait": "0.3s", "max_attempts": 1000,
        });
        let body = json!({ "subscription": subscription, "request_id": "listen" });
        let (status, made) = call(platform, token, Method::POST, SUBSCRIPTIONS, Some(body)).await;
        assert_eq!(status, 200, "{made}");
        self.subscription = text(&made["id"]);
    }

    /// Some messages, one by one or together.
    pub(crate) async fn publish(&mut self, platform: &Platform, token: &str, random: &mut Random) {
        let mut messages = Vec::new();
        for _ in 0..random.random_range(1..6) {
            let key = KEYS[random.random_range(0..KEYS.len())];
            self.next += 1;
            // Without a key there is no order.
            if random.random_ratio(1, 3) && !key.is_empty() {
                self.levels.insert(key, self.next);
                let rows = json!({ "tick_id": key, "level": self.next });
                let topic = format!("records.{TICKS}");
                messages.push(json!({ "id": format!("r{}", self.next), "topic": topic, "key": key, "json": rows }));
                continue;
            }
            self.published.entry(key).or_default().push(self.next);
            let topic = format!("torture.k{}", key.len());
            messages.push(json!({ "id": format!("m{}", self.next), "topic": topic, "key": key, "json": self.next }));
        }
        if random.random() {
            let path = format!("{MESSAGES}:publishBulk");
            let body = json!({ "messages": messages });
            let (status, answer) = call(platform, token, Method::POST, &path, Some(body)).await;
            assert_eq!(status, 200, "{answer}");
            let published = list(&answer["published"]);
            assert_eq!(published.len(), messages.len(), "{answer}");
            return;
        }
        for message in messages {
            let body = json!({ "message": message });
            let (status, answer) = call(platform, token, Method::POST, MESSAGES, Some(body)).await;
            assert_eq!(status, 200, "{answer}");
            assert!(whole(&answer["position"]) > 0, "{answer}");
        }
    }

    /// How many messages were acknowledged.
    pub(crate) fn delivered(&self) -> usize {
        self.done.values().sum()
    }

    /// Some deliveries: of each key those up to some point are acknowledged, the rest refused or forgotten.
    pub(crate) async fn hear(
        &mut self,
        platform: &Platform,
        token: &str,
        random: &mut Random,
        all: bool,
    ) {
        let wait = if all { "1s" } else { "0s" };
        let most = if all { 1000 } else { random.random_range(1..8) };
        let path = format!("{SUBSCRIPTIONS}/{}:fetch", self.subscription);
        let body = json!({ "max_messages": most, "wait": wait });
        let (status, got) = call(platform, token, Method::POST, &path, Some(body)).await;
        assert_eq!(status, 200, "{got}");
        let (mut acked, mut refused) = (Vec::new(), Vec::new());
        let mut stopped: Vec<&str> = Vec::new();
        let mut reached = self.done.clone();
        for delivery in list(&got["deliveries"]) {
            let message = &delivery["message"];
            let key = message["key"].as_str().unwrap_or_default();
            let key = KEYS.iter().copied().find(|known| *known == key);
            let key = key.unwrap_or_else(|| panic!("nobody published {message}"));
            let published = self.published.get(key).map_or(&[][..], Vec::as_slice);
            let number = whole(&message["json"]);
            let place = published.iter().position(|one| *one == number);
            let place = place.unwrap_or_else(|| panic!("nobody published {message}"));
            let before = reached.entry(key).or_default();
            // What was acknowledged may come again where the acknowledgement was lost; what is new comes in order.
            let in_order = key.is_empty() || place <= *before;
            assert!(
                in_order,
                "{key:?}: {number} before {}: {got}",
                published[*before]
            );
            *before = (*before).max(place + 1);
            if !all && (stopped.contains(&key) || random.random_ratio(1, 4)) {
                stopped.push(key);
                if random.random() {
                    refused.push(
                        json!({ "ack_id": delivery["ackId"], "delay": "0s", "reason": "not now" }),
                    );
                }
                continue;
            }
            let done = self.done.entry(key).or_default();
            *done = (*done).max(place + 1);
            acked.push(delivery["ackId"].clone());
        }
        if acked.is_empty() && refused.is_empty() {
            return;
        }
        let path = format!("{SUBSCRIPTIONS}/{}:ack", self.subscription);
        let body = json!({ "ack_ids": acked, "refusals": refused });
        let (status, answer) = call(platform, token, Method::POST, &path, Some(body)).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// What is left is delivered; the log has each message once; nobody else reads them; records are rows.
    pub(crate) async fn end(
        &mut self,
        platform: &Platform,
        token: &str,
        random: &mut Random,
        strangers: &[&str],
    ) {
        let path = format!("{SUBSCRIPTIONS}/{}", self.subscription);
        let mut left = true;
        while left {
            // Each turn takes what there is, or waits for a second.
            self.hear(platform, token, random, true).await;
            let (status, one) = call(platform, token, Method::GET, &path, None).await;
            assert_eq!(status, 200, "{one}");
            let figure = |name: &str| whole(&one["figures"][name]);
            left = figure("lag") + figure("inFlight") + figure("waiting") > 0;
            assert_eq!(figure("deadLetters"), 0, "{one}");
        }
        for (key, numbers) in &self.published {
            let done = self.done.get(key).copied().unwrap_or_default();
            assert!(
                key.is_empty() || done == numbers.len(),
                "{key:?}: {done} of {numbers:?}"
            );
        }
        let mut logged: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        let messages = log(platform, token, "torture.>").await;
        for message in &messages {
            let key = message["key"].as_str().unwrap_or_default();
            logged.entry(key).or_default().push(whole(&message["json"]));
        }
        let published: BTreeMap<&str, Vec<i64>> = self.published.clone().into_iter().collect();
        assert_eq!(logged, published, "each once, in order");
        for stranger in strangers {
            let seen = log(platform, stranger, "torture.>").await;
            assert!(seen.is_empty(), "{seen:?}");
        }
        self.rows(platform, token).await;
    }

    /// The rows that came as messages have the last values published.
    async fn rows(&self, platform: &Platform, token: &str) {
        let expected: Vec<Json> = self
            .levels
            .iter()
            .map(|(key, level)| json!([key, level]))
            .collect();
        let body = json!({ "entity": TICKS, "attributes": ["tick_id", "level"] });
        let found = testkit::eventually_within(PATIENCE, "the records to be rows", || async {
            let path = "/api/v1/warehouse/query";
            let (status, found) =
                call(platform, token, Method::POST, path, Some(body.clone())).await;
            assert_eq!(status, 200, "{found}");
            let mut rows: Vec<Json> = list(&found["rows"])
                .iter()
                .map(|row| json!([row[0], whole(&row[1])]))
                .collect();
            rows.sort_by_key(|row| row[0].as_str().map(str::to_owned));
            match rows == expected {
                true => Ok(rows),
                false => Err(json!(rows)),
            }
        })
        .await;
        assert_eq!(found, expected);
    }
}

/// All messages of a pattern, in the order of the log.
pub(crate) async fn log(platform: &Platform, token: &str, pattern: &str) -> Vec<Json> {
    let (mut all, mut page) = (Vec::new(), String::new());
    loop {
        let path = format!(
            "{MESSAGES}?filter.pattern={}&page_size=1000&page_token={page}",
            pattern.replace('>', "%3E")
        );
        let (status, found) = call(platform, token, Method::GET, &path, None).await;
        assert_eq!(status, 200, "{found}");
        all.extend(list(&found["messages"]).iter().cloned());
        match found["nextPageToken"].as_str() {
            Some(next) if !next.is_empty() => next.clone_into(&mut page),
            _ => return all,
        }
    }
}
