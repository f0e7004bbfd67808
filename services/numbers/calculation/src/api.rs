//! The contract's methods, four steps each: scope, parse, act, render.

use crate::config::Config;
use proto_numbers::tessera::calculation::v1::calculation_service_server::CalculationService;
use rpc::Context;

/// Answers the contract's calls.
pub(crate) struct Api {
    _config: Config,
}

impl Api {
    /// An answerer over the store.
    pub(crate) fn new(ctx: &Context<Config>) -> Self {
        Self {
            _config: ctx.config.clone(),
        }
    }
}

#[tonic::async_trait]
impl CalculationService for Api {}
