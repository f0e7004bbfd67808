//! How a run follows its job: in the transaction of each step, and of each transition.

use super::{Store, announce, hold, save, write::refuse_overlap};
use crate::{
    model::{
        ontology::Ontology,
        run::{Run, RunState},
    },
    reasons::RUN_ENDED,
};
use auth::Scope;
use db::{Conn, Failure};
use error::Error;
use jobs::{Change, Fault, State};
use value::{Id, Time};

impl Store {
    /// Notes that so many rows are written and what is done now, in the transaction of the step that did it.
    pub(crate) fn advance(
        &self,
        run: &Run,
        rows: u64,
        message: String,
    ) -> impl Fn(&mut Conn) -> Result<(), Failure> + Send + Sync + 'static {
        let (tenant, id, now) = (run.tenant, run.id, self.clock.now());
        move |c| {
            let mut run = hold(c, tenant, id)?;
            run.version += 1;
            (run.rows_written, run.updated) = (rows, now);
            if !run.cancel {
                run.message.clone_from(&message);
            }
            save(c, &run)
        }
    }

    /// Says in words what the run waits for.
    pub(crate) async fn tell(&self, scope: &Scope, id: Id, message: String) -> Result<(), Error> {
        let (tenant, now) = (scope.tenant(), self.clock.now());
        let work = move |c: &mut Conn| {
            let mut run = hold(c, tenant, id)?;
            if run.cancel || run.state != RunState::Running || run.message == message {
                return Ok(());
            }
            run.version += 1;
            run.updated = now;
            run.message.clone_from(&message);
            save(c, &run)
        };
        self.db.write(scope, work).await
    }

    /// Brings a run into the state of its job, in the transaction of the job's transition.
    pub(crate) fn follow(&self, c: &mut Conn, change: &Change<'_>) -> Result<(), Failure> {
        let (job, now) = (change.record, self.clock.now());
        let mut run = hold(c, job.tenant, job.id)?;
        let before = run.state;
        let goes_on = change.from.has_ended() && !job.state.has_ended();
        if goes_on && job.state == State::Queued {
            go_on(c, &mut run)?;
        }
        let Some((state, message)) = now_is(&run, change) else {
            return Ok(());
        };
        run.version += 1;
        (run.state, run.message, run.updated) = (state, message, now);
        run.error = match (state, job.error()) {
            (RunState::Failed, Some(Fault { reason, message })) => format!("{reason}: {message}"),
            _ => String::new(),
        };
        run.ended = ended(&run, before, now);
        save(c, &run)?;
        if run.state != before {
            announce(c, &run, now, change.actor)?;
        }
        Ok(())
    }
}

/// When a run ended: a state that follows an end keeps its time.
fn ended(run: &Run, before: RunState, now: Time) -> Option<Time> {
    if !run.state.has_ended() {
        return None;
    }
    Some(match run.ended {
        Some(time) if before.has_ended() => time,
        _ => now,
    })
}

/// Lets a run that has ended go on, unless its rows are gone or in the way of another's.
fn go_on(c: &mut Conn, run: &mut Run) -> Result<(), Failure> {
    if run.state == RunState::Reverted {
        let words = "the rows of the run were taken away: start another one";
        return Err(Error::new(&RUN_ENDED, words).into());
    }
    let ontology = Ontology::read(run.task.scenario()?.ontology);
    refuse_overlap(c, run, &ontology)?;
    run.cancel = false;
    Ok(())
}

/// The state and the words of a run whose job changed; none where the run stays as it is.
fn now_is(run: &Run, change: &Change<'_>) -> Option<(RunState, String)> {
    let job = change.record;
    let words = |state, words: &str| Some((state, words.to_owned()));
    match job.state {
        // Somebody else goes on at once.
        State::Queued if change.from == State::Running => None,
        State::Queued if run.state == RunState::Running => words(run.state, "waits for its turn"),
        State::Queued => words(RunState::Pending, "waits for its turn"),
        State::Running if run.cancel => words(RunState::Running, &run.message),
        State::Running if job.attempts > 1 => words(RunState::Running, "goes on where it stopped"),
        State::Running => words(RunState::Running, "begins"),
        State::Waiting => None,
        State::Paused => words(run.state, "is halted"),
        State::Succeeded => words(RunState::Succeeded, "all rows are written"),
        State::Failed => words(RunState::Failed, "failed"),
        State::Cancelled if run.state == RunState::Pending => {
            words(RunState::Cancelled, "was cancelled before it began")
        }
        State::Cancelled => words(RunState::Cancelled, "was cancelled"),
        State::RollingBack if run.state == RunState::Reverted => None,
        State::RollingBack => words(run.state, "its rows are taken away"),
        State::RolledBack if run.state == RunState::Reverted => None,
        State::RolledBack => {
            let back = job.rollback().unwrap_or_default();
            if back.checkpoint.is_none() && back.not_undone_count == 0 {
                return words(RunState::Reverted, "its rows were taken away");
            }
            let stayed = format!(
                "was rolled back; the rows of {} batches stayed",
                back.not_undone_count
            );
            Some((RunState::Cancelled, stayed))
        }
    }
}
