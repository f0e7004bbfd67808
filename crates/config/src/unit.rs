//! Settings with units: spans of time and sizes in bytes, written as people write them.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr, time::Duration};

/// A span of time: `250ms`, `30s`, `1h 30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(Duration);

impl Span {
    /// A span of whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// A span of whole milliseconds.
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(Duration::from_millis(milliseconds))
    }

    /// The span as the standard library's duration.
    pub const fn get(self) -> Duration {
        self.0
    }

    /// Whether it is no time at all.
    pub const fn is_zero(self) -> bool {
        self.0.is_zero()
    }
}

impl From<Duration> for Span {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        span.0
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        humantime::parse_duration(text).map(Self).map_err(|cause| {
            format!("{text:?} is no span of time such as \"30s\" or \"1h 30m\": {cause}")
        })
    }
}

/// A number of bytes: `512B`, `64KiB`, `4MiB`, `1GB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ByteSize(u64);

impl ByteSize {
    /// So many bytes.
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// So many times 1024 bytes.
    pub const fn from_kib(kib: u64) -> Self {
        Self(kib << 10)
    }

    /// So many times 1024² bytes.
    pub const fn from_mib(mib: u64) -> Self {
        Self(mib << 20)
    }

    /// The number of bytes.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number of bytes as a length in memory; too large a number becomes the largest length.
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl fmt::Display for ByteSize {
    /// In the largest unit that says it exactly, so that what is printed reads back the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u32, &str); 4] = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
        let unit = UNITS
            .iter()
            .find(|(shift, _)| self.0 != 0 && self.0.is_multiple_of(1 << shift));
        match unit {
            Some((shift, name)) => write!(f, "{}{name}", self.0 >> shift),
            None => write!(f, "{}B", self.0),
        }
    }
}

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Whole bytes are read exactly; the library reads every number as a float.
        let digits = text.trim().trim_end_matches(['B', 'b']).trim();
        if let Ok(bytes) = digits.parse() {
            return Ok(Self(bytes));
        }
        text.parse::<bytesize::ByteSize>()
            .map(|size| Self(size.as_u64()))
            .map_err(|_| format!("{text:?} is no size such as \"64KiB\" or \"4MiB\""))
    }
}

/// Written and read as text.
macro_rules! text_setting {
    ($($type:ty),+) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    )+};
}

text_setting!(Span, ByteSize);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn people_s_units() {
        assert_eq!("1h 30m".parse(), Ok(Span::from_secs(5400)));
        assert_eq!("250ms".parse(), Ok(Span::from_millis(250)));
        assert_eq!("4MiB".parse(), Ok(ByteSize::from_mib(4)));
        assert_eq!("64 KiB".parse(), Ok(ByteSize::from_kib(64)));
        assert_eq!("1MB".parse(), Ok(ByteSize::from_bytes(1_000_000)));
        assert_eq!("17".parse(), Ok(ByteSize::from_bytes(17)));
        assert!("fast".parse::<Span>().unwrap_err().contains("30s"));
        assert!("big".parse::<ByteSize>().unwrap_err().contains("4MiB"));
    }

    proptest! {
        #[test]
        fn spans_read_back(milliseconds in 0u64..1 << 40) {
            let span = Span::from_millis(milliseconds);
            prop_assert_eq!(span.to_string().parse(), Ok(span));
        }

        #[test]
        fn sizes_read_back(number in 0u64..1 << 20, shift in prop::sample::select(vec![0, 10, 20, 30])) {
            let size = ByteSize::from_bytes(number << shift);
            prop_assert_eq!(size.to_string().parse(), Ok(size));
        }

        #[test]
        fn garbage_never_panics(text in "\\PC{0,20}") {
            let _ = (text.parse::<Span>(), text.parse::<ByteSize>());
        }
    }
}
