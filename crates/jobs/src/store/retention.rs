//! What is forgotten: jobs that ended long ago, and the long histories of those that ended a while ago.

use super::{By, Record, Store, events, now};
use crate::{
    model::{state::State, step::UndoState},
    schema::{job_steps, jobs},
};
use auth::Scope;
use db::Conn;
use diesel::prelude::*;
use error::Error;
use std::time::Duration;
use value::Id;

/// Steps that stay of a job that is compacted.
pub(crate) const STEPS_KEPT: i64 = 1000;
/// Rows that one transaction deletes, roughly.
const BATCH: i64 = 20;
/// Steps that one transaction drops.
const DROPPED: i64 = 10_000;

impl Store {
    /// Deletes jobs that ended so long ago, with all of their history; how many.
    pub(crate) async fn forget(&self, keep: Duration) -> Result<usize, Error> {
        let scope = Scope::system_all("forget jobs that ended");
        let mut count = 0;
        loop {
            let store = self.clone();
            let work = move |c: &mut Conn| {
                let now = now(c)?;
                let old: Vec<Record> = jobs::table
                    .filter(jobs::ended_at.lt(now - keep))
                    .select(Record::as_select())
                    .limit(BATCH)
                    .load(c)?;
                let by = By::platform("it ended long ago");
                for record in &old {
                    diesel::delete(jobs::table.find((record.tenant, record.id))).execute(c)?;
                    events::announce_end(c, store.service(), record, (&by, now))?;
                }
                Ok(old.len())
            };
            let deleted = self.db.claim(&scope, work).await?;
            count += deleted;
            if deleted == 0 {
                return Ok(count);
            }
        }
    }

    /// Drops the early steps of jobs that ended so long ago, but for those that can be undone; how many were dropped.
    pub(crate) async fn compact(&self, after: Duration) -> Result<usize, Error> {
        let scope = Scope::system_all("compact jobs that ended");
        let mut count = 0;
        loop {
            let work = move |c: &mut Conn| {
                let before = now(c)? - after;
                let long: Option<(Id, Id, i64, i64)> = jobs::table
                    .filter(jobs::ended_at.lt(before))
                    // A failed job may go on, and then needs its steps.
                    .filter(jobs::state.eq_any([State::Succeeded, State::Cancelled]))
                    .filter((jobs::steps - jobs::first_step).ge(STEPS_KEPT))
                    .select((jobs::tenant, jobs::id, jobs::steps, jobs::first_step))
                    .first(c)
                    .optional()?;
                let Some((tenant, id, steps, first)) = long else {
                    return Ok(None);
                };
                let to = (steps - STEPS_KEPT + 1).min(first + DROPPED);
                let dropped = diesel::delete(
                    job_steps::table
                        .filter(job_steps::tenant.eq(tenant))
                        .filter(job_steps::job_id.eq(id))
                        .filter(job_steps::seq.lt(to))
                        .filter(job_steps::undo.ne(UndoState::Ready)),
                )
                .execute(c)?;
                diesel::update(jobs::table.find((tenant, id)))
                    .set(jobs::first_step.eq(to))
                    .execute(c)?;
                Ok(Some(dropped))
            };
            match self.db.claim(&scope, work).await? {
                Some(dropped) => count += dropped,
                None => return Ok(count),
            }
        }
    }
}
