//! The contract's methods, four steps each: scope, parse, act, render.

mod access;
mod create;
mod truths;
mod watch;

use crate::{
    calls::{Metadata, Warehouse},
    config::Config,
    convert,
    model::{ontology::Ontology, run, scenario, series},
    store::{Filter, Query, Store, active},
};
use auth::Scope;
use db::{Page, page::Shape};
use error::Error;
use jobs::Jobs;
use proto_numbers::tessera::simulation::v1::{simulation_service_server::SimulationService, *};
use rpc::Shutdown;
use std::sync::Arc;
use tonic::{Request, Response, Status};
use value::{Clock, Id};

/// The service behind the contract.
#[derive(Clone)]
pub(crate) struct Api {
    /// The runs.
    pub(crate) store: Store,
    /// Where definitions are.
    pub(crate) metadata: Metadata,
    /// Where rows are.
    pub(crate) warehouse: Warehouse,
    /// Settings.
    pub(crate) config: Arc<Config>,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// The work of runs.
    pub(crate) jobs: Jobs,
    /// Says when to stop.
    pub(crate) shutdown: Shutdown,
    /// What is true of runs, once it was asked for.
    pub(crate) truths: truths::Cache,
}

pub(crate) use truths::cache;

type Answer<T> = Result<Response<T>, Status>;

fn answer<T>(message: T) -> Answer<T> {
    Ok(Response::new(message))
}

#[tonic::async_trait]
impl SimulationService for Api {
    async fn get_scenario(&self, request: Request<GetScenarioRequest>) -> Answer<Scenario> {
        Scope::of(&request)?;
        let code = request.into_inner().code;
        let found =
            scenario::Scenario::of_code(&code).ok_or_else(|| Error::not_found("scenario", code))?;
        answer(convert::scenario::render(found))
    }

    async fn list_scenarios(
        &self,
        request: Request<ListScenariosRequest>,
    ) -> Answer<ListScenariosResponse> {
        Scope::of(&request)?;
        let ask = request.into_inner();
        let shape = Shape::of("scenarios", &());
        let after: Option<String> = shape.key(&ask.page_token)?;
        let size = usize::from(convert::size(ask.page_size, self.config.page_size));
        let rest = scenario::ALL.into_iter();
        let rest = rest.filter(|one| after.as_deref().is_none_or(|after| one.code > after));
        let page = Page::cut(rest.take(size + 1).collect(), size, shape, |one| one.code);
        answer(ListScenariosResponse {
            scenarios: page
                .items
                .into_iter()
                .map(convert::scenario::render)
                .collect(),
            next_page_token: page.next,
        })
    }

    async fn generate_series(
        &self,
        request: Request<GenerateSeriesRequest>,
    ) -> Answer<GenerateSeriesResponse> {
        Scope::of(&request)?;
        let spec = convert::series::spec(request.into_inner().spec.unwrap_or_default())?;
        let made =
            tokio::task::spawn_blocking(move || convert::series::points(series::generate(&spec)));
        let points = made.await.map_err(Error::internal)??;
        answer(GenerateSeriesResponse { points })
    }

    async fn create_run(&self, request: Request<CreateRunRequest>) -> Answer<Run> {
        let scope = Scope::of(&request)?;
        let run = self.create(&scope, request.into_inner()).await?;
        answer(convert::run::render(run))
    }

    async fn get_run(&self, request: Request<GetRunRequest>) -> Answer<Run> {
        let scope = Scope::of(&request)?;
        let id = convert::id("id", &request.into_inner().id)?;
        answer(convert::run::render(self.store.run(&scope, id).await?))
    }

    async fn list_runs(&self, request: Request<ListRunsRequest>) -> Answer<ListRunsResponse> {
        let scope = Scope::of(&request)?;
        let ask = request.into_inner();
        let filter = Filter {
            scenario: ask.scenario,
            state: convert::run::of_state(ask.state),
        };
        let size = convert::size(ask.page_size, self.config.page_size);
        let query = Query {
            filter,
            size,
            token: ask.page_token,
        };
        let page = self
            .store
            .list(&scope, query)
            .await?
            .map(convert::run::render);
        answer(ListRunsResponse {
            runs: page.items,
            next_page_token: page.next,
        })
    }

    async fn batch_get_runs(
        &self,
        request: Request<BatchGetRunsRequest>,
    ) -> Answer<BatchGetRunsResponse> {
        let scope = Scope::of(&request)?;
        let ids = convert::ids("ids", &request.into_inner().ids)?;
        let (found, missing) = self.store.runs(&scope, ids).await?;
        answer(BatchGetRunsResponse {
            runs: found.into_iter().map(convert::run::render).collect(),
            missing_ids: missing.iter().map(ToString::to_string).collect(),
        })
    }

    async fn cancel_run(&self, request: Request<CancelRunRequest>) -> Answer<Run> {
        let scope = Scope::of(&request)?;
        let id = convert::id("id", &request.into_inner().id)?;
        let run = self.store.cancel(&scope, id).await?;
        answer(convert::run::render(run))
    }

    async fn revert_run(&self, request: Request<RevertRunRequest>) -> Answer<Run> {
        let scope = Scope::of(&request)?;
        access::may(&scope, access::WRITE_RECORDS)?;
        let id = convert::id("id", &request.into_inner().id)?;
        let run = self.revert(&scope, id).await?;
        answer(convert::run::render(run))
    }

    async fn watch_run(&self, request: Request<WatchRunRequest>) -> Answer<watch::Stream> {
        let scope = Scope::of(&request)?;
        let id = convert::id("id", &request.into_inner().id)?;
        answer(self.watch(scope, id).await?)
    }

    async fn list_truths(&self, request: Request<ListTruthsRequest>) -> Answer<ListTruthsResponse> {
        let scope = Scope::of(&request)?;
        let ask = request.into_inner();
        let id = convert::id("id", &ask.id)?;
        let size = usize::from(convert::size(ask.page_size, self.config.page_size));
        let page = self
            .list_truths_of(&scope, id, &ask.metric, (size, &ask.page_token))
            .await?;
        answer(ListTruthsResponse {
            truths: page.items,
            next_page_token: page.next,
        })
    }
}

impl Api {
    /// Takes the rows of a run away.
    async fn revert(&self, scope: &Scope, id: Id) -> Result<run::Run, Error> {
        let run = self.store.run(scope, id).await?;
        if run.state == run::RunState::Reverted {
            return Ok(run);
        }
        if !run.state.has_ended() {
            return Err(active(&run));
        }
        let entities = run.task.targets.iter().map(|target| target.entity.as_str());
        access::unfiltered(scope, entities.clone())?;
        let mut gone = 0;
        for entity in entities {
            gone += self.warehouse.unload(&run, entity).await?;
        }
        let message = match run.rows_written {
            all if gone >= all => format!("{gone} rows were taken away"),
            all => format!(
                "{gone} of {all} rows were taken away; the others were changed since, or were gone"
            ),
        };
        self.store.revert(scope, id, message).await
    }
}

/// The definitions of a run's scenario.
fn ontology(run: &run::Run) -> Result<Ontology, Error> {
    Ok(Ontology::read(run.task.scenario()?.ontology))
}
