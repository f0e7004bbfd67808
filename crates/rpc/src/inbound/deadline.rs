//! The `grpc-timeout` header: how long the caller waits.

use super::Limits;
use http::{HeaderMap, HeaderName, HeaderValue};
use proto::{Method, method::Visibility};
use std::time::Duration;
use tokio::time::Instant;

/// The header with the time a caller waits.
pub(crate) const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// When to give up. A little before the caller does, so that it hears DEADLINE_EXCEEDED from us and
/// not CANCELLED from tonic, whose own timer runs on the same header.
pub(super) fn of(headers: &HeaderMap) -> Option<Instant> {
    let timeout = headers.get(GRPC_TIMEOUT).and_then(parse_timeout)?;
    let early = (timeout / 20).min(Duration::from_millis(5));
    Instant::now().checked_add(timeout - early)
}

/// When to give up on a call of this method. Every unary call has an end, also one whose caller names
/// none or sends its request and never finishes it; a stream lives as long as its caller listens.
pub(super) fn of_method(headers: &HeaderMap, method: &Method, limits: Limits) -> Option<Instant> {
    let asked = of(headers);
    if method.server_streaming || method.client_streaming {
        return asked;
    }
    let usual = u64::from(method.timeout_seconds.max(limits.timeout_seconds));
    let longest = match (asked, method.visibility) {
        // Who has shown no token gets no more than the usual.
        (Some(_), Visibility::User | Visibility::Internal) => {
            usual.max(limits.longest_timeout_seconds.into())
        }
        _ => usual,
    };
    let end = Instant::now() + Duration::from_secs(longest);
    Some(asked.map_or(end, |asked| asked.min(end)))
}

/// Reads `<up to eight digits><unit>`; anything else is no deadline.
pub(crate) fn parse_timeout(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?;
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if number.is_empty() || number.len() > 8 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = number.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

/// Writes a time in the finest unit that fits eight digits.
pub(crate) fn format_timeout(time: Duration) -> HeaderValue {
    const MOST: u128 = 99_999_999;
    let (number, unit) = if time.as_micros() <= MOST {
        (time.as_micros(), b'u')
    } else if time.as_millis() <= MOST {
        (time.as_millis(), b'm')
    } else {
        (u128::from(time.as_secs()).min(MOST), b'S')
    };
    let mut text = itoa::Buffer::new()
        .format(number as u32)
        .as_bytes()
        .to_vec();
    text.push(unit);
    HeaderValue::try_from(text).expect("digits and a letter")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_what_is_no_timeout() {
        for text in ["", "S", "5", "5x", "-5S", "123456789S", "5 S", "+5S"] {
            assert_eq!(
                parse_timeout(&HeaderValue::from_str(text).expect("header")),
                None,
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(micros in 0u64..4_000_000_000_000) {
            let time = Duration::from_micros(micros);
            let read = parse_timeout(&format_timeout(time)).expect("own format");
            prop_assert!(read <= time);
            prop_assert!(time - read < Duration::from_secs(1));
        }

        #[test]
        fn never_panics(bytes in proptest::collection::vec(32u8..127, 0..12)) {
            let _ = parse_timeout(&HeaderValue::from_bytes(&bytes).expect("header"));
        }
    }
}
