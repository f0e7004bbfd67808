//! Steps that wait: for a time, a signal, another job. A job that waits holds no worker.

use super::{Run, Stop, Why, step::failed};
use crate::{
    job::Job,
    model::step::{StepKind, StepState, UndoState},
    store::{Draft, Looked, SAID, StepRow},
    submission::Submission,
};
use error::Error;
use serde::de::DeserializeOwned;
use std::{marker::PhantomData, time::Duration};
use value::{Id, Json, Time};

/// What undoes a step that started a job, as the history tells of it.
const UNDO_CHILD: &str = "rolls that job back";

/// A job that was started by another, to be waited for.
#[derive(Debug)]
pub struct Child<J: Job> {
    /// Its id.
    pub id: Id,
    kind: PhantomData<fn() -> J>,
}

impl Run {
    /// Waits for a span of time, by the database's clock.
    ///
    /// # Errors
    /// Only what ends the run.
    pub async fn sleep(&mut self, name: &str, pause: Duration) -> Result<(), Stop> {
        self.timer(name, (pause, None)).await
    }

    /// Waits until a time, by the database's clock.
    ///
    /// # Errors
    /// Only what ends the run.
    pub async fn sleep_until(&mut self, name: &str, until: Time) -> Result<(), Stop> {
        self.timer(name, (Duration::ZERO, Some(until))).await
    }

    async fn timer(&mut self, name: &str, time: (Duration, Option<Time>)) -> Result<(), Stop> {
        let draft = match self.open(name, StepKind::Timer).await? {
            Ok(_) => return Ok(()),
            Err(draft) => draft,
        };
        let (store, lease) = (self.core.store(), self.core.lease);
        let looked = self
            .core
            .insist(|| store.timer(lease, draft.clone(), time))
            .await?;
        self.looked(&draft, looked).map(drop)
    }

    /// Waits for a signal, at most so long; none where none came in that time.
    ///
    /// # Errors
    /// If the signal says something else than is expected, and what ends the run.
    pub async fn signal<T: DeserializeOwned>(
        &mut self,
        name: &str,
        most: Option<Duration>,
    ) -> Result<Option<T>, Stop> {
        let output = match self.open(name, StepKind::Signal).await? {
            Ok(output) => output,
            Err(draft) => {
                let (store, lease) = (self.core.store(), self.core.lease);
                let ask = (name.to_owned(), most);
                let looked = self
                    .core
                    .insist(|| store.signal(lease, draft.clone(), ask.clone()))
                    .await?;
                self.looked(&draft, looked)?
            }
        };
        let Some(said) = output.0.get(SAID) else {
            return Ok(None);
        };
        let said = T::deserialize(said).map_err(|cause| {
            Error::invalid_field("payload", "SIGNAL", format!("the signal `{name}`: {cause}"))
        })?;
        Ok(Some(said))
    }

    /// Starts another job of this service and waits for what it gives.
    ///
    /// # Errors
    /// If the other job fails, and what ends the run.
    pub async fn child<J: Job>(&mut self, name: &str, input: &J::Input) -> Result<J::Output, Stop> {
        let child = self.start::<J>(name, input).await?;
        self.join(name, child).await
    }

    /// Starts another job of this service beside this one.
    ///
    /// # Errors
    /// Only what ends the run.
    pub async fn start<J: Job>(&mut self, name: &str, input: &J::Input) -> Result<Child<J>, Stop> {
        let output = match self.open(&format!("start {name}"), StepKind::Child).await? {
            Ok(output) => output,
            Err(mut draft) => {
                (draft.undo, draft.undo_name) = (UndoState::Ready, UNDO_CHILD.to_owned());
                let input = Json::of(input).map_err(Error::internal)?;
                draft.input = Some(input.clone());
                let (store, lease, id) = (self.core.store(), self.core.lease, Id::new());
                let submission = Submission::new(input);
                let what = (J::KIND.to_owned(), J::TITLE.to_owned());
                let spawn =
                    || store.spawn(lease, draft.clone(), what.clone(), submission.clone(), id);
                let output = self.core.insist(spawn).await?;
                self.looked(&draft, Looked::There(output))?
            }
        };
        let id = output.read().map_err(Error::internal)?;
        Ok(Child {
            id,
            kind: PhantomData,
        })
    }

    /// Waits for a job that this one started.
    ///
    /// # Errors
    /// If the other job fails, and what ends the run.
    pub async fn join<J: Job>(&mut self, name: &str, child: Child<J>) -> Result<J::Output, Stop> {
        let output = match self.open(&format!("join {name}"), StepKind::Child).await? {
            Ok(output) => output,
            Err(draft) => {
                let (store, lease) = (self.core.store(), self.core.lease);
                let looked = self
                    .core
                    .insist(|| store.join(lease, draft.clone(), child.id))
                    .await?;
                self.looked(&draft, looked)?
            }
        };
        Ok(output.read().map_err(Error::internal)?)
    }

    /// What a waiting step gave, or a draft of it.
    async fn open(&mut self, name: &str, kind: StepKind) -> Result<Result<Json, Draft>, Stop> {
        let row = self.recorded(name, kind).await?;
        match row {
            Some(StepRow {
                state: StepState::Done,
                output,
                ..
            }) => Ok(Ok(output.unwrap_or_default())),
            Some(StepRow {
                state: StepState::Failed,
                error,
                ..
            }) => {
                let fault = error.and_then(|fault| fault.read().ok());
                Err(fault.map_or_else(
                    || Error::internal("a step failed and nobody noted why").into(),
                    |fault| failed(&fault),
                ))
            }
            row => {
                self.core.pass()?;
                Ok(Err(Draft {
                    seq: row.as_ref().map_or(self.seq + 1, |row| row.seq),
                    name: name.to_owned(),
                    kind,
                    input: None,
                    attempts: 1,
                    max_attempts: 1,
                    undo: UndoState::Needless,
                    undo_name: String::new(),
                    undo_input: None,
                    began: row.map(|row| row.created_at),
                    progress: None,
                }))
            }
        }
    }

    fn looked(&mut self, draft: &Draft, looked: Looked) -> Result<Json, Stop> {
        self.core.jobs.ring();
        match looked {
            Looked::There(output) => {
                (self.seq, self.passed) = (draft.seq.max(self.seq), draft.seq);
                Ok(output)
            }
            Looked::Failed(fault) => Err(failed(&fault)),
            Looked::Parked => Err(Stop(Why::Parked)),
        }
    }
}
