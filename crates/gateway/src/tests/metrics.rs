//! What the edge counts: routes by their template, so that no caller makes up a label.

use super::fixture::Bench;
use http::StatusCode;

#[tokio::test]
async fn requests_are_counted_by_route_and_status() {
    let metrics = telemetry::Metrics::install();
    let bench = Bench::echo();
    for id in ["7", "8"] {
        let got = bench.get(&format!("/api/v1/things/{id}")).await;
        assert_eq!(got.status, StatusCode::OK);
    }
    bench.put("POST", "/api/v1/things", "{").await;
    bench.get("/api/v1/made-up-by-a-caller").await;
    bench.get("/healthz").await;
    let text = metrics.render();
    let value = |name: &str, labels: &[&str]| {
        let line = text.lines().find(|line| {
            line.starts_with(&format!("{name}{{")) && labels.iter().all(|l| line.contains(l))
        });
        let line = line.unwrap_or_else(|| panic!("no {name} with {labels:?} in\n{text}"));
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    let total = "tessera_http_requests_total";
    let get = [
        "method=\"GET\"",
        "route=\"/api/v1/things/{id}\"",
        "status=\"200\"",
    ];
    // other tests of the process may count too
    assert!(value(total, &get) >= 2.0);
    let post = [
        "method=\"POST\"",
        "route=\"/api/v1/things\"",
        "status=\"400\"",
    ];
    assert!(value(total, &post) >= 1.0);
    assert!(value(total, &["route=\"(no route)\"", "status=\"404\""]) >= 1.0);
    assert!(value(total, &["route=\"(own pages)\"", "status=\"200\""]) >= 1.0);
    assert!(value("tessera_http_seconds_count", &get[..2]) >= 2.0);
    assert!(!text.contains("made-up-by-a-caller"));
}

#[tokio::test]
async fn a_client_that_goes_away_is_counted_as_499() {
    let metrics = telemetry::Metrics::install();
    let bench = Bench::hanging();
    let waiting = bench.get("/api/v1/things/7");
    tokio::time::timeout(std::time::Duration::from_millis(5), waiting)
        .await
        .expect_err("the backend hangs");
    assert!(metrics.render().lines().any(|line| {
        line.starts_with("tessera_http_requests_total{") && line.contains("status=\"499\"")
    }));
}
