//! A job at work: its steps are answered from what was recorded as long as there is something, and done after that.

mod step;
mod undo;
mod wait;

pub use step::Step;
pub use undo::Undo;
pub use wait::Child;

use crate::{
    jobs::Jobs,
    model::{
        record::{Progress, Wish},
        saved::{CheckpointType, Saved},
        step::StepKind,
    },
    reasons::{JOB_LOST, NONDETERMINISTIC},
    store::{Ask, Lease, Record, StepRow, Store},
};
use error::{Error, reason};
use serde::Serialize;
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;
use value::{Id, Json};

/// Recorded steps that are read together.
const TRAIL: i64 = 500;
/// Between two saves of progress at least so long.
const PACE: Duration = Duration::from_secs(1);
/// Pauses between tries while the database is away: they double up to a second, so that work goes on soon after its return.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Why a run ends before its end. Hand it on with `?`; an [`Error`] turns into one that fails the job.
#[derive(Debug)]
pub struct Stop(pub(crate) Why);

#[derive(Debug)]
pub(crate) enum Why {
    /// The job fails with this error.
    Failed(Error),
    /// It waits, and its worker no longer has it.
    Parked,
    /// Another worker has it.
    Lost,
    /// It is to heed a wish.
    Asked,
    /// The process is about to stop.
    Shutdown,
}

impl Stop {
    /// The error of a step that failed; none where the run is only interrupted, and has to end at once.
    pub fn error(&self) -> Option<&Error> {
        match &self.0 {
            Why::Failed(error) => Some(error),
            _ => None,
        }
    }
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        let error = error.into();
        if error.is(&JOB_LOST) {
            return Self(Why::Lost);
        }
        Self(Why::Failed(error))
    }
}

/// What a run shares with its heartbeat.
#[derive(Debug)]
pub(crate) struct Signs {
    asked: Mutex<Ask>,
    lost: AtomicBool,
    pub(crate) nudge: Arc<Notify>,
    /// Wakes a pause of the run.
    wake: Notify,
    pub(crate) shutdown: CancellationToken,
}

impl Signs {
    pub(crate) fn new(nudge: Arc<Notify>, shutdown: CancellationToken) -> Self {
        Self {
            asked: Mutex::default(),
            lost: AtomicBool::new(false),
            nudge,
            wake: Notify::new(),
            shutdown,
        }
    }

    pub(crate) fn ask(&self, ask: Ask) {
        *self.asked.lock().expect("no panic while held") = ask;
        if ask.is_some() {
            self.wake.notify_one();
        }
    }

    pub(crate) fn lose(&self) {
        self.lost.store(true, Ordering::Relaxed);
        self.wake.notify_one();
    }

    fn wish(&self) -> Option<Wish> {
        *self.asked.lock().expect("no panic while held")
    }
}

/// What steps need of the job they belong to.
pub(crate) struct Core {
    pub(crate) jobs: Jobs,
    pub(crate) lease: Lease,
    pub(crate) signs: Arc<Signs>,
}

impl Core {
    pub(crate) fn store(&self) -> &Store {
        self.jobs.store()
    }

    /// Ends the run where it is not to go on.
    pub(crate) fn pass(&self) -> Result<(), Stop> {
        if self.signs.lost.load(Ordering::Relaxed) {
            return Err(Stop(Why::Lost));
        }
        if self.signs.wish().is_some() {
            return Err(Stop(Why::Asked));
        }
        if self.signs.shutdown.is_cancelled() {
            return Err(Stop(Why::Shutdown));
        }
        Ok(())
    }

    /// Pauses, unless something calls the run away.
    pub(crate) async fn pause(&self, pause: Duration) -> Result<(), Stop> {
        let until = Instant::now() + pause;
        while Instant::now() < until {
            self.pass()?;
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                () = self.signs.wake.notified() => {}
                () = self.signs.shutdown.cancelled() => {}
            }
        }
        self.pass()
    }

    /// Does something with the job's own database, again and again while that is away.
    pub(crate) async fn insist<T, F, Fut>(&self, work: F) -> Result<T, Error>
    where
        F: Fn() -> Fut + Send,
        Fut: Future<Output = Result<T, Error>> + Send,
    {
        let mut pause = FIRST_PAUSE;
        loop {
            match work().await {
                Err(error)
                    if error.is(&reason::STORAGE_UNAVAILABLE) || error.is(&reason::OVERLOADED) =>
                {
                    tracing::debug!(job = %self.lease.job, %error, "the database is away; the job waits");
                    if self.signs.shutdown.is_cancelled() {
                        return Err(error);
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                outcome => return outcome,
            }
        }
    }
}

/// A job at work.
pub struct Run {
    pub(crate) core: Core,
    record: Record,
    /// Recorded steps that have not been asked for yet.
    trail: VecDeque<StepRow>,
    /// Whether there are more of them in the database.
    more: bool,
    /// The last recorded step that was read.
    read: i64,
    /// The last step that counts and was passed.
    passed: i64,
    /// The greatest number that was given to a step.
    pub(crate) seq: i64,
    pub(crate) progress: Option<Progress>,
    saved: Instant,
}

impl Run {
    pub(crate) fn new(core: Core, record: Record, after: i64) -> Self {
        Self {
            core,
            seq: record.steps,
            record,
            trail: VecDeque::new(),
            more: true,
            read: after,
            passed: after,
            progress: None,
            saved: Instant::now(),
        }
    }

    /// The job's id.
    pub fn id(&self) -> Id {
        self.record.id
    }

    /// Whose the job is.
    pub fn tenant(&self) -> Id {
        self.record.tenant
    }

    /// The job as it was when this run of it began.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// How often the job was begun, this time included.
    pub fn attempt(&self) -> i32 {
        self.record.attempts
    }

    /// What the principal who submitted the job was allowed then; nobody's job is the platform's, and allowed everything.
    pub fn allows(&self, permission: &str) -> bool {
        let origin = self.record.origin();
        origin.principal.is_none() || auth::Permissions::new(&origin.permissions).allows(permission)
    }

    /// A step of this name, to be described further and done.
    pub fn step<T>(&mut self, name: impl Into<String>) -> Step<'_, T> {
        Step::new(self, name.into())
    }

    /// Says how far the job is: saved with the next step, or at once if none was saved for a second.
    ///
    /// # Errors
    /// Only what ends the run.
    pub async fn progress(
        &mut self,
        done: i64,
        total: i64,
        message: impl Into<String>,
    ) -> Result<(), Stop> {
        let progress = Progress {
            done,
            total,
            message: message.into(),
        };
        self.progress = Some(progress.clone());
        if self.saved.elapsed() < PACE {
            return Ok(());
        }
        self.core.pass()?;
        let (store, lease) = (self.core.store(), self.core.lease);
        let ask = self
            .core
            .insist(|| store.progress(lease, progress.clone()))
            .await?;
        self.noted(ask);
        Ok(())
    }

    /// Saves the job's state. A run after a crash begins with the latest saved state and needs no earlier step.
    ///
    /// # Errors
    /// Only what ends the run.
    pub async fn checkpoint<S: Serialize>(
        &mut self,
        sort: CheckpointType,
        name: &str,
        state: &S,
    ) -> Result<(), Stop> {
        self.fill().await?;
        if !self.trail.is_empty() {
            // It was saved when these steps were done, or the run would have begun later.
            return Ok(());
        }
        let state = serde_json::to_value(state).map_err(Error::internal)?;
        let progress = self
            .progress
            .clone()
            .unwrap_or_else(|| self.record.progress());
        let saved = Saved {
            state: Some(state),
            progress,
        };
        let (store, lease, seq) = (
            self.core.store(),
            self.core.lease,
            self.passed.max(self.seq),
        );
        let save = || store.save_state(lease, (sort, name.to_owned()), (seq, saved.clone()), None);
        Ok(self.core.insist(save).await?)
    }

    /// The recorded step at this place; none where the run has come to what was never done.
    pub(crate) async fn recorded(
        &mut self,
        name: &str,
        kind: StepKind,
    ) -> Result<Option<StepRow>, Stop> {
        self.fill().await?;
        let Some(row) = self.trail.pop_front() else {
            return Ok(None);
        };
        if row.name != name || row.kind != kind {
            let what = format!(
                "step {} is recorded as {} `{}`, and the job asks for {kind} `{name}`",
                row.seq, row.kind, row.name
            );
            return Err(Error::new(&NONDETERMINISTIC, what).into());
        }
        self.passed = row.seq;
        Ok(Some(row))
    }

    async fn fill(&mut self) -> Result<(), Stop> {
        if !self.trail.is_empty() || !self.more {
            return Ok(());
        }
        let (store, lease, read) = (self.core.store(), self.core.lease, self.read);
        let rows = self.core.insist(|| store.trail(lease, read, TRAIL)).await?;
        self.more = i64::try_from(rows.len()).unwrap_or(0) == TRAIL;
        if let Some(last) = rows.last() {
            self.read = last.seq;
        }
        self.trail = rows.into();
        Ok(())
    }

    /// Takes note of what a transaction said.
    pub(crate) fn noted(&mut self, ask: Ask) {
        self.saved = Instant::now();
        self.progress = None;
        self.core.signs.ask(ask);
    }

    /// Refuses an end before everything that was recorded was asked for.
    pub(crate) async fn at_end(&mut self) -> Result<(), Stop> {
        self.fill().await?;
        match self.trail.front() {
            None => Ok(()),
            Some(row) => {
                let what = format!(
                    "the job ends, and step {} `{}` is recorded after that",
                    row.seq, row.name
                );
                Err(Error::new(&NONDETERMINISTIC, what).into())
            }
        }
    }

    pub(crate) fn unsaved(&self) -> Option<Json> {
        self.progress
            .as_ref()
            .and_then(|progress| Json::of(progress).ok())
    }
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Run({} {}, step {})",
            self.record.kind, self.record.id, self.seq
        )
    }
}
