//! What became of rows that were written, and what a change did.

use super::row::Fault;
use crate::reasons;
use error::{Error, reason};
use serde::{Deserialize, Serialize};
use value::Id;

/// Of so many rows, what became of each is told.
const FEW_ROWS: usize = 1_000;
/// Of more, what became of so many that were refused.
const MOST_REFUSED: usize = 10_000;
/// So many violations of a refused request are told.
const MOST_VIOLATIONS: usize = 100;

/// What to do where a row with the same key is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The new row is refused.
    Insert,
    /// It gets the new values.
    Upsert,
    /// The new row is left out.
    Skip,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Inserted(Id),
    Updated(Id),
    /// It was there, or nothing changed.
    Skipped(Option<Id>),
    /// It was refused, for each of these.
    Failed(Vec<Fault>),
}

/// What became of all rows of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Written {
    /// By index in the request; of many rows only those that were refused.
    pub(crate) results: Vec<(usize, Outcome)>,
    pub(crate) inserted: i64,
    pub(crate) updated: i64,
    pub(crate) skipped: i64,
    pub(crate) failed: i64,
}

impl Written {
    /// The sum of the outcomes of all rows, in order.
    pub(crate) fn of(outcomes: Vec<Outcome>) -> Self {
        let mut written = Self::default();
        let few = outcomes.len() <= FEW_ROWS;
        for (index, outcome) in outcomes.into_iter().enumerate() {
            let (count, refused) = match &outcome {
                Outcome::Inserted(_) => (&mut written.inserted, false),
                Outcome::Updated(_) => (&mut written.updated, false),
                Outcome::Skipped(_) => (&mut written.skipped, false),
                Outcome::Failed(_) => (&mut written.failed, true),
            };
            *count += 1;
            if few || refused && written.results.len() < MOST_REFUSED {
                written.results.push((index, outcome));
            }
        }
        written
    }

    /// The refusal of a request of which all rows or none are written; none where all are good. `prefix` leads to its fields.
    pub(crate) fn refusal(&self, prefix: &str) -> Option<Error> {
        let mut faults = self
            .results
            .iter()
            .filter_map(|(index, outcome)| match outcome {
                Outcome::Failed(faults) => Some((index, faults)),
                _ => None,
            });
        let first = faults.clone().next()?.1.first();
        let reason = first.map_or(String::new(), |fault| fault.reason.clone());
        let words = match self.failed {
            1 => "one row is refused, so none is written".to_owned(),
            failed => format!("{failed} rows are refused, so none is written"),
        };
        let error = match reason.as_str() {
            "ALREADY_EXISTS" => Error::new(&reason::ALREADY_EXISTS, words),
            "ROW_FILTER" => Error::new(&reasons::ROW_FILTER, words),
            _ => Error::new(&reason::INVALID_REQUEST, words),
        };
        let violations = faults.by_ref().flat_map(|(index, faults)| {
            let row = format!("{prefix}records[{index}]");
            faults.iter().map(move |fault| fault.violation(&row))
        });
        Some(
            violations
                .take(MOST_VIOLATIONS)
                .fold(error, Error::with_violation),
        )
    }
}

/// What one change did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Changed {
    /// Rows were written.
    Written(Written),
    /// So many rows were changed or deleted.
    Rows(i64),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_successes_are_not_told_one_by_one() {
        let mut outcomes = vec![Outcome::Inserted(Id::NIL); 1_001];
        outcomes[3] = Outcome::Skipped(None);
        outcomes[7] = Outcome::Failed(Vec::new());
        let written = Written::of(outcomes.clone());
        assert_eq!(
            (written.inserted, written.skipped, written.failed),
            (999, 1, 1)
        );
        assert_eq!(written.results, [(7, Outcome::Failed(Vec::new()))]);
        outcomes.truncate(1_000);
        assert_eq!(Written::of(outcomes).results.len(), 1_000);
        let bad = Written::of(vec![Outcome::Failed(Vec::new()); 20_000]);
        assert_eq!((bad.failed, bad.results.len()), (20_000, 10_000));
        assert!(bad.refusal("").is_some());
    }

    #[test]
    fn a_refusal_names_every_row() {
        let fault = |reason: &str| Outcome::Failed(vec![Fault::new("a", reason, "so")]);
        let written = Written::of(vec![
            Outcome::Inserted(Id::NIL),
            fault("ROW_FILTER"),
            fault("ROW_FILTER"),
        ]);
        let error = written.refusal("commands[2].write.").unwrap();
        assert!(error.is(&reasons::ROW_FILTER));
        let fields: Vec<_> = error
            .violations()
            .iter()
            .map(|v| v.field.as_str())
            .collect();
        assert_eq!(
            fields,
            [
                "commands[2].write.records[1].a",
                "commands[2].write.records[2].a"
            ]
        );
    }
}
