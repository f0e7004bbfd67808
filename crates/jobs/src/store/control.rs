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
    /// Stops a job and the jobs it started.
    pub(crate) async fn cancel(
        &self,
        scope: &Scope,
        job: Id,
        etag: String,
        by: By,
    ) -> Result<Record, Error> {
        let (store, tenant) = (self.clone(), scope.tenant());
        let work = move |c: &mut Conn| store.cancel_in(c, (tenant, job), &etag, &by);
        self.db.claim(scope, work).await
    }

    /// The same in a transaction of somebody's.
    pub(crate) fn cancel_in(
        &self,
        c: &mut Conn,
        (tenant, job): (Id, Id),
        etag: &str,
        by: &By,
    ) -> Result<Record, Failure> {
        let now = now(c)?;
        let mut record = turn::lock(c, tenant, job)?;
        db::etag::check(etag, record.version)?;
        if record.state != State::Cancelled {
            self.wish(c, &mut record, (Wish::Cancel, State::Cancelled), (by, now))?;
            self.cancel_children(c, &record, (by, now))?;
        }
        Ok(record)
    }

    pub(super) fn cancel_children(
        &self,
        c: &mut Conn,
        parent: &Record,
        at: (&By, Time),
    ) -> Result<(), Failure> {
        let mut parents = vec![parent.id];
        while let Some(parent_id) = parents.pop() {
            let children: Vec<Id> = jobs::table
                .filter(jobs::tenant.eq(parent.tenant))
                .filter(jobs::parent_id.eq(parent_id))
                .filter(jobs::ended_at.is_null())
                .select(jobs::id)
                .load(c)?;
            for child in children {
                let mut record = turn::lock(c, parent.tenant, child)?;
                if record.state.check(State::Cancelled).is_ok() {
                    self.wish(c, &mut record, (Wish::Cancel, State::Cancelled), at)?;
                }
                parents.push(child);
            }
        }
        Ok(())
    }

    /// Halts a job.
    pub(crate) async fn pause(
        &self,
        scope: &Scope,
        job: Id,
        etag: String,
        by: By,
    ) -> Result<Record, Error> {
        let (store, tenant) = (self.clone(), scope.tenant());
        let work = move |c: &mut Conn| {
            let now = now(c)?;
            let mut record = turn::lock(c, tenant, job)?;
            db::etag::check(&etag, record.version)?;
            if record.state != State::Paused {
                store.wish(c, &mut record, (Wish::Pause, State::Paused), (&by, now))?;
            }
            Ok(record)
        };
        self.db.claim(scope, work).await
    }

    /// Lets a job go on: a paused one, a failed one from the step that failed, one that was rolled back from its checkpoint.
    pub(crate) async fn resume(
        &self,
        scope: &Scope,
        job: Id,
        etag: String,
        by: By,
    ) -> Result<Record, Error> {
        let (store, tenant) = (self.clone(), scope.tenant());
        let work = move |c: &mut Conn| {
            let now = now(c)?;
            let mut record = turn::lock(c, tenant, job)?;
            db::etag::check(&etag, record.version)?;
            match record.state {
                State::Queued | State::Running | State::Waiting
                    if record.wish() != Some(Wish::Pause) =>
                {
                    return Ok(record);
                }
                // It was asked to pause and has not yet: it is asked no more.
                State::Running => {
                    record.ask.clear();
                    store.save(c, &mut record, Some(State::Running), (&by, now))?;
                    return Ok(record);
                }
                State::Failed => try_again(c, &record, now)?,
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
            checkpoints::check_trail(c, &record)?;
            (record.due_at, record.error, record.rollback) = (Some(now), None, None);
            record.strikes = 0;
            store.turn(c, &mut record, State::Queued, (&by, now))?;
            Ok(record)
        };
        self.db.claim(scope, work).await
    }

    /// Undoes a job's effects back to a checkpoint, or to the beginning.
    pub(crate) async fn roll_back(
        &self,
        scope: &Scope,
        (job, checkpoint): (Id, Option<Id>),
        etag: String,
        by: By,
    ) -> Result<Record, Error> {
        let (store, tenant) = (self.clone(), scope.tenant());
        let work = move |c: &mut Conn| {
            let now = now(c)?;
            let mut record = turn::lock(c, tenant, job)?;
            db::etag::check(&etag, record.version)?;
            let to_seq = match checkpoint {
                Some(id) => checkpoints::usable(c, &record, id, now)?.seq,
                None => 0,
            };
            let before = record
                .rollback()
                .filter(|before| before.checkpoint == checkpoint);
            if before.is_some() && matches!(record.state, State::RollingBack | State::RolledBack) {
                return Ok(record);
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
            store.wish(
                c,
                &mut record,
                (Wish::RollBack, State::RollingBack),
                (&by, now),
            )?;
            Ok(record)
        };
        self.db.claim(scope, work).await
    }

    /// Does at once what is asked of a job that no worker has, and asks the worker otherwise.
    fn wish(
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
        let (tenant, id) = (scope.tenant(), Id::new());
        let work = move |c: &mut Conn| {
            let now = now(c)?;
            let record = turn::lock(c, tenant, job)?;
            let request_id = Some(&request_id).filter(|id| !id.is_empty());
            if let Some(request_id) = request_id {
                let before: i64 = job_signals::table
                    .filter(job_signals::tenant.eq(tenant))
                    .filter(job_signals::job_id.eq(job))
                    .filter(job_signals::request_id.eq(request_id))
                    .count()
                    .get_result(c)?;
                if before > 0 {
                    return Ok(record);
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
            Ok(record)
        };
        self.db.claim(scope, work).await
    }

    /// Deletes a job that has ended, with its history.
    pub(crate) async fn delete(
        &self,
        scope: &Scope,
        job: Id,
        etag: String,
        by: By,
    ) -> Result<(), Error> {
        let (store, tenant) = (self.clone(), scope.tenant());
        let work = move |c: &mut Conn| {
            let now = now(c)?;
            let record = turn::lock(c, tenant, job)?;
            db::etag::check(&etag, record.version)?;
            if !record.state.has_ended() {
                return Err(record
                    .state
                    .refuse("only what has ended can be deleted")
                    .into());
            }
            diesel::delete(jobs::table.find((tenant, job))).execute(c)?;
            events::announce_end(c, store.service(), &record, (&by, now))
        };
        self.db.claim(scope, work).await
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
