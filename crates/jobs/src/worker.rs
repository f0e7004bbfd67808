//! Workers: they take jobs that are due, keep their leases by heartbeats, and end them.

mod unwind;

use crate::{
    job::Kind,
    jobs::Jobs,
    model::{record::Fault, state::State},
    run::{Core, Run, Signs, Stop, Why},
    store::{Claimed, Lease, Record},
};
use error::{Error, reason};
use futures::FutureExt;
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use value::{Id, Json};

/// Pauses while the database is away: they double up to a second, so that work goes on soon after its return.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Between two looks at least so long, unless somebody rings.
const SHORTEST_LOOK: Duration = Duration::from_millis(2);
/// How long the step in hand may take to end when the process is told to stop.
const GRACE: Duration = Duration::from_secs(3);
/// How often what ended long ago is looked for.
const SWEEP: Duration = Duration::from_secs(10 * 60);

/// What a look for jobs gave.
enum Round {
    /// Nothing to take; in that time there may be something, or who knows when.
    Nothing(Option<Duration>),
    /// These.
    Taken(Vec<(Claimed, OwnedSemaphorePermit)>),
}

impl Jobs {
    /// Works at jobs until `stop`, and gives back those it has.
    pub async fn work(self, stop: CancellationToken) {
        self.ends_with(&stop);
        if self.kinds().is_empty() {
            return;
        }
        let worker = Id::new();
        let slots = Arc::new(Semaphore::new(usize::from(self.config().workers)));
        let mut running = JoinSet::new();
        let mut pause = FIRST_PAUSE;
        let mut swept: Option<Instant> = None;
        while !stop.is_cancelled() {
            while running.try_join_next().is_some() {}
            // It listens before it looks, so that nothing falls between.
            let mut ear = self.listen();
            ear.mark_unchanged();
            let round = self.round(worker, &slots, &mut swept).await;
            match round {
                Ok(Round::Nothing(soon)) => {
                    pause = FIRST_PAUSE;
                    let poll = self.config().poll.get();
                    let most = soon.map_or(poll, |soon| soon.clamp(SHORTEST_LOOK, poll));
                    let wait = async {
                        let _ = tokio::time::timeout(most, ear.changed()).await;
                    };
                    stop.run_until_cancelled(wait).await;
                }
                Ok(Round::Taken(claimed)) => {
                    pause = FIRST_PAUSE;
                    self.tell();
                    for (claimed, permit) in claimed {
                        let (jobs, stop) = (self.clone(), stop.clone());
                        // Events that the job puts into the outbox belong to what it belongs to.
                        let origin = Arc::new(Belongs(claimed.record.origin().correlation_id));
                        let work = async move {
                            jobs.clone().attend(worker, claimed, stop).await;
                            drop(permit);
                            jobs.ring();
                        };
                        running.spawn(db::origin::within(origin, work));
                    }
                }
                Err(error) => {
                    tracing::warn!(service = self.service(), %error, "no jobs can be taken");
                    stop.run_until_cancelled(tokio::time::sleep(pause)).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// Takes what there is room for.
    async fn round(
        &self,
        worker: Id,
        slots: &Arc<Semaphore>,
        swept: &mut Option<Instant>,
    ) -> Result<Round, Error> {
        if swept.is_none_or(|at| at.elapsed() > SWEEP) {
            *swept = Some(Instant::now());
            self.sweep().await?;
        }
        let next = self.store().next().await?;
        if next.schedule.is_some_and(|left| left.is_zero()) {
            self.store().submit_due().await?;
        } else if !next.job.is_some_and(|left| left.is_zero()) {
            let soon = [next.job, next.schedule].into_iter().flatten().min();
            return Ok(Round::Nothing(soon));
        }
        let mut permits = Vec::new();
        while let Ok(permit) = slots.clone().try_acquire_owned() {
            permits.push(permit);
        }
        if permits.is_empty() {
            return Ok(Round::Nothing(None));
        }
        let lease = self.config().lease.get();
        let claimed = self.store().claim(worker, lease, permits.len()).await?;
        if claimed.is_empty() {
            // Others have what is due, or there is no room within its limits.
            return Ok(Round::Nothing(None));
        }
        Ok(Round::Taken(claimed.into_iter().zip(permits).collect()))
    }

    /// Forgets what ended long ago; done by workers from time to time.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE` if the database is.
    pub async fn sweep(&self) -> Result<(), Error> {
        let config = self.config();
        let forgotten = self.store().forget(config.keep.get()).await?;
        let dropped = self.store().compact(config.compact_after.get()).await?;
        if forgotten + dropped > 0 {
            tracing::info!(
                service = self.service(),
                forgotten,
                dropped,
                "old jobs were forgotten, and steps of long ones"
            );
        }
        Ok(())
    }

    /// Works at one job until it ends or leaves this worker.
    async fn attend(self, worker: Id, claimed: Claimed, stop: CancellationToken) {
        let record = claimed.record;
        let lease = Lease {
            tenant: record.tenant,
            job: record.id,
            worker,
            fence: record.attempts,
            span: self.config().lease.get(),
        };
        let Some(kind) = self.kinds().find(&record.kind) else {
            return;
        };
        let nudge = self.hold(record.id);
        let signs = Arc::new(Signs::new(nudge.clone(), stop));
        signs.ask(record.wish());
        let core = || Core {
            jobs: self.clone(),
            lease,
            signs: signs.clone(),
        };
        tracing::debug!(job = %record.id, kind = record.kind, attempt = record.attempts, "a job is taken up");
        let id = record.id;
        let work = async {
            if record.state == State::RollingBack {
                self.unwind(kind.as_ref(), core()).await
            } else {
                self.forward(kind.as_ref(), core(), record).await
            }
        };
        let grace = async {
            signs.shutdown.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        let beats = core();
        tokio::select! {
            outcome = AssertUnwindSafe(work).catch_unwind() => self.settle(&core(), outcome).await,
            () = beats.beat() => tracing::warn!(job = %id, "another worker has the job now"),
            () = grace => self.settle(&core(), Ok(Err(Stop(Why::Shutdown)))).await,
        }
        self.let_go(id, &nudge);
    }

    async fn forward(&self, kind: &dyn Kind, core: Core, record: Record) -> Result<(), Stop> {
        core.pass()?;
        let (store, lease) = (self.store(), core.lease);
        let saved = core.insist(|| store.latest_state(lease)).await?;
        let (after, state) = match saved {
            Some((after, state)) => (after, Some(state)),
            None => (0, None),
        };
        let input = record.input.clone();
        let mut run = Run::new(core, record, after);
        let output = kind.run(&mut run, input, state).await?;
        run.at_end().await?;
        let progress = run.unsaved();
        let finish = || {
            let (output, progress) = (output.clone(), progress.clone());
            store.leave(
                lease,
                State::Succeeded,
                "is done".to_owned(),
                move |record, _| {
                    record.output = Some(output.clone());
                    record.error = None;
                    if let Some(progress) = &progress {
                        record.progress = progress.clone();
                    }
                    Ok(())
                },
            )
        };
        Ok(run.core.insist(finish).await?)
    }

    /// Ends the worker's hold as the outcome of the run asks for.
    async fn settle(&self, core: &Core, outcome: std::thread::Result<Result<(), Stop>>) {
        let (store, lease) = (self.store(), core.lease);
        let why = match outcome {
            Ok(Ok(())) | Ok(Err(Stop(Why::Parked | Why::Lost))) => return,
            Ok(Err(Stop(why))) => why,
            Err(panic) => Why::Failed(Error::internal(format!(
                "the job panicked: {}",
                said(&*panic)
            ))),
        };
        let ended = match why {
            Why::Shutdown => {
                // Whoever is there goes on at once; if this does not go through, the lease ends.
                store.give_back(lease, "its process stops").await
            }
            // Where nothing is asked any more it goes on at once.
            Why::Asked => match core.insist(|| store.heed(lease)).await {
                Ok(false) => {
                    core.insist(|| store.give_back(lease, "nothing is asked of it any more"))
                        .await
                }
                heeded => heeded.map(drop),
            },
            Why::Failed(error) if error.is(&reason::STORAGE_UNAVAILABLE) => {
                let wait = crate::Wait {
                    kind: crate::WaitKind::Retry,
                    name: String::new(),
                    until: None,
                };
                core.insist(|| store.wait(lease, wait.clone(), LONGEST_PAUSE))
                    .await
            }
            Why::Failed(error) => {
                tracing::warn!(job = %lease.job, reason = error.reason(), %error, "a job failed");
                let fault = Fault::from(&error);
                let fail = || {
                    let fault = fault.clone();
                    let words = format!("{}: {}", fault.reason, fault.message);
                    store.leave(lease, State::Failed, words, move |record, _| {
                        record.error = Some(Json::of(&fault).map_err(Error::internal)?);
                        Ok(())
                    })
                };
                core.insist(fail).await
            }
            Why::Parked | Why::Lost => Ok(()),
        };
        if let Err(error) = ended {
            tracing::warn!(job = %lease.job, %error, "a job's end was not noted; it is taken up again when its lease ends");
        }
    }
}

/// What a job belongs to.
struct Belongs(String);

impl db::origin::Origin for Belongs {
    fn correlation(&self) -> Option<String> {
        Some(self.0.clone()).filter(|id| !id.is_empty())
    }
}

impl Core {
    /// Keeps the lease until it is lost, and hears what is asked of the job.
    async fn beat(&self) {
        let (store, lease) = (self.store(), self.lease);
        let mut pause = lease.span / 3;
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.signs.nudge.notified() => {}
            }
            pause = match store.beat(lease).await {
                Ok(ask) => {
                    self.signs.ask(ask);
                    lease.span / 3
                }
                Err(error) if error.is(&crate::reasons::JOB_LOST) => {
                    // The run may have ended it itself just now: then it settles, and this is cut.
                    self.signs.lose();
                    tokio::time::sleep(GRACE).await;
                    return;
                }
                Err(error) => {
                    tracing::debug!(job = %lease.job, %error, "a heartbeat failed");
                    FIRST_PAUSE.min(lease.span / 3)
                }
            };
        }
    }
}

/// What a panic said.
fn said(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
