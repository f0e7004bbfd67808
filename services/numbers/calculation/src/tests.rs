//! Tests of the service as a whole: through the generated client, behind the guards, with `metadata` and `warehouse` played by a small
//! insurer in memory that calculates by the reference.

mod answers;
mod batches;
mod changes;
mod formulas;
mod insurer;
mod members;
mod publications;
mod refusals;
mod states;
mod warehouse;

use crate::Calculation;
use error::Error;
use insurer::Insurer;
use proto_data::tessera::warehouse::v1::warehouse_service_server::WarehouseServiceServer;
use proto_meaning::tessera::metadata::v1::metadata_service_server::MetadataServiceServer;
use proto_numbers::tessera::calculation::v1::{
    self, calculation_service_client::CalculationServiceClient,
};
use rpc::Channel;
use std::fmt::Debug;
use testkit::{Backend, Bench};
use tonic::{Status, service::Routes};

type Client = CalculationServiceClient<Channel>;

/// The service with its neighbours.
struct Rig {
    bench: Bench<Calculation>,
    insurer: Insurer,
}

impl Rig {
    async fn on(backend: Backend) -> Self {
        Self::with(backend, crate::Config::default()).await
    }

    async fn with(backend: Backend, config: crate::Config) -> Self {
        Self::caching(backend, config, cache::CacheConfig::default()).await
    }

    async fn caching(backend: Backend, config: crate::Config, caches: cache::CacheConfig) -> Self {
        let insurer = Insurer::default();
        let metadata = MetadataServiceServer::new(insurer.clone());
        let warehouse = WarehouseServiceServer::new(insurer.clone());
        let bench = Bench::builder(backend)
            .config(config)
            .caches(caches)
            .fake("metadata", Routes::new(metadata))
            .fake("warehouse", Routes::new(warehouse))
            .start()
            .await;
        insurer.belongs_to(bench.tenant());
        Self { bench, insurer }
    }

    fn client(&self) -> Client {
        Client::new(self.bench.admin())
    }

    async fn ask(&self, ask: v1::CalculateRequest) -> Result<v1::CalculateResponse, Status> {
        Ok(self.client().calculate(ask).await?.into_inner())
    }

    /// The only value of the answer.
    async fn value(&self, ask: v1::CalculateRequest) -> v1::Value {
        let answer = self.ask(ask).await.unwrap();
        assert_eq!(answer.rows.len(), 1, "{answer:?}");
        answer.rows[0].value.clone().unwrap()
    }

    /// The refusal, for which nothing was run.
    async fn refused(&self, ask: v1::CalculateRequest) -> Error {
        let before = self.insurer.calls();
        let refused = refused(self.ask(ask.clone()).await);
        assert_eq!(self.insurer.calls(), before, "{ask:?} was run");
        refused
    }
}

/// The error of an outcome that has to be one.
fn refused<T: Debug>(outcome: Result<T, Status>) -> Error {
    Error::from(outcome.expect_err("it is refused"))
}

/// Fields and reasons of an error's violations.
fn violations(error: &Error) -> Vec<(&str, &str)> {
    let found = error.violations().iter();
    found
        .map(|violation| (violation.field.as_str(), violation.reason.as_str()))
        .collect()
}

/// A question for a metric between two days.
fn between(metric: &str, start: &str, end: &str) -> v1::CalculateRequest {
    v1::CalculateRequest {
        metric: metric.to_owned(),
        start: start.to_owned(),
        end: end.to_owned(),
        ..Default::default()
    }
}

/// A question for a metric over all time.
fn ever(metric: &str) -> v1::CalculateRequest {
    between(metric, "", "")
}

/// A question for a formula over all time.
fn draft(formula: &str) -> v1::CalculateRequest {
    v1::CalculateRequest {
        draft: Some(v1::Draft {
            formula: formula.to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn filter(attribute: &str, operator: v1::FilterOperator, values: &[&str]) -> v1::Filter {
    let text = |text: &&str| prost_types::Value {
        kind: Some(prost_types::value::Kind::StringValue((*text).to_owned())),
    };
    v1::Filter {
        attribute: attribute.to_owned(),
        operator: operator.into(),
        values: values.iter().map(text).collect(),
    }
}

/// The text of each row's value, `-` where there is none, after its dimensions.
fn shown(answer: &v1::CalculateResponse) -> Vec<String> {
    let text = |row: &v1::ResultRow| {
        let dimensions = row
            .dimensions
            .iter()
            .map(|d| d.value.as_deref().unwrap_or("null"));
        let value = row.value.as_ref().and_then(|value| value.text.as_deref());
        let parts: Vec<_> = std::iter::once(row.start.as_str())
            .chain(dimensions)
            .chain([value.unwrap_or("-")])
            .filter(|part| !part.is_empty())
            .collect();
        parts.join(" ")
    };
    answer.rows.iter().map(text).collect()
}
