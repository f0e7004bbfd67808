//! `tessera.jobs.v1.JobsService`: one server a process, which answers for the services that run there.

mod parse;
pub(crate) mod render;
mod watch;

use crate::{job::About, jobs::Jobs, reasons::JOB_KIND_CLOSED, store::Filter, submission::By};
use auth::{Caller, Scope};
use error::Error;
use proto::tessera::jobs::v1::{
    jobs_service_server::{JobsService, JobsServiceServer},
    *,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, RwLock},
};
use tonic::{Request, Response, Status, service::Routes};
use value::{Id, Json};

/// Answers for the jobs of a process's services. Clones are one.
#[derive(Clone, Default)]
pub struct Contract(Arc<RwLock<BTreeMap<String, Jobs>>>);

type Answer<T> = Result<Response<T>, Status>;

fn answer<T>(message: T) -> Answer<T> {
    Ok(Response::new(message))
}

/// Who asks for what.
struct Asker {
    jobs: Jobs,
    scope: Scope,
    caller: Option<Arc<Caller>>,
}

impl Asker {
    fn by(&self, reason: &str, default: &str) -> By {
        let reason = if reason.is_empty() { default } else { reason };
        match &self.caller {
            Some(caller) => By::caller(caller, reason),
            None => By::of(&self.scope, reason),
        }
    }

    fn origin(&self) -> crate::Origin {
        match &self.caller {
            Some(caller) => crate::Origin {
                actor: By::caller(caller, "").actor,
                principal: Some(caller.principal.id),
                permissions: caller.permissions.to_vec(),
                ..crate::Origin::default()
            },
            None => crate::submission::origin(&self.scope),
        }
    }

    /// The schedule whose work a job of this kind is, where one is named.
    async fn schedule(&self, named: &str, kind: &str) -> Result<Option<Id>, Error> {
        let Some(id) = parse::optional_id("schedule_id", named)? else {
            return Ok(None);
        };
        let schedule = self.jobs.store().schedule(&self.scope, id).await?;
        if schedule.kind != kind {
            let what = format!("must be a schedule of jobs of the kind `{kind}`");
            return Err(Error::invalid_field("schedule_id", "KIND", what));
        }
        Ok(Some(id))
    }
}

impl Contract {
    /// Answers for nobody yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers for a service's jobs from now on.
    pub fn add(&self, jobs: Jobs) {
        let mut all = self.0.write().expect("no panic while held");
        all.insert(jobs.service().to_owned(), jobs);
    }

    /// The routes; the guards let only processes of the installation in.
    pub fn routes(&self) -> Routes {
        Routes::new(JobsServiceServer::new(self.clone()))
    }

    fn asker<T>(&self, request: &Request<T>, service: &str, tenant: &str) -> Result<Asker, Error> {
        let jobs = self
            .0
            .read()
            .expect("no panic while held")
            .get(service)
            .cloned();
        let jobs = jobs.ok_or_else(|| {
            Error::new(
                &error::reason::UNAVAILABLE,
                format!("the service {service} does not run in this process"),
            )
        })?;
        let caller = Caller::of(request).ok();
        let tenant = parse::tenant(tenant, caller.as_deref())?;
        let scope = Scope::system(tenant, "answer for jobs");
        Ok(Asker {
            jobs,
            scope,
            caller,
        })
    }
}

/// Refuses a kind that is not for everybody.
pub(crate) fn open(about: &About) -> Result<(), Error> {
    if about.open {
        return Ok(());
    }
    let what = format!(
        "jobs of kind `{}` are started by their service only",
        about.kind
    );
    Err(Error::new(&JOB_KIND_CLOSED, what).with_metadata("kind", about.kind))
}

/// Takes the asker out of a request, and the message.
macro_rules! asked {
    ($self:ident, $request:ident) => {{
        let (service, tenant) = {
            let message = $request.get_ref();
            (message.service.clone(), message.tenant_id.clone())
        };
        let asker = $self.asker(&$request, &service, &tenant)?;
        (asker, $request.into_inner())
    }};
}

#[tonic::async_trait]
impl JobsService for Contract {
    async fn list_kinds(&self, request: Request<ListKindsRequest>) -> Answer<ListKindsResponse> {
        let (asker, _) = asked!(self, request);
        let kinds = asker.jobs.kinds().about();
        answer(ListKindsResponse {
            kinds: kinds.into_iter().map(render::kind).collect(),
        })
    }

    async fn submit_job(&self, request: Request<SubmitJobRequest>) -> Answer<Job> {
        let (asker, ask) = asked!(self, request);
        let kind = asker.jobs.kinds().get(&ask.kind)?;
        let about = kind.about();
        open(&about)?;
        let origin = crate::Origin {
            schedule: asker.schedule(&ask.schedule_id, about.kind).await?,
            ..asker.origin()
        };
        let submission = parse::submission(ask)?;
        kind.check(&submission.input.0)?;
        let what = (about.kind, about.title);
        let record = asker
            .jobs
            .submit_kind(&asker.scope, origin, what, submission)
            .await?;
        answer(render::job(asker.jobs.service(), &record))
    }

    async fn list_jobs(&self, request: Request<ListJobsRequest>) -> Answer<ListJobsResponse> {
        let (asker, ask) = asked!(self, request);
        let filter = Filter {
            states: ask.states().filter_map(parse::state).collect(),
            parent: parse::optional_id("parent_id", &ask.parent_id)?,
            kind: ask.kind,
        };
        let page = parse::page(ask.page_size, ask.page_token);
        let page = asker.jobs.store().list(&asker.scope, filter, page).await?;
        let service = asker.jobs.service();
        answer(ListJobsResponse {
            jobs: page
                .items
                .iter()
                .map(|record| render::brief(service, record))
                .collect(),
            next_page_token: page.next,
        })
    }

    async fn get_job(&self, request: Request<GetJobRequest>) -> Answer<Job> {
        let (asker, ask) = asked!(self, request);
        let id = parse::id("job_id", &ask.job_id)?;
        let record = asker.jobs.store().job(&asker.scope, id).await?;
        answer(render::job(asker.jobs.service(), &record))
    }

    async fn watch_job(&self, request: Request<WatchJobRequest>) -> Answer<watch::Stream> {
        let (asker, ask) = asked!(self, request);
        let id = parse::id("job_id", &ask.job_id)?;
        answer(watch::follow(asker.jobs, asker.scope, id).await?)
    }

    async fn list_states(&self, request: Request<ListStatesRequest>) -> Answer<ListStatesResponse> {
        let (asker, ask) = asked!(self, request);
        let id = parse::id("job_id", &ask.job_id)?;
        let page = parse::page(ask.page_size, ask.page_token);
        let page = asker.jobs.store().states(&asker.scope, id, page).await?;
        answer(ListStatesResponse {
            states: page.items.into_iter().map(render::state_change).collect(),
            next_page_token: page.next,
        })
    }

    async fn list_steps(&self, request: Request<ListStepsRequest>) -> Answer<ListStepsResponse> {
        let (asker, ask) = asked!(self, request);
        let id = parse::id("job_id", &ask.job_id)?;
        let page = parse::page(ask.page_size, ask.page_token);
        let page = asker.jobs.store().steps(&asker.scope, id, page).await?;
        answer(ListStepsResponse {
            steps: page.items.into_iter().map(render::step).collect(),
            next_page_token: page.next,
        })
    }

    async fn list_checkpoints(
        &self,
        request: Request<ListCheckpointsRequest>,
    ) -> Answer<ListCheckpointsResponse> {
        let (asker, ask) = asked!(self, request);
        let id = parse::id("job_id", &ask.job_id)?;
        let page = parse::page(ask.page_size, ask.page_token);
        let (page, now) = asker
            .jobs
            .store()
            .checkpoints(&asker.scope, id, page)
            .await?;
        answer(ListCheckpointsResponse {
            checkpoints: page
                .items
                .into_iter()
                .map(|row| render::checkpoint(row, None, now))
                .collect(),
            next_page_token: page.next,
        })
    }

    async fn get_checkpoint(&self, request: Request<GetCheckpointRequest>) -> Answer<Checkpoint> {
        let (asker, ask) = asked!(self, request);
        let key = (
            parse::id("job_id", &ask.job_id)?,
            parse::id("checkpoint_id", &ask.checkpoint_id)?,
        );
        let (row, saved, now) = asker.jobs.store().saved(&asker.scope, key).await?;
        answer(render::checkpoint(row, Some(saved), now))
    }

    async fn create_checkpoint(
        &self,
        request: Request<CreateCheckpointRequest>,
    ) -> Answer<Checkpoint> {
        let (asker, ask) = asked!(self, request);
        let (draft, by) = (parse::checkpoint(ask)?, asker.by("", "a checkpoint"));
        let (row, now) = asker
            .jobs
            .store()
            .checkpoint(&asker.scope, draft, by)
            .await?;
        answer(render::checkpoint(row, None, now))
    }

    async fn cancel_job(&self, request: Request<CancelJobRequest>) -> Answer<Job> {
        let (asker, ask) = asked!(self, request);
        let key = (parse::id("job_id", &ask.job_id)?, ask.etag);
        let by = asker.by(&ask.reason, "cancelled");
        let record = asker.jobs.cancel(&asker.scope, key, by).await?;
        answer(render::job(asker.jobs.service(), &record))
    }

    async fn pause_job(&self, request: Request<PauseJobRequest>) -> Answer<Job> {
        let (asker, ask) = asked!(self, request);
        let key = (parse::id("job_id", &ask.job_id)?, ask.etag);
        let by = asker.by(&ask.reason, "paused");
        let record = asker.jobs.pause(&asker.scope, key, by).await?;
        answer(render::job(asker.jobs.service(), &record))
    }

    async fn resume_job(&self, request: Request<ResumeJobRequest>) -> Answer<Job> {
        let (asker, ask) = asked!(self, request);
        let key = (parse::id("job_id", &ask.job_id)?, ask.etag);
        let by = asker.by(&ask.reason, "resumed");
        let record = asker.jobs.resume(&asker.scope, key, by).await?;
        answer(render::job(asker.jobs.service(), &record))
    }

    async fn signal_job(&self, request: Request<SignalJobRequest>) -> Answer<Job> {
        let (asker, ask) = asked!(self, request);
        let id = parse::id("job_id", &ask.job_id)?;
        let payload = Json(parse::json("payload", &ask.payload)?);
        let by = asker.by("", "signalled");
        let what = (ask.name, payload, ask.request_id);
        let record = asker.jobs.signal(&asker.scope, id, what, by).await?;
        answer(render::job(asker.jobs.service(), &record))
    }

    async fn roll_back_job(&self, request: Request<RollBackJobRequest>) -> Answer<Job> {
        let (asker, ask) = asked!(self, request);
        let key = (parse::id("job_id", &ask.job_id)?, ask.etag);
        let to = parse::optional_id("checkpoint_id", &ask.checkpoint_id)?;
        let by = asker.by(&ask.reason, "rolled back");
        let record = asker.jobs.roll_back(&asker.scope, key, to, by).await?;
        answer(render::job(asker.jobs.service(), &record))
    }

    async fn classify_job(&self, request: Request<ClassifyJobRequest>) -> Answer<Job> {
        let (asker, ask) = asked!(self, request);
        let key = (parse::id("job_id", &ask.job_id)?, ask.etag.clone());
        let (classes, by) = (parse::classes(ask)?, asker.by("", "classified"));
        let record = asker.jobs.classify(&asker.scope, key, classes, by).await?;
        answer(render::job(asker.jobs.service(), &record))
    }

    async fn delete_job(&self, request: Request<DeleteJobRequest>) -> Answer<DeleteJobResponse> {
        let (asker, ask) = asked!(self, request);
        let key = (parse::id("job_id", &ask.job_id)?, ask.etag);
        let by = asker.by("", "deleted");
        asker.jobs.delete(&asker.scope, key, by).await?;
        answer(DeleteJobResponse {})
    }

    async fn list_schedules(
        &self,
        request: Request<ListSchedulesRequest>,
    ) -> Answer<ListSchedulesResponse> {
        let (asker, ask) = asked!(self, request);
        let page = parse::page(ask.page_size, ask.page_token);
        let page = asker.jobs.store().schedules(&asker.scope, page).await?;
        let service = asker.jobs.service();
        answer(ListSchedulesResponse {
            schedules: page
                .items
                .into_iter()
                .map(|row| render::schedule(service, row))
                .collect(),
            next_page_token: page.next,
        })
    }

    async fn get_schedule(&self, request: Request<GetScheduleRequest>) -> Answer<Schedule> {
        let (asker, ask) = asked!(self, request);
        let id = parse::id("schedule_id", &ask.schedule_id)?;
        let row = asker.jobs.store().schedule(&asker.scope, id).await?;
        answer(render::schedule(asker.jobs.service(), row))
    }

    async fn create_schedule(&self, request: Request<CreateScheduleRequest>) -> Answer<Schedule> {
        let (asker, ask) = asked!(self, request);
        let draft = parse::schedule(ask.schedule.unwrap_or_default())?;
        let row = asker
            .jobs
            .store()
            .create_schedule(&asker.scope, draft, asker.origin(), ask.request_id)
            .await?;
        asker.jobs.ring();
        answer(render::schedule(asker.jobs.service(), row))
    }

    async fn update_schedule(&self, request: Request<UpdateScheduleRequest>) -> Answer<Schedule> {
        let (asker, ask) = asked!(self, request);
        let key = (parse::id("schedule_id", &ask.schedule_id)?, ask.etag);
        let change = parse::schedule_change(ask.schedule.unwrap_or_default(), ask.update_mask)?;
        let row = asker
            .jobs
            .store()
            .update_schedule(&asker.scope, key, change)
            .await?;
        asker.jobs.ring();
        answer(render::schedule(asker.jobs.service(), row))
    }

    async fn delete_schedule(
        &self,
        request: Request<DeleteScheduleRequest>,
    ) -> Answer<DeleteScheduleResponse> {
        let (asker, ask) = asked!(self, request);
        let id = parse::id("schedule_id", &ask.schedule_id)?;
        asker
            .jobs
            .store()
            .delete_schedule(&asker.scope, id, ask.etag)
            .await?;
        answer(DeleteScheduleResponse {})
    }
}
