//! The contract over the jobs of a service, without a network: checkpoints, histories, schedules, tenants.

use crate::{kinds::*, support::*};
use jobs::{Contract, Jobs, Kinds, State};
use proto::tessera::jobs::v1::{self as pb, jobs_service_server::JobsService};
use tonic::{Request, Status};
use value::Id;

pub struct Client {
    pub contract: Contract,
    pub tenant: String,
}

impl Client {
    pub fn of(bench: &Bench, jobs: &Jobs) -> Self {
        let contract = Contract::new();
        contract.add(jobs.clone());
        Self {
            contract,
            tenant: bench.tenant.to_string(),
        }
    }

    pub async fn submit(&self, input: &str) -> Result<pb::Job, Status> {
        let ask = pb::SubmitJobRequest {
            service: "things".into(),
            tenant_id: self.tenant.clone(),
            kind: "things.count".into(),
            input: input.into(),
            compliance_tags: vec!["gdpr".into()],
            security_level: pb::SecurityLevel::Confidential.into(),
            ..Default::default()
        };
        Ok(self
            .contract
            .submit_job(Request::new(ask))
            .await?
            .into_inner())
    }

    pub async fn checkpoint(&self, job: &str, name: &str, seconds: i64) -> pb::Checkpoint {
        let ask = pb::CreateCheckpointRequest {
            service: "things".into(),
            tenant_id: self.tenant.clone(),
            job_id: job.into(),
            name: name.into(),
            keep: (seconds > 0).then_some(prost_types::Duration { seconds, nanos: 0 }),
            ..Default::default()
        };
        self.contract
            .create_checkpoint(Request::new(ask))
            .await
            .unwrap()
            .into_inner()
    }

    pub async fn children(&self, parent: &str) -> Vec<pb::Job> {
        let ask = pb::ListJobsRequest {
            service: "things".into(),
            tenant_id: self.tenant.clone(),
            parent_id: parent.into(),
            ..Default::default()
        };
        let page = self.contract.list_jobs(Request::new(ask)).await;
        page.unwrap().into_inner().jobs
    }

    pub async fn roll_back(&self, job: &str, checkpoint: &str) -> Result<pb::Job, Status> {
        let ask = pb::RollBackJobRequest {
            service: "things".into(),
            tenant_id: self.tenant.clone(),
            job_id: job.into(),
            checkpoint_id: checkpoint.into(),
            reason: "was wrong".into(),
            ..Default::default()
        };
        Ok(self
            .contract
            .roll_back_job(Request::new(ask))
            .await?
            .into_inner())
    }

    pub async fn steps(&self, job: &str, size: i32) -> Vec<pb::Step> {
        let mut all = Vec::new();
        let mut token = String::new();
        loop {
            let ask = pb::ListStepsRequest {
                service: "things".into(),
                tenant_id: self.tenant.clone(),
                job_id: job.into(),
                page_size: size,
                page_token: token,
            };
            let page = self
                .contract
                .list_steps(Request::new(ask))
                .await
                .unwrap()
                .into_inner();
            all.extend(page.steps);
            if page.next_page_token.is_empty() {
                return all;
            }
            token = page.next_page_token;
        }
    }

    pub async fn resume(&self, job: &str) -> pb::Job {
        let ask = pb::ResumeJobRequest {
            service: "things".into(),
            tenant_id: self.tenant.clone(),
            job_id: job.into(),
            ..Default::default()
        };
        self.contract
            .resume_job(Request::new(ask))
            .await
            .unwrap()
            .into_inner()
    }
}

pub fn reason(status: Status) -> String {
    error::Error::from(status).reason().to_owned()
}

both! {
    /// Proves: OP-06, OP-08, OP-09, OP-11, OP-15, OP-25
    async fn a_job_goes_back_to_a_checkpoint_and_on_from_there(bench) {
        let jobs = bench.jobs(quick(), Kinds::new().with(Count));
        let worker = Worker::start(&jobs);
        let (client, scope) = (Client::of(bench, &jobs), bench.scope());
        let job = client.submit(r#"{"steps":6}"#).await.unwrap();
        assert_eq!((job.compliance_tags.clone(), job.security_level()), (vec!["gdpr".to_owned()], pb::SecurityLevel::Confidential));
        let id: Id = job.id.parse().unwrap();
        until(&jobs, &scope, id, State::Succeeded).await;
        let at_end = client.checkpoint(&job.id, "the end", 0).await;
        assert_eq!((at_end.seq, at_end.r#type()), (6, pb::CheckpointType::Manual));
        let short = client.checkpoint(&job.id, "short", 1).await;
        bench.by_hand(format!("UPDATE job_checkpoints SET expires_at = created_at WHERE name = '{}'", short.name)).await;
        assert_eq!(reason(client.roll_back(&job.id, &short.id).await.unwrap_err()), "CHECKPOINT_EXPIRED");
        // Back to after the third step, as if the checkpoint had been made there.
        bench.by_hand("UPDATE job_checkpoints SET seq = 3".into()).await;
        client.roll_back(&job.id, &at_end.id).await.unwrap();
        let back = until(&jobs, &scope, id, State::RolledBack).await;
        assert_eq!((back.rollback().unwrap().undone, back.progress().done), (3, 6));
        assert_eq!(bench.effects(id).await, [1, 2, 3]);
        assert_eq!(client.resume(&job.id).await.state(), pb::JobState::Queued);
        until(&jobs, &scope, id, State::Succeeded).await;
        assert_eq!(bench.effects(id).await, [1, 2, 3, 4, 5, 6]);
        let steps = client.steps(&job.id, 2).await;
        assert!(steps.iter().map(|step| step.seq).eq(1..=9), "history keeps what was undone");
        let undone: Vec<_> = steps.iter().filter(|step| step.rolled_back).map(|step| step.seq).collect();
        assert_eq!(undone, [4, 5, 6]);
        assert_eq!((steps[0].input.as_str(), steps[0].output.as_str(), steps[0].quality), ("1", "1", Some(0.9)));
        worker.stop().await;
    }

    /// Proves: OP-05, OP-07, OP-10
    async fn what_is_asked_wrongly_is_refused(bench) {
        let jobs = bench.jobs(quick(), Kinds::new().with(Count).with(Mixed::default()));
        let client = Client::of(bench, &jobs);
        assert_eq!(reason(client.submit("{").await.unwrap_err()), "INVALID_REQUEST");
        assert_eq!(reason(client.submit(r#"{"steps":"x"}"#).await.unwrap_err()), "JOB_INPUT");
        let job = client.submit(r#"{"steps":1}"#).await.unwrap();
        client.checkpoint(&job.id, "first", 0).await;
        let stranger = Client { tenant: Id::new().to_string(), contract: client.contract.clone() };
        assert_eq!(reason(stranger.roll_back(&job.id, "").await.unwrap_err()), "NOT_FOUND");
        let nobody = Client { tenant: String::new(), contract: client.contract.clone() };
        assert_eq!(reason(nobody.roll_back(&job.id, "").await.unwrap_err()), "INVALID_REQUEST");
        let ask = pb::ListStatesRequest {
            service: "things".into(),
            tenant_id: client.tenant.clone(),
            job_id: Id::new().to_string(),
            ..Default::default()
        };
        assert_eq!(reason(client.contract.list_states(Request::new(ask)).await.unwrap_err()), "NOT_FOUND");
    }

    async fn the_same_request_is_one_checkpoint(bench) {
        let jobs = bench.jobs(quick(), Kinds::new().with(Count));
        let client = Client::of(bench, &jobs);
        let job = client.submit(r#"{"steps":1}"#).await.unwrap();
        let other = client.submit(r#"{"steps":2}"#).await.unwrap();
        let ask = |job: &pb::Job, name: &str, request: &str| pb::CreateCheckpointRequest {
            service: "things".into(),
            tenant_id: client.tenant.clone(),
            job_id: job.id.clone(),
            name: name.into(),
            request_id: request.into(),
            ..Default::default()
        };
        let make = async |ask| client.contract.create_checkpoint(Request::new(ask)).await.map(tonic::Response::into_inner);
        let first = make(ask(&job, "a", "once")).await.unwrap();
        assert_eq!(make(ask(&job, "a", "once")).await.unwrap(), first);
        for wrong in [ask(&job, "b", "once"), ask(&other, "a", "once")] {
            assert_eq!(reason(make(wrong).await.unwrap_err()), "REQUEST_ID_REUSED");
        }
        assert_ne!(make(ask(&job, "a", "twice")).await.unwrap().id, first.id);
        assert_ne!(make(ask(&job, "a", "")).await.unwrap().id, make(ask(&job, "a", "")).await.unwrap().id);
    }
}
