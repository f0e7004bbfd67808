//! Answers: JSON bodies, and a status as JSON with its typed details.

use bytes::Bytes;
use error::{Error, Kind};
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use prost::Message as _;
use tonic::Status;

use crate::reason;
use crate::transcode::{Transcoder, put_string};

pub(crate) type Answer = Response<axum::body::Body>;

/// A body of a type.
pub(crate) fn body(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<axum::body::Body>,
) -> Answer {
    let mut answer = Response::new(body.into());
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

/// JSON.
pub(crate) fn json(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    body(status, "application/json", text.into())
}

/// A status as an answer of its own.
pub(crate) fn status(transcoder: &Transcoder, status: Status, request_id: &HeaderValue) -> Answer {
    let status = known(status);
    let error = Error::from(status.clone());
    let mut answer = json(
        http_status(&error),
        status_json(transcoder, &status, request_id),
    );
    let headers = answer.headers_mut();
    if error.kind() == Kind::Unauthenticated {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(pause) = error.retry_after() {
        headers.insert(
            header::RETRY_AFTER,
            HeaderValue::from(pause.as_millis().div_ceil(1000).max(1) as u64),
        );
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(allow) = error.metadata().get("allow")
        && let Ok(allow) = HeaderValue::from_str(allow)
        && error.is(&reason::METHOD_NOT_ALLOWED)
    {
        headers.insert(header::ALLOW, allow);
    }
    answer
}

/// A status that no service of ours made may hold addresses: it gets a general reason and message.
fn known(status: Status) -> Status {
    if error::reason_of(&status).is_some() {
        status
    } else {
        Status::from(Error::from(status))
    }
}

/// By the kind, but for what only HTTP tells apart.
fn http_status(error: &Error) -> StatusCode {
    if error.is(&reason::METHOD_NOT_ALLOWED) {
        StatusCode::METHOD_NOT_ALLOWED
    } else if error.is(&reason::UNSUPPORTED_MEDIA_TYPE) {
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    } else if error.is(&reason::HEADERS_TOO_LARGE) {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
    } else if error.is(&error::reason::MESSAGE_TOO_LARGE) {
        StatusCode::PAYLOAD_TOO_LARGE
    } else {
        error.kind().http_status()
    }
}

/// `{"code":5,"status":"NOT_FOUND","message":…,"details":[{"@type":…}],"request_id":…}`.
pub(crate) fn status_json(
    transcoder: &Transcoder,
    status: &Status,
    request_id: &HeaderValue,
) -> Vec<u8> {
    let status = &known(status.clone());
    let details = proto::google::rpc::Status::decode(status.details())
        .map(|s| s.details)
        .unwrap_or_default();
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(b"{\"code\":");
    out.extend_from_slice(itoa::Buffer::new().format(status.code() as i32).as_bytes());
    out.extend_from_slice(b",\"status\":");
    put_string(Kind::from_code(status.code()).name(), &mut out);
    out.extend_from_slice(b",\"message\":");
    put_string(status.message(), &mut out);
    out.extend_from_slice(b",\"details\":[");
    for (i, detail) in details.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        transcoder.encode_any(&detail.type_url, &detail.value, &mut out);
    }
    out.extend_from_slice(b"],\"request_id\":");
    put_string(request_id.to_str().unwrap_or_default(), &mut out);
    out.push(b'}');
    out
}

/// The header that names a request in logs and errors.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The client's id where it is short and plain, else a new one.
pub(crate) fn request_id(given: Option<&HeaderValue>) -> HeaderValue {
    let plain = |v: &&HeaderValue| {
        let bytes = v.as_bytes();
        !bytes.is_empty() && bytes.len() <= 128 && bytes.iter().all(u8::is_ascii_graphic)
    };
    given.filter(plain).cloned().unwrap_or_else(|| {
        let id = value::Id::new().to_string();
        HeaderValue::try_from(id).expect("a UUID is plain text")
    })
}
