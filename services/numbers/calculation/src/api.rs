//! The contract's methods, four steps each: scope, parse, act, render.

mod calculate;
mod errors;
mod formulas;
mod members;
mod publications;

use crate::{
    calls::{Calls, definitions::Library, flights::Flights},
    config::Config,
    convert,
    model::publication::Published,
    store::Store,
};
use auth::Scope;
use cache::Cache;
use error::Error;
use proto_numbers::tessera::calculation::v1::{calculation_service_server::CalculationService, *};
use rpc::Context;
use std::sync::Arc;
use tonic::{Request, Response, Status};
use value::Clock;

/// The service behind the contract.
#[derive(Clone)]
pub(crate) struct Api {
    config: Arc<Config>,
    calls: Calls,
    library: Library,
    flights: Arc<Flights<calculate::Answered>>,
    pub(crate) store: Store,
    published: Cache<Published>,
    pub(crate) clock: Arc<dyn Clock>,
}

type Ask<T> = Request<T>;
type Answer<T> = Result<Response<T>, Status>;

impl Api {
    /// An answerer over the services that it calls.
    pub(crate) fn new(ctx: &Context<Config>) -> Self {
        let calls = Calls::new(&ctx.clients);
        Self {
            config: Arc::new(ctx.config.clone()),
            library: Library::new(calls.clone(), &ctx.config),
            calls,
            flights: Arc::default(),
            store: Store::new(ctx.db.clone(), Arc::clone(&ctx.clock)),
            published: publications::cache(&ctx.caches, &ctx.config.publications),
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

    async fn create_publication(&self, ask: Ask<CreatePublicationRequest>) -> Answer<Publication> {
        let (scope, ask) = open(ask)?;
        answer(self.create_publication_of(&scope, ask).await?)
    }

    async fn get_publication(&self, ask: Ask<GetPublicationRequest>) -> Answer<Publication> {
        let (scope, ask) = open(ask)?;
        let id = convert::publication::id("id", &ask.id)?;
        answer(self.publication_of(&scope, id).await?)
    }

    async fn list_publications(
        &self,
        ask: Ask<ListPublicationsRequest>,
    ) -> Answer<ListPublicationsResponse> {
        let (scope, ask) = open(ask)?;
        let ask = convert::publication::list(ask, self.config.publications.page_size)?;
        let page = self.store.list(&scope, ask).await?;
        let heads = page.items.into_iter();
        let heads = heads.map(|(head, first)| convert::publication::head(head, first));
        answer(ListPublicationsResponse {
            publications: heads.collect::<Result<_, _>>()?,
            next_page_token: page.next,
        })
    }

    async fn delete_publication(
        &self,
        ask: Ask<DeletePublicationRequest>,
    ) -> Answer<DeletePublicationResponse> {
        let (scope, ask) = open(ask)?;
        let id = convert::publication::id("id", &ask.id)?;
        self.delete_publication_of(&scope, id).await?;
        answer(DeletePublicationResponse {})
    }

    async fn list_metric_history(
        &self,
        ask: Ask<ListMetricHistoryRequest>,
    ) -> Answer<ListMetricHistoryResponse> {
        let (scope, ask) = open(ask)?;
        let ask = convert::publication::history(ask, self.config.publications.page_size)?;
        let page = self.store.history(&scope, ask).await?;
        let page = page.map(convert::publication::past);
        answer(ListMetricHistoryResponse {
            rows: page.items,
            next_page_token: page.next,
        })
    }
}
