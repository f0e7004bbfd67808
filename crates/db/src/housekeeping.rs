//! What a service's database forgets by itself: answers to requests that nobody will repeat, and events
//! that cannot come again. In small transactions, so that no write waits long for it.

use std::sync::Arc;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use value::{Clock, Time};

use crate::access::Db;
use crate::conn::Conn;
use crate::error::Failure;

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// What a consumer has received, by the time it came. Longer than the bus may repeat an event.
    pub received: Duration,
    /// Rows that one transaction deletes at most.
    pub batch: u32,
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            received: Duration::from_secs(7 * 24 * 60 * 60),
            batch: 1000,
        }
    }
}

/// How many rows were forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purged {
    /// Answers whose time was over, whatever `Keep` says: each carries its own end.
    pub idempotency: usize,
    /// Events received long ago.
    pub inbox: usize,
}

/// Sweeps whenever `next` answers true, and ends when it answers false: the caller's `next` waits for
/// the next turn or for the shutdown, whichever is first. Dropping the future is safe at any point.
///
/// ```ignore
/// let turn = || async { tokio::select! { () = tokio::time::sleep(minute) => true, () = shutdown.wait() => false } };
/// running.task("housekeeping", db::housekeeping(db, clock, db::Keep::default(), turn));
/// ```
pub async fn housekeeping<N, F>(db: Db, clock: Arc<dyn Clock>, keep: Keep, mut next: N)
where
    N: FnMut() -> F + Send,
    F: Future<Output = bool> + Send,
{
    while next().await {
        let service = db.service();
        match sweep(&db, clock.now(), keep).await {
            Ok(purged) if purged == Purged::default() => {}
            Ok(Purged { idempotency, inbox }) => {
                tracing::debug!(service, idempotency, inbox, "expired rows were deleted");
            }
            // Nothing hangs on it: the rows are there at the next turn too.
            Err(error) => tracing::warn!(service, %error, "expired rows could not be deleted"),
        }
    }
}

/// Deletes what has expired at `now`, batch after batch.
pub async fn sweep(db: &Db, now: Time, keep: Keep) -> error::Result<Purged> {
    Ok(Purged {
        idempotency: drain(db, "idempotency", "expires_at", now, keep.batch).await?,
        inbox: drain(db, "inbox", "received_at", now - keep.received, keep.batch).await?,
    })
}

async fn drain(
    db: &Db,
    table: &'static str,
    column: &'static str,
    until: Time,
    batch: u32,
) -> error::Result<usize> {
    let scope = auth::Scope::system_all("housekeeping");
    let batch = batch.max(1);
    let mut total = 0;
    loop {
        let count = db
            .claim(&scope, move |c| delete(c, table, column, until, batch))
            .await?;
        total += count;
        if count < batch as usize {
            return Ok(total);
        }
    }
}

/// The oldest rows first; rows that another transaction holds are left for the next turn.
fn delete(
    conn: &mut Conn,
    table: &str,
    column: &str,
    until: Time,
    batch: u32,
) -> Result<usize, Failure> {
    let rows = |place: &str| {
        format!("SELECT {place} FROM {table} WHERE {column} <= $1 ORDER BY {column} LIMIT $2")
    };
    let count = match conn {
        Conn::Sqlite(conn) => {
            let rows = rows("rowid");
            diesel::sql_query(format!("DELETE FROM {table} WHERE rowid IN ({rows})"))
                .bind::<value::sql::Time, _>(until)
                .bind::<BigInt, _>(i64::from(batch))
                .execute(conn)?
        }
        Conn::Pg(conn) => {
            let rows = rows("ctid");
            diesel::sql_query(format!(
                "DELETE FROM {table} WHERE ctid = ANY (ARRAY({rows} FOR UPDATE SKIP LOCKED))"
            ))
            .bind::<value::sql::Time, _>(until)
            .bind::<BigInt, _>(i64::from(batch))
            .execute(conn)?
        }
    };
    Ok(count)
}
