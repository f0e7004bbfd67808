//! Rows: every method takes the scope of its caller and stays inside its tenant.

pub(crate) mod commands;
pub(crate) mod dead_letters;
pub(crate) mod progress;
pub(crate) mod scheduled;
pub(crate) mod subscriptions;

use std::sync::Arc;

use auth::Scope;
use db::idempotency::{KEEP, Request, once};
use db::{Conn, Db, Failure};
use error::Error;
use value::{Clock, Id, Time};

/// Both dialects of the tables.
pub(crate) static MIGRATIONS: db::Migrations = db::migrations!(
    "messaging",
    sqlite = "../../../migrations/messaging/sqlite",
    postgres = "../../../migrations/messaging/postgres"
);

/// The rows of `messaging`.
#[derive(Clone)]
pub(crate) struct Store {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
}

/// A create that may come twice.
#[derive(Debug, Clone)]
pub(crate) struct Once {
    /// What is asked for.
    pub(crate) rpc: &'static str,
    /// What the client calls the request; empty: it is never recognised.
    pub(crate) request_id: String,
    /// The hash of its body.
    pub(crate) body_hash: [u8; 32],
}

impl Once {
    /// The id of what `make` creates, or of what the same request created before.
    fn id(
        &self,
        c: &mut Conn,
        caller: &Scope,
        now: Time,
        make: impl FnOnce(&mut Conn) -> Result<Id, Failure>,
    ) -> Result<Id, Failure> {
        let request = Request {
            rpc: self.rpc,
            request_id: &self.request_id,
            body_hash: &self.body_hash,
            now,
            keep: KEEP,
        };
        let answer = once(c, caller, request, |c| {
            Ok(make(c)?.to_string().into_bytes())
        })?;
        let text = String::from_utf8(answer).map_err(Error::internal)?;
        Ok(text.parse().map_err(Error::internal)?)
    }
}

impl Store {
    /// A store over the service's database.
    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }
}

/// A limit for one row more than a page has.
fn one_more(size: usize) -> i64 {
    i64::try_from(size + 1).unwrap_or(i64::MAX)
}
