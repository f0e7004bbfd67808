//! The neighbours, played: a service that keeps jobs, and the messaging that brings its events.

use crate::Operations;
use bus::envelope::{Content, seal};
use bus::{Delivery, Group, Mark, Messaging, Relayed, Sealed, Settled};
use prost::Message;
use proto::tessera::jobs::v1::{
    jobs_service_server::{JobsService, JobsServiceServer},
    *,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use testkit::{
    Bench,
    tokio::{
        self,
        sync::{Mutex as AsyncMutex, mpsc},
        task::JoinHandle,
    },
};
use tonic::{Request, Response, Status, service::Routes};
use value::{Clock, Id, Time};

type Answer<T> = Result<Response<T>, Status>;

fn answer<T>(message: T) -> Answer<T> {
    Ok(Response::new(message))
}

fn missing(id: &str) -> Status {
    error::Error::not_found("job", id).into()
}

/// A service that keeps jobs in memory.
#[derive(Clone, Default)]
pub(super) struct Owner(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    jobs: BTreeMap<String, Job>,
    steps: i64,
    states: Vec<StateChange>,
    checkpoints: Vec<Checkpoint>,
    schedules: BTreeMap<String, Schedule>,
    /// What was asked for, and for whom.
    heard: Vec<(String, String)>,
}

impl Owner {
    pub(super) fn routes(&self) -> Routes {
        Routes::new(JobsServiceServer::new(self.clone()))
    }

    /// Has a job from now on.
    pub(super) fn put(&self, job: Job) {
        self.0.lock().unwrap().jobs.insert(job.id.clone(), job);
    }

    /// Has a job no more.
    pub(super) fn lose(&self, id: &str) {
        self.0.lock().unwrap().jobs.remove(id);
    }

    /// Has so many steps of every job.
    pub(super) fn steps(&self, count: i64) {
        self.0.lock().unwrap().steps = count;
    }

    /// Has these transitions of every job.
    pub(super) fn states(&self, states: Vec<StateChange>) {
        self.0.lock().unwrap().states = states;
    }

    /// What was asked for, and as whom.
    pub(super) fn heard(&self) -> Vec<(String, String)> {
        self.0.lock().unwrap().heard.clone()
    }

    /// Changes a job as a worker would; it is newer afterwards.
    pub(super) fn change(&self, id: &str, change: impl FnOnce(&mut Job)) -> Result<Job, Status> {
        let mut state = self.0.lock().unwrap();
        let job = state.jobs.get_mut(id).ok_or_else(|| missing(id))?;
        change(job);
        job.version += 1;
        job.etag = format!("v{}", job.version);
        Ok(job.clone())
    }

    fn hear<T>(&self, what: &str, request: &Request<T>) {
        let who = auth::Caller::of(request).map_or_else(
            |_| "nobody".to_owned(),
            |caller| caller.principal.id.to_string(),
        );
        self.0.lock().unwrap().heard.push((what.to_owned(), who));
    }

    fn of(&self, id: &str, tenant: &str) -> Result<Job, Status> {
        let state = self.0.lock().unwrap();
        let found = state.jobs.get(id).filter(|job| job.tenant_id == tenant);
        found.cloned().ok_or_else(|| missing(id))
    }

    fn step_into(
        &self,
        id: &str,
        tenant: &str,
        to: JobState,
        allowed: bool,
    ) -> Result<Job, Status> {
        self.of(id, tenant)?;
        if !allowed {
            let refused =
                error::Error::new(&error::reason::FAILED_PRECONDITION, "not in this state");
            return Err(refused.into());
        }
        self.change(id, |job| job.set_state(to))
    }
}

fn ended(job: &Job) -> bool {
    matches!(
        job.state(),
        JobState::Succeeded | JobState::Failed | JobState::Cancelled | JobState::RolledBack
    )
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
        let job = super::job_of(tenant, |job| {
            job.kind = ask.kind;
            job.title = ask.title;
            job.input = ask.input;
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
        let ask = request.into_inner();
        self.of(&ask.job_id, &ask.tenant_id)?;
        let states = self.0.lock().unwrap().states.clone();
        answer(ListStatesResponse {
            states,
            next_page_token: String::new(),
        })
    }

    async fn list_steps(&self, request: Request<ListStepsRequest>) -> Answer<ListStepsResponse> {
        let ask = request.into_inner();
        self.of(&ask.job_id, &ask.tenant_id)?;
        let all = self.0.lock().unwrap().steps;
        let first = ask.page_token.parse::<i64>().unwrap_or(1);
        let last = all.min(first + i64::from(ask.page_size) - 1);
        let steps = (first..=last).map(|seq| Step {
            job_id: ask.job_id.clone(),
            seq,
            name: format!("write {seq}"),
            kind: StepKind::Call.into(),
            state: StepState::Done.into(),
            rolled_back: false,
            input: format!("{{\"batch\":{seq}}}"),
            output: "{\"rows\":5}".to_owned(),
            attempts: 2,
            max_attempts: 5,
            error: Some(Failure {
                reason: "UNAVAILABLE".to_owned(),
                message: "was away".to_owned(),
            }),
            quality: Some(0.75),
            confidence: Some(0.5),
            compensation: Some(Compensation {
                name: "unload".to_owned(),
                state: CompensationState::Ready.into(),
                ..Default::default()
            }),
            start_time: Some(proto::time::to_proto(Time::from_micros(seq * 1_000_000))),
            end_time: Some(proto::time::to_proto(Time::from_micros(
                seq * 1_000_000 + 5,
            ))),
        });
        answer(ListStepsResponse {
            steps: steps.collect(),
            next_page_token: match last < all {
                true => (last + 1).to_string(),
                false => String::new(),
            },
        })
    }

    async fn list_checkpoints(
        &self,
        request: Request<ListCheckpointsRequest>,
    ) -> Answer<ListCheckpointsResponse> {
        let ask = request.into_inner();
        self.of(&ask.job_id, &ask.tenant_id)?;
        let all = self.0.lock().unwrap().checkpoints.clone();
        answer(ListCheckpointsResponse {
            checkpoints: all
                .into_iter()
                .filter(|one| one.job_id == ask.job_id)
                .collect(),
            next_page_token: String::new(),
        })
    }

    async fn get_checkpoint(&self, request: Request<GetCheckpointRequest>) -> Answer<Checkpoint> {
        let ask = request.into_inner();
        self.of(&ask.job_id, &ask.tenant_id)?;
        let all = self.0.lock().unwrap().checkpoints.clone();
        let found = all.into_iter().find(|one| one.id == ask.checkpoint_id);
        let mut found = found.ok_or_else(|| missing(&ask.checkpoint_id))?;
        found.state = "{\"at\":1}".to_owned();
        answer(found)
    }

    async fn create_checkpoint(
        &self,
        request: Request<CreateCheckpointRequest>,
    ) -> Answer<Checkpoint> {
        self.hear("checkpoint", &request);
        let ask = request.into_inner();
        self.of(&ask.job_id, &ask.tenant_id)?;
        let made = Checkpoint {
            id: Id::new().to_string(),
            job_id: ask.job_id,
            r#type: match ask.r#type {
                0 => CheckpointType::Manual.into(),
                named => named,
            },
            name: ask.name,
            ..Default::default()
        };
        self.0.lock().unwrap().checkpoints.push(made.clone());
        answer(made)
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
        let ask = request.into_inner();
        let all = self.0.lock().unwrap().schedules.clone();
        let mine = all
            .into_values()
            .filter(|one| one.tenant_id == ask.tenant_id);
        let rest = mine.filter(|one| one.id > ask.page_token);
        let size = usize::try_from(ask.page_size).unwrap();
        let mut schedules: Vec<_> = rest.take(size + 1).collect();
        let more = schedules.len() > size;
        schedules.truncate(size);
        answer(ListSchedulesResponse {
            next_page_token: match schedules.last() {
                Some(last) if more => last.id.clone(),
                _ => String::new(),
            },
            schedules,
        })
    }

    async fn get_schedule(&self, request: Request<GetScheduleRequest>) -> Answer<Schedule> {
        let ask = request.into_inner();
        let state = self.0.lock().unwrap();
        let found = state.schedules.get(&ask.schedule_id);
        let found = found.filter(|one| one.tenant_id == ask.tenant_id).cloned();
        answer(found.ok_or_else(|| missing(&ask.schedule_id))?)
    }

    async fn create_schedule(&self, request: Request<CreateScheduleRequest>) -> Answer<Schedule> {
        self.hear("create schedule", &request);
        let ask = request.into_inner();
        let made = Schedule {
            id: Id::new().to_string(),
            service: ask.service,
            tenant_id: ask.tenant_id,
            etag: "v1".to_owned(),
            ..ask.schedule.unwrap()
        };
        let mut state = self.0.lock().unwrap();
        state.schedules.insert(made.id.clone(), made.clone());
        answer(made)
    }

    async fn update_schedule(&self, request: Request<UpdateScheduleRequest>) -> Answer<Schedule> {
        self.hear("update schedule", &request);
        let ask = request.into_inner();
        let mut state = self.0.lock().unwrap();
        let found = state.schedules.get_mut(&ask.schedule_id);
        let found = found.ok_or_else(|| missing(&ask.schedule_id))?;
        if ask.etag != found.etag {
            return Err(db::etag::mismatch().into());
        }
        let new = ask.schedule.unwrap();
        for path in ask.update_mask.unwrap().paths {
            match path.as_str() {
                "cron" => found.cron.clone_from(&new.cron),
                "paused" => found.paused = new.paused,
                other => panic!("{other} is not played"),
            }
        }
        found.etag = "v2".to_owned();
        answer(found.clone())
    }

    async fn delete_schedule(
        &self,
        request: Request<DeleteScheduleRequest>,
    ) -> Answer<DeleteScheduleResponse> {
        self.hear("delete schedule", &request);
        let ask = request.into_inner();
        self.0.lock().unwrap().schedules.remove(&ask.schedule_id);
        answer(DeleteScheduleResponse {})
    }
}

/// Messaging, played: brings one event at a time to the service's consumer, and waits for what becomes of it.
pub(super) struct Post {
    events: mpsc::UnboundedSender<Delivery>,
    settled: AsyncMutex<mpsc::UnboundedReceiver<Settled>>,
    position: Mutex<u64>,
    work: JoinHandle<()>,
}

struct Route {
    events: AsyncMutex<mpsc::UnboundedReceiver<Delivery>>,
    settled: mpsc::UnboundedSender<Settled>,
}

#[tonic::async_trait]
impl Messaging for Route {
    async fn publish(&self, _: Vec<Sealed>) -> error::Result<Relayed> {
        Ok(Relayed::default())
    }

    async fn ensure(&self, group: &Group) -> error::Result<Id> {
        assert!(group.from_oldest, "what was told before is heard of too");
        assert_eq!(
            (group.service.as_str(), group.pattern.as_str()),
            ("operations", "tessera.jobs.v1.JobChanged")
        );
        Ok(Id::NIL)
    }

    async fn fetch(&self, _: Id, _: u32, _: Duration) -> error::Result<Vec<Delivery>> {
        match self.events.lock().await.recv().await {
            Some(delivery) => Ok(vec![delivery]),
            None => std::future::pending().await,
        }
    }

    async fn settle(&self, _: Id, settled: Settled) -> error::Result<()> {
        let _ = self.settled.send(settled);
        Ok(())
    }
}

impl Post {
    /// Runs the service's consumer over this post.
    pub(super) fn start(bench: &Bench<Operations>) -> Self {
        let (events, brought) = mpsc::unbounded_channel();
        let (done, settled) = mpsc::unbounded_channel();
        let route = Arc::new(Route {
            events: AsyncMutex::new(brought),
            settled: done,
        });
        let clock: Arc<dyn Clock> = Arc::new(value::SystemClock);
        let consumer = crate::hear::consumer(crate::bell::Bell::new(), Arc::clone(&clock));
        let run = consumer.run(
            bench.db().clone(),
            clock,
            route,
            Box::pin(std::future::pending()),
        );
        Self {
            events,
            settled: AsyncMutex::new(settled),
            position: Mutex::new(0),
            work: tokio::spawn(run),
        }
    }

    /// Delivers an event under an id of its own; what became of it.
    pub(super) async fn deliver(&self, tenant: Id, event: JobChanged) -> Settled {
        self.deliver_as(Id::new(), tenant, event.encode_to_vec())
            .await
    }

    /// Delivers bytes under an id.
    pub(super) async fn deliver_as(&self, id: Id, tenant: Id, payload: Vec<u8>) -> Settled {
        let position = {
            let mut position = self.position.lock().unwrap();
            *position += 1;
            *position
        };
        let content = Content {
            id: id.to_string(),
            tenant,
            topic: crate::convert::job::TOPIC.to_owned(),
            key: "job".to_owned(),
            time: Time::EPOCH,
            data: payload.into(),
            ..Content::default()
        };
        let delivery = Delivery {
            mark: Mark {
                position,
                attempt: 1,
            },
            tenant,
            envelope: seal(content),
        };
        self.events.send(delivery).unwrap();
        self.settled.lock().await.recv().await.unwrap()
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        self.work.abort();
    }
}
