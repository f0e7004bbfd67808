//! A contract compiled at test time and a backend that answers what a test tells it to.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use prost_reflect::{DescriptorPool, DynamicMessage};
use proto::method::{Idempotency, Visibility};
use proto::{Contracts, Method, MethodTable};
use serde_json::Value;
use tonic::Status;
use tower::{Service, ServiceExt};

use crate::transcode::Transcoder;
use crate::{Edge, EdgeConfig};

/// The compiled contract, with options and comments.
pub(super) fn descriptors() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let root = env!("CARGO_MANIFEST_DIR");
        compile(
            [
                format!("{root}/src/testdata"),
                format!("{root}/../../proto"),
            ],
            "things.proto",
        )
    })
}

fn compile(includes: [String; 2], file: &str) -> Vec<u8> {
    let mut compiler = protox::Compiler::new(includes).unwrap();
    compiler
        .include_source_info(true)
        .include_imports(true)
        .open_file(file)
        .unwrap();
    compiler.encode_file_descriptor_set()
}

/// A contract from its text.
pub(super) fn compiled(text: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("test.proto"), text).unwrap();
    let protos = format!("{}/../../proto", env!("CARGO_MANIFEST_DIR"));
    compile(
        [folder.path().to_str().unwrap().to_owned(), protos],
        "test.proto",
    )
}

/// A method table of every RPC in the descriptors; `Sync` is internal, the others need `things.read`.
pub(super) fn methods(descriptors: &[u8]) -> MethodTable {
    methods_with(descriptors, |_| {})
}

/// The same, each changed first.
pub(super) fn methods_with(descriptors: &[u8], change: impl Fn(&mut Method)) -> MethodTable {
    let pool = DescriptorPool::decode(descriptors).unwrap();
    let mut methods = Vec::new();
    for method in pool
        .services()
        .flat_map(|s| s.methods().collect::<Vec<_>>())
    {
        let service = method.parent_service().full_name().to_owned();
        if !service.starts_with("tessera.") {
            continue;
        }
        let mut made = Method {
            service: "things",
            path: format!("/{service}/{}", method.name()).leak(),
            grpc_service: service.leak(),
            name: method.name().to_owned().leak(),
            permission: "things.read",
            visibility: if method.name() == "Sync" {
                Visibility::Internal
            } else {
                Visibility::User
            },
            idempotency: Idempotency::Read,
            cache_seconds: 0,
            audit: false,
            timeout_seconds: 0,
            client_streaming: method.is_client_streaming(),
            server_streaming: method.is_server_streaming(),
            http: true,
        };
        change(&mut made);
        methods.push(made);
    }
    MethodTable::new([&Contracts {
        descriptors: &[],
        methods: methods.leak(),
    }])
}

pub(super) fn transcoder() -> Transcoder {
    Transcoder::new(DescriptorPool::decode(descriptors()).unwrap(), 64, false)
}

/// Wire bytes of a message given as JSON, by the dynamic way: independent of what is tested.
pub(super) fn wire(message: &str, json: Value) -> Bytes {
    use prost::Message;
    let pool = DescriptorPool::decode(descriptors()).unwrap();
    let descriptor = pool.get_message_by_name(message).unwrap();
    DynamicMessage::deserialize(descriptor, json)
        .unwrap()
        .encode_to_vec()
        .into()
}

/// What the backend got.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
}

/// Messages, and why the stream broke off after them.
pub(super) type Reply = Result<(Vec<Bytes>, Option<Status>), Status>;
type Behaviour = Arc<dyn Fn(&str, Bytes) -> Reply + Send + Sync>;

/// A gRPC server without a socket.
#[derive(Clone)]
pub(super) struct Backend {
    behaviour: Behaviour,
    seen: Arc<Mutex<Vec<Seen>>>,
    hangs: bool,
}

impl Service<Request<tonic::body::Body>> for Backend {
    type Response = Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<tonic::body::Body>) -> Self::Future {
        let me = self.clone();
        Box::pin(async move {
            if me.hangs {
                std::future::pending::<()>().await;
            }
            let (parts, body) = request.into_parts();
            let path = parts.uri.path().to_owned();
            me.seen.lock().unwrap().push(Seen {
                path: path.clone(),
                headers: parts.headers,
            });
            let body = body.collect().await.unwrap().to_bytes();
            let (messages, end) = match (me.behaviour)(&path, body.slice(5..)) {
                Ok(reply) => reply,
                Err(status) => return Ok(status.into_http()),
            };
            let mut frames: Vec<Result<Frame<Bytes>, Status>> = messages
                .into_iter()
                .map(|message| {
                    let mut framed = BytesMut::new();
                    framed.put_u8(0);
                    framed.put_u32(message.len() as u32);
                    framed.put(message);
                    Ok(Frame::data(framed.freeze()))
                })
                .collect();
            let mut trailers = HeaderMap::new();
            match end {
                None => drop(trailers.insert("grpc-status", HeaderValue::from_static("0"))),
                Some(status) => status.add_header(&mut trailers).unwrap(),
            }
            frames.push(Ok(Frame::trailers(trailers)));
            let body = tonic::body::Body::new(StreamBody::new(futures::stream::iter(frames)));
            Ok(Response::builder()
                .header("content-type", "application/grpc")
                .body(body)
                .unwrap())
        })
    }
}

/// An edge over one backend.
pub(super) struct Bench {
    pub(super) edge: Edge,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Got {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    /// The reason in `google.rpc.ErrorInfo`.
    pub(super) fn reason(&self) -> String {
        let json = self.json();
        json["details"][0]["reason"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
}

impl Bench {
    /// Every RPC answers with the bytes it got.
    pub(super) fn echo() -> Self {
        Self::with(EdgeConfig::default(), |_, message| {
            Ok((vec![message], None))
        })
    }

    pub(super) fn with(
        config: EdgeConfig,
        behaviour: impl Fn(&str, Bytes) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::over(config, Arc::new(behaviour), false)
    }

    /// A backend that never answers.
    pub(super) fn hanging() -> Self {
        Self::over(
            EdgeConfig::default(),
            Arc::new(|_, m| Ok((vec![m], None))),
            true,
        )
    }

    fn over(config: EdgeConfig, behaviour: Behaviour, hangs: bool) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let backend = Backend {
            behaviour,
            seen: seen.clone(),
            hangs,
        };
        let resolve = Arc::new(move |name: &str| (name == "things").then(|| backend.clone()));
        let edge = Edge::new(config, &[descriptors()], &methods(descriptors()), resolve).unwrap();
        Self { edge, seen }
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Got {
        let answer = self.edge.router().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Got {
            status: parts.status,
            headers: parts.headers,
            text,
        }
    }

    pub(super) async fn get(&self, path: &str) -> Got {
        self.send(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    pub(super) async fn put(&self, method: &str, path: &str, json: &str) -> Got {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json");
        self.send(request.body(Body::from(json.to_owned())).unwrap())
            .await
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen
            .lock()
            .unwrap()
            .last()
            .expect("the backend was called")
            .clone()
    }
}
