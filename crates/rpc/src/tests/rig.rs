//! A service with one method of each kind, whose handler each test writes, and people who call it.

use crate::{BreakerConfig, BudgetConfig, Channel, Guards, Inbound, Limits, Outbound, Peer, merge};
use auth::{
    Authority, Config, Principal, PrincipalKind, PrincipalPolicy, RolePolicy, Snapshot,
    jwt::{Claims, ISSUER, SigningKey, sign},
    process::ProcessKey,
};
use futures::{StreamExt, future::BoxFuture};
use http::{Request as HttpRequest, Response as HttpResponse, uri::PathAndQuery};
use proto::{
    Contracts, Method, MethodTable,
    method::{Idempotency, Visibility},
    tessera::mesh::v1::{AnnounceRequest as Ask, DescribeResponse as Answer},
};
use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tonic::{Code, Request, Response, Status, body::Body, server::NamedService, service::Routes};
use tonic_prost::ProstCodec;
use value::{Clock, Id, ManualClock, SystemClock};

pub(super) const READ: &str = "/test.Echo/Read";
pub(super) const CHANGE: &str = "/test.Echo/Change";
pub(super) const REMOVE: &str = "/test.Echo/Remove";
pub(super) const HELLO: &str = "/test.Echo/Hello";
pub(super) const INNER: &str = "/test.Echo/Inner";
pub(super) const LONG: &str = "/test.Echo/Long";
pub(super) const STREAM: &str = "/test.Echo/Stream";
pub(super) const UNLISTED: &str = "/test.Echo/Unlisted";

const fn method(
    path: &'static str,
    visibility: Visibility,
    idempotency: Idempotency,
    timeout_seconds: u32,
) -> Method {
    Method {
        service: "echo",
        grpc_service: "test.Echo",
        name: path,
        path,
        permission: if matches!(visibility, Visibility::User) {
            "echo.things.read"
        } else {
            ""
        },
        visibility,
        idempotency,
        cache_seconds: 0,
        audit: false,
        timeout_seconds,
        client_streaming: false,
        server_streaming: false,
        http: false,
    }
}

const fn audited(path: &'static str) -> Method {
    Method {
        audit: true,
        ..method(path, Visibility::User, Idempotency::Unsafe, 0)
    }
}

const fn streaming(path: &'static str) -> Method {
    Method {
        server_streaming: true,
        ..method(path, Visibility::Public, Idempotency::Read, 0)
    }
}

static ECHO: Contracts = Contracts {
    descriptors: &[],
    methods: &[
        method(READ, Visibility::User, Idempotency::Read, 0),
        method(CHANGE, Visibility::User, Idempotency::Unsafe, 0),
        audited(REMOVE),
        method(HELLO, Visibility::Public, Idempotency::Read, 0),
        method(INNER, Visibility::Internal, Idempotency::Read, 0),
        method(LONG, Visibility::Public, Idempotency::Read, 3600),
        streaming(STREAM),
    ],
};

type Handler =
    Arc<dyn Fn(Request<Ask>) -> BoxFuture<'static, Result<String, Status>> + Send + Sync>;

#[derive(Clone)]
struct Echo(Handler);

impl NamedService for Echo {
    const NAME: &'static str = "test.Echo";
}

impl tower::Service<HttpRequest<Body>> for Echo {
    type Response = HttpResponse<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<HttpResponse<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest<Body>) -> Self::Future {
        let handler = self.0.clone();
        Box::pin(async move {
            let handle = tower::service_fn(move |ask: Request<Ask>| {
                let answer = handler(ask);
                async move {
                    answer.await.map(|version| {
                        Response::new(Answer {
                            version,
                            ..Answer::default()
                        })
                    })
                }
            });
            let codec = ProstCodec::<Answer, Ask>::default();
            if request.uri().path() != STREAM {
                return Ok(tonic::server::Grpc::new(codec).unary(handle, request).await);
            }
            // One answer, and then silence until the caller goes.
            let streamed = tower::service_fn(move |ask: Request<Ask>| {
                let first = tower::ServiceExt::oneshot(handle.clone(), ask);
                async move {
                    let first = first.await?.into_inner();
                    let answers =
                        futures::stream::iter([Ok(first)]).chain(futures::stream::pending());
                    Ok::<_, Status>(Response::new(answers.boxed()))
                }
            });
            Ok(tonic::server::Grpc::new(codec)
                .server_streaming(streamed, request)
                .await)
        })
    }
}

/// Routes answered by one function.
pub(super) fn echo<F, R>(handler: F) -> Routes
where
    F: Fn(Request<Ask>) -> R + Send + Sync + 'static,
    R: Future<Output = Result<String, Status>> + Send + 'static,
{
    Routes::new(Echo(Arc::new(move |ask| Box::pin(handler(ask)))))
}

/// The keys and people of a test, and what its channels share.
pub(super) struct Rig {
    pub(super) guards: Arc<Guards>,
    pub(super) outbound: Arc<Outbound>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) key: Arc<ProcessKey>,
    signing: SigningKey,
    pub(super) reader: Principal,
    pub(super) nobody: Principal,
}

impl Rig {
    pub(super) fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    pub(super) fn with_limits(limits: Limits) -> Self {
        let clock = Arc::new(ManualClock::new(SystemClock.now()));
        let person = |name: &str| Principal {
            id: Id::new(),
            tenant: Id::new(),
            kind: PrincipalKind::User,
            name: name.to_owned(),
        };
        let (reader, nobody) = (person("reader"), person("nobody"));
        let signing = SigningKey::generate();
        let policy = |principal: &Principal, roles: &[&str]| PrincipalPolicy {
            principal: principal.clone(),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            disabled: false,
            row_filters: Vec::new(),
        };
        let snapshot = Snapshot {
            version: 1,
            keys: vec![signing.public()],
            principals: vec![policy(&reader, &["reader"]), policy(&nobody, &[])],
            roles: vec![RolePolicy {
                tenant: None,
                name: "reader".to_owned(),
                permissions: vec!["echo.*".to_owned()],
            }],
            ..Snapshot::default()
        };
        let authority = Arc::new(Authority::new(Config::default(), clock.clone()));
        authority
            .install(snapshot, clock.now())
            .expect("sound policy");
        let methods = Arc::new(MethodTable::new([&ECHO, &proto::CONTRACTS]));
        let key =
            Arc::new(ProcessKey::from_secret(b"the secret of a test's mesh").expect("long enough"));
        let guards = Guards::builder(&methods, authority)
            .process_key(Some(key.clone()))
            .limits(limits)
            .build();
        Self {
            guards,
            outbound: Self::outbound(&methods, &key),
            clock,
            key,
            signing,
            reader,
            nobody,
        }
    }

    fn outbound(methods: &Arc<MethodTable>, key: &Arc<ProcessKey>) -> Arc<Outbound> {
        Outbound::builder(methods.clone())
            .process("test", key.clone())
            .breaker(BreakerConfig {
                failures: 1000,
                calls: 1000,
                ..BreakerConfig::default()
            })
            .build()
    }

    /// Channels with other habits.
    pub(super) fn habits(&self, breaker: BreakerConfig, budget: BudgetConfig) -> Arc<Outbound> {
        Outbound::builder(Arc::new(MethodTable::new([&ECHO, &proto::CONTRACTS])))
            .process("test", self.key.clone())
            .breaker(breaker)
            .budget(budget)
            .build()
    }

    pub(super) fn inbound(&self, routes: Routes) -> Inbound {
        Inbound::new(self.guards.clone(), merge([routes]))
    }

    /// A channel within the process, as this kind of caller.
    pub(super) fn channel(&self, routes: Routes, peer: Peer) -> Channel {
        Channel::local(
            "echo",
            self.outbound.clone(),
            self.inbound(routes).seen_by(peer),
        )
    }

    pub(super) fn reader(&self) -> String {
        self.token(
            &self.reader,
            self.clock.now().micros() / 1_000_000 + 600,
            &self.signing,
        )
    }

    pub(super) fn nobody(&self) -> String {
        self.token(
            &self.nobody,
            self.clock.now().micros() / 1_000_000 + 600,
            &self.signing,
        )
    }

    pub(super) fn expired(&self) -> String {
        self.token(
            &self.reader,
            self.clock.now().micros() / 1_000_000 - 600,
            &self.signing,
        )
    }

    pub(super) fn forged(&self) -> String {
        self.token(
            &self.reader,
            self.clock.now().micros() / 1_000_000 + 600,
            &SigningKey::generate(),
        )
    }

    fn token(&self, principal: &Principal, exp: i64, key: &SigningKey) -> String {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: ISSUER.to_owned(),
            sub: principal.id,
            tid: principal.tenant,
            sid: Id::new(),
            jti: Id::new(),
            iat: exp - 1200,
            nbf: exp - 1200,
            exp,
        };
        sign(&claims, key).expect("signs")
    }
}

/// Calls a method with an empty question.
pub(super) async fn call(channel: &Channel, path: &'static str) -> Result<String, Status> {
    ask(channel, path, Request::new(Ask::default()))
        .await
        .map(|answer| answer.into_inner().version)
}

/// Calls a method with a token.
pub(super) async fn call_as(
    channel: &Channel,
    path: &'static str,
    token: &str,
) -> Result<String, Status> {
    call(&channel.with_token(token).expect("a header value"), path).await
}

/// Calls a method with a timeout.
pub(super) async fn call_within(
    channel: &Channel,
    path: &'static str,
    limit: Duration,
) -> Result<String, Status> {
    let mut request = Request::new(Ask::default());
    request.set_timeout(limit);
    ask(channel, path, request)
        .await
        .map(|answer| answer.into_inner().version)
}

pub(super) async fn ask(
    channel: &Channel,
    path: &'static str,
    request: Request<Ask>,
) -> Result<Response<Answer>, Status> {
    let codec = ProstCodec::<Ask, Answer>::default();
    let mut client = tonic::client::Grpc::new(channel.clone());
    client
        .ready()
        .await
        .map_err(|error| Status::unknown(error.to_string()))?;
    client
        .unary(request, PathAndQuery::from_static(path), codec)
        .await
}

/// Calls a method that answers with a stream.
pub(super) async fn follow(
    channel: &Channel,
    path: &'static str,
    request: Request<Ask>,
) -> Result<Response<tonic::Streaming<Answer>>, Status> {
    let codec = ProstCodec::<Ask, Answer>::default();
    let mut client = tonic::client::Grpc::new(channel.clone());
    client
        .ready()
        .await
        .map_err(|error| Status::unknown(error.to_string()))?;
    client
        .server_streaming(request, PathAndQuery::from_static(path), codec)
        .await
}

/// A failure's code and reason.
#[track_caller]
pub(super) fn failure<T: std::fmt::Debug>(result: Result<T, Status>) -> (Code, String) {
    let status = result.expect_err("it should fail");
    (status.code(), error::reason_of(&status).unwrap_or_default())
}
