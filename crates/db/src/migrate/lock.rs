//! One migrator at a time for each schema.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use error::{Error, Result, reason};

use crate::conn::Conn;
use crate::error::Failure;

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = Bool)]
    taken: bool,
}

/// Locks a SQLite file against other migrators until the answer is dropped. SQLite's own lock ends
/// with each migration, and what is pending is read before the first.
pub(super) fn take_file(path: &str) -> Result<std::fs::File> {
    let file = std::fs::File::create(format!("{path}.lock")).map_err(Error::internal)?;
    file.lock().map_err(Error::internal)?;
    Ok(file)
}

/// Takes the lock of a PostgreSQL schema, which the connection holds until it closes.
#[expect(
    clippy::disallowed_methods,
    reason = "a blocking thread, between two polls"
)]
pub(super) fn take(conn: &mut Conn, schema: &str) -> Result<()> {
    let Conn::Pg(conn) = conn else {
        return Ok(());
    };
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        // Asking again and again, not waiting: a session that waits for the lock holds a snapshot,
        // and CREATE INDEX CONCURRENTLY under the lock would wait for that snapshot in turn.
        let row: Taken = diesel::sql_query(
            "SELECT pg_try_advisory_lock(hashtext('tessera/migrate'), hashtext($1)) AS taken",
        )
        .bind::<Text, _>(schema)
        .get_result(conn)
        .map_err(Failure::from)?;
        if row.taken {
            return Ok(());
        }
        if Instant::now() > patience {
            return Err(Error::new(
                &reason::STORAGE_UNAVAILABLE,
                format!("another process has been migrating `{schema}` for a minute"),
            ));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
