//! Calculation: what a metric is worth, by periods and groups.
//!
//! A question becomes a plan against the definitions of `metadata`, the plan becomes
//! fragments that `warehouse` answers with partial states where the rows are, and the states merge here into values.
//!
//! **Owns** the tables `publications`, `publication_entities` and `metric_history`: results that were published stay as they were, and are
//! told in the outbox in the same transaction. It owns no rows of an entity.
//!
//! It calls `metadata` (definitions, as of one moment) and `warehouse` (fragments, members of sets), both for the caller: `warehouse`
//! adds the caller's row filters.
//!
//! Invariants:
//! - nothing is run where planning fails, and what cannot be answered exactly as asked is refused with a reason;
//! - what callers share (a plan, a running question) has tenant, versions of definitions, the question and the caller's row filters in
//!   its key;
//! - a publication is of all rows, and is not seen by who sees only some of them; what it says never changes, so that the cache has it by
//!   its id;
//! - only groups and states cross the wire, never rows of an entity.

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

use proto_numbers::tessera::calculation::v1::calculation_service_server::CalculationServiceServer;
use rpc::{BoxError, Context, Running};
use tonic::service::Routes;

pub use config::{Config, Limits, Publications};

/// The service.
#[derive(Debug)]
pub struct Calculation;

impl rpc::Service for Calculation {
    const NAME: &'static str = "calculation";
    const CALLS: &'static [&'static str] = &["metadata", "warehouse"];
    const MIGRATIONS: &'static db::Migrations = &store::MIGRATIONS;
    const REASONS: &'static [&'static error::Reason] = reasons::ALL;
    type Config = Config;

    async fn start(ctx: Context<Config>) -> Result<Running, BoxError> {
        let api = api::Api::new(&ctx);
        let kinds = jobs::Kinds::new().with(tasks::PublishMetric { api: api.clone() });
        let routes = Routes::new(CalculationServiceServer::new(api));
        Ok(Running::new(routes).jobs(kinds))
    }
}
