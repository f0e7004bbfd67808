//! The story `retention`: a health insurer defines its policies and a retention rate, generates a thousand policies of
//! which nine hundred stay and fifty are joined, and asks for the rate: exactly 0.9, with the SQL and rows behind it.
//!
//! Played again it finds its rows there and asks the same, or takes the next free year where others wrote in its own.

use super::{EdgeClient, Story, hold, step, world::World};
use futures::future::BoxFuture;
use reqwest::Method;
use rpc::BoxError;
use serde_json::{Value, json};

/// Years before anybody's real rows.
const YEARS: std::ops::RangeInclusive<i32> = 1950..=1999;
/// Policies in force on the first day, on the second, and of those on the second the new ones.
const COUNTS: (i64, i64, i64) = (1000, 950, 50);

/// The two ways to say it, with what each must give.
const METRICS: [(&str, &str, &str, &str); 2] = [
    ("story_retention", "Retention", "(end - new) / start", "0.9"),
    (
        "story_net_retention",
        "Net retention",
        "1 - ((start - end) / start)",
        "0.95",
    ),
];

/// See the page above.
pub(super) struct Retention;

impl Story for Retention {
    fn name(&self) -> &'static str {
        "retention"
    }

    fn about(&self) -> &'static str {
        "generates policies of a health insurer and calculates how many stay"
    }

    fn play<'a>(&'a self, edge: &'a EdgeClient) -> BoxFuture<'a, Result<Value, BoxError>> {
        Box::pin(play(edge))
    }
}

async fn play(edge: &EdgeClient) -> Result<Value, BoxError> {
    define(edge).await?;
    let (start, end, run) = generate(edge).await?;
    let (s, e, n) = COUNTS;

    step("counting the rows: in force on the first day, on the second, and new on the second");
    let active = |day: &str| format!("snapshot_date = '{day}' and status = 'Active'");
    let new = format!("snapshot_date = '{end}' and start_date > '{start}'");
    for (what, condition, expected) in [
        ("S", active(&start), s),
        ("E", active(&end), e),
        ("N", new, n),
    ] {
        hold(what, count(edge, &condition).await?, expected)?;
    }

    let mut found = Vec::new();
    for (metric, _, formula, expected) in METRICS {
        step(&format!(
            "calculating {metric} = {formula} from {start} to {end}"
        ));
        found.push(calculate(edge, metric, &start, &end, expected).await?);
    }
    let [retention, net] = found.as_slice() else {
        return Err("a metric has no result".into());
    };
    let publication = publish(edge, &start, &end, &retention["value"]).await?;
    Ok(json!({
        "value": retention["value"], "net_value": net["value"],
        "start_count": s, "end_count": e, "new_count": n, "start": start, "end": end, "run": run,
        "publication": publication,
        "sources": retention["sources"], "net_sources": net["sources"],
    }))
}

/// Publishes the retention rate, and finds it in the history; the publication's id.
async fn publish(
    edge: &EdgeClient,
    start: &str,
    end: &str,
    expected: &Value,
) -> Result<String, BoxError> {
    let (metric, ..) = METRICS[0];
    step(&format!(
        "publishing {metric}: it is told to others and kept as it is"
    ));
    let question = json!({ "metric": metric, "start": start, "end": end });
    // The story may be played again: what it tells is told once.
    let body = json!({
        "publication": { "question": question }, "request_id": format!("story {start} {end}"),
    });
    let made = edge.post("/api/v1/calculation/publications", body).await?;
    let id = made["id"].as_str().unwrap_or_default();
    let path = format!("/api/v1/calculation/metrics/{metric}/history?publication_id={id}");
    let history = edge.get(&path).await?;
    let told = &history["rows"][0]["value"]["number"];
    hold("what the history tells", told.as_f64(), expected.as_f64())?;
    Ok(id.to_owned())
}

/// Policy, Member and the two metrics, where they are not defined yet.
async fn define(edge: &EdgeClient) -> Result<(), BoxError> {
    let missing = async |path: String| -> Result<bool, BoxError> {
        Ok(edge.send(Method::GET, &path, None).await?.0 == 404)
    };
    let entity = |code: &str| format!("/api/v1/metadata/entities/by-code/{code}");
    if missing(entity("policy")).await? || missing(entity("member")).await? {
        step("defining Policy and Member as the scenario `health_retention` describes them");
        let scenario = edge.get("/api/v1/simulation/scenarios/health_retention");
        let yaml = scenario.await?["ontology"].clone();
        let import = edge.post("/api/v1/metadata/ontology:import", json!({ "yaml": yaml }));
        hold(
            "everything was stored",
            import.await?["applied"].as_bool(),
            Some(true),
        )?;
    }
    for (code, name, formula, _) in METRICS {
        if !missing(format!("/api/v1/metadata/metrics/by-code/{code}")).await? {
            continue;
        }
        step(&format!("defining the metric {code}: {formula}"));
        let set = json!({
            "member": { "entity": "policy", "attribute": "policy_id" },
            "filter": "policy.status = 'Active'",
        });
        let metric = json!({
            "code": code, "name": name, "type": "METRIC_TYPE_SET_BASED", "formula": formula,
            "entities": ["policy"], "set": set, "format": "0.0%",
        });
        edge.post("/api/v1/metadata/metrics", metric).await?;
    }
    Ok(())
}

/// The span that holds the story's rows and nobody else's, and the run that wrote them.
async fn generate(edge: &EdgeClient) -> Result<(String, String, String), BoxError> {
    let (s, e, n) = COUNTS;
    for year in YEARS {
        let (start, end) = (format!("{year}-01-01"), format!("{year}-02-01"));
        let days = format!("snapshot_date >= '{start}' and snapshot_date <= '{end}'");
        let world = World {
            scenario: "health_retention",
            start: &start,
            end: &end,
            step: "STEP_MONTH",
            parameters: json!({ "start_count": s.to_string(), "end_count": e.to_string(), "new_count": n.to_string() }),
            define: false,
        };
        let run = if count_rows(edge, &days).await? == 0 {
            step(&format!(
                "generating {s} policies on {start} and {e} on {end}, of which {n} are new"
            ));
            world.write(edge).await?
        } else if let Some(run) = world.written_earlier(edge, |run| world.is_of(run)).await? {
            step(&format!(
                "the rows of {year} are there from an earlier play"
            ));
            run
        } else {
            continue;
        };
        let run = run["id"].as_str().unwrap_or_default().to_owned();
        return Ok((start, end, run));
    }
    Err(format!("somebody wrote policies in each of the years {YEARS:?}").into())
}

/// How many different policies have a row for which the condition holds.
async fn count(edge: &EdgeClient, condition: &str) -> Result<i64, BoxError> {
    figure(edge, "count_distinct(policy_id)", condition).await
}

async fn count_rows(edge: &EdgeClient, condition: &str) -> Result<i64, BoxError> {
    figure(edge, "count(*)", condition).await
}

async fn figure(edge: &EdgeClient, measure: &str, condition: &str) -> Result<i64, BoxError> {
    let body = json!({ "entity": "policy", "measures": [measure], "where": condition });
    let answer = edge.post("/api/v1/warehouse/query", body).await?;
    let value = &answer["rows"][0][0];
    let number = value.as_f64().map(|number| number.to_string());
    let text = number.or_else(|| value.as_str().map(str::to_owned));
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| format!("{measure} is no number: {answer}").into())
}

/// The value of a metric and what it was made of.
async fn calculate(
    edge: &EdgeClient,
    metric: &str,
    start: &str,
    end: &str,
    expected: &str,
) -> Result<Value, BoxError> {
    let body = json!({ "metric": metric, "start": start, "end": end, "explain": true });
    let answer = edge.post("/api/v1/calculation/calculate", body).await?;
    let value = &answer["rows"][0]["value"];
    let text = value["text"].as_str().unwrap_or_default();
    hold(metric, text, expected)?;
    hold(
        "it is exact",
        value["exactness"].as_str(),
        Some("EXACTNESS_EXACT"),
    )?;
    let mut sources = Vec::new();
    for source in answer["explanation"]["sources"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let number = |field: &str| -> i64 {
            let text = source[field].as_str().unwrap_or_default();
            text.parse().unwrap_or_default()
        };
        let (rows, result_rows) = (number("rows"), number("resultRows"));
        for statement in source["statements"].as_array().into_iter().flatten() {
            let sql = statement["sql"].as_str().unwrap_or_default();
            step(&format!(
                "SQL over {rows} rows, {result_rows} came back: {sql}"
            ));
            sources.push(json!({
                "sql": sql, "parameters": statement["parameters"], "rows": rows, "result_rows": result_rows,
            }));
        }
    }
    hold("there is SQL behind it", sources.is_empty(), false)?;
    step(&format!("{metric} is {text}"));
    // The text of a decimal is a JSON number as it stands.
    let value: Value = serde_json::from_str(text)?;
    Ok(json!({ "value": value, "sources": sources }))
}
