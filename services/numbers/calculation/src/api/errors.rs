//! What does not work out, as callers read it.

use crate::{
    model::{
        calendar::CutError,
        definitions::{Definitions, Draft, Unplanned},
        rows::Unmerged,
    },
    reasons,
};
use error::{Error, Violation, Violations};
use formula::Refusal;

/// A stored metric that is not planned.
pub(super) fn metric(code: &str, unplanned: Unplanned) -> Error {
    match unplanned {
        Unplanned::Formula(problems) => {
            let first = problems.as_slice().first();
            let words = format!("the metric `{code}` cannot be calculated: {problems}");
            let mut error =
                Error::new(&reasons::METRIC_BROKEN, words).with_metadata("metric", code);
            if let Some(problem) = first {
                error = error
                    .with_metadata("problem", problem.code.name())
                    .with_metadata("line", problem.position.line.to_string())
                    .with_metadata("column", problem.position.column.to_string());
            }
            for violation in problems.violations("formula") {
                error = error.with_violation(violation);
            }
            error
        }
        other => unsupported(code, &other),
    }
}

/// A formula that is not stored and is not planned.
pub(super) fn draft(unplanned: Unplanned) -> Error {
    match unplanned {
        Unplanned::Formula(problems) => problems.into_error("draft.formula"),
        other => unsupported("", &other),
    }
}

fn unsupported(asked: &str, unplanned: &Unplanned) -> Error {
    let (code, words) = match unplanned {
        Unplanned::Type(code, handler) => (
            code,
            format!(
                "the metric `{code}` is of type {}, which is not calculated yet",
                handler.name()
            ),
        ),
        Unplanned::Time(code, attribute) => (
            code,
            format!(
                "the metric `{code}` places rows in time by `{attribute}`; only the time attribute of an entity does that yet"
            ),
        ),
        Unplanned::Unknown | Unplanned::Formula(_) => return Error::not_found("metric", asked),
    };
    Error::new(&reasons::METRIC_UNSUPPORTED, words).with_metadata("metric", code.as_str())
}

/// Everything of a draft besides its formula that names nothing.
pub(super) fn surroundings(definitions: &Definitions, draft: &Draft) -> Result<(), Error> {
    let mut found = Violations::new();
    let ontology = &definitions.ontology;
    let entity = |field: &str, code: &str, found: &mut Violations| {
        let known = ontology.entity(code);
        if known.is_none() {
            let hint = hint(formula::did_you_mean(code, ontology.codes()));
            let words = format!("there is no entity `{code}`{hint}");
            found.add(field, "UNKNOWN_ENTITY", words);
        }
        known
    };
    if let Some(code) = &draft.definition.entity {
        entity("draft.entity", code, &mut found);
    }
    if let Some(set) = &draft.definition.set
        && let Some(known) = entity("draft.set.entity", &set.entity, &mut found)
    {
        if known.attribute(&set.member).is_none() {
            let codes = known.attributes.iter().map(|a| a.code.as_str());
            let hint = hint(formula::did_you_mean(&set.member, codes));
            let words = format!(
                "the entity `{}` has no attribute `{}`{hint}",
                set.entity, set.member
            );
            found.add("draft.set.member", "UNKNOWN_ATTRIBUTE", words);
        }
        if !set.filter.trim().is_empty()
            && let Err(problems) = formula::condition(ontology, &set.entity, &set.filter)
        {
            for violation in problems.violations("draft.set.filter") {
                found.add(violation.field, violation.reason, violation.description);
            }
        }
    }
    found.finish()
}

fn hint(hint: Option<String>) -> String {
    hint.map_or_else(String::new, |hint| format!(" ({hint})"))
}

/// A span that is not cut into periods.
pub(super) fn cut(problem: CutError, most: usize) -> Error {
    match problem {
        CutError::Empty => Error::invalid(vec![Violation::new(
            "end",
            "NOT_AFTER_START",
            "a span ends after it begins",
        )]),
        CutError::OutOfRange => {
            let words = "a span lies between 0001-01-02 and 9999-12-30";
            Error::invalid(vec![Violation::new("end", "OUT_OF_RANGE", words)])
        }
        CutError::TooMany => Error::new(
            &reasons::TOO_MANY_PERIODS,
            format!("the span has more than {most} periods of this grain"),
        )
        .with_metadata("limit", most.to_string()),
    }
}

/// States that are no answer.
pub(super) fn unmerged(problem: Unmerged, most: usize) -> Error {
    match problem {
        Unmerged::TooMany => {
            let words = format!("the answer has more than {most} rows");
            Error::new(&reasons::TOO_MANY_ROWS, words).with_metadata("limit", most.to_string())
        }
        Unmerged::Refused((period, dimensions), refusal) => {
            let reason = match refusal {
                Refusal::Overflow => &reasons::RESULT_OVERFLOW,
                Refusal::NotMergeable => &reasons::RESULT_NOT_MERGEABLE,
                Refusal::TooManyValues => &reasons::TOO_MANY_ROWS,
                Refusal::BadState => {
                    let words = format!("a state of period {period} is none of its measure");
                    return Error::internal(words);
                }
            };
            let group = dimensions
                .iter()
                .map(|value| value.as_deref().unwrap_or("null"));
            let group = group.collect::<Vec<_>>().join(", ");
            let place = if group.is_empty() {
                String::new()
            } else {
                format!(", in the group `{group}`")
            };
            Error::new(reason, format!("{refusal}{place}"))
        }
    }
}
