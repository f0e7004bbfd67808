//! What somebody asks of a job. Of one that no worker has it is done at once; a worker is asked, and heeds it after the step in hand.
//! Each transaction locks the job before it looks, and waits for a worker's step rather than to run into it.

use super::{By, Record, Store, checkpoints, events, now, rows::SignalRow, turn};
use crate::{
    model::{
        record::{Asked, Rollback, WaitKind, Wish},
        state::State,
        step::StepState,
    },
    schema::{job_signals, job_steps, jobs},
};
use auth::Scope;
use db::{Conn, Failure};
use diesel::prelude::*;
use error::Error;
use value::{Id, Json, Time};

impl Store {
    /// Changes a job that is locked, where it is the version with the etag; an empty one asks nothing.
    pub(super) async fn steer<F>(
        &self,
        scope: &Scope,
        (job, etag): (Id, String),
        by: By,
        change: F,
    ) -> Result<Record, Error>
    where
        F: Fn(&Self, &mut Conn, &mut Record, (&By, Time)) -> Result<(), Failure> + Send + 'static,
    {
        let (store, tenant) = (self.clone(), scope.tenant());
        let work = move |c: &mut Conn| {
            let now = now(c)?;
            let mut record = turn::lock(c, tenant, job)?;
            db::etag::check(&etag, record.version)?;
            change(&store, c, &mut record, (&by, now))?;
            Ok(record)
        };
        self.db.claim(scope, work).await
    }

    /// Stops a job and the jobs it started.
    pub(crate) async fn cancel(
        &self,
        scope: &Scope,
        key: (Id, String),
        by: By,
    ) -> Result<Record, Error> {
        self.steer(scope, key, by, Self::stop).await
    }

    /// The same in a transaction of somebody's.
    pub(crate) fn cancel_in(
        &self,
        c: &mut Conn,
        (tenant, job): (Id, Id),
        by: &By,
    ) -> Result<Record, Failure> {
        let now = now(c)?;
        let mut record = turn::lock(c, tenant, job)?;
        self.stop(c, &mut record, (by, now))?;
        Ok(record)
    }

    fn stop(&self, c: &mut Conn, record: &mut Record, at: (&By, Time)) -> Result<(), Failure> {
        if record.state != State::Cancelled {
            self.wish(c, record, (Wish::Cancel, State::Cancelled), at)?;
            self.stop_children(c, (record, 0), at)?;
        }
        Ok(())
    }

    /// Halts a job.
    pub(crate) async fn pause(
        &self,
        scope: &Scope,
        key: (Id, String),
        by: By,
    ) -> Result<Record, Error> {
        self.steer(scope, key, by, |store, c, record, at| {
            if record.state == State::Paused {
                return Ok(());
            }
            store.wish(c, record, (Wish::Pause, State::Paused), at)
        })
        .await
    }

    /// Lets a job go on: a paused one, a failed one from the step that failed, one that was rolled back from its checkpoint. What was
    /// not to begin before a time that has not come waits for it again.
    pub(crate) async fn resume(
        &self,
        scope: &Scope,
        key: (Id, String),
        by: By,
    ) -> Result<Record, Error> {
        self.steer(scope, key, by, |store, c, record, (by, now)| {
            match record.state {
                State::Queued | State::Running | State::Waiting
                    if record.wish() != Some(Wish::Pause) =>
                {
                    return Ok(());
                }
                // It was asked to pause and has not yet: it is asked no more.
                State::Running => {
                    record.ask.clear();
                    return store.save(c, record, Some(State::Running), (by, now));
                }
                State::Failed => try_again(c, record, now)?,
                State::RolledBack
                    if record
                        .rollback()
                        .is_none_or(|rollback| rollback.checkpoint.is_none()) =>
                {
                    return Err(record
                        .state
                        .refuse("it was rolled back to its beginning: submit it anew")
                        .into());
                }
                _ => {}
            }
            checkpoints::check_trail(c, record)?;
            let due = record.origin().not_before.filter(|due| *due > now);
            record.due_at = Some(due.unwrap_or(now));
            (record.error, record.rollback) = (None, None);
            record.strikes = 0;
            store.turn(c, record, State::Queued, (by, now))
        })
        .await
    }

    /// Undoes a job's effects back to a checkpoint, or to the beginning.
    pub(crate) async fn roll_back(
        &self,
        scope: &Scope,
        key: (Id, String),
        checkpoint: Option<Id>,
        by: By,
    ) -> Result<Record, Error> {
        self.steer(scope, key, by, move |store, c, record, at| {
            store.send_back(c, record, checkpoint, at)
        })
        .await
    }

    /// The same in a transaction of the store's.
    pub(super) fn send_back(
        &self,
        c: &mut Conn,
        record: &mut Record,
        checkpoint: Option<Id>,
        (by, now): (&By, Time),
    ) -> Result<(), Failure> {
        let to_seq = match checkpoint {
            Some(id) => checkpoints::usable(c, record, id, now)?.seq,
            None => 0,
        };
        let before = record
            .rollback()
            .filter(|before| before.checkpoint == checkpoint);
        if before.is_some() && matches!(record.state, State::RollingBack | State::RolledBack) {
            return Ok(());
        }
        record.state.check(State::RollingBack)?;
        let rollback = Rollback {
            checkpoint,
            to_seq,
            ..Rollback::default()
        };
        record.rollback = Json::of(&rollback).ok();
        if !record.state.is_worked_at() {
            record.due_at = Some(now);
        }
        let wish = (Wish::RollBack, State::RollingBack);
        self.wish(c, record, wish, (by, now))
    }

    /// Does at once what is asked of a job that no worker has, and asks the worker otherwise.
    pub(super) fn wish(
        &self,
        c: &mut Conn,
        record: &mut Record,
        (wish, to): (Wish, State),
        (by, now): (&By, Time),
    ) -> Result<(), Failure> {
        record.state.check(to)?;
        if record.lease_owner.is_none() || record.state != State::Running {
            if to != State::RollingBack {
                record.due_at = None;
            }
            return self.turn(c, record, to, (by, now));
        }
        if record.wish().is_some_and(|asked| asked.covers(wish)) {
            return Ok(());
        }
        record.ask = Asked::new(wish, by).write();
        self.save(c, record, Some(record.state), (by, now))
    }

    /// Keeps a signal for a job; what it waits for is there now.
    pub(crate) async fn send_signal(
        &self,
        scope: &Scope,
        job: Id,
        (name, payload): (String, Json),
        (request_id, by): (String, By),
    ) -> Result<Record, Error> {
        let id = Id::new();
        self.steer(
            scope,
            (job, String::new()),
            by,
            move |_, c, record, (by, now)| {
                let tenant = record.tenant;
                let request_id = Some(&request_id).filter(|id| !id.is_empty());
                if let Some(request_id) = request_id {
                    let before: i64 = job_signals::table
                        .filter(job_signals::tenant.eq(tenant))
                        .filter(job_signals::job_id.eq(job))
                        .filter(job_signals::request_id.eq(request_id))
                        .count()
                        .get_result(c)?;
                    if before > 0 {
                        return Ok(());
                    }
                }
                if record.state.has_ended() {
                    return Err(record.state.refuse("it takes no signals any more").into());
                }
                let row = SignalRow {
                    tenant,
                    job_id: job,
                    id,
                    name: name.clone(),
                    payload: payload.clone(),
                    request_id: request_id.cloned(),
                    actor: by.actor.clone(),
                    taken_by: None,
                    created_at: now,
                };
                db::insert_all!(c, job_signals::table, &[row])?;
                let waits = record
                    .wait()
                    .is_some_and(|wait| wait.kind == WaitKind::Signal && wait.name == name);
                if waits {
                    turn::wake(c, tenant, job, now)?;
                }
                Ok(())
            },
        )
        .await
    }

    /// Deletes a job that has ended, with its history.
    pub(crate) async fn delete(
        &self,
        scope: &Scope,
        key: (Id, String),
        by: By,
    ) -> Result<(), Error> {
        let gone = self.steer(scope, key, by, |store, c, record, at| {
            if !record.state.has_ended() {
                return Err(record
                    .state
                    .refuse("only what has ended can be deleted")
                    .into());
            }
            diesel::delete(jobs::table.find((record.tenant, record.id))).execute(c)?;
            events::announce_end(c, store.service(), record, at)
        });
        gone.await.map(drop)
    }
}

/// Lets the step that failed be tried again, as often as at first.
fn try_again(c: &mut Conn, record: &Record, now: Time) -> Result<(), Failure> {
    diesel::update(
        job_steps::table
            .filter(job_steps::tenant.eq(record.tenant))
            .filter(job_steps::job_id.eq(record.id))
            .filter(job_steps::seq.eq(record.steps))
            .filter(job_steps::live.eq(true))
            .filter(job_steps::state.eq(StepState::Failed)),
    )
    .set((
        job_steps::state.eq(StepState::Running),
        job_steps::ended_at.eq(None::<Time>),
        // It begins anew, and so does the patience with it.
        job_steps::created_at.eq(now),
        job_steps::max_attempts.eq(job_steps::max_attempts + job_steps::attempts),
    ))
    .execute(c)?;
    Ok(())
}
