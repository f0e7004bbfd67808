//! Writing rows: many in one statement, and none of them twice.
//!
//! The table is locked against other writers, so what is looked up stays true.

mod insert;
mod upsert;

use super::change::{LoadAsk, Moment, Touched, WriteAsk};
use crate::model::{
    batch::Batch,
    load,
    outcome::{Mode, Outcome, Written},
    row::{Draft, Fault, completed},
    value::Cell,
    view::View,
};
use db::{Conn, Failure};
use error::{Error, Violation};
use formula::DataType;
use value::Id;

/// What a part of the work needs to know.
pub(super) struct Writing<'a> {
    pub(super) view: &'a View,
    pub(super) moment: &'a Moment,
    pub(super) mode: Mode,
    pub(super) source: Option<&'a str>,
}

/// Writes rows as they were given; what became of each.
pub(super) fn rows(
    conn: &mut Conn,
    view: &View,
    moment: &Moment,
    touched: &mut Touched,
    prefix: &str,
    ask: &WriteAsk,
    ids: &[Id],
) -> Result<Written, Failure> {
    let writing = Writing::new(view, moment, ask.mode, None, prefix)?;
    let mut outcomes: Vec<Option<Outcome>> = vec![None; ask.rows.len()];
    let mut drafts: Vec<(usize, Draft)> = Vec::with_capacity(ask.rows.len());
    for (index, given) in ask.rows.iter().enumerate() {
        let (draft, mut faults) = view.layout.draft(given);
        // What was given and is wrong is not missing besides.
        let known = |fault: &Fault| faults.iter().any(|own| own.attribute == fault.attribute);
        let mut more = view.layout.key_faults(&draft);
        if ask.mode != Mode::Upsert {
            more.extend(view.layout.missing(&draft));
        }
        more.retain(|fault| !known(fault));
        for fault in more {
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
        if faults.is_empty() {
            drafts.push((index, draft));
        } else {
            outcomes[index] = Some(Outcome::Failed(faults));
        }
    }
    if ask.atomic && drafts.len() < ask.rows.len() {
        // Nothing is written anyway.
    } else if ask.mode == Mode::Upsert {
        upsert::all(conn, &writing, touched, drafts, ids, &mut outcomes)?;
    } else {
        let cells: Vec<(usize, Vec<Cell>)> = drafts
            .into_iter()
            .map(|(index, draft)| (index, completed(draft)))
            .collect();
        let columns: Vec<usize> = (0..view.layout.columns.len()).collect();
        let rows = cells
            .iter()
            .map(|(index, cells)| (*index, ids[*index], cells.as_slice()));
        let batch = Batch::of_rows(&view.layout, &columns, rows);
        insert::insert_all(conn, &writing, touched, &batch, &mut outcomes)?;
    }
    let written = Written::of(outcomes.into_iter().map(settled).collect());
    match written.refusal(prefix) {
        Some(error) if ask.atomic => Err(error.into()),
        _ => Ok(written),
    }
}

/// Of an atomic request that is refused, rows that were not tried are no news.
fn settled(outcome: Option<Outcome>) -> Outcome {
    outcome.unwrap_or(Outcome::Skipped(None))
}

/// Writes rows in bulk.
pub(super) fn columns(
    conn: &mut Conn,
    view: &View,
    moment: &Moment,
    touched: &mut Touched,
    ask: &LoadAsk,
    ids: &[Id],
) -> Result<Written, Failure> {
    let writing = Writing::new(view, moment, ask.mode, Some(&ask.source), "")?;
    let whole = ask.mode != Mode::Upsert;
    let batch = load::read(&view.layout, &ask.columns, ids, whole).map_err(Error::invalid)?;
    let mut outcomes: Vec<Option<Outcome>> = vec![None; batch.len()];
    if ask.mode == Mode::Upsert {
        let draft = |row: usize| -> Draft {
            let columns = view.layout.columns.iter().enumerate();
            columns
                .map(|(index, column)| Some(batch.values(index)?.cell(row, column.data_type)))
                .collect()
        };
        // A part at a time, so that a large load is not held twice.
        for first in (0..batch.len()).step_by(insert::PART) {
            let part = first..(first + insert::PART).min(batch.len());
            let drafts = part.map(|row| (row, draft(row))).collect();
            upsert::all(conn, &writing, touched, drafts, ids, &mut outcomes)?;
        }
    } else {
        insert::insert_all(conn, &writing, touched, &batch, &mut outcomes)?;
    }
    Ok(Written::of(outcomes.into_iter().map(settled).collect()))
}

impl<'a> Writing<'a> {
    fn new(
        view: &'a View,
        moment: &'a Moment,
        mode: Mode,
        source: Option<&'a str>,
        prefix: &str,
    ) -> Result<Self, Failure> {
        if mode != Mode::Insert && view.layout.identity.is_empty() {
            let words = format!(
                "`{}` has no key, so that no row can be known again: use INSERT, or give the entity a key",
                view.shape.entity
            );
            return Err(Error::invalid_field(format!("{prefix}mode"), "NEEDS_KEY", words).into());
        }
        Ok(Self {
            view,
            moment,
            mode,
            source,
        })
    }

    /// What a row becomes whose key is taken.
    fn taken(&self) -> Outcome {
        if self.mode == Mode::Skip {
            return Outcome::Skipped(None);
        }
        let layout = &self.view.layout;
        if layout.identity.is_empty() {
            let words = "an index of the table allows no second row like this";
            return Outcome::Failed(vec![Fault::new("", "ALREADY_EXISTS", words)]);
        }
        let key: Vec<&str> = layout
            .identity
            .iter()
            .map(|index| layout.columns[*index].attribute.as_str())
            .collect();
        let words = format!(
            "a row with the same {} is there: write with UPSERT to change it, or with SKIP to leave it",
            key.join(" and ")
        );
        let attribute = key.first().copied().unwrap_or_default();
        Outcome::Failed(vec![Fault::new(attribute, "ALREADY_EXISTS", words)])
    }
}

/// The id that is the first column of a row.
pub(super) fn id_of(row: &super::statement::TextRow) -> Result<Id, Failure> {
    let text = row.first().and_then(Option::as_deref);
    match Cell::of_stored(text, DataType::Uuid) {
        Some(Cell::Uuid(uuid)) => Ok(Id::from_uuid(uuid)),
        _ => Err(Error::internal("an id is a uuid").into()),
    }
}

/// What is wrong with a row that the caller may not see.
pub(super) fn not_visible() -> Fault {
    Fault::new(
        "",
        "ROW_FILTER",
        "the row filters of the caller hide such a row",
    )
}

/// A request that a change cannot take.
pub(super) fn invalid(prefix: &str, violations: Vec<Violation>) -> Failure {
    let prefixed = violations.into_iter().map(|mut violation| {
        violation.field = format!("{prefix}{}", violation.field);
        violation
    });
    Error::invalid(prefixed.collect()).into()
}
