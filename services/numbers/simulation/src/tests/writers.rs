//! The job of a run: workers that end and others that go on, batches that count once, and what is asked of it as of any operation.

use super::*;
use db::diesel::{self, RunQueryDsl};
use proto::tessera::jobs::v1::{self as pb, jobs_service_client::JobsServiceClient};
use std::time::Duration;
use value::{Clock, Time};

impl World {
    /// The lease of whoever works at a run ends, as of a process that stands still.
    async fn end_leases(&self) {
        let scope = auth::Scope::system_all("test");
        let end = |c: &mut db::Conn| {
            let sql = "UPDATE jobs SET due_at = created_at WHERE lease_owner IS NOT NULL";
            diesel::sql_query(sql).execute(c)?;
            Ok(())
        };
        self.bench.db().claim(&scope, end).await.unwrap();
        self.bench.jobs().ring();
    }

    async fn batches(&self, count: usize) {
        let there = async || (self.warehouse.calls().len() == count).then_some(());
        eventually("so many batches", there).await;
    }

    fn operator(&self) -> JobsServiceClient<Channel> {
        JobsServiceClient::new(self.bench.process_for_admin())
    }

    async fn job(&self, id: &str) -> pb::Job {
        let ask = pb::GetJobRequest {
            service: "simulation".to_owned(),
            job_id: id.to_owned(),
            ..Default::default()
        };
        self.operator().get_job(ask).await.unwrap().into_inner()
    }

    async fn steps(&self, id: &str) -> Vec<pb::Step> {
        let ask = pb::ListStepsRequest {
            service: "simulation".to_owned(),
            job_id: id.to_owned(),
            page_size: 500,
            ..Default::default()
        };
        let page = self.operator().list_steps(ask).await.unwrap();
        page.into_inner().steps
    }

    async fn roll_back(&self, id: &str, checkpoint: &str) {
        let ask = pb::RollBackJobRequest {
            service: "simulation".to_owned(),
            job_id: id.to_owned(),
            checkpoint_id: checkpoint.to_owned(),
            ..Default::default()
        };
        self.operator().roll_back_job(ask).await.unwrap();
    }
}

testkit::both! {
    /// A run is an operation: its steps are its batches, and both say the same of how far it is.
    async fn a_run_is_a_job(world: World) {
        let run = world.written(story()).await;
        assert_eq!(run.operation, run.id);
        let job = world.job(&run.operation).await;
        assert_eq!((job.kind.as_str(), job.state()), ("simulation.run", pb::JobState::Succeeded));
        assert_eq!(job.title, "Writes the rows of health_retention, 2025-01-01 to 2025-02-01");
        let progress = job.progress.unwrap();
        assert_eq!((progress.done, progress.total), (run.rows_written, run.rows_total));
        assert_eq!(job.output, format!("{{\"rows\":{}}}", run.rows_written));
        assert_eq!(job.principal_id, world.bench.admin_principal().id.to_string());
        let steps = world.steps(&run.id).await;
        let names: Vec<_> = steps.iter().map(|step| step.name.clone()).collect();
        assert_eq!(names, world.warehouse.calls());
        assert!(steps.iter().all(|step| step.attempts == 1));
    }

    /// A process stands still; another worker takes its run over, and the first one then moves nothing.
    async fn a_run_is_taken_over_when_its_lease_ends(world: World) {
        world.warehouse.let_pass(Some(2));
        let run = create(&mut world.admin(), story()).await.unwrap();
        world.batches(3).await;
        world.end_leases().await;
        world.batches(4).await;
        assert_eq!(get(&mut world.admin(), &run.id).await.unwrap().rows_written, 200);
        world.warehouse.let_pass(None);
        let done = world.until(&run.id, RunState::Succeeded).await;
        assert_eq!((done.error.as_str(), done.rows_written), ("", done.rows_total));
        assert_eq!(world.warehouse.count(world.bench.tenant(), "policy"), 2_090);
        assert_eq!(world.warehouse.calls()[..5], ["policy/0", "policy/1", "policy/2", "policy/2", "policy/3"]);
        let job = world.job(&run.id).await;
        assert_eq!((job.attempts, usize::try_from(job.steps).unwrap()), (2, world.warehouse.calls().len() - 1));
    }

    /// The batch in doubt counts once, also where the names of batches are forgotten.
    async fn a_batch_in_doubt_counts_once(world: World) {
        world.warehouse.let_pass(Some(4));
        let run = create(&mut world.admin(), story()).await.unwrap();
        world.batches(5).await;
        world.end_leases().await;
        world.batches(6).await;
        // The first one's batch is written, and its name forgotten, before the second one's comes in.
        world.warehouse.let_pass(Some(1));
        eventually("the batch in hand", async || (world.warehouse.count(world.bench.tenant(), "policy") == 500).then_some(())).await;
        world.warehouse.forget();
        world.warehouse.let_pass(None);
        let done = world.until(&run.id, RunState::Succeeded).await;
        assert_eq!((done.error.as_str(), done.rows_written), ("", done.rows_total));
        assert_eq!(world.warehouse.calls()[4..7], ["policy/4", "policy/4", "policy/5"], "it begins with the batch in doubt");
        assert_eq!(world.warehouse.count(world.bench.tenant(), "policy"), 2_090);
    }

    /// Issue 5, 1: leases go by the database's clock, so that nothing comes of a clock that steps.
    async fn a_clock_that_steps_takes_nothing_over(world: World) {
        world.warehouse.let_pass(Some(1));
        let run = create(&mut world.admin(), story()).await.unwrap();
        world.batches(2).await;
        let (clock, hour) = (world.bench.clock(), Duration::from_secs(3_600));
        let start = clock.now();
        clock.advance(hour);
        world.bench.jobs().ring();
        world.warehouse.let_pass(Some(3));
        world.batches(5).await;
        clock.set(Time::from_micros(start.micros() - 3_600_000_000));
        world.bench.jobs().ring();
        world.warehouse.let_pass(None);
        world.until(&run.id, RunState::Succeeded).await;
        let job = world.job(&run.id).await;
        assert_eq!(job.attempts, 1, "nobody took it over");
        assert_eq!(usize::try_from(job.steps).unwrap(), world.warehouse.calls().len(), "each batch once");
        let lasted = job.end_time.unwrap().seconds - job.start_time.unwrap().seconds;
        assert!((0..600).contains(&lasted), "{lasted}");
    }

    /// Somebody else's tool halts it: the run says so, and goes on when it is told to.
    async fn a_run_is_halted_and_goes_on(world: World) {
        world.warehouse.let_pass(Some(3));
        let run = create(&mut world.admin(), story()).await.unwrap();
        world.batches(4).await;
        let ask = pb::PauseJobRequest { service: "simulation".to_owned(), job_id: run.id.clone(), ..Default::default() };
        world.operator().pause_job(ask).await.unwrap();
        world.warehouse.let_pass(Some(1));
        eventually("the halt", async || (world.job(&run.id).await.state() == pb::JobState::Paused).then_some(())).await;
        let halted = get(&mut world.admin(), &run.id).await.unwrap();
        assert_eq!((halted.state(), halted.message.as_str(), halted.rows_written), (RunState::Running, "is halted", 400));
        world.warehouse.let_pass(None);
        let ask = pb::ResumeJobRequest { service: "simulation".to_owned(), job_id: run.id.clone(), ..Default::default() };
        world.operator().resume_job(ask).await.unwrap();
        let done = world.until(&run.id, RunState::Succeeded).await;
        assert_eq!(done.rows_written, done.rows_total);
    }

    /// Rolled back to its beginning a run's rows are gone; to somewhere within they stay, and that is told.
    async fn a_run_is_rolled_back(world: World) {
        let run = world.written(story()).await;
        let ask = pb::ListCheckpointsRequest { service: "simulation".to_owned(), job_id: run.id.clone(), ..Default::default() };
        let saved = world.operator().list_checkpoints(ask).await.unwrap().into_inner().checkpoints;
        assert_eq!(saved.last().map(|saved| saved.seq), Some(20));
        world.roll_back(&run.id, &saved[saved.len() - 1].id).await;
        let back = world.until(&run.id, RunState::Cancelled).await;
        assert!(back.message.starts_with("was rolled back; the rows of "), "{}", back.message);
        let told = world.job(&run.id).await.rollback.unwrap();
        assert!(told.undone == 0 && told.not_undone[0].reason.contains("cannot be told from"), "{told:?}");
        // It goes on from there, and writes nothing twice.
        let ask = pb::ResumeJobRequest { service: "simulation".to_owned(), job_id: run.id.clone(), ..Default::default() };
        world.operator().resume_job(ask).await.unwrap();
        let again = world.until(&run.id, RunState::Succeeded).await;
        assert_eq!(again.rows_written, run.rows_total);
        assert_eq!(world.warehouse.count(world.bench.tenant(), "policy"), 2_090);
        world.roll_back(&run.id, "").await;
        let gone = world.until(&run.id, RunState::Reverted).await;
        assert_eq!(gone.message, "its rows were taken away");
        assert_eq!(world.warehouse.keys("policy").len() + world.warehouse.keys("member").len(), 0);
        world.written(story()).await;
    }

    /// What failed goes on from the batch that failed, unless another world is in the way by then.
    async fn a_run_that_failed_goes_on(world: World) {
        world.warehouse.let_pass(Some(1));
        let run = create(&mut world.admin(), story()).await.unwrap();
        world.batches(2).await;
        world.warehouse.moods([fakes::Mood::Refuses]);
        world.warehouse.let_pass(None);
        world.until(&run.id, RunState::Failed).await;
        let ask = pb::ResumeJobRequest { service: "simulation".to_owned(), job_id: run.id.clone(), ..Default::default() };
        let other = v1::CreateRunRequest { allow_overlap: true, ..ask_beside() };
        let beside = world.written(other).await;
        let refused = Error::from(world.operator().resume_job(ask.clone()).await.unwrap_err());
        assert_eq!((refused.reason(), &refused.metadata()["run"]), ("SCENARIO_ALREADY_LOADED", &beside.id));
        revert(&mut world.admin(), &beside.id).await.unwrap();
        world.operator().resume_job(ask.clone()).await.unwrap();
        let done = world.until(&run.id, RunState::Succeeded).await;
        assert_eq!((done.error.as_str(), done.rows_written), ("", done.rows_total));
        // Rows that were taken away do not come back.
        revert(&mut world.admin(), &run.id).await.unwrap();
        let refused = Error::from(world.operator().resume_job(ask).await.unwrap_err());
        assert_eq!(refused.reason(), "JOB_STATE");
    }

    /// Shutdown waits for the batch in hand, and writes no other.
    async fn a_writer_stops_with_its_process(world: World) {
        world.warehouse.let_pass(Some(1));
        create(&mut world.admin(), story()).await.unwrap();
        world.batches(2).await;
        let World { bench, warehouse, .. } = world;
        let stopped = testkit::tokio::spawn(bench.stop());
        testkit::tokio::task::yield_now().await;
        warehouse.let_pass(Some(1));
        assert!(stopped.await.unwrap());
        assert!(warehouse.calls().len() <= 3, "{:?}", warehouse.calls());
    }
}

/// Another world in the days of the story.
fn ask_beside() -> v1::CreateRunRequest {
    let parameters = [("start_count", "50"), ("id_prefix", "beside")];
    ask("churn_spike", "2025-01-15", "2025-03-15", &parameters)
}
