//! The JSON edge over whatever this process can reach.

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
};
use gateway::{Edge, EdgeConfig};
use proto::MethodTable;
use rpc::{BoxError, Directory, Guards, Health};
use std::sync::Arc;
use telemetry::Metrics;

use crate::console::Console;

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
    .doorkeeper(move |method, headers| {
        let caller = guards.ask(method, headers)?;
        Ok(caller.map(|caller| caller.principal.id))
    })
    .readiness(move || health.problems())
    .metrics(move || metrics.render());
    let console = Console::new(config);
    let (router, edge) = (edge.router(), Arc::new(edge));
    Ok(router.layer(from_fn(move |request: Request, next: Next| {
        let answer = console.answer(&request, |path| !edge.owns(path));
        async move {
            match answer {
                Some(answer) => answer,
                None => next.run(request).await,
            }
        }
    })))
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
