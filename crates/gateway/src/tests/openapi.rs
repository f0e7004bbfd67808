//! The OpenAPI document and the page that shows it.

use std::collections::HashSet;

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use super::fixture::Bench;
use crate::EdgeConfig;

/// Every `$ref` below a value.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|v| references(v, found));
        }
        Value::Array(items) => items.iter().for_each(|v| references(v, found)),
        _ => {}
    }
}

/// Proves: GW-03
#[tokio::test]
async fn the_document_holds_together() {
    let document = Bench::echo().get("/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        assert!(
            document
                .pointer(&reference[1..])
                .is_some_and(Value::is_object),
            "{reference}"
        );
    }
    let mut ids = HashSet::new();
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations += 1;
            assert!(
                ids.insert(operation["operationId"].as_str().unwrap()),
                "{method} {path}"
            );
            assert!(
                operation["responses"]["200"].is_object() && operation["tags"] == json!(["things"])
            );
            let none = Vec::new();
            let parameters = operation["parameters"].as_array().unwrap_or(&none);
            let names: HashSet<_> = parameters
                .iter()
                .map(|p| (p["in"].as_str(), p["name"].as_str()))
                .collect();
            assert_eq!(names.len(), parameters.len(), "{method} {path}");
            for part in path.split('/').filter(|p| p.starts_with('{')) {
                let name = part[1..].split('}').next();
                assert!(names.contains(&(Some("path"), name)), "{method} {path}");
            }
        }
    }
    // every RPC of the test contract with a rule, and one additional binding
    assert_eq!(operations, 13);
}

#[tokio::test]
async fn what_the_contract_says_is_in_it() {
    let document = Bench::echo().get("/openapi.json").await.json();
    let get = &document["paths"]["/api/v1/things/{id}"]["get"];
    assert_eq!(get["operationId"], "ThingService_GetThing");
    assert_eq!(
        (&get["summary"], &get["description"]),
        (
            &json!("Gets one thing"),
            &json!("Gets one thing. A second sentence.")
        )
    );
    assert_eq!(get["x-tessera-permission"], "things.read");
    assert_eq!(
        document["paths"]["/old/things/{id}"]["get"]["operationId"],
        "ThingService_GetThing_2"
    );
    assert_eq!(
        document["tags"][0],
        json!({"name": "things", "description": "Keeps things."})
    );
    let thing = &document["components"]["schemas"]["tessera.things.v1.Thing"];
    assert_eq!(thing["required"], json!(["displayName"]));
    let properties = &thing["properties"];
    assert_eq!(
        (
            &properties["displayName"]["minLength"],
            &properties["displayName"]["maxLength"]
        ),
        (&json!(1), &json!(120))
    );
    assert_eq!(
        (
            &properties["parts"]["minItems"],
            &properties["parts"]["maxItems"]
        ),
        (&json!(1), &json!(5))
    );
    assert_eq!(
        (
            &properties["rank"]["minimum"],
            &properties["rank"]["maximum"]
        ),
        (&json!(0), &json!(9))
    );
    assert_eq!(
        (
            &properties["ownerId"]["format"],
            &properties["code"]["pattern"]
        ),
        (&json!("uuid"), &json!("^[A-Z]+$"))
    );
    assert_eq!(
        (
            &properties["createdAt"]["readOnly"],
            &properties["createdAt"]["format"]
        ),
        (&json!(true), &json!("date-time"))
    );
    let state = &document["components"]["schemas"]["tessera.things.v1.State"];
    assert_eq!(
        state["enum"],
        json!(["STATE_UNSPECIFIED", "STATE_DRAFT", "STATE_ACTIVE"])
    );
    let list = document["paths"]["/api/v1/things"]["get"]["parameters"]
        .as_array()
        .unwrap();
    assert!(
        list.iter()
            .any(|p| p["name"] == "filter.owner" && p["in"] == "query")
    );
    let create = &document["paths"]["/api/v1/things"]["post"];
    assert_eq!(
        create["requestBody"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/tessera.things.v1.Thing"
    );
    let watch = &document["paths"]["/api/v1/things:watch"]["get"]["responses"]["200"]["content"];
    assert!(watch["text/event-stream"].is_object() && watch["application/x-ndjson"].is_object());
    assert_eq!(
        document["components"]["securitySchemes"]["bearer"]["scheme"],
        "bearer"
    );
}

#[tokio::test]
async fn it_is_stable_and_cached_by_its_etag() {
    let bench = Bench::echo();
    let first = bench.get("/openapi.json").await;
    assert_eq!(first.text, Bench::echo().get("/openapi.json").await.text);
    let etag = first.header("etag").to_owned();
    let again = Request::get("/openapi.json").header("if-none-match", format!("\"x\", W/{etag}"));
    let again = bench.send(again.body(Body::empty()).unwrap()).await;
    assert_eq!(
        (again.status, again.text.as_str()),
        (StatusCode::NOT_MODIFIED, "")
    );
}

/// Proves: GW-03
#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() {
    let page = Bench::echo().get("/docs").await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (StatusCode::OK, "text/html; charset=utf-8")
    );
    assert!(page.text.contains("openapi.json") && page.text.contains("</html>"));
    for elsewhere in [
        "src=",
        "@import",
        "https://",
        "//cdn",
        "/*style*/",
        "/*script*/",
    ] {
        assert!(!page.text.contains(elsewhere), "{elsewhere}");
    }
    let hidden = Bench::with(
        EdgeConfig {
            docs: false,
            ..EdgeConfig::default()
        },
        |_, m| Ok((vec![m], None)),
    );
    assert_eq!(hidden.get("/docs").await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        hidden.get("/openapi.json").await.status,
        StatusCode::NOT_FOUND
    );
}
