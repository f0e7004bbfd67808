//! An end for statements that read: on PostgreSQL the server's own timeout, on SQLite a look at the clock every few thousand steps
//! of its machine ([`interrupt`]).

mod interrupt;

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::result::Error as Sql;

use crate::conn::Conn;
use crate::error::Failure;
pub(crate) use interrupt::install;

/// Takes the end back, also when the work panics.
struct Ended;

impl Drop for Ended {
    fn drop(&mut self) {
        interrupt::end_at(None);
    }
}

impl Conn {
    /// Runs `work`, whose statements end at `end`: then they fail, and [`Failure::is_late`] knows them. Only reading ones should: on
    /// SQLite a change that fails halfway would take its whole group with it.
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
                interrupt::end_at(Some(end));
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
                // One round trip: as a query of its own it would be prepared first.
                conn.batch_execute(&set)?;
                work(self)
            }
        }
    }
}

/// Was it the statement's end that came?
pub(crate) fn is_late(sql: &Sql) -> bool {
    matches!(sql, Sql::DatabaseError(_, info)
        if info.message() == "interrupted" || info.message().contains("due to statement timeout"))
}
