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
        row::{Draft, completed, merged},
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

/// Rows of a part by what is done with them.
#[derive(Default)]
struct Plan {
    new: Vec<(usize, Vec<Cell>)>,
    changed: Vec<(usize, Id, Vec<Cell>)>,
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
    let mut rest = drafts;
    while !rest.is_empty() {
        in_time(writing.moment.end)?;
        // A key that comes twice changes what was written before it: it waits for the next part.
        let (mut now, mut later) = (Vec::new(), Vec::new());
        let mut keys = HashSet::new();
        for drafted in rest {
            if now.len() < PART && keys.insert(key(writing.view, &drafted.1)) {
                now.push(drafted);
            } else {
                later.push(drafted);
            }
        }
        part(conn, writing, touched, now, ids, outcomes)?;
        rest = later;
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

fn part(
    conn: &mut Conn,
    writing: &Writing<'_>,
    touched: &mut Touched,
    drafts: Vec<Drafted>,
    ids: &[Id],
    outcomes: &mut [Option<Outcome>],
) -> Result<(), Failure> {
    if drafts.is_empty() {
        return Ok(());
    }
    let view = writing.view;
    let (found, seen) = existing(conn, view, &drafts)?;
    let mut plan = Plan::default();
    for (at, (index, draft)) in drafts.iter().enumerate() {
        match found.get(&at) {
            None => {
                let faults = view.layout.missing(draft);
                if faults.is_empty() {
                    plan.new.push((*index, completed(draft.clone())));
                } else {
                    outcomes[*index] = Some(Outcome::Failed(faults));
                }
            }
            Some(row) if !seen.contains(&row.id) => {
                outcomes[*index] = Some(Outcome::Failed(vec![not_visible()]));
            }
            Some(row) => {
                let cells = merged(&row.cells, draft);
                if cells == row.cells {
                    outcomes[*index] = Some(Outcome::Skipped(Some(row.id)));
                } else {
                    plan.changed.push((*index, row.id, cells));
                }
            }
        }
    }
    let columns: Vec<usize> = (0..view.layout.columns.len()).collect();
    let new = plan.new.iter();
    let new = new.map(|(index, cells)| (*index, ids[*index], cells.as_slice()));
    let new = Batch::of_rows(&view.layout, &columns, new);
    // Key and time are what they were; of the rest, what any row mentions is set in all of them.
    let mentioned: Vec<usize> = columns
        .iter()
        .copied()
        .filter(|index| !view.layout.identity.contains(index))
        .filter(|index| drafts.iter().any(|(_, draft)| draft[*index].is_some()))
        .collect();
    let read: Vec<usize> = view
        .layout
        .identity
        .iter()
        .chain(&mentioned)
        .copied()
        .collect();
    let changed = plan.changed.iter();
    let changed = changed.map(|(index, id, cells)| (*index, *id, cells.as_slice()));
    let changed = Batch::of_rows(&view.layout, &read, changed);
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
                outcomes[new.origins[row]] = Some(Outcome::Inserted(new.ids[row]));
            }
            for row in 0..changed.len() {
                touched.deltas.add(changed.moment(&view.layout, row), 0);
                touched.updated += 1;
                outcomes[changed.origins[row]] = Some(Outcome::Updated(changed.ids[row]));
            }
            Ok(())
        }
        Err(Stop::Hidden(hidden)) => {
            let batches: [&Batch; 2] = [&new, &changed];
            let bad: HashSet<usize> = batches
                .iter()
                .flat_map(|batch| batch.ids.iter().zip(&batch.origins))
                .filter(|(id, _)| hidden.contains(id))
                .map(|(_, origin)| *origin)
                .collect();
            for index in &bad {
                outcomes[*index] = Some(Outcome::Failed(vec![not_visible()]));
            }
            let rest = drafts.into_iter().filter(|(index, _)| !bad.contains(index));
            let rest = rest.filter(|(index, _)| outcomes[*index].is_none());
            let rest = rest.collect();
            part(conn, writing, touched, rest, ids, outcomes)
        }
        Err(Stop::Failed(failure)) => {
            let Some(fault) = fault_of(&failure) else {
                return Err(failure);
            };
            let mut open: Vec<Drafted> = drafts
                .into_iter()
                .filter(|(index, _)| outcomes[*index].is_none())
                .collect();
            if let [(index, _)] = open.as_slice() {
                outcomes[*index] = Some(Outcome::Failed(vec![fault]));
                return Ok(());
            }
            in_time(writing.moment.end)?;
            let second = open.split_off(open.len() / 2);
            part(conn, writing, touched, open, ids, outcomes)?;
            part(conn, writing, touched, second, ids, outcomes)
        }
    }
}

/// The rows that are there with the keys of these, by place, and the ids of those that the caller may see.
fn existing(
    conn: &mut Conn,
    view: &View,
    drafts: &[Drafted],
) -> Result<(HashMap<usize, Row>, HashSet<Id>), Failure> {
    let layout = &view.layout;
    let dialect = dialect(conn);
    let columns: Vec<usize> = (0..layout.columns.len()).collect();
    let filled: Vec<Vec<Cell>> = drafts
        .iter()
        .map(|(_, draft)| completed(draft.clone()))
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
