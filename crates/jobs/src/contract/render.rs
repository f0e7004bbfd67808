//! Rows as messages.

use crate::{
    job::About,
    model::{
        record::{Fault, WaitKind, Wish},
        saved::{CheckpointType, Saved},
        state::State,
        step::{StepKind, StepState, UndoState},
    },
    store::{CheckpointRow, Record, ScheduleRow, StateRow, StepRow},
};
use proto::{tessera::jobs::v1 as pb, time::to_proto};
use value::{Json, Time};

pub(crate) fn state(state: State) -> pb::JobState {
    match state {
        State::Queued => pb::JobState::Queued,
        State::Running => pb::JobState::Running,
        State::Waiting => pb::JobState::Waiting,
        State::Paused => pb::JobState::Paused,
        State::Succeeded => pb::JobState::Succeeded,
        State::Failed => pb::JobState::Failed,
        State::Cancelled => pb::JobState::Cancelled,
        State::RollingBack => pb::JobState::RollingBack,
        State::RolledBack => pb::JobState::RolledBack,
    }
}

/// A job with all of it.
pub(crate) fn job(service: &str, record: &Record) -> pb::Job {
    pb::Job {
        input: text(Some(&record.input)),
        output: text(record.output.as_ref()),
        permissions: record.origin().permissions,
        ..brief(service, record)
    }
}

/// A job without what may be large or is not for everybody.
pub(crate) fn brief(service: &str, record: &Record) -> pb::Job {
    let origin = record.origin();
    let progress = record.progress();
    let held = record.lease_owner.is_some();
    pb::Job {
        id: record.id.to_string(),
        service: service.to_owned(),
        tenant_id: record.tenant.to_string(),
        kind: record.kind.clone(),
        title: record.title.clone(),
        state: state(record.state).into(),
        wait: record.wait().map(|wait| pb::Wait {
            kind: match wait.kind {
                WaitKind::Timer => pb::WaitKind::Timer,
                WaitKind::Signal => pb::WaitKind::Signal,
                WaitKind::Child => pb::WaitKind::Child,
                WaitKind::Retry => pb::WaitKind::Retry,
            }
            .into(),
            name: wait.name,
            until: wait.until.map(to_proto),
        }),
        priority: record.priority,
        input: String::new(),
        output: String::new(),
        error: record.error().map(fault),
        progress: Some(pb::Progress {
            done: progress.done,
            total: progress.total,
            message: progress.message,
        }),
        actor: origin.actor,
        principal_id: origin
            .principal
            .map(|id| id.to_string())
            .unwrap_or_default(),
        permissions: Vec::new(),
        security_level: record.security_level,
        compliance_tags: origin.compliance_tags,
        correlation_id: origin.correlation_id,
        parent_id: record
            .parent_id
            .map(|id| id.to_string())
            .unwrap_or_default(),
        schedule_id: origin.schedule.map(|id| id.to_string()).unwrap_or_default(),
        concurrency_key: record.concurrency_key.clone(),
        attempts: record.attempts,
        worker: record
            .lease_owner
            .map(|id| id.to_string())
            .unwrap_or_default(),
        lease_time: record.due_at.filter(|_| held).map(to_proto),
        due_time: record
            .due_at
            .filter(|_| !held)
            .or(origin
                .not_before
                .filter(|_| halted_before_its_begin(record)))
            .map(to_proto),
        cancel_requested: record.wish() == Some(Wish::Cancel),
        pause_requested: record.wish() == Some(Wish::Pause),
        steps: record.steps,
        first_step: record.first_step,
        rollback: record.rollback().map(|rollback| pb::Rollback {
            checkpoint_id: rollback
                .checkpoint
                .map(|id| id.to_string())
                .unwrap_or_default(),
            undone: rollback.undone,
            not_undone: rollback
                .not_undone
                .into_iter()
                .map(|step| pb::NotUndone {
                    seq: step.seq,
                    name: step.name,
                    reason: step.reason,
                })
                .collect(),
            not_undone_count: rollback.not_undone_count,
        }),
        etag: db::etag::format(record.version),
        version: record.version,
        create_time: Some(to_proto(record.created_at)),
        update_time: Some(to_proto(record.updated_at)),
        start_time: record.started_at.map(to_proto),
        end_time: record.ended_at.map(to_proto),
        state_time: Some(to_proto(record.state_at)),
    }
}

/// Whether a job was halted before a worker ever had it: then it is to wait for its time again.
fn halted_before_its_begin(record: &Record) -> bool {
    record.state == State::Paused && record.started_at.is_none()
}

fn fault(fault: Fault) -> pb::Failure {
    pb::Failure {
        reason: fault.reason,
        message: fault.message,
    }
}

fn stored(error: Option<&Json>) -> Option<pb::Failure> {
    error
        .and_then(|error| error.read::<Fault>().ok())
        .map(fault)
}

/// JSON as text; nothing and null are the empty text.
fn text(json: Option<&Json>) -> String {
    json.filter(|json| !json.0.is_null())
        .map(|json| json.0.to_string())
        .unwrap_or_default()
}

pub(super) fn kind(about: About) -> pb::Kind {
    pb::Kind {
        name: about.kind.to_owned(),
        title: about.title.to_owned(),
        limit_per_tenant: about.limit_per_tenant,
        limit: about.limit,
        compensations: about.undoes.iter().map(|name| (*name).to_owned()).collect(),
        open: about.open,
    }
}

pub(super) fn state_change(row: StateRow) -> pb::StateChange {
    pb::StateChange {
        job_id: row.job_id.to_string(),
        number: row.number,
        from_state: row.from_state.map_or(0, |from| state(from).into()),
        to_state: state(row.to_state).into(),
        automatic: row.automatic,
        actor: row.actor,
        reason: row.reason,
        time_in_previous: Some(prost_types::Duration {
            seconds: row.previous_micros / 1_000_000,
            nanos: i32::try_from(row.previous_micros % 1_000_000 * 1_000).unwrap_or(0),
        }),
        change_time: Some(to_proto(row.created_at)),
    }
}

pub(super) fn step(row: StepRow) -> pb::Step {
    let compensation = match row.undo {
        UndoState::Needless | UndoState::Missing => None,
        UndoState::Ready => Some(pb::CompensationState::Ready),
        UndoState::Done => Some(pb::CompensationState::Done),
        UndoState::Failed => Some(pb::CompensationState::Failed),
    };
    pb::Step {
        job_id: row.job_id.to_string(),
        seq: row.seq,
        name: row.name,
        kind: match row.kind {
            StepKind::Local => pb::StepKind::Local,
            StepKind::Call => pb::StepKind::Call,
            StepKind::Timer => pb::StepKind::Timer,
            StepKind::Signal => pb::StepKind::Signal,
            StepKind::Child => pb::StepKind::Child,
        }
        .into(),
        state: match row.state {
            StepState::Running => pb::StepState::Running,
            StepState::Done => pb::StepState::Done,
            StepState::Failed => pb::StepState::Failed,
            StepState::Undone => pb::StepState::Undone,
        }
        .into(),
        input: text(row.input.as_ref()),
        output: text(row.output.as_ref()),
        attempts: row.attempts,
        max_attempts: row.max_attempts,
        error: stored(row.error.as_ref()),
        start_time: Some(to_proto(row.created_at)),
        end_time: row.ended_at.map(to_proto),
        quality: row.quality,
        confidence: row.confidence,
        compensation: compensation.map(|state| pb::Compensation {
            name: row.undo_name,
            input: text(row.undo_input.as_ref()),
            state: state.into(),
            attempts: row.undo_attempts,
            error: stored(row.undo_error.as_ref()),
            end_time: row.undone_at.map(to_proto),
        }),
        rolled_back: !row.live,
    }
}

pub(super) fn checkpoint(row: CheckpointRow, saved: Option<Saved>, now: Time) -> pb::Checkpoint {
    let stored = i64::try_from(row.state.len()).unwrap_or(i64::MAX);
    pb::Checkpoint {
        id: row.id.to_string(),
        job_id: row.job_id.to_string(),
        r#type: match row.sort {
            CheckpointType::Manual => pb::CheckpointType::Manual,
            CheckpointType::Automatic => pb::CheckpointType::Automatic,
            CheckpointType::Step => pb::CheckpointType::Step,
            CheckpointType::Milestone => pb::CheckpointType::Milestone,
        }
        .into(),
        name: row.name,
        seq: row.seq,
        state: saved
            .and_then(|saved| serde_json::to_string(&saved).ok())
            .unwrap_or_default(),
        size: row.size,
        stored_size: stored,
        encoding: row.encoding.as_str().to_owned(),
        sha256: row.sha256,
        actor: row.actor,
        create_time: Some(to_proto(row.created_at)),
        expire_time: row.expires_at.map(to_proto),
        expired: row.expires_at.is_some_and(|end| end <= now),
        resumable: row.resumable,
    }
}

pub(super) fn schedule(service: &str, row: ScheduleRow) -> pb::Schedule {
    let origin: crate::Origin = row.origin.read().unwrap_or_default();
    pb::Schedule {
        id: row.id.to_string(),
        service: service.to_owned(),
        tenant_id: row.tenant.to_string(),
        name: row.name,
        kind: row.kind,
        cron: row.cron,
        time_zone: row.zone,
        catch_up: match row.catch_up {
            crate::CatchUp::Skip => pb::CatchUp::Skip,
            crate::CatchUp::Once => pb::CatchUp::Once,
            crate::CatchUp::All => pb::CatchUp::All,
        }
        .into(),
        input: text(Some(&row.input)),
        priority: row.priority,
        security_level: row.security_level,
        compliance_tags: origin.compliance_tags,
        paused: row.paused,
        next_time: row.next_at.map(to_proto),
        last_time: row.last_at.map(to_proto),
        last_job_id: row.last_job.map(|id| id.to_string()).unwrap_or_default(),
        missed: row.missed,
        actor: origin.actor,
        etag: db::etag::format(row.version),
        create_time: Some(to_proto(row.created_at)),
        update_time: Some(to_proto(row.updated_at)),
    }
}
