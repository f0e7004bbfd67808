//! The story `scenarios`: what `make run` begins with besides the sample ontology. Two years of an insurer's policies, a company
//! whose sales grow, a season of claims; then a metric of each, held against what is known to be true of it.

use super::{EdgeClient, Story, hold, step, world::World};
use futures::future::BoxFuture;
use rpc::BoxError;
use serde_json::{Value, json};

/// Scenario, first day, last day, step.
const WORLDS: [(&str, &str, &str, &str); 3] = [
    ("health_retention", "2024-01-01", "2026-01-01", "STEP_MONTH"),
    ("sales_growth", "2025-01-01", "2025-06-30", "STEP_DAY"),
    ("seasonal_peak", "2025-06-01", "2025-08-31", "STEP_DAY"),
];

/// See the page above.
pub(super) struct Scenarios;

impl Story for Scenarios {
    fn name(&self) -> &'static str {
        "scenarios"
    }

    fn about(&self) -> &'static str {
        "generates the rows that `make run` begins with, and checks a metric of each world"
    }

    fn play<'a>(&'a self, edge: &'a EdgeClient) -> BoxFuture<'a, Result<Value, BoxError>> {
        Box::pin(play(edge))
    }
}

async fn play(edge: &EdgeClient) -> Result<Value, BoxError> {
    let mut result = serde_json::Map::new();
    for world in WORLDS {
        let (scenario, start, end, _) = world;
        step(&format!("generating {scenario} from {start} to {end}"));
        let run = generate(edge, world).await?;
        let truth = check(edge, &run).await?;
        let metric = truth["metric"].as_str().unwrap_or_default();
        let value = truth["value"].as_str().unwrap_or_default();
        step(&format!("{metric} is {value} as it must be"));
        result.insert(
            scenario.to_owned(),
            json!({ "rows": run["rowsWritten"], "metric": metric, "value": value }),
        );
    }
    Ok(result.into())
}

/// The run of a world, of an earlier play if there is one.
async fn generate(
    edge: &EdgeClient,
    (scenario, start, end, step): (&str, &str, &str, &str),
) -> Result<Value, BoxError> {
    let world = World {
        scenario,
        start,
        end,
        step,
        parameters: Value::Null,
        define: true,
    };
    match world.written_earlier(edge).await? {
        Some(run) => Ok(run),
        None => world.write(edge).await,
    }
}

/// The first thing said to be true of the whole world, which is calculated from its rows.
async fn check(edge: &EdgeClient, run: &Value) -> Result<Value, BoxError> {
    let id = run["id"].as_str().unwrap_or_default();
    let path = format!("/api/v1/simulation/runs/{id}/truths?page_size=1000");
    let truths = edge.get(&path).await?;
    let mut truths = truths["truths"].as_array().into_iter().flatten();
    let decimal = |truth: &&Value| {
        let value = truth["value"].as_str().unwrap_or_default();
        let dimensions = truth["dimensions"].as_object();
        !value.is_empty()
            && !value.contains('/')
            && dimensions.is_none_or(serde_json::Map::is_empty)
    };
    let truth = truths
        .find(decimal)
        .ok_or("nothing is known of the world")?;
    let body = json!({ "metric": truth["metric"], "start": truth["start"], "end": truth["end"] });
    let answer = edge.post("/api/v1/calculation/calculate", body).await?;
    let found = answer["rows"][0]["value"]["text"].as_str();
    hold(
        "what is calculated is what is true",
        found,
        truth["value"].as_str(),
    )?;
    Ok(truth.clone())
}
