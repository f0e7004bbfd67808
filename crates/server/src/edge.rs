//! The JSON edge over whatever this process can reach.

use axum::{
    Router,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::Html,
    routing::get,
};
use gateway::{Edge, EdgeConfig};
use proto::MethodTable;
use rpc::{BoxError, Directory, Guards, Health};
use std::sync::Arc;
use telemetry::Metrics;

/// What stands at `/` as long as the binary carries no console.
const START_PAGE: &str = include_str!("start_page.html");

/// The edge's routes, with health and metrics of the process.
pub(crate) fn router(
    config: &EdgeConfig,
    methods: &MethodTable,
    directory: &Directory,
    guards: Arc<Guards>,
    health: &Health,
    metrics: &Metrics,
) -> Result<Router, BoxError> {
    let (directory, health, metrics) = (directory.clone(), health.clone(), metrics.clone());
    let edge = build(
        config.clone(),
        methods,
        Arc::new(move |service| directory.edge_channel(service)),
    )?
    .doorkeeper(move |method, headers| guards.ask(method, headers))
    .readiness(move || health.problems())
    .metrics(move || metrics.render());
    let headers = start_page_headers(config);
    Ok(Router::new()
        .route(
            "/",
            get(|| async move { (headers.clone(), Html(START_PAGE)) }),
        )
        .merge(edge.router()))
}

/// The security headers of the edge's own pages; the start page loads nothing and runs nothing.
fn start_page_headers(config: &EdgeConfig) -> HeaderMap {
    const HEADERS: [(HeaderName, &str); 4] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'",
        ),
    ];
    let mut headers: HeaderMap = HEADERS
        .map(|(name, value)| (name, HeaderValue::from_static(value)))
        .into_iter()
        .collect();
    if config.tls.is_some() {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000; includeSubDomains"),
        );
    }
    headers
}

/// The OpenAPI document of all contracts, without any service running.
///
/// # Errors
/// If two routes are equal or a rule names a field that is not there.
pub(crate) fn openapi() -> Result<Vec<u8>, BoxError> {
    let edge = build(
        EdgeConfig::default(),
        &crate::methods(),
        Arc::new(|_| None::<rpc::Channel>),
    )?;
    Ok(edge.openapi().to_vec())
}

fn build(
    config: EdgeConfig,
    methods: &MethodTable,
    resolve: gateway::Resolve<rpc::Channel>,
) -> Result<Edge, BoxError> {
    Edge::new(config, &crate::descriptors(), methods, resolve)
}
