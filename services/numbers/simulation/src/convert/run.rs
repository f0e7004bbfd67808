//! Runs and truths on the wire.

use super::{
    day, long,
    scenario::{of_step, step},
};
use crate::model::{
    ontology::Ontology,
    parameter::Choices,
    run::{Run, RunState},
    scenario::Scenario,
    span::{MOST_STEPS, Span},
    truth::{self, Truth},
};
use error::{Error, Violations};
use formula::calendar;
use proto::time::to_proto;
use proto_numbers::tessera::simulation::v1;
use std::collections::BTreeMap;

/// What is asked for, as far as it can be read without a look at definitions.
pub(crate) struct Draft {
    /// The scenario.
    pub(crate) scenario: &'static Scenario,
    /// Its definitions.
    pub(crate) ontology: Ontology,
    /// The seed; none lets the server choose.
    pub(crate) seed: Option<u64>,
    /// A value for every parameter.
    pub(crate) choices: Choices,
    /// Days.
    pub(crate) span: Span,
    /// Metrics asked for; none is all.
    pub(crate) metrics: Vec<String>,
}

/// Reads what is to be made; all faults at once.
pub(crate) fn draft(run: v1::Run, today: i32) -> Result<Draft, Error> {
    let mut found = Violations::new();
    let start = day("run.start_date", &run.start_date, &mut found);
    let end = day("run.end_date", &run.end_date, &mut found);
    let Some(scenario) = Scenario::of_code(&run.scenario) else {
        let codes = crate::model::scenario::ALL.map(|scenario| scenario.code);
        let what = format!("must be one of {}", codes.join(", "));
        found.add("run.scenario", "UNKNOWN_SCENARIO", what);
        return Err(found.finish().expect_err("a violation was added"));
    };
    let given: BTreeMap<_, _> = run.parameters.into_iter().collect();
    let choices = scenario.choices(&given, &mut found);
    let ontology = Ontology::read(scenario.ontology);
    for (index, metric) in run.metrics.iter().enumerate() {
        let known = ontology.metrics.iter().any(|one| one.code == *metric);
        let what = || format!("is no metric of {}", scenario.code);
        if !known {
            found.add(format!("run.metrics[{index}]"), "UNKNOWN_METRIC", what());
        }
    }
    let step = of_step(run.step).unwrap_or(scenario.step);
    let span = Span::of((start, end), step, scenario.steps, today);
    let steps = i32::try_from(MOST_STEPS).unwrap_or(i32::MAX);
    if span.start > span.end {
        let what = format!(
            "must not be before the first day, {}",
            calendar::date_text(span.start)
        );
        found.add("run.end_date", "RANGE", what);
    } else if step.after(span.start, steps) <= span.end {
        let what = format!("must be less than {MOST_STEPS} steps after the first day");
        found.add("run.end_date", "RANGE", what);
    }
    found.finish()?;
    Ok(Draft {
        scenario,
        ontology,
        seed: (run.seed != 0).then_some(run.seed),
        choices,
        span,
        metrics: run.metrics,
    })
}

/// A run as it is told.
pub(crate) fn render(run: Run) -> v1::Run {
    let (state, etag) = (state(run.state) as i32, db::etag::format(run.version));
    let task = run.task;
    v1::Run {
        id: run.id.to_string(),
        scenario: task.scenario,
        seed: task.seed,
        parameters: task.parameters.into_iter().collect(),
        start_date: calendar::date_text(task.span.start),
        end_date: calendar::date_text(task.span.end),
        step: step(task.span.step) as i32,
        metrics: task.metrics,
        state,
        rows_written: long(run.rows_written),
        rows_total: long(task.rows_total),
        message: run.message,
        error: run.error,
        actor: run.actor,
        etag,
        create_time: Some(to_proto(run.created)),
        update_time: Some(to_proto(run.updated)),
        end_time: run.ended.map(to_proto),
        operation: run.id.to_string(),
        entities: task
            .targets
            .into_iter()
            .map(|target| target.entity)
            .collect(),
    }
}

/// A state on the wire.
pub(crate) const fn state(state: RunState) -> v1::RunState {
    match state {
        RunState::Pending => v1::RunState::Pending,
        RunState::Running => v1::RunState::Running,
        RunState::Succeeded => v1::RunState::Succeeded,
        RunState::Failed => v1::RunState::Failed,
        RunState::Cancelled => v1::RunState::Cancelled,
        RunState::Reverted => v1::RunState::Reverted,
    }
}

/// The state of a number; none where none is given.
pub(crate) fn of_state(number: i32) -> Option<RunState> {
    RunState::ALL
        .into_iter()
        .find(|one| state(*one) as i32 == number)
}

/// A truth as it is told.
pub(crate) fn truth(truth: &Truth) -> v1::Truth {
    let texts = |pairs: &[(&str, &str)]| {
        let pairs = pairs
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        pairs.collect()
    };
    let figures = truth.figures.iter();
    v1::Truth {
        metric: truth.metric.to_owned(),
        start: calendar::date_text(truth.start),
        end: calendar::date_text(truth.end),
        dimensions: texts(&truth.dimensions),
        value: truth.value.map(truth::text).unwrap_or_default(),
        figures: figures
            .map(|(name, value)| ((*name).to_owned(), truth::text(*value)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(run: v1::Run) -> Vec<(String, String)> {
        let error = draft(run, 20_000).err().expect("it is refused");
        let found = error.violations().iter();
        found.map(|v| (v.field.clone(), v.reason.clone())).collect()
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let pair = |field: &str, reason: &str| (field.to_owned(), reason.to_owned());
        let run = v1::Run {
            scenario: "health_retention".to_owned(),
            start_date: "2025-02-30".to_owned(),
            end_date: "9999-01-01".to_owned(),
            parameters: [
                ("start_count".to_owned(), "-1".to_owned()),
                ("x".to_owned(), String::new()),
            ]
            .into(),
            metrics: vec!["retention_rate".to_owned(), "revenue".to_owned()],
            ..Default::default()
        };
        assert_eq!(
            faults(run),
            [
                pair("run.start_date", "DATE"),
                pair("run.end_date", "DATE"),
                pair("run.parameters[\"x\"]", "UNKNOWN_PARAMETER"),
                pair("run.parameters[\"start_count\"]", "RANGE"),
                pair("run.metrics[1]", "UNKNOWN_METRIC"),
            ]
        );
        let scenario = "nothing".to_owned();
        assert_eq!(
            faults(v1::Run {
                scenario,
                ..Default::default()
            }),
            [pair("run.scenario", "UNKNOWN_SCENARIO")]
        );
        let days = |start: &str, end: &str| v1::Run {
            scenario: "sales_growth".to_owned(),
            start_date: start.to_owned(),
            end_date: end.to_owned(),
            step: v1::Step::Day as i32,
            ..Default::default()
        };
        assert_eq!(
            faults(days("2025-02-02", "2025-02-01")),
            [pair("run.end_date", "RANGE")]
        );
        assert_eq!(
            faults(days("2000-02-02", "2025-02-01")),
            [pair("run.end_date", "RANGE")]
        );
    }

    #[test]
    fn what_is_not_given_is_filled() {
        let scenario = "health_retention".to_owned();
        let today = calendar::parse_date("2026-03-18").unwrap();
        let draft = draft(
            v1::Run {
                scenario,
                ..Default::default()
            },
            today,
        )
        .unwrap();
        assert_eq!(calendar::date_text(draft.span.start), "2026-02-01");
        assert_eq!(calendar::date_text(draft.span.end), "2026-03-01");
        assert_eq!(draft.choices.texts()["start_count"], "1000");
        assert_eq!(draft.seed, None);
    }
}
