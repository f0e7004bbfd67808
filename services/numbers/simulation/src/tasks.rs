//! The writer: takes one run at a time, makes its rows batch by batch, and hands them to `warehouse`.
//!
//! A batch is named by run, entity and number, so that one that was written before a crash is not written twice. After each the place
//! is noted; whoever goes on, in this process or another, begins there.

use crate::{
    bell::Bell,
    calls::Warehouse,
    config::Config,
    convert,
    model::{
        rows::Batch,
        run::{Place, Run, RunState, Target},
        scenario::World,
    },
    store::{Claimed, Hold, Store},
};
use auth::Scope;
use error::{Error, Kind, Result};
use proto_data::tessera::warehouse::v1::{LoadRecordsRequest, WriteRecordsResponse};
use rpc::Shutdown;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use value::Id;

const REASON: &str = "run simulations";
/// Pauses between tries of a batch: they double up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Writes the rows of runs.
#[derive(Clone)]
pub(crate) struct Writer {
    /// Names this writer in leases.
    pub(crate) id: Id,
    /// The runs.
    pub(crate) store: Store,
    /// Where rows go.
    pub(crate) warehouse: Warehouse,
    /// Wakes who waits for runs to get on.
    pub(crate) bell: Bell,
    /// Settings.
    pub(crate) config: Arc<Config>,
}

type Batches = Box<dyn Iterator<Item = Batch> + Send>;

/// Why a writer leaves a run.
enum Leave {
    /// Somebody else has it now.
    Lost,
    /// It is to stop.
    Cancelled,
    /// The process is about to stop.
    Shutdown,
    /// It cannot go on, and says why.
    Failed(Error),
    /// Its own table cannot be reached.
    Broken(Error),
}

impl Writer {
    /// Takes one run after the other until shutdown.
    pub(crate) async fn run(self, shutdown: Shutdown) -> Result<()> {
        let mut ear = self.bell.listen();
        while !shutdown.has_begun() {
            let scope = Scope::system_all(REASON);
            let lease = self.config.lease.get();
            match self.store.claim(&scope, self.id, lease).await? {
                Some(claimed) => self.work(claimed, &shutdown).await?,
                None => {
                    shutdown.unless(ear.wait(self.config.poll.get())).await;
                }
            }
        }
        Ok(())
    }

    /// Works at a run until it ends, or this writer has to leave it.
    async fn work(&self, claimed: Claimed, shutdown: &Shutdown) -> Result<()> {
        let run = &claimed.run;
        let scope = Scope::system(run.tenant, REASON);
        self.bell.ring();
        tracing::info!(run = %run.id, scenario = run.task.scenario, again = claimed.again, "a run is written");
        let outcome = match run.cancel {
            true => Err(Leave::Cancelled),
            false => self.write(&claimed, &scope, shutdown).await,
        };
        let held = (run.id, self.id);
        let (state, message, error) = match outcome {
            Ok(()) => (
                RunState::Succeeded,
                "all rows are written".to_owned(),
                String::new(),
            ),
            Err(Leave::Cancelled) => (
                RunState::Cancelled,
                "was cancelled".to_owned(),
                String::new(),
            ),
            Err(Leave::Failed(error)) => {
                tracing::warn!(run = %run.id, reason = error.reason(), %error, "a run failed");
                (RunState::Failed, "failed".to_owned(), told(&error))
            }
            Err(Leave::Lost) => return Ok(()),
            Err(Leave::Shutdown) => return self.store.release(&scope, held).await.map(drop),
            Err(Leave::Broken(error)) => return Err(error),
        };
        self.store
            .finish(&scope, held, (state, message, error))
            .await?;
        self.bell.ring();
        Ok(())
    }

    async fn write(
        &self,
        claimed: &Claimed,
        scope: &Scope,
        shutdown: &Shutdown,
    ) -> Result<(), Leave> {
        let run = &claimed.run;
        let world = make(run).await.map_err(Leave::Failed)?;
        let mut total = run.rows_written;
        // The batch that a writer before this one had in hand may be there.
        let mut doubtful = claimed.again;
        for (index, target) in (0_u32..).zip(&run.task.targets) {
            if index < run.place.target {
                continue;
            }
            let first = if index == run.place.target {
                run.place.batch
            } else {
                0
            };
            let mut batches = begin(&world, target, run.task.batch_rows).await?;
            for number in 0_u32.. {
                let batch;
                (batches, batch) = next(batches).await.map_err(Leave::Failed)?;
                let Some(batch) = batch else { break };
                if number < first {
                    continue;
                }
                if shutdown.has_begun() {
                    return Err(Leave::Shutdown);
                }
                let rows = u64::from(batch.rows);
                let load = convert::batch::load(run, target, number, batch);
                let done = self.load((run, scope), load, shutdown).await?;
                check(target, &done, doubtful).map_err(Leave::Failed)?;
                (total, doubtful) = (total + rows, false);
                let place = Place {
                    target: index,
                    batch: number + 1,
                };
                let message = format!(
                    "writes {}: {total} of {} rows",
                    target.entity, run.task.rows_total
                );
                let note = (place, rows, message);
                let lease = self.config.lease.get();
                let hold = self
                    .store
                    .advance(scope, (run.id, self.id), note, lease)
                    .await;
                self.bell.ring();
                go_on(hold)?;
            }
        }
        Ok(())
    }

    /// Hands a batch over, again and again while that may help.
    async fn load(
        &self,
        (run, scope): (&Run, &Scope),
        batch: LoadRecordsRequest,
        shutdown: &Shutdown,
    ) -> Result<WriteRecordsResponse, Leave> {
        let held = (run.id, self.id);
        let (started, mut pause) = (Instant::now(), FIRST_PAUSE);
        loop {
            let call = self
                .warehouse
                .load(batch.clone(), self.config.batch_timeout.get());
            let error = match self.while_held(scope, held, call).await? {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            let passes = error.kind().is_transient() || error.kind() == Kind::DeadlineExceeded;
            if !passes || started.elapsed() + pause > self.config.patience.get() {
                return Err(Leave::Failed(error));
            }
            let words = format!("waits for warehouse: {}", error.message());
            go_on(self.store.tell(scope, held, words).await)?;
            self.bell.ring();
            let pause_now = error
                .retry_after()
                .map_or(pause, |asked| asked.max(pause).min(LONGEST_PAUSE));
            let slept = self
                .while_held(scope, held, shutdown.sleep(pause_now))
                .await?;
            if !slept {
                return Err(Leave::Shutdown);
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Does something that may take long, and says all the while that this writer is at work.
    async fn while_held<T>(
        &self,
        scope: &Scope,
        held: (Id, Id),
        work: impl Future<Output = T>,
    ) -> Result<T, Leave> {
        let lease = self.config.lease.get();
        tokio::pin!(work);
        loop {
            match tokio::time::timeout(lease / 4, &mut work).await {
                Ok(done) => return Ok(done),
                Err(_) => match self.store.renew(scope, held, lease).await {
                    // What is in hand is finished first.
                    Ok(Hold::Kept | Hold::Cancelled) => {}
                    Ok(Hold::Lost) => return Err(Leave::Lost),
                    Err(error) => return Err(Leave::Broken(error)),
                },
            }
        }
    }
}

/// Makes the world of a run, beside the calls of others: it is arithmetic.
async fn make(run: &Run) -> Result<Arc<dyn World>> {
    let task = run.task.clone();
    let world = tokio::task::spawn_blocking(move || task.world()).await;
    Ok(Arc::from(world.map_err(Error::internal)??))
}

/// Makes the batches of an entity, likewise.
async fn begin(world: &Arc<dyn World>, target: &Target, size: u32) -> Result<Batches, Leave> {
    let (world, entity) = (world.clone(), target.entity.clone());
    let made = tokio::task::spawn_blocking(move || {
        let rows = world.rows(&entity)?;
        Some(Box::new(rows.batches(size)) as Batches)
    });
    let made = made
        .await
        .map_err(|error| Leave::Failed(Error::internal(error)))?;
    made.ok_or_else(|| unknown(target))
}

/// Makes the next batch, likewise.
async fn next(mut batches: Batches) -> Result<(Batches, Option<Batch>)> {
    let made = tokio::task::spawn_blocking(move || {
        let batch = batches.next();
        (batches, batch)
    });
    made.await.map_err(Error::internal)
}

fn unknown(target: &Target) -> Leave {
    let words = format!(
        "a stored run writes `{}`, which its scenario does not know",
        target.entity
    );
    Leave::Failed(Error::internal(words))
}

fn go_on(hold: Result<Hold>) -> Result<(), Leave> {
    match hold {
        Ok(Hold::Kept) => Ok(()),
        Ok(Hold::Cancelled) => Err(Leave::Cancelled),
        Ok(Hold::Lost) => Err(Leave::Lost),
        Err(error) => Err(Leave::Broken(error)),
    }
}

/// Fails where `warehouse` refused rows, or left some out that should not have been there.
fn check(target: &Target, done: &WriteRecordsResponse, doubtful: bool) -> Result<()> {
    let entity = &target.entity;
    if done.failed > 0 {
        let first = done.results.iter().find(|result| !result.reason.is_empty());
        let why = first.map_or(String::new(), |result| {
            format!(
                "; the first: {} {}: {}",
                result.attribute, result.reason, result.description
            )
        });
        let words = format!("warehouse refused {} rows of {entity}{why}", done.failed);
        return Err(Error::new(&error::reason::FAILED_PRECONDITION, words));
    }
    if done.skipped > 0 && !doubtful {
        let words = format!(
            "{} rows of {entity} have keys that others have: choose another `id_prefix`",
            done.skipped
        );
        return Err(Error::new(&error::reason::ALREADY_EXISTS, words));
    }
    Ok(())
}

/// What people read of a failure.
fn told(error: &Error) -> String {
    let mut words = format!("{}: {}", error.reason(), error.message());
    if let [_, _, ..] = error.violations() {
        for violation in error.violations().iter().take(3) {
            words += &format!("; {} {}", violation.field, violation.description);
        }
    }
    words
}
