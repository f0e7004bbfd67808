//! Analytics strategies: what a company wants to reach with its numbers, and by when.

use super::{
    Kind, References, Rules,
    parts::{check_codes, check_date, decimal},
};
use error::Violations;
use serde::{Deserialize, Serialize};
use value::Decimal;

pub(super) const FIELDS: &[&str] = &["objectives", "sponsor", "start_date", "end_date"];

/// What a company wants to reach.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AnalyticsStrategy {
    pub(crate) objectives: Vec<Objective>,
    pub(crate) sponsor: String,
    pub(crate) start_date: String,
    pub(crate) end_date: String,
}

/// One thing to be reached.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Objective {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) metric: String,
    #[serde(deserialize_with = "decimal::deserialize")]
    pub(crate) target: Option<Decimal>,
    pub(crate) due_date: String,
}

impl Rules for AnalyticsStrategy {
    fn check(&self, found: &mut Violations) {
        check_codes(
            "objectives",
            self.objectives
                .iter()
                .map(|objective| objective.code.as_str()),
            found,
        );
        for (index, objective) in self.objectives.iter().enumerate() {
            let field = |name: &str| format!("objectives[{index}].{name}");
            check_date(&field("due_date"), &objective.due_date, found);
            let measured = objective.target.is_none() || !objective.metric.is_empty();
            found.check(
                measured,
                field("metric"),
                "REQUIRED",
                "a target is the target of a metric",
            );
        }
        let start = check_date("start_date", &self.start_date, found);
        let end = check_date("end_date", &self.end_date, found);
        if let (Some(start), Some(end)) = (start, end) {
            found.check(
                start <= end,
                "end_date",
                "OUT_OF_RANGE",
                "a strategy ends after it starts",
            );
        }
    }

    fn refer(&self, out: &mut References) {
        for (index, objective) in self.objectives.iter().enumerate() {
            out.one(
                format!("objectives[{index}].metric"),
                Kind::Metric,
                &objective.metric,
            );
        }
        out.one("sponsor", Kind::Actor, &self.sponsor);
    }
}
