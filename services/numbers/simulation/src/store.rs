//! Runs as they are kept. Every method takes the scope of its caller and stays inside its tenant.

mod read;
mod work;
mod write;

pub(crate) use read::{Filter, Query};
pub(crate) use write::active;

use crate::{
    convert,
    model::{
        run::{Run, RunState, Task},
        span::{Span, Step},
    },
    schema::runs,
};
use db::{Conn, Db, Failure, OrElse, outbox};
use diesel::prelude::*;
use error::Error;
use jobs::Jobs;
use std::sync::Arc;
use value::{Clock, Id, Json, Time};

/// Both dialects of the tables.
pub(crate) static MIGRATIONS: db::Migrations = db::migrations!(
    "simulation",
    sqlite = "../../../migrations/simulation/sqlite",
    postgres = "../../../migrations/simulation/postgres"
);

/// The rows of `simulation`.
#[derive(Clone)]
pub(crate) struct Store {
    db: Db,
    clock: Arc<dyn Clock>,
    /// The work of runs: the job of a run has the run's id.
    jobs: Jobs,
}

impl Store {
    /// A store over the service's database.
    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>, jobs: Jobs) -> Self {
        Self { db, clock, jobs }
    }
}

/// A row of `runs`.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = runs, treat_none_as_default_value = false)]
struct Row {
    id: Id,
    tenant: Id,
    scenario: String,
    seed: i64,
    parameters: Json,
    start_day: i32,
    end_day: i32,
    step: String,
    metrics: Json,
    targets: Json,
    batch_rows: i32,
    rows_total: i64,
    state: String,
    rows_written: i64,
    message: String,
    error: String,
    actor: String,
    cancel: bool,
    ended_at: Option<Time>,
    created_at: Time,
    updated_at: Time,
    version: i64,
}

impl Row {
    fn of(run: &Run) -> Result<Self, Error> {
        let task = &run.task;
        Ok(Self {
            id: run.id,
            tenant: run.tenant,
            scenario: task.scenario.clone(),
            seed: task.seed.cast_signed(),
            parameters: Json::of(&task.parameters).map_err(Error::internal)?,
            start_day: task.span.start,
            end_day: task.span.end,
            step: task.span.step.name().to_owned(),
            metrics: Json::of(&task.metrics).map_err(Error::internal)?,
            targets: Json::of(&task.targets).map_err(Error::internal)?,
            batch_rows: signed(task.batch_rows),
            rows_total: long(task.rows_total),
            state: run.state.name().to_owned(),
            rows_written: long(run.rows_written),
            message: run.message.clone(),
            error: run.error.clone(),
            actor: run.actor.clone(),
            cancel: run.cancel,
            ended_at: run.ended,
            created_at: run.created,
            updated_at: run.updated,
            version: run.version,
        })
    }

    fn run(self) -> Result<Run, Failure> {
        let unknown =
            |what: &str, name: &str| Error::internal(format!("a stored {what} is `{name}`"));
        let step = Step::of_name(&self.step).ok_or_else(|| unknown("step", &self.step))?;
        let state = RunState::of_name(&self.state).ok_or_else(|| unknown("state", &self.state))?;
        Ok(Run {
            id: self.id,
            tenant: self.tenant,
            task: Task {
                scenario: self.scenario,
                seed: self.seed.cast_unsigned(),
                parameters: self.parameters.read().map_err(Error::internal)?,
                span: Span {
                    start: self.start_day,
                    end: self.end_day,
                    step,
                },
                metrics: self.metrics.read().map_err(Error::internal)?,
                targets: self.targets.read().map_err(Error::internal)?,
                batch_rows: unsigned(self.batch_rows),
                rows_total: count(self.rows_total),
            },
            state,
            rows_written: count(self.rows_written),
            message: self.message,
            error: self.error,
            actor: self.actor,
            cancel: self.cancel,
            version: self.version,
            created: self.created_at,
            updated: self.updated_at,
            ended: self.ended_at,
        })
    }
}

// Nothing here grows so large, and bounds are checked before a run is made.
fn signed(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn unsigned(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

fn long(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// The run of an id.
fn find(c: &mut Conn, tenant: Id, id: Id) -> Result<Run, Failure> {
    let row: Row = runs::table
        .filter(runs::tenant.eq(tenant))
        .filter(runs::id.eq(id))
        .first(c)
        .on_missing(|| Error::not_found("run", id))?;
    row.run()
}

/// The same, held against changes by others until the transaction ends.
fn hold(c: &mut Conn, tenant: Id, id: Id) -> Result<Run, Failure> {
    let row = runs::table
        .filter(runs::tenant.eq(tenant))
        .filter(runs::id.eq(id));
    let found: Result<Row, _> = match c {
        Conn::Sqlite(c) => row.first(c),
        Conn::Pg(c) => row.for_update().first(c),
    };
    found.on_missing(|| Error::not_found("run", id))?.run()
}

/// Saves what changes of a run while it is written.
fn save(c: &mut Conn, run: &Run) -> Result<(), Failure> {
    diesel::update(
        runs::table
            .filter(runs::tenant.eq(run.tenant))
            .filter(runs::id.eq(run.id)),
    )
    .set((
        runs::state.eq(run.state.name()),
        runs::rows_written.eq(long(run.rows_written)),
        runs::message.eq(&run.message),
        runs::error.eq(&run.error),
        runs::cancel.eq(run.cancel),
        runs::ended_at.eq(run.ended),
        runs::updated_at.eq(run.updated),
        runs::version.eq(run.version),
    ))
    .execute(c)?;
    Ok(())
}

/// Tells others that a run came into another state.
fn announce(c: &mut Conn, run: &Run, now: Time, actor: &str) -> Result<(), Failure> {
    let event = outbox::Event {
        id: Id::new(),
        tenant: run.tenant,
        topic: convert::event::TOPIC.to_owned(),
        lane: run.id.to_string(),
        version: run.version,
        payload: convert::event::changed(run, actor),
        created_at: now,
        leased_until: None,
    };
    outbox::put(c, &[event])
}
