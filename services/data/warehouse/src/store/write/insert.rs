//! Inserting rows: many in one statement, in parts, each in a save-point; a part that the database refuses for a reason nobody could foresee is
//! halved until the rows that are to blame are found.

use super::{Writing, id_of, not_visible, upsert::existing};
use crate::{
    model::{
        batch::Batch,
        chunk::Deltas,
        moment::compare,
        outcome::Outcome,
        row::{Draft, Fault},
        table::{self, quoted},
        value::Cell,
        view::View,
    },
    store::{
        change::Touched,
        records::refused,
        rowset::{self, Parameters, Source, rows_at_once},
        statement::{Lane, bind_cell, clause, dialect, in_time, one_of, rows as load},
        tables::open_chunks,
    },
};
use db::{Conn, Failure, diesel};
use diesel::{
    Connection,
    result::{DatabaseErrorKind, Error as Sql},
};
use formula::{
    DataType, Typed,
    sql::{Dialect, RowWriter},
};
use std::{collections::HashSet, ops::Range};
use value::Id;

/// So many rows share a save-point.
pub(super) const PART: usize = 5_000;

/// Why a part was not written.
pub(super) enum Stop {
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

/// Inserts the rows whose keys are not taken.
pub(super) fn insert_all(
    conn: &mut Conn,
    writing: &Writing<'_>,
    touched: &mut Touched,
    batch: &Batch,
    outcomes: &mut [Option<Outcome>],
) -> Result<(), Failure> {
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
        // In the save-point: for rows that are refused no partition stays.
        make_room(conn, writing, batch, part.clone())?;
        let new = insert(conn, writing, batch, part.clone())?;
        refuse_hidden(conn, writing.view, batch, part)?;
        Ok(new)
    });
    match tried {
        Ok(new) => {
            let hidden = hidden_taken(conn, writing, batch, rows.clone(), new.as_ref())?;
            for row in rows {
                let id = batch.ids[row];
                let inserted = new.as_ref().is_none_or(|new| new.contains(&id));
                outcomes[batch.origins[row]] = Some(if inserted {
                    let moment = batch.moment(&writing.view.layout, row);
                    touched.deltas.add(moment, 1);
                    touched.inserted += 1;
                    Outcome::Inserted(id)
                } else if hidden.contains(&row) {
                    Outcome::Failed(vec![not_visible()])
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

/// Of the rows that were not inserted, those whose keys are taken by rows that the caller may not see: every mode answers them alike.
fn hidden_taken(
    conn: &mut Conn,
    writing: &Writing<'_>,
    batch: &Batch,
    rows: Range<usize>,
    new: Option<&HashSet<Id>>,
) -> Result<HashSet<usize>, Failure> {
    let view = writing.view;
    let (Some(new), Some(_), false) = (new, &view.visible, view.layout.identity.is_empty()) else {
        return Ok(HashSet::new());
    };
    let taken: Vec<usize> = rows.filter(|row| !new.contains(&batch.ids[*row])).collect();
    let draft = |row: &usize| -> Draft {
        let columns = view.layout.columns.iter().enumerate();
        columns
            .map(|(index, column)| Some(batch.values(index)?.cell(*row, column.data_type)))
            .collect()
    };
    let drafts: Vec<Draft> = taken.iter().map(draft).collect();
    let (found, seen) = existing(conn, view, &drafts.iter().collect::<Vec<_>>())?;
    let hidden = taken.into_iter().enumerate();
    let hidden = hidden.filter(|(at, _)| found.get(at).is_some_and(|row| !seen.contains(&row.id)));
    Ok(hidden.map(|(_, row)| row).collect())
}

/// Makes room for rows in time.
pub(super) fn make_room(
    conn: &mut Conn,
    writing: &Writing<'_>,
    batch: &Batch,
    rows: Range<usize>,
) -> Result<(), Failure> {
    let (shape, moment) = (&writing.view.shape, writing.moment);
    let mut room = Deltas::new(shape.chunk_interval);
    rows.for_each(|row| room.add(batch.moment(&writing.view.layout, row), 1));
    open_chunks(conn, shape, moment.max_chunks, &room, moment.now)
}

/// Inserts rows; the ids of those that are new, none where all are.
pub(super) fn insert(
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
    if let Conn::Sqlite(sqlite) = conn {
        let head = format!(
            "INSERT INTO {} ({}) VALUES ",
            view.shape.qualified(),
            names.join(", ")
        );
        let (now, source) = (writing.moment.now, writing.source);
        count = rowset::insert(sqlite, &head, (now, source), &sources, rows.clone())?;
        return all_or(conn, view, batch, rows, count);
    }
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
        let sql = format!(
            "INSERT INTO {} ({}) SELECT {} FROM {} ON CONFLICT DO NOTHING",
            view.shape.qualified(),
            names.join(", "),
            values.join(", "),
            set.from
        );
        count += parameters.execute(conn, &sql)?;
    }
    all_or(conn, view, batch, rows, count)
}

/// None where so many are all; otherwise the ids of those that are there.
fn all_or(
    conn: &mut Conn,
    view: &View,
    batch: &Batch,
    rows: Range<usize>,
    count: usize,
) -> Result<Option<HashSet<Id>>, Failure> {
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
        let condition = writer.condition(typed).map_err(refused)?;
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

/// Refuses rows that the caller could not see as they are now.
pub(super) fn refuse_hidden(
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

/// Whose fault it is that the database refused a statement, where it is a row's.
pub(super) fn fault_of(failure: &Failure) -> Option<Fault> {
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
