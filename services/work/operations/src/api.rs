//! The contract's methods, four steps each: scope, parse, act, render.

mod command;
mod follow;
mod look;
mod schedules;

use crate::{
    bell::Bell,
    calls::{Owner, Owners},
    config::Config,
    convert::{self, history},
    model::audit::Action,
    store::Store,
};
use auth::Scope;
use proto::tessera::jobs::v1 as jobs;
use proto_work::tessera::operations::v1::{operations_service_server::OperationsService, *};
use rpc::Shutdown;
use serde_json::json;
use std::sync::Arc;
use tonic::{Request, Response, Status};
use value::Id;

/// The service behind the contract.
#[derive(Clone)]
pub(crate) struct Api {
    /// What was heard of operations.
    pub(crate) store: Store,
    /// Who keeps them.
    pub(crate) owners: Owners,
    /// Settings.
    pub(crate) config: Arc<Config>,
    /// Rings when something is heard of an operation.
    pub(crate) bell: Bell,
    /// Says when to stop.
    pub(crate) shutdown: Shutdown,
}

type Answer<T> = Result<Response<T>, Status>;

fn answer<T>(message: T) -> Answer<T> {
    Ok(Response::new(message))
}

#[tonic::async_trait]
impl OperationsService for Api {
    async fn get_operation(&self, request: Request<GetOperationRequest>) -> Answer<Operation> {
        let scope = Scope::of(&request)?;
        let ask = request.into_inner();
        let id = convert::id("id", &ask.id)?;
        let full = ask.view() == OperationView::Full;
        answer(self.get(&scope, id, &ask.service, full).await?)
    }

    async fn list_operations(
        &self,
        request: Request<ListOperationsRequest>,
    ) -> Answer<ListOperationsResponse> {
        let scope = Scope::of(&request)?;
        let query = convert::request::list(request.into_inner(), self.config.page_size)?;
        let page = self.store.list(&scope, query).await?;
        answer(ListOperationsResponse {
            operations: convert::job::all(&page.items)?,
            next_page_token: page.next,
        })
    }

    async fn batch_get_operations(
        &self,
        request: Request<BatchGetOperationsRequest>,
    ) -> Answer<BatchGetOperationsResponse> {
        let scope = Scope::of(&request)?;
        let ids = request.get_ref().ids.iter();
        let ids = ids.map(|id| convert::id("ids", id));
        let ids = ids.collect::<Result<Vec<_>, _>>()?;
        let (found, missing) = self.store.known_of(&scope, ids).await?;
        answer(BatchGetOperationsResponse {
            operations: convert::job::all(&found)?,
            missing_ids: missing.iter().map(ToString::to_string).collect(),
        })
    }

    async fn create_operation(
        &self,
        request: Request<CreateOperationRequest>,
    ) -> Answer<Operation> {
        let scope = Scope::of(&request)?;
        let ask = convert::request::create(request.into_inner())?;
        answer(self.create(&scope, ask).await?)
    }

    async fn update_operation(
        &self,
        request: Request<UpdateOperationRequest>,
    ) -> Answer<Operation> {
        let scope = Scope::of(&request)?;
        let mut ask = request.into_inner();
        let reason = std::mem::take(&mut ask.reason);
        let (id, ask) = convert::request::classify(ask)?;
        answer(self.classify(&scope, id, ask, reason).await?)
    }

    async fn delete_operation(
        &self,
        request: Request<DeleteOperationRequest>,
    ) -> Answer<DeleteOperationResponse> {
        let scope = Scope::of(&request)?;
        let ask = request.into_inner();
        let id = convert::id("id", &ask.id)?;
        self.delete(&scope, id, ask.etag).await?;
        answer(DeleteOperationResponse {})
    }

    async fn wait_operation(&self, request: Request<WaitOperationRequest>) -> Answer<Operation> {
        let scope = Scope::of(&request)?;
        let ask = request.into_inner();
        let id = convert::id("id", &ask.id)?;
        let most = convert::request::timeout(ask.timeout)?;
        answer(self.wait(scope, id, most).await?)
    }

    async fn watch_operation(
        &self,
        request: Request<WatchOperationRequest>,
    ) -> Answer<follow::Stream> {
        let scope = Scope::of(&request)?;
        let id = convert::id("id", &request.into_inner().id)?;
        answer(self.watch(scope, id).await?)
    }

    async fn cancel_operation(
        &self,
        request: Request<CancelOperationRequest>,
    ) -> Answer<Operation> {
        let scope = Scope::of(&request)?;
        let ask = request.into_inner();
        let id = convert::id("id", &ask.id)?;
        let detail = json!({"reason": ask.reason});
        let cancel = async move |owner: Owner| {
            let ask = jobs::CancelJobRequest {
                job_id: ask.id,
                reason: ask.reason,
                etag: ask.etag,
                ..Default::default()
            };
            owner.done(owner.client().cancel_job(owner.order(ask)).await)
        };
        let done = self.command(&scope, id, Action::Cancel, detail, cancel);
        answer(done.await?)
    }

    async fn pause_operation(&self, request: Request<PauseOperationRequest>) -> Answer<Operation> {
        let scope = Scope::of(&request)?;
        let ask = request.into_inner();
        let id = convert::id("id", &ask.id)?;
        let detail = json!({"reason": ask.reason});
        let pause = async move |owner: Owner| {
            let ask = jobs::PauseJobRequest {
                job_id: ask.id,
                reason: ask.reason,
                etag: ask.etag,
                ..Default::default()
            };
            owner.done(owner.client().pause_job(owner.order(ask)).await)
        };
        let done = self.command(&scope, id, Action::Pause, detail, pause);
        answer(done.await?)
    }

    async fn resume_operation(
        &self,
        request: Request<ResumeOperationRequest>,
    ) -> Answer<Operation> {
        let scope = Scope::of(&request)?;
        let ask = request.into_inner();
        let id = convert::id("id", &ask.id)?;
        let detail = json!({"reason": ask.reason});
        let resume = async move |owner: Owner| {
            let ask = jobs::ResumeJobRequest {
                job_id: ask.id,
                reason: ask.reason,
                etag: ask.etag,
                ..Default::default()
            };
            owner.done(owner.client().resume_job(owner.order(ask)).await)
        };
        let done = self.command(&scope, id, Action::Resume, detail, resume);
        answer(done.await?)
    }

    async fn signal_operation(
        &self,
        request: Request<SignalOperationRequest>,
    ) -> Answer<Operation> {
        let scope = Scope::of(&request)?;
        let ask = request.into_inner();
        convert::request::signal(&ask)?;
        let id = convert::id("id", &ask.id)?;
        let detail = json!({"name": ask.name});
        let signal = async move |owner: Owner| {
            let ask = jobs::SignalJobRequest {
                job_id: ask.id,
                name: ask.name,
                payload: ask.payload,
                request_id: ask.request_id,
                ..Default::default()
            };
            owner.done(owner.client().signal_job(owner.order(ask)).await)
        };
        let done = self.command(&scope, id, Action::Signal, detail, signal);
        answer(done.await?)
    }

    async fn roll_back_operation(
        &self,
        request: Request<RollBackOperationRequest>,
    ) -> Answer<Operation> {
        let scope = Scope::of(&request)?;
        let ask = request.into_inner();
        let id = convert::id("id", &ask.id)?;
        let detail = json!({"reason": ask.reason, "checkpoint_id": ask.checkpoint_id});
        let back = async move |owner: Owner| {
            let ask = jobs::RollBackJobRequest {
                job_id: ask.id,
                checkpoint_id: ask.checkpoint_id,
                reason: ask.reason,
                etag: ask.etag,
                ..Default::default()
            };
            owner.done(owner.client().roll_back_job(owner.order(ask)).await)
        };
        let done = self.command(&scope, id, Action::RollBack, detail, back);
        answer(done.await?)
    }

    async fn list_states(&self, request: Request<ListStatesRequest>) -> Answer<ListStatesResponse> {
        let scope = Scope::of(&request)?;
        let ask = request.into_inner();
        let (id, size) = self.page(&ask.id, ask.page_size)?;
        let owner = self.owner_of(&scope, id).await?;
        let page = look::states(&owner, id, size, ask.page_token).await?;
        answer(ListStatesResponse {
            states: page.states.into_iter().map(history::state).collect(),
            next_page_token: page.next_page_token,
        })
    }

    async fn list_steps(&self, request: Request<ListStepsRequest>) -> Answer<ListStepsResponse> {
        let scope = Scope::of(&request)?;
        let ask = request.into_inner();
        let (id, size) = self.page(&ask.id, ask.page_size)?;
        let owner = self.owner_of(&scope, id).await?;
        let page = look::steps(&owner, id, size, ask.page_token).await?;
        answer(ListStepsResponse {
            steps: page.steps.into_iter().map(history::step).collect(),
            next_page_token: page.next_page_token,
        })
    }

    async fn list_checkpoints(
        &self,
        request: Request<ListCheckpointsRequest>,
    ) -> Answer<ListCheckpointsResponse> {
        let scope = Scope::of(&request)?;
        let ask = request.into_inner();
        let (id, size) = self.page(&ask.id, ask.page_size)?;
        let owner = self.owner_of(&scope, id).await?;
        let page = look::checkpoints(&owner, id, size, ask.page_token).await?;
        let checkpoints = page.checkpoints.into_iter();
        answer(ListCheckpointsResponse {
            checkpoints: checkpoints.map(history::checkpoint).collect(),
            next_page_token: page.next_page_token,
        })
    }

    async fn get_checkpoint(&self, request: Request<GetCheckpointRequest>) -> Answer<Checkpoint> {
        let scope = Scope::of(&request)?;
        let ask = request.into_inner();
        let id = convert::id("id", &ask.id)?;
        let owner = self.owner_of(&scope, id).await?;
        let ask = jobs::GetCheckpointRequest {
            job_id: ask.id,
            checkpoint_id: ask.checkpoint_id,
            ..Default::default()
        };
        let found = owner.client().get_checkpoint(owner.question(ask)).await;
        answer(history::checkpoint(owner.answered(found)?))
    }

    async fn create_checkpoint(
        &self,
        request: Request<CreateCheckpointRequest>,
    ) -> Answer<Checkpoint> {
        let scope = Scope::of(&request)?;
        let ask = request.into_inner();
        let id = convert::id("id", &ask.id)?;
        answer(self.checkpoint(&scope, id, ask).await?)
    }

    async fn list_audit_entries(
        &self,
        request: Request<ListAuditEntriesRequest>,
    ) -> Answer<ListAuditEntriesResponse> {
        let scope = Scope::of(&request)?;
        let query = convert::audit::query(request.into_inner(), self.config.page_size)?;
        let page = self.store.audit_list(&scope, query).await?;
        answer(ListAuditEntriesResponse {
            entries: page.items.into_iter().map(convert::audit::entry).collect(),
            next_page_token: page.next,
        })
    }

    async fn list_kinds(&self, request: Request<ListKindsRequest>) -> Answer<ListKindsResponse> {
        let scope = Scope::of(&request)?;
        answer(self.kinds(&scope, request.into_inner()).await?)
    }

    async fn get_schedule(&self, request: Request<GetScheduleRequest>) -> Answer<Schedule> {
        let scope = Scope::of(&request)?;
        let ask = request.into_inner();
        let id = convert::id("id", &ask.id)?;
        let found = self.schedule(&scope, &ask.service, id).await?;
        answer(convert::schedule::render(found))
    }

    async fn list_schedules(
        &self,
        request: Request<ListSchedulesRequest>,
    ) -> Answer<ListSchedulesResponse> {
        let scope = Scope::of(&request)?;
        answer(self.schedules(&scope, request.into_inner()).await?)
    }

    async fn create_schedule(&self, request: Request<CreateScheduleRequest>) -> Answer<Schedule> {
        let scope = Scope::of(&request)?;
        let ask = convert::schedule::create(request.into_inner())?;
        let made = self.create_schedule_of(&scope, ask).await?;
        answer(convert::schedule::render(made))
    }

    async fn update_schedule(&self, request: Request<UpdateScheduleRequest>) -> Answer<Schedule> {
        let scope = Scope::of(&request)?;
        let changed = self.change_schedule(&scope, request.into_inner()).await?;
        answer(convert::schedule::render(changed))
    }

    async fn delete_schedule(
        &self,
        request: Request<DeleteScheduleRequest>,
    ) -> Answer<DeleteScheduleResponse> {
        let scope = Scope::of(&request)?;
        let ask = request.into_inner();
        let id = convert::id("id", &ask.id)?;
        self.delete_schedule_of(&scope, id, ask).await?;
        answer(DeleteScheduleResponse {})
    }

    async fn run_schedule(&self, request: Request<RunScheduleRequest>) -> Answer<Operation> {
        let scope = Scope::of(&request)?;
        let ask = request.into_inner();
        let id = convert::id("id", &ask.id)?;
        answer(self.run_schedule_of(&scope, id, ask).await?)
    }

    async fn preview_schedule(
        &self,
        request: Request<PreviewScheduleRequest>,
    ) -> Answer<PreviewScheduleResponse> {
        Scope::of(&request)?;
        let now = self.store.now();
        answer(convert::schedule::preview(request.into_inner(), now)?)
    }
}

impl Api {
    fn page(&self, id: &str, size: i32) -> Result<(Id, u16), error::Error> {
        let size = convert::size(size, self.config.page_size);
        Ok((convert::id("id", id)?, size))
    }
}
