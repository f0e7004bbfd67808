//! What holds for every request and answer: security headers, CORS, sizes.

use axum::body::Body;
use error::{Error, Result};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    CONTENT_SECURITY_POLICY, ORIGIN, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, VARY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};

use crate::reply::{self, Answer};
use crate::{EdgeConfig, reason};

/// The answer to a CORS preflight from an allowed origin.
pub(crate) fn preflight(config: &EdgeConfig, request: &Request<Body>) -> Option<Answer> {
    let headers = request.headers();
    let asks =
        *request.method() == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if !asks || !allowed(config, headers.get(ORIGIN)?) {
        return None;
    }
    let mut answer = reply::body(StatusCode::NO_CONTENT, "text/plain", Body::empty());
    let headers = answer.headers_mut();
    headers.insert(
        ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE"),
    );
    headers.insert(
        ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(
            "authorization, content-type, idempotency-key, x-request-id, x-timeout-seconds, traceparent, tracestate, baggage",
        ),
    );
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    Some(answer)
}

fn allowed(config: &EdgeConfig, origin: &HeaderValue) -> bool {
    config
        .cors
        .origins
        .iter()
        .any(|o| o.as_bytes() == origin.as_bytes())
}

/// Adds the headers every answer has; a content policy that a page set stays.
pub(crate) fn finish(config: &EdgeConfig, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers
        .entry(CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'; sandbox",
        ));
    if config.tls.is_some() {
        headers.insert(
            STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000; includeSubDomains"),
        );
    }
    if config.cors.origins.is_empty() {
        return;
    }
    headers.append(VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin.filter(|o| allowed(config, o)) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("x-request-id, traceparent, etag, retry-after"),
        );
    }
}

/// Refuses headers that are larger, all together, than the limit.
pub(crate) fn headers_fit(config: &EdgeConfig, headers: &HeaderMap) -> Result<()> {
    let size: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    let limit = config.max_headers();
    if size <= limit {
        return Ok(());
    }
    Err(Error::new(
        &reason::HEADERS_TOO_LARGE,
        format!("the headers are larger than {limit} bytes"),
    ))
}

/// Refuses a message that is larger than a body may be: free-form JSON grows on its way into one.
pub(crate) fn message_fits(config: &EdgeConfig, size: usize) -> Result<()> {
    // path, query and headers bring something too
    let limit = config.max_body().saturating_add(config.max_headers());
    if size <= limit {
        return Ok(());
    }
    let what = format!("as a message the request has {size} bytes, at most {limit} are accepted");
    Err(Error::new(&error::reason::MESSAGE_TOO_LARGE, what)
        .with_metadata("limit", limit.to_string()))
}
