//! A request's body, path, query and headers as the wire bytes of the RPC's message.
//!
//! They are appended in this order; later fields win or merge, so order is all it takes. What the body and the path
//! both give must be the same.

use std::borrow::Cow;

use bytes::Bytes;
use error::{Error, Result, Violation};
use http::{HeaderMap, header};
use percent_encoding::percent_decode_str;

use crate::reason;
use crate::route::binding::{FieldPath, field_path, takes_text};
use crate::route::{Binding, Body};
use crate::transcode::wire::{Raw, Reader, has_value, put_bytes, put_delimited, put_varint};
use crate::transcode::{
    Fault, FaultKind, Kind, MessageId, Shape, Tables, Transcoder, put_scalar, suggestions,
};

/// What a request brings, beside its method.
pub(crate) struct Incoming<'a> {
    /// Segments of the path, percent-encoded.
    pub(crate) segments: &'a [&'a str],
    pub(crate) query: Option<&'a str>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

/// The wire bytes of the RPC's request.
pub(crate) fn request(
    transcoder: &Transcoder,
    binding: &Binding,
    incoming: &Incoming<'_>,
) -> Result<Bytes> {
    let mut out = Vec::with_capacity(incoming.body.len() + 64);
    put_body(transcoder, binding, incoming, &mut out)?;
    let body = out.len();
    for variable in &binding.variables {
        let value = path_value(incoming.segments, variable.from, variable.to, variable.rest)
            .ok_or_else(|| parameter(&variable.name, "is not UTF-8"))?;
        let start = out.len();
        put_text(transcoder, &variable.path, &value, &mut out).ok_or_else(|| {
            parameter(
                &variable.name,
                format!("{value:?} is no value of this field"),
            )
        })?;
        let said = |wire| value_at(transcoder.tables(), &variable.path, wire);
        if said(&out[..body]).is_some_and(|body| Some(body) != said(&out[start..])) {
            return Err(contradiction(&variable.name, &value));
        }
    }
    if let Some(query) = incoming.query {
        put_query(transcoder, binding, query, &mut out)?;
    }
    put_mask(transcoder, binding, incoming.body, &mut out)?;
    put_request_id(transcoder, binding, incoming.headers, &mut out);
    Ok(out.into())
}

fn put_body(
    transcoder: &Transcoder,
    binding: &Binding,
    incoming: &Incoming<'_>,
    out: &mut Vec<u8>,
) -> Result<()> {
    if incoming.body.is_empty() {
        return Ok(());
    }
    let field = match binding.body {
        Body::None => return Ok(()),
        Body::Whole => None,
        Body::Field(index) => Some(index),
    };
    let message = transcoder.tables().message(binding.input);
    if let Some(field) = field.map(|i| &message.fields[i])
        && let Kind::Message(id) = field.kind
        && &*transcoder.tables().message(id).name == "google.api.HttpBody"
    {
        put_raw_body(field.number, incoming, out);
        return Ok(());
    }
    expect_json(incoming.headers)?;
    transcoder
        .decode(binding.input, field, incoming.body, out)
        .map_err(|f| refused(&f, incoming.body))
}

/// The body as it is, with its type, in a `google.api.HttpBody` field.
fn put_raw_body(number: u32, incoming: &Incoming<'_>, out: &mut Vec<u8>) {
    put_varint(out, u64::from(number << 3 | 2));
    let content_type = incoming
        .headers
        .get(header::CONTENT_TYPE)
        .map_or(&b"application/octet-stream"[..], |v| v.as_bytes());
    let written: Result<()> = put_delimited(out, |out| {
        out.push(1 << 3 | 2);
        put_bytes(out, content_type);
        out.push(2 << 3 | 2);
        put_bytes(out, incoming.body);
        Ok(())
    });
    written.expect("nothing in it fails");
}

/// A body without a type is taken for JSON.
fn expect_json(headers: &HeaderMap) -> Result<()> {
    let Some(given) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let given = given.to_str().unwrap_or_default();
    let mut parts = given
        .split(';')
        .map(|part| part.trim().to_ascii_lowercase());
    let essence = parts.next().unwrap_or_default();
    let json = essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"));
    let utf8 = parts.all(|p| {
        p.strip_prefix("charset=")
            .is_none_or(|c| c.trim_matches('"') == "utf-8")
    });
    if json && utf8 {
        return Ok(());
    }
    Err(Error::new(
        &reason::UNSUPPORTED_MEDIA_TYPE,
        format!("content type {given:?} is not application/json in UTF-8"),
    ))
}

/// The answer to a document that was refused: what, in which field, at which line and column.
fn refused(fault: &Fault, json: &[u8]) -> Error {
    let reason = match fault.kind {
        FaultKind::UnknownField { .. } => &reason::UNKNOWN_FIELD,
        FaultKind::TooDeep => &reason::JSON_TOO_DEEP,
        FaultKind::Inexact(_) => &reason::NUMBER_NOT_EXACT,
        FaultKind::Malformed(_) | FaultKind::Unsupported => &error::reason::MALFORMED_MESSAGE,
    };
    let (what, path) = (fault.message(), fault.path());
    let place = if path.is_empty() {
        String::new()
    } else {
        format!("{path}: ")
    };
    let mut error = match fault.position(json) {
        Some((line, column)) => Error::new(
            reason,
            format!("{place}{what}, at line {line} column {column}"),
        )
        .with_metadata("line", line.to_string())
        .with_metadata("column", column.to_string()),
        None => Error::new(reason, format!("{place}{what}")),
    };
    let field = match &fault.kind {
        FaultKind::UnknownField { name, .. } if path.is_empty() => name.clone(),
        FaultKind::UnknownField { name, .. } => format!("{path}.{name}"),
        _ => path,
    };
    if !field.is_empty() {
        error = error.with_violation(Violation::new(field, reason.name, what));
    }
    error
}

fn contradiction(name: &str, value: &str) -> Error {
    let what = format!("is {value:?} in the path and something else in the body");
    let reason = &reason::PATH_CONTRADICTED;
    Error::new(reason, format!("{name}: {what}"))
        .with_metadata("path", value)
        .with_violation(Violation::new(name, reason.name, what))
}

fn parameter(name: &str, what: impl Into<String>) -> Error {
    let what = what.into();
    Error::new(&reason::INVALID_PARAMETER, format!("{name}: {what}"))
        .with_violation(Violation::new(name, reason::INVALID_PARAMETER.name, what))
}

/// The last value at a field path in wire bytes, where there is one.
fn value_at<'a>(tables: &Tables, path: &[(MessageId, usize)], wire: &'a [u8]) -> Option<Raw<'a>> {
    let (&(id, index), inner) = path.split_first()?;
    let number = tables.message(id).fields[index].number;
    let mut reader = Reader::new(wire);
    let mut found = None;
    while let Ok(Some((field, _, raw))) = reader.next() {
        found = match raw {
            _ if field != number => found,
            raw if inner.is_empty() => Some(raw),
            Raw::Bytes(wire) => value_at(tables, inner, wire).or(found),
            Raw::Number(_) => found,
        };
    }
    found
}

/// A variable's text. One over several segments keeps `%2F`, or `things/a%2Fb` would pass for `things/a/b`.
fn path_value<'a>(
    segments: &[&'a str],
    from: usize,
    to: usize,
    rest: bool,
) -> Option<Cow<'a, str>> {
    if to == from + 1 && !rest {
        return percent_decode_str(segments.get(from)?).decode_utf8().ok();
    }
    let to = if rest { segments.len() } else { to };
    let mut parts = Vec::new();
    for segment in segments.get(from..to)? {
        let mut pieces = Vec::new();
        for piece in segment.replace("%2f", "%2F").split("%2F") {
            pieces.push(percent_decode_str(piece).decode_utf8().ok()?.into_owned());
        }
        parts.push(pieces.join("%2F"));
    }
    Some(Cow::Owned(parts.join("/")))
}

/// Appends one value at a field path: the messages around it are written small, and merge.
fn put_text(
    transcoder: &Transcoder,
    path: &[(MessageId, usize)],
    text: &str,
    out: &mut Vec<u8>,
) -> Option<()> {
    let (&(id, index), inner) = path.split_first()?;
    let field = &transcoder.tables().message(id).fields[index];
    if inner.is_empty() {
        put_varint(out, u64::from(field.number << 3 | field.kind.wire_type()));
        return put_scalar(transcoder.tables(), field.kind, text, out);
    }
    put_varint(out, u64::from(field.tag));
    put_delimited(out, |out| put_text(transcoder, inner, text, out).ok_or(())).ok()
}

fn put_query(
    transcoder: &Transcoder,
    binding: &Binding,
    query: &str,
    out: &mut Vec<u8>,
) -> Result<()> {
    let mut given: Vec<FieldPath> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(value)) = (form_decode(name), form_decode(value)) else {
            return Err(Error::new(
                &reason::INVALID_PARAMETER,
                "the query is not UTF-8",
            ));
        };
        let path = field_path(transcoder.tables(), binding.input, &name)
            .ok_or_else(|| unknown_parameter(transcoder, binding, &name))?;
        let in_body = match binding.body {
            Body::None => false,
            Body::Whole => true,
            Body::Field(index) => path[0].1 == index,
        };
        if in_body || binding.variables.iter().any(|v| v.path == path) {
            return Err(parameter(
                &name,
                "is given by the path or the body, not by the query",
            ));
        }
        if !takes_text(transcoder.tables(), &path) {
            return Err(parameter(
                &name,
                "is a message or a map and cannot stand in the query",
            ));
        }
        let &(id, index) = path.last().expect("a path has a segment");
        if transcoder.tables().message(id).fields[index].shape == Shape::One
            && given.contains(&path)
        {
            return Err(parameter(&name, "is given twice"));
        }
        put_text(transcoder, &path, &value, out)
            .ok_or_else(|| parameter(&name, format!("{value:?} is no value of this field")))?;
        given.push(path);
    }
    Ok(())
}

fn unknown_parameter(transcoder: &Transcoder, binding: &Binding, name: &str) -> Error {
    let message = transcoder.tables().message(binding.input);
    let near = suggestions(name, message.fields.iter().map(|f| &*f.json));
    let mut what = format!("{} has no field {name:?}", message.name);
    if !near.is_empty() {
        what.push_str(&format!("; did you mean {}?", near.join(" or ")));
    }
    Error::new(&reason::UNKNOWN_FIELD, what.clone()).with_violation(Violation::new(
        name,
        reason::UNKNOWN_FIELD.name,
        what,
    ))
}

fn form_decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(['%', '+']) {
        return Some(Cow::Borrowed(text));
    }
    let spaced = text.replace('+', " ");
    Some(Cow::Owned(
        percent_decode_str(&spaced).decode_utf8().ok()?.into_owned(),
    ))
}

/// A PATCH without a mask changes the fields its body names, `null` ones too, each as a whole.
fn put_mask(
    transcoder: &Transcoder,
    binding: &Binding,
    body: &[u8],
    out: &mut Vec<u8>,
) -> Result<()> {
    let Some(rule) = &binding.mask else {
        return Ok(());
    };
    let tables = transcoder.tables();
    let mask = &tables.message(binding.input).fields[rule.mask];
    if has_value(out, mask.number) {
        return Ok(());
    }
    let named = if body.is_empty() {
        Vec::new()
    } else {
        transcoder
            .named_fields(rule.resource, body)
            .map_err(|f| refused(&f, body))?
    };
    let resource = tables.message(rule.resource);
    let changed: Vec<&str> = named
        .iter()
        .filter(|index| !rule.fixed.contains(index))
        .map(|&index| &*resource.fields[index].name)
        .collect();
    if changed.is_empty() {
        // an empty mask reads as "everything" to many a service
        return Err(Error::new(
            &reason::NOTHING_TO_CHANGE,
            "the body names no field that can be changed",
        ));
    }
    put_varint(out, u64::from(mask.tag));
    put_delimited(out, |out| {
        for path in changed {
            out.push(1 << 3 | 2);
            put_bytes(out, path.as_bytes());
        }
        Ok(())
    })
}

/// The header many clients send already fills the field that makes creates safe to repeat.
fn put_request_id(
    transcoder: &Transcoder,
    binding: &Binding,
    headers: &HeaderMap,
    out: &mut Vec<u8>,
) {
    let Some(index) = binding.request_id else {
        return;
    };
    let Some(key) = headers.get("idempotency-key").and_then(|v| v.to_str().ok()) else {
        return;
    };
    let field = &transcoder.tables().message(binding.input).fields[index];
    if !key.is_empty() && !has_value(out, field.number) {
        put_varint(out, u64::from(field.tag));
        put_bytes(out, key.trim_matches('"').as_bytes());
    }
}
