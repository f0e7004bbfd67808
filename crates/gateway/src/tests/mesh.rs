//! The edge over the mesh's own channels: what clients see of a service that fails once or is slow.

use super::fixture::{Bench, Got, descriptors, methods_with, wire};
use crate::{Edge, EdgeConfig};
use auth::Authority;
use axum::body::Body;
use bytes::Bytes;
use config::Span;
use http::{Request as HttpRequest, Response as HttpResponse, StatusCode};
use http_body_util::BodyExt;
use proto::{Method, MethodTable, method::Visibility};
use rpc::{Behalf, Channel, FaultKind, Guards, Inbound, Outbound, Peer, Pool, Shutdown, Target};
use serde_json::json;
use std::{
    convert::Infallible,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{net::TcpListener, time::Instant};
use tonic::{Status, body::Body as GrpcBody, server::NamedService, service::Routes};
use tower::{Service, ServiceExt};
use value::SystemClock;

const GET: &str = "/tessera.things.v1.ThingService/GetThing";
const ANSWER: &str = "/api/v1/things/7";

/// A service whose every method is answered by one function, with the bytes of a thing.
#[derive(Clone)]
struct Things<F>(F);

impl<F> NamedService for Things<F> {
    const NAME: &'static str = "tessera.things.v1.ThingService";
}

impl<F, R> Service<HttpRequest<GrpcBody>> for Things<F>
where
    F: Fn() -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<(), Status>> + Send + 'static,
{
    type Response = HttpResponse<GrpcBody>;
    type Error = Infallible;
    type Future = futures::future::BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest<GrpcBody>) -> Self::Future {
        let handle = self.0.clone();
        let handle = tower::service_fn(move |_: tonic::Request<Bytes>| {
            let handled = handle();
            async move {
                handled.await?;
                let thing = wire("tessera.things.v1.Thing", json!({"displayName": "seven"}));
                Ok::<_, Status>(tonic::Response::new(thing))
            }
        });
        let mut grpc = tonic::server::Grpc::new(crate::call::Raw);
        Box::pin(async move { Ok(grpc.unary(handle, request).await) })
    }
}

/// The channel of an edge to a service in this process, and what can be done to it.
struct Mesh {
    methods: Arc<MethodTable>,
    outbound: Arc<Outbound>,
    inbound: Inbound,
}

impl Mesh {
    /// Public methods, so that only time and failure are in play; `change` has the last word on each.
    fn new<F, R>(change: impl Fn(&mut Method), handler: F) -> Self
    where
        F: Fn() -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<(), Status>> + Send + 'static,
    {
        let methods = Arc::new(methods_with(descriptors(), |method| {
            if method.visibility == Visibility::User {
                method.visibility = Visibility::Public;
            }
            change(method);
        }));
        let authority = Arc::new(Authority::new(
            auth::Config::default(),
            Arc::new(SystemClock),
        ));
        let guards = Guards::builder(&methods, authority).build();
        Self {
            outbound: Outbound::builder(methods.clone()).build(),
            inbound: Inbound::new(guards, Routes::new(Things(handler))),
            methods,
        }
    }

    fn edge(&self, config: EdgeConfig, target: Target) -> Edge {
        let channel = Channel::new("things", self.outbound.clone(), Behalf::EndUser);
        channel.point_to(target);
        let resolve = Arc::new(move |name: &str| (name == "things").then(|| channel.clone()));
        Edge::new(config, &[descriptors()], &self.methods, resolve).unwrap()
    }

    fn local(&self) -> Target {
        Target::Local(self.inbound.seen_by(Peer::Edge))
    }
}

async fn get(edge: &Edge, path: &str, headers: &[(&str, &str)]) -> Got {
    let mut request = HttpRequest::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let answer = edge.router().oneshot(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Got {
        status: parts.status,
        headers: parts.headers,
        text: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

/// Proves: GW-04
#[tokio::test]
async fn a_service_that_fails_once_is_asked_again_behind_the_edge() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let mesh = Mesh::new(
        |_| {},
        move || {
            let first = counted.fetch_add(1, Relaxed) == 0;
            async move {
                if first {
                    return Err(Status::unavailable("starting"));
                }
                Ok(())
            }
        },
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let shutdown = Shutdown::new();
    let served = rpc::listen(
        listener,
        mesh.inbound.clone(),
        None,
        shutdown.clone(),
        Duration::from_secs(5),
    );
    let served = tokio::spawn(async move { served.await.unwrap() });
    let endpoints = Pool::new(None).endpoints([address.as_str()]).unwrap();
    let edge = mesh.edge(EdgeConfig::default(), Target::Remote(endpoints));
    let got = get(&edge, ANSWER, &[]).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.text);
    assert_eq!(got.json()["displayName"], "seven");
    assert_eq!(
        calls.load(Relaxed),
        2,
        "asked once more, and no more than that"
    );
    shutdown.begin();
    served.await.unwrap();
}

/// Proves: GW-04
#[tokio::test]
async fn an_unsafe_method_that_may_have_been_done_is_not_sent_again() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let mesh = Mesh::new(
        |method| method.idempotency = proto::method::Idempotency::Unsafe,
        move || {
            counted.fetch_add(1, Relaxed);
            async { Ok(()) }
        },
    );
    let edge = mesh.edge(EdgeConfig::default(), mesh.local());
    mesh.outbound
        .faults()
        .strike(GET, FaultKind::DropAfterCommit, 1);
    let got = get(&edge, ANSWER, &[]).await;
    assert_eq!(
        (got.status, got.reason().as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE")
    );
    assert_eq!(calls.load(Relaxed), 1);
}

/// Proves: GW-04
#[tokio::test(start_paused = true)]
async fn a_slow_service_is_given_up_at_the_edges_timeout() {
    let mesh = Mesh::new(|_| {}, std::future::pending);
    let config = EdgeConfig {
        timeout: Span::from_secs(2),
        ..EdgeConfig::default()
    };
    let edge = mesh.edge(config, mesh.local());
    let started = Instant::now();
    let got = get(&edge, ANSWER, &[]).await;
    assert_eq!(
        (got.status, got.reason().as_str()),
        (StatusCode::GATEWAY_TIMEOUT, "DEADLINE_EXCEEDED")
    );
    let waited = started.elapsed();
    assert!(
        (Duration::from_millis(1900)..=Duration::from_millis(2100)).contains(&waited),
        "{waited:?}"
    );
}

/// A service that takes ten minutes, on a clock that jumps over waiting.
fn takes_ten_minutes(timeout_seconds: u32) -> Edge {
    let mesh = Mesh::new(
        move |method| {
            if method.path == GET {
                method.timeout_seconds = timeout_seconds;
            }
        },
        || async {
            tokio::time::sleep(Duration::from_secs(600)).await;
            Ok(())
        },
    );
    mesh.edge(EdgeConfig::default(), mesh.local())
}

/// Proves: GW-05
#[tokio::test(start_paused = true)]
async fn a_method_with_a_timeout_of_its_own_is_not_cut_at_the_edges() {
    let started = Instant::now();
    let got = get(&takes_ten_minutes(3600), ANSWER, &[]).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.text);
    assert_eq!(started.elapsed().as_secs(), 600);

    // Neither is a client that says it will wait for so long, beyond what others may ask for.
    let asked = [("grpc-timeout", "20M")];
    let got = get(&takes_ten_minutes(3600), ANSWER, &asked).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.text);
}

/// Proves: GW-05
#[tokio::test(start_paused = true)]
async fn other_methods_and_the_end_of_its_own_time_are_cut() {
    let cut_after = async |timeout_seconds, headers: &[(&str, &str)]| {
        let started = Instant::now();
        let got = get(&takes_ten_minutes(timeout_seconds), ANSWER, headers).await;
        assert_eq!(got.status, StatusCode::GATEWAY_TIMEOUT);
        started.elapsed().as_millis().div_ceil(1000)
    };
    assert_eq!(cut_after(0, &[]).await, 30, "the edge's timeout");
    assert_eq!(cut_after(90, &[]).await, 90, "the method's timeout");
    let asked = [("grpc-timeout", "60S")];
    assert_eq!(
        cut_after(3600, &asked).await,
        60,
        "a client may ask for less"
    );
}

/// Proves: GW-05
#[tokio::test(start_paused = true)]
async fn a_client_may_not_ask_for_more_than_the_edge_allows() {
    let started = Instant::now();
    let request = HttpRequest::get(ANSWER).header("grpc-timeout", "20M");
    let got = Bench::hanging()
        .send(request.body(Body::empty()).unwrap())
        .await;
    assert_eq!(got.status, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(started.elapsed().as_secs(), 300);
}
