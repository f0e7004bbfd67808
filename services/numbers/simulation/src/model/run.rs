//! A run: what it was asked to make, and how far it is.

use super::{
    ontology::Ontology,
    parameter::Choices,
    scenario::{Order, Scenario, TooMany, World},
    span::Span,
};
use error::{Error, Violations};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use value::{Id, Time};

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunState {
    /// It waits for its turn.
    Pending,
    /// It writes rows.
    Running,
    /// All rows are written.
    Succeeded,
    /// It stopped at an error.
    Failed,
    /// It was cancelled.
    Cancelled,
    /// Its rows were taken away again.
    Reverted,
}

impl RunState {
    /// All of them.
    pub(crate) const ALL: [Self; 6] = [
        Self::Pending,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::Reverted,
    ];

    /// The name it is kept by.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Reverted => "reverted",
        }
    }

    /// The state of a name.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether nothing more is written.
    pub(crate) const fn has_ended(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }
}

/// An entity that a run writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Target {
    /// Its code.
    pub(crate) entity: String,
    /// The attributes that its definition has of those the scenario knows.
    pub(crate) attributes: Vec<String>,
}

/// What a run makes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Task {
    /// Code of the scenario.
    pub(crate) scenario: String,
    /// Seed.
    pub(crate) seed: u64,
    /// Every parameter as text.
    pub(crate) parameters: BTreeMap<String, String>,
    /// Days.
    pub(crate) span: Span,
    /// Metrics that were asked for; none is all.
    pub(crate) metrics: Vec<String>,
    /// What is written, in this order.
    pub(crate) targets: Vec<Target>,
    /// Rows of a batch. Kept with the run, so that a batch has the same rows whoever writes it.
    pub(crate) batch_rows: u32,
    /// Rows in all.
    pub(crate) rows_total: u64,
}

/// How far the writing of a run is: everything before this batch is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Index of the target.
    pub(crate) target: u32,
    /// Next batch of it, from 0.
    pub(crate) batch: u32,
    /// Rows written so far.
    pub(crate) rows: u64,
}

/// A run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Run {
    /// Identifier.
    pub(crate) id: Id,
    /// Whose it is.
    pub(crate) tenant: Id,
    /// What it makes.
    pub(crate) task: Task,
    /// Where it is.
    pub(crate) state: RunState,
    /// Rows written so far.
    pub(crate) rows_written: u64,
    /// What it is doing, in words.
    pub(crate) message: String,
    /// Why it failed.
    pub(crate) error: String,
    /// Who started it.
    pub(crate) actor: String,
    /// Whether somebody wants it to stop.
    pub(crate) cancel: bool,
    /// Counts its changes.
    pub(crate) version: i64,
    /// When it was asked for.
    pub(crate) created: Time,
    /// When it was last heard of.
    pub(crate) updated: Time,
    /// When it ended.
    pub(crate) ended: Option<Time>,
}

impl Run {
    /// What rows are told to come from, so that they can be taken away again.
    pub(crate) fn source(&self) -> String {
        format!("simulation:{}", self.id)
    }

    /// What a batch is called: whoever writes it again, calls it the same.
    pub(crate) fn batch_name(&self, entity: &str, batch: u32) -> String {
        format!("{}/{entity}/{batch}", self.id)
    }
}

impl Task {
    /// Its scenario.
    pub(crate) fn scenario(&self) -> Result<&'static Scenario, Error> {
        Scenario::of_code(&self.scenario).ok_or_else(|| {
            Error::internal(format!("a stored run is of scenario `{}`", self.scenario))
        })
    }

    /// Makes its world again.
    pub(crate) fn world(&self) -> Result<Box<dyn World>, Error> {
        let scenario = self.scenario()?;
        let mut found = Violations::new();
        let choices = scenario.choices(&self.parameters, &mut found);
        found.finish()?;
        let order = self.order(choices, u64::MAX);
        scenario
            .world(&order)
            .map_err(|TooMany(_)| Error::internal("a stored run is too large"))
    }

    /// What its world is made of.
    pub(crate) fn order(&self, choices: Choices, most_rows: u64) -> Order {
        Order {
            seed: self.seed,
            span: self.span,
            choices,
            most_rows,
        }
    }

    /// Whether a run of this task can say what is true of a metric by these dimensions: the metric was asked for, and what it reads
    /// has them.
    pub(crate) fn tells(
        &self,
        ontology: &Ontology,
        metric: &str,
        dimensions: &[(&str, &str)],
    ) -> bool {
        let wanted = self.metrics.is_empty() || self.metrics.iter().any(|code| code == metric);
        let reads = ontology.entities_of(metric);
        let has = |entity: &String, dimension: &str| {
            let target = self.targets.iter().find(|target| target.entity == *entity);
            target.is_some_and(|target| target.attributes.iter().any(|code| code == dimension))
        };
        wanted
            && reads
                .iter()
                .all(|entity| dimensions.iter().all(|(code, _)| has(entity, code)))
    }

    /// Whether another task makes the same rows.
    pub(crate) fn is_same_world(&self, other: &Self) -> bool {
        let made = |task: &Self| {
            let Self {
                scenario,
                seed,
                parameters,
                span,
                metrics,
                targets,
                ..
            } = task.clone();
            (scenario, seed, parameters, span, metrics, targets)
        };
        made(self) == made(other)
    }

    /// Why this task cannot be done beside another run: both write rows of an entity at the same time.
    pub(crate) fn meets(&self, ontology: &Ontology, other: &Self) -> Option<String> {
        let apart = self.span.end < other.span.start || other.span.end < self.span.start;
        if apart {
            return None;
        }
        let shared = |target: &&Target| {
            let timed = ontology.entity(&target.entity).is_some_and(|entity| {
                entity
                    .attributes
                    .iter()
                    .any(|attribute| attribute.time_attribute)
            });
            timed
                && other
                    .targets
                    .iter()
                    .any(|theirs| theirs.entity == target.entity)
        };
        self.targets
            .iter()
            .find(shared)
            .map(|target| target.entity.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::span::Step;

    fn task(scenario: &str, start: i32, end: i32, entity: &str) -> Task {
        let attributes = vec!["policy_id".to_owned(), "region_code".to_owned()];
        Task {
            scenario: scenario.to_owned(),
            seed: 1,
            parameters: BTreeMap::new(),
            span: Span {
                start,
                end,
                step: Step::Month,
            },
            metrics: Vec::new(),
            targets: vec![Target {
                entity: entity.to_owned(),
                attributes,
            }],
            batch_rows: 10,
            rows_total: 0,
        }
    }

    #[test]
    fn runs_meet_where_they_write_the_same_entity_at_the_same_time() {
        let retention = task("health_retention", 0, 31, "policy");
        let ontology = Ontology::read(retention.scenario().unwrap().ontology);
        let meets = |other: &Task| retention.meets(&ontology, other);
        assert_eq!(
            meets(&task("churn_spike", 31, 60, "policy")).as_deref(),
            Some("policy")
        );
        assert_eq!(meets(&task("churn_spike", 32, 60, "policy")), None);
        assert_eq!(meets(&task("seasonal_peak", 0, 60, "claim")), None);
        let members = task("health_retention", 0, 31, "member");
        assert_eq!(
            members.meets(&ontology, &members),
            None,
            "keys of worlds do not meet"
        );
    }

    #[test]
    fn truths_are_told_of_what_is_written() {
        let task = task("health_retention", 0, 31, "policy");
        let ontology = Ontology::read(task.scenario().unwrap().ontology);
        let tells = |metric: &str, dimension: &'static str| {
            task.tells(&ontology, metric, &[(dimension, "x")])
        };
        assert!(tells("retention_rate", "region_code"));
        assert!(
            !tells("retention_rate", "line_of_business"),
            "its definition has none"
        );
        let some = Task {
            metrics: vec!["policies_new".to_owned()],
            ..task.clone()
        };
        assert!(!some.tells(&ontology, "retention_rate", &[]));
        assert!(some.tells(&ontology, "policies_new", &[]));
    }
}
