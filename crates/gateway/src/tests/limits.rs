//! How many requests a client may make, and how large they may become. Time stands still until a test moves it.

use std::net::IpAddr;
use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use value::Id;

use super::fixture::{Bench, Got};
use crate::{EdgeConfig, PeerAddress, Rate, RateConfig};

const THING: &str = "/api/v1/things/7";

/// An edge where a principal may make three requests at once and an address two; a token is the principal's id.
fn edge() -> Bench {
    let rate = RateConfig {
        principal: Rate {
            per_second: 1,
            burst: 3,
        },
        address: Rate {
            per_second: 1,
            burst: 2,
        },
        ..RateConfig::default()
    };
    let config = EdgeConfig {
        rate,
        ..EdgeConfig::default()
    };
    let mut bench = Bench::with(config, |_, message| Ok((vec![message], None)));
    bench.edge = bench.edge.doorkeeper(|_, headers| {
        let Some(token) = headers.get("authorization") else {
            return Ok(None);
        };
        let id: Result<Id, _> = token.to_str().unwrap().parse();
        let unknown = || error::Error::new(&error::reason::TOKEN_INVALID, "no such token");
        id.map(Some).map_err(|_| unknown())
    });
    bench
}

async fn ask(bench: &Bench, address: &str, token: Option<&str>) -> Got {
    let mut request = Request::get(THING);
    if let Some(token) = token {
        request = request.header("authorization", token);
    }
    let mut request = request.body(Body::empty()).unwrap();
    let address: IpAddr = address.parse().unwrap();
    request.extensions_mut().insert(PeerAddress(address));
    bench.send(request).await
}

/// Proves: GW-08
#[tokio::test(start_paused = true)]
async fn a_client_beyond_its_limit_is_told_when_to_come_again() {
    let bench = edge();
    let (ada, bob) = (Id::new().to_string(), Id::new().to_string());
    for _ in 0..3 {
        assert_eq!(
            ask(&bench, "10.0.0.1", Some(&ada)).await.status,
            StatusCode::OK
        );
    }
    let refused = ask(&bench, "10.0.0.1", Some(&ada)).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.text.contains("RATE_LIMITED"), "{}", refused.text);
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.json()["status"], "RESOURCE_EXHAUSTED");
    let elsewhere = ask(&bench, "10.0.0.2", Some(&ada)).await;
    assert_eq!(
        elsewhere.status,
        StatusCode::TOO_MANY_REQUESTS,
        "it is the principal that is counted"
    );

    assert_eq!(
        ask(&bench, "10.0.0.1", Some(&bob)).await.status,
        StatusCode::OK
    );
    for _ in 0..2 {
        assert_eq!(ask(&bench, "10.0.0.1", None).await.status, StatusCode::OK);
    }
    assert_eq!(
        ask(&bench, "10.0.0.1", None).await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
    assert_eq!(ask(&bench, "10.0.0.9", None).await.status, StatusCode::OK);

    tokio::time::advance(Duration::from_millis(999)).await;
    assert_eq!(
        ask(&bench, "10.0.0.1", Some(&ada)).await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(
        ask(&bench, "10.0.0.1", Some(&ada)).await.status,
        StatusCode::OK
    );
    assert_eq!(
        ask(&bench, "10.0.0.1", Some(&ada)).await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
}

#[tokio::test(start_paused = true)]
async fn bad_tokens_count_for_the_address_and_the_edges_own_pages_for_nobody() {
    let bench = edge();
    for _ in 0..2 {
        assert_eq!(
            ask(&bench, "10.0.0.1", Some("x")).await.status,
            StatusCode::UNAUTHORIZED
        );
    }
    assert_eq!(
        ask(&bench, "10.0.0.1", Some("y")).await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
    let known = Id::new().to_string();
    assert_eq!(
        ask(&bench, "10.0.0.1", Some(&known)).await.status,
        StatusCode::OK
    );
    for path in ["/healthz", "/readyz", "/openapi.json"] {
        for _ in 0..5 {
            assert_eq!(bench.get(path).await.status, StatusCode::OK, "{path}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn limits_can_be_switched_off_and_the_default_hinders_nobody() {
    let off = EdgeConfig {
        rate: serde_json::from_value(json!({
            "enabled": false, "address": {"per_second": 1, "burst": 1},
        }))
        .unwrap(),
        ..EdgeConfig::default()
    };
    for (config, requests) in [(off, 20), (EdgeConfig::default(), 500)] {
        let bench = Bench::with(config, |_, message| Ok((vec![message], None)));
        for _ in 0..requests {
            assert_eq!(bench.get(THING).await.status, StatusCode::OK);
        }
    }
}

/// Two bytes of JSON become eleven of a message.
#[tokio::test]
async fn free_form_json_is_bounded_as_what_it_becomes() {
    let config: EdgeConfig =
        serde_json::from_value(json!({"max_body": "64KiB", "max_headers": "1KiB"})).unwrap();
    let bench = Bench::with(config, |_, message| Ok((vec![message], None)));
    let list = |numbers: usize| json!({"list": vec![1; numbers]}).to_string();
    let echo = "/api/v1/things:echo";
    let got = bench.put("POST", echo, &list(5000)).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.text);
    assert_eq!(got.json()["list"].as_array().map(Vec::len), Some(5000));
    let got = bench.put("POST", echo, &list(7000)).await;
    assert_eq!(
        (got.status, got.reason().as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, "MESSAGE_TOO_LARGE")
    );
}

#[tokio::test]
async fn free_form_json_comes_back_as_it_was_sent_or_is_refused() {
    let bench = Bench::echo();
    let echo = "/api/v1/things:echo";
    let record = json!({"struct": {
        "name": "Übermut \"quoted\"", "count": 42, "price": 19.99, "big": "9223372036854775807", "safe": 9_007_199_254_740_991_u64,
        "none": null, "yes": true, "list": [1, [2, [3]], {}], "": {"deep": {"deeper": []}},
    }, "value": -0.5, "list": [null, false, "x", 1.5]});
    let got = bench.put("POST", echo, &record.to_string()).await;
    assert_eq!(got.json(), record);

    let sent = r#"{"struct": {"claim": {"id": 9007199254740993}}}"#;
    let got = bench.put("POST", echo, sent).await;
    assert_eq!(
        (got.status, got.reason().as_str()),
        (StatusCode::BAD_REQUEST, "NUMBER_NOT_EXACT")
    );
    let violation = &got.json()["details"][1]["fieldViolations"][0];
    assert_eq!(violation["field"], r#"struct["claim"]["id"]"#);
    assert!(
        violation["description"]
            .as_str()
            .unwrap()
            .contains("send it as text"),
        "{}",
        got.text
    );

    let deep: Value = (0..40).fold(json!(1), |inner, _| json!({"a": inner}));
    let got = bench
        .put("POST", echo, &json!({"value": deep}).to_string())
        .await;
    assert_eq!(
        (got.status, got.reason().as_str()),
        (StatusCode::BAD_REQUEST, "JSON_TOO_DEEP")
    );
}
