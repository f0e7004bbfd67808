//! The job that writes a run: it makes the rows batch by batch and hands them to `warehouse`.
//!
//! Each batch is a step, named as its request is, so that one that was written before a crash is not written twice. What the run shows
//! of its state is brought up to date in the transactions that the job gets on by.

use crate::{
    calls::Warehouse,
    config::Config,
    convert,
    model::{
        rows::Batch,
        run::{Place, Run, Target},
        scenario::World,
    },
    store::Store,
};
use auth::Scope;
use db::{Conn, Failure};
use error::{Error, Kind, Result};
use jobs::{Change, CheckpointType, Job, Retry, Stop, Submission, Undo};
use proto_data::tessera::warehouse::v1::{LoadRecordsRequest, WriteRecordsResponse};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const REASON: &str = "run simulations";
/// What undoes a batch.
const TAKE_AWAY: &str = "take away";
/// After so many batches the place is saved, so that a later run of the job needs no earlier step.
const SAVED_EACH: u32 = 20;

/// Writes the rows of runs. The job of a run has the run's id.
pub(crate) struct WriteRun {
    /// The runs.
    pub(crate) store: Store,
    /// Where rows go.
    pub(crate) warehouse: Warehouse,
    /// Settings.
    pub(crate) config: Arc<Config>,
}

/// What people see of a run's job beside its title.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    /// Code of the scenario.
    pub(crate) scenario: String,
    /// Seed.
    pub(crate) seed: u64,
    /// Rows in all.
    pub(crate) rows: u64,
}

/// What a run's job gives.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Written {
    /// Rows that were written.
    rows: u64,
}

/// The job of a run.
pub(crate) fn job(run: &Run) -> Submission<Order> {
    let task = &run.task;
    let day = formula::calendar::date_text;
    let title = format!(
        "Writes the rows of {}, {} to {}",
        task.scenario,
        day(task.span.start),
        day(task.span.end)
    );
    let order = Order {
        scenario: task.scenario.clone(),
        seed: task.seed,
        rows: task.rows_total,
    };
    Submission {
        id: Some(run.id),
        title,
        ..Submission::new(order)
    }
}

type Batches = Box<dyn Iterator<Item = Batch> + Send>;

impl Job for WriteRun {
    const KIND: &'static str = "simulation.run";
    const TITLE: &'static str = "Writes the rows of a scenario";
    const LIMIT_PER_TENANT: i32 = 1;
    const UNDOES: &'static [&'static str] = &[TAKE_AWAY];
    type Input = Order;
    type State = Place;
    type Output = Written;

    async fn run(&self, job: &mut jobs::Run, _: Order, from: Place) -> Result<Written, Stop> {
        let scope = Scope::system(job.tenant(), REASON);
        let run = self.store.run(&scope, job.id()).await?;
        let world = make(&run).await?;
        let mut place = from;
        // The batch that a worker before this one had in hand may be there.
        let mut doubtful = job.attempt() > 1;
        for (index, target) in (0_u32..).zip(&run.task.targets) {
            if index < from.target {
                continue;
            }
            let first = if index == from.target { from.batch } else { 0 };
            let mut batches = begin(&world, target, run.task.batch_rows).await?;
            for number in 0_u32.. {
                let batch;
                (batches, batch) = next(batches).await?;
                let Some(batch) = batch else { break };
                if number < first {
                    continue;
                }
                place = Place {
                    target: index,
                    batch: number + 1,
                    rows: place.rows + u64::from(batch.rows),
                };
                let load = convert::batch::load(&run, target, number, batch);
                let written = self.write(job, (&run, target), (place, load), doubtful);
                doubtful &= !written.await?;
                if place.batch.is_multiple_of(SAVED_EACH) {
                    job.checkpoint(CheckpointType::Step, &target.entity, &place)
                        .await?;
                }
            }
        }
        Ok(Written { rows: place.rows })
    }

    async fn undo(&self, undo: &mut Undo) -> Result<(), Stop> {
        let entity: String = undo.input()?;
        if undo.to_seq() > 0 {
            let why = format!(
                "rows of one batch of {entity} cannot be told from those of the others: \
                 roll the run back to its beginning, or let it go on"
            );
            return undo.stays(why).await;
        }
        let scope = Scope::system(undo.tenant(), REASON);
        let run = self.store.run(&scope, undo.job()).await?;
        // All of the entity's at once; for the batches before this one there is nothing left to do.
        self.warehouse.unload(&run, &entity).await?;
        Ok(())
    }

    fn changed(&self, conn: &mut Conn, change: &Change<'_>) -> Result<(), Failure> {
        self.store.follow(conn, change)
    }
}

impl WriteRun {
    /// Hands a batch over, and notes how far the run is; false where that had been done before.
    async fn write(
        &self,
        job: &mut jobs::Run,
        (run, target): (&Run, &Target),
        (place, load): (Place, LoadRecordsRequest),
        doubtful: bool,
    ) -> Result<bool, Stop> {
        let (entity, total) = (&target.entity, run.task.rows_total);
        let words = format!("writes {entity}: {} of {total} rows", place.rows);
        let note = self.store.advance(run, place.rows, words.clone());
        let mut done_now = false;
        let retry = Retry::lasting(self.config.patience.get());
        job.step::<u64>(format!("{entity}/{}", place.batch - 1))
            .input(&load.request_id)
            .retry(retry)
            .undo(TAKE_AWAY, entity)
            .reaches(convert::long(place.rows), convert::long(total), words)
            .call_then(
                |_| {
                    done_now = true;
                    self.load(run, target, load.clone(), doubtful)
                },
                move |c, _| note(c),
            )
            .await?;
        Ok(done_now)
    }

    async fn load(
        &self,
        run: &Run,
        target: &Target,
        load: LoadRecordsRequest,
        doubtful: bool,
    ) -> Result<u64> {
        let timeout = self.config.batch_timeout.get();
        match self.warehouse.load(load, timeout).await {
            Ok(done) => {
                check(target, &done, doubtful)?;
                Ok(u64::try_from(done.inserted).unwrap_or(0))
            }
            Err(error) => {
                if error.kind().is_transient() || error.kind() == Kind::DeadlineExceeded {
                    let words = format!("waits for warehouse: {}", error.message());
                    let scope = Scope::system(run.tenant, REASON);
                    self.store.tell(&scope, run.id, words).await?;
                }
                Err(error)
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
async fn begin(world: &Arc<dyn World>, target: &Target, size: u32) -> Result<Batches> {
    let (world, entity) = (world.clone(), target.entity.clone());
    let made = tokio::task::spawn_blocking(move || {
        let rows = world.rows(&entity)?;
        Some(Box::new(rows.batches(size)) as Batches)
    });
    let made = made.await.map_err(Error::internal)?;
    made.ok_or_else(|| {
        let words = format!(
            "a stored run writes `{}`, which its scenario does not know",
            target.entity
        );
        Error::internal(words)
    })
}

/// Makes the next batch, likewise.
async fn next(mut batches: Batches) -> Result<(Batches, Option<Batch>)> {
    let made = tokio::task::spawn_blocking(move || {
        let batch = batches.next();
        (batches, batch)
    });
    made.await.map_err(Error::internal)
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
