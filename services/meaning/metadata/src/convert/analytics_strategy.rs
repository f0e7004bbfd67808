//! Analytics strategies and their objectives.

use super::{
    message, resource,
    shared::{decimal, decimal_text},
};
use crate::model::{
    Record,
    analytics_strategy::{AnalyticsStrategy, Objective},
};
use error::Violations;
use proto_meaning::tessera::metadata::v1;

resource!(AnalyticsStrategy, AnalyticsStrategy, parse, render);

fn parse(wire: v1::AnalyticsStrategy, found: &mut Violations) -> AnalyticsStrategy {
    let objectives = wire
        .objectives
        .into_iter()
        .enumerate()
        .map(|(index, objective)| Objective {
            code: objective.code,
            name: objective.name,
            description: objective.description,
            metric: objective.metric,
            target: decimal(
                &format!("objectives[{index}].target"),
                &objective.target,
                found,
            ),
            due_date: objective.due_date,
        });
    AnalyticsStrategy {
        objectives: objectives.collect(),
        sponsor: wire.sponsor,
        start_date: wire.start_date,
        end_date: wire.end_date,
    }
}

fn render(record: Record, strategy: AnalyticsStrategy) -> v1::AnalyticsStrategy {
    let objective = |objective: Objective| v1::Objective {
        code: objective.code,
        name: objective.name,
        description: objective.description,
        metric: objective.metric,
        target: decimal_text(objective.target),
        due_date: objective.due_date,
    };
    message!(
        AnalyticsStrategy,
        record {
            objectives: strategy.objectives.into_iter().map(objective).collect(),
            sponsor: strategy.sponsor,
            start_date: strategy.start_date,
            end_date: strategy.end_date,
        }
    )
}
