//! `google.api.HttpBody` answers: bytes with a content type of their own, such as downloads.

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use http::{HeaderValue, Response, header};
use tonic::{Status, Streaming};

use crate::edge::unreadable;
use crate::reply::Answer;
use crate::transcode::Damaged;
use crate::transcode::wire::{Raw, Reader};

/// One message as the whole answer.
pub(crate) fn answer(wire: &[u8]) -> Result<Answer, Box<Status>> {
    let (content_type, data) = parts(wire)?;
    Ok(with_type(content_type, Body::from(data)))
}

/// A stream of messages as one body; the first gives the type.
pub(crate) async fn stream(mut messages: Streaming<Bytes>) -> Result<Answer, Box<Status>> {
    let (content_type, first) = match messages.message().await? {
        Some(wire) => parts(&wire)?,
        None => (Vec::new(), Bytes::new()),
    };
    let rest =
        messages.and_then(|wire| async move { parts(&wire).map(|(_, data)| data).map_err(|s| *s) });
    let chunks = stream::once(async { Ok(first) })
        .chain(rest)
        .map_err(Arc::new);
    Ok(with_type(content_type, Body::from_stream(chunks)))
}

fn with_type(content_type: Vec<u8>, body: Body) -> Answer {
    let mut answer = Response::new(body);
    let content_type = HeaderValue::from_maybe_shared(Bytes::from(content_type))
        .ok()
        .filter(|v| !v.is_empty());
    let content_type = content_type.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    answer
}

/// Content type (field 1) and data (field 2).
fn parts(wire: &[u8]) -> Result<(Vec<u8>, Bytes), Box<Status>> {
    let (mut content_type, mut data) = (Vec::new(), Bytes::new());
    let mut reader = Reader::new(wire);
    loop {
        match reader.next() {
            Ok(None) => return Ok((content_type, data)),
            Ok(Some((1, _, Raw::Bytes(bytes)))) => content_type = bytes.to_vec(),
            Ok(Some((2, _, Raw::Bytes(bytes)))) => data = Bytes::copy_from_slice(bytes),
            Ok(Some(_)) => {}
            Err(_) => return Err(Box::new(unreadable(Damaged("google.api.HttpBody".into())))),
        }
    }
}
