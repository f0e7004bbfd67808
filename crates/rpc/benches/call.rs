//! What an in-process call with all guards costs above its bare handler.

use auth::{
    Authority, Config, Principal, PrincipalKind, PrincipalPolicy, Snapshot,
    jwt::{Claims, ISSUER, SigningKey, sign},
};
use criterion::Criterion;
use proto::{
    MethodTable,
    tessera::mesh::v1::{
        DescribeRequest, DescribeResponse,
        mesh_service_client::MeshServiceClient,
        mesh_service_server::{MeshService, MeshServiceServer},
    },
};
use rpc::{Channel, Guards, Inbound, Outbound};
use std::sync::Arc;
use tonic::{Request, Response, Status, service::Routes};
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

    let mut group = c.benchmark_group("call");
    // From a worker, as services call: a call from outside the runtime would measure waking it.
    group.bench_function("bare", |b| {
        b.to_async(&runtime).iter_custom(|times| {
            let mut client = bare.clone();
            on_worker(async move {
                for _ in 0..times {
                    client.describe(DescribeRequest {}).await.expect("answers");
                }
            })
        });
    });
    group.bench_function("guarded", |b| {
        b.to_async(&runtime).iter_custom(|times| {
            let mut client = guarded.clone();
            on_worker(async move {
                for _ in 0..times {
                    client.describe(DescribeRequest {}).await.expect("answers");
                }
            })
        });
    });
    group.finish();
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
    calls(&mut Criterion::default().configure_from_args());
}
