//! `churn_spike`: all goes its usual way, until for some periods many more policies drop than usual, everywhere or in one region.

use super::{ID_PREFIX, Order, Scenario, TooMany, World, retention};
use crate::model::{
    insured::REGIONS,
    parameter::{Choices, Kind, ONE, Parameter},
    portfolio::{Course, Portfolio, Spike},
    span::{Reach, Step},
};
use error::Violations;

/// The scenario.
pub(super) static SCENARIO: Scenario = Scenario {
    code: "churn_spike",
    name: "Churn spike",
    description: "Snapshots of the policies of a health insurer over a year. A share drops and a share is new in each period; for some \
                  periods, by default the seventh and the eighth, three times as many drop, everywhere or in one region alone. Always \
                  end = start - dropped + new.",
    ontology: retention::ONTOLOGY,
    parameters: &[
        Parameter {
            name: "start_count",
            description: "Active policies at the first snapshot",
            kind: Kind::Integer(0, 5_000_000),
            default: "2000",
        },
        Parameter {
            name: "churn_rate",
            description: "Share of the policies at the start of a period that drops in it",
            kind: Kind::Decimal(0, ONE),
            default: "0.03",
        },
        Parameter {
            name: "new_rate",
            description: "New policies of each period, as a share of the policies at its start",
            kind: Kind::Decimal(0, ONE),
            default: "0.035",
        },
        Parameter {
            name: "variation",
            description: "How far both rates go up and down from period to period by chance, as a share of them",
            kind: Kind::Decimal(0, ONE),
            default: "0.15",
        },
        Parameter {
            name: "spike_period",
            description: "First period with more drops, from 1",
            kind: Kind::Integer(1, 4_000),
            default: "7",
        },
        Parameter {
            name: "spike_length",
            description: "How many periods have more drops; 0 is none",
            kind: Kind::Integer(0, 4_000),
            default: "2",
        },
        Parameter {
            name: "spike_factor",
            description: "How many times as many drop in them",
            kind: Kind::Decimal(ONE, 100 * ONE),
            default: "3",
        },
        Parameter {
            name: "spike_region",
            description: "Where more drop: a region, or `all`",
            kind: Kind::OneOf(&[
                "all",
                REGIONS[0].0,
                REGIONS[1].0,
                REGIONS[2].0,
                REGIONS[3].0,
            ]),
            default: "all",
        },
        Parameter {
            name: "suspended_count",
            description: "Policies that are suspended at every snapshot, and in no count of active ones",
            kind: Kind::Integer(0, 1_000_000),
            default: "40",
        },
        ID_PREFIX,
    ],
    step: Step::Month,
    steps: (12, Reach::Ends),
    check,
    make,
};

fn check(_: &Choices, _: &mut Violations) {}

fn make(order: &Order) -> Result<Box<dyn World>, TooMany> {
    let Order { choices, span, .. } = order;
    let count = |name: &str| usize::try_from(choices.number(name)).unwrap_or(0);
    let region = choices.text("spike_region");
    let spike = Spike {
        first: count("spike_period"),
        periods: count("spike_length"),
        factor: choices.number("spike_factor"),
        region: REGIONS.iter().position(|(name, _)| *name == region),
    };
    let course = Course {
        seed: order.seed,
        prefix: order.prefix(SCENARIO.code),
        moments: span.moments(),
        start: choices.count("start_count"),
        suspended: choices.count("suspended_count"),
        first: None,
        churn: choices.number("churn_rate"),
        fresh: choices.number("new_rate"),
        variation: choices.number("variation"),
        spike: Some(spike),
    };
    Ok(Box::new(retention::Insurer {
        portfolio: Portfolio::new(course, order.most_rows)?,
        moments: span.moments(),
        end: span.end + 1,
    }))
}
