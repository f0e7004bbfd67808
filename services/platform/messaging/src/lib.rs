//! `messaging`: messages in a log, and their delivery.
//!
//! **Owns** the log (files of its own, or a Redis stream), the tables `subscriptions dead_letters scheduled commands
//! topics progress`. **Calls** nobody: services hand it the events of their outboxes, and fetch those of others.
//!
//! **Invariants**
//! 1. What was acknowledged to a publisher is in the log, on disk if the log is durable; a message id is in it once
//!    within the dedupe window.
//! 2. A message goes out until it is acknowledged or a dead letter; a dead letter is written before it is let go.
//! 3. Messages with the same key are at one consumer of a subscription at a time, in order.
//! 4. Of a tenant's messages nobody of another sees anything; those that tell of accounts need a permission more. One above
//!    the caller's clearance does not exist for them.
//! 5. A command reaches one subscription, and no pattern of events matches it.

mod api;
mod backend;
mod broker;
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

pub use calls::Messages;
pub use config::{BackendKind, Config, LogConfig};

use std::sync::Arc;

use proto_platform::tessera::messaging::v1::messaging_service_server::MessagingServiceServer;
use rpc::{BoxError, Context, Running};
use tonic::service::Routes;

use crate::backend::{Backend, embedded, redis};

/// How long a process that is about to end may still have the log of the one that replaces it.
const PREDECESSOR: std::time::Duration = std::time::Duration::from_secs(10);
/// The largest request: ten thousand messages.
const LARGEST: usize = 16 << 20;

/// The service.
#[derive(Debug)]
pub struct Messaging;

impl rpc::Service for Messaging {
    const NAME: &'static str = "messaging";
    const CALLS: &'static [&'static str] = &[];
    const MIGRATIONS: &'static db::Migrations = &store::MIGRATIONS;
    const REASONS: &'static [&'static error::Reason] = reasons::ALL;
    type Config = Config;

    async fn start(ctx: Context<Config>) -> Result<Running, BoxError> {
        let config = Arc::new(ctx.config);
        let store = store::Store::new(ctx.db, Arc::clone(&ctx.clock));
        let backend = open(&config, &ctx.data_dir.join(Self::NAME).join("log"), &store).await?;
        let broker =
            broker::Broker::start(Arc::clone(&backend), store, Arc::clone(&config)).await?;
        let api = api::Api::new(broker.clone(), ctx.descriptors, ctx.shutdown.clone());
        let server = MessagingServiceServer::new(api)
            .max_decoding_message_size(LARGEST)
            .max_encoding_message_size(LARGEST);
        let task = |work: &Broker| (work.clone(), ctx.shutdown.clone());
        let (scheduled, topics, states, old) =
            (task(&broker), task(&broker), task(&broker), task(&broker));
        Ok(Running::new(Routes::new(server))
            .readiness(move || {
                let backend = Arc::clone(&backend);
                async move { Ok(backend.health().await?) }
            })
            .supervised("scheduled", move || {
                tasks::publish_scheduled(scheduled.0.clone(), scheduled.1.clone())
            })
            .supervised("topics", move || {
                tasks::count_topics(topics.0.clone(), topics.1.clone())
            })
            .supervised("states", move || {
                tasks::persist(states.0.clone(), states.1.clone())
            })
            .supervised("retention", move || {
                tasks::retain(old.0.clone(), old.1.clone())
            }))
    }
}

use broker::Broker;

/// Opens the log that the settings name.
async fn open(
    config: &Config,
    folder: &std::path::Path,
    store: &store::Store,
) -> Result<Arc<dyn Backend>, BoxError> {
    Ok(match config.backend {
        BackendKind::Embedded => {
            let log = &config.log;
            let options = embedded::Options {
                folder: folder.to_owned(),
                segment_bytes: log.segment.get(),
                durable: log.durable,
                sync_every: log.sync_every.get(),
                recent_bytes: log.recent.as_usize(),
                patience: PREDECESSOR,
            };
            Arc::new(embedded::Embedded::open(options).await?)
        }
        BackendKind::Redis => {
            // A server that lost its data must not give positions again that somebody has seen.
            let scope = auth::Scope::system_all("find the highest position");
            let (counted, _) = store.topics_load(&scope).await?;
            let cursors = store.subscriptions_all(&scope).await?;
            let cursors = cursors.iter().filter_map(|row| {
                let state: model::delivery::Snapshot = row.state.read().ok()?;
                Some(state.cursor)
            });
            let lowest = cursors.chain([counted, 1]).max().unwrap_or(1);
            Arc::new(redis::Redis::open(&redis::Options {
                server: config.redis.clone(),
                name: config.redis_name.clone(),
                patience: config.redis_patience.get(),
                lowest,
            })?)
        }
    })
}
