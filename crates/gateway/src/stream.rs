//! Streams of messages as lines of JSON, or as server-sent events where the client asks for them.

use axum::body::Body;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tonic::{Status, Streaming};

use crate::call::too_late;
use crate::reply::{self, Answer};
use crate::route::Binding;
use crate::transcode::Transcoder;

/// How messages are set apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// One JSON document a line.
    Lines,
    /// `data:` events.
    Events,
}

impl Framing {
    /// What the `accept` header asks for.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let events = headers.get_all(header::ACCEPT).iter().any(|value| {
            let ranges = value.to_str().unwrap_or_default().split(',');
            ranges
                .map(|range| range.split(';').next().unwrap_or_default())
                .any(|e| e.trim() == "text/event-stream")
        });
        if events {
            Framing::Events
        } else {
            Framing::Lines
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Framing::Lines => "application/x-ndjson",
            Framing::Events => "text/event-stream",
        }
    }

    fn message(self, json: &[u8]) -> Vec<u8> {
        match self {
            Framing::Lines => [json, b"\n"].concat(),
            Framing::Events => [b"data: ", json, b"\n\n"].concat(),
        }
    }

    /// The last one: why the stream broke off.
    fn error(self, json: &[u8]) -> Vec<u8> {
        match self {
            Framing::Lines => [b"{\"error\":", json, b"}\n"].concat(),
            Framing::Events => [b"event: error\ndata: ", json, b"\n\n"].concat(),
        }
    }
}

/// A stream's messages as JSON until its end, its first error or the deadline; a message that cannot be read is an
/// error, too.
fn documents(
    messages: Streaming<Bytes>,
    deadline: Option<Duration>,
    read: impl Fn(Bytes) -> Result<Vec<u8>, Status> + Send,
) -> impl stream::Stream<Item = Result<Vec<u8>, Status>> + Send {
    let end = deadline.map(|d| tokio::time::Instant::now() + d);
    stream::unfold((Some(messages), read), move |(messages, read)| async move {
        let mut messages = messages?;
        let next = match end {
            None => messages.next().await,
            Some(end) => tokio::time::timeout_at(end, messages.next())
                .await
                .unwrap_or_else(|_| Some(Err(too_late()))),
        };
        match next?.and_then(&read) {
            Ok(json) => Some((Ok(json), (Some(messages), read))),
            Err(status) => Some((Err(status), (None, read))),
        }
    })
}

/// The answer that carries a stream of messages.
pub(crate) fn answer(
    transcoder: &Arc<Transcoder>,
    binding: &Binding,
    framing: Framing,
    messages: Streaming<Bytes>,
    deadline: Option<Duration>,
    request_id: &HeaderValue,
) -> Answer {
    let (transcoder, request_id) = (transcoder.clone(), request_id.clone());
    let (output, field) = (binding.output, binding.response_field);
    let for_errors = transcoder.clone();
    let read = move |wire: Bytes| {
        let mut json = Vec::with_capacity(wire.len() * 3 + 64);
        transcoder
            .encode(output, field, &wire, &mut json)
            .map_err(crate::edge::unreadable)?;
        Ok(json)
    };
    let frames = documents(messages, deadline, read).map(move |json| {
        let frame = match json {
            Ok(json) => framing.message(&json),
            Err(status) => framing.error(&reply::status_json(&for_errors, &status, &request_id)),
        };
        Ok::<_, Infallible>(Bytes::from(frame))
    });
    let mut answer = reply::body(
        StatusCode::OK,
        framing.content_type(),
        Body::from_stream(frames.boxed()),
    );
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // proxies that buffer would hold events back
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    answer
}
