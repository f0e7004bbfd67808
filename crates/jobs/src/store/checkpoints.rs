//! Checkpoints: made, read and dropped. Each keeps the hash of its state, which is checked whenever it is read.

use super::{By, CheckpointRow, Lease, Record, Store, now, turn, work::mine};
use crate::{
    model::{
        record::Progress,
        saved::{self, CheckpointType, Packed, Saved},
    },
    reasons::CHECKPOINT_EXPIRED,
    schema::job_checkpoints,
};
use auth::Scope;
use db::{Conn, Failure, OrElse, idempotency::Once};
use diesel::prelude::*;
use error::Error;
use serde_json::Value;
use std::time::Duration;
use value::{Id, Time};

/// Checkpoints that a job made by itself and that are kept: the latest.
const KEPT: i64 = 20;

/// A checkpoint that somebody asks for.
#[derive(Debug, Clone)]
pub(crate) struct CheckpointDraft {
    pub(crate) job: Id,
    pub(crate) sort: CheckpointType,
    pub(crate) name: String,
    /// How long it can be used; none is for ever.
    pub(crate) keep: Option<Duration>,
    /// The request, which may come twice.
    pub(crate) once: Once,
}

impl Store {
    /// Saves a job's own state after the step it is at. One that is there already, from before a crash, stays.
    pub(crate) async fn save_state(
        &self,
        lease: Lease,
        (sort, name): (CheckpointType, String),
        (seq, saved): (i64, Saved),
        keep: Option<Duration>,
    ) -> Result<(), Error> {
        let (id, packed) = (Id::new(), saved::pack(&saved)?);
        let work = move |c: &mut Conn| {
            let (_, now) = mine(c, &lease)?;
            let there: i64 = of(lease.tenant, lease.job)
                .filter(job_checkpoints::seq.eq(seq))
                .filter(job_checkpoints::name.eq(&name))
                .filter(job_checkpoints::resumable.eq(true))
                .count()
                .get_result(c)?;
            if there > 0 {
                return Ok(());
            }
            let row = CheckpointRow {
                actor: By::platform("").actor,
                expires_at: keep.map(|keep| now + keep),
                ..row(
                    (lease.tenant, lease.job, id),
                    (sort, &name, seq),
                    &packed,
                    now,
                )
            };
            db::insert_all!(c, job_checkpoints::table, &[row])?;
            drop_old(c, (lease.tenant, lease.job), CheckpointType::Step)
        };
        self.db.claim(&lease.scope(), work).await
    }

    /// The latest state a run can begin with, and after which step.
    pub(crate) async fn latest_state(&self, lease: Lease) -> Result<Option<(i64, Value)>, Error> {
        let work = move |c: &mut Conn| {
            let found: Option<CheckpointRow> = of(lease.tenant, lease.job)
                .filter(job_checkpoints::resumable.eq(true))
                .order((job_checkpoints::seq.desc(), job_checkpoints::id.desc()))
                .select(CheckpointRow::as_select())
                .first(c)
                .optional()?;
            Ok(found)
        };
        let found = self.db.read(&lease.scope(), work).await?;
        let Some(row) = found else { return Ok(None) };
        let saved = saved::unpack(row.encoding, &row.state, &row.sha256)?;
        Ok(saved.state.map(|state| (row.seq, state)))
    }

    /// Saves where a job is, for somebody; what the same request saved before is given again. And the time.
    pub(crate) async fn checkpoint(
        &self,
        scope: &Scope,
        draft: CheckpointDraft,
        by: By,
    ) -> Result<(CheckpointRow, Time), Error> {
        let (held, id) = (scope.clone(), Id::new());
        let work = move |c: &mut Conn| {
            let record = turn::lock(c, held.tenant(), draft.job)?;
            let now = now(c)?;
            let made = draft.once.id(c, &held, now, |c| {
                let packed = saved::pack(&snapshot(&record))?;
                let what = (draft.sort, draft.name.as_str(), record.steps);
                let row = CheckpointRow {
                    resumable: false,
                    actor: by.actor.clone(),
                    expires_at: draft.keep.map(|keep| now + keep),
                    ..row((record.tenant, record.id, id), what, &packed, now)
                };
                db::insert_all!(c, job_checkpoints::table, &[row])?;
                Ok(id)
            })?;
            Ok((find(c, record.tenant, record.id, made)?, now))
        };
        self.db.claim(scope, work).await
    }
}

/// What a checkpoint that nobody's run made saves.
fn snapshot(record: &Record) -> Saved {
    Saved {
        state: None,
        progress: record.progress(),
    }
}

type Of = diesel::dsl::Filter<
    diesel::dsl::Filter<job_checkpoints::table, diesel::dsl::Eq<job_checkpoints::tenant, Id>>,
    diesel::dsl::Eq<job_checkpoints::job_id, Id>,
>;

fn of(tenant: Id, job: Id) -> Of {
    job_checkpoints::table
        .filter(job_checkpoints::tenant.eq(tenant))
        .filter(job_checkpoints::job_id.eq(job))
}

fn row(
    (tenant, job_id, id): (Id, Id, Id),
    (sort, name, seq): (CheckpointType, &str, i64),
    packed: &Packed,
    now: Time,
) -> CheckpointRow {
    CheckpointRow {
        tenant,
        job_id,
        id,
        sort,
        name: name.to_owned(),
        seq,
        encoding: packed.encoding,
        state: packed.bytes.clone(),
        size: i64::try_from(packed.size).unwrap_or(i64::MAX),
        sha256: packed.sha256.clone(),
        resumable: true,
        actor: String::new(),
        expires_at: None,
        created_at: now,
    }
}

/// Saves where a job halts or fails, so that it can be brought back there once it went on.
pub(super) fn automatic(c: &mut Conn, record: &Record, now: Time) -> Result<(), Failure> {
    let (tenant, job) = (record.tenant, record.id);
    let there: i64 = of(tenant, job)
        .filter(job_checkpoints::seq.eq(record.steps))
        .filter(job_checkpoints::sort.eq(CheckpointType::Automatic))
        .count()
        .get_result(c)?;
    if record.steps == 0 || there > 0 {
        return Ok(());
    }
    let packed = saved::pack(&snapshot(record))?;
    let what = (CheckpointType::Automatic, "halt", record.steps);
    let row = CheckpointRow {
        resumable: false,
        actor: By::platform("").actor,
        ..row((tenant, job, Id::new()), what, &packed, now)
    };
    db::insert_all!(c, job_checkpoints::table, &[row])?;
    drop_old(c, (tenant, job), CheckpointType::Automatic)
}

/// Drops what was saved of this sort long ago; milestones and what somebody asked for stay.
fn drop_old(c: &mut Conn, (tenant, job): (Id, Id), sort: CheckpointType) -> Result<(), Failure> {
    let last: Option<Id> = of(tenant, job)
        .filter(job_checkpoints::sort.eq(sort))
        .order(job_checkpoints::id.desc())
        .select(job_checkpoints::id)
        .offset(KEPT)
        .first(c)
        .optional()?;
    if let Some(last) = last {
        diesel::delete(
            of(tenant, job)
                .filter(job_checkpoints::sort.eq(sort))
                .filter(job_checkpoints::id.le(last)),
        )
        .execute(c)?;
    }
    Ok(())
}

/// A checkpoint of a job.
pub(super) fn find(c: &mut Conn, tenant: Id, job: Id, id: Id) -> Result<CheckpointRow, Failure> {
    job_checkpoints::table
        .find((tenant, job, id))
        .select(CheckpointRow::as_select())
        .first(c)
        .on_missing(|| Error::not_found("checkpoint", id))
}

/// A checkpoint that a job may be rolled back to.
pub(super) fn usable(
    c: &mut Conn,
    record: &Record,
    id: Id,
    now: Time,
) -> Result<CheckpointRow, Failure> {
    let row = find(c, record.tenant, record.id, id)?;
    if row.expires_at.is_some_and(|end| end <= now) {
        return Err(Error::new(
            &CHECKPOINT_EXPIRED,
            format!("checkpoint {id} is past its time"),
        )
        .into());
    }
    saved::unpack(row.encoding, &row.state, &row.sha256)?;
    Ok(row)
}

/// How far the job was at a checkpoint.
pub(super) fn progress(row: &CheckpointRow) -> Result<Progress, Failure> {
    Ok(saved::unpack(row.encoding, &row.state, &row.sha256)?.progress)
}

/// Drops what was saved after a step that is undone.
pub(super) fn drop_after(c: &mut Conn, record: &Record, seq: i64) -> Result<(), Failure> {
    diesel::delete(of(record.tenant, record.id).filter(job_checkpoints::seq.gt(seq))).execute(c)?;
    Ok(())
}

/// Refuses to let a job go on whose early steps were dropped, unless it begins after them.
pub(super) fn check_trail(c: &mut Conn, record: &Record) -> Result<(), Failure> {
    if record.first_step <= 1 {
        return Ok(());
    }
    let there: i64 = of(record.tenant, record.id)
        .filter(job_checkpoints::resumable.eq(true))
        .filter(job_checkpoints::seq.ge(record.first_step - 1))
        .count()
        .get_result(c)?;
    if there == 0 {
        return Err(record
            .state
            .refuse("its early steps were dropped from the history")
            .into());
    }
    Ok(())
}
