//! What is kept of a job, through the contract: transitions, steps, checkpoints, how it is classified, and what others hear.

use crate::{
    contract::{Client, reason},
    kinds::*,
    support::*,
};
use jobs::{CheckpointType, Kinds, State, Submission};
use proto::tessera::jobs::v1::{self as pb, jobs_service_server::JobsService};
use std::sync::atomic::Ordering;
use tonic::Request;
use value::Id;

impl Client {
    pub async fn states(&self, job: &str) -> Vec<pb::StateChange> {
        let ask = pb::ListStatesRequest {
            service: "things".into(),
            tenant_id: self.tenant.clone(),
            job_id: job.into(),
            ..Default::default()
        };
        let page = self.contract.list_states(Request::new(ask)).await.unwrap();
        page.into_inner().states
    }

    async fn checkpoints(&self, job: &str) -> Vec<pb::Checkpoint> {
        let ask = pb::ListCheckpointsRequest {
            service: "things".into(),
            tenant_id: self.tenant.clone(),
            job_id: job.into(),
            ..Default::default()
        };
        let page = self.contract.list_checkpoints(Request::new(ask)).await;
        page.unwrap().into_inner().checkpoints
    }

    async fn classify(
        &self,
        job: &str,
        level: pb::SecurityLevel,
        paths: &[&str],
    ) -> Result<pb::Job, tonic::Status> {
        let ask = pb::ClassifyJobRequest {
            service: "things".into(),
            tenant_id: self.tenant.clone(),
            job_id: job.into(),
            security_level: level.into(),
            compliance_tags: vec!["hipaa".into()],
            update_mask: Some(prost_types::FieldMask {
                paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            }),
            ..Default::default()
        };
        let answer = self.contract.classify_job(Request::new(ask)).await?;
        Ok(answer.into_inner())
    }
}

both! {
    /// Proves: OP-01, OP-02, OP-03, OP-04
    async fn each_transition_says_when_who_and_how_long(bench) {
        let jobs = bench.jobs(quick(), Kinds::new().with(Count));
        let (client, scope) = (Client::of(bench, &jobs), bench.scope());
        let job = jobs.submit::<Count>(&scope, Submission::new(To { steps: 3, each: 0 })).await.unwrap();
        jobs.pause(&scope, as_is(job.id), by()).await.unwrap();
        jobs.resume(&scope, as_is(job.id), by()).await.unwrap();
        let worker = Worker::start(&jobs);
        until(&jobs, &scope, job.id, State::Succeeded).await;
        worker.stop().await;
        use pb::JobState::*;
        let states = client.states(&job.id.to_string()).await;
        let told: Vec<_> = states.iter().map(|s| (s.from_state(), s.to_state(), s.automatic)).collect();
        let expected = [
            (Unspecified, Queued, true),
            (Queued, Paused, false),
            (Paused, Queued, false),
            (Queued, Running, true),
            (Running, Succeeded, true),
        ];
        assert_eq!(told, expected);
        assert!(states.iter().map(|s| s.number).eq(1..=5));
        assert_eq!((states[1].actor.as_str(), states[1].reason.as_str()), ("user:me", "because"));
        let micros = |time: &prost_types::Timestamp| time.seconds * 1_000_000 + i64::from(time.nanos) / 1_000;
        for pair in states.windows(2) {
            let (before, after) = (pair[0].change_time.unwrap(), pair[1].change_time.unwrap());
            let lasted = pair[1].time_in_previous.unwrap();
            assert_eq!(lasted.seconds * 1_000_000 + i64::from(lasted.nanos) / 1_000, micros(&after) - micros(&before));
        }
        // Others hear the same, each version once and in order.
        let heard = bench.told(job.id).await;
        let turns: Vec<_> = heard.iter().map(|told| (told.from_state(), told.job.as_ref().unwrap().state())).collect();
        assert!(turns.iter().copied().filter(|(from, to)| from != to).eq(expected.iter().map(|(from, to, _)| (*from, *to))));
        assert!(heard.iter().map(|told| told.job.as_ref().unwrap().version).is_sorted_by(|a, b| a < b));
    }

    /// Proves: OP-11, OP-12, OP-13, OP-14, OP-15
    async fn each_step_says_what_it_did(bench) {
        let flaky = Flaky::default();
        let jobs = bench.jobs(quick(), Kinds::new().with(Count).with(flaky.clone()));
        let (client, scope) = (Client::of(bench, &jobs), bench.scope());
        let worker = Worker::start(&jobs);
        let job = jobs.submit::<Count>(&scope, Submission::new(To { steps: 3, each: 0 })).await.unwrap();
        until(&jobs, &scope, job.id, State::Succeeded).await;
        let steps = client.steps(&job.id.to_string(), 2).await;
        assert!(steps.iter().map(|step| step.seq).eq(1..=3));
        for (number, step) in (1..).zip(&steps) {
            let number: i32 = number;
            assert_eq!((step.input.clone(), step.output.clone()), (number.to_string(), number.to_string()));
            assert_eq!((step.quality, step.confidence), (Some(0.9), Some(0.5)));
            assert_eq!((step.state(), step.attempts, step.error.is_none()), (pb::StepState::Done, 1, true));
            assert!(step.start_time.is_some() && step.end_time.is_some());
            assert_eq!(step.compensation.as_ref().unwrap().name, "take back");
        }
        flaky.0.store(9, Ordering::Relaxed);
        let job = jobs.submit::<Flaky>(&scope, Submission::new(3)).await.unwrap();
        until(&jobs, &scope, job.id, State::Failed).await;
        let step = client.steps(&job.id.to_string(), 10).await.remove(0);
        assert_eq!((step.state(), step.attempts, step.max_attempts), (pb::StepState::Failed, 3, 3));
        let error = step.error.unwrap();
        assert_eq!((error.reason.as_str(), error.message.as_str()), ("FAILED_PRECONDITION", "not yet"));
        worker.stop().await;
    }

    /// Proves: OP-06, OP-07, OP-08, OP-09, OP-10
    async fn checkpoints_are_of_four_sorts_and_go_with_their_job(bench) {
        let gather = Gather::default();
        let jobs = bench.jobs(quick(), Kinds::new().with(gather.clone()));
        let (client, scope) = (Client::of(bench, &jobs), bench.scope());
        let worker = Worker::start(&jobs);
        let job = jobs.submit::<Gather>(&scope, Submission::new(3_000)).await.unwrap();
        until(&jobs, &scope, job.id, State::Succeeded).await;
        let id = job.id.to_string();
        let own = client.checkpoints(&id).await;
        assert!(own.iter().map(|saved| saved.seq).eq([3, 2, 1]), "the newest first");
        assert!(own.iter().all(|saved| saved.r#type() == pb::CheckpointType::Milestone && saved.resumable));
        assert!(own.iter().all(|saved| saved.encoding == "gzip" && saved.stored_size * 10 < saved.size));
        for sort in [CheckpointType::Manual, CheckpointType::Automatic, CheckpointType::Step, CheckpointType::Milestone] {
            let wanted = pb::CheckpointType::from_str_name(&format!("CHECKPOINT_TYPE_{}", sort.as_str().to_uppercase())).unwrap();
            let ask = pb::CreateCheckpointRequest {
                service: "things".into(),
                tenant_id: client.tenant.clone(),
                job_id: id.clone(),
                r#type: wanted.into(),
                name: sort.as_str().into(),
                ..Default::default()
            };
            let made = client.contract.create_checkpoint(Request::new(ask)).await.unwrap().into_inner();
            assert_eq!((made.r#type(), made.seq, made.sha256.len()), (wanted, 3, 64));
        }
        assert_eq!(client.checkpoints(&id).await.len(), 7);
        // Back to the first milestone: the run begins with the state that was saved there.
        client.roll_back(&id, &own[2].id).await.unwrap();
        until(&jobs, &scope, job.id, State::RolledBack).await;
        let left = client.checkpoints(&id).await;
        assert!(left.iter().all(|saved| saved.seq <= 1), "what was saved later is gone");
        client.resume(&id).await;
        let done = until(&jobs, &scope, job.id, State::Succeeded).await;
        assert_eq!(done.output.unwrap().0, 3_000);
        assert_eq!(*gather.0.lock().unwrap(), [0, 1_000]);
        // With its job a checkpoint is gone.
        jobs.delete(&scope, as_is(job.id), by()).await.unwrap();
        let ask = pb::GetCheckpointRequest {
            service: "things".into(),
            tenant_id: client.tenant.clone(),
            job_id: id.clone(),
            checkpoint_id: own[2].id.clone(),
        };
        assert_eq!(reason(client.contract.get_checkpoint(Request::new(ask)).await.unwrap_err()), "NOT_FOUND");
        let last = bench.told(job.id).await.pop().unwrap();
        assert!(last.deleted && last.actor == "user:me" && !last.automatic);
        assert_eq!(last.from_state(), pb::JobState::Succeeded);
        worker.stop().await;
    }

    /// A damaged checkpoint is not used; where a job halts, the platform saves it by itself.
    async fn a_halt_is_saved_and_damage_is_seen(bench) {
        let jobs = bench.jobs(quick(), Kinds::new().with(Mixed::default()));
        let (client, scope) = (Client::of(bench, &jobs), bench.scope());
        let worker = Worker::start(&jobs);
        let job = jobs.submit::<Mixed>(&scope, Submission::new(true)).await.unwrap();
        until(&jobs, &scope, job.id, State::Failed).await;
        let id = job.id.to_string();
        let saved = client.checkpoints(&id).await;
        assert_eq!((saved.len(), saved[0].r#type(), saved[0].seq), (1, pb::CheckpointType::Automatic, 6));
        assert_eq!(saved[0].actor, "system:jobs");
        bench.by_hand("UPDATE job_checkpoints SET sha256 = 'x'".into()).await;
        assert_eq!(reason(client.roll_back(&id, &saved[0].id).await.unwrap_err()), "CHECKPOINT_DAMAGED");
        let nowhere = client.roll_back(&id, &Id::new().to_string()).await.unwrap_err();
        assert_eq!(reason(nowhere), "NOT_FOUND");
        worker.stop().await;
    }

    /// Proves: OP-23, OP-24, OP-25
    async fn a_job_is_classified_and_that_is_noted(bench) {
        let jobs = bench.jobs(quick(), Kinds::new().with(Count));
        let client = Client::of(bench, &jobs);
        let job = client.submit(r#"{"steps":1}"#).await.unwrap();
        let restricted = pb::SecurityLevel::Restricted;
        let secret = client.classify(&job.id, restricted, &["security_level"]).await.unwrap();
        assert_eq!((secret.security_level(), secret.compliance_tags.as_slice()), (restricted, ["gdpr".to_owned()].as_slice()));
        assert_eq!(client.classify(&job.id, restricted, &["security_level"]).await.unwrap().etag, secret.etag, "twice is once");
        let tagged = client.classify(&job.id, pb::SecurityLevel::Internal, &[]).await.unwrap();
        assert_eq!((tagged.security_level(), tagged.compliance_tags.as_slice()), (pb::SecurityLevel::Internal, ["hipaa".to_owned()].as_slice()));
        let wrong = client.classify(&job.id, restricted, &["title"]).await.unwrap_err();
        assert_eq!(reason(wrong), "INVALID_FIELD_MASK");
        let states = client.states(&job.id).await;
        let noted: Vec<_> = states.iter().filter(|s| s.from_state == s.to_state).collect();
        assert_eq!(noted.len(), 2);
        assert!(noted[0].reason.contains("security level 2 to 3") && noted[1].reason.contains("`gdpr` to `hipaa`"), "{noted:?}");
        assert!(noted.iter().all(|s| !s.actor.is_empty() && s.change_time.is_some()));
        let heard = bench.told(job.id.parse().unwrap()).await;
        assert_eq!(heard[1].job.as_ref().unwrap().security_level(), restricted);
        assert_eq!(heard[2].job.as_ref().unwrap().compliance_tags, ["hipaa"]);
    }

    /// Of two things that are asked of a worker the stronger counts.
    async fn rolling_back_counts_more_than_a_pause(bench) {
        let jobs = bench.jobs(quick(), Kinds::new().with(Count));
        let scope = bench.scope();
        let job = jobs.submit::<Count>(&scope, Submission::new(To { steps: 2_000, each: 0 })).await.unwrap();
        let worker = Worker::start(&jobs);
        until(&jobs, &scope, job.id, State::Running).await;
        // Nobody is nudged: the wishes are there before the worker looks.
        jobs.roll_back(&scope, as_is(job.id), None, by()).await.unwrap();
        let later = jobs.pause(&scope, as_is(job.id), by()).await;
        assert!(later.is_ok() || later.unwrap_err().reason() == "JOB_STATE");
        let back = until(&jobs, &scope, job.id, State::RolledBack).await;
        assert_eq!(back.rollback().unwrap().not_undone_count, 0);
        assert_eq!(bench.effects(job.id).await, Vec::<i64>::new());
        worker.stop().await;
    }
}
