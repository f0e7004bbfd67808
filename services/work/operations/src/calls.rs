//! What is asked of the services that keep durable work, with the caller's token. Where one cannot be asked is told apart
//! from where it refuses: then what was heard of it last is the answer, or nothing was changed.

use crate::reasons::OWNER_UNAVAILABLE;
use error::{Error, Kind, Result};
use proto::tessera::jobs::v1::{self as jobs, jobs_service_client::JobsServiceClient};
use rpc::Channel;
use std::time::Duration;
use tonic::{IntoRequest, Request, Response, Status};
use value::Id;

/// Pages of steps hold what they were given and what they gave.
const ANSWER_LIMIT: usize = 64 << 20;

/// The services that may keep durable work.
#[derive(Clone)]
pub(crate) struct Owners {
    owners: rpc::Owners,
    patience: Duration,
}

impl Owners {
    /// Asks over these channels, and waits so long for what only reads.
    pub(crate) fn new(owners: rpc::Owners, patience: Duration) -> Self {
        Self { owners, patience }
    }

    /// A service, for one tenant.
    ///
    /// # Errors
    /// `OWNER_UNAVAILABLE` where the installation has no such service any more.
    pub(crate) fn of(&self, service: &str, tenant: Id) -> Result<Owner> {
        let channel = self
            .owners
            .channel(service)
            .ok_or_else(|| away(service, "the installation has no such service"))?;
        Ok(Owner {
            channel,
            service: service.to_owned(),
            tenant,
            patience: self.patience,
        })
    }

    /// All services, for one tenant, by name; of one only where it is named.
    pub(crate) fn all(&self, service: &str, tenant: Id) -> Vec<Owner> {
        self.owners
            .names()
            .filter(|name| service.is_empty() || *name == service)
            .filter_map(|name| self.of(name, tenant).ok())
            .collect()
    }
}

/// One service that keeps durable work.
#[derive(Clone)]
pub(crate) struct Owner {
    channel: Channel,
    service: String,
    tenant: Id,
    patience: Duration,
}

/// What may be asked: the service and the tenant are filled in.
pub(crate) trait Addressed {
    /// Says whose jobs are meant.
    fn address(&mut self, service: &str, tenant: &str);
}

macro_rules! addressed {
    ($($message:ident),*) => {$(
        impl Addressed for jobs::$message {
            fn address(&mut self, service: &str, tenant: &str) {
                service.clone_into(&mut self.service);
                tenant.clone_into(&mut self.tenant_id);
            }
        }
    )*};
}

addressed!(
    CancelJobRequest,
    ClassifyJobRequest,
    CreateCheckpointRequest,
    CreateScheduleRequest,
    DeleteJobRequest,
    DeleteScheduleRequest,
    GetCheckpointRequest,
    GetJobRequest,
    GetScheduleRequest,
    ListCheckpointsRequest,
    ListKindsRequest,
    ListSchedulesRequest,
    ListStatesRequest,
    ListStepsRequest,
    PauseJobRequest,
    ResumeJobRequest,
    RollBackJobRequest,
    SignalJobRequest,
    SubmitJobRequest,
    UpdateScheduleRequest
);

impl Owner {
    /// Its name.
    pub(crate) fn service(&self) -> &str {
        &self.service
    }

    /// A client of it.
    pub(crate) fn client(&self) -> JobsServiceClient<Channel> {
        JobsServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_LIMIT)
    }

    /// A question that changes nothing, and does not wait for long.
    pub(crate) fn question<Q: Addressed>(&self, question: Q) -> Request<Q> {
        let mut request = self.order(question);
        request.set_timeout(self.patience);
        request
    }

    /// A wish to change something.
    pub(crate) fn order<Q: Addressed>(&self, mut question: Q) -> Request<Q> {
        question.address(&self.service, &self.tenant.to_string());
        question.into_request()
    }

    /// What it answered to a question.
    ///
    /// # Errors
    /// `OWNER_UNAVAILABLE` where it could not be asked; otherwise what it says.
    pub(crate) fn answered<A>(&self, answer: Result<Response<A>, Status>) -> Result<A> {
        answer
            .map(Response::into_inner)
            .map_err(|status| self.refusal(status, true))
    }

    /// What came of an order. Where that was not heard of in time, that is the error, and not that it could not be asked.
    ///
    /// # Errors
    /// As [`Owner::answered`].
    pub(crate) fn done<A>(&self, answer: Result<Response<A>, Status>) -> Result<A> {
        answer
            .map(Response::into_inner)
            .map_err(|status| self.refusal(status, false))
    }

    /// The job as it is now.
    pub(crate) async fn job(&self, id: Id) -> Result<jobs::Job> {
        let ask = jobs::GetJobRequest {
            job_id: id.to_string(),
            ..Default::default()
        };
        self.answered(self.client().get_job(self.question(ask)).await)
    }

    fn refusal(&self, status: Status, reads: bool) -> Error {
        let error = Error::from(status);
        match error.kind() {
            Kind::Unavailable | Kind::Unimplemented => away(&self.service, error),
            Kind::DeadlineExceeded if reads => away(&self.service, error),
            _ => error,
        }
    }
}

/// Whether a refusal means that the owner could not be asked.
pub(crate) fn is_away(refusal: &Error) -> bool {
    refusal.is(&OWNER_UNAVAILABLE)
}

fn away(service: &str, cause: impl Into<error::BoxError>) -> Error {
    Error::new(
        &OWNER_UNAVAILABLE,
        format!("service {service}, which does the work, cannot be reached"),
    )
    .with_metadata("service", service)
    .with_source(cause)
}
