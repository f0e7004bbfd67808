//! The JSON edge in front of real services: what it refuses, and how it says so.

use crate::platform::stories;
use reqwest::Method;
use serde_json::{Value, json};

/// The reason in an error answer.
pub(crate) fn reason(answer: &Value) -> &str {
    let details = answer["details"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    details
        .iter()
        .find_map(|detail| detail["reason"].as_str())
        .unwrap_or_default()
}

stories! {
    /// Proves: GW-01, GW-02, GW-07
    async fn routes_answer_under_their_version_and_nothing_else_does(platform: &Platform) {
        let (status, answer) = platform.json(Method::GET, "/api/v1/metadata/entities", None).await;
        assert_eq!(status, 200, "{answer}");
        let (status, answer) = platform.json(Method::GET, "/api/v1/identity/self", None).await;
        assert_eq!(status, 200, "{answer}");
        for (path, expected) in [("/api/v9/metadata/entities", 404), ("/api/v1/nothing", 404)] {
            let (status, answer) = platform.json(Method::GET, path, None).await;
            assert_eq!(status, expected, "{path}: {answer}");
        }
        let (status, answer) = platform.json(Method::DELETE, "/api/v1/metadata/entities", None).await;
        assert_eq!(status, 405, "{answer}");
        let (status, answer) = platform.json_as(None, Method::GET, "/api/v1/metadata/entities", None).await;
        assert_eq!((status, reason(&answer)), (401, "UNAUTHENTICATED"), "{answer}");
    }

    /// Proves: GW-03
    async fn one_document_covers_every_public_route(platform: &Platform) {
        let (status, document) = platform.json_as(None, Method::GET, "/openapi.json", None).await;
        assert_eq!(status, 200);
        assert_eq!(document["openapi"], "3.1.0");
        let operations: usize = document["paths"]
            .as_object()
            .expect("paths")
            .values()
            .map(|path| path.as_object().expect("a path").keys().filter(|key| *key != "parameters").count())
            .sum();
        let public = server::methods().iter().filter(|method| method.http).count();
        assert!(operations >= public, "{operations} operations for {public} methods");
        let (status, page) = platform.json_as(None, Method::GET, "/docs", None).await;
        assert_eq!(status, 200);
        assert!(page.as_str().expect("a page").contains("<html"));
    }

    /// Each broken body is refused with its place or field, and nothing is stored.
    async fn broken_bodies_are_named_precisely(platform: &Platform) {
        let deep = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
        let wide = format!("{{\"name\": \"{}\"}}", "x".repeat(5 << 20));
        for (body, expected) in [
            ("{\"code\": \"a\",}", 400),
            ("{\"cod\": \"a\"}", 400),
            ("[]", 400),
            ("", 400),
            (deep.as_str(), 400),
            (wide.as_str(), 413),
        ] {
            let request = reqwest::Client::new()
                .post(platform.url("/api/v1/metadata/entities"))
                .bearer_auth(&platform.token)
                .header("content-type", "application/json")
                .body(body.to_owned());
            let answer = request.send().await.expect("the edge answers");
            let shown: String = body.chars().take(40).collect();
            assert_eq!(answer.status().as_u16(), expected, "{shown}");
            let text = answer.text().await.expect("text");
            assert!(text.contains("request_id") || text.contains("requestId"), "{shown}: {text}");
        }
        let body = json!({ "code": "Not Snake", "name": "x".repeat(201), "kind": "ENTITY_KIND_EVENT" });
        let (status, answer) = platform.json(Method::POST, "/api/v1/metadata/entities", Some(body)).await;
        assert_eq!(status, 400);
        let text = answer.to_string();
        assert!(text.contains("entity.code") && text.contains("entity.name"), "{text}");
        let (_, list) = platform.json(Method::GET, "/api/v1/metadata/entities", None).await;
        assert!(list["entities"].as_array().is_none_or(Vec::is_empty), "{list}");
    }

    /// Operators find health and metrics where they look for them.
    async fn health_and_metrics_are_open(platform: &Platform) {
        let (status, _) = platform.json_as(None, Method::GET, "/healthz", None).await;
        assert_eq!(status, 200);
        let (status, answer) = platform.json_as(None, Method::GET, "/readyz", None).await;
        assert_eq!(status, 200, "{answer}");
        platform.json(Method::GET, "/api/v1/metadata/entities", None).await;
        let (status, metrics) = platform.json_as(None, Method::GET, "/metrics", None).await;
        assert_eq!(status, 200);
        assert!(metrics.as_str().expect("text").contains("ListEntities"), "{metrics}");
    }

    /// What a browser must know stands on every answer, the start page and refusals included.
    async fn every_answer_has_the_headers_of_a_careful_server(platform: &Platform) {
        for (path, expected) in [("/", 200), ("/docs", 200), ("/healthz", 200), ("/nothing", 404), ("/api/v1/metadata/entities", 401)] {
            let answer = reqwest::get(platform.url(path)).await.expect("the edge answers");
            assert_eq!(answer.status().as_u16(), expected, "{path}");
            for (name, value) in [("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"), ("referrer-policy", "no-referrer")] {
                assert_eq!(answer.headers()[name], value, "{path}");
            }
            let policy = answer.headers()["content-security-policy"].to_str().expect("text");
            assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        }
        let page = reqwest::get(platform.url("/")).await.expect("the edge answers");
        assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
        assert!(page.text().await.expect("text").contains("/docs"));
    }
}
