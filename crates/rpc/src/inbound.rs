//! The stack of guards around a service's routes, the same for calls in this process and over sockets.
//!
//! In this order: forget what the caller put beside the message, name the request, count it, refuse it
//! if there is too much work, find out who calls, ask whether they may, set the deadline; then the
//! routes decode, validate and handle it in a task of its own. One file for each concern.

mod access;
mod audit;
mod deadline;
mod guards;
mod meter;
mod peer;
mod request_id;
mod run;
mod shed;

pub use guards::{Guards, GuardsBuilder, Limits};
pub use peer::{PROCESS_HEADER, Peer};
pub use request_id::REQUEST_ID;

pub(crate) use deadline::{GRPC_TIMEOUT, format_timeout, parse_timeout};

use crate::CallContext;
use audit::Audit;
use error::{Error, Kind, Result, reason};
use http::{Request, Response};
use run::Run;
use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use telemetry::TraceContext;
use tonic::{Status, body::Body, service::Routes};

/// Routes behind the guards, as seen by one kind of caller. Cloning is cheap.
#[derive(Clone)]
pub struct Inbound {
    routes: Routes,
    guards: Arc<Guards>,
    peer: Peer,
}

impl Inbound {
    /// The routes as other services of this process see them.
    pub fn new(guards: Arc<Guards>, routes: Routes) -> Self {
        Self {
            routes: routes.prepare(),
            guards,
            peer: Peer::Local,
        }
    }

    /// The same routes as another kind of caller sees them.
    #[must_use]
    pub fn seen_by(&self, peer: Peer) -> Self {
        Self {
            peer,
            ..self.clone()
        }
    }

    /// Lets one call in, or refuses it; either way there is an answer to wait for.
    ///
    /// What happens before the handler never waits and happens here, so that the future stays small: a
    /// call within the process is mostly the moving and the allocating of futures.
    pub(crate) fn start(&self, mut request: Request<Body>) -> Started {
        let certified = peer::has_certificate(&request);
        // Nothing beside the message reaches a handler, so that a call in the process means what it
        // would mean over a socket, and nobody brings their own `Caller`.
        request.extensions_mut().clear();
        let request_id = request_id::take(request.headers());
        let run = self.admit(request, certified, &request_id);
        Started { run, request_id }
    }

    /// Answers one call; every failure is an answer too.
    pub async fn handle(&self, request: Request<Body>) -> Response<Body> {
        self.start(request).answer().await
    }

    /// Everything that happens before the handler, none of which waits.
    fn admit(
        &self,
        mut request: Request<Body>,
        certified: bool,
        request_id: &http::HeaderValue,
    ) -> Result<Run> {
        let Some(entry) = self.guards.entry(request.uri().path()) else {
            return self.admit_unlisted(request, request_id);
        };
        let mut meter = meter::Meter::start(entry.meters());
        let trace = request
            .headers()
            .get(crate::TRACEPARENT)
            .and_then(|value| value.to_str().ok()?.parse::<TraceContext>().ok())
            .map_or_else(TraceContext::root, |trace| trace.child());
        let admitted = (|| {
            let permit = shed::admit(&self.guards, self.peer, entry.method)?;
            let process = self
                .guards
                .process_of(self.peer, certified, request.headers())?;
            let principal = access::check(&self.guards, entry.method, process, request.headers())?;
            let limits = self.guards.limits();
            let deadline = deadline::of_method(request.headers(), entry.method, limits);
            Ok((permit, principal, deadline))
        })();
        let (permit, principal, deadline) = match admitted {
            Ok(admitted) => admitted,
            Err(error) => {
                meter.finish(error_code(&error));
                // Who was refused is worth a second look-up, which the calls that are let in do not pay.
                let known = || {
                    access::caller(&self.guards, request.headers())
                        .ok()
                        .flatten()
                };
                if let Some(mut audit) = Audit::of(entry.method, request_id, known) {
                    audit.finish(error_code(&error));
                }
                return Err(error);
            }
        };
        let audit = Audit::of(entry.method, request_id, || {
            principal.as_ref().map(access::Principal::caller)
        });
        let authorization = request.headers().get(http::header::AUTHORIZATION).cloned();
        if let Some(principal) = principal {
            principal.put(request.extensions_mut());
        }
        let call = CallContext {
            request_id: request_id.clone(),
            trace,
            deadline,
            authorization,
        };
        Ok(Run::guarded(
            self.routes.clone(),
            request,
            call,
            entry.method,
            run::Held {
                meter,
                audit,
                permit,
            },
        ))
    }

    /// Health and reflection say nothing of any tenant and are open; any other path is refused here
    /// even if a route for it exists.
    fn admit_unlisted(
        &self,
        request: Request<Body>,
        request_id: &http::HeaderValue,
    ) -> Result<Run> {
        let path = request.uri().path();
        if path.starts_with("/grpc.health.v1.") || path.starts_with("/grpc.reflection.") {
            let call = CallContext {
                request_id: request_id.clone(),
                trace: TraceContext::root(),
                deadline: deadline::of(request.headers()),
                authorization: None,
            };
            return Ok(Run::open(self.routes.clone(), request, call));
        }
        Err(Error::new(
            &reason::UNIMPLEMENTED,
            format!("no method {path}"),
        ))
    }
}

impl tower::Service<Request<Body>> for Inbound {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let started = self.start(request);
        Box::pin(async move { Ok(started.answer().await) })
    }
}

/// A call that was let in or refused.
pub(crate) struct Started {
    run: Result<Run>,
    request_id: http::HeaderValue,
}

impl Started {
    /// Waits for the answer.
    pub(crate) async fn answer(self) -> Response<Body> {
        let Self { run, request_id } = self;
        let mut response = match run {
            Ok(run) => run.answer().await,
            Err(error) => refusal(error, &request_id),
        };
        response.headers_mut().insert(REQUEST_ID, request_id);
        response
    }
}

/// An error as an answer that names the request.
fn refusal(error: Error, request_id: &http::HeaderValue) -> Response<Body> {
    let status = Status::from(error);
    match request_id.to_str() {
        Ok(id) => error::with_request_id(status, id),
        Err(_) => status,
    }
    .into_http()
}

fn error_code(error: &Error) -> tonic::Code {
    Kind::code(error.kind())
}
