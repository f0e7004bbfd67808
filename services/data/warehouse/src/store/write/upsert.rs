//! Writing rows over those that are there: looked up by key, compared, and then inserted or changed, many in one statement.

use super::{
    Writing,
    insert::{PART, Stop, fault_of, insert, make_room, refuse_hidden},
    not_visible,
};
use crate::{
    model::{
        batch::Batch,
        outcome::Outcome,
        row::{Draft, Fault, completed, merged},
        table::{self, quoted},
        value::Cell,
        view::View,
    },
    store::{
        change::Touched,
        records::{Row, row, selected},
        rowset::{Parameters, Source, rows_at_once},
        statement::{dialect, in_time},
    },
};
use db::{Conn, Failure, diesel::Connection};
use error::Error;
use formula::sql::RowWriter;
use std::collections::{HashMap, HashSet};
use value::Id;

/// A row to write: its place in the request, and its cells as far as they were given.
type Drafted = (usize, Draft);
/// Rows with one key, in the order in which they came; never none.
type Same = Vec<Drafted>;

/// What becomes of the rows of one key: the outcome of each, and what is written for all of them, once.
struct Fate {
    outcomes: Vec<(usize, Outcome)>,
    written: Option<Written>,
}

/// A row as it is in the end.
struct Written {
    id: Id,
    new: bool,
    cells: Vec<Cell>,
}

/// Writes rows over those with the same key.
pub(super) fn all(
    conn: &mut Conn,
    writing: &Writing<'_>,
    touched: &mut Touched,
    drafts: Vec<Drafted>,
    ids: &[Id],
    outcomes: &mut [Option<Outcome>],
) -> Result<(), Failure> {
    // A key that comes twice changes what was written before it.
    let mut places = HashMap::with_capacity(drafts.len());
    let mut keys: Vec<Same> = Vec::new();
    for drafted in drafts {
        let at = *places
            .entry(key(writing.view, &drafted.1))
            .or_insert(keys.len());
        match keys.get_mut(at) {
            Some(same) => same.push(drafted),
            None => keys.push(vec![drafted]),
        }
    }
    let mut rest = keys.into_iter().peekable();
    while rest.peek().is_some() {
        in_time(writing.moment.end)?;
        let now = rest.by_ref().take(PART).collect();
        part(conn, writing, touched, now, ids, outcomes)?;
    }
    Ok(())
}

/// What tells the row from others, as the database spells it; all of it is there.
fn key(view: &View, draft: &Draft) -> Vec<Option<String>> {
    let layout = &view.layout;
    let text = |index: &usize| {
        let data_type = layout.columns[*index].data_type;
        draft[*index]
            .as_ref()
            .and_then(|cell| cell.stored(data_type))
    };
    layout.identity.iter().map(text).collect()
}

/// Each of the rows over what the ones before it left.
fn fate(view: &View, same: &[Drafted], there: Option<&Row>, ids: &[Id]) -> Fate {
    let mut now = there.map(|row| Written {
        id: row.id,
        new: false,
        cells: row.cells.clone(),
    });
    let mut changed = false;
    let mut outcomes = Vec::with_capacity(same.len());
    for (index, draft) in same {
        let outcome = match &mut now {
            Some(row) => {
                let cells = merged(&row.cells, draft);
                if cells == row.cells {
                    Outcome::Skipped(Some(row.id))
                } else {
                    row.cells = cells;
                    changed = true;
                    Outcome::Updated(row.id)
                }
            }
            none => {
                let faults = view.layout.missing(draft);
                if faults.is_empty() {
                    *none = Some(Written {
                        id: ids[*index],
                        new: true,
                        cells: completed(draft.clone()),
                    });
                    changed = true;
                    Outcome::Inserted(ids[*index])
                } else {
                    Outcome::Failed(faults)
                }
            }
        };
        outcomes.push((*index, outcome));
    }
    Fate {
        outcomes,
        written: now.filter(|_| changed),
    }
}

/// What would have been written is not, for this reason.
fn refuse(fate: Fate, fault: &Fault, outcomes: &mut [Option<Outcome>]) {
    for (index, outcome) in fate.outcomes {
        outcomes[index] = Some(match outcome {
            Outcome::Inserted(_) | Outcome::Updated(_) => Outcome::Failed(vec![fault.clone()]),
            other => other,
        });
    }
}

fn part(
    conn: &mut Conn,
    writing: &Writing<'_>,
    touched: &mut Touched,
    keys: Vec<Same>,
    ids: &[Id],
    outcomes: &mut [Option<Outcome>],
) -> Result<(), Failure> {
    if keys.is_empty() {
        return Ok(());
    }
    let view = writing.view;
    let firsts: Vec<&Draft> = keys.iter().map(|same| &same[0].1).collect();
    let (found, seen) = existing(conn, view, &firsts)?;
    // Those of which something is written, with their rows.
    let mut open: Vec<(Same, Fate, Written)> = Vec::with_capacity(keys.len());
    for (at, same) in keys.into_iter().enumerate() {
        let there = found.get(&at);
        if there.is_some_and(|row| !seen.contains(&row.id)) {
            for (index, _) in same {
                outcomes[index] = Some(Outcome::Failed(vec![not_visible()]));
            }
            continue;
        }
        let mut fate = fate(view, &same, there, ids);
        match fate.written.take() {
            Some(written) => open.push((same, fate, written)),
            None => {
                for (index, outcome) in fate.outcomes {
                    outcomes[index] = Some(outcome);
                }
            }
        }
    }
    let columns: Vec<usize> = (0..view.layout.columns.len()).collect();
    // Rows of a batch are from a place among these.
    let rows = |new: bool| {
        let all = open.iter().enumerate();
        let own = all.filter(move |(_, (_, _, row))| row.new == new);
        own.map(|(at, (_, _, row))| (at, row.id, row.cells.as_slice()))
    };
    let new = Batch::of_rows(
        &view.layout,
        &columns,
        rows(true).collect::<Vec<_>>().into_iter(),
    );
    // Key and time are what they were; of the rest, what any row mentions is set in all of them.
    let mentioned: Vec<usize> = columns
        .iter()
        .copied()
        .filter(|index| !view.layout.identity.contains(index))
        .filter(|index| {
            let mut drafts = open.iter().flat_map(|(same, ..)| same);
            drafts.any(|(_, draft)| draft[*index].is_some())
        })
        .collect();
    let read: Vec<usize> = view
        .layout
        .identity
        .iter()
        .chain(&mentioned)
        .copied()
        .collect();
    let changed = Batch::of_rows(
        &view.layout,
        &read,
        rows(false).collect::<Vec<_>>().into_iter(),
    );
    let tried = conn.transaction(|conn| {
        make_room(conn, writing, &new, 0..new.len())?;
        if new.len() > 0 && insert(conn, writing, &new, 0..new.len())?.is_some() {
            let error = Error::internal("keys that were not there are taken");
            return Err(Stop::Failed(error.into()));
        }
        change(conn, writing, &changed, &mentioned)?;
        refuse_hidden(conn, view, &new, 0..new.len())?;
        refuse_hidden(conn, view, &changed, 0..changed.len())
    });
    match tried {
        Ok(()) => {
            for row in 0..new.len() {
                touched.deltas.add(new.moment(&view.layout, row), 1);
                touched.inserted += 1;
            }
            for row in 0..changed.len() {
                touched.deltas.add(changed.moment(&view.layout, row), 0);
                touched.updated += 1;
            }
            for (index, outcome) in open.into_iter().flat_map(|(_, fate, _)| fate.outcomes) {
                outcomes[index] = Some(outcome);
            }
            Ok(())
        }
        Err(Stop::Hidden(hidden)) => {
            let (bad, good): (Vec<_>, Vec<_>) = open
                .into_iter()
                .partition(|(_, _, row)| hidden.contains(&row.id));
            for (_, fate, _) in bad {
                refuse(fate, &not_visible(), outcomes);
            }
            let rest = good.into_iter().map(|(same, ..)| same).collect();
            part(conn, writing, touched, rest, ids, outcomes)
        }
        Err(Stop::Failed(failure)) => {
            let Some(fault) = fault_of(&failure) else {
                return Err(failure);
            };
            if open.len() == 1 {
                for (_, fate, _) in open {
                    refuse(fate, &fault, outcomes);
                }
                return Ok(());
            }
            in_time(writing.moment.end)?;
            let mut first: Vec<Same> = open.into_iter().map(|(same, ..)| same).collect();
            let second = first.split_off(first.len() / 2);
            part(conn, writing, touched, first, ids, outcomes)?;
            part(conn, writing, touched, second, ids, outcomes)
        }
    }
}

/// The rows that are there with the keys of these, by place, and the ids of those that the caller may see.
pub(super) fn existing(
    conn: &mut Conn,
    view: &View,
    drafts: &[&Draft],
) -> Result<(HashMap<usize, Row>, HashSet<Id>), Failure> {
    let layout = &view.layout;
    let dialect = dialect(conn);
    let columns: Vec<usize> = (0..layout.columns.len()).collect();
    let filled: Vec<Vec<Cell>> = drafts
        .iter()
        .map(|draft| completed(Draft::clone(draft)))
        .collect();
    let rows = filled.iter().enumerate();
    let rows = rows.map(|(at, cells)| (at, Id::NIL, cells.as_slice()));
    let keys = Batch::of_rows(layout, &layout.identity, rows);
    let sources: Vec<Source<'_>> = keys
        .columns
        .iter()
        .map(|(index, values)| Source::Values(values, layout.columns[*index].data_type))
        .collect();
    let step = rows_at_once(dialect, sources.len());
    let mut found = HashMap::new();
    for first in (0..keys.len()).step_by(step) {
        let mut parameters = Parameters::new(dialect);
        let set = parameters.rows(&sources, first..(first + step).min(keys.len()));
        let writer = RowWriter::new(&view.entity, dialect);
        let same: Vec<String> = keys
            .columns
            .iter()
            .zip(&set.columns)
            .map(|((index, _), given)| {
                let column = quoted(&layout.columns[*index].name);
                format!("t.{column} = {given}")
            })
            .collect();
        // The cross join keeps SQLite from reading the whole table for each key.
        let sql = format!(
            "SELECT {}, CAST({} AS TEXT) FROM {} CROSS JOIN {} AS t WHERE {}",
            selected(&writer, &view.shape, view, &columns),
            set.row,
            set.from,
            writer.table(),
            same.join(" AND ")
        );
        for texts in parameters.load(conn, &sql)? {
            let place = texts
                .last()
                .and_then(|text| text.as_deref()?.parse::<usize>().ok());
            let place = place.ok_or_else(|| Error::internal("a row has its place"))?;
            let there = row(view, &columns, &texts)?;
            found.insert(first + place, there);
        }
    }
    let mut seen: HashSet<Id> = found.values().map(|row: &Row| row.id).collect();
    let cells = found.values().map(|row| (0, row.id, row.cells.as_slice()));
    let there = Batch::of_rows(
        layout,
        &layout.identity,
        cells.collect::<Vec<_>>().into_iter(),
    );
    match refuse_hidden(conn, view, &there, 0..there.len()) {
        Ok(()) => {}
        Err(Stop::Hidden(hidden)) => seen.retain(|id| !hidden.contains(id)),
        Err(Stop::Failed(failure)) => return Err(failure),
    }
    Ok((found, seen))
}

/// Sets the mentioned columns of rows that are there.
fn change(
    conn: &mut Conn,
    writing: &Writing<'_>,
    batch: &Batch,
    mentioned: &[usize],
) -> Result<(), Failure> {
    let view = writing.view;
    let layout = &view.layout;
    let dialect = dialect(conn);
    let mut sources = vec![Source::Ids(&batch.ids)];
    for (index, values) in &batch.columns {
        sources.push(Source::Values(values, layout.columns[*index].data_type));
    }
    let step = rows_at_once(dialect, sources.len());
    for first in (0..batch.len()).step_by(step) {
        let mut parameters = Parameters::new(dialect);
        let now = parameters.time(writing.moment.now);
        let set = parameters.rows(&sources, first..(first + step).min(batch.len()));
        let [id, own @ ..] = set.columns.as_slice() else {
            continue;
        };
        let version = quoted(table::VERSION);
        let mut assigned = vec![
            format!("{version} = t.{version} + 1"),
            format!("{} = {now}", quoted(table::UPDATED)),
        ];
        let mut same = vec![format!("t.{} = {id}", quoted(table::ID))];
        for ((index, _), given) in batch.columns.iter().zip(own) {
            let column = &layout.columns[*index];
            let name = quoted(&column.name);
            if mentioned.contains(index) {
                assigned.push(format!("{name} = {given}"));
            } else if column.time {
                // So that PostgreSQL looks into the row's own partition.
                same.push(format!("t.{name} = {given}"));
            }
        }
        let sql = format!(
            "UPDATE {} AS t SET {} FROM {} WHERE {}",
            view.shape.qualified(),
            assigned.join(", "),
            set.from,
            same.join(" AND ")
        );
        let count = parameters.execute(conn, &sql)?;
        let expected = (first + step).min(batch.len()) - first;
        if count != expected {
            let words = format!("{count} rows of {expected} were changed");
            return Err(Error::internal(words).into());
        }
    }
    Ok(())
}
