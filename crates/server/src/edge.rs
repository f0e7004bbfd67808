//! The JSON edge over whatever this process can reach.

use axum::{Router, response::Html, routing::get};
use gateway::{Edge, EdgeConfig};
use proto::MethodTable;
use rpc::{BoxError, Directory, Health};
use std::sync::Arc;
use telemetry::Metrics;

/// What stands at `/` as long as the binary carries no console.
const START_PAGE: &str = include_str!("start_page.html");

/// The edge's routes, with health and metrics of the process.
pub(crate) fn router(
    config: &EdgeConfig,
    methods: &MethodTable,
    directory: &Directory,
    health: &Health,
    metrics: &Metrics,
) -> Result<Router, BoxError> {
    let (directory, health, metrics) = (directory.clone(), health.clone(), metrics.clone());
    let edge = build(
        config.clone(),
        methods,
        Arc::new(move |service| directory.edge_channel(service)),
    )?
    .readiness(move || health.problems())
    .metrics(move || metrics.render());
    Ok(Router::new()
        .route("/", get(|| async { Html(START_PAGE) }))
        .merge(edge.router()))
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
    resolve: Arc<dyn Fn(&str) -> Option<rpc::Channel> + Send + Sync>,
) -> Result<Edge, BoxError> {
    Edge::new(config, &crate::descriptors(), methods, resolve)
}
