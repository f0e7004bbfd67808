//! `health_retention`: members of a health insurer stay or leave; by default 1,000 policies at the start, 950 at the end, 50 of them new.

use super::{ID_PREFIX, Order, Scenario, TooMany, World, fault, retention};
use crate::model::{
    parameter::{Choices, Kind, ONE, Parameter},
    portfolio::{Course, Portfolio},
    span::{Reach, Step},
};
use error::Violations;

/// The scenario.
pub(super) static SCENARIO: Scenario = Scenario {
    code: "health_retention",
    name: "Health retention",
    description: "Snapshots of the policies of a health insurer. In the first period the counts are those of the parameters, by default \
                  1,000 policies at the start and 950 at the end, of which 50 are new: 900 were retained, a retention rate of 90 %. In \
                  later periods a share drops and a share is new. Always end = start - dropped + new. A policy that dropped is in the \
                  next snapshot once more, as terminated; some are suspended throughout.",
    ontology: retention::ONTOLOGY,
    parameters: &[
        Parameter {
            name: "start_count",
            description: "Active policies at the first snapshot",
            kind: Kind::Integer(0, 5_000_000),
            default: "1000",
        },
        Parameter {
            name: "end_count",
            description: "Active policies at the second snapshot; at most `start_count` and `new_count` together",
            kind: Kind::Integer(0, 10_000_000),
            default: "950",
        },
        Parameter {
            name: "new_count",
            description: "Policies that are active at the second snapshot and were not at the first; at most `end_count`",
            kind: Kind::Integer(0, 5_000_000),
            default: "50",
        },
        Parameter {
            name: "churn_rate",
            description: "Share of the policies at the start that drops in each period after the first",
            kind: Kind::Decimal(0, ONE),
            default: "0.1",
        },
        Parameter {
            name: "new_rate",
            description: "New policies of each period after the first, as a share of the policies at its start",
            kind: Kind::Decimal(0, ONE),
            default: "0.05",
        },
        Parameter {
            name: "variation",
            description: "How far both rates go up and down from period to period by chance, as a share of them",
            kind: Kind::Decimal(0, ONE),
            default: "0",
        },
        Parameter {
            name: "suspended_count",
            description: "Policies that are suspended at every snapshot, and in no count of active ones",
            kind: Kind::Integer(0, 1_000_000),
            default: "20",
        },
        ID_PREFIX,
    ],
    step: Step::Month,
    steps: (1, Reach::Ends),
    check,
    make,
};

fn check(choices: &Choices, found: &mut Violations) {
    let [start, end, new] =
        ["start_count", "end_count", "new_count"].map(|name| choices.number(name));
    if end > start + new {
        let what = format!(
            "must be at most start_count + new_count, which is {}",
            start + new
        );
        fault(found, "end_count", "RANGE", what);
    }
    if new > end {
        fault(
            found,
            "new_count",
            "RANGE",
            format!("must be at most end_count, which is {end}"),
        );
    }
}

fn make(order: &Order) -> Result<Box<dyn World>, TooMany> {
    let Order { choices, span, .. } = order;
    let [start, end, new] =
        ["start_count", "end_count", "new_count"].map(|name| choices.count(name));
    let course = Course {
        seed: order.seed,
        prefix: order.prefix(SCENARIO.code),
        moments: span.moments(),
        start,
        suspended: choices.count("suspended_count"),
        first: Some((start + new - end, new)),
        churn: choices.number("churn_rate"),
        fresh: choices.number("new_rate"),
        variation: choices.number("variation"),
        spike: None,
    };
    Ok(Box::new(retention::Insurer {
        portfolio: Portfolio::new(course, order.most_rows)?,
        moments: span.moments(),
        end: span.end + 1,
    }))
}
