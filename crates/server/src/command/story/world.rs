//! Rows of a scenario, ordered through the public API and followed until they are written.

use super::{EdgeClient, step};
use rpc::BoxError;
use serde_json::{Value, json};

/// Stories generate the same rows wherever they are played.
const SEED: &str = "20260101";
const RUNS: &str = "/api/v1/simulation/runs";

/// A world to generate: scenario, days and what else is chosen.
pub(super) struct World<'a> {
    pub(super) scenario: &'a str,
    pub(super) start: &'a str,
    pub(super) end: &'a str,
    /// Time between snapshots, as the contract names it.
    pub(super) step: &'a str,
    /// Parameters of the scenario; null are its own.
    pub(super) parameters: Value,
    /// Whether the scenario's definitions are imported first.
    pub(super) define: bool,
}

impl World<'_> {
    /// The run of an earlier play that wrote such rows: of this scenario and seed, and for which `same` holds.
    pub(super) async fn written_earlier(
        &self,
        edge: &EdgeClient,
        same: impl Fn(&Value) -> bool,
    ) -> Result<Option<Value>, BoxError> {
        let scenario = self.scenario;
        let path = format!("{RUNS}?page_size=1000&scenario={scenario}&state=RUN_STATE_SUCCEEDED");
        let runs = edge.get(&path).await?;
        let mut runs = runs["runs"].as_array().into_iter().flatten();
        Ok(runs.find(|run| run["seed"] == SEED && same(run)).cloned())
    }

    /// Whether a run is of the very days of this world.
    pub(super) fn is_of(&self, run: &Value) -> bool {
        run["startDate"] == self.start && run["endDate"] == self.end
    }

    /// Has the rows written, and answers the run once they are.
    pub(super) async fn write(&self, edge: &EdgeClient) -> Result<Value, BoxError> {
        let mut run = json!({
            "scenario": self.scenario, "seed": SEED, "step": self.step,
            "start_date": self.start, "end_date": self.end,
        });
        if !self.parameters.is_null() {
            run["parameters"] = self.parameters.clone();
        }
        let ordered = edge
            .post(RUNS, json!({ "run": run, "define": self.define }))
            .await?;
        let id = ordered["id"].as_str().ok_or("a run without an id")?;
        let states = edge.lines(&format!("{RUNS}/{id}:watch")).await?;
        let last = states.into_iter().last().unwrap_or(ordered);
        if last["state"] != "RUN_STATE_SUCCEEDED" {
            return Err(format!("the run of {} did not succeed: {last}", self.scenario).into());
        }
        let rows = last["rowsWritten"].as_str().unwrap_or("no");
        step(&format!("{rows} rows are written"));
        Ok(last)
    }
}
