//! Messages seen from outside: what services say is followed as it happens, what people publish is delivered, and
//! nothing is lost or doubled when processes die.

use crate::{
    business::{get, import, list, person, post, query, text, whole},
    edge::reason,
    platform::{Platform, Topology, stories},
};
use proto_platform::tessera::messaging::v1::{
    self as pb, messaging_service_client::MessagingServiceClient,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_stream::StreamExt;
use tonic::transport::Channel;
use value::Clock as _;

const MESSAGES: &str = "/api/v1/messaging/messages";
const DEFINITIONS: &str = "tessera.metadata.v1.DefinitionChanged";
const SUBSCRIPTIONS: &str = "/api/v1/messaging/subscriptions";

/// A stream of the edge, line by line.
struct Lines(reqwest::Response, Vec<u8>);

impl Lines {
    /// Answers once the stream has begun.
    async fn open(platform: &Platform, token: &str, path: &str) -> Self {
        let request = platform.request(Some(token), Method::GET, path, None);
        let answer = request.send().await.expect("the edge answers");
        assert_eq!(answer.status(), 200, "{path}");
        let kind = answer.headers()["content-type"].to_str().expect("text");
        assert_eq!(kind, "application/x-ndjson");
        Self(answer, Vec::new())
    }

    /// The next line; `None` at the end.
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.1.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.1.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).expect("a line is JSON"));
            }
            let more = self.0.chunk().await.expect("the stream goes on")?;
            self.1.extend_from_slice(&more);
        }
    }
}

/// A call by somebody with a token.
fn asked<T>(token: &str, message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    let bearer = format!("Bearer {token}").parse().expect("a token is plain");
    request.metadata_mut().insert("authorization", bearer);
    request
}

async fn client(platform: &Platform) -> MessagingServiceClient<Channel> {
    MessagingServiceClient::new(platform.grpc_of("messaging").await)
}

/// Creates, changes and deletes an entity; its id.
async fn live_and_die(platform: &Platform) -> String {
    let entity = json!({
        "code": "article", "name": "Article", "kind": "ENTITY_KIND_DIMENSION",
        "attributes": [{ "code": "article_id", "name": "Number", "type": "DATA_TYPE_STRING", "primary_key": true }],
    });
    let made = post(platform, "/api/v1/metadata/entities", entity).await;
    let id = text(&made["id"]);
    let path = format!("/api/v1/metadata/entities/{id}");
    let body = json!({ "name": "Articles", "etag": made["etag"] });
    let change = format!("{path}?update_mask=name");
    let (status, changed) = platform.json(Method::PATCH, &change, Some(body)).await;
    assert_eq!(status, 200, "{changed}");
    let gone = format!("{path}?etag={}", text(&changed["etag"]).replace('"', "%22"));
    let (status, answer) = platform.json(Method::DELETE, &gone, None).await;
    assert_eq!(status, 200, "{answer}");
    id
}

/// What a message tells of the definition, if it does.
fn told(message: &Value, id: &str) -> Option<String> {
    let change = &message["json"];
    (message["topic"] == DEFINITIONS && change["id"] == id).then(|| text(&change["action"]))
}

async fn publish(platform: &Platform, topic: &str, key: &str, value: Value) -> Value {
    let message = json!({ "topic": topic, "key": key, "json": value });
    post(platform, MESSAGES, json!({ "message": message })).await
}

pub(crate) async fn subscribe(platform: &Platform, name: &str, pattern: &str) -> String {
    let subscription = json!({ "name": name, "pattern": pattern });
    let body = json!({ "subscription": subscription, "start": { "oldest": true } });
    text(&post(platform, SUBSCRIPTIONS, body).await["id"])
}

pub(crate) async fn fetch(platform: &Platform, id: &str, wait: &str) -> Vec<Value> {
    let body = json!({ "max_messages": 100, "wait": wait });
    let got = post(platform, &format!("{SUBSCRIPTIONS}/{id}:fetch"), body).await;
    list(&got["deliveries"]).to_vec()
}

stories! {
    /// A thing that is created, changed and deleted is told of three times, as it happens, to who follows through gRPC and to
    /// who follows through the edge; each telling says to which request it belongs.
    /// Proves: EVT-01, EVT-03, EVT-06, EVT-14
    async fn what_happens_is_followed_as_it_happens(platform: &Platform) {
        let filter = pb::MessageFilter { pattern: "tessera.metadata.>".into(), ..pb::MessageFilter::default() };
        let request = pb::TailMessagesRequest { filter: Some(filter) };
        let mut client = client(platform).await;
        let mut over_grpc = client.tail_messages(asked(&platform.token, request)).await.expect("it begins").into_inner();
        let path = format!("{MESSAGES}:tail?filter.pattern=tessera.metadata.%3E");
        let mut over_json = Lines::open(platform, &platform.token, &path).await;
        let viewer = person(platform, "looks", &["viewer"]).await;
        platform.until_known(&viewer.token, true).await;
        let mut of_viewer = Lines::open(platform, &viewer.token, &path).await;

        let id = live_and_die(platform).await;
        let expected = ["CHANGE_ACTION_CREATED", "CHANGE_ACTION_UPDATED", "CHANGE_ACTION_DELETED"];
        for lines in [&mut over_json, &mut of_viewer] {
            let mut seen = Vec::new();
            while seen.len() < 3 {
                let message = lines.next().await.expect("it goes on");
                assert!(!text(&message["correlationId"]).is_empty(), "{message}");
                assert_eq!(message["source"], "/services/metadata");
                seen.extend(told(&message, &id));
            }
            assert_eq!(seen, expected);
        }
        let mut positions = Vec::new();
        while positions.len() < 3 {
            let message = over_grpc.next().await.expect("it goes on").expect("no failure");
            if message.topic == DEFINITIONS && format!("{:?}", message.json).contains(&id) {
                positions.push(message.position);
            }
        }
        assert!(positions.is_sorted(), "{positions:?}");
    }

    /// Published, delivered, acknowledged, counted, replayed and analysed through the edge alone.
    /// Proves: MSG-10, MSG-13, EVT-07, EVT-08, EVT-09
    async fn messages_go_the_whole_way_through_the_edge(platform: &Platform) {
        let some = subscribe(platform, "some", "ingestion.*").await;
        let all = subscribe(platform, "all", "orders.>").await;
        for number in 0..3 {
            for step in ["opened", "paid"] {
                publish(platform, &format!("orders.{step}"), &format!("order-{number}"), json!({ "number": number })).await;
            }
        }
        publish(platform, "ingestion.completed", "", json!({ "rows": 17 })).await;
        let got = fetch(platform, &some, "20s").await;
        assert_eq!((got.len(), &got[0]["message"]["json"]["rows"]), (1, &json!(17)), "{got:?}");
        let ack = json!({ "ack_ids": [got[0]["ackId"]] });
        let answer = post(platform, &format!("{SUBSCRIPTIONS}/{some}:ack"), ack).await;
        assert_eq!(whole(&answer["accepted"]), 1);
        assert_eq!(fetch(platform, &all, "20s").await.len(), 6);
        let gone = format!("{SUBSCRIPTIONS}/{some}");
        let (status, answer) = platform.json(Method::DELETE, &gone, None).await;
        assert_eq!(status, 200, "{answer}");
        let (status, _) = platform.json(Method::POST, &format!("{gone}:fetch"), Some(json!({}))).await;
        assert_eq!(status, 404);

        let mut replayed = Lines::open(platform, &platform.token, &format!("{MESSAGES}:replay?filter.pattern=orders.*&filter.start_position=1")).await;
        let mut numbers = Vec::new();
        while let Some(message) = replayed.next().await {
            numbers.push((whole(&message["json"]["number"]), text(&message["topic"])));
        }
        assert_eq!(numbers.len(), 6, "{numbers:?}");
        assert!(numbers.is_sorted_by_key(|(number, _)| *number), "{numbers:?}");
        let found = get(platform, &format!("{MESSAGES}:analyze?filter.pattern=orders.*&max_length=2")).await;
        assert_eq!(whole(&found["messages"]), 6, "{found}");
        assert_eq!(list(&found["sequences"])[0]["topics"], json!(["orders.opened", "orders.paid"]), "{found}");

        let command = json!({ "type": "train-model", "payload": { "model": "m1" } });
        let (status, refusal) = platform.json(Method::POST, "/api/v1/messaging/commands", Some(command.clone())).await;
        assert_eq!((status, reason(&refusal)), (400, "NO_COMMAND_HANDLER"), "{refusal}");
        let handler = subscribe(platform, "trainer", "commands.train-model").await;
        let sent = post(platform, "/api/v1/messaging/commands", command).await;
        let got = fetch(platform, &handler, "20s").await;
        assert_eq!(got[0]["message"]["topic"], "commands.train-model");
        let reply = json!({ "replies": [{ "ack_id": got[0]["ackId"], "result": { "accuracy": 0.5 } }] });
        post(platform, &format!("{SUBSCRIPTIONS}/{handler}:ack"), reply).await;
        let done = get(platform, &format!("/api/v1/messaging/commands/{}?wait=20s", text(&sent["id"]))).await;
        assert_eq!((&done["state"], &done["result"]["accuracy"]), (&json!("COMMAND_STATE_DONE"), &json!(0.5)), "{done}");
    }

    /// The consumers of services are listed with how far they are.
    /// Proves: DB-59
    async fn consumers_of_services_tell_how_far_they_are(platform: &Platform) {
        let path = format!("{SUBSCRIPTIONS}?of_services=true");
        let one = testkit::eventually("the consumer to have asked and heard all", || async {
            let page = get(platform, &path).await;
            let of = |one: &&Value| {
                let figures = &one["figures"];
                one["service"] == "operations" && figures["lastFetchTime"].is_string() && whole(&figures["lag"]) == 0
            };
            list(&page["subscriptions"]).iter().find(of).cloned()
        })
        .await;
        assert_eq!(one["pattern"], "tessera.jobs.v1.JobChanged", "{one}");
        let status = get(platform, "/api/v1/messaging/status").await;
        assert_eq!((&status["kind"], &status["healthy"]), (&json!("BROKER_KIND_EMBEDDED"), &json!(true)), "{status}");
    }
}

/// The messages of a key that somebody sees.
async fn of_key(platform: &Platform, token: &str, key: &str) -> Vec<Value> {
    let path = format!("{MESSAGES}?filter.pattern=tessera.jobs.%3E&filter.key={key}");
    let request = platform.request(Some(token), Method::GET, &path, None);
    let answer = request.send().await.expect("the edge answers");
    assert_eq!(answer.status(), 200, "{path}");
    let page: Value = answer.json().await.expect("JSON");
    list(&page["messages"]).to_vec()
}

stories! {
    /// What a service tells of restricted work is a message only for who is cleared for it.
    /// Proves: OP-24
    async fn restricted_work_is_told_of_to_the_cleared(platform: &Platform) {
        let narrow = json!({ "name": "reads messages", "permissions": ["*.read", "messaging.*"] });
        let narrow = text(&post(platform, "/api/v1/identity/tokens", narrow).await["secret"]);
        platform.until_known(&narrow, true).await;
        let mut ids = Vec::new();
        for level in ["SECURITY_LEVEL_INTERNAL", "SECURITY_LEVEL_RESTRICTED"] {
            let operation = json!({
                "service": "warehouse", "kind": "warehouse.check-tables", "security_level": level,
                "due_time": (platform.clock.now() + Duration::from_secs(3600)).to_string(),
            });
            let made = post(platform, "/api/v1/operations/operations", json!({ "operation": operation })).await;
            ids.push((text(&made["id"]), level));
        }
        for (id, level) in &ids {
            let told = testkit::eventually("what is told of it", || async {
                of_key(platform, &platform.token, id).await.into_iter().next()
            })
            .await;
            assert_eq!(told["securityLevel"], *level, "{told}");
            assert_eq!(told["json"]["job"]["id"], **id, "{told}");
        }
        let [(open, _), (restricted, _)] = &ids[..] else { panic!("two of them") };
        assert!(!of_key(platform, &narrow, open).await.is_empty());
        assert!(of_key(platform, &narrow, restricted).await.is_empty());
        let mut replayed = Lines::open(platform, &narrow, &format!("{MESSAGES}:replay?filter.start_position=1&filter.key={restricted}")).await;
        assert_eq!(replayed.next().await, None);
    }
}

const FEEDS: &str = r#"
ontology: tessera/v1
entities:
  - code: telemetry
    name: Telemetry
    kind: event
    attributes:
      - { code: reading_id, name: Number, type: string, primary_key: true }
      - { code: taken_at, name: Taken, type: timestamp, time_attribute: true }
      - { code: level, name: Level, type: "decimal(18, 2)" }
  - code: news
    name: News
    kind: event
    attributes:
      - { code: news_id, name: Number, type: string, primary_key: true }
      - { code: told_at, name: Told, type: timestamp, time_attribute: true }
      - { code: headline, name: Headline, type: string }
  - code: market
    name: Market
    kind: event
    attributes:
      - { code: tick_id, name: Number, type: string, primary_key: true }
      - { code: traded_at, name: Traded, type: timestamp, time_attribute: true }
      - { code: symbol, name: Symbol, type: string }
      - { code: price, name: Price, type: "decimal(18, 4)" }
"#;

stories! {
    /// What is published as records appears as rows, once; what lacks a field is listed with the reason, is not half stored, and
    /// can be given back.
    /// Proves: DB-60, DB-61
    async fn messages_become_rows_or_are_listed(platform: &Platform) {
        import(platform, FEEDS).await;
        let at = "2026-01-01T00:00:00Z";
        let ticks = json!([
            { "tick_id": "t1", "traded_at": at, "symbol": "TSR", "price": "17.2500" },
            { "tick_id": "t2", "traded_at": at, "symbol": "TSR", "price": 18 },
        ]);
        let bad = json!([
            { "tick_id": "t3", "traded_at": at, "symbol": "TSR", "price": 19 },
            { "tick_id": "t4", "traded_at": at, "symbol": "TSR" },
        ]);
        for (entity, records) in [
            ("telemetry", json!({ "reading_id": "r1", "taken_at": at, "level": 7.5 })),
            ("news", json!({ "news_id": "n1", "told_at": at, "headline": "Rain" })),
            ("market", ticks.clone()),
            ("market", bad),
            ("market", ticks),
        ] {
            publish(platform, &format!("records.{entity}"), "feed", records).await;
        }
        let letter = testkit::eventually("the dead letter", || async {
            let page = get(platform, "/api/v1/messaging/dead-letters").await;
            list(&page["deadLetters"]).first().cloned()
        })
        .await;
        assert!(text(&letter["reason"]).contains("price"), "{letter}");
        assert_eq!(letter["message"]["topic"], "records.market", "{letter}");
        let rows = async |entity: &str, attributes: Value| {
            query(platform, &platform.token, json!({ "entity": entity, "attributes": attributes, "order_by": attributes[0] })).await
        };
        testkit::eventually("the consumer to have done all", || async {
            let page = get(platform, &format!("{SUBSCRIPTIONS}?of_services=true&name_prefix=records")).await;
            let figures = &list(&page["subscriptions"])[0]["figures"];
            (whole(&figures["lag"]) == 0 && whole(&figures["inFlight"]) == 0).then_some(())
        })
        .await;
        assert_eq!(rows("telemetry", json!(["reading_id"])).await, [[json!("r1")]]);
        assert_eq!(rows("news", json!(["news_id", "headline"])).await, [[json!("n1"), json!("Rain")]]);
        assert_eq!(rows("market", json!(["tick_id"])).await, [[json!("t1")], [json!("t2")]], "none of the bad message");
    }
}

/// How often the process is killed, and how many messages are on their way then.
const KILLS: i64 = 3;
const EACH: u32 = 40;
const MOST: i64 = KILLS * EACH as i64;

/// Publishes numbered messages as soon as they are allowed, each again until it is taken, as a client does that is cut off.
async fn insist(url: String, token: String, taken: Arc<AtomicI64>, allowed: Arc<Semaphore>) {
    let http = reqwest::Client::new();
    for number in 1..=MOST {
        allowed.acquire().await.expect("it stays open").forget();
        testkit::eventually("the message to be taken", || async {
            let id = format!("m{number}");
            let message = json!({ "id": id, "topic": "numbers", "key": "k", "json": number });
            let request = http.post(&url).bearer_auth(&token);
            let request = request.json(&json!({ "message": message }));
            let answer = request.send().await.ok()?;
            (answer.status() == 200).then_some(())
        })
        .await;
        taken.store(number, Ordering::Relaxed);
    }
}

/// The process with messaging is killed in the middle of publishing, again and again: each message is there once, in
/// order, and delivered until it is acknowledged.
fn messages_survive_kills(backend: testkit::Backend) {
    testkit::run(async {
        let mut platform = Platform::start(backend, Topology::Split, "").await;
        let id = subscribe(&platform, "s", "numbers").await;
        let broker = platform.process_of("messaging");
        let taken = Arc::new(AtomicI64::new(0));
        let allowed = Arc::new(Semaphore::new(0));
        let publishing = insist(
            platform.url(MESSAGES),
            platform.token.clone(),
            Arc::clone(&taken),
            Arc::clone(&allowed),
        );
        let publishing = tokio::spawn(publishing);
        let mut got: Vec<i64> = Vec::new();
        for _ in 0..KILLS {
            // Half of them come while it dies and comes back.
            let half = taken.load(Ordering::Relaxed) + i64::from(EACH / 2);
            allowed.add_permits(EACH as usize);
            testkit::eventually("some messages", || async {
                (taken.load(Ordering::Relaxed) >= half).then_some(())
            })
            .await;
            // Fetched, and not acknowledged when it dies.
            assert!(!fetch(&platform, &id, "20s").await.is_empty());
            platform.kill(broker).await;
            let part = fetch(&platform, &id, "20s").await;
            let ids: Vec<_> = part.iter().map(|one| one["ackId"].clone()).collect();
            let path = format!("{SUBSCRIPTIONS}/{id}:ack");
            post(&platform, &path, json!({ "ack_ids": ids })).await;
            got.extend(part.iter().map(|one| whole(&one["message"]["json"])));
        }
        publishing.await.expect("every message was taken");
        while got.last() != Some(&MOST) {
            let part = fetch(&platform, &id, "20s").await;
            assert!(!part.is_empty(), "{got:?}");
            let ids: Vec<_> = part.iter().map(|one| one["ackId"].clone()).collect();
            let path = format!("{SUBSCRIPTIONS}/{id}:ack");
            post(&platform, &path, json!({ "ack_ids": ids })).await;
            got.extend(part.iter().map(|one| whole(&one["message"]["json"])));
        }
        // What was acknowledged just before a kill may come again; what is new comes in order.
        let mut new: Vec<i64> = Vec::new();
        for number in got {
            if new.last().is_none_or(|last| number > *last) {
                new.push(number);
            }
        }
        let all: Vec<i64> = (1..=MOST).collect();
        assert_eq!(new, all, "in order, none left out");
        let path = format!("{MESSAGES}?filter.pattern=numbers&page_size=1000");
        let page = get(&platform, &path).await;
        let there = list(&page["messages"]).iter();
        let there: Vec<_> = there.map(|one| whole(&one["json"])).collect();
        assert_eq!(there, all, "each once");
        platform.stop().await;
    });
}

#[test]
fn messages_survive_kills_sqlite() {
    messages_survive_kills(testkit::Backend::sqlite());
}

#[test]
fn messages_survive_kills_postgres() {
    messages_survive_kills(testkit::Backend::postgres());
}
