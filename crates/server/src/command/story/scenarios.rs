//! The story `scenarios`: what `make run` begins with besides the sample ontology. Two years of an insurer's policies, a year of
//! its claims, a company whose sales grow, all up to now; then a metric of each, held against what is known to be true of it.

use super::{EdgeClient, Story, hold, step, world::World};
use futures::future::BoxFuture;
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use rpc::BoxError;
use serde_json::{Value, json};
use value::{Clock, SystemClock};

/// Days before these are those of other stories.
const SINCE: &str = "2000-01-01";

/// A world, and the days it reaches over.
struct Plan {
    scenario: &'static str,
    days: (Date, Date),
    step: &'static str,
    parameters: Value,
}

/// The worlds, as far as `today`: whole months of snapshots, and events up to yesterday.
fn plans(today: Date) -> Vec<Plan> {
    let month = today.first_of_month();
    let back = |months: i32| month.saturating_sub(months.months());
    let yesterday = today.saturating_sub(1.day());
    vec![
        // As many come as go, so that the insurer is as large at the end as at the beginning.
        Plan {
            scenario: "health_retention",
            days: (back(24), month),
            step: "STEP_MONTH",
            parameters: json!({
                "start_count": "500", "end_count": "500", "new_count": "50", "new_rate": "0.1", "variation": "0.2",
            }),
        },
        Plan {
            scenario: "sales_growth",
            days: (back(6), yesterday),
            step: "STEP_DAY",
            parameters: json!({}),
        },
        // What is paid for them is some three quarters of the premiums of those policies.
        Plan {
            scenario: "seasonal_peak",
            days: (back(11), yesterday),
            step: "STEP_MONTH",
            parameters: json!({
                "claims_per_day": "14", "yearly_amplitude": "0.2", "policy_count": "500",
            }),
        },
    ]
}

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
    let now = Timestamp::from_microsecond(SystemClock.now().micros())?;
    for plan in plans(now.to_zoned(TimeZone::UTC).date()) {
        let run = generate(edge, &plan).await?;
        let truth = check(edge, &run).await?;
        let metric = truth["metric"].as_str().unwrap_or_default();
        let value = truth["value"].as_str().unwrap_or_default();
        step(&format!("{metric} is {value} as it must be"));
        result.insert(
            plan.scenario.to_owned(),
            json!({ "rows": run["rowsWritten"], "metric": metric, "value": value }),
        );
    }
    Ok(result.into())
}

/// The run of a world: that of an earlier play if there is one, even if its days are others by now, for its rows have the same keys.
async fn generate(edge: &EdgeClient, plan: &Plan) -> Result<Value, BoxError> {
    let (start, end) = (plan.days.0.to_string(), plan.days.1.to_string());
    let world = World {
        scenario: plan.scenario,
        start: &start,
        end: &end,
        step: plan.step,
        parameters: plan.parameters.clone(),
        define: true,
    };
    let earlier = |run: &Value| run["startDate"].as_str().is_some_and(|day| day >= SINCE);
    if let Some(run) = world.written_earlier(edge, earlier).await? {
        step(&format!("{} is there from an earlier play", plan.scenario));
        return Ok(run);
    }
    step(&format!(
        "generating {} from {start} to {end}",
        plan.scenario
    ));
    world.write(edge).await
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

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn worlds_reach_up_to_now_and_never_beyond_it() {
        for today in [
            date(2026, 3, 1),
            date(2026, 3, 31),
            date(2024, 2, 29),
            date(2027, 1, 1),
        ] {
            for plan in plans(today) {
                let (start, end) = plan.days;
                assert!(
                    start < end && end <= today,
                    "{}: {start} to {end}",
                    plan.scenario
                );
                assert!(
                    end >= today.first_of_month().saturating_sub(1.day()),
                    "{}: ends {end}",
                    plan.scenario
                );
                assert_eq!(start, start.first_of_month());
            }
        }
    }
}
