//! What each consumer has applied, so that an event that comes twice counts once.

use diesel::prelude::*;
use value::{Id, Time};

use crate::conn::Conn;
use crate::error::Failure;
use crate::schema::inbox;

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

/// Forgets what was received before `before`: longer ago than any event can come again.
pub fn purge(conn: &mut Conn, before: Time) -> Result<usize, Failure> {
    Ok(diesel::delete(inbox::table.filter(inbox::received_at.lt(before))).execute(conn)?)
}
