//! One step: described, then done in the service's own database or elsewhere.

use super::{Run, Stop, Why};
use crate::{
    model::{
        record::{Fault, Progress, Wait, WaitKind},
        retry::Retry,
        step::{Score, StepKind, StepState, UndoState},
    },
    reasons::{JOB_LOST, NONDETERMINISTIC},
    store::{Draft, StepRow},
};
use db::{Conn, Failure};
use error::{Error, reason};
use serde::{Serialize, de::DeserializeOwned};
use std::{sync::Arc, time::Duration};
use value::{Json, Time};

/// A pause longer than this is spent without a worker.
const SHORT: Duration = Duration::from_secs(5);

type Scoring<T> = Arc<dyn Fn(&T) -> Score + Send + Sync>;

/// A step that is being described.
#[must_use = "a step is done by `local` or `call`"]
pub struct Step<'r, T> {
    run: &'r mut Run,
    name: String,
    input: Option<Json>,
    retry: Retry,
    undo: (UndoState, String, Option<Json>),
    score: Option<Scoring<T>>,
    after: Option<Progress>,
    bad: Option<Error>,
}

impl<'r, T> Step<'r, T> {
    pub(super) fn new(run: &'r mut Run, name: String) -> Self {
        Self {
            run,
            name,
            input: None,
            retry: Retry::default(),
            undo: (UndoState::Missing, String::new(), None),
            score: None,
            after: None,
            bad: None,
        }
    }

    /// Records what the step is given, for whoever looks at the history.
    pub fn input(mut self, input: &impl Serialize) -> Self {
        self.input = self.json(input);
        self
    }

    /// Tries it again by this rule.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Rolling back undoes it by this compensation of the kind, with this input.
    pub fn undo(mut self, name: &str, input: &impl Serialize) -> Self {
        self.undo = (UndoState::Ready, name.to_owned(), self.json(input));
        self
    }

    /// It has no effect: rolling back needs nothing.
    pub fn pure(mut self) -> Self {
        self.undo = (UndoState::Needless, String::new(), None);
        self
    }

    /// How far the job is once it is done; saved in the transaction that records it.
    pub fn reaches(mut self, done: i64, total: i64, message: impl Into<String>) -> Self {
        self.after = Some(Progress {
            done,
            total,
            message: message.into(),
        });
        self
    }

    /// Scores its result.
    pub fn score(mut self, score: impl Fn(&T) -> Score + Send + Sync + 'static) -> Self {
        self.score = Some(Arc::new(score));
        self
    }

    fn json(&mut self, value: &impl Serialize) -> Option<Json> {
        match Json::of(value) {
            Ok(json) => Some(json),
            Err(cause) => {
                self.bad = Some(Error::internal(cause));
                None
            }
        }
    }
}

/// Where a step stands when the run comes to it.
enum Stands {
    Done(Json),
    Failed(Fault),
    /// To be done; some tries may have been made.
    Open(Box<Draft>),
}

impl<T> Step<'_, T>
where
    T: Serialize + DeserializeOwned + Send + 'static,
{
    /// Changes the service's own database: the effect and the step are one transaction, so it is done exactly once. The closure may run
    /// again when others interfered, so it must have no effect but on the connection.
    ///
    /// # Errors
    /// What the closure refused, once it is not tried again; or what ends the run.
    pub async fn local<F>(self, work: F) -> Result<T, Stop>
    where
        F: Fn(&mut Conn) -> Result<T, Failure> + Send + Sync + 'static,
    {
        let (this, mut draft) = match self.stands(StepKind::Local).await? {
            (_, Stands::Done(output)) => return decode(output),
            (_, Stands::Failed(fault)) => return Err(failed(&fault)),
            (this, Stands::Open(draft)) => (this, draft),
        };
        let score = this.score.clone();
        let effect = Arc::new(move |c: &mut Conn| {
            let value = work(c)?;
            let score = score
                .as_ref()
                .map_or_else(Score::default, |score| score(&value));
            Ok((Json::of(&value).map_err(Error::internal)?, score))
        });
        loop {
            this.run.core.pass()?;
            draft.attempts += 1;
            let (core, mut done) = (&this.run.core, Draft::clone(&draft));
            done.progress = this.after.clone().or(done.progress);
            let (store, lease) = (core.store(), core.lease);
            let step = || store.step(lease, done.clone(), (effect.clone(), false));
            match core.insist(step).await {
                Ok(recorded) => {
                    this.run.stepped(draft.seq, recorded.ask);
                    return decode(recorded.output);
                }
                Err(error) => this.run.failed(&mut draft, (this.retry, error)).await?,
            }
        }
    }

    /// Does something elsewhere under a key that is the same in every try of this step, and records it. It is done at least once; with the
    /// key, whoever does it can do it once.
    ///
    /// # Errors
    /// What the work gave, once it is not tried again; or what ends the run.
    pub async fn call<F, Fut>(self, work: F) -> Result<T, Stop>
    where
        F: FnMut(String) -> Fut + Send,
        Fut: Future<Output = Result<T, Error>> + Send,
    {
        self.done_elsewhere(work, |_, _| Ok(()), true).await
    }

    /// The same, with an effect in the service's own database in the transaction that records the step.
    ///
    /// # Errors
    /// See [`Step::call`].
    pub async fn call_then<F, Fut, R>(self, work: F, record: R) -> Result<T, Stop>
    where
        F: FnMut(String) -> Fut + Send,
        Fut: Future<Output = Result<T, Error>> + Send,
        R: Fn(&mut Conn, &Json) -> Result<(), Failure> + Send + Sync + 'static,
    {
        self.done_elsewhere(work, record, false).await
    }

    async fn done_elsewhere<F, Fut, R>(self, mut work: F, record: R, alone: bool) -> Result<T, Stop>
    where
        F: FnMut(String) -> Fut + Send,
        Fut: Future<Output = Result<T, Error>> + Send,
        R: Fn(&mut Conn, &Json) -> Result<(), Failure> + Send + Sync + 'static,
    {
        let (this, mut draft) = match self.stands(StepKind::Call).await? {
            (_, Stands::Done(output)) => return decode(output),
            (_, Stands::Failed(fault)) => return Err(failed(&fault)),
            (this, Stands::Open(draft)) => (this, draft),
        };
        let record = Arc::new(record);
        if draft.began.is_none() && draft.undo == UndoState::Ready {
            this.run.core.pass()?;
            let core = &this.run.core;
            let (store, lease) = (core.store(), core.lease);
            let begin = || store.begin_step(lease, Draft::clone(&draft));
            let (began, ask) = core.insist(begin).await?;
            draft.began = Some(began);
            this.run.seq = draft.seq;
            this.run.noted(ask);
        }
        loop {
            this.run.core.pass()?;
            draft.attempts += 1;
            let key = format!("{}:{}", this.run.id(), draft.seq);
            match work(key).await {
                Ok(value) => {
                    let score = this
                        .score
                        .as_ref()
                        .map_or_else(Score::default, |score| score(&value));
                    let output = Json::of(&value).map_err(Error::internal)?;
                    let (record, given) = (record.clone(), output.clone());
                    let effect = Arc::new(move |c: &mut Conn| {
                        record(c, &given)?;
                        Ok((given.clone(), score))
                    });
                    draft.progress = this.after.clone().or_else(|| this.run.progress.clone());
                    let core = &this.run.core;
                    let (store, lease) = (core.store(), core.lease);
                    let step = || store.step(lease, Draft::clone(&draft), (effect.clone(), alone));
                    let recorded = core.insist(step).await?;
                    this.run.stepped(draft.seq, recorded.ask);
                    return decode(recorded.output);
                }
                Err(error) => this.run.failed(&mut draft, (this.retry, error)).await?,
            }
        }
    }

    /// What was recorded of the step, or a draft of it.
    async fn stands(mut self, kind: StepKind) -> Result<(Self, Stands), Stop> {
        if let Some(bad) = self.bad.take() {
            return Err(bad.into());
        }
        let row = self.run.recorded(&self.name, kind).await?;
        let stands = match row {
            Some(row) if row.state == StepState::Done => {
                Stands::Done(row.output.unwrap_or_default())
            }
            Some(row) if row.state == StepState::Failed => {
                let fault = row.error.as_ref().and_then(|fault| fault.read().ok());
                Stands::Failed(fault.unwrap_or(Fault {
                    reason: reason::INTERNAL.name.to_owned(),
                    message: "it failed".to_owned(),
                }))
            }
            row => Stands::Open(Box::new(self.draft(kind, row))),
        };
        Ok((self, stands))
    }

    fn draft(&self, kind: StepKind, row: Option<StepRow>) -> Draft {
        let (undo, undo_name, undo_input) = self.undo.clone();
        Draft {
            seq: row.as_ref().map_or(self.run.seq + 1, |row| row.seq),
            name: self.name.clone(),
            kind,
            input: self.input.clone(),
            attempts: row.as_ref().map_or(0, |row| row.attempts),
            max_attempts: row
                .as_ref()
                .map_or(self.retry.attempts, |row| row.max_attempts),
            undo,
            undo_name,
            undo_input,
            began: row.map(|row| row.created_at),
            progress: self.run.progress.clone(),
        }
    }
}

impl Run {
    fn stepped(&mut self, seq: i64, ask: crate::store::Ask) {
        (self.seq, self.passed) = (seq.max(self.seq), seq);
        self.noted(ask);
        self.core.jobs.tell();
    }

    /// Notes a failed try and pauses before the next one; fails once there is none.
    async fn failed(
        &mut self,
        draft: &mut Draft,
        (retry, error): (Retry, Error),
    ) -> Result<(), Stop> {
        if error.is(&JOB_LOST) {
            return Err(Stop(Why::Lost));
        }
        if self.core.signs.shutdown.is_cancelled() && error.is(&reason::STORAGE_UNAVAILABLE) {
            return Err(Stop(Why::Shutdown));
        }
        let pause = retry.pause(draft.attempts, draft.max_attempts, &error);
        let (jobs, lease, fault) = (self.core.jobs.clone(), self.core.lease, Fault::from(&error));
        let store = jobs.store();
        tracing::debug!(job = %lease.job, step = draft.name, tries = draft.attempts, %error, "a step failed");
        let end = (pause.is_none(), retry.patience);
        let note = || store.fail_step(lease, Draft::clone(draft), fault.clone(), end);
        let (began, ask, given_up) = self.core.insist(note).await?;
        let pause = pause.filter(|_| !given_up);
        draft.began = Some(began);
        self.seq = draft.seq.max(self.seq);
        self.noted(ask);
        self.core.jobs.tell();
        match pause {
            None => Err(Stop(Why::Failed(error))),
            Some(pause) if pause <= SHORT => self.core.pause(pause).await,
            Some(pause) => {
                let wait = Wait {
                    kind: WaitKind::Retry,
                    name: draft.name.clone(),
                    until: None::<Time>,
                };
                self.core
                    .insist(|| store.wait(lease, wait.clone(), pause))
                    .await?;
                Err(Stop(Why::Parked))
            }
        }
    }
}

fn decode<T: DeserializeOwned>(output: Json) -> Result<T, Stop> {
    output.read().map_err(|cause| {
        let what = "a recorded result is not of the type that the job expects now";
        Error::new(&NONDETERMINISTIC, what)
            .with_source(cause)
            .into()
    })
}

/// The failure of a step that was recorded.
pub(super) fn failed(fault: &Fault) -> Stop {
    Error::new(&reason::FAILED_PRECONDITION, fault.message.clone())
        .with_metadata("cause", fault.reason.clone())
        .into()
}
