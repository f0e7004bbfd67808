//! What people do with runs: start, cancel and revert them.

use super::{Row, Store, announce, find};
use crate::{
    model::{
        ontology::Ontology,
        run::{Run, RunState, Task},
    },
    reasons::{RUN_ACTIVE, RUN_ENDED, SCENARIO_ALREADY_LOADED},
    schema::runs,
};
use auth::Scope;
use db::{Conn, Failure, idempotency};
use diesel::prelude::*;
use error::Error;
use value::{Id, Time};

/// A request that may come twice.
#[derive(Clone, Debug)]
pub(crate) struct Once {
    /// What is asked for.
    pub(crate) rpc: &'static str,
    /// The caller's name of the request; empty is none.
    pub(crate) request_id: String,
    /// The hash of the request without that name.
    pub(crate) body_hash: [u8; 32],
}

/// What people's changes of a run leave.
struct Left {
    state: RunState,
    message: String,
    cancel: bool,
    ended: Option<Time>,
}

impl Store {
    /// Starts a run, or finds the one that the same request started or that makes just this world. `beside` lets it write where
    /// another one writes.
    pub(crate) async fn create(
        &self,
        scope: &Scope,
        once: Once,
        task: Task,
        ontology: Ontology,
        beside: bool,
    ) -> Result<Run, Error> {
        let (tenant, now, actor) = (scope.tenant(), self.clock.now(), scope.actor());
        let run = Run {
            id: Id::new(),
            tenant,
            task,
            state: RunState::Pending,
            place: Default::default(),
            rows_written: 0,
            message: "waits for its turn".to_owned(),
            error: String::new(),
            actor: actor.clone(),
            cancel: false,
            version: 1,
            created: now,
            updated: now,
            ended: None,
        };
        let row = Row::of(&run)?;
        let held = scope.clone();
        self.db
            .write(scope, move |c| {
                let request = idempotency::Request {
                    rpc: once.rpc,
                    request_id: &once.request_id,
                    body_hash: &once.body_hash,
                    now,
                    keep: idempotency::KEEP,
                };
                let made = idempotency::once(c, &held, request, |c| {
                    if let Some(there) = same_world(c, &run)? {
                        return Ok(there.as_bytes().to_vec());
                    }
                    if !beside {
                        refuse_overlap(c, &run, &ontology)?;
                    }
                    diesel::insert_into(runs::table).values(&row).execute(c)?;
                    announce(c, &run, now, &actor)?;
                    Ok(run.id.as_bytes().to_vec())
                })?;
                let id = uuid::Uuid::from_slice(&made).map_err(Error::internal)?;
                find(c, tenant, Id::from_uuid(id))
            })
            .await
    }

    /// Stops a run: at once where nobody works at it yet, otherwise after the batch in hand.
    pub(crate) async fn cancel(&self, scope: &Scope, id: Id) -> Result<Run, Error> {
        self.change(scope, id, |run, now| match run.state {
            RunState::Cancelled => Ok(None),
            RunState::Pending => Ok(Some(Left {
                state: RunState::Cancelled,
                message: "was cancelled before it began".to_owned(),
                cancel: true,
                ended: Some(now),
            })),
            RunState::Running if run.cancel => Ok(None),
            RunState::Running => Ok(Some(Left {
                state: RunState::Running,
                message: "stops after the batch in hand".to_owned(),
                cancel: true,
                ended: None,
            })),
            RunState::Succeeded | RunState::Failed | RunState::Reverted => Err(Error::new(
                &RUN_ENDED,
                format!("the run has {}", run.state.name()),
            )),
        })
        .await
    }

    /// Notes that the rows of a run that has ended were taken away.
    pub(crate) async fn revert(
        &self,
        scope: &Scope,
        id: Id,
        message: String,
    ) -> Result<Run, Error> {
        self.change(scope, id, move |run, _| match run.state {
            RunState::Reverted => Ok(None),
            state if state.has_ended() => Ok(Some(Left {
                state: RunState::Reverted,
                message: message.clone(),
                cancel: run.cancel,
                ended: run.ended,
            })),
            _ => Err(active(run)),
        })
        .await
    }

    async fn change(
        &self,
        scope: &Scope,
        id: Id,
        decide: impl Fn(&Run, Time) -> Result<Option<Left>, Error> + Send + 'static,
    ) -> Result<Run, Error> {
        let (tenant, now, actor) = (scope.tenant(), self.clock.now(), scope.actor());
        self.db
            .write(scope, move |c| {
                let mut run = find(c, tenant, id)?;
                let Some(left) = decide(&run, now)? else {
                    return Ok(run);
                };
                let moved = run.state != left.state;
                run.version += 1;
                (run.state, run.message, run.cancel) = (left.state, left.message, left.cancel);
                (run.ended, run.updated) = (left.ended, now);
                diesel::update(
                    runs::table
                        .filter(runs::tenant.eq(tenant))
                        .filter(runs::id.eq(id)),
                )
                .set((
                    runs::state.eq(run.state.name()),
                    runs::message.eq(&run.message),
                    runs::cancel.eq(run.cancel),
                    runs::ended_at.eq(run.ended),
                    runs::updated_at.eq(now),
                    runs::version.eq(run.version),
                ))
                .execute(c)?;
                if moved {
                    announce(c, &run, now, &actor)?;
                }
                Ok(run)
            })
            .await
    }
}

/// The run has not ended.
pub(crate) fn active(run: &Run) -> Error {
    Error::new(&RUN_ACTIVE, format!("the run is {}", run.state.name()))
}

/// The run that makes just this world, if its rows are there or on their way: there is nothing to do for a second one.
fn same_world(c: &mut Conn, run: &Run) -> Result<Option<Id>, Failure> {
    let there = [RunState::Pending, RunState::Running, RunState::Succeeded];
    let rows: Vec<Row> = runs::table
        .filter(runs::tenant.eq(run.tenant))
        .filter(runs::scenario.eq(&run.task.scenario))
        .filter(runs::seed.eq(run.task.seed.cast_signed()))
        .filter(runs::state.eq_any(there.map(RunState::name)))
        .filter(runs::cancel.eq(false))
        .order(runs::id.desc())
        .load(c)?;
    for row in rows {
        let other = row.run()?;
        if other.task.is_same_world(&run.task) {
            return Ok(Some(other.id));
        }
    }
    Ok(None)
}

/// Refuses a run that writes an entity in days that another run's rows of it are in.
fn refuse_overlap(c: &mut Conn, run: &Run, ontology: &Ontology) -> Result<(), Failure> {
    let rows: Vec<Row> = runs::table
        .filter(runs::tenant.eq(run.tenant))
        .filter(runs::state.ne(RunState::Reverted.name()))
        .filter(runs::start_day.le(run.task.span.end))
        .filter(runs::end_day.ge(run.task.span.start))
        .order(runs::id.desc())
        .load(c)?;
    for row in rows {
        let other = row.run()?;
        // What ended before it wrote anything is in nobody's way.
        if other.rows_written == 0 && matches!(other.state, RunState::Cancelled | RunState::Failed)
        {
            continue;
        }
        if let Some(entity) = run.task.meets(ontology, &other.task) {
            let words = format!(
                "run {} of {} writes {entity} in the same days",
                other.id, other.task.scenario
            );
            return Err(Error::new(&SCENARIO_ALREADY_LOADED, words)
                .with_metadata("run", other.id.to_string())
                .with_metadata("entity", entity)
                .into());
        }
    }
    Ok(())
}
