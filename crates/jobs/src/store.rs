//! Jobs as they are kept. What holds a lease is in `work`, what somebody asks for in `control`, what is read in `history`.

mod checkpoints;
mod children;
mod claim;
mod classify;
mod control;
mod events;
mod history;
mod leave;
mod retention;
mod rows;
mod schedules;
mod signals;
mod submit;
mod turn;
mod undo;
mod work;

pub(crate) use checkpoints::CheckpointDraft;
pub(crate) use claim::Claimed;
pub(crate) use classify::Classes;
pub use history::Filter;
pub use rows::{CheckpointRow, Record, ScheduleRow, StateRow, StepRow};
pub(crate) use schedules::ScheduleDraft;
pub(crate) use signals::{Looked, SAID};
pub(crate) use undo::{Outlook, Undone, outlook};
pub(crate) use work::{Ask, Draft, Lease};

use crate::{job::Kinds, submission::By};
use db::{Conn, Db, Failure};
use diesel::{dsl::sql, prelude::*};
use std::sync::{Arc, OnceLock};
use value::Time;

/// The jobs in one database.
#[derive(Clone)]
pub(crate) struct Store {
    db: Db,
    kinds: Arc<OnceLock<Kinds>>,
}

impl Store {
    pub(crate) fn new(db: Db) -> Self {
        Self {
            db,
            kinds: Arc::default(),
        }
    }

    pub(crate) fn db(&self) -> &Db {
        &self.db
    }

    pub(crate) fn service(&self) -> &str {
        self.db.service()
    }

    pub(crate) fn offer(&self, kinds: Kinds) {
        // A second offer would leave workers with kinds they do not know of.
        let _ = self.kinds.set(kinds);
    }

    pub(crate) fn kinds(&self) -> Kinds {
        self.kinds.get().cloned().unwrap_or_default()
    }
}

/// The database's clock: the one that leases, timers and schedules go by, whatever the process believes.
pub(crate) fn now(conn: &mut Conn) -> Result<Time, Failure> {
    use value::sql::Time as Column;
    Ok(match conn {
        Conn::Sqlite(c) => diesel::select(sql::<Column>(
            "CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER)",
        ))
        .get_result(c)?,
        Conn::Pg(c) => diesel::select(sql::<Column>("clock_timestamp()")).get_result(c)?,
    })
}
