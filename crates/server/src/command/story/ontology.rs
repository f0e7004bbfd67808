//! The story `ontology`: a health insurer describes its business, reads it back as a diagram, and is
//! told exactly what is wrong when a definition refers to something that is not there.

use super::{EdgeClient, Story, hold, step};
use futures::future::BoxFuture;
use reqwest::Method;
use rpc::BoxError;
use serde_json::{Value, json};

/// The ontology that `make run` begins with.
const SAMPLE: &str =
    include_str!("../../../../../services/meaning/metadata/samples/retail_insurance.yaml");

/// See the page above.
pub(super) struct Ontology;

impl Story for Ontology {
    fn name(&self) -> &'static str {
        "ontology"
    }

    fn about(&self) -> &'static str {
        "describes a health insurer, draws it, and tries a broken definition"
    }

    fn play<'a>(&'a self, edge: &'a EdgeClient) -> BoxFuture<'a, Result<Value, BoxError>> {
        Box::pin(play(edge))
    }
}

async fn play(edge: &EdgeClient) -> Result<Value, BoxError> {
    step("importing the sample ontology of a health insurer");
    let body = json!({ "yaml": SAMPLE });
    let import = edge
        .post("/api/v1/metadata/ontology:import", body.clone())
        .await?;
    let definitions = import["results"].as_array().map_or(0, Vec::len);
    hold(
        "everything was stored",
        import["applied"].as_bool(),
        Some(true),
    )?;

    step("importing it again, which changes nothing");
    let again = edge.post("/api/v1/metadata/ontology:import", body).await?;
    let changed = again["results"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|result| result["outcome"] != "IMPORT_OUTCOME_UNCHANGED")
        .count();
    hold("definitions that changed", changed, 0)?;

    step("reading entities and metrics");
    let entities = codes(
        &edge.get("/api/v1/metadata/entities?page_size=200").await?,
        "entities",
    );
    let metrics = codes(
        &edge.get("/api/v1/metadata/metrics?page_size=200").await?,
        "metrics",
    );
    hold(
        "policy is an entity",
        entities.iter().any(|code| code == "policy"),
        true,
    )?;

    step("drawing the ontology as PlantUML and as a graph");
    let uml = edge.get("/metadata/graph/uml").await?;
    let plantuml = uml["plantuml"].as_str().unwrap_or_default();
    hold(
        "the text is a PlantUML diagram",
        plantuml.starts_with("@startuml"),
        true,
    )?;
    let nodes = uml["graph"]["nodes"].as_array().map_or(0, Vec::len);
    hold("every entity is drawn", nodes >= entities.len(), true)?;

    step("trying a metric over an entity that is not there");
    let metric = json!({
        "code": "story_broken", "name": "Broken", "type": "METRIC_TYPE_SIMPLE",
        "formula": "count(nowhere)", "entities": ["nowhere"],
    });
    let (status, refusal) = edge
        .send(Method::POST, "/api/v1/metadata/metrics", Some(metric))
        .await?;
    hold("the metric is refused", (400..500).contains(&status), true)?;
    hold(
        "the refusal names the entity",
        refusal.to_string().contains("nowhere"),
        true,
    )?;
    let (status, _) = edge
        .send(
            Method::GET,
            "/api/v1/metadata/metrics/by-code/story_broken",
            None,
        )
        .await?;
    hold("nothing of it was stored (HTTP status)", status, 404)?;

    step("checking the whole ontology");
    let check = edge.get("/api/v1/metadata/ontology:check").await?;
    let findings = check["findings"].as_array().map_or(0, Vec::len);
    hold("findings", findings, 0)?;

    Ok(json!({
        "definitions": definitions,
        "entities": entities.len(),
        "metrics": metrics.len(),
        "nodes": nodes,
    }))
}

/// The codes of a list answer.
fn codes(answer: &Value, list: &str) -> Vec<String> {
    let items = answer[list].as_array().into_iter().flatten();
    items
        .filter_map(|item| item["code"].as_str().map(str::to_owned))
        .collect()
}
