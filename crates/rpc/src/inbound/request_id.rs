//! Every request has an id that logs and answers name.

use http::{HeaderMap, HeaderName, HeaderValue};
use value::{Clock, SystemClock};

/// The header, and response metadata, with the request's id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const LONGEST: usize = 128;

/// The caller's id if it is harmless to log, or a new one.
pub(super) fn take(headers: &HeaderMap) -> HeaderValue {
    match headers.get(REQUEST_ID) {
        Some(id) if is_valid(id.as_bytes()) => id.clone(),
        _ => make(),
    }
}

/// A UUIDv7 like every id, but from the thread's generator: asking the kernel costs as much as the rest
/// of the stack, and nobody must be unable to guess it.
fn make() -> HeaderValue {
    let millis = SystemClock.now().micros().unsigned_abs() / 1000;
    let id = uuid::Builder::from_unix_timestamp_millis(millis, &rand::random()).into_uuid();
    let mut buffer = [0; uuid::fmt::Hyphenated::LENGTH];
    let text = id.hyphenated().encode_lower(&mut buffer);
    HeaderValue::from_str(text).expect("a UUID is a header value")
}

fn is_valid(id: &[u8]) -> bool {
    !id.is_empty()
        && id.len() <= LONGEST
        && id
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_a_harmless_id_and_replaces_others() {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_static("build-17/step.3"));
        assert_eq!(take(&headers), "build-17/step.3");
        for bad in ["", "two words", "a\tb", &"x".repeat(129)] {
            headers.insert(REQUEST_ID, HeaderValue::from_str(bad).expect("header"));
            let made = take(&headers);
            assert_ne!(made, bad);
            assert_eq!(made.len(), 36);
        }
    }
}
