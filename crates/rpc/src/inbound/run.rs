//! Runs the handler in a task of its own, so that a panic or a busy loop is not the caller's, and
//! ends it when the caller goes away or the deadline passes.

use super::{audit::Audit, meter::Meter, refusal, shed::Permit};
use crate::{CallContext, tasks::panic_message};
use error::{Error, reason};
use http::{HeaderValue, Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use proto::Method;
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::{
    task::{JoinError, JoinHandle},
    time::Instant,
};
use tonic::{Code, Status, body::Body, service::Routes};
use tower::Service;
use tracing::Instrument;

/// A call that was let in, and what is held until it is answered.
pub(super) struct Run {
    work: Work,
    request_id: HeaderValue,
    deadline: Option<Instant>,
    held: Option<Held>,
    streams: bool,
}

/// What a call in work holds.
pub(super) struct Held {
    pub(super) meter: Meter,
    pub(super) audit: Option<Audit>,
    #[expect(dead_code, reason = "given back when dropped")]
    pub(super) permit: Permit,
}

impl Run {
    /// A call of a method of ours.
    pub(super) fn guarded(
        routes: Routes,
        request: Request<Body>,
        call: CallContext,
        method: &'static Method,
        held: Held,
    ) -> Self {
        Self {
            held: Some(held),
            streams: method.server_streaming,
            ..Self::open(routes, request, call)
        }
    }

    /// A call of health or reflection: not counted.
    pub(super) fn open(mut routes: Routes, request: Request<Body>, call: CallContext) -> Self {
        let span = tracing::info_span!(
            "call",
            path = request.uri().path(),
            request_id = call.request_id.to_str().unwrap_or_default(),
            trace_id = call.trace.trace_id()
        );
        let request_id = call.request_id.clone();
        let deadline = call.deadline;
        let handling = Arc::new(call).scope(async move {
            // `Routes` is always ready and never fails.
            routes
                .call(request)
                .await
                .unwrap_or_else(|never| match never {})
        });
        let work = if span.is_disabled() {
            Work(tokio::spawn(handling))
        } else {
            Work(tokio::spawn(handling.instrument(span)))
        };
        Self {
            work,
            request_id,
            deadline,
            held: None,
            streams: false,
        }
    }

    /// Waits for the answer, at most until the deadline.
    pub(super) async fn answer(mut self) -> Response<Body> {
        let ended = match self.deadline {
            Some(deadline) => tokio::time::timeout_at(deadline, &mut self.work).await.ok(),
            None => Some((&mut self.work).await),
        };
        let response = match ended {
            Some(Ok(response)) => response,
            Some(Err(failure)) => self.broken(failure),
            None => refusal(
                Error::new(&reason::DEADLINE_EXCEEDED, "the deadline passed"),
                &self.request_id,
            ),
        };
        let response = explained(response, &self.request_id);
        let Some(mut held) = self.held.take() else {
            return response;
        };
        let code = code_of(&response);
        held.meter.finish(code);
        if let Some(audit) = &mut held.audit {
            audit.finish(code);
        }
        // A stream is in work until its last message.
        if self.streams {
            return response.map(|body| Body::new(Holding { body, _held: held }));
        }
        response
    }

    fn broken(&self, failure: JoinError) -> Response<Body> {
        let error = match failure.try_into_panic() {
            Ok(panic) => {
                let said = panic_message(&*panic);
                tracing::error!(request_id = ?self.request_id, panic = said, "a handler panicked");
                Error::internal(format!("a handler panicked: {said}"))
            }
            Err(_) => Error::new(&reason::UNAVAILABLE, "the process is stopping"),
        };
        refusal(error, &self.request_id)
    }
}

/// The handler's task, which does not outlive the wish for its answer.
struct Work(JoinHandle<Response<Body>>);

impl Future for Work {
    type Output = Result<Response<Body>, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The status of an answer whose body says no more than its head; OK for the rest.
fn code_of(response: &Response<Body>) -> Code {
    response
        .headers()
        .get("grpc-status")
        .map_or(Code::Ok, |status| Code::from_bytes(status.as_bytes()))
}

/// A message over the limit is refused by the transport, in words of its own: it gets our reason.
fn explained(response: Response<Body>, request_id: &HeaderValue) -> Response<Body> {
    let plain = !response.headers().contains_key("grpc-status-details-bin");
    if code_of(&response) == Code::OutOfRange && plain {
        let what = "the message is larger than this method accepts";
        return refusal(Error::new(&reason::MESSAGE_TOO_LARGE, what), request_id);
    }
    response
}

/// A body that keeps its call counted as work.
struct Holding {
    body: Body,
    _held: Held,
}

impl HttpBody for Holding {
    type Data = bytes::Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<bytes::Bytes>, Status>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
