//! Changes of rows: one or many, of one or several entities, in one transaction with the manifest, the event and the answer that a
//! repetition gets.

use super::{Store, Viewer, alter, tables, write};
use crate::{
    convert::event,
    model::{
        chunk::Deltas,
        load::GivenColumn,
        outcome::{Changed, Mode},
        row::GivenRow,
        view::View,
    },
};
use db::{Conn, Failure, idempotency::Once, outbox};
use error::Error;
use std::{collections::BTreeMap, sync::Arc, time::Instant};
use value::{Id, Time};

/// Rows to write.
#[derive(Clone, Debug)]
pub(crate) struct WriteAsk {
    pub(crate) rows: Vec<GivenRow>,
    pub(crate) mode: Mode,
    /// Whether one bad row refuses all.
    pub(crate) atomic: bool,
}

/// Rows to write in bulk.
#[derive(Clone, Debug)]
pub(crate) struct LoadAsk {
    pub(crate) columns: Vec<GivenColumn>,
    pub(crate) mode: Mode,
    pub(crate) source: String,
}

/// Which rows a change is about.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// These; of one its version may be named.
    Ids(Vec<Id>, Option<i64>),
    /// Those that pass a condition in the metric language.
    Condition(String),
    /// Those that a source wrote and nobody changed since; perhaps only from a moment up to before another.
    Source(String, Option<Part>),
}

/// A part of the rows in time: first moment, and the moment after the last.
pub(crate) type Part = (Time, Time);

/// What is done with the rows of an entity.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Write(WriteAsk),
    Load(LoadAsk),
    Update(Target, GivenRow),
    Delete(Target),
}

/// One change.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) entity: String,
    pub(crate) action: Action,
    /// What leads to its fields in the request, such as `commands[2].write.`.
    pub(crate) prefix: String,
}

/// What was done so far to one table.
pub(crate) struct Touched {
    /// Rows more or fewer by chunk.
    pub(crate) deltas: Deltas,
    pub(crate) inserted: i64,
    pub(crate) updated: i64,
    pub(crate) deleted: i64,
}

/// What every part of a change needs.
pub(super) struct Moment {
    pub(super) now: Time,
    pub(super) end: Instant,
    /// How many chunks a table has at most.
    pub(super) max_chunks: usize,
}

impl Store {
    /// Makes changes, all or none; what each did. A repetition of the request gets the first one's answer and changes nothing.
    pub(crate) async fn change(
        &self,
        viewer: &Viewer,
        once: Once,
        changes: Vec<Change>,
    ) -> Result<Vec<Changed>, Error> {
        let mut entities: Vec<String> = Vec::new();
        for change in &changes {
            if !entities.contains(&change.entity) {
                entities.push(change.entity.clone());
            }
        }
        let moment = Moment {
            now: self.clock.now(),
            end: viewer.end,
            max_chunks: self.tables.max_chunks(),
        };
        // The transaction may run again: ids are made before it.
        let ids: Vec<Vec<Id>> = changes
            .iter()
            .map(|change| (0..new_rows(&change.action)).map(|_| Id::new()).collect())
            .collect();
        let (viewer, own) = (viewer.clone(), viewer.scope.clone());
        let work = move |conn: &mut Conn, shapes: &[Arc<_>]| {
            let answer = once.answer(conn, &viewer.scope, moment.now, |conn| {
                let done = in_time(conn, moment.end, |conn| {
                    all(conn, &viewer, &moment, shapes, &changes, &ids)
                })?;
                serde_json::to_vec(&done).map_err(|e| Error::internal(e).into())
            })?;
            serde_json::from_slice(&answer).map_err(|e| Failure::from(Error::internal(e)))
        };
        self.tables.write(&own, entities, work).await
    }
}

/// Runs work whose statements end at `end` on PostgreSQL. On SQLite a change that is cut off would take with it those of others that share
/// its commit: there the time is looked at between statements.
fn in_time<T>(
    conn: &mut Conn,
    end: Instant,
    work: impl FnOnce(&mut Conn) -> Result<T, Failure>,
) -> Result<T, Failure> {
    super::statement::in_time(end)?;
    if conn.is_postgres() {
        conn.until(end, work)
    } else {
        work(conn)
    }
}

impl Store {
    /// Parts in time of the rows of a source, of about so many rows each, which one transaction after another can delete; none where
    /// there are not that many, or rows have no time.
    pub(crate) async fn parts_of_source(
        &self,
        viewer: &Viewer,
        entity: &str,
        source: &str,
        rows: i64,
    ) -> Result<Vec<Part>, Error> {
        let (filters, end) = (Arc::clone(&viewer.filters), viewer.end);
        let target = Target::Source(source.to_owned(), None);
        let counts = self.tables.read(
            &viewer.scope,
            vec![entity.to_owned()],
            move |conn, shapes| {
                let view = View::new(&shapes[0], &filters)?;
                conn.until(end, |conn| alter::counts(conn, &view, &target))
            },
        );
        let days = counts.await?.into_iter();
        Ok(parts(
            days.filter_map(|(day, rows)| Some((day?, rows))).collect(),
            rows,
        ))
    }
}

/// Days of rows in parts of about so many; none where one part has all.
fn parts(mut days: Vec<(Time, i64)>, most: i64) -> Vec<Part> {
    days.sort_unstable();
    let (mut parts, mut open): (Vec<Part>, Option<(Time, i64)>) = (Vec::new(), None);
    for (day, rows) in days {
        open = match open {
            Some((start, held)) if held + rows > most => {
                parts.push((start, day));
                Some((day, rows))
            }
            Some((start, held)) => Some((start, held + rows)),
            None => Some((day, rows)),
        };
    }
    // What is left, and what comes meanwhile, goes with the whole source at the end.
    parts
}

fn new_rows(action: &Action) -> usize {
    match action {
        Action::Write(ask) => ask.rows.len(),
        Action::Load(ask) => crate::model::load::rows(&ask.columns),
        Action::Update(..) | Action::Delete(_) => 0,
    }
}

fn all(
    conn: &mut Conn,
    viewer: &Viewer,
    moment: &Moment,
    shapes: &[Arc<crate::model::table::TableShape>],
    changes: &[Change],
    ids: &[Vec<Id>],
) -> Result<Vec<Changed>, Failure> {
    let mut tables: BTreeMap<&str, (View, Touched)> = BTreeMap::new();
    for shape in shapes {
        let touched = Touched {
            deltas: Deltas::new(shape.chunk_interval),
            inserted: 0,
            updated: 0,
            deleted: 0,
        };
        let view = View::new(shape, &viewer.filters)?;
        tables.insert(&shape.entity, (view, touched));
    }
    let mut done = Vec::with_capacity(changes.len());
    for (change, ids) in changes.iter().zip(ids) {
        let known = tables.get_mut(change.entity.as_str());
        let (view, touched) = known.ok_or_else(|| Error::internal("a table for each entity"))?;
        let prefix = change.prefix.as_str();
        done.push(match &change.action {
            Action::Write(ask) => {
                Changed::Written(write::rows(conn, view, moment, touched, prefix, ask, ids)?)
            }
            Action::Load(ask) => {
                Changed::Written(write::columns(conn, view, moment, touched, ask, ids)?)
            }
            Action::Update(target, values) => Changed::Rows(alter::update(
                conn, view, moment, touched, prefix, target, values,
            )?),
            Action::Delete(target) => {
                Changed::Rows(alter::delete(conn, view, moment, touched, prefix, target)?)
            }
        });
    }
    let mut events = Vec::new();
    for (view, touched) in tables.values() {
        if touched.inserted + touched.updated + touched.deleted == 0 {
            continue;
        }
        let version = tables::record_change(conn, &view.shape, &touched.deltas, moment.now)?;
        events.push(outbox::Event {
            id: Id::new(),
            tenant: view.shape.tenant,
            topic: event::RECORDS_CHANGED.to_owned(),
            lane: view.shape.id.to_string(),
            version,
            payload: event::records_changed(&view.shape, version, touched, &viewer.actor),
            created_at: moment.now,
            leased_until: None,
        });
    }
    outbox::put(conn, &events)?;
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_gathered_to_parts() {
        let day = |n: i64| Time::from_micros(n * 86_400_000_000);
        let days = [(3, 10), (0, 4), (1, 5), (2, 40), (7, 1)];
        let days: Vec<_> = days.map(|(n, rows)| (day(n), rows)).into();
        let found = parts(days.clone(), 10);
        assert_eq!(
            found,
            [(day(0), day(2)), (day(2), day(3)), (day(3), day(7))]
        );
        assert!(parts(days, 60).is_empty() && parts(Vec::new(), 1).is_empty());
    }
}
