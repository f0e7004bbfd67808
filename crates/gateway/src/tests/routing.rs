//! Which path leads to which RPC.

use std::sync::Arc;

use axum::body::Body;
use http::{Request, StatusCode};

use super::fixture::{Backend, Bench, compiled, methods};
use crate::{Edge, EdgeConfig};

/// Proves: GW-01
/// Proves: GW-02
#[tokio::test]
async fn paths_lead_to_their_rpc() {
    let bench = Bench::echo();
    for (method, path, rpc) in [
        ("GET", "/api/v1/things/7", "GetThing"),
        ("GET", "/api/v1/things/a%2Fb", "GetThing"),
        ("GET", "/api/v1/things/a:b", "GetThing"),
        ("GET", "/old/things/7", "GetThing"),
        ("GET", "/api/v1/things/newest", "NewestThing"),
        ("GET", "/api/v1/things", "ListThings"),
        ("POST", "/api/v1/things", "CreateThing"),
        ("PATCH", "/api/v1/things/7", "UpdateThing"),
        ("POST", "/api/v1/things/7:archive", "ArchiveThing"),
        ("GET", "/api/v1/things/7/parts", "ListParts"),
        ("GET", "/api/v1/files/a/b/c", "ReadFile"),
        ("GET", "/api/v1/files", "ReadFile"),
    ] {
        let body = if method == "PATCH" {
            r#"{"code": "A"}"#
        } else {
            ""
        };
        let got = bench.put(method, path, body).await;
        assert_eq!(got.status, StatusCode::OK, "{method} {path}: {}", got.text);
        assert_eq!(
            bench.seen().path,
            format!("/tessera.things.v1.ThingService/{rpc}"),
            "{method} {path}"
        );
    }
}

/// Proves: GW-01
#[tokio::test]
async fn unknown_paths_and_versions_are_404_and_other_methods_405() {
    let bench = Bench::echo();
    let got = bench.get("/api/v1/nothing").await;
    assert_eq!(
        (got.status, got.reason().as_str()),
        (StatusCode::NOT_FOUND, "ROUTE_NOT_FOUND")
    );
    let got = bench.get("/api/v2/things").await;
    assert_eq!(got.status, StatusCode::NOT_FOUND);
    assert!(
        got.json()["message"].as_str().unwrap().contains("\"v2\""),
        "{}",
        got.text
    );
    let got = bench.put("DELETE", "/api/v1/things/7", "").await;
    assert_eq!(
        (got.status, got.reason().as_str()),
        (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED")
    );
    assert_eq!(got.header("allow"), "GET, PATCH");
    let options = bench
        .send(
            Request::options("/api/v1/things")
                .body(Body::empty())
                .unwrap(),
        )
        .await;
    assert_eq!(
        (options.status, options.header("allow")),
        (StatusCode::NO_CONTENT, "GET, POST")
    );
    assert_eq!(
        bench.get("/api/v1/things/").await.status,
        StatusCode::NOT_FOUND
    );
}

fn start(rpcs: &str) -> Result<Edge, String> {
    let text = format!(
        "syntax = \"proto3\"; package tessera.t.v1; import \"google/api/annotations.proto\";\n\
         message A {{ string id = 1; A a = 2; repeated string many = 3; }}\nservice S {{ {rpcs} }}"
    );
    let set = compiled(&text);
    Edge::new(
        EdgeConfig::default(),
        &[&set],
        &methods(&set),
        Arc::new(|_: &str| None::<Backend>),
    )
    .map_err(|e| e.to_string())
}

#[test]
fn rules_that_cannot_work_fail_the_start() {
    let rpc = |name: &str, rule: &str| {
        format!("rpc {name}(A) returns (A) {{ option (google.api.http) = {{ {rule} }}; }}")
    };
    let fine = rpc("X", "get: \"/v1/{id}\"");
    assert!(start(&fine).is_ok());
    for (rpcs, why) in [
        (fine.clone() + &rpc("Y", "get: \"/v1/{a.id}\""), "is also"),
        (
            fine.clone()
                + &rpc(
                    "Y",
                    "post: \"/x\" additional_bindings { get: \"/v1/{id=*}\" }",
                ),
            "is also",
        ),
        (rpc("X", "get: \"/v1/{other}\""), "no field"),
        (rpc("X", "get: \"/v1/{a}\""), "no field"),
        (rpc("X", "post: \"/v1\" body: \"other\""), "no body field"),
        (
            rpc("X", "get: \"/v1\" response_body: \"other\""),
            "no response field",
        ),
        (rpc("X", "get: \"v1\""), "must start"),
        (rpc("Sync", "get: \"/v1\""), "internal"),
    ] {
        let error = start(&rpcs).err().unwrap_or_default();
        assert!(error.contains(why), "{rpcs}: {error}");
    }
}

#[tokio::test]
async fn a_service_out_of_reach_answers_503() {
    let edge = start("rpc X(A) returns (A) { option (google.api.http) = { get: \"/v1/{id}\" }; }")
        .unwrap();
    let request = Request::get("/v1/1").body(Body::empty()).unwrap();
    let answer = tower::ServiceExt::oneshot(edge.router(), request)
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
}
