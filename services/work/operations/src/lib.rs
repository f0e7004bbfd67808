//! Operations: the common face of durable work.
//!
//! Every service does its long work as jobs in its own database, and tells of each change by an event. From these this service keeps
//! an index to list and to filter by; what is asked of one operation it asks the service that works. So work goes on while it is
//! away, and it answers while a service is away: with what it heard last, marked as stale. Commands are never answered so.
//!
//! **Owns** the tables `operations`, `operation_tags`, `operation_kinds` and `audit_entries`. **Hears** `tessera.jobs.v1.JobChanged`
//! of all services. **Calls** nobody by its contract; it asks the ground's `tessera.jobs.v1` of whom an operation belongs to.
//!
//! **Invariants**
//! 1. A tiding that comes twice, or after a newer one, changes nothing; what was deleted does not come back by a late one.
//! 2. What is above the caller's clearance does not exist for them: no list, no count, no entry of the audit trail shows it.
//! 3. A change is in the audit trail before it is asked for; its outcome follows.
//! 4. A command changes nothing here but what its owner answered.

mod api;
mod bell;
mod calls;
mod config;
mod convert;
mod hear;
mod model;
mod reasons;
mod schema;
mod store;
mod tasks;
#[cfg(test)]
mod tests;

pub use config::Config;

use bell::Bell;
use proto_work::tessera::operations::v1::operations_service_server::OperationsServiceServer;
use rpc::{BoxError, Context, Running};
use std::sync::Arc;
use tonic::service::Routes;

/// The service.
#[derive(Debug)]
pub struct Operations;

impl rpc::Service for Operations {
    const NAME: &'static str = "operations";
    const CALLS: &'static [&'static str] = &[];
    const MIGRATIONS: &'static db::Migrations = &store::MIGRATIONS;
    const REASONS: &'static [&'static error::Reason] = reasons::ALL;
    type Config = Config;

    async fn start(ctx: Context<Config>) -> Result<Running, BoxError> {
        let config = Arc::new(ctx.config);
        let store = store::Store::new(ctx.db, Arc::clone(&ctx.clock));
        let bell = Bell::new();
        let api = api::Api {
            store: store.clone(),
            owners: calls::Owners::new(ctx.owners, config.owner_timeout.get()),
            config: config.clone(),
            bell: bell.clone(),
            shutdown: ctx.shutdown.clone(),
        };
        let shutdown = ctx.shutdown;
        let routes = Routes::new(OperationsServiceServer::new(api));
        Ok(Running::new(routes)
            .consumer(hear::consumer(bell, ctx.clock))
            .supervised("forget", move || {
                tasks::forget(store.clone(), config.clone(), shutdown.clone())
            }))
    }
}
