//! The contract's methods, four steps each: scope, parse, act, render.

use crate::{config::Config, store::Store};
use proto_numbers::tessera::simulation::v1::simulation_service_server::SimulationService;

/// Answers the contract's calls.
pub(crate) struct Api {
    _store: Store,
    _config: Config,
}

impl Api {
    /// An answerer over the store.
    pub(crate) fn new(store: Store, config: Config) -> Self {
        Self {
            _store: store,
            _config: config,
        }
    }
}

#[tonic::async_trait]
impl SimulationService for Api {}
