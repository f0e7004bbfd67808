//! What an in-process call with all guards costs above its bare handler: small, and with half a kilobyte each way.
//!
//! Metrics are recorded and calls have their span, as in a process that serves.

use auth::{
    Authority, Config, Principal, PrincipalKind, PrincipalPolicy, Snapshot,
    jwt::{Claims, ISSUER, SigningKey, sign},
};
use criterion::Criterion;
use proto::{
    MethodTable,
    tessera::mesh::v1::{
        AnnounceRequest, AnnounceResponse, DescribeRequest, DescribeResponse,
        mesh_service_client::MeshServiceClient,
        mesh_service_server::{MeshService, MeshServiceServer},
    },
};
use rpc::{Channel, Guards, Inbound, Outbound};
use std::sync::Arc;
use tonic::{
    Request, Response, Status, body::Body, client::GrpcService, codegen::StdError, service::Routes,
};
use value::{Clock, Id, ManualClock, SystemClock};

struct Handler;

#[tonic::async_trait]
impl MeshService for Handler {
    async fn describe(
        &self,
        _: Request<DescribeRequest>,
    ) -> Result<Response<DescribeResponse>, Status> {
        Ok(Response::new(DescribeResponse::default()))
    }

    async fn announce(
        &self,
        request: Request<AnnounceRequest>,
    ) -> Result<Response<AnnounceResponse>, Status> {
        Ok(Response::new(AnnounceResponse {
            accepted: request.into_inner().services,
            lease: None,
        }))
    }
}

/// About half a kilobyte on the wire, and back.
fn half_a_kilobyte() -> AnnounceRequest {
    AnnounceRequest {
        services: (0..19)
            .map(|i| format!("a-service-with-a-name-{i:02}"))
            .collect(),
        address: "http://127.0.0.1:7700".into(),
    }
}

/// An authority that knows one principal, and the principal's token. The clock stands, so that the
/// policy does not age during the run.
fn authority() -> (Arc<Authority>, String) {
    let clock = Arc::new(ManualClock::new(SystemClock.now()));
    let key = SigningKey::generate();
    let principal = Principal {
        id: Id::new(),
        tenant: Id::new(),
        kind: PrincipalKind::User,
        name: "bench".into(),
    };
    let now = clock.now().micros() / 1_000_000;
    let claims = Claims {
        iss: ISSUER.into(),
        aud: ISSUER.into(),
        sub: principal.id,
        tid: principal.tenant,
        sid: Id::new(),
        jti: Id::new(),
        iat: now,
        nbf: now - 1,
        exp: now + 86_400,
    };
    let snapshot = Snapshot {
        version: 1,
        keys: vec![key.public()],
        principals: vec![PrincipalPolicy {
            principal,
            roles: vec!["admin".into()],
            disabled: false,
            row_filters: Vec::new(),
        }],
        ..Snapshot::default()
    };
    let authority = Arc::new(Authority::new(Config::default(), clock.clone()));
    authority
        .install(snapshot, clock.now())
        .expect("a sound policy");
    (authority, sign(&claims, &key).expect("a token"))
}

fn calls(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let (authority, token) = authority();
    let methods = Arc::new(MethodTable::new([&proto::CONTRACTS]));
    let routes = Routes::new(MeshServiceServer::new(Handler));
    let inbound = Inbound::new(Guards::builder(&methods, authority).build(), routes);
    let channel = Channel::local("mesh", Outbound::builder(methods).build(), inbound);
    let guarded = MeshServiceClient::new(channel.with_token(&token).expect("a header value"));
    let bare = MeshServiceClient::new(MeshServiceServer::new(Handler));

    // From a worker, as services call: a call from outside the runtime would measure waking it.
    let mut group = c.benchmark_group("small");
    group.bench_function("bare", |b| {
        let client = bare.clone();
        b.to_async(&runtime)
            .iter_custom(|times| on_worker(describe(client.clone(), times)));
    });
    group.bench_function("guarded", |b| {
        let client = guarded.clone();
        b.to_async(&runtime)
            .iter_custom(|times| on_worker(describe(client.clone(), times)));
    });
    group.finish();
    let mut group = c.benchmark_group("half a kilobyte");
    group.bench_function("bare", |b| {
        let client = bare.clone();
        b.to_async(&runtime)
            .iter_custom(|times| on_worker(announce(client.clone(), times)));
    });
    group.bench_function("guarded", |b| {
        let client = guarded.clone();
        b.to_async(&runtime)
            .iter_custom(|times| on_worker(announce(client.clone(), times)));
    });
    group.finish();
}

async fn describe<C>(mut client: MeshServiceClient<C>, times: u64)
where
    C: GrpcService<Body>,
    C::Error: Into<StdError>,
    C::ResponseBody: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    <C::ResponseBody as http_body::Body>::Error: Into<StdError> + Send,
{
    for _ in 0..times {
        client.describe(DescribeRequest {}).await.expect("answers");
    }
}

async fn announce<C>(mut client: MeshServiceClient<C>, times: u64)
where
    C: GrpcService<Body>,
    C::Error: Into<StdError>,
    C::ResponseBody: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    <C::ResponseBody as http_body::Body>::Error: Into<StdError> + Send,
{
    let offer = half_a_kilobyte();
    for _ in 0..times {
        client.announce(offer.clone()).await.expect("answers");
    }
}

async fn on_worker(work: impl Future<Output = ()> + Send + 'static) -> std::time::Duration {
    let timed = async move {
        let started = std::time::Instant::now();
        work.await;
        started.elapsed()
    };
    tokio::spawn(timed).await.expect("no panic")
}

/// Runs the bench; written out because the macro's function has no documentation.
fn main() {
    telemetry::init(&telemetry::Config::default()).expect("the default filter");
    let _metrics = telemetry::Metrics::install();
    calls(&mut Criterion::default().configure_from_args());
}
