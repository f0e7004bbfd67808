//! What clients read when a call fails, and the limits of the edge.

use axum::body::Body;
use error::Error;
use http::{Request, StatusCode};
use serde_json::json;
use tonic::{Code, Status};

use super::fixture::Bench;
use crate::{Cors, EdgeConfig, Tls};
use config::ByteSize;

#[tokio::test]
async fn a_status_keeps_its_typed_details() {
    let bench = Bench::with(EdgeConfig::default(), |_, _| {
        let error =
            Error::not_found("thing", "7").with_retry_after(std::time::Duration::from_secs(3));
        Err(Status::from(error.with_violation(error::Violation::new(
            "id",
            "UNKNOWN",
            "no such \"id\"",
        ))))
    });
    let request = Request::get("/api/v1/things/7")
        .header("x-request-id", "r-1")
        .body(Body::empty())
        .unwrap();
    let got = bench.send(request).await;
    assert_eq!(got.status, StatusCode::NOT_FOUND);
    assert_eq!(
        (got.header("retry-after"), got.header("cache-control")),
        ("3", "no-store")
    );
    let json = got.json();
    assert_eq!(
        (&json["code"], &json["status"], &json["message"]),
        (&json!(5), &json!("NOT_FOUND"), &json!("thing 7 not found"))
    );
    assert_eq!(json["request_id"], "r-1");
    let details = json["details"].as_array().unwrap();
    let of = |name: &str| {
        details
            .iter()
            .find(|d| d["@type"].as_str().unwrap().ends_with(name))
            .unwrap()
    };
    assert_eq!(of("ErrorInfo")["reason"], "NOT_FOUND");
    assert_eq!(
        of("ErrorInfo")["metadata"],
        json!({"id": "7", "resource": "thing"})
    );
    assert_eq!(of("RetryInfo")["retryDelay"], "3s");
    assert_eq!(
        of("BadRequest")["fieldViolations"][0]["description"],
        "no such \"id\""
    );
}

#[tokio::test]
async fn codes_become_http_statuses_and_foreign_messages_stay_private() {
    for (code, status) in [
        (Code::InvalidArgument, 400),
        (Code::Unauthenticated, 401),
        (Code::PermissionDenied, 403),
        (Code::AlreadyExists, 409),
        (Code::ResourceExhausted, 429),
        (Code::Cancelled, 499),
        (Code::Unknown, 500),
        (Code::Unimplemented, 501),
        (Code::Unavailable, 503),
        (Code::DeadlineExceeded, 504),
    ] {
        let bench = Bench::with(EdgeConfig::default(), move |_, _| {
            Err(Status::new(code, "tcp 10.0.0.1:5432"))
        });
        let got = bench.get("/api/v1/things/7").await;
        assert_eq!(got.status.as_u16(), status, "{code:?}");
        let private = matches!(code, Code::Unknown | Code::Unavailable);
        assert_eq!(
            got.text.contains("10.0.0.1"),
            !private,
            "{code:?}: {}",
            got.text
        );
        assert_eq!(
            got.header("www-authenticate"),
            if status == 401 { "Bearer" } else { "" }
        );
    }
}

#[tokio::test]
async fn a_late_answer_is_a_deadline() {
    let request = Request::get("/api/v1/things/7")
        .header("grpc-timeout", "5m")
        .body(Body::empty())
        .unwrap();
    let got = Bench::hanging().send(request).await;
    assert_eq!(
        (got.status, got.reason().as_str()),
        (StatusCode::GATEWAY_TIMEOUT, "DEADLINE_EXCEEDED")
    );
}

#[tokio::test]
async fn malformed_json_names_line_column_and_field() {
    let bench = Bench::echo();
    let got = bench
        .put(
            "POST",
            "/api/v1/things",
            "{\n \"parts\": [{\"quantity\": \"x\"}]}",
        )
        .await;
    assert_eq!(
        (got.status, got.reason().as_str()),
        (StatusCode::BAD_REQUEST, "MALFORMED_MESSAGE")
    );
    let json = got.json();
    assert_eq!(
        json["details"][0]["metadata"],
        json!({"line": "2", "column": "25"})
    );
    assert_eq!(
        json["details"][1]["fieldViolations"][0]["field"],
        "thing.parts[0].quantity"
    );
    let got = bench
        .put("POST", "/api/v1/things", r#"{"dispalyName": ""}"#)
        .await;
    assert_eq!(
        (got.status, got.reason().as_str()),
        (StatusCode::BAD_REQUEST, "UNKNOWN_FIELD")
    );
    assert!(
        got.text.contains("did you mean displayName?"),
        "{}",
        got.text
    );
    assert_eq!(
        got.json()["details"][1]["fieldViolations"][0]["field"],
        "thing.dispalyName"
    );
}

#[tokio::test]
async fn limits_hold() {
    let config = EdgeConfig {
        max_body: ByteSize::from_kib(1),
        max_headers: ByteSize::from_kib(1),
        max_depth: 4,
        ..EdgeConfig::default()
    };
    let bench = Bench::with(config, |_, m| Ok((vec![m], None)));
    let large = format!(r#"{{"displayName": "{}"}}"#, "x".repeat(1100));
    let got = bench.put("POST", "/api/v1/things", &large).await;
    assert_eq!(
        (got.status, got.reason().as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, "MESSAGE_TOO_LARGE")
    );
    let deep = r#"{"inner": {"inner": {"inner": {"inner": {}}}}}"#;
    let got = bench.put("POST", "/api/v1/things:echo", deep).await;
    assert_eq!(
        (got.status, got.reason().as_str()),
        (StatusCode::BAD_REQUEST, "JSON_TOO_DEEP")
    );
    let request = Request::get("/api/v1/things/7")
        .header("x-long", "x".repeat(1100))
        .body(Body::empty())
        .unwrap();
    let got = bench.send(request).await;
    assert_eq!(
        (got.status.as_u16(), got.reason().as_str()),
        (431, "HEADERS_TOO_LARGE")
    );
    let form =
        Request::post("/api/v1/things").header("content-type", "application/x-www-form-urlencoded");
    let got = bench.send(form.body(Body::from("a=b")).unwrap()).await;
    assert_eq!(
        (got.status, got.reason().as_str()),
        (StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE")
    );
    let json =
        Request::post("/api/v1/things").header("content-type", "application/json; charset=UTF-8");
    assert_eq!(
        bench
            .send(json.body(Body::from("{}")).unwrap())
            .await
            .status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_damaged_answer_is_our_fault() {
    let bench = Bench::with(EdgeConfig::default(), |_, _| {
        Ok((vec![b"\xff".as_slice().into()], None))
    });
    let got = bench.get("/api/v1/things/7").await;
    assert_eq!(
        (got.status, got.reason().as_str()),
        (StatusCode::INTERNAL_SERVER_ERROR, "UNREADABLE_ANSWER")
    );
}

#[tokio::test]
async fn every_answer_has_its_ids_and_security_headers() {
    let bench = Bench::echo();
    for path in ["/api/v1/things/7", "/api/v1/none", "/healthz", "/docs"] {
        let got = bench.get(path).await;
        assert_eq!(got.header("x-content-type-options"), "nosniff", "{path}");
        assert!(
            got.header("content-security-policy")
                .contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert_eq!(got.header("strict-transport-security"), "", "{path}");
        assert!(
            got.header("x-request-id").parse::<uuid::Uuid>().is_ok(),
            "{path}"
        );
        assert_eq!(got.header("traceparent").len(), 55, "{path}");
    }
    let config = EdgeConfig {
        tls: Some(Tls {
            certificate: "c".into(),
            key: "k".into(),
        }),
        ..EdgeConfig::default()
    };
    let got = Bench::with(config, |_, m| Ok((vec![m], None)))
        .get("/healthz")
        .await;
    assert!(
        got.header("strict-transport-security")
            .starts_with("max-age=")
    );
}

#[tokio::test]
async fn cors_is_off_until_an_origin_is_listed() {
    let ask = |method: &str, path: &str| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("origin", "https://a.example");
        request
            .header("access-control-request-method", "POST")
            .body(Body::empty())
            .unwrap()
    };
    let got = Bench::echo().send(ask("OPTIONS", "/api/v1/things")).await;
    assert_eq!(got.header("access-control-allow-origin"), "");
    let config = EdgeConfig {
        cors: Cors {
            origins: vec!["https://a.example".into()],
        },
        ..EdgeConfig::default()
    };
    let bench = Bench::with(config, |_, m| Ok((vec![m], None)));
    let got = bench.send(ask("OPTIONS", "/api/v1/things")).await;
    assert_eq!(
        (got.status, got.header("access-control-allow-origin")),
        (StatusCode::NO_CONTENT, "https://a.example")
    );
    assert!(
        got.header("access-control-allow-headers")
            .contains("authorization")
    );
    let got = bench.send(ask("GET", "/api/v1/things")).await;
    assert_eq!(
        (
            got.header("access-control-allow-origin"),
            got.header("vary")
        ),
        ("https://a.example", "origin")
    );
    let other = Request::get("/api/v1/things")
        .header("origin", "https://b.example")
        .body(Body::empty())
        .unwrap();
    assert_eq!(
        bench
            .send(other)
            .await
            .header("access-control-allow-origin"),
        ""
    );
}

#[tokio::test]
async fn probes_and_metrics() {
    let bench = Bench::echo();
    assert_eq!(bench.get("/healthz").await.status, StatusCode::OK);
    assert_eq!(
        bench.get("/readyz").await.json(),
        json!({"status": "ready", "waiting": []})
    );
    assert_eq!(bench.get("/metrics").await.status, StatusCode::NOT_FOUND);
    let mut bench = Bench::echo();
    bench.edge = bench
        .edge
        .readiness(|| vec!["metadata".into()])
        .metrics(|| "calls 1\n".into());
    let got = bench.get("/readyz").await;
    assert_eq!(
        (got.status, got.json()["waiting"][0].as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, Some("metadata"))
    );
    assert_eq!(bench.get("/metrics").await.text, "calls 1\n");
}
