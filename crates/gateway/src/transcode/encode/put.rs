//! Pieces of JSON text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::transcode::tables::{Field, Shape};

pub(super) fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let at = out.len();
    out.resize(at + bytes.len().div_ceil(3) * 4, 0);
    STANDARD
        .encode_slice(bytes, &mut out[at..])
        .expect("the room was made for it");
    out.push(b'"');
}

pub(super) fn not_finite(value: f64) -> Option<&'static str> {
    if value.is_finite() {
        None
    } else if value.is_nan() {
        Some("NaN")
    } else if value > 0.0 {
        Some("Infinity")
    } else {
        Some("-Infinity")
    }
}

#[inline]
pub(super) fn text(out: &mut Vec<u8>, plain: &str) {
    out.extend_from_slice(plain.as_bytes());
}

/// For text that needs no escapes.
#[inline]
pub(super) fn quoted(out: &mut Vec<u8>, plain: &str) {
    out.push(b'"');
    text(out, plain);
    out.push(b'"');
}

/// `10.0` is written `10`, as other languages do.
#[inline]
pub(super) fn number(out: &mut Vec<u8>, plain: &str) {
    text(out, plain.strip_suffix(".0").unwrap_or(plain));
}

#[inline]
pub(super) fn comma(elements: &mut usize, out: &mut Vec<u8>) {
    if *elements > 0 {
        out.push(b',');
    }
    *elements += 1;
}

#[inline]
pub(super) fn key(field: &Field, first: &mut bool, out: &mut Vec<u8>) {
    if !std::mem::replace(first, false) {
        out.push(b',');
    }
    out.extend_from_slice(&field.key);
}

#[inline]
pub(super) fn open(field: &Field, out: &mut Vec<u8>) {
    match field.shape {
        Shape::Many => out.push(b'['),
        Shape::Map => out.push(b'{'),
        Shape::One => {}
    }
}

#[inline]
pub(super) fn close(field: &Field, out: &mut Vec<u8>) {
    match field.shape {
        Shape::Many => out.push(b']'),
        Shape::Map => out.push(b'}'),
        Shape::One => {}
    }
}
