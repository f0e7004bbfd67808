//! `simulation` keeps records.
//!
//! Owns the table `records`. Calls nobody. Announces every change in the outbox, in the same transaction.
//!
//! Invariant: a code is unique in its tenant and never changes.

mod api;
mod config;
#[allow(dead_code)]
mod model;
mod reasons;
mod store;

use proto_numbers::tessera::simulation::v1::simulation_service_server::SimulationServiceServer;
use rpc::{BoxError, Context, Running};
use tonic::service::Routes;

pub use config::Config;

/// The service.
#[derive(Debug)]
pub struct Simulation;

impl rpc::Service for Simulation {
    const NAME: &'static str = "simulation";
    const CALLS: &'static [&'static str] = &[];
    const MIGRATIONS: &'static db::Migrations = &store::MIGRATIONS;
    const REASONS: &'static [&'static error::Reason] = reasons::ALL;
    type Config = Config;

    async fn start(ctx: Context<Config>) -> Result<Running, BoxError> {
        let store = store::Store::new(ctx.db);
        let api = api::Api::new(store, ctx.config);
        Ok(Running::new(Routes::new(SimulationServiceServer::new(api))))
    }
}
