//! The contract's methods, four steps each: scope, parse, act, render.

mod calculate;
mod errors;
mod formulas;
mod members;

use crate::{
    calls::{Calls, definitions::Library, flights::Flights},
    config::Config,
    convert,
};
use auth::Scope;
use error::Error;
use proto_numbers::tessera::calculation::v1::{calculation_service_server::CalculationService, *};
use rpc::Context;
use std::sync::Arc;
use tonic::{Request, Response, Status};
use value::Clock;

/// The service behind the contract.
pub(crate) struct Api {
    config: Config,
    calls: Calls,
    library: Library,
    flights: Flights<calculate::Answered>,
    clock: Arc<dyn Clock>,
}

type Ask<T> = Request<T>;
type Answer<T> = Result<Response<T>, Status>;

impl Api {
    /// An answerer over the services that it calls.
    pub(crate) fn new(ctx: &Context<Config>) -> Self {
        let calls = Calls::new(&ctx.clients);
        Self {
            config: ctx.config.clone(),
            library: Library::new(calls.clone(), &ctx.config),
            calls,
            flights: Flights::default(),
            clock: Arc::clone(&ctx.clock),
        }
    }
}

/// The right that was granted, and what is asked for.
fn open<T>(request: Ask<T>) -> Result<(Scope, T), Error> {
    Ok((Scope::of(&request)?, request.into_inner()))
}

fn answer<T>(message: T) -> Answer<T> {
    Ok(Response::new(message))
}

#[tonic::async_trait]
impl CalculationService for Api {
    async fn calculate(&self, ask: Ask<CalculateRequest>) -> Answer<CalculateResponse> {
        let (scope, ask) = open(ask)?;
        let question = convert::questions::question(ask, self.config.page_size)?;
        answer(self.answer(&scope, &question).await?)
    }

    async fn calculate_batch(
        &self,
        ask: Ask<CalculateBatchRequest>,
    ) -> Answer<CalculateBatchResponse> {
        let (scope, ask) = open(ask)?;
        let results = self.answer_all(&scope, ask.requests).await;
        answer(CalculateBatchResponse { results })
    }

    async fn list_members(&self, ask: Ask<ListMembersRequest>) -> Answer<ListMembersResponse> {
        let (scope, ask) = open(ask)?;
        let question = convert::questions::members(ask)?;
        answer(self.members(&scope, &question).await?)
    }

    async fn list_functions(
        &self,
        ask: Ask<ListFunctionsRequest>,
    ) -> Answer<ListFunctionsResponse> {
        let (_, ask) = open(ask)?;
        answer(formulas::functions(&ask)?)
    }

    async fn check_formula(&self, ask: Ask<CheckFormulaRequest>) -> Answer<CheckFormulaResponse> {
        let (scope, ask) = open(ask)?;
        let draft = convert::questions::to_draft(ask.draft.unwrap_or_default());
        answer(self.check(&scope, &draft).await?)
    }
}
