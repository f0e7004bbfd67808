//! The edge itself: one handler for every path, so that limits, ids and headers hold for all of them.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use error::{BoxError, Error};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use prost_reflect::DescriptorPool;
use proto::MethodTable;
use telemetry::TraceContext;
use tonic::Status;
use tower::ServiceExt;
use value::Id;

use crate::bind::{self, Incoming};
use crate::call::{self, Backend, Outgoing, Unreachable};
use crate::http_body;
use crate::limit::Limiter;
use crate::meter::{self, Meter};
use crate::openapi::Document;
use crate::reply::{self, Answer, REQUEST_ID};
use crate::route::{Binding, Body as BodyRule, Found, Routes};
use crate::stream::{self, Framing};
use crate::transcode::{Damaged, Transcoder};
use crate::{EdgeConfig, guard, pages, reason};

type Readiness = Arc<dyn Fn() -> Vec<String> + Send + Sync>;
type Metrics = Arc<dyn Fn() -> String + Send + Sync>;
type Doorkeeper =
    Arc<dyn Fn(&'static proto::Method, &HeaderMap) -> error::Result<Option<Id>> + Send + Sync>;

/// Gives the channel to a service by its short name, where there is one.
pub type Resolve<C> = Arc<dyn Fn(&str) -> Option<C> + Send + Sync>;

/// The JSON edge over the services a process can reach.
#[derive(Clone)]
pub struct Edge {
    core: Arc<Core>,
    readiness: Readiness,
    metrics: Option<Metrics>,
    doorkeeper: Doorkeeper,
}

struct Core {
    config: EdgeConfig,
    transcoder: Arc<Transcoder>,
    routes: Routes,
    /// By the short name of the service; one that cannot be reached from here is not in it.
    backends: HashMap<&'static str, Backend>,
    limiter: Limiter,
    document: Document,
    page: Bytes,
    /// Requests for the edge's own pages, and for what is no route.
    pages: meter::Route,
    elsewhere: meter::Route,
}

impl Edge {
    /// Builds routes, OpenAPI document and page from descriptor sets and the method table.
    ///
    /// `resolve` gives the channel to a service by its short name; calls to one without a channel answer 503.
    /// Fails when two routes are equal, when a rule names a field that is not there, or when an internal RPC has one.
    pub fn new<C>(
        config: EdgeConfig,
        descriptors: &[&[u8]],
        methods: &MethodTable,
        resolve: Resolve<C>,
    ) -> Result<Self, BoxError>
    where
        C: tower::Service<
                http::Request<tonic::body::Body>,
                Response = http::Response<tonic::body::Body>,
            > + Clone
            + Send
            + Sync
            + 'static,
        C::Error: Into<BoxError>,
        C::Future: Send + 'static,
    {
        let mut pool = DescriptorPool::new();
        for set in descriptors {
            pool.decode_file_descriptor_set(*set)?;
        }
        let transcoder = Transcoder::new(pool, config.max_depth, config.emit_defaults);
        let routes = Routes::new(&transcoder, methods)?;
        let mut backends = HashMap::new();
        for service in routes.bindings().iter().map(|b| b.rpc.service) {
            if !backends.contains_key(service)
                && let Some(channel) = resolve(service)
            {
                backends.insert(
                    service,
                    Backend::new(channel.map_err(|e: C::Error| Unreachable(e.into()))),
                );
            }
        }
        let document = Document::new(&transcoder, &routes)?;
        let page = pages::docs();
        let core = Core {
            limiter: Limiter::new(&config.rate),
            config,
            transcoder: Arc::new(transcoder),
            routes,
            backends,
            document,
            page,
            pages: meter::Route::new("any", "(own pages)"),
            elsewhere: meter::Route::new("any", "(no route)"),
        };
        Ok(Self {
            core: Arc::new(core),
            readiness: Arc::new(Vec::new),
            metrics: None,
            doorkeeper: Arc::new(|_, _| Ok(None)),
        })
    }

    /// Who may call a method, asked before a byte of the body is read; it answers the id of the principal, where
    /// there is one, by which requests are counted. The service asks again: this only keeps strangers from making
    /// the edge read and transcode for them.
    #[must_use]
    pub fn doorkeeper(
        mut self,
        ask: impl Fn(&'static proto::Method, &HeaderMap) -> error::Result<Option<Id>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.doorkeeper = Arc::new(ask);
        self
    }

    /// What holds the process back, for `/readyz`; an empty list is ready.
    #[must_use]
    pub fn readiness(mut self, check: impl Fn() -> Vec<String> + Send + Sync + 'static) -> Self {
        self.readiness = Arc::new(check);
        self
    }

    /// The text of `/metrics`; without it the path does not exist.
    #[must_use]
    pub fn metrics(mut self, render: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.metrics = Some(Arc::new(render));
        self
    }

    /// The OpenAPI document, as served at `/openapi.json`.
    pub fn openapi(&self) -> Bytes {
        self.core.document.bytes.clone()
    }

    /// Whether a path is the edge's: one of its pages or routes, or anything below `/api/`, where what is not
    /// there is an error in JSON. All else is free for pages of others, such as the console's.
    pub fn owns(&self, path: &str) -> bool {
        let page = match path {
            "/healthz" | "/readyz" | "/metrics" => true,
            "/openapi.json" | "/docs" | "/docs/" => self.core.config.docs,
            _ => path == "/api" || path.starts_with("/api/"),
        };
        page || !matches!(
            self.core
                .routes
                .find("GET", path, &mut Vec::with_capacity(8)),
            Found::Nothing
        )
    }

    /// Every path of the edge as one router.
    pub fn router(&self) -> axum::Router {
        let edge = self.clone();
        axum::Router::new().fallback_service(tower::service_fn(move |request: Request<Body>| {
            let edge = edge.clone();
            async move { Ok::<_, Infallible>(edge.serve(request).await) }
        }))
    }

    async fn serve(&self, request: Request<Body>) -> Answer {
        let mut meter = Meter::start(&self.core.elsewhere);
        let request_id = reply::request_id(request.headers().get(REQUEST_ID));
        let trace = request
            .headers()
            .get("traceparent")
            .and_then(|v| v.to_str().ok()?.parse().ok())
            .map_or_else(TraceContext::root, |t: TraceContext| t.child());
        let traceparent =
            HeaderValue::try_from(trace.to_string()).expect("hexadecimal digits are plain text");
        let origin = request.headers().get(header::ORIGIN).cloned();
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let config = &self.core.config;
        let mut answer = match guard::preflight(config, &request) {
            Some(answer) => answer,
            None => {
                let dispatched = self.dispatch(request, &request_id, &traceparent, &mut meter);
                match dispatched.await {
                    Ok(answer) => answer,
                    Err(status) => reply::status(&self.core.transcoder, *status, &request_id),
                }
            }
        };
        // the query may hold what does not belong in a log
        let (path, status) = (uri.path(), answer.status().as_u16());
        tracing::debug!(target: "access", %method, path, status, ?request_id, trace_id = trace.trace_id(), "answered");
        guard::finish(config, origin.as_ref(), answer.headers_mut());
        answer.headers_mut().insert(REQUEST_ID, request_id);
        answer.headers_mut().insert("traceparent", traceparent);
        meter.finish(answer.status());
        answer
    }

    async fn dispatch<'a>(
        &'a self,
        request: Request<Body>,
        request_id: &HeaderValue,
        traceparent: &HeaderValue,
        meter: &mut Meter<'a>,
    ) -> Result<Answer, Box<Status>> {
        let core = &self.core;
        guard::headers_fit(&core.config, request.headers()).map_err(boxed)?;
        if let Some(answer) = self.fixed(&request) {
            meter.on(&core.pages);
            return Ok(answer);
        }
        let (parts, body) = request.into_parts();
        let path = parts.uri.path();
        let mut segments = Vec::with_capacity(8);
        let binding = match core.routes.find(parts.method.as_str(), path, &mut segments) {
            Found::Route(binding) => binding,
            Found::OtherMethods(methods) if parts.method == Method::OPTIONS => {
                let mut answer = reply::body(StatusCode::NO_CONTENT, "text/plain", Body::empty());
                let allow = HeaderValue::try_from(methods.join(", "))
                    .map_err(|e| boxed(Error::internal(e)))?;
                answer.headers_mut().insert(header::ALLOW, allow);
                return Ok(answer);
            }
            Found::OtherMethods(methods) => {
                return Err(boxed(wrong_method(&parts.method, &methods.join(", "))));
            }
            Found::Nothing => return Err(boxed(no_route(path))),
        };
        meter.on(&binding.meters);
        if binding.rpc.client_streaming {
            let what = format!("{} takes a stream of requests", binding.rpc.name);
            return Err(boxed(Error::new(&reason::NO_CLIENT_STREAMS, what)));
        }
        let asked = (self.doorkeeper)(binding.rpc, &parts.headers);
        let principal = asked.as_ref().ok().copied().flatten();
        core.limiter.admit(principal, &parts).map_err(boxed)?;
        asked.map_err(boxed)?;
        let body = match binding.body {
            BodyRule::None => Bytes::new(),
            _ => read(body, core.config.max_body(), core.config.timeout())
                .await
                .map_err(boxed)?,
        };
        let incoming = Incoming {
            segments: &segments,
            query: parts.uri.query(),
            headers: &parts.headers,
            body: &body,
        };
        let message = bind::request(&core.transcoder, binding, &incoming).map_err(boxed)?;
        guard::message_fits(&core.config, message.len()).map_err(boxed)?;
        self.forward(binding, message, &parts.headers, request_id, traceparent)
            .await
    }

    async fn forward(
        &self,
        binding: &Binding,
        message: Bytes,
        headers: &HeaderMap,
        request_id: &HeaderValue,
        traceparent: &HeaderValue,
    ) -> Result<Answer, Box<Status>> {
        let core = &self.core;
        let service = binding.rpc.service;
        let backend = core.backends.get(service).cloned().ok_or_else(|| {
            let what = format!("the service {service} cannot be reached from this process");
            boxed(Error::new(&error::reason::UNAVAILABLE, what))
        })?;
        let deadline = call::deadline(&core.config, binding, headers);
        let outgoing = Outgoing {
            headers,
            request_id,
            traceparent,
            deadline,
        };
        if binding.rpc.server_streaming {
            let messages = call::stream(
                backend,
                core.config.max_answer(),
                binding,
                &outgoing,
                message,
            )
            .await?;
            if binding.raw_answer {
                return http_body::stream(messages).await;
            }
            let framing = Framing::of(headers);
            return Ok(stream::answer(
                &core.transcoder,
                binding,
                framing,
                messages,
                deadline,
                request_id,
            ));
        }
        let wire = call::unary(
            backend,
            core.config.max_answer(),
            binding,
            &outgoing,
            message,
        )
        .await?;
        if binding.raw_answer {
            return http_body::answer(&wire);
        }
        let mut json = Vec::with_capacity(wire.len() * 3 + 64);
        let encoded =
            core.transcoder
                .encode(binding.output, binding.response_field, &wire, &mut json);
        encoded.map_err(unreadable)?;
        let mut answer = reply::json(StatusCode::OK, json);
        answer
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(answer)
    }

    /// The paths that are the edge's own.
    fn fixed(&self, request: &Request<Body>) -> Option<Answer> {
        let path = request.uri().path();
        let core = &self.core;
        let answer = match path {
            "/healthz" => pages::live(),
            "/readyz" => pages::ready(&(self.readiness)()),
            "/metrics" => pages::metrics(&self.metrics.as_ref()?()),
            "/openapi.json" if core.config.docs => core.document.answer(request.headers()),
            "/docs" | "/docs/" if core.config.docs => pages::page(core.page.clone()),
            _ => return None,
        };
        if *request.method() == Method::GET {
            return Some(answer);
        }
        if *request.method() == Method::HEAD {
            return Some(answer.map(|_| Body::empty()));
        }
        None
    }
}

fn boxed(error: Error) -> Box<Status> {
    Box::new(Status::from(error))
}

/// The answer to bytes that a service should not have sent.
pub(crate) fn unreadable(damaged: Damaged) -> Status {
    Error::new(&reason::UNREADABLE_ANSWER, "internal error")
        .with_source(damaged.0)
        .into()
}

fn wrong_method(method: &Method, allow: &str) -> Error {
    Error::new(
        &reason::METHOD_NOT_ALLOWED,
        format!("{method} is not allowed here, use {allow}"),
    )
    .with_metadata("allow", allow)
}

fn no_route(path: &str) -> Error {
    let version = path
        .strip_prefix("/api/")
        .and_then(|rest| rest.split('/').next());
    let what = match version {
        Some(version) if version != "v1" => {
            format!("this server has no API version {version:?}, only \"v1\"")
        }
        _ => format!("no route {path:?}"),
    };
    Error::new(&reason::ROUTE_NOT_FOUND, what)
}

async fn read(body: Body, limit: usize, time: Duration) -> error::Result<Bytes> {
    let Ok(read) = tokio::time::timeout(time, Limited::new(body, limit).collect()).await else {
        let what = "the body did not arrive in time";
        return Err(Error::new(&error::reason::DEADLINE_EXCEEDED, what));
    };
    match read {
        Ok(body) => Ok(body.to_bytes()),
        Err(e) if e.is::<LengthLimitError>() => {
            let what = format!("the body is larger than {limit} bytes");
            Err(Error::new(&error::reason::MESSAGE_TOO_LARGE, what)
                .with_metadata("limit", limit.to_string()))
        }
        Err(e) => Err(Error::new(&error::reason::CANCELLED, "the body broke off").with_source(e)),
    }
}
