//! The edge's own pages: health, readiness, metrics and the API page.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use http::{HeaderValue, StatusCode};

use crate::reply::{self, Answer};

/// The process runs.
pub(crate) fn live() -> Answer {
    uncached(reply::json(StatusCode::OK, &b"{\"status\":\"live\"}"[..]))
}

/// The process can serve, or what holds it back.
pub(crate) fn ready(waiting: &[String]) -> Answer {
    let (code, status) = match waiting {
        [] => (StatusCode::OK, "ready"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "waiting"),
    };
    uncached(reply::json(
        code,
        serde_json::json!({"status": status, "waiting": waiting}).to_string(),
    ))
}

/// Prometheus text.
pub(crate) fn metrics(text: &str) -> Answer {
    uncached(reply::body(
        StatusCode::OK,
        "text/plain; version=0.0.4",
        text.to_owned(),
    ))
}

/// The API page, which reads `/openapi.json` in the browser.
pub(crate) fn docs() -> Bytes {
    const PAGE: &str = include_str!("page/docs.html");
    const STYLE: &str = include_str!("page/docs.css");
    const SCRIPT: &str = include_str!("page/docs.js");
    PAGE.replace("/*style*/", STYLE)
        .replace("/*script*/", SCRIPT)
        .into()
}

/// The API page as an answer; it loads nothing from elsewhere and may call this server only.
pub(crate) fn page(page: Bytes) -> Answer {
    let mut answer = reply::body(StatusCode::OK, "text/html; charset=utf-8", page);
    answer.headers_mut().insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
             img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    );
    answer
}

fn uncached(mut answer: Answer) -> Answer {
    answer
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
