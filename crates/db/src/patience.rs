//! An end for statements that read: on PostgreSQL the server's own timeout, on SQLite a function in the statement that fails once
//! the time is over. (SQLite's progress handler would need `unsafe`, which Diesel does not spare us and the workspace forbids.)

use std::cell::Cell;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::result::Error as Sql;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Bool;
use diesel::sqlite::Sqlite;

use crate::conn::Conn;
use crate::error::Failure;

/// What a statement on SQLite has as a condition to end in time: true, or the statement fails. It is asked once for each row that is read.
pub const IN_TIME: &str = "tessera_in_time()";
/// What it fails with.
const TOO_LATE: &str = "tessera: the statement's time is over";
/// The clock is looked at once in so many rows.
const ROWS: u32 = 128;

thread_local! {
    /// The end for the statements of this thread, and rows since the clock was looked at.
    static END: Cell<Option<Instant>> = const { Cell::new(None) };
    static SEEN: Cell<u32> = const { Cell::new(0) };
}

diesel::define_sql_function! {
    fn tessera_in_time() -> Bool;
}

/// The answer of the function.
#[derive(Debug)]
struct InTime;

impl ToSql<Bool, Sqlite> for InTime {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        let seen = SEEN.get();
        SEEN.set(seen.wrapping_add(1));
        if seen % ROWS == 0 && END.get().is_some_and(|end| Instant::now() >= end) {
            return Err(TOO_LATE.into());
        }
        out.set_value(1);
        Ok(IsNull::No)
    }
}

pub(crate) fn register(conn: &mut diesel::SqliteConnection) -> QueryResult<()> {
    // Not deterministic: otherwise SQLite asked once and not for each row.
    tessera_in_time_utils::register_nondeterministic_impl(conn, || InTime)
}

/// Takes the end back, also when the work panics.
struct Ended;

impl Drop for Ended {
    fn drop(&mut self) {
        END.set(None);
    }
}

impl Conn {
    /// Runs `work`, whose statements end at `end`: then they fail, and [`Failure::is_late`] knows them. On SQLite only statements
    /// with [`IN_TIME`] do, and reading ones alone should: a change that fails halfway would take its whole group with it.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn until<T>(
        &mut self,
        end: Instant,
        work: impl FnOnce(&mut Conn) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match self {
            Conn::Sqlite(_) => {
                SEEN.set(0);
                END.set(Some(end));
                let _ended = Ended;
                work(self)
            }
            Conn::Pg(conn) => {
                // At least 1: zero would be no end at all. For the rest of the transaction.
                let left = end.saturating_duration_since(Instant::now());
                let millis = left.max(Duration::from_millis(1)).as_millis();
                let set = format!(
                    "SET LOCAL statement_timeout = {}",
                    millis.min(i32::MAX as u128)
                );
                diesel::sql_query(set).execute(conn)?;
                work(self)
            }
        }
    }
}

/// Was it the statement's end that came?
pub(crate) fn is_late(sql: &Sql) -> bool {
    matches!(sql, Sql::DatabaseError(_, info)
        if info.message().contains(TOO_LATE) || info.message().contains("due to statement timeout"))
}
