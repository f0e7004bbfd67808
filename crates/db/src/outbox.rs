//! Events that leave with the state they tell about. A store puts them in its own transaction; the relay
//! claims a batch under a lease, hands it on, and deletes it. Events of one lane go in order, one batch at a time.

use std::time::Duration;

use diesel::prelude::*;
use error::{Error, reason};
use value::{Id, Json, Time};

use crate::conn::{Conn, MultiBackend};
use crate::error::Failure;
use crate::origin;
use crate::schema::outbox;

/// The longest payload: what is longer would never be taken from the outbox, and hold up what follows it.
pub const LONGEST: usize = 2 << 20;
/// The longest name of a topic or a lane.
const LONGEST_NAME: usize = 200;
/// No lane is held longer than this at a time.
pub const LONGEST_LEASE: Duration = Duration::from_secs(60);

/// An event as it waits.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
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

/// What else is said about an event as it waits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = outbox, treat_none_as_default_value = false)]
pub struct Note {
    /// What it belongs to, across events and calls: the id of a request, or of the first event.
    pub correlation: Option<String>,
    /// The id of the event that caused it.
    pub causation: Option<String>,
    /// When it is to be published, where that is later.
    pub due_at: Option<Time>,
    /// More about it, by name.
    pub headers: Option<Json>,
}

/// An event that waits, and what is said about it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = outbox)]
pub struct Waiting {
    /// The event.
    #[diesel(embed)]
    pub event: Event,
    /// What is said about it.
    #[diesel(embed)]
    pub note: Note,
}

/// Puts events into the outbox, in the transaction that `conn` is in. What they belong to and what caused them
/// is what the transaction was begun for; see [`origin`](crate::origin).
pub fn put(conn: &mut Conn, events: &[Event]) -> Result<(), Failure> {
    let waiting = events.iter().map(|event| Waiting {
        event: event.clone(),
        note: Note::default(),
    });
    put_noted(conn, waiting.collect())
}

/// Puts events into the outbox with what is said about them; what their notes leave open about their origin is
/// filled in as [`put`] does. One that could never be handed on is refused, and with it the transaction.
pub fn put_noted(conn: &mut Conn, mut events: Vec<Waiting>) -> Result<(), Failure> {
    if events.is_empty() {
        return Ok(());
    }
    events
        .iter()
        .try_for_each(|waiting| check(&waiting.event))?;
    if let Some((correlation, causation)) = origin::of_transaction() {
        for waiting in &mut events {
            let note = &mut waiting.note;
            note.correlation = note.correlation.take().or_else(|| correlation.clone());
            note.causation = note.causation.take().or_else(|| causation.clone());
        }
    }
    crate::insert_all!(conn, outbox::table, events)?;
    origin::note_put();
    Ok(())
}

fn check(event: &Event) -> Result<(), Error> {
    let (topic, bytes) = (&event.topic, event.payload.len());
    if bytes > LONGEST {
        let text = format!("an event of {topic} has {bytes} bytes, more than {LONGEST}");
        return Err(Error::new(&reason::MESSAGE_TOO_LARGE, text));
    }
    let fits = |name: &str| name.len() <= LONGEST_NAME;
    if topic.is_empty() || !fits(topic) || !fits(&event.lane) {
        let text = format!(
            "an event has the topic `{topic}` and the lane `{}`",
            event.lane
        );
        return Err(Error::internal(text));
    }
    Ok(())
}

/// Leases at most `limit` events, as [`claim_noted`] does, without what else is said about them.
pub fn claim_batch(
    conn: &mut Conn,
    now: Time,
    lease: Duration,
    limit: i64,
) -> Result<Vec<Event>, Failure> {
    let claimed = claim_noted(conn, now, lease, limit)?;
    Ok(claimed.into_iter().map(|waiting| waiting.event).collect())
}

/// Leases at most `limit` events, ordered by lane and version; lanes with a live lease are left out.
/// Run it in `Db::claim` with a scope over all tenants.
pub fn claim_noted(
    conn: &mut Conn,
    now: Time,
    lease: Duration,
    limit: i64,
) -> Result<Vec<Waiting>, Failure> {
    if let Conn::Pg(conn) = conn {
        // Two relays at once could each take a part of one lane. Whoever comes second sees the
        // first one's leases; the lock ends with the transaction, which is short.
        diesel::sql_query(
            "SELECT pg_advisory_xact_lock(hashtext('tessera/outbox'), hashtext(current_schema()))",
        )
        .execute(conn)?;
    }
    // A lease that ends later than one given now is of a clock that was ahead: it is none.
    let leased: Vec<String> = outbox::table
        .filter(outbox::leased_until.gt(now))
        .filter(outbox::leased_until.le(now + lease.max(LONGEST_LEASE)))
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
    let events: Vec<Waiting> = outbox::table
        .filter(outbox::lane.eq_any(lanes))
        .order((outbox::lane.asc(), outbox::version.asc(), outbox::id.asc()))
        .limit(limit)
        .select(Waiting::as_select())
        .load(conn)?;
    let ids: Vec<Id> = events.iter().map(|waiting| waiting.event.id).collect();
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

/// Puts events off that nobody takes as they are, with all that follows them in their lanes; at most for
/// [`LONGEST_LEASE`].
pub fn put_off(conn: &mut Conn, ids: &[Id], until: Time) -> Result<(), Failure> {
    for part in ids.chunks(10_000) {
        diesel::update(outbox::table.filter(outbox::id.eq_any(part)))
            .set(outbox::leased_until.eq(until))
            .execute(conn)?;
    }
    Ok(())
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

/// Whether any event waits; cheaper than claiming none.
pub fn has_some(conn: &mut Conn) -> Result<bool, Failure> {
    let found: Option<Id> = outbox::table.select(outbox::id).first(conn).optional()?;
    Ok(found.is_some())
}

/// How many events wait, and since when.
pub fn backlog(conn: &mut Conn) -> Result<(i64, Option<Time>), Failure> {
    let count = outbox::table.count().get_result(conn)?;
    let oldest = outbox::table
        .select(diesel::dsl::min(outbox::created_at))
        .get_result(conn)?;
    Ok((count, oldest))
}
