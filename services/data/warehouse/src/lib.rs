//! Warehouse: the rows of what the business knows of, in tables that follow the entities of `metadata`.
//!
//! Owns, in zone 1, `tables` (what each table looks like and how its rows stand), `chunks` (how many rows each span of time has)
//! and `drifts` (what was found wrong, and repaired); in zone 2 (`analytics_data`) a table for each entity of a tenant. Zone 2 is
//! outside migrations: its tables are made and changed while the service runs, each change in one transaction with its description.
//!
//! Offers the jobs `warehouse.check-tables` and `warehouse.apply-tables`. Calls `metadata`. Hears `records.*`: what is published there becomes rows. Announces `TableChanged`, `DriftFound` and `RecordsChanged` in the outbox, in the transaction of the change.
//!
//! Invariants
//! - A table follows the latest version of its definition that it can follow without losing or changing a value; otherwise it is
//!   INCOMPATIBLE, read and not written.
//! - What is missing of a table that had rows is never made again by whoever reads or writes: the table is DAMAGED until somebody restores
//!   it or accepts the loss.
//! - Whoever uses a table checks in the same transaction that it is still as described.
//! - Rows, counts and versions of table and chunks change together.
//! - Names in SQL come from codes alone, quoted; values are always parameters.

mod api;
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

use proto_data::tessera::warehouse::v1::warehouse_service_server::WarehouseServiceServer;
use rpc::{BoxError, Context, Running};
use std::sync::Arc;
use tonic::service::Routes;

pub use config::Config;
pub use model::chunk::Interval;

/// The service.
#[derive(Debug)]
pub struct Warehouse;

impl rpc::Service for Warehouse {
    const NAME: &'static str = "warehouse";
    const CALLS: &'static [&'static str] = &["metadata"];
    const MIGRATIONS: &'static db::Migrations = &store::MIGRATIONS;
    const REASONS: &'static [&'static error::Reason] = reasons::ALL;
    type Config = Config;

    async fn start(ctx: Context<Config>) -> Result<Running, BoxError> {
        let config = Arc::new(ctx.config);
        let metadata = calls::Metadata::new(ctx.clients.channel("metadata"));
        let settings = store::tables::Settings {
            chunk_interval: config.chunk_interval,
            max_chunks: config.max_chunks,
        };
        let tables = store::Tables::new(ctx.db, ctx.clock.clone(), metadata, settings);
        let rounds = tasks::Rounds {
            tables: tables.clone(),
            config: config.clone(),
        };
        let kinds = jobs::Kinds::new()
            .with(tasks::check_tables::CheckTables {
                tables: tables.clone(),
                config: config.clone(),
            })
            .with(tasks::apply_tables::ApplyTables {
                tables: tables.clone(),
            });
        let checks = rounds.clone();
        let (shutdown, checks_shutdown) = (ctx.shutdown.clone(), ctx.shutdown);
        let store = store::Store::new(ctx.clock, tables);
        let records = hear::consumer(store.clone(), config.clone());
        let api = api::Api { store, config };
        // Rows come in bulk.
        let server = WarehouseServiceServer::new(api).max_decoding_message_size(16 << 20);
        Ok(Running::new(Routes::new(server))
            .supervised("tables-follow", move || {
                rounds.clone().follow(shutdown.clone())
            })
            .supervised("tables-check", move || {
                checks.clone().check(checks_shutdown.clone())
            })
            .consumer(records)
            .jobs(kinds))
    }
}
