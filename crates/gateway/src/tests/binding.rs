//! Path, query, body and headers in the message.

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::json;

use super::fixture::{Bench, wire};
use crate::EdgeConfig;

#[tokio::test]
async fn query_parameters_of_every_kind() {
    let bench = Bench::echo();
    let got = bench
        .get("/api/v1/things?pageSize=5&page_token=a%20b+c&filter.owner=me&filter.active=false&states=STATE_DRAFT&states=2\
              &since=2026-01-31T12:00:00Z&within=1.5s&readMask=displayName,parts.sku&archived=true&ranks=1&ranks=2")
        .await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.text);
    assert_eq!(
        got.json(),
        json!({
            "pageSize": 5, "pageToken": "a b c", "filter": {"owner": "me", "active": false},
            "states": ["STATE_DRAFT", "STATE_ACTIVE"], "since": "2026-01-31T12:00:00Z", "within": "1.500s",
            "readMask": "displayName,parts.sku", "archived": true, "ranks": [1, 2],
        })
    );
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let bench = Bench::echo();
    for (path, reason, needle) in [
        (
            "/api/v1/things?pageSise=5",
            "UNKNOWN_FIELD",
            "did you mean pageSize?",
        ),
        ("/api/v1/things?pageSize=x", "INVALID_PARAMETER", "pageSize"),
        (
            "/api/v1/things?pageSize=1&page_size=2",
            "INVALID_PARAMETER",
            "twice",
        ),
        ("/api/v1/things?labels=x", "INVALID_PARAMETER", "map"),
        ("/api/v1/things?filter=x", "INVALID_PARAMETER", "message"),
        (
            "/api/v1/things?since=yesterday",
            "INVALID_PARAMETER",
            "since",
        ),
        ("/api/v1/things?pageToken=%ff", "INVALID_PARAMETER", "UTF-8"),
        (
            "/api/v1/things/7?id=8",
            "INVALID_PARAMETER",
            "path or the body",
        ),
        ("/api/v1/things/%ff", "INVALID_PARAMETER", "UTF-8"),
    ] {
        let got = bench.get(path).await;
        assert_eq!(
            (got.status, got.reason().as_str()),
            (StatusCode::BAD_REQUEST, reason),
            "{path}: {}",
            got.text
        );
        assert!(got.text.contains(needle), "{path}: {}", got.text);
    }
}

#[tokio::test]
async fn variables_are_decoded_once_and_slashes_stay_encoded_in_long_ones() {
    let bench = Bench::with(EdgeConfig::default(), |path, message| {
        // GetThing answers a Thing, whose field 1 is the id as well
        assert!(path.starts_with("/tessera.things"));
        Ok((vec![message], None))
    });
    assert_eq!(
        bench.get("/api/v1/things/a%2Fb%25").await.json(),
        json!({"id": "a/b%"})
    );
    assert_eq!(
        bench.get("/old/things/a%2Fb").await.json(),
        json!({"id": "things/a%2Fb"})
    );
    assert_eq!(
        bench.get("/api/v1/files/a/b%2fc%20d").await.json(),
        json!({"path": "a/b%2Fc d"})
    );
}

#[tokio::test]
async fn a_body_that_contradicts_the_path_is_refused() {
    let bench = Bench::echo();
    for (method, path, body, field) in [
        (
            "POST",
            "/api/v1/things/7:archive",
            r#"{"id": "8", "reason": "old"}"#,
            "id",
        ),
        (
            "PATCH",
            "/api/v1/things/7",
            r#"{"id": "8", "rank": 1}"#,
            "thing.id",
        ),
        (
            "PATCH",
            "/api/v1/things/A",
            r#"{"rank": 1, "id": "a"}"#,
            "thing.id",
        ),
    ] {
        let got = bench.put(method, path, body).await;
        assert_eq!(
            (got.status, got.reason().as_str()),
            (StatusCode::BAD_REQUEST, "PATH_CONTRADICTED"),
            "{path}: {}",
            got.text
        );
        let violation = &got.json()["details"][1]["fieldViolations"][0];
        assert_eq!(violation["field"], field, "{}", got.text);
        assert_eq!(violation["reason"], "PATH_CONTRADICTED");
    }
    for body in [
        r#"{"id": "7", "reason": "old"}"#,
        r#"{"id": "", "reason": "old"}"#,
        r#"{"reason": "old"}"#,
    ] {
        let got = bench.put("POST", "/api/v1/things/7:archive", body).await;
        assert_eq!(got.json(), json!({"id": "7", "reason": "old"}), "{body}");
    }
}

#[tokio::test]
async fn a_patch_without_a_mask_changes_what_its_body_names() {
    let bench = Bench::echo();
    let body = r#"{"id": "7", "displayName": "new", "description": null, "created_at": null, "etag": "e", "parts": []}"#;
    let got = bench.put("PATCH", "/api/v1/things/7", body).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.text);
    assert_eq!(
        got.json(),
        json!({"thing": {"id": "7", "displayName": "new", "etag": "e"}, "updateMask": "displayName,description,parts"})
    );
    let got = bench
        .put("PATCH", "/api/v1/things/7?updateMask=rank", body)
        .await;
    assert_eq!(got.json()["updateMask"], "rank");
    let got = bench
        .put("PATCH", "/api/v1/things/7?updateMask=", r#"{"rank": 3}"#)
        .await;
    assert_eq!(got.json()["updateMask"], "rank", "an empty mask is none");
    for nothing in ["", "{}", r#"{"id": "7", "etag": "e"}"#] {
        let got = bench.put("PATCH", "/api/v1/things/7", nothing).await;
        assert_eq!(
            (got.status, got.reason().as_str()),
            (StatusCode::BAD_REQUEST, "NOTHING_TO_CHANGE"),
            "{nothing}"
        );
    }
}

#[tokio::test]
async fn an_idempotency_key_fills_the_request_id_once() {
    let bench = Bench::echo();
    let post = |path: &str| {
        Request::post(path)
            .header("idempotency-key", "k1")
            .body(Body::from("{}"))
            .unwrap()
    };
    assert_eq!(
        bench.send(post("/api/v1/things")).await.json()["requestId"],
        "k1"
    );
    assert_eq!(
        bench.send(post("/api/v1/things?requestId=q")).await.json()["requestId"],
        "q"
    );
}

#[tokio::test]
async fn a_field_of_the_answer_can_be_the_whole_answer() {
    let thing = wire(
        "tessera.things.v1.Thing",
        json!({"id": "7", "parts": [{"sku": "A", "quantity": "2"}]}),
    );
    let bench = Bench::with(EdgeConfig::default(), move |_, _| {
        Ok((vec![thing.clone()], None))
    });
    assert_eq!(
        bench.get("/api/v1/things/7/parts").await.json(),
        json!([{"sku": "A", "quantity": "2"}])
    );
    let bench = Bench::echo();
    assert_eq!(bench.get("/api/v1/things/7/parts").await.json(), json!([]));
}

#[tokio::test]
async fn only_listed_headers_pass() {
    let bench = Bench::echo();
    let request = Request::get("/api/v1/things/7")
        .header("authorization", "Bearer t")
        .header("baggage", "a=b")
        .header(
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        )
        .header("x-request-id", "r-1")
        .header("x-tessera-process", "forged")
        .header("grpc-metadata-x-tessera-process", "forged")
        .header("cookie", "c=d")
        .header("x-timeout-seconds", "2.5");
    let got = bench.send(request.body(Body::empty()).unwrap()).await;
    let seen = bench.seen().headers;
    assert_eq!(seen["authorization"], "Bearer t");
    assert_eq!(seen["baggage"], "a=b");
    assert_eq!(seen["x-request-id"], "r-1");
    assert_eq!(seen["grpc-timeout"], "2500000u");
    assert!(
        seen["traceparent"]
            .to_str()
            .unwrap()
            .starts_with("00-0af7651916cd43dd8448eb211c80319c-")
    );
    assert_eq!(got.headers["traceparent"], seen["traceparent"]);
    assert_eq!(got.header("x-request-id"), "r-1");
    for name in [
        "x-tessera-process",
        "grpc-metadata-x-tessera-process",
        "cookie",
    ] {
        assert!(!seen.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn deadlines_are_bounded_and_have_a_default() {
    let bench = Bench::echo();
    for (header, value, expected) in [
        ("x-none", "", "30000000u"),
        ("grpc-timeout", "1S", "1000000u"),
        ("x-timeout-seconds", "99999", "300S"),
        ("x-timeout-seconds", "-1", "30000000u"),
    ] {
        let request = Request::get("/api/v1/things/7")
            .header(header, value)
            .body(Body::empty())
            .unwrap();
        bench.send(request).await;
        let seen = bench.seen().headers["grpc-timeout"]
            .to_str()
            .unwrap()
            .to_owned();
        let micros = |t: &str| {
            t[..t.len() - 1].parse::<u64>().unwrap()
                * if t.ends_with('S') {
                    1_000_000
                } else if t.ends_with('m') {
                    1000
                } else {
                    1
                }
        };
        assert_eq!(micros(&seen), micros(expected), "{header}: {value}");
    }
}
