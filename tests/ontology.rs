//! A business described, read back, changed by two people at once, and broken on purpose.

use crate::{edge::reason, platform::stories};
use reqwest::Method;
use serde_json::{Value, json};

const SAMPLE: &str = include_str!("../services/meaning/metadata/samples/retail_insurance.yaml");

async fn import(platform: &crate::platform::Platform) -> Value {
    let body = json!({ "yaml": SAMPLE });
    let (status, answer) = platform
        .json(Method::POST, "/api/v1/metadata/ontology:import", Some(body))
        .await;
    assert_eq!(status, 200, "{answer}");
    answer
}

stories! {
    /// Proves: META-03, META-14
    async fn a_described_business_is_read_back_and_drawn(platform: &Platform) {
        let imported = import(platform).await;
        assert_eq!(imported["applied"], true);
        let (status, policy) = platform.json(Method::GET, "/api/v1/metadata/entities/by-code/policy", None).await;
        assert_eq!((status, policy["name"].as_str()), (200, Some("Policy")), "{policy}");

        let (_, before) = platform.json(Method::GET, "/metadata/graph/uml", None).await;
        assert!(before["plantuml"].as_str().expect("PlantUML").starts_with("@startuml"));
        let entity = json!({
            "code": "invoice", "name": "Invoice", "kind": "ENTITY_KIND_DIMENSION",
            "attributes": [
                { "code": "invoice_id", "name": "Number", "type": "DATA_TYPE_STRING", "primaryKey": true },
            ],
        });
        let (status, created) = platform.json(Method::POST, "/api/v1/metadata/entities", Some(entity)).await;
        assert_eq!(status, 200, "{created}");
        let (_, after) = platform.json(Method::GET, "/metadata/graph/uml", None).await;
        assert!(after["plantuml"].as_str().expect("PlantUML").contains("Invoice"), "a diagram shows what is there now");
    }

    /// The second of two changes to the same version is told so, and nothing of it is stored.
    async fn of_two_changes_at_once_one_wins(platform: &Platform) {
        import(platform).await;
        let path = "/api/v1/metadata/entities/by-code/policy";
        let (_, policy) = platform.json(Method::GET, path, None).await;
        let id = policy["id"].as_str().expect("an id");
        let change = |description: &str| {
            json!({ "description": description, "etag": policy["etag"] })
        };
        let update = format!("/api/v1/metadata/entities/{id}");
        let (first, second) = tokio::join!(
            platform.json(Method::PATCH, &update, Some(change("first"))),
            platform.json(Method::PATCH, &update, Some(change("second"))),
        );
        let mut statuses = [first.0, second.0];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{} {}", first.1, second.1);
        let winner = if first.0 == 200 { "first" } else { "second" };
        let (_, policy) = platform.json(Method::GET, path, None).await;
        assert_eq!(policy["description"], winner);
    }

    /// Proves: META-04
    async fn a_metric_over_nothing_is_refused_by_name(platform: &Platform) {
        import(platform).await;
        let metric = json!({
            "code": "broken", "name": "Broken", "type": "METRIC_TYPE_SIMPLE",
            "formula": "count(nowhere)", "entities": ["nowhere"],
        });
        let (status, refusal) = platform.json(Method::POST, "/api/v1/metadata/metrics", Some(metric)).await;
        assert_eq!(status, 400, "{refusal}");
        assert!(refusal.to_string().contains("nowhere"), "{refusal}");
        let (status, _) = platform.json(Method::GET, "/api/v1/metadata/metrics/by-code/broken", None).await;
        assert_eq!(status, 404);
    }

    /// The same create sent twice makes one thing; with another body it is refused.
    async fn a_create_is_idempotent_by_its_request_id(platform: &Platform) {
        let actor = |name: &str| json!({ "code": "broker", "name": name, "kind": "ACTOR_KIND_ROLE" });
        let path = "/api/v1/metadata/actors?request_id=one-and-the-same";
        let (status, first) = platform.json(Method::POST, path, Some(actor("Broker"))).await;
        assert_eq!(status, 200, "{first}");
        let (status, second) = platform.json(Method::POST, path, Some(actor("Broker"))).await;
        assert_eq!((status, &second["id"]), (200, &first["id"]), "{second}");
        let (status, other) = platform.json(Method::POST, path, Some(actor("Agent"))).await;
        assert_eq!(status, 409, "{other}");
        assert!(other.to_string().contains("REQUEST_ID_REUSED"), "{other}");
    }

    /// What is built on itself is refused with the circle and its field, and nothing of it is stored.
    async fn a_circle_is_refused_by_name(platform: &Platform) {
        import(platform).await;
        let derived = |code: &str, on: &str| {
            json!({ "code": code, "name": code, "type": "METRIC_TYPE_DERIVED", "formula": on, "metrics": [on] })
        };
        let path = "/api/v1/metadata/metrics";
        let (status, own) = platform.json(Method::POST, path, Some(derived("narcissus", "narcissus"))).await;
        assert_eq!((status, reason(&own)), (400, "DEFINITION_CYCLE"), "{own}");
        let (status, first) = platform.json(Method::POST, path, Some(derived("first", "policies_active"))).await;
        assert_eq!(status, 200, "{first}");
        let (status, second) = platform.json(Method::POST, path, Some(derived("second", "first"))).await;
        assert_eq!(status, 200, "{second}");
        let update = format!("{path}/{}", first["id"].as_str().expect("an id"));
        let body = json!({ "formula": "second", "metrics": ["second"], "etag": first["etag"] });
        let (status, circle) = platform.json(Method::PATCH, &update, Some(body)).await;
        assert_eq!((status, reason(&circle)), (400, "DEFINITION_CYCLE"), "{circle}");
        let text = circle.to_string();
        assert!(text.contains("metric.metrics") && text.contains("first → second → first"), "{text}");
        let (_, after) = platform.json(Method::GET, &update, None).await;
        assert_eq!(after, first);
        let (status, _) = platform.json(Method::GET, &format!("{path}/by-code/narcissus"), None).await;
        assert_eq!(status, 404);
    }

    /// A reference to nothing is refused with its field wherever it stands; of an import with one,
    /// nothing is stored.
    async fn a_reference_to_nothing_is_refused_with_its_field(platform: &Platform) {
        import(platform).await;
        let export = "/api/v1/metadata/ontology:export";
        let before = platform.json(Method::GET, export, None).await;
        let (from, to) = (json!({ "entity": "policy", "attribute": "member_id" }), json!({ "entity": "nowhere", "attribute": "x" }));
        for (kind, body, field) in [
            ("relationships", json!({ "code": "broken", "name": "Broken", "from": from, "to": to, "cardinality": "CARDINALITY_MANY_TO_ONE" }), "relationship.to"),
            ("actors", json!({ "code": "broken", "name": "Broken", "kind": "ACTOR_KIND_ROLE", "entities": ["policy", "nowhere"] }), "actor.entities[1]"),
        ] {
            let path = format!("/api/v1/metadata/{kind}");
            let (status, refusal) = platform.json(Method::POST, &path, Some(body)).await;
            let text = refusal.to_string();
            assert!(status == 400 && text.contains(field) && text.contains("nowhere"), "{kind}: {status} {text}");
        }
        let yaml = "ontology: tessera/v1\nactors:\n  - { code: fine, name: Fine, kind: role }\n  - { code: broken, name: Broken, kind: role, entities: [nowhere] }\n";
        let path = "/api/v1/metadata/ontology:import";
        let (status, refusal) = platform.json(Method::POST, path, Some(json!({ "yaml": yaml }))).await;
        assert!(status == 400 && refusal.to_string().contains("nowhere"), "{status} {refusal}");
        assert_eq!(platform.json(Method::GET, export, None).await, before, "nothing is stored");
    }

    /// Whoever changes or deletes by an old version is told so, and nothing happens.
    async fn a_stale_etag_changes_nothing(platform: &Platform) {
        import(platform).await;
        let (_, old) = platform.json(Method::GET, "/api/v1/metadata/actors?page_size=1", None).await;
        let old = &old["actors"][0];
        let path = format!("/api/v1/metadata/actors/{}", old["id"].as_str().expect("an id"));
        let etag = old["etag"].as_str().expect("an etag");
        let change = |description: &str| json!({ "description": description, "etag": etag });
        let (status, changed) = platform.json(Method::PATCH, &path, Some(change("new"))).await;
        assert_eq!(status, 200, "{changed}");
        let (status, refusal) = platform.json(Method::PATCH, &path, Some(change("newer"))).await;
        assert_eq!((status, reason(&refusal)), (409, "ETAG_MISMATCH"), "{refusal}");
        let stale = format!("{path}?etag={}", etag.replace('"', "%22"));
        let (status, refusal) = platform.json(Method::DELETE, &stale, None).await;
        assert_eq!((status, reason(&refusal)), (409, "ETAG_MISMATCH"), "{refusal}");
        let (_, after) = platform.json(Method::GET, &path, None).await;
        assert_eq!(after, changed);
    }
}
