//! The rows of jobs' tables.

use crate::{
    model::{
        calendar::CatchUp,
        record::{Asked, Fault, Origin, Progress, Rollback, Wait, Wish},
        saved::{CheckpointType, Encoding},
        state::State,
        step::{StepKind, StepState, UndoState},
    },
    schema::{job_checkpoints, job_schedules, job_signals, job_states, job_steps, jobs},
};
use diesel::prelude::*;
use value::{Id, Json, Time};

/// A job.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = jobs, primary_key(tenant, id), treat_none_as_null = true, treat_none_as_default_value = false)]
#[allow(
    missing_docs,
    reason = "the columns are told of in the migration and in the contract"
)]
pub struct Record {
    pub tenant: Id,
    pub id: Id,
    pub kind: String,
    pub state: State,
    pub priority: i32,
    pub title: String,
    pub input: Json,
    pub output: Option<Json>,
    pub error: Option<Json>,
    pub progress: Json,
    pub origin: Json,
    pub security_level: i32,
    pub parent_id: Option<Id>,
    pub parent_seq: Option<i64>,
    pub dedupe: Option<String>,
    pub concurrency_key: String,
    pub wait: Option<Json>,
    pub due_at: Option<Time>,
    pub lease_owner: Option<Id>,
    pub attempts: i32,
    pub strikes: i32,
    pub ask: String,
    pub steps: i64,
    pub first_step: i64,
    pub rollback: Option<Json>,
    pub announced_at: Time,
    pub state_at: Time,
    pub started_at: Option<Time>,
    pub ended_at: Option<Time>,
    pub created_at: Time,
    pub updated_at: Time,
    pub version: i64,
}

impl Record {
    /// How far it is.
    pub fn progress(&self) -> Progress {
        self.progress.read().unwrap_or_default()
    }

    /// Where it comes from.
    pub fn origin(&self) -> Origin {
        self.origin.read().unwrap_or_default()
    }

    /// Why it failed, or did last.
    pub fn error(&self) -> Option<Fault> {
        self.error.as_ref().and_then(|error| error.read().ok())
    }

    /// What it waits for.
    pub fn wait(&self) -> Option<Wait> {
        self.wait.as_ref().and_then(|wait| wait.read().ok())
    }

    /// What rolling back is to do, and did.
    pub fn rollback(&self) -> Option<Rollback> {
        self.rollback
            .as_ref()
            .and_then(|rollback| rollback.read().ok())
    }

    /// What its worker is asked to do.
    pub fn wish(&self) -> Option<Wish> {
        self.asked().map(|asked| asked.wish)
    }

    pub(crate) fn asked(&self) -> Option<Asked> {
        Asked::read(&self.ask)
    }
}

/// A transition of a job.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = job_states, treat_none_as_default_value = false)]
#[allow(
    missing_docs,
    reason = "the columns are told of in the migration and in the contract"
)]
pub struct StateRow {
    pub tenant: Id,
    pub job_id: Id,
    pub number: i64,
    pub from_state: Option<State>,
    pub to_state: State,
    pub automatic: bool,
    pub actor: String,
    pub reason: String,
    pub previous_micros: i64,
    pub created_at: Time,
}

/// A step of a job.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = job_steps, primary_key(tenant, job_id, seq), treat_none_as_null = true, treat_none_as_default_value = false)]
#[allow(
    missing_docs,
    reason = "the columns are told of in the migration and in the contract"
)]
pub struct StepRow {
    pub tenant: Id,
    pub job_id: Id,
    pub seq: i64,
    pub name: String,
    pub kind: StepKind,
    pub state: StepState,
    pub live: bool,
    pub input: Option<Json>,
    pub output: Option<Json>,
    pub attempts: i32,
    pub max_attempts: i32,
    pub error: Option<Json>,
    pub quality: Option<f64>,
    pub confidence: Option<f64>,
    pub undo: UndoState,
    pub undo_name: String,
    pub undo_input: Option<Json>,
    pub undo_attempts: i32,
    pub undo_error: Option<Json>,
    pub undone_at: Option<Time>,
    pub ended_at: Option<Time>,
    pub created_at: Time,
    pub updated_at: Time,
}

/// A checkpoint of a job.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = job_checkpoints, treat_none_as_default_value = false)]
#[allow(
    missing_docs,
    reason = "the columns are told of in the migration and in the contract"
)]
pub struct CheckpointRow {
    pub tenant: Id,
    pub job_id: Id,
    pub id: Id,
    pub sort: CheckpointType,
    pub name: String,
    pub seq: i64,
    pub encoding: Encoding,
    pub state: Vec<u8>,
    pub size: i64,
    pub sha256: String,
    pub resumable: bool,
    pub actor: String,
    pub expires_at: Option<Time>,
    pub created_at: Time,
}

/// A signal to a job.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = job_signals, treat_none_as_default_value = false)]
pub(crate) struct SignalRow {
    pub(crate) tenant: Id,
    pub(crate) job_id: Id,
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) payload: Json,
    pub(crate) request_id: Option<String>,
    pub(crate) actor: String,
    pub(crate) taken_by: Option<i64>,
    pub(crate) created_at: Time,
}

/// A schedule.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = job_schedules, primary_key(tenant, id), treat_none_as_null = true, treat_none_as_default_value = false)]
#[allow(
    missing_docs,
    reason = "the columns are told of in the migration and in the contract"
)]
pub struct ScheduleRow {
    pub tenant: Id,
    pub id: Id,
    pub name: String,
    pub kind: String,
    pub cron: String,
    pub zone: String,
    pub catch_up: CatchUp,
    pub input: Json,
    pub priority: i32,
    pub security_level: i32,
    pub origin: Json,
    pub paused: bool,
    pub next_at: Option<Time>,
    pub last_at: Option<Time>,
    pub last_job: Option<Id>,
    pub missed: i64,
    pub created_at: Time,
    pub updated_at: Time,
    pub version: i64,
}
