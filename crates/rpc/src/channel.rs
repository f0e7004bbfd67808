//! One channel type for generated clients, wherever the service is: in this process or at several
//! addresses, changing while the channel is in use.

mod attempts;
mod breaker;
mod budget;
mod endpoints;
mod faults;
mod outbound;

pub use breaker::BreakerConfig;
pub use budget::BudgetConfig;
pub use endpoints::{Endpoints, Pool};
pub use faults::{Fault, FaultKind, Faults};
pub use outbound::{Outbound, OutboundBuilder};

use crate::{BoxError, Inbound};
use arc_swap::ArcSwap;
use breaker::Breaker;
use budget::Budget;
use error::{Error, reason};
use http::{HeaderValue, Request, Response, header::AUTHORIZATION};
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tonic::{Status, body::Body};

/// What every generated client is built over: `MetadataServiceClient::new(channel)`.
#[derive(Clone)]
pub struct Channel {
    shared: Arc<Shared>,
    token: Option<HeaderValue>,
}

/// An answer to wait for.
type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

struct Shared {
    service: String,
    target: ArcSwap<Target>,
    outbound: Arc<Outbound>,
    behalf: Behalf,
    breaker: Breaker,
    budget: Budget,
}

/// Where a service is.
#[derive(Clone)]
pub enum Target {
    /// Nowhere known.
    Absent,
    /// In this process.
    Local(Inbound),
    /// At these addresses.
    Remote(Endpoints),
}

/// For whom a channel calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behalf {
    /// For a service of this process.
    Service,
    /// For an end user, through the edge: internal methods are refused, wherever the service is.
    EndUser,
}

impl Channel {
    /// A channel to a service that is nowhere yet; see [`Channel::point_to`].
    pub fn new(service: impl Into<String>, outbound: Arc<Outbound>, behalf: Behalf) -> Self {
        let shared = Shared {
            service: service.into(),
            target: ArcSwap::from_pointee(Target::Absent),
            breaker: Breaker::new(outbound.breaker),
            budget: Budget::new(outbound.budget),
            outbound,
            behalf,
        };
        Self {
            shared: Arc::new(shared),
            token: None,
        }
    }

    /// A channel to routes of this process.
    pub fn local(service: impl Into<String>, outbound: Arc<Outbound>, inbound: Inbound) -> Self {
        let channel = Self::new(service, outbound, Behalf::Service);
        channel.point_to(Target::Local(inbound));
        channel
    }

    /// A channel to a service at these addresses.
    pub fn remote(
        service: impl Into<String>,
        outbound: Arc<Outbound>,
        endpoints: Endpoints,
    ) -> Self {
        let channel = Self::new(service, outbound, Behalf::Service);
        channel.point_to(Target::Remote(endpoints));
        channel
    }

    /// Moves the channel, and all its clones, to where the service is now.
    pub fn point_to(&self, target: Target) {
        self.shared.target.store(Arc::new(target));
    }

    /// The same channel with a token of its own, for calls that bring none and run in no call: those
    /// of service principals and of tests.
    ///
    /// # Errors
    /// If the token cannot stand in a header.
    pub fn with_token(&self, token: &str) -> Result<Self, BoxError> {
        let mut token = HeaderValue::try_from(format!("Bearer {token}"))?;
        token.set_sensitive(true);
        Ok(Self {
            token: Some(token),
            ..self.clone()
        })
    }

    /// The service's name.
    pub fn service(&self) -> &str {
        &self.shared.service
    }

    /// Where the service is, as far as is known.
    pub fn target(&self) -> Target {
        Target::clone(&self.shared.target.load())
    }
}

impl Shared {
    /// Starts a call. The common case, a service of this process, pays for no retries: it is there or
    /// it is not.
    fn send(self: &Arc<Self>, mut request: Request<Body>) -> Answer {
        let method = self.outbound.methods.get(request.uri().path());
        let deadline = match self.outbound.prepare(&mut request, method, self.behalf) {
            Ok(deadline) => deadline,
            Err(error) => return at_once(error),
        };
        let target = self.target.load();
        match &**target {
            Target::Local(inbound) if !self.outbound.faults.are_set() => {
                let started = inbound.start(request);
                Box::pin(async move { Ok(started.answer().await) })
            }
            Target::Local(_) | Target::Remote(_) => {
                let (shared, target) = (self.clone(), Target::clone(&target));
                Box::pin(async move {
                    Ok(attempts::send(&shared, target, request, method, deadline).await)
                })
            }
            Target::Absent => at_once(self.unreachable("no process serves it")),
        }
    }

    fn unreachable(&self, cause: impl Into<BoxError>) -> Error {
        Error::new(
            &reason::UNAVAILABLE,
            format!("service {} cannot be reached", self.service),
        )
        .with_metadata("service", self.service.clone())
        .with_source(cause)
    }
}

impl tower::Service<Request<Body>> for Channel {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if let Some(token) = &self.token
            && !request.headers().contains_key(AUTHORIZATION)
        {
            request.headers_mut().insert(AUTHORIZATION, token.clone());
        }
        self.shared.send(request)
    }
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let target = match &**self.shared.target.load() {
            Target::Absent => "absent".to_owned(),
            Target::Local(_) => "local".to_owned(),
            Target::Remote(endpoints) => endpoints.addresses().collect::<Vec<_>>().join(","),
        };
        f.debug_struct("Channel")
            .field("service", &self.shared.service)
            .field("target", &target)
            .finish()
    }
}

fn at_once(error: Error) -> Answer {
    Box::pin(std::future::ready(Ok(answer(error))))
}

/// An error of the channel's own as an answer.
fn answer(error: Error) -> Response<Body> {
    Status::from(error).into_http()
}
