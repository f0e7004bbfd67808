//! Tests of the service as a whole: through the generated client, behind the guards, on both databases.

mod access;
mod cases;
mod crud;
mod findings;
mod guide;
mod history;
mod large;
mod lists;
mod ontology;
mod references;
mod resolve;
mod typing;
mod uml;

use crate::Metadata;
use error::Error;
use proto_meaning::tessera::metadata::v1::{self, metadata_service_client::MetadataServiceClient};
use rpc::Channel;
use std::fmt::Debug;
use testkit::Bench;
use tonic::Status;

/// What `make run` begins with.
const SAMPLE: &str = include_str!("../samples/retail_insurance.yaml");

/// Every field of every kind; it builds on the sample.
const COMPLETE: &str = include_str!("tests/complete.yaml");

type Client = MetadataServiceClient<Channel>;

/// The administrator's client, with the sample ontology in place.
async fn with_sample(bench: &Bench<Metadata>) -> Client {
    let mut client = Client::new(bench.admin());
    import(&mut client, SAMPLE)
        .await
        .expect("the sample is sound");
    client
}

async fn import(client: &mut Client, yaml: &str) -> Result<v1::ImportOntologyResponse, Status> {
    let ask = v1::ImportOntologyRequest {
        yaml: yaml.to_owned(),
        ..Default::default()
    };
    Ok(client.import_ontology(ask).await?.into_inner())
}

async fn export(client: &mut Client) -> String {
    client
        .export_ontology(v1::ExportOntologyRequest::default())
        .await
        .unwrap()
        .into_inner()
        .yaml
}

/// The error of an outcome that has to be one.
fn refused<T: Debug>(outcome: Result<T, Status>) -> Error {
    Error::from(outcome.expect_err("it is refused"))
}

/// Fields and reasons of an error's violations.
fn violations(error: &Error) -> Vec<(&str, &str)> {
    error
        .violations()
        .iter()
        .map(|violation| (violation.field.as_str(), violation.reason.as_str()))
        .collect()
}

async fn entity(client: &mut Client, code: &str) -> v1::Entity {
    let ask = v1::GetEntityRequest {
        code: code.to_owned(),
        ..Default::default()
    };
    client.get_entity(ask).await.unwrap().into_inner()
}

async fn metric(client: &mut Client, code: &str) -> v1::Metric {
    let ask = v1::GetMetricRequest {
        code: code.to_owned(),
        ..Default::default()
    };
    client.get_metric(ask).await.unwrap().into_inner()
}

/// An actor: the definition that needs least.
fn actor(code: &str) -> v1::Actor {
    v1::Actor {
        code: code.to_owned(),
        name: format!("Actor {code}"),
        kind: v1::ActorKind::Role as i32,
        ..Default::default()
    }
}

async fn create_actor(client: &mut Client, actor: v1::Actor) -> Result<v1::Actor, Status> {
    let ask = v1::CreateActorRequest {
        actor: Some(actor),
        ..Default::default()
    };
    Ok(client.create_actor(ask).await?.into_inner())
}

async fn create_metric(client: &mut Client, metric: v1::Metric) -> Result<v1::Metric, Status> {
    let ask = v1::CreateMetricRequest {
        metric: Some(metric),
        ..Default::default()
    };
    Ok(client.create_metric(ask).await?.into_inner())
}

async fn update_metric(
    client: &mut Client,
    metric: v1::Metric,
    paths: &[&str],
) -> Result<v1::Metric, Status> {
    let ask = v1::UpdateMetricRequest {
        metric: Some(metric),
        update_mask: Some(mask(paths)),
    };
    Ok(client.update_metric(ask).await?.into_inner())
}

async fn update_entity(
    client: &mut Client,
    entity: v1::Entity,
    paths: &[&str],
) -> Result<v1::Entity, Status> {
    let ask = v1::UpdateEntityRequest {
        entity: Some(entity),
        update_mask: Some(mask(paths)),
    };
    Ok(client.update_entity(ask).await?.into_inner())
}

fn mask(paths: &[&str]) -> prost_types::FieldMask {
    prost_types::FieldMask {
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
    }
}

/// A metric of this code that is a formula over others.
fn derived(code: &str, metrics: &[&str]) -> v1::Metric {
    v1::Metric {
        code: code.to_owned(),
        name: format!("Metric {code}"),
        r#type: v1::MetricType::Derived as i32,
        formula: metrics.join(" + "),
        metrics: metrics.iter().map(|metric| (*metric).to_owned()).collect(),
        ..Default::default()
    }
}
