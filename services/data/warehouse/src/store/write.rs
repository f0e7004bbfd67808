//! Writing rows: many in one statement, and none of them twice.
//!
//! The table is locked against other writers, so what is looked up stays true. Rows are written in parts, each in a save-point; a part that the
//! database refuses for a reason nobody could foresee is halved until the rows that are to blame are found.

mod upsert;

use super::{
    change::{LoadAsk, Moment, Touched, WriteAsk},
    rowset::{Parameters, Source, rows_at_once},
    statement::{Lane, bind_cell, clause, dialect, in_time, one_of, rows as load},
    tables::open_chunks,
};
use crate::model::{
    batch::Batch,
    chunk::Deltas,
    load,
    moment::compare,
    outcome::{Mode, Outcome, Written},
    row::{Draft, Fault, completed},
    table::{self, quoted},
    value::Cell,
    view::View,
};
use db::{Conn, Failure, diesel};
use diesel::{
    Connection,
    result::{DatabaseErrorKind, Error as Sql},
};
use error::{Error, Violation};
use formula::{
    DataType, Typed,
    sql::{Dialect, RowWriter},
};
use std::{collections::HashSet, ops::Range};
use value::Id;

/// So many rows share a save-point.
const PART: usize = 5_000;

/// What a part of the work needs to know.
pub(super) struct Writing<'a> {
    pub(super) view: &'a View,
    pub(super) moment: &'a Moment,
    pub(super) mode: Mode,
    pub(super) source: Option<&'a str>,
}

/// Why a part was not written.
enum Stop {
    /// These rows would be ones that the caller may not see.
    Hidden(HashSet<Id>),
    Failed(Failure),
}

impl From<Sql> for Stop {
    fn from(sql: Sql) -> Self {
        Self::Failed(sql.into())
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
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
        insert_all(conn, &writing, touched, &batch, &mut outcomes)?;
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
        for first in (0..batch.len()).step_by(PART) {
            let part = first..(first + PART).min(batch.len());
            let drafts = part.map(|row| (row, draft(row))).collect();
            upsert::all(conn, &writing, touched, drafts, ids, &mut outcomes)?;
        }
    } else {
        insert_all(conn, &writing, touched, &batch, &mut outcomes)?;
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

/// Inserts the rows whose keys are not taken.
fn insert_all(
    conn: &mut Conn,
    writing: &Writing<'_>,
    touched: &mut Touched,
    batch: &Batch,
    outcomes: &mut [Option<Outcome>],
) -> Result<(), Failure> {
    let layout = &writing.view.layout;
    let shape = &writing.view.shape;
    let mut room = Deltas::new(shape.chunk_interval);
    (0..batch.len()).for_each(|row| room.add(batch.moment(layout, row), 1));
    open_chunks(conn, shape, writing.moment.max_chunks, &room)?;
    for first in (0..batch.len()).step_by(PART) {
        in_time(writing.moment.end)?;
        let rows = first..(first + PART).min(batch.len());
        insert_part(conn, writing, touched, batch, rows, outcomes)?;
    }
    Ok(())
}

fn insert_part(
    conn: &mut Conn,
    writing: &Writing<'_>,
    touched: &mut Touched,
    batch: &Batch,
    rows: Range<usize>,
    outcomes: &mut [Option<Outcome>],
) -> Result<(), Failure> {
    let part = rows.clone();
    let tried = conn.transaction(|conn| {
        let new = insert(conn, writing, batch, part.clone())?;
        refuse_hidden(conn, writing.view, batch, part)?;
        Ok(new)
    });
    match tried {
        Ok(new) => {
            for row in rows {
                let id = batch.ids[row];
                let inserted = new.as_ref().is_none_or(|new| new.contains(&id));
                outcomes[batch.origins[row]] = Some(if inserted {
                    let moment = batch.moment(&writing.view.layout, row);
                    touched.deltas.add(moment, 1);
                    touched.inserted += 1;
                    Outcome::Inserted(id)
                } else {
                    writing.taken()
                });
            }
            Ok(())
        }
        Err(Stop::Hidden(hidden)) => {
            let (bad, good): (Vec<usize>, Vec<usize>) =
                rows.partition(|row| hidden.contains(&batch.ids[*row]));
            for row in bad {
                outcomes[batch.origins[row]] = Some(Outcome::Failed(vec![not_visible()]));
            }
            let rest = batch.pick(&good);
            insert_part(conn, writing, touched, &rest, 0..rest.len(), outcomes)
        }
        Err(Stop::Failed(failure)) => {
            let Some(fault) = fault_of(&failure) else {
                return Err(failure);
            };
            if rows.len() == 1 {
                outcomes[batch.origins[rows.start]] = Some(Outcome::Failed(vec![fault]));
                return Ok(());
            }
            in_time(writing.moment.end)?;
            let middle = rows.start + rows.len() / 2;
            insert_part(conn, writing, touched, batch, rows.start..middle, outcomes)?;
            insert_part(conn, writing, touched, batch, middle..rows.end, outcomes)
        }
    }
}

/// Inserts rows; the ids of those that are new, none where all are.
fn insert(
    conn: &mut Conn,
    writing: &Writing<'_>,
    batch: &Batch,
    rows: Range<usize>,
) -> Result<Option<HashSet<Id>>, Failure> {
    let view = writing.view;
    let dialect = dialect(conn);
    let mut sources = vec![Source::Ids(&batch.ids)];
    let mut names: Vec<String> = table::SYSTEM_COLUMNS.map(quoted).to_vec();
    for (index, values) in &batch.columns {
        let column = &view.layout.columns[*index];
        sources.push(Source::Values(values, column.data_type));
        names.push(quoted(&column.name));
    }
    let (step, last) = (rows_at_once(dialect, sources.len()), rows.end);
    let mut count = 0;
    for first in rows.clone().step_by(step) {
        let mut parameters = Parameters::new(dialect);
        let now = parameters.time(writing.moment.now);
        let source = parameters.text(writing.source);
        let set = parameters.rows(&sources, first..(first + step).min(last));
        let [id, own @ ..] = set.columns.as_slice() else {
            continue;
        };
        // As SYSTEM_COLUMNS are: id, created, updated, version, source.
        let mut values = vec![id.clone(), now.clone(), now, "1".to_owned(), source];
        values.extend(own.iter().cloned());
        // SQLite would read ON CONFLICT as a join without the condition.
        let sql = format!(
            "INSERT INTO {} ({}) SELECT {} FROM {} WHERE 1 = 1 ON CONFLICT DO NOTHING",
            view.shape.qualified(),
            names.join(", "),
            values.join(", "),
            set.from
        );
        count += parameters.execute(conn, &sql)?;
    }
    if count == rows.len() {
        return Ok(None);
    }
    ids_of(conn, view, batch, rows, None).map(Some)
}

/// Those of the rows that are there, or, with a condition, those of them that do not pass it.
fn ids_of(
    conn: &mut Conn,
    view: &View,
    batch: &Batch,
    rows: Range<usize>,
    failing: Option<&Typed>,
) -> Result<HashSet<Id>, Failure> {
    let dialect = dialect(conn);
    let mut writer = RowWriter::new(&view.entity, dialect);
    let mut conditions = vec![one_of(&mut writer, &batch.ids[rows.clone()])];
    // PostgreSQL then looks into the partitions of these days alone.
    let cut = view.shape.chunk_interval.is_some() && dialect == Dialect::Postgres;
    if let Some(index) = view.layout.time.filter(|_| cut) {
        let column = &view.layout.columns[index];
        let cells = rows.filter_map(|row| Some(batch.values(index)?.cell(row, column.data_type)));
        let cells: Vec<Cell> = cells.collect();
        let name = format!("t.{}", quoted(&column.name));
        let (least, most) = (cells.iter().min_by(by_time), cells.iter().max_by(by_time));
        for (cell, than) in least
            .map(|cell| (cell, ">="))
            .into_iter()
            .chain(most.map(|cell| (cell, "<=")))
        {
            let bound = bind_cell(&mut writer, cell, column.data_type);
            conditions.push(format!("{name} {than} {bound}"));
        }
    }
    if let Some(typed) = failing {
        let condition = writer.condition(typed).map_err(super::records::refused)?;
        conditions.push(format!("({condition}) IS NOT TRUE"));
    }
    let sql = format!(
        "SELECT {} {}{}",
        writer.text(DataType::Uuid, &writer.row_id()),
        writer.from(),
        clause(&conditions)
    );
    let found = load(conn, Lane::Write, &sql, &writer.into_binds())?;
    found.iter().map(id_of).collect()
}

fn by_time(a: &&Cell, b: &&Cell) -> std::cmp::Ordering {
    compare(a, b)
}

/// The id that is the first column of a row.
pub(super) fn id_of(row: &super::statement::TextRow) -> Result<Id, Failure> {
    let text = row.first().and_then(Option::as_deref);
    match Cell::of_stored(text, DataType::Uuid) {
        Some(Cell::Uuid(uuid)) => Ok(Id::from_uuid(uuid)),
        _ => Err(Error::internal("an id is a uuid").into()),
    }
}

/// Refuses rows that the caller could not see as they are now.
fn refuse_hidden(
    conn: &mut Conn,
    view: &View,
    batch: &Batch,
    rows: Range<usize>,
) -> Result<(), Stop> {
    let Some(visible) = view.visible.as_ref().filter(|_| !rows.is_empty()) else {
        return Ok(());
    };
    let hidden = ids_of(conn, view, batch, rows, Some(visible))?;
    if hidden.is_empty() {
        Ok(())
    } else {
        Err(Stop::Hidden(hidden))
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

/// Whose fault it is that the database refused a statement, where it is a row's.
fn fault_of(failure: &Failure) -> Option<Fault> {
    let Failure::Sql(Sql::DatabaseError(kind, info)) = failure else {
        return None;
    };
    let (reason, words) = match kind {
        DatabaseErrorKind::UniqueViolation => (
            "ALREADY_EXISTS",
            "an index of the table allows no second row like this",
        ),
        DatabaseErrorKind::NotNullViolation => {
            ("REQUIRED", "a column of the table must have a value")
        }
        DatabaseErrorKind::CheckViolation => {
            ("NOT_ALLOWED", "a check of the table does not allow the row")
        }
        _ if info.message().contains("index row") => (
            "TOO_LONG",
            "a text is longer than an index of the table holds",
        ),
        _ => return None,
    };
    Some(Fault::new("", reason, words))
}

/// A request that a change cannot take.
pub(super) fn invalid(prefix: &str, violations: Vec<Violation>) -> Failure {
    let prefixed = violations.into_iter().map(|mut violation| {
        violation.field = format!("{prefix}{}", violation.field);
        violation
    });
    Error::invalid(prefixed.collect()).into()
}
