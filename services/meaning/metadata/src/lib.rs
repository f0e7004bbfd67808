//! Metadata: what a company is and what its numbers mean, one catalogue for every other service.
//!
//! It owns nine kinds of definitions: entities with attributes, relationships, metrics, value chains with modules, value
//! chain patterns, actors, analytics strategies, analytics use cases and data sources. Each has a code that never
//! changes, a document, and a history. A definition refers to others by kind and code.
//!
//! Tables, the same for all kinds: `definitions` (the newest version of each), `definition_versions` (every version),
//! `definition_references` (who refers to whom, of live definitions), `definition_tags`; besides `ontologies` (the version
//! of each tenant's entities, metrics and relationships) and `consistency_findings` (what the background check found).
//!
//! It calls no other service. Every change puts a `DefinitionChanged` event into the outbox, in the same transaction, and
//! every new or resolved finding a `FindingChanged`.
//!
//! Invariants, checked in the transaction of every change:
//! - what a live definition refers to is live, and the attribute or module it names exists;
//! - no definition is built on itself, directly or through others of its kind;
//! - the formula of a live metric, unless it is a draft, fits the entities and metrics it reads, in types and units;
//! - of one kind, one live definition has a code; a code never changes;
//! - the newest row of `definition_versions` is the document of `definitions`.
//!
//! An administrator may delete an entity by force, and older versions of this service checked less: what the first three
//! do not hold for then is found by the background check.

mod api;
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

use api::Api;
use error::BoxError;
use proto_meaning::tessera::metadata::v1::metadata_service_server::MetadataServiceServer;
use rpc::{Context, Running, Service};
use std::sync::Arc;
use store::Store;
use tasks::Consistency;
use tonic::service::Routes;

/// The service.
pub struct Metadata;

impl Service for Metadata {
    const NAME: &'static str = "metadata";
    const CALLS: &'static [&'static str] = &[];
    const MIGRATIONS: &'static db::Migrations = &store::MIGRATIONS;
    const REASONS: &'static [&'static error::Reason] = reasons::ALL;
    type Config = Config;

    async fn start(ctx: Context<Config>) -> Result<Running, BoxError> {
        let store = Store::new(ctx.db, Arc::clone(&ctx.clock));
        let check = Consistency {
            store: store.clone(),
            clock: ctx.clock,
            config: ctx.config.clone(),
        };
        let (config, shutdown) = (ctx.config, ctx.shutdown);
        let api = Api { config, store };
        // An ontology is larger than the usual request.
        let server = MetadataServiceServer::new(api).max_decoding_message_size(8 << 20);
        Ok(Running::new(Routes::new(server))
            .supervised("consistency", move || check.clone().run(shutdown.clone())))
    }
}
