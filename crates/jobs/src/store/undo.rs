//! Undoing: the steps that still count, the latest first, and what became of each.

use super::{
    By, Lease, StepRow, Store, checkpoints, turn,
    work::{PACE, mine},
};
use crate::{
    model::{
        record::Fault,
        state::State,
        step::{StepKind, StepState, UndoState},
    },
    schema::job_steps,
};
use db::{Conn, Failure};
use diesel::prelude::*;
use error::{Error, reason};
use std::sync::Arc;
use value::{Id, Json, Time};

/// What undoing a step takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// Nothing more: what becomes of it is known.
    Known(Undone),
    /// That its compensation runs.
    Compensate,
    /// That the job it started is undone.
    RollBack(Id),
}

/// What became of undoing a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Undone {
    /// Its effect is gone.
    Done,
    /// It had none.
    Needless,
    /// Its effect stays, and why.
    Stays(String),
    /// Its compensation failed so often.
    Failed(Fault, i32),
}

type Effect = Arc<dyn Fn(&mut Conn) -> Result<(), Failure> + Send + Sync>;

impl Store {
    /// The latest steps that still count and are to be undone, the latest first; and after which step that ends.
    pub(crate) async fn to_undo(
        &self,
        lease: Lease,
        limit: i64,
    ) -> Result<(Vec<StepRow>, i64), Error> {
        let work = move |c: &mut Conn| {
            let (record, _) = mine(c, &lease)?;
            let to = record.rollback().unwrap_or_default().to_seq;
            let steps = job_steps::table
                .filter(job_steps::tenant.eq(lease.tenant))
                .filter(job_steps::job_id.eq(lease.job))
                .filter(job_steps::seq.gt(to))
                .filter(job_steps::live.eq(true))
                .order(job_steps::seq.desc())
                .limit(limit)
                .select(StepRow::as_select())
                .load(c)?;
            Ok((steps, to))
        };
        self.db.claim(&lease.scope(), work).await
    }

    /// Notes what became of steps, with an effect of the service's own in the same transaction where there is one.
    pub(crate) async fn undone(
        &self,
        lease: Lease,
        steps: Vec<(i64, String, Undone)>,
        effect: Option<Effect>,
    ) -> Result<(), Error> {
        let store = self.clone();
        let work = move |c: &mut Conn| {
            let (mut record, now) = mine(c, &lease)?;
            let mut rollback = record.rollback().unwrap_or_default();
            // Those that are marked already were so by a transaction whose end nobody heard of.
            let seqs: Vec<i64> = steps.iter().map(|(seq, ..)| *seq).collect();
            let open: Vec<i64> = job_steps::table
                .filter(job_steps::tenant.eq(lease.tenant))
                .filter(job_steps::job_id.eq(lease.job))
                .filter(job_steps::seq.eq_any(seqs))
                .filter(job_steps::live.eq(true))
                .select(job_steps::seq)
                .load(c)?;
            if open.is_empty() {
                return Ok(());
            }
            if let Some(effect) = &effect {
                effect(c)?;
            }
            for (seq, name, outcome) in steps.iter().filter(|(seq, ..)| open.contains(seq)) {
                match outcome {
                    Undone::Done => rollback.undone += 1,
                    Undone::Needless => {}
                    Undone::Stays(why) => rollback.stayed(*seq, name, why),
                    Undone::Failed(fault, tries) => {
                        let why =
                            format!("its compensation failed {tries} times: {}", fault.message);
                        rollback.stayed(*seq, name, why);
                    }
                }
                mark(c, (lease.tenant, lease.job, *seq), outcome, now)?;
            }
            record.rollback = Json::of(&rollback).ok();
            (record.due_at, record.strikes) = (Some(now + lease.span), 0);
            if now - record.announced_at < PACE {
                return turn::keep(c, &mut record, now);
            }
            let by = By::platform("undoes");
            store.save(c, &mut record, Some(State::RollingBack), (&by, now))
        };
        self.db.write(&lease.scope(), work).await
    }

    /// Ends rolling back: what was saved at the checkpoint is in force again.
    pub(crate) async fn rolled_back(&self, lease: Lease) -> Result<(), Error> {
        let store = self.clone();
        let work = move |c: &mut Conn| {
            let (mut record, now) = mine(c, &lease)?;
            let mut rollback = record.rollback().unwrap_or_default();
            if let Some(id) = rollback.checkpoint {
                let row = checkpoints::find(c, record.tenant, record.id, id)?;
                let progress = checkpoints::progress(&row)?;
                record.progress = Json::of(&progress).map_err(Error::internal)?;
            }
            checkpoints::drop_after(c, &record, rollback.to_seq)?;
            if record.first_step > rollback.to_seq + 1 {
                let dropped = record.first_step - 1 - rollback.to_seq;
                let why = format!("{dropped} steps were dropped from the history");
                rollback.stayed(record.first_step - 1, "", why);
            }
            record.rollback = Json::of(&rollback).ok();
            (record.output, record.error) = (None, None);
            let reason = match rollback.not_undone_count {
                0 => format!("{} steps are undone", rollback.undone),
                some => format!("{} steps are undone, {some} could not be", rollback.undone),
            };
            let by = By::platform(reason);
            store.turn(c, &mut record, State::RolledBack, (&by, now))
        };
        self.db.write(&lease.scope(), work).await
    }
}

fn mark(c: &mut Conn, step: (Id, Id, i64), outcome: &Undone, now: Time) -> Result<(), Failure> {
    let row = job_steps::table.find(step);
    match outcome {
        Undone::Done => diesel::update(row)
            .set((
                job_steps::live.eq(false),
                job_steps::state.eq(StepState::Undone),
                job_steps::undo.eq(UndoState::Done),
                job_steps::undo_attempts.eq(job_steps::undo_attempts + 1),
                job_steps::undone_at.eq(now),
                job_steps::updated_at.eq(now),
            ))
            .execute(c)?,
        Undone::Needless => diesel::update(row)
            .set((
                job_steps::live.eq(false),
                job_steps::state.eq(StepState::Undone),
                job_steps::updated_at.eq(now),
            ))
            .execute(c)?,
        Undone::Stays(why) => {
            // What was to undo it was asked, and said so.
            let fault = Fault::from(&Error::new(&reason::FAILED_PRECONDITION, why));
            let asked = job_steps::table
                .filter(job_steps::tenant.eq(step.0))
                .filter(job_steps::job_id.eq(step.1))
                .filter(job_steps::seq.eq(step.2))
                .filter(job_steps::undo.eq(UndoState::Ready));
            diesel::update(asked)
                .set((
                    job_steps::undo.eq(UndoState::Failed),
                    job_steps::undo_attempts.eq(job_steps::undo_attempts + 1),
                    job_steps::undo_error.eq(Json::of(&fault).ok()),
                    job_steps::undone_at.eq(now),
                ))
                .execute(c)?;
            diesel::update(row)
                .set((job_steps::live.eq(false), job_steps::updated_at.eq(now)))
                .execute(c)?
        }
        Undone::Failed(fault, tries) => diesel::update(row)
            .set((
                job_steps::live.eq(false),
                job_steps::undo.eq(UndoState::Failed),
                job_steps::undo_attempts.eq(tries),
                job_steps::undo_error.eq(Json::of(fault).ok()),
                job_steps::undone_at.eq(now),
                job_steps::updated_at.eq(now),
            ))
            .execute(c)?,
    };
    Ok(())
}

/// What undoing a step takes.
pub(crate) fn outlook(step: &StepRow) -> Outlook {
    let stays = |why: &str| Outlook::Known(Undone::Stays(why.to_owned()));
    match (step.undo, step.kind) {
        (UndoState::Needless, _) => Outlook::Known(Undone::Needless),
        (_, StepKind::Child) => {
            let child = step.output.as_ref().and_then(|id| id.read().ok());
            child.map_or_else(
                || stays("it does not say which job it started"),
                Outlook::RollBack,
            )
        }
        (UndoState::Ready, _) => Outlook::Compensate,
        (_, StepKind::Timer | StepKind::Signal) => Outlook::Known(Undone::Needless),
        (_, StepKind::Call) if step.state != StepState::Done => {
            stays("it did not end, and may have had an effect")
        }
        (_, StepKind::Local) if step.state != StepState::Done => Outlook::Known(Undone::Needless),
        _ => stays("it has no compensation"),
    }
}
