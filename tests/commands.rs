//! Questions and commands: each reaches its own connection; commands happen whole or not at all.

use crate::{
    business::{import, list, post, query, text, whole, write},
    platform::{Platform, stories},
};
use reqwest::Method;
use serde_json::{Value, json};

const STOCK: &str = r#"
ontology: tessera/v1
entities:
  - code: item
    name: Item
    kind: dimension
    attributes:
      - { code: item_id, name: Number, type: string, primary_key: true }
      - { code: name, name: Name, type: string, nullable: true }
      - { code: stock, name: Stock, type: integer }
      - { code: state, name: State, type: string, allowed_values: [new, used] }
  - code: movement
    name: Movement
    kind: event
    attributes:
      - { code: movement_id, name: Number, type: string, primary_key: true }
      - { code: moved_at, name: Moved, type: timestamp, time_attribute: true }
      - { code: item_id, name: Item, type: string }
      - { code: change, name: Change, type: integer }
"#;

async fn stock(platform: &Platform) {
    import(platform, STOCK).await;
    let item = |number: i64| json!({ "item_id": format!("i{number}"), "name": format!("Item {number}"), "stock": number, "state": "new" });
    write(platform, "item", (0..10).map(item).collect()).await;
}

async fn command(platform: &Platform, body: Value) -> (u16, Value) {
    platform
        .json(Method::POST, "/api/v1/warehouse/command", Some(body))
        .await
}

async fn total(platform: &Platform) -> i64 {
    let body = json!({ "entity": "item", "measures": ["sum(stock)"] });
    whole(&query(platform, &platform.token, body).await[0][0])
}

fn movement(id: &str) -> Value {
    json!({ "write": { "entity": "movement", "records": [{ "movement_id": id, "moved_at": "2025-01-01T00:00:00Z", "item_id": "i1", "change": -1 }] } })
}

stories! {
    /// Of a command of several changes all are made or none, and the same command again is made once.
    /// Proves: DB-39, DB-41
    async fn a_command_happens_whole_or_not_at_all(platform: &Platform) {
        stock(platform).await;
        let update = |values: Value| json!({ "update": { "entity": "item", "where": "item_id = 'i1'", "values": values } });
        for bad in [
            update(json!({ "stock": "many" })), update(json!({ "nothing": 1 })), update(json!({ "state": "broken" })),
            json!({ "delete": { "entity": "nothing", "where": "true" } }), json!({ "delete": { "entity": "item", "where": "nothing = 1" } }),
            movement("m1"),
        ] {
            let body = json!({ "commands": [movement("m1"), update(json!({ "stock": 100 })), bad] });
            let (status, refusal) = command(platform, body).await;
            assert!((400..500).contains(&status), "{refusal}");
            assert_eq!(total(platform).await, 45, "{refusal}");
            let moved = query(platform, &platform.token, json!({ "entity": "movement", "measures": ["count(*)"] })).await;
            assert_eq!(whole(&moved[0][0]), 0, "{refusal}");
        }
        let body = json!({
            "commands": [movement("m1"), update(json!({ "stock": 0 })), { "delete": { "entity": "item", "where": "stock > 8" } }],
            "request_id": "take one",
        });
        for _ in 0..2 {
            let (status, done) = command(platform, body.clone()).await;
            assert_eq!(status, 200, "{done}");
            let results = list(&done["results"]);
            assert_eq!(whole(&results[0]["write"]["inserted"]), 1, "{done}");
            assert_eq!((whole(&results[1]["update"]["updated"]), whole(&results[2]["delete"]["deleted"])), (1, 1), "{done}");
            assert_eq!(total(platform).await, 45 - 1 - 9);
        }
    }

    /// What is malformed is refused by both, with the field; nothing that writes is a question.
    /// Proves: DB-37, DB-38
    async fn questions_cannot_write(platform: &Platform) {
        stock(platform).await;
        for (path, body) in [
            ("/api/v1/warehouse/query", json!({})),
            ("/api/v1/warehouse/query", json!({ "entity": "nothing" })),
            ("/api/v1/warehouse/query", json!({ "entity": "item", "commands": [] })),
            ("/api/v1/warehouse/query", json!({ "entity": "item", "attributes": ["name"], "measures": ["count(*)"] })),
            ("/api/v1/warehouse/query", json!({ "entity": "item", "group_by": ["name"] })),
            ("/api/v1/warehouse/query", json!({ "entity": "item", "order_by": "name; DELETE FROM item" })),
            ("/api/v1/warehouse/query", json!({ "entity": "item", "where": "true; INSERT INTO item VALUES (1)" })),
            ("/api/v1/warehouse/query", json!({ "entity": "item", "filters": [{ "attribute": "stock", "operator": "FILTER_OPERATOR_EQUAL", "values": ["many"] }] })),
            ("/api/v1/warehouse/query", json!({ "entity": "item", "filters": [{ "attribute": "stock", "operator": "FILTER_OPERATOR_BETWEEN", "values": [1] }] })),
            ("/api/v1/warehouse/command", json!({})),
            ("/api/v1/warehouse/command", json!({ "commands": [{}] })),
            ("/api/v1/warehouse/command", json!({ "commands": [{ "query": { "entity": "item" } }] })),
        ] {
            let (status, refusal) = platform.json(Method::POST, path, Some(body.clone())).await;
            assert!(status == 400 || status == 404, "{path} {body}: {status} {refusal}");
        }
        assert_eq!(total(platform).await, 45);
    }

    /// A batch with bad rows: the good ones are written and each bad one is told, or, if it must be so, none.
    async fn each_row_is_told_what_became_of_it(platform: &Platform) {
        stock(platform).await;
        let records = json!([
            { "item_id": "n1", "stock": 1, "state": "new" },
            { "item_id": "n2", "stock": "many", "state": "new" },
            { "item_id": "n3", "state": "new" },
            { "item_id": "n4", "stock": 1, "state": "broken" },
            { "item_id": "i1", "stock": 1, "state": "new" },
            { "item_id": "n5", "stock": 1, "state": "new", "colour": "red" },
            { "item_id": "n6", "stock": "9223372036854775808", "state": "new" },
            { "item_id": "n7", "stock": 2, "state": "used", "name": null },
        ]);
        let path = "/api/v1/warehouse/tables/item/records:write";
        let (status, refusal) = platform.json(Method::POST, path, Some(json!({ "records": records, "atomic": true }))).await;
        assert_eq!(status, 400, "{refusal}");
        assert_eq!(total(platform).await, 45);
        let body = json!({ "records": records, "request_id": "eight" });
        let first = post(platform, path, body.clone()).await;
        let results = list(&first["results"]);
        let told: Vec<(i64, String, String)> = results
            .iter()
            .filter(|result| result["outcome"] == "WRITE_OUTCOME_FAILED")
            .map(|result| (whole(&result["index"]), text(&result["reason"]), result["attribute"].as_str().unwrap_or_default().to_owned()))
            .collect();
        let indexes: Vec<i64> = told.iter().map(|result| result.0).collect();
        assert_eq!(indexes, [1, 2, 3, 4, 5, 6], "{first}");
        for (at, attribute) in [(0, "stock"), (1, "stock"), (2, "state"), (4, "colour"), (5, "stock")] {
            assert_eq!(told[at].2, attribute, "{first}");
        }
        assert_eq!((told[1].1.as_str(), told[3].1.as_str()), ("REQUIRED", "ALREADY_EXISTS"), "{first}");
        assert_eq!((whole(&first["inserted"]), whole(&first["failed"])), (2, 6), "{first}");
        assert_eq!(total(platform).await, 48);
        let again = post(platform, path, body).await;
        assert_eq!(again, first, "the same batch again is the same answer");
        assert_eq!(total(platform).await, 48);
    }

    /// A program that walks through pages while rows come and go sees every row that stays exactly once.
    async fn pages_hold_while_rows_come_and_go(platform: &Platform) {
        stock(platform).await;
        let path = "/api/v1/warehouse/query";
        for (order, expected) in [("", 10), ("stock desc", 10), ("state, stock", 10)] {
            let (mut token, mut seen) = (Value::String(String::new()), Vec::new());
            for step in 0.. {
                let body = json!({ "entity": "item", "attributes": ["item_id"], "order_by": order, "page_size": 3, "page_token": token, "where": "item_id < 'j'" });
                let page = post(platform, path, body).await;
                seen.extend(list(&page["rows"]).iter().map(|row| text(&row[0])));
                let other = json!({ "item_id": format!("z{order}{step}"), "stock": step, "state": "used" });
                write(platform, "item", vec![other]).await;
                token = page["nextPageToken"].clone();
                if token.as_str().is_none_or(str::is_empty) {
                    break;
                }
            }
            seen.sort();
            seen.dedup();
            assert_eq!(seen.len(), expected, "{order}");
        }
        let other = json!({ "entity": "item", "page_size": 3, "page_token": "made up" });
        let (status, refusal) = platform.json(Method::POST, path, Some(other)).await;
        assert_eq!(status, 400, "{refusal}");
    }
}
