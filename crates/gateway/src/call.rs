//! The RPC behind a route: messages stay bytes, headers pass an allow-list, deadlines are bounded.

use std::fmt;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use error::{BoxError, Error};
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderValue};
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Code, Status, Streaming};
use tower::util::BoxCloneSyncService;

use crate::EdgeConfig;
use crate::route::Binding;

/// The way to one service, wherever it runs.
pub(crate) type Backend = BoxCloneSyncService<
    http::Request<tonic::body::Body>,
    http::Response<tonic::body::Body>,
    Unreachable,
>;

/// Why a channel failed; a type of its own, because futures over a bare boxed error are not `Send` for the compiler.
#[derive(Debug)]
pub(crate) struct Unreachable(pub(crate) BoxError);

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the channel failed")
    }
}

impl std::error::Error for Unreachable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.0.as_ref())
    }
}

/// Messages that stay bytes.
#[derive(Clone, Copy, Default)]
pub(crate) struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Raw;
    type Decoder = Raw;

    fn encoder(&mut self) -> Raw {
        Raw
    }

    fn decoder(&mut self) -> Raw {
        Raw
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, message: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let length = message.remaining();
        Ok(Some(message.copy_to_bytes(length)))
    }
}

/// Headers that reach the service. Never `x-tessera-process`: who a process is, only processes say.
const PASSED: [&str; 5] = [
    "authorization",
    "tracestate",
    "baggage",
    "idempotency-key",
    "accept-language",
];

/// What the edge adds to a call.
pub(crate) struct Outgoing<'a> {
    pub(crate) headers: &'a HeaderMap,
    pub(crate) request_id: &'a HeaderValue,
    pub(crate) traceparent: &'a HeaderValue,
    pub(crate) deadline: Option<Duration>,
}

impl Outgoing<'_> {
    fn request(&self, message: Bytes) -> tonic::Request<Bytes> {
        let mut request = tonic::Request::new(message);
        let metadata = request.metadata_mut().as_mut();
        for name in PASSED {
            for value in self.headers.get_all(name) {
                metadata.append(name, value.clone());
            }
        }
        metadata.insert("x-request-id", self.request_id.clone());
        metadata.insert("traceparent", self.traceparent.clone());
        if let Some(deadline) = self.deadline {
            request.set_timeout(deadline);
        }
        request
    }
}

/// Owns all it needs: futures that borrow across tonic's client are not `Send` for every lifetime.
async fn client(backend: Backend, max_answer: usize) -> Result<Grpc<Backend>, Status> {
    let mut client = Grpc::new(backend).max_decoding_message_size(max_answer);
    client.ready().await.map_err(|e| {
        Error::new(&error::reason::UNAVAILABLE, "the service cannot be reached").with_source(e)
    })?;
    Ok(client)
}

/// One message there, one back.
pub(crate) fn unary(
    backend: Backend,
    max_answer: usize,
    binding: &Binding,
    outgoing: &Outgoing<'_>,
    message: Bytes,
) -> BoxFuture<'static, Result<Bytes, Status>> {
    let (request, path, deadline) = (
        outgoing.request(message),
        binding.grpc_path.clone(),
        outgoing.deadline,
    );
    let call = async move {
        let mut client = client(backend, max_answer).await?;
        client
            .unary(request, path, Raw)
            .await
            .map(tonic::Response::into_inner)
    };
    Box::pin(async move {
        let answer = match deadline {
            None => call.await,
            // a service in this process may not look at its deadline
            Some(deadline) => tokio::time::timeout(deadline, call)
                .await
                .unwrap_or_else(|_| Err(too_late())),
        };
        answer.map_err(timed_out)
    })
}

/// One message there, a stream back.
pub(crate) fn stream(
    backend: Backend,
    max_answer: usize,
    binding: &Binding,
    outgoing: &Outgoing<'_>,
    message: Bytes,
) -> BoxFuture<'static, Result<Streaming<Bytes>, Status>> {
    let (request, path) = (outgoing.request(message), binding.grpc_path.clone());
    Box::pin(async move {
        let mut client = client(backend, max_answer).await?;
        let answer = client.server_streaming(request, path, Raw).await;
        answer.map(tonic::Response::into_inner).map_err(timed_out)
    })
}

pub(crate) fn too_late() -> Status {
    Error::new(
        &error::reason::DEADLINE_EXCEEDED,
        "the deadline passed before the answer was ready",
    )
    .into()
}

/// tonic answers its own timeout as CANCELLED.
fn timed_out(status: Status) -> Status {
    if status.code() == Code::Cancelled && status.message() == "Timeout expired" {
        too_late()
    } else {
        status
    }
}

/// The deadline of a call: the client's, within the limit; else the method's; else, unless it streams, the default.
/// The limit of a method that is known to take long is its own timeout where that is longer.
pub(crate) fn deadline(
    config: &EdgeConfig,
    binding: &Binding,
    headers: &HeaderMap,
) -> Option<Duration> {
    let asked = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let seconds = |text: &str| {
        let seconds = text.trim().parse::<f64>().ok().filter(|s| *s > 0.0)?;
        Duration::try_from_secs_f64(seconds).ok()
    };
    let asked = asked("grpc-timeout")
        .and_then(grpc_timeout)
        .or_else(|| asked("x-timeout-seconds").and_then(seconds));
    let own = Duration::from_secs(u64::from(binding.rpc.timeout_seconds));
    match asked {
        Some(asked) => Some(asked.min(config.max_timeout().max(own))),
        None if !own.is_zero() => Some(own),
        None if binding.rpc.server_streaming => None,
        None => Some(config.timeout()),
    }
}

/// `100m` is 100 milliseconds, by the gRPC protocol.
fn grpc_timeout(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if number.is_empty() || number.len() > 8 || !number.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let number = number.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grpc_timeouts() {
        assert_eq!(grpc_timeout("100m"), Some(Duration::from_millis(100)));
        assert_eq!(grpc_timeout("2S"), Some(Duration::from_secs(2)));
        for bad in ["", "S", "1", "-1S", "123456789S", "1x", "é"] {
            assert_eq!(grpc_timeout(bad), None, "{bad}");
        }
    }
}
