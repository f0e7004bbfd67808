//! W3C Trace Context (<https://www.w3.org/TR/trace-context/>), level 1: reading, making and passing on.

use std::{fmt, str::FromStr};

/// A place in a distributed trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

/// The header is no `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a traceparent header")]
pub struct InvalidTraceParent;

impl TraceContext {
    /// The beginning of a new trace, sampled.
    pub fn root() -> Self {
        Self {
            trace_id: non_zero(),
            span_id: non_zero(),
            flags: 1,
        }
    }

    /// The same trace, one step further: what is sent to the next process.
    #[must_use]
    pub fn child(&self) -> Self {
        Self {
            span_id: non_zero(),
            ..*self
        }
    }

    /// The trace that this place belongs to, 32 hexadecimal digits.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }

    /// This place itself, 16 hexadecimal digits.
    pub fn span_id(&self) -> String {
        format!("{:016x}", self.span_id)
    }

    /// Whether the caller records this trace.
    pub fn is_sampled(&self) -> bool {
        self.flags & 1 == 1
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "00-{:032x}-{:016x}-{:02x}",
            self.trace_id, self.span_id, self.flags
        )
    }
}

impl FromStr for TraceContext {
    type Err = InvalidTraceParent;

    /// Accepts version 00 exactly, and of later versions the part that version 00 knows.
    fn from_str(text: &str) -> Result<Self, InvalidTraceParent> {
        let bytes = text.as_bytes();
        let dashes =
            bytes.len() >= 55 && bytes[2] == b'-' && bytes[35] == b'-' && bytes[52] == b'-';
        if !dashes || !text.is_ascii() {
            return Err(InvalidTraceParent);
        }
        let hex = |range: std::ops::Range<usize>| {
            let part = &text[range];
            let lower = part
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            lower
                .then(|| u128::from_str_radix(part, 16).ok())
                .flatten()
                .ok_or(InvalidTraceParent)
        };
        let (version, trace_id, span_id, flags) =
            (hex(0..2)?, hex(3..35)?, hex(36..52)?, hex(53..55)?);
        let longer_is_allowed = version != 0 && bytes.get(55).is_none_or(|next| *next == b'-');
        if version == 0xff
            || trace_id == 0
            || span_id == 0
            || (bytes.len() > 55 && !longer_is_allowed)
        {
            return Err(InvalidTraceParent);
        }
        // The ranges above fix the widths: 16 digits fit 64 bits, two fit eight.
        Ok(Self {
            trace_id,
            span_id: span_id as u64,
            flags: flags as u8,
        })
    }
}

fn non_zero<T: Default + PartialEq>() -> T
where
    rand::distr::StandardUniform: rand::distr::Distribution<T>,
{
    loop {
        let id = rand::random::<T>();
        if id != T::default() {
            return id;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn the_example_of_the_standard() {
        let context: TraceContext = EXAMPLE.parse().unwrap();
        assert_eq!(context.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(context.span_id(), "00f067aa0ba902b7");
        assert!(context.is_sampled());
        assert_eq!(context.to_string(), EXAMPLE);
        let child = context.child();
        assert_eq!(child.trace_id(), context.trace_id());
        assert_ne!(child.span_id(), context.span_id());
    }

    #[test]
    fn what_is_no_traceparent() {
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473+-00f067aa0ba902b7-01",
        ] {
            assert!(bad.parse::<TraceContext>().is_err(), "{bad}");
        }
        let later = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more";
        assert!(later.parse::<TraceContext>().is_ok());
    }

    proptest! {
        #[test]
        fn garbage_never_panics(text in "\\PC{0,70}") {
            let _ = text.parse::<TraceContext>();
        }

        #[test]
        fn what_is_written_is_read(trace_id in 1u128.., span_id in 1u64.., flags in 0u8..) {
            let context = TraceContext { trace_id, span_id, flags };
            prop_assert_eq!(context.to_string().parse::<TraceContext>(), Ok(context));
        }
    }
}
