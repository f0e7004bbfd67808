//! Calculation: what a metric is worth, by periods and groups.
//!
//! It owns no rows and keeps no state but caches. A question becomes a plan against the definitions of `metadata`, the plan becomes
//! fragments that `warehouse` answers with partial states where the rows are, and the states merge here into values.
//!
//! It calls `metadata` (definitions, as of one moment) and `warehouse` (fragments, members of sets), both for the caller: `warehouse`
//! adds the caller's row filters.
//!
//! Invariants:
//! - nothing is run where planning fails, and what cannot be answered exactly as asked is refused with a reason;
//! - what callers share (a plan, a running question) has tenant, versions of definitions, the question and the caller's row filters in
//!   its key;
//! - only groups and states cross the wire, never rows of an entity.

mod api;
mod calls;
mod config;
mod convert;
mod model;
mod reasons;
#[cfg(test)]
mod tests;

use proto_numbers::tessera::calculation::v1::calculation_service_server::CalculationServiceServer;
use rpc::{BoxError, Context, Running};
use tonic::service::Routes;

pub use config::{Config, Limits};

static MIGRATIONS: db::Migrations = db::migrations!("calculation");

/// The service.
#[derive(Debug)]
pub struct Calculation;

impl rpc::Service for Calculation {
    const NAME: &'static str = "calculation";
    const CALLS: &'static [&'static str] = &["metadata", "warehouse"];
    const MIGRATIONS: &'static db::Migrations = &MIGRATIONS;
    const REASONS: &'static [&'static error::Reason] = reasons::ALL;
    type Config = Config;

    async fn start(ctx: Context<Config>) -> Result<Running, BoxError> {
        let api = api::Api::new(&ctx);
        Ok(Running::new(Routes::new(CalculationServiceServer::new(
            api,
        ))))
    }
}
