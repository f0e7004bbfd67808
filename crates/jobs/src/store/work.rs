//! What a worker writes while it holds a job. Each transaction first makes sure that it still does: its lease carries the number of
//! the attempt, so that a worker that was given up can change nothing any more.

use super::{By, Record, StepRow, Store, now, turn};
use crate::{
    model::{
        record::{Asked, Fault, Progress, Wish},
        step::{Score, StepKind, StepState, UndoState},
    },
    reasons::JOB_LOST,
    schema::{job_steps, jobs},
};
use auth::Scope;
use db::{Conn, Failure};
use diesel::prelude::*;
use error::Error;
use std::{sync::Arc, time::Duration};
use value::{Id, Json, Time};

/// Between two announcements of progress at least so long.
pub(super) const PACE: Duration = Duration::from_secs(1);

/// A worker's hold on a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) tenant: Id,
    pub(crate) job: Id,
    pub(crate) worker: Id,
    /// The number of the attempt.
    pub(crate) fence: i32,
    pub(crate) span: Duration,
}

impl Lease {
    pub(crate) fn scope(&self) -> Scope {
        Scope::system(self.tenant, "work at jobs")
    }
}

/// A step as it is about to be recorded.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) seq: i64,
    pub(crate) name: String,
    pub(crate) kind: StepKind,
    pub(crate) input: Option<Json>,
    pub(crate) attempts: i32,
    pub(crate) max_attempts: i32,
    pub(crate) undo: UndoState,
    pub(crate) undo_name: String,
    pub(crate) undo_input: Option<Json>,
    /// When it began, if a row of it is there already.
    pub(crate) began: Option<Time>,
    /// Progress to save with it.
    pub(crate) progress: Option<Progress>,
}

/// A step that was recorded, and what the worker is asked to do.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) output: Json,
    pub(crate) ask: Ask,
}

/// What the worker is asked to do.
pub(crate) type Ask = Option<Wish>;

/// What a transaction under a lease knows of its job.
struct Held {
    now: Time,
    ask: Ask,
    steps: i64,
    due: Option<Time>,
    announced: Time,
}

pub(crate) type Effect = Arc<dyn Fn(&mut Conn) -> Result<(Json, Score), Failure> + Send + Sync>;

impl Store {
    /// Says that the worker is at work; what it is asked to do.
    pub(crate) async fn beat(&self, lease: Lease) -> Result<Ask, Error> {
        let work = move |c: &mut Conn| {
            let held = hold(c, &lease)?;
            diesel::update(jobs::table.find((lease.tenant, lease.job)))
                .set(jobs::due_at.eq(held.now + lease.span))
                .execute(c)?;
            Ok(held.ask)
        };
        self.db.claim(&lease.scope(), work).await
    }

    /// Has an effect and records its step, in one transaction.
    pub(crate) async fn step(
        &self,
        lease: Lease,
        draft: Draft,
        (effect, alone): (Effect, bool),
    ) -> Result<Recorded, Error> {
        let store = self.clone();
        let work = move |c: &mut Conn| {
            let held = hold(c, &lease)?;
            if let Some(output) = before(c, &lease, &draft, &held)? {
                return Ok(Recorded {
                    output,
                    ask: held.ask,
                });
            }
            let (output, score) = effect(c)?;
            let row = done(&lease, &draft, (&output, score), held.now);
            put(c, &row, draft.began.is_some())?;
            store.get_on(c, &lease, &held, draft.seq, draft.progress.as_ref())?;
            Ok(Recorded {
                output,
                ask: held.ask,
            })
        };
        // An effect may depend on what it reads; what only records depends on the job's row alone, and that is held.
        if alone {
            self.db.claim(&lease.scope(), work).await
        } else {
            self.db.write(&lease.scope(), work).await
        }
    }

    /// Notes that a step begins whose effect will be elsewhere, so that it can be undone even if nobody hears of its end.
    pub(crate) async fn begin_step(
        &self,
        lease: Lease,
        draft: Draft,
    ) -> Result<(Time, Ask), Error> {
        let store = self.clone();
        let work = move |c: &mut Conn| {
            let held = hold(c, &lease)?;
            if held.steps < draft.seq {
                let row = running(&lease, &draft, held.now);
                put(c, &row, false)?;
                store.get_on(c, &lease, &held, draft.seq, None)?;
            }
            Ok((held.now, held.ask))
        };
        self.db.claim(&lease.scope(), work).await
    }

    /// Notes a failed try; the step has failed if it is given up, or has failed for longer than there is patience.
    pub(crate) async fn fail_step(
        &self,
        lease: Lease,
        draft: Draft,
        fault: Fault,
        (given_up, patience): (bool, Option<Duration>),
    ) -> Result<(Time, Ask, bool), Error> {
        let store = self.clone();
        let work = move |c: &mut Conn| {
            let held = hold(c, &lease)?;
            let mut row = running(&lease, &draft, held.now);
            row.error = Json::of(&fault).ok();
            let given_up =
                given_up || patience.is_some_and(|most| held.now - row.created_at > most);
            if given_up {
                (row.state, row.ended_at) = (StepState::Failed, Some(held.now));
                if draft.kind == StepKind::Local {
                    // Its transaction was rolled back.
                    row.undo = UndoState::Needless;
                }
            }
            put(c, &row, held.steps >= draft.seq)?;
            store.get_on(c, &lease, &held, draft.seq, draft.progress.as_ref())?;
            Ok((row.created_at, held.ask, given_up))
        };
        self.db.claim(&lease.scope(), work).await
    }

    /// Saves progress.
    pub(crate) async fn progress(&self, lease: Lease, progress: Progress) -> Result<Ask, Error> {
        let store = self.clone();
        let work = move |c: &mut Conn| {
            let held = hold(c, &lease)?;
            store.get_on(c, &lease, &held, held.steps, Some(&progress))?;
            Ok(held.ask)
        };
        self.db.claim(&lease.scope(), work).await
    }

    /// Counts a step that is written in a transaction which parks the job or goes on at once.
    pub(super) fn count(&self, c: &mut Conn, lease: &Lease, seq: i64) -> Result<(), Failure> {
        let held = hold(c, lease)?;
        self.get_on(c, lease, &held, seq.max(held.steps), None)
    }

    /// Counts a step and keeps the lease; announces the progress where that was not done for a while.
    fn get_on(
        &self,
        c: &mut Conn,
        lease: &Lease,
        held: &Held,
        seq: i64,
        progress: Option<&Progress>,
    ) -> Result<(), Failure> {
        let due = held.now + lease.span;
        if held.now - held.announced >= PACE {
            let mut record = turn::lock(c, lease.tenant, lease.job)?;
            (record.steps, record.strikes) = (seq.max(record.steps), 0);
            record.due_at = Some(due);
            if let Some(progress) = progress {
                record.progress = Json::of(progress).map_err(Error::internal)?;
            }
            let by = By::platform("gets on");
            let state = record.state;
            return self.save(c, &mut record, Some(state), (&by, held.now));
        }
        let row = jobs::table.find((lease.tenant, lease.job));
        // The due time is indexed: it is left alone while most of the lease is left.
        let late = held
            .due
            .is_none_or(|due| due - held.now < lease.span * 2 / 3);
        match (late, progress) {
            (false, None) => diesel::update(row)
                .set((jobs::steps.eq(seq), jobs::strikes.eq(0)))
                .execute(c)?,
            (_, progress) => {
                let due = if late { Some(due) } else { held.due };
                match progress {
                    None => diesel::update(row)
                        .set((
                            jobs::steps.eq(seq),
                            jobs::strikes.eq(0),
                            jobs::due_at.eq(due),
                        ))
                        .execute(c)?,
                    Some(progress) => {
                        let progress = Json::of(progress).map_err(Error::internal)?;
                        diesel::update(row)
                            .set((
                                jobs::steps.eq(seq),
                                jobs::strikes.eq(0),
                                jobs::due_at.eq(due),
                                jobs::progress.eq(progress),
                            ))
                            .execute(c)?
                    }
                }
            }
        };
        Ok(())
    }

    /// Steps that still count, after a number.
    pub(crate) async fn trail(
        &self,
        lease: Lease,
        after: i64,
        limit: i64,
    ) -> Result<Vec<StepRow>, Error> {
        let work = move |c: &mut Conn| {
            Ok(job_steps::table
                .filter(job_steps::tenant.eq(lease.tenant))
                .filter(job_steps::job_id.eq(lease.job))
                .filter(job_steps::seq.gt(after))
                .filter(job_steps::live.eq(true))
                .order(job_steps::seq.asc())
                .limit(limit)
                .select(StepRow::as_select())
                .load(c)?)
        };
        self.db.read(&lease.scope(), work).await
    }
}

fn lost() -> Failure {
    Error::new(&JOB_LOST, "another worker has the job now").into()
}

/// Makes sure that the job is still the worker's, until the transaction ends.
fn hold(c: &mut Conn, lease: &Lease) -> Result<Held, Failure> {
    let query = jobs::table.find((lease.tenant, lease.job)).select((
        jobs::lease_owner,
        jobs::attempts,
        jobs::ask,
        jobs::steps,
        jobs::due_at,
        jobs::announced_at,
    ));
    type Row = (Option<Id>, i32, String, i64, Option<Time>, Time);
    let row: Option<Row> = match c {
        Conn::Sqlite(c) => query.first(c).optional()?,
        Conn::Pg(c) => query.for_update().first(c).optional()?,
    };
    let now = now(c)?;
    match row {
        Some((Some(owner), attempt, ask, steps, due, announced))
            if owner == lease.worker && attempt == lease.fence =>
        {
            let ask = Asked::read(&ask).map(|asked| asked.wish);
            Ok(Held {
                now,
                ask,
                steps,
                due,
                announced,
            })
        }
        _ => Err(lost()),
    }
}

/// The same with the whole job.
pub(super) fn mine(c: &mut Conn, lease: &Lease) -> Result<(Record, Time), Failure> {
    let record = turn::lock(c, lease.tenant, lease.job)?;
    if record.lease_owner != Some(lease.worker) || record.attempts != lease.fence {
        return Err(lost());
    }
    Ok((record, now(c)?))
}

/// What a step gave that was committed by a transaction whose end nobody heard of.
fn before(
    c: &mut Conn,
    lease: &Lease,
    draft: &Draft,
    held: &Held,
) -> Result<Option<Json>, Failure> {
    if held.steps < draft.seq {
        return Ok(None);
    }
    let row = find(c, lease, draft.seq)?;
    Ok(row
        .filter(|row| row.state == StepState::Done)
        .map(|row| row.output.unwrap_or_default()))
}

/// A step of the lease's job.
pub(super) fn find(c: &mut Conn, lease: &Lease, seq: i64) -> Result<Option<StepRow>, Failure> {
    Ok(job_steps::table
        .find((lease.tenant, lease.job, seq))
        .select(StepRow::as_select())
        .first(c)
        .optional()?)
}

/// The row of a step that has begun.
pub(super) fn running(lease: &Lease, draft: &Draft, now: Time) -> StepRow {
    StepRow {
        tenant: lease.tenant,
        job_id: lease.job,
        seq: draft.seq,
        name: draft.name.clone(),
        kind: draft.kind,
        state: StepState::Running,
        live: true,
        input: draft.input.clone(),
        output: None,
        attempts: draft.attempts,
        max_attempts: draft.max_attempts,
        error: None,
        quality: None,
        confidence: None,
        undo: draft.undo,
        undo_name: draft.undo_name.clone(),
        undo_input: draft.undo_input.clone(),
        undo_attempts: 0,
        undo_error: None,
        undone_at: None,
        ended_at: None,
        created_at: draft.began.unwrap_or(now),
        updated_at: now,
    }
}

fn done(lease: &Lease, draft: &Draft, (output, score): (&Json, Score), now: Time) -> StepRow {
    StepRow {
        state: StepState::Done,
        output: Some(output.clone()),
        quality: score.quality,
        confidence: score.confidence,
        ended_at: Some(now),
        ..running(lease, draft, now)
    }
}

/// Writes a step's row anew, or over the one that is there.
pub(super) fn put(c: &mut Conn, row: &StepRow, there: bool) -> Result<(), Failure> {
    if there {
        diesel::update(job_steps::table.find((row.tenant, row.job_id, row.seq)))
            .set(row)
            .execute(c)?;
    } else {
        db::insert_all!(c, job_steps::table, std::slice::from_ref(row))?;
    }
    Ok(())
}
