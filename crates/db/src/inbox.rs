//! What each consumer has applied, so that an event that comes twice counts once.

use std::collections::HashSet;

use diesel::prelude::*;
use value::{Id, Time};

use crate::conn::Conn;
use crate::error::Failure;
use crate::schema::inbox;

/// That a consumer has applied an event.
#[derive(Insertable)]
#[diesel(table_name = inbox)]
struct Note<'a> {
    consumer: &'a str,
    event_id: Id,
    tenant: Id,
    received_at: Time,
}

/// Notes in the transaction of `conn` that `consumer` applies the event; false if it did before.
pub fn first_time(
    conn: &mut Conn,
    consumer: &str,
    event_id: Id,
    tenant: Id,
    now: Time,
) -> Result<bool, Failure> {
    let row = (
        inbox::consumer.eq(consumer),
        inbox::event_id.eq(event_id),
        inbox::tenant.eq(tenant),
        inbox::received_at.eq(now),
    );
    let count = crate::on_each!(conn, c => diesel::insert_into(inbox::table)
        .values(&row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(count == 1)
}

/// Notes in the transaction of `conn` that `consumer` applies the events; those of them that it did not apply before.
/// An id that is there twice counts once.
pub fn first_times(
    conn: &mut Conn,
    consumer: &str,
    event_ids: &[Id],
    tenant: Id,
    now: Time,
) -> Result<HashSet<Id>, Failure> {
    let mut new: HashSet<Id> = event_ids.iter().copied().collect();
    let note = |event_id: &Id| Note {
        consumer,
        event_id: *event_id,
        tenant,
        received_at: now,
    };
    match conn {
        // Nothing is read, so that what others note beside it is no conflict.
        Conn::Pg(c) => {
            let rows: Vec<_> = new.iter().map(note).collect();
            let mut noted = HashSet::with_capacity(rows.len());
            for part in rows.chunks(crate::expr::rows_per_insert(&inbox::table)) {
                let part: Vec<Id> = diesel::insert_into(inbox::table)
                    .values(part)
                    .on_conflict_do_nothing()
                    .returning(inbox::event_id)
                    .get_results(c)?;
                noted.extend(part);
            }
            Ok(noted)
        }
        // Nobody else writes.
        Conn::Sqlite(_) => {
            let known: Vec<Id> = inbox::table
                .filter(inbox::consumer.eq(consumer))
                .filter(inbox::event_id.eq_any(event_ids))
                .select(inbox::event_id)
                .load(conn)?;
            known.iter().for_each(|id| {
                new.remove(id);
            });
            let rows: Vec<_> = new.iter().map(note).collect();
            crate::insert_all!(conn, inbox::table, rows)?;
            Ok(new)
        }
    }
}

/// Takes such notes back, in the same transaction: the events were not applied after all.
pub fn not_yet(conn: &mut Conn, consumer: &str, event_ids: &[Id]) -> Result<(), Failure> {
    if !event_ids.is_empty() {
        let noted = inbox::table.filter(inbox::consumer.eq(consumer));
        diesel::delete(noted.filter(inbox::event_id.eq_any(event_ids))).execute(conn)?;
    }
    Ok(())
}

/// Forgets what was received before `before`: longer ago than any event can come again.
pub fn purge(conn: &mut Conn, before: Time) -> Result<usize, Failure> {
    Ok(diesel::delete(inbox::table.filter(inbox::received_at.lt(before))).execute(conn)?)
}
