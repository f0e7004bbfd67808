//! Streams as lines and as events, and bodies that are no JSON.

use axum::body::Body;
use error::Error;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tonic::Status;

use super::fixture::{Bench, wire};
use crate::EdgeConfig;

fn watching(error: bool) -> Bench {
    Bench::with(EdgeConfig::default(), move |_, _| {
        let thing = |id: &str| wire("tessera.things.v1.Thing", json!({"id": id}));
        let end = error.then(|| Status::from(Error::not_found("thing", "3")));
        Ok((vec![thing("1"), thing("2")], end))
    })
}

fn events(path: &str) -> Request<Body> {
    Request::get(path)
        .header("accept", "text/html, text/event-stream;q=0.9")
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn lines_are_the_default() {
    let got = watching(false).get("/api/v1/things:watch").await;
    assert_eq!(
        (got.status, got.header("content-type")),
        (StatusCode::OK, "application/x-ndjson")
    );
    assert_eq!(got.text, "{\"id\":\"1\"}\n{\"id\":\"2\"}\n");
    let got = watching(true).get("/api/v1/things:watch").await;
    let last: Value = serde_json::from_str(got.text.lines().last().unwrap()).unwrap();
    assert_eq!(
        (got.text.lines().count(), &last["error"]["status"]),
        (3, &json!("NOT_FOUND"))
    );
}

#[tokio::test]
async fn events_where_the_client_asks() {
    let got = watching(true).send(events("/api/v1/things:watch")).await;
    assert_eq!(got.header("content-type"), "text/event-stream");
    let (sound, last) = got.text.split_once("event: error\ndata: ").unwrap();
    assert_eq!(sound, "data: {\"id\":\"1\"}\n\ndata: {\"id\":\"2\"}\n\n");
    let last: Value = serde_json::from_str(last.trim_end()).unwrap();
    assert_eq!(last["code"], 5);
}

#[tokio::test]
async fn an_error_before_the_first_message_is_a_plain_answer() {
    let bench = Bench::with(EdgeConfig::default(), |_, _| {
        Err(Error::not_found("thing", "3").into())
    });
    assert_eq!(
        bench.send(events("/api/v1/things:watch")).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_message_that_cannot_be_read_ends_the_stream() {
    let bench = Bench::with(EdgeConfig::default(), |_, _| {
        let sound = wire("tessera.things.v1.Thing", json!({"id": "1"}));
        Ok((vec![sound.clone(), b"\xff".as_slice().into(), sound], None))
    });
    let got = bench.get("/api/v1/things:watch").await;
    assert_eq!(got.text.lines().count(), 2, "{}", got.text);
    assert!(got.text.contains("UNREADABLE_ANSWER"), "{}", got.text);
}

#[tokio::test]
async fn client_streams_are_refused() {
    let got = Bench::echo().put("POST", "/api/v1/things:send", "{}").await;
    assert_eq!(
        (got.status, got.reason().as_str()),
        (StatusCode::NOT_IMPLEMENTED, "NO_CLIENT_STREAMS")
    );
}

#[tokio::test]
async fn an_http_body_is_served_as_it_is() {
    let bench = Bench::with(EdgeConfig::default(), |_, _| {
        Ok((
            vec![wire(
                "google.api.HttpBody",
                json!({"contentType": "text/csv", "data": "YSxiCg=="}),
            )],
            None,
        ))
    });
    let got = bench.get("/api/v1/things/7:download").await;
    assert_eq!(
        (got.header("content-type"), got.text.as_str()),
        ("text/csv", "a,b\n")
    );
}
