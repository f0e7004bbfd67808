//! Simulation: worlds to try things in, whose truth is known beforehand.
//!
//! A scenario describes a world: its definitions as `metadata` imports them, what can be chosen, the rows of its entities, and what is
//! true of its metrics. Scenario, seed, parameters and days determine all of it, on every platform and in every version; truths come
//! from the generator's own books, not from the rows. A run has the rows of a world written into `warehouse`, by a job.
//!
//! **Owns** the table `runs`. **Calls** `metadata` with the caller's token (what is defined, and to define what is missing) and
//! `warehouse` (rows in batches, and to take them away again). **Announces** each state of a run in the outbox, in the same transaction.
//!
//! **Invariants**
//! 1. A definition that is there is never changed: it fits, or the run is refused with what differs.
//! 2. Of the runs that are not reverted, no two write the same entity in the same days, unless the second one was told to; who asks
//!    for a world that is there gets the run that made it.
//! 3. A run is written by the job of its id; a batch that is written twice under its name counts once.
//! 4. A run writes no row outside its days.
//! 5. Who may not write records, or sees only some of them, starts and reverts nothing.

mod api;
mod calls;
mod config;
mod convert;
mod model;
mod reasons;
mod schema;
mod store;
mod tasks;
#[cfg(test)]
mod tests;

pub use config::Config;

use calls::{Metadata, Warehouse};
use proto_numbers::tessera::simulation::v1::simulation_service_server::SimulationServiceServer;
use rpc::{BoxError, Context, Running};
use std::sync::Arc;
use tonic::service::Routes;

/// The service.
#[derive(Debug)]
pub struct Simulation;

impl rpc::Service for Simulation {
    const NAME: &'static str = "simulation";
    const CALLS: &'static [&'static str] = &["metadata", "warehouse"];
    const MIGRATIONS: &'static db::Migrations = &store::MIGRATIONS;
    const REASONS: &'static [&'static error::Reason] = reasons::ALL;
    type Config = Config;

    async fn start(ctx: Context<Config>) -> Result<Running, BoxError> {
        let config = Arc::new(ctx.config);
        let store = store::Store::new(ctx.db, ctx.clock.clone(), ctx.jobs.clone());
        let warehouse = Warehouse::new(ctx.clients.channel("warehouse"));
        let kinds = jobs::Kinds::new().with(tasks::WriteRun {
            store: store.clone(),
            warehouse: warehouse.clone(),
            config: config.clone(),
        });
        let api = api::Api {
            store,
            metadata: Metadata::new(ctx.clients.channel("metadata")),
            warehouse,
            config,
            clock: ctx.clock,
            jobs: ctx.jobs,
            shutdown: ctx.shutdown,
            truths: api::cache(),
        };
        Ok(Running::new(Routes::new(SimulationServiceServer::new(api))).jobs(kinds))
    }
}
