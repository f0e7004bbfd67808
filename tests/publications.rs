//! Results that are published: told to who listens, kept in the history of the metric, by hand and by operations.

use crate::{
    business::{get, import, list, narrow, person, post, text, write},
    messages::{fetch, subscribe},
    platform::{Platform, stories},
};
use reqwest::Method;
use serde_json::{Value, json};

const PUBLICATIONS: &str = "/api/v1/calculation/publications";
const HISTORY: &str = "/api/v1/calculation/metrics/retention/history";
const TOLD: &str = "tessera.calculation.v1.MetricCalculated";

const COVERS: &str = r#"
ontology: tessera/v1
entities:
  - code: cover
    name: Cover
    kind: snapshot
    attributes:
      - { code: cover_id, name: Number, type: string, primary_key: true }
      - { code: taken_on, name: Taken on, type: date, primary_key: true, time_attribute: true }
      - { code: lob, name: Line of business, type: string }
metrics:
  - code: retention
    name: Retention
    type: set_based
    formula: (end - new) / start
    entities: [cover]
    format: 0.0%
    set: { member: { entity: cover, attribute: cover_id } }
"#;

/// Ten covers in January, of which nine are there in February with one new one; all of them of the line Health.
async fn covers(platform: &Platform) {
    import(platform, COVERS).await;
    let row = |number: usize, day: &str| json!({ "cover_id": format!("c{number}"), "taken_on": day, "lob": "Health" });
    let start = (0..10).map(|number| row(number, "2025-01-01"));
    let end = (1..11).map(|number| row(number, "2025-02-01"));
    write(platform, "cover", start.chain(end).collect()).await;
}

fn january() -> Value {
    json!({ "metric": "retention", "start": "2025-01-01", "end": "2025-02-01", "dimensions": ["lob"] })
}

/// What was told to a subscriber, once there is something.
async fn heard(platform: &Platform, subscription: &str) -> Vec<Value> {
    let deliveries = fetch(platform, subscription, "20s").await;
    let message = |delivery: &Value| delivery["message"].clone();
    deliveries.iter().map(message).collect()
}

/// The operation that publishes, once it has ended.
async fn published(platform: &Platform, input: &Value) -> Value {
    let operation = json!({ "service": "calculation", "kind": "calculation.publish", "title": "January", "input": input.to_string() });
    let body = json!({ "operation": operation, "request_id": value::Id::new().to_string() });
    let begun = post(platform, "/api/v1/operations/operations", body).await;
    ended(platform, &text(&begun["id"])).await
}

async fn ended(platform: &Platform, id: &str) -> Value {
    let path = format!("/api/v1/operations/operations/{id}");
    testkit::eventually("the operation to end", || async {
        let now = get(platform, &path).await;
        (now["done"] == true).then_some(now)
    })
    .await
}

stories! {
    /// The result is told with exactly its metric, value and dimensions, is in the cache for a day, and is found in the history with its time.
    /// Proves: SCN-15, SCN-16, SCN-17
    async fn a_rate_is_published(platform: &Platform) {
        covers(platform).await;
        let subscription = subscribe(platform, "rates", TOLD).await;
        let body = json!({ "publication": { "question": january() }, "request_id": "january" });
        let made = post(platform, PUBLICATIONS, body.clone()).await;
        assert_eq!(post(platform, PUBLICATIONS, body).await["id"], made["id"], "the same request");
        assert_eq!((made["rows"][0]["value"]["text"].as_str(), made["cached"].as_bool()), (Some("0.9"), Some(true)), "{made}");
        let time = |field: &str| -> jiff::Timestamp { made[field].as_str().expect("a time").parse().expect("a time") };
        let lives = time("cacheExpireTime").duration_since(time("createTime")).as_secs();
        assert!((86_390..=86_400).contains(&lives), "{lives} s: {made}");
        assert_eq!(made["explanation"]["formula"], "(end - new) / start");

        let heard = heard(platform, &subscription).await;
        assert_eq!(heard.len(), 1, "{heard:?}");
        let event = &heard[0]["json"];
        assert_eq!((event["metric"].as_str(), event["value"].as_str()), (Some("retention"), Some("0.9")), "{event}");
        assert_eq!(event["dimensions"], json!({ "lob": "Health" }));
        assert_eq!(event["publicationId"], made["id"]);

        let page = get(platform, HISTORY).await;
        let row = &page["rows"][0];
        assert_eq!((row["value"]["text"].as_str(), &row["createTime"], &row["publicationId"]), (Some("0.9"), &made["createTime"], &made["id"]), "{page}");
        assert_eq!((list(&page["rows"]).len(), &row["dimensions"]), (1, &json!([{ "code": "lob", "value": "Health" }])));
    }

    /// An operation publishes what it is told to, also over the latest periods, and is rolled back by taking that back; its outcome tells no value.
    /// Proves: SCN-17
    async fn an_operation_publishes(platform: &Platform) {
        covers(platform).await;
        let subscription = subscribe(platform, "all", "tessera.calculation.v1.*").await;
        let done = published(platform, &january()).await;
        assert_eq!(done["state"], "OPERATION_STATE_SUCCEEDED", "{done}");
        let outcome: Value = serde_json::from_str(done["response"].as_str().expect("an outcome")).expect("JSON");
        let id = text(&outcome["publication"]);
        assert_eq!(outcome, json!({ "publication": id, "rows": 1 }));
        let made = get(platform, &format!("{PUBLICATIONS}/{id}")).await;
        assert_eq!((&made["operation"], &made["actor"]), (&done["id"], &done["actor"]), "{made}");
        assert_eq!(heard(platform, &subscription).await[0]["json"]["value"], "0.9");

        let path = format!("/api/v1/operations/operations/{}:rollBack", text(&done["id"]));
        post(platform, &path, json!({ "reason": "it was wrong" })).await;
        testkit::eventually("it to be taken back", || async {
            let (status, _) = platform.json(Method::GET, &format!("{PUBLICATIONS}/{id}"), None).await;
            (status == 404).then_some(())
        }).await;
        assert!(list(&get(platform, HISTORY).await["rows"]).is_empty());

        let latest = published(platform, &json!({ "metric": "retention", "grain": "month", "last_periods": 2 })).await;
        assert_eq!(latest["state"], "OPERATION_STATE_SUCCEEDED", "{latest}");
        assert_eq!(list(&get(platform, HISTORY).await["rows"]).len(), 2);
        let failed = published(platform, &json!({ "metric": "retention", "grain": "decade" })).await;
        assert_eq!((failed["state"].as_str(), failed["error"]["reason"].as_str()), (Some("OPERATION_STATE_FAILED"), Some("INVALID_REQUEST")), "{failed}");
    }

    /// Who sees only some of the rows neither publishes nor sees what is of all of them, nor hears of it.
    async fn what_is_of_all_rows_is_for_who_sees_them(platform: &Platform) {
        covers(platform).await;
        let made = post(platform, PUBLICATIONS, json!({ "publication": { "question": january() } })).await;
        let narrowed = person(platform, "narrowed", &["editor"]).await;
        narrow(platform, &narrowed, "cover", "lob = 'Dental'").await;
        let token = Some(narrowed.token.as_str());
        let own = format!("{PUBLICATIONS}/{}", text(&made["id"]));
        testkit::eventually("the filter to be known", || async {
            let (status, _) = platform.json_as(token, Method::GET, &own, None).await;
            (status == 404).then_some(())
        }).await;
        let (status, refusal) = platform.json_as(token, Method::POST, PUBLICATIONS, Some(json!({ "publication": { "question": january() } }))).await;
        assert_eq!((status, crate::edge::reason(&refusal)), (403, "ROWS_HIDDEN"), "{refusal}");
        for (path, field) in [(PUBLICATIONS, "publications"), (HISTORY, "rows")] {
            let (status, page) = platform.json_as(token, Method::GET, path, None).await;
            assert_eq!((status, list(&page[field]).len()), (200, 0), "{page}");
            assert_eq!(list(&get(platform, path).await[field]).len(), 1);
        }
        let messages = "/api/v1/messaging/messages?filter.pattern=tessera.calculation.%3E";
        testkit::eventually("the message to be there", || async {
            let page = get(platform, messages).await;
            (list(&page["messages"]).len() == 1).then_some(())
        }).await;
        let (status, page) = platform.json_as(token, Method::GET, messages, None).await;
        assert_eq!((status, list(&page["messages"]).len()), (200, 0), "{page}");
    }
}
