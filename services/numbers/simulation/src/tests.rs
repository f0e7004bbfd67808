//! Tests of the service through its generated client, on both databases; its neighbours are played.

mod access;
mod definitions;
mod fakes;
mod follow;
mod runs;
mod scenarios;
mod truths;
mod writers;

use crate::{Config, Simulation};
use error::Error;
use fakes::{FakeMetadata, FakeWarehouse};
use proto_data::tessera::warehouse::v1::warehouse_service_server::WarehouseServiceServer;
use proto_meaning::tessera::metadata::v1::metadata_service_server::MetadataServiceServer;
use proto_numbers::tessera::simulation::v1::{
    self, RunState, simulation_service_client::SimulationServiceClient,
};
use rpc::Channel;
use std::fmt::Debug;
use testkit::{Backend, Bench, eventually};
use tonic::{Status, service::Routes};

type Client = SimulationServiceClient<Channel>;

/// The service with its neighbours.
struct World {
    bench: Bench<Simulation>,
    metadata: FakeMetadata,
    warehouse: FakeWarehouse,
}

impl World {
    /// Small batches.
    async fn on(backend: Backend) -> Self {
        Self::with(backend, config()).await
    }

    async fn with(backend: Backend, config: Config) -> Self {
        let (metadata, warehouse) = (FakeMetadata::default(), FakeWarehouse::default());
        let bench = Bench::<Simulation>::builder(backend)
            .config(config)
            .fake(
                "metadata",
                Routes::new(MetadataServiceServer::new(metadata.clone())),
            )
            .fake(
                "warehouse",
                Routes::new(WarehouseServiceServer::new(warehouse.clone())),
            )
            .start()
            .await;
        Self {
            bench,
            metadata,
            warehouse,
        }
    }

    fn admin(&self) -> Client {
        Client::new(self.bench.admin())
    }

    /// The run once it is in a state.
    async fn until(&self, id: &str, state: RunState) -> v1::Run {
        eventually(state.as_str_name(), async || {
            let run = get(&mut self.admin(), id).await.expect("the run is there");
            (run.state() == state).then_some(run)
        })
        .await
    }

    /// A run with all its rows written.
    async fn written(&self, ask: v1::CreateRunRequest) -> v1::Run {
        let run = create(&mut self.admin(), ask).await.expect("it starts");
        self.until(&run.id, RunState::Succeeded).await
    }
}

fn config() -> Config {
    Config {
        batch_rows: 100,
        patience: config::Span::from_secs(10),
        ..Config::default()
    }
}

/// Asks for a scenario, defining what it needs.
fn ask(
    scenario: &str,
    start: &str,
    end: &str,
    parameters: &[(&str, &str)],
) -> v1::CreateRunRequest {
    let parameters = parameters
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    v1::CreateRunRequest {
        run: Some(v1::Run {
            scenario: scenario.to_owned(),
            seed: 7,
            start_date: start.to_owned(),
            end_date: end.to_owned(),
            parameters: parameters.collect(),
            ..Default::default()
        }),
        define: true,
        ..Default::default()
    }
}

/// The story of the seed.
fn story() -> v1::CreateRunRequest {
    ask("health_retention", "2025-01-01", "2025-02-01", &[])
}

async fn create(client: &mut Client, ask: v1::CreateRunRequest) -> Result<v1::Run, Status> {
    Ok(client.create_run(ask).await?.into_inner())
}

async fn get(client: &mut Client, id: &str) -> Result<v1::Run, Status> {
    let ask = v1::GetRunRequest { id: id.to_owned() };
    Ok(client.get_run(ask).await?.into_inner())
}

async fn cancel(client: &mut Client, id: &str) -> Result<v1::Run, Status> {
    let ask = v1::CancelRunRequest { id: id.to_owned() };
    Ok(client.cancel_run(ask).await?.into_inner())
}

async fn revert(client: &mut Client, id: &str) -> Result<v1::Run, Status> {
    let ask = v1::RevertRunRequest { id: id.to_owned() };
    Ok(client.revert_run(ask).await?.into_inner())
}

/// The error of an outcome that has to be one.
fn refused<T: Debug>(outcome: Result<T, Status>) -> Error {
    Error::from(outcome.expect_err("it is refused"))
}
