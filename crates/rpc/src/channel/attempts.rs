//! Sends a call until it is answered: breaker, deadline, and retries where the method allows them.

use super::{FaultKind, Shared, Target, answer, endpoints::Endpoint};
use crate::BoxError;
use bytes::Bytes;
use error::{Error, reason};
use http::{HeaderMap, Request, Response, request::Parts};
use http_body_util::{BodyExt, Full};
use proto::{Method, method::Idempotency};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use tonic::{Code, Status, body::Body};

/// Attempts for one call, the first included.
const MOST_ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Above the server's own answer at the deadline, which is better than ours.
const GRACE: Duration = Duration::from_millis(20);

/// Silence of this length makes a service suspect.
const PATIENCE: Duration = Duration::from_secs(2);

/// How one attempt ended.
enum Ended {
    /// With an answer, of whatever status.
    Answered(Response<Body>),
    /// It never reached a server: nothing was done, whatever the method.
    NotSent(BoxError),
    /// It broke on the way; something may have been done.
    Broken(BoxError),
    /// The deadline passed in silence.
    Silent,
}

/// Sends a call and answers it, one way or the other.
pub(super) async fn send(
    channel: &Shared,
    target: Target,
    request: Request<Body>,
    method: Option<&'static Method>,
    deadline: Option<Instant>,
) -> Response<Body> {
    if let Err(error) = channel.breaker.admit(&channel.service) {
        return answer(error);
    }
    let (response, healthy) = exchange(channel, &target, request, method, deadline).await;
    channel.breaker.note(&channel.service, healthy);
    response
}

/// The answer, and whether it speaks for the health of the service.
async fn exchange(
    channel: &Shared,
    target: &Target,
    request: Request<Body>,
    method: Option<&'static Method>,
    deadline: Option<Instant>,
) -> (Response<Body>, bool) {
    let mut replay = match Replay::new(request, method).await {
        Ok(replay) => replay,
        Err(status) => return (status.into_http(), true),
    };
    let repeatable = method.is_some_and(|method| method.idempotency != Idempotency::Unsafe);
    let mut pause = FIRST_PAUSE;
    let mut failed_at = None;
    let started = Instant::now();
    for attempt in 1.. {
        let last = attempt >= MOST_ATTEMPTS;
        let ended = once(channel, target, replay.request(), deadline, &mut failed_at).await;
        let mut alive = false;
        let (response, may_repeat, free) = match ended {
            Ended::Answered(response) if code(response.headers()) != Some(Code::Unavailable) => {
                channel.budget.earn();
                return (response, true);
            }
            // A live service says that it cannot just now. That is worth another try, and no reason to
            // cut its other callers off.
            Ended::Answered(response) => {
                alive = true;
                (response, repeatable, false)
            }
            // The way to another address costs no server anything.
            Ended::NotSent(cause) => {
                let elsewhere = matches!(target, Target::Remote(endpoints) if endpoints.len() > 1);
                (answer(channel.unreachable(cause)), true, elsewhere)
            }
            Ended::Broken(cause) => (answer(channel.unreachable(cause)), repeatable, false),
            Ended::Silent => {
                let error = Error::new(&reason::DEADLINE_EXCEEDED, "no answer before the deadline");
                // A caller in a hurry says nothing about the service.
                return (answer(error), started.elapsed() < PATIENCE);
            }
        };
        if last || !may_repeat || !replay.can_repeat() || !(free || channel.budget.take()) {
            return (response, alive);
        }
        // Full jitter keeps callers that failed together from coming back together.
        let wait = if free && attempt == 1 {
            Duration::ZERO
        } else {
            pause.mul_f64(rand::random::<f64>())
        };
        pause = (pause * 2).min(LONGEST_PAUSE);
        if deadline.is_some_and(|deadline| Instant::now() + wait >= deadline) {
            return (response, alive);
        }
        tokio::time::sleep(wait).await;
        tracing::debug!(service = channel.service, attempt, "call is sent again");
    }
    unreachable!("the last attempt returns")
}

async fn once(
    channel: &Shared,
    target: &Target,
    mut request: Request<Body>,
    deadline: Option<Instant>,
    failed_at: &mut Option<Arc<Endpoint>>,
) -> Ended {
    match target {
        Target::Absent => Ended::NotSent("no process serves it".into()),
        Target::Local(inbound) => {
            let fault = channel.outbound.faults.draw(request.uri().path());
            match fault {
                None => Ended::Answered(inbound.handle(request).await),
                Some(FaultKind::Unavailable) => Ended::NotSent("injected fault".into()),
                Some(FaultKind::Delay(time)) => {
                    tokio::time::sleep(time).await;
                    Ended::Answered(inbound.handle(request).await)
                }
                Some(FaultKind::Cancel(after)) => {
                    match tokio::time::timeout(after, inbound.handle(request)).await {
                        Ok(response) => Ended::Answered(response),
                        Err(_) => Ended::Answered(answer(Error::new(
                            &reason::CANCELLED,
                            "injected fault",
                        ))),
                    }
                }
                Some(FaultKind::DropAfterCommit) => {
                    let _ = inbound.handle(request).await;
                    Ended::Broken("injected fault".into())
                }
            }
        }
        Target::Remote(endpoints) => {
            let Some(endpoint) = endpoints.pick(failed_at.as_ref()) else {
                return Ended::NotSent("no address is known".into());
            };
            channel
                .outbound
                .prove(request.headers_mut(), channel.behalf);
            let sending = endpoint.send(request);
            let sent = match deadline {
                Some(deadline) => match tokio::time::timeout_at(deadline + GRACE, sending).await {
                    Ok(sent) => sent,
                    Err(_) => return Ended::Silent,
                },
                None => sending.await,
            };
            match sent {
                Ok(response) => Ended::Answered(response),
                Err(cause) if is::<tonic::TimeoutExpired>(&*cause) => Ended::Silent,
                Err(cause) => {
                    *failed_at = Some(endpoint);
                    if is::<tonic::ConnectError>(&*cause) {
                        Ended::NotSent(cause)
                    } else {
                        Ended::Broken(cause)
                    }
                }
            }
        }
    }
}

/// A request that can be sent again: unary ones are read once and kept, streams are not.
struct Replay {
    parts: Parts,
    kept: Option<Bytes>,
    stream: Option<Body>,
}

impl Replay {
    async fn new(request: Request<Body>, method: Option<&'static Method>) -> Result<Self, Status> {
        let (mut parts, body) = request.into_parts();
        parts.extensions.clear();
        if method.is_some_and(|method| !method.client_streaming) {
            let kept = body.collect().await?.to_bytes();
            return Ok(Self {
                parts,
                kept: Some(kept),
                stream: None,
            });
        }
        Ok(Self {
            parts,
            kept: None,
            stream: Some(body),
        })
    }

    fn can_repeat(&self) -> bool {
        self.kept.is_some()
    }

    fn request(&mut self) -> Request<Body> {
        let body = match (&self.kept, self.stream.take()) {
            (Some(bytes), _) => Body::new(Full::new(bytes.clone())),
            (None, Some(stream)) => stream,
            (None, None) => Body::empty(),
        };
        Request::from_parts(self.parts.clone(), body)
    }
}

/// The status that an answer's head already tells.
fn code(headers: &HeaderMap) -> Option<Code> {
    headers
        .get("grpc-status")
        .map(|status| Code::from_bytes(status.as_bytes()))
}

/// Whether an error of this type is among an error's causes.
fn is<E: std::error::Error + 'static>(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<E>() {
            return true;
        }
        next = error.source();
    }
    false
}
