//! How an answer came about.

use super::{answer::value, formulas};
use crate::model::{
    calendar::{Calendar, Grain},
    definitions::{Named, Planned},
    rows::Row,
};
use proto_data::tessera::warehouse::v1 as warehouse;
use proto_numbers::tessera::calculation::v1;
use std::time::Duration;
use value::Time;

/// Something that was read, as its owner told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    pub(crate) entity: String,
    pub(crate) measures: Vec<String>,
    pub(crate) summary: warehouse::FragmentSummary,
}

impl Source {
    /// Sub-periods at both ends of which one snapshot stands, by index: none was taken in them.
    pub(crate) fn unmoved(&self) -> impl Iterator<Item = usize> + '_ {
        let pairs = self.summary.snapshots.iter().enumerate();
        let same = pairs.filter(|(_, pair)| !pair.start.is_empty() && pair.start == pair.end);
        same.map(|(period, _)| period)
    }
}

/// What the parts of the work took, in order.
pub(crate) type Timings = Vec<(&'static str, Duration)>;

/// What is told besides what the plan knows.
pub(crate) struct Story<'a> {
    pub(crate) sources: &'a [Source],
    pub(crate) timings: Timings,
    pub(crate) as_of: Time,
    pub(crate) plan_cached: bool,
    pub(crate) calendar: &'a Calendar,
    pub(crate) grain: Option<Grain>,
    /// The first row of the answer.
    pub(crate) first: Option<&'a Row>,
    /// Whether that row is the whole answer.
    pub(crate) whole: bool,
}

/// The explanation of an answer.
pub(crate) fn explanation(planned: &Planned, story: Story<'_>) -> v1::Explanation {
    let (plan, definitions) = (&planned.plan, &*planned.definitions);
    let (canonical, hash) = formulas::canonical(&planned.definition.formula);
    let states = story.first.map(|row| row.states.as_slice());
    let tree = formula::tree(
        &definitions.ontology,
        definitions,
        &planned.definition,
        plan,
    );
    let figures = plan.figures().into_iter();
    let measures = figures.map(|figure| v1::MeasureUse {
        measure: plan.measures[figure.0].text_of(figure.1),
        value: states
            .and_then(|states| plan.figure(figure, states).ok())
            .map(|known| value(&known)),
    });
    let timings = story.timings.iter();
    v1::Explanation {
        formula: planned.definition.formula.clone(),
        canonical,
        hash,
        tree: tree.map(|tree| formulas::node(&tree, plan, states.filter(|_| story.whole))),
        route: Some(route(planned)),
        definitions: used(planned),
        sources: story.sources.iter().map(source).collect(),
        measures: measures.collect(),
        timings: timings
            .map(|(part, took)| v1::Timing {
                part: (*part).to_owned(),
                duration: prost_types::Duration::try_from(*took).ok(),
            })
            .collect(),
        as_of_time: Some(proto::time::to_proto(story.as_of)),
        plan_cached: story.plan_cached,
        calendar: calendar(story.calendar, story.grain),
    }
}

fn route(planned: &Planned) -> v1::Route {
    let metric = planned.metric();
    v1::Route {
        domain: metric.map_or_else(String::new, |metric| metric.domain.clone()),
        module: metric.map_or_else(String::new, |metric| metric.module.clone()),
        handler: planned.handler().name().to_owned(),
    }
}

/// The metric, those that it uses, and the entities that they read.
fn used(planned: &Planned) -> Vec<v1::DefinitionUse> {
    let one = |kind: &str, code: &str, named: &Named| v1::DefinitionUse {
        kind: kind.to_owned(),
        code: code.to_owned(),
        version: named.version,
        name: named.name.clone(),
    };
    let metrics = planned
        .metrics()
        .map(|(code, metric)| one("metric", code, &metric.named));
    let entities = planned.plan.entities.iter().filter_map(|code| {
        let named = planned.definitions.entities.get(code)?;
        Some(one("entity", code, named))
    });
    metrics.chain(entities).collect()
}

fn source(source: &Source) -> v1::SourceUse {
    let summary = &source.summary;
    v1::SourceUse {
        service: "warehouse".to_owned(),
        entity: source.entity.clone(),
        source: summary.source.clone(),
        measures: source.measures.clone(),
        statements: summary
            .statements
            .iter()
            .map(|statement| v1::SqlStatement {
                sql: statement.sql.clone(),
                parameters: statement.parameters.clone(),
            })
            .collect(),
        result_rows: summary.result_rows,
        rows: summary.rows,
        data_version: summary.data_version,
        duration: summary.duration,
        snapshots: summary
            .snapshots
            .iter()
            .map(|pair| v1::SnapshotPair {
                start: pair.start.clone(),
                end: pair.end.clone(),
            })
            .collect(),
        row_filters: summary.row_filters.clone(),
    }
}

fn calendar(calendar: &Calendar, grain: Option<Grain>) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let zone = calendar.zone.iana_name().unwrap_or("UTC");
    let periods = grain.map_or_else(
        || "one period".to_owned(),
        |grain| format!("by {}", grain.name()),
    );
    let first = usize::try_from(calendar.fiscal_start - 1).unwrap_or(0);
    let fiscal = match grain {
        Some(Grain::Quarter | Grain::Year) => {
            format!(
                ", fiscal years from {}",
                MONTHS.get(first).unwrap_or(&"January")
            )
        }
        Some(Grain::Week) => ", weeks from Monday".to_owned(),
        _ => String::new(),
    };
    format!("{periods}, days begin in {zone}{fiscal}")
}
