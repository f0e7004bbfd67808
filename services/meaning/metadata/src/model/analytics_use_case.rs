//! Analytics use cases: questions that someone needs answered, linked to what that takes.

use super::{Kind, References, Rules};
use error::Violations;
use serde::{Deserialize, Serialize};

pub(super) const FIELDS: &[&str] = &[
    "entities",
    "metrics",
    "strategy",
    "actors",
    "data_sources",
    "questions",
    "decision",
    "priority",
];

/// A question that someone needs answered to decide something.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AnalyticsUseCase {
    pub(crate) entities: Vec<String>,
    pub(crate) metrics: Vec<String>,
    pub(crate) strategy: String,
    pub(crate) actors: Vec<String>,
    pub(crate) data_sources: Vec<String>,
    pub(crate) questions: Vec<String>,
    pub(crate) decision: String,
    pub(crate) priority: Option<Priority>,
}

/// How much something matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Priority {
    Low,
    Medium,
    High,
    Critical,
}

impl Rules for AnalyticsUseCase {
    fn check(&self, _: &mut Violations) {}

    fn refer(&self, out: &mut References) {
        out.many("entities", Kind::Entity, &self.entities);
        out.many("metrics", Kind::Metric, &self.metrics);
        out.one("strategy", Kind::AnalyticsStrategy, &self.strategy);
        out.many("actors", Kind::Actor, &self.actors);
        out.many("data_sources", Kind::DataSource, &self.data_sources);
    }
}
