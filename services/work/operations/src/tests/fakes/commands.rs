//! What the owner that is played answers: jobs are begun and changed here; histories and schedules have files of their own.

use super::owner::{Owner, ended};
use crate::tests::job_of;
use proto::tessera::jobs::v1::{jobs_service_server::JobsService, *};
use tonic::{Request, Response, Status};

/// What a method answers.
pub(super) type Answer<T> = Result<Response<T>, Status>;

/// A message as an answer.
pub(super) fn answer<T>(message: T) -> Answer<T> {
    Ok(Response::new(message))
}

#[tonic::async_trait]
impl JobsService for Owner {
    async fn list_kinds(&self, request: Request<ListKindsRequest>) -> Answer<ListKindsResponse> {
        assert_eq!(request.get_ref().service, "simulation");
        let kind = Kind {
            name: "simulation.run".to_owned(),
            title: "Writes a world".to_owned(),
            open: true,
            ..Default::default()
        };
        answer(ListKindsResponse { kinds: vec![kind] })
    }

    async fn submit_job(&self, request: Request<SubmitJobRequest>) -> Answer<Job> {
        self.hear("submit", &request);
        let ask = request.into_inner();
        let tenant = ask.tenant_id.parse().unwrap();
        let job = job_of(tenant, |job| {
            job.kind = ask.kind;
            job.title = ask.title;
            job.input = ask.input;
            job.schedule_id = ask.schedule_id;
            job.security_level = ask.security_level;
            job.compliance_tags = ask.compliance_tags;
            job.set_state(JobState::Queued);
        });
        self.put(job.clone());
        answer(job)
    }

    async fn get_job(&self, request: Request<GetJobRequest>) -> Answer<Job> {
        let ask = request.into_inner();
        answer(self.of(&ask.job_id, &ask.tenant_id)?)
    }

    async fn list_states(&self, request: Request<ListStatesRequest>) -> Answer<ListStatesResponse> {
        self.on_list_states(&request)
    }

    async fn list_steps(&self, request: Request<ListStepsRequest>) -> Answer<ListStepsResponse> {
        self.on_list_steps(&request)
    }

    async fn list_checkpoints(
        &self,
        request: Request<ListCheckpointsRequest>,
    ) -> Answer<ListCheckpointsResponse> {
        self.on_list_checkpoints(&request)
    }

    async fn get_checkpoint(&self, request: Request<GetCheckpointRequest>) -> Answer<Checkpoint> {
        self.on_get_checkpoint(&request)
    }

    async fn create_checkpoint(
        &self,
        request: Request<CreateCheckpointRequest>,
    ) -> Answer<Checkpoint> {
        self.on_create_checkpoint(&request)
    }

    async fn cancel_job(&self, request: Request<CancelJobRequest>) -> Answer<Job> {
        self.hear("cancel", &request);
        let ask = request.into_inner();
        let open = !ended(&self.of(&ask.job_id, &ask.tenant_id)?);
        answer(self.step_into(&ask.job_id, &ask.tenant_id, JobState::Cancelled, open)?)
    }

    async fn pause_job(&self, request: Request<PauseJobRequest>) -> Answer<Job> {
        self.hear("pause", &request);
        let ask = request.into_inner();
        let open = !ended(&self.of(&ask.job_id, &ask.tenant_id)?);
        answer(self.step_into(&ask.job_id, &ask.tenant_id, JobState::Paused, open)?)
    }

    async fn resume_job(&self, request: Request<ResumeJobRequest>) -> Answer<Job> {
        self.hear("resume", &request);
        let ask = request.into_inner();
        let state = self.of(&ask.job_id, &ask.tenant_id)?.state();
        let halted = matches!(state, JobState::Paused | JobState::Failed);
        answer(self.step_into(&ask.job_id, &ask.tenant_id, JobState::Queued, halted)?)
    }

    async fn signal_job(&self, request: Request<SignalJobRequest>) -> Answer<Job> {
        self.hear("signal", &request);
        let ask = request.into_inner();
        answer(self.of(&ask.job_id, &ask.tenant_id)?)
    }

    async fn roll_back_job(&self, request: Request<RollBackJobRequest>) -> Answer<Job> {
        self.hear("roll back", &request);
        let ask = request.into_inner();
        self.of(&ask.job_id, &ask.tenant_id)?;
        let job = self.change(&ask.job_id, |job| {
            job.set_state(JobState::RolledBack);
            job.rollback = Some(Rollback {
                checkpoint_id: ask.checkpoint_id,
                undone: 3,
                not_undone: vec![NotUndone {
                    seq: 2,
                    name: "send".to_owned(),
                    reason: "it has no compensation".to_owned(),
                }],
                not_undone_count: 1,
            });
        })?;
        answer(job)
    }

    async fn classify_job(&self, request: Request<ClassifyJobRequest>) -> Answer<Job> {
        self.hear("classify", &request);
        let ask = request.into_inner();
        self.of(&ask.job_id, &ask.tenant_id)?;
        let named = ask.update_mask.clone().unwrap_or_default().paths;
        let job = self.change(&ask.job_id, |job| {
            if named.iter().any(|path| path == "security_level") {
                job.security_level = ask.security_level;
            }
            if named.iter().any(|path| path == "compliance_tags") {
                job.compliance_tags.clone_from(&ask.compliance_tags);
            }
        })?;
        answer(job)
    }

    async fn delete_job(&self, request: Request<DeleteJobRequest>) -> Answer<DeleteJobResponse> {
        self.hear("delete", &request);
        let ask = request.into_inner();
        if !ended(&self.of(&ask.job_id, &ask.tenant_id)?) {
            let refused =
                error::Error::new(&error::reason::FAILED_PRECONDITION, "it has not ended");
            return Err(refused.into());
        }
        self.lose(&ask.job_id);
        answer(DeleteJobResponse {})
    }

    async fn list_schedules(
        &self,
        request: Request<ListSchedulesRequest>,
    ) -> Answer<ListSchedulesResponse> {
        self.on_list_schedules(&request)
    }

    async fn get_schedule(&self, request: Request<GetScheduleRequest>) -> Answer<Schedule> {
        self.on_get_schedule(&request)
    }

    async fn create_schedule(&self, request: Request<CreateScheduleRequest>) -> Answer<Schedule> {
        self.on_create_schedule(&request)
    }

    async fn update_schedule(&self, request: Request<UpdateScheduleRequest>) -> Answer<Schedule> {
        self.on_update_schedule(&request)
    }

    async fn delete_schedule(
        &self,
        request: Request<DeleteScheduleRequest>,
    ) -> Answer<DeleteScheduleResponse> {
        self.on_delete_schedule(&request)
    }
}
