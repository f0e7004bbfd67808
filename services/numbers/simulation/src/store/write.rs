//! What people do with runs: start, cancel and revert them.

use super::{Row, Store, announce, find, save};
use crate::{
    model::{
        ontology::Ontology,
        run::{Run, RunState, Task},
    },
    reasons::{RUN_ACTIVE, RUN_ENDED, SCENARIO_ALREADY_LOADED},
    schema::runs,
    tasks::{self, WriteRun},
};
use auth::Scope;
use db::{Conn, Failure, idempotency::Once};
use diesel::prelude::*;
use error::Error;
use jobs::By;
use value::Id;

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
        let (held, jobs) = (scope.clone(), self.jobs.clone());
        let run = self
            .db
            .write(scope, move |c| {
                let id = once.id(c, &held, now, |c| {
                    if let Some(there) = same_world(c, &run)? {
                        return Ok(there);
                    }
                    if !beside {
                        refuse_overlap(c, &run, &ontology)?;
                    }
                    diesel::insert_into(runs::table).values(&row).execute(c)?;
                    announce(c, &run, now, &actor)?;
                    jobs.submit_in::<WriteRun>(c, &held, tasks::job(&run))?;
                    Ok(run.id)
                })?;
                find(c, tenant, id)
            })
            .await?;
        self.jobs.ring();
        Ok(run)
    }

    /// Stops a run and its job: at once where nobody works at it, otherwise after the batch in hand.
    pub(crate) async fn cancel(&self, scope: &Scope, id: Id) -> Result<Run, Error> {
        let (tenant, now, held, jobs) = (
            scope.tenant(),
            self.clock.now(),
            scope.clone(),
            self.jobs.clone(),
        );
        let by = By::of(scope, "the run is cancelled");
        let run = self
            .db
            .write(scope, move |c| {
                let mut run = find(c, tenant, id)?;
                if run.state == RunState::Cancelled || (run.cancel && !run.state.has_ended()) {
                    return Ok(run);
                }
                if run.state.has_ended() {
                    let words = format!("the run has {}", run.state.name());
                    return Err(Error::new(&RUN_ENDED, words).into());
                }
                let job = jobs.cancel_in(c, &held, id, &by)?;
                if job.state.has_ended() {
                    // The run followed its job in this transaction.
                    return find(c, tenant, id);
                }
                run.version += 1;
                (run.cancel, run.updated) = (true, now);
                run.message = "stops after the batch in hand".to_owned();
                save(c, &run)?;
                Ok(run)
            })
            .await?;
        self.jobs.nudge(id);
        Ok(run)
    }

    /// Notes that the rows of a run that has ended were taken away.
    pub(crate) async fn revert(
        &self,
        scope: &Scope,
        id: Id,
        message: String,
    ) -> Result<Run, Error> {
        let (tenant, now, actor) = (scope.tenant(), self.clock.now(), scope.actor());
        let run = self
            .db
            .write(scope, move |c| {
                let mut run = find(c, tenant, id)?;
                if run.state == RunState::Reverted {
                    return Ok(run);
                }
                if !run.state.has_ended() {
                    return Err(active(&run).into());
                }
                run.version += 1;
                (run.state, run.updated) = (RunState::Reverted, now);
                run.message.clone_from(&message);
                save(c, &run)?;
                announce(c, &run, now, &actor)?;
                Ok(run)
            })
            .await?;
        self.jobs.ring();
        Ok(run)
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
pub(super) fn refuse_overlap(c: &mut Conn, run: &Run, ontology: &Ontology) -> Result<(), Failure> {
    let rows: Vec<Row> = runs::table
        .filter(runs::tenant.eq(run.tenant))
        .filter(runs::id.ne(run.id))
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
