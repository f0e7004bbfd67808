//! Events that leave with the state they tell about. A store puts them in its own transaction; the relay
//! claims a batch under a lease, hands it on, and deletes it. Events of one lane go in order, one batch at a time.

use std::time::Duration;

use diesel::prelude::*;
use value::{Id, Time};

use crate::conn::{Conn, MultiBackend};
use crate::error::Failure;
use crate::schema::outbox;

/// An event as it waits.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = outbox, treat_none_as_default_value = false)]
pub struct Event {
    /// Its id; what consumers recognise a repetition by.
    pub id: Id,
    /// Whose it is.
    pub tenant: Id,
    /// Where it goes.
    pub topic: String,
    /// What it is ordered with: the aggregate's id, say.
    pub lane: String,
    /// Its place in the lane: the aggregate's version.
    pub version: i64,
    /// The encoded event.
    pub payload: Vec<u8>,
    /// When it was put.
    pub created_at: Time,
    /// Until when a relay has it; leave `None`.
    pub leased_until: Option<Time>,
}

/// Puts events into the outbox, in the transaction that `conn` is in.
pub fn put(conn: &mut Conn, events: &[Event]) -> Result<(), Failure> {
    crate::insert_all!(conn, outbox::table, events)?;
    Ok(())
}

/// Leases at most `limit` events, ordered by lane and version; lanes with a live lease are left out.
/// Run it in `Db::claim` with a scope over all tenants.
pub fn claim_batch(
    conn: &mut Conn,
    now: Time,
    lease: Duration,
    limit: i64,
) -> Result<Vec<Event>, Failure> {
    if let Conn::Pg(conn) = conn {
        // Two relays at once could each take a part of one lane. Whoever comes second sees the
        // first one's leases; the lock ends with the transaction, which is short.
        diesel::sql_query(
            "SELECT pg_advisory_xact_lock(hashtext('tessera/outbox'), hashtext(current_schema()))",
        )
        .execute(conn)?;
    }
    let leased: Vec<String> = outbox::table
        .filter(outbox::leased_until.gt(now))
        .select(outbox::lane)
        .distinct()
        .limit(10_000)
        .load(conn)?;
    // The lanes that have waited longest, so that a busy lane does not starve the others.
    let mut waiting: outbox::BoxedQuery<'_, MultiBackend, diesel::sql_types::Text> = outbox::table
        .select(outbox::lane)
        .order(outbox::created_at.asc())
        .limit(limit)
        .into_boxed();
    if !leased.is_empty() {
        waiting = waiting.filter(outbox::lane.ne_all(leased));
    }
    let mut lanes: Vec<String> = waiting.load(conn)?;
    lanes.sort_unstable();
    lanes.dedup();
    let events: Vec<Event> = outbox::table
        .filter(outbox::lane.eq_any(lanes))
        .order((outbox::lane.asc(), outbox::version.asc(), outbox::id.asc()))
        .limit(limit)
        .load(conn)?;
    let ids: Vec<Id> = events.iter().map(|event| event.id).collect();
    for part in ids.chunks(10_000) {
        diesel::update(outbox::table.filter(outbox::id.eq_any(part)))
            .set(outbox::leased_until.eq(now + lease))
            .execute(conn)?;
    }
    Ok(events)
}

/// Deletes events that were handed on; how many were still there.
pub fn delete(conn: &mut Conn, ids: &[Id]) -> Result<usize, Failure> {
    let mut count = 0;
    for part in ids.chunks(10_000) {
        count += diesel::delete(outbox::table.filter(outbox::id.eq_any(part))).execute(conn)?;
    }
    Ok(count)
}

/// Ends the lease of events that could not be handed on, so that they are claimed again at once.
pub fn release(conn: &mut Conn, ids: &[Id]) -> Result<(), Failure> {
    for part in ids.chunks(10_000) {
        diesel::update(outbox::table.filter(outbox::id.eq_any(part)))
            .set(outbox::leased_until.eq(None::<Time>))
            .execute(conn)?;
    }
    Ok(())
}

/// How many events wait, and since when.
pub fn backlog(conn: &mut Conn) -> Result<(i64, Option<Time>), Failure> {
    let count = outbox::table.count().get_result(conn)?;
    let oldest = outbox::table
        .select(diesel::dsl::min(outbox::created_at))
        .get_result(conn)?;
    Ok((count, oldest))
}
