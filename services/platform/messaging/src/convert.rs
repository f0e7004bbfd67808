//! Messages of the contract into the model and back. What the contract cannot say is checked here, all at once.

pub(crate) mod json;
pub(crate) mod known;
pub(crate) mod message;
pub(crate) mod subscription;

use std::time::Duration;

use error::{Error, Result};
use value::{Id, Time};

/// Reads an id that the contract has checked.
pub(crate) fn id(field: &str, text: &str) -> Result<Id> {
    text.parse()
        .map_err(|_| Error::invalid_field(field, "UUID", "must be a UUID"))
}

/// Reads several ids.
pub(crate) fn ids(field: &str, texts: &[String]) -> Result<Vec<Id>> {
    texts.iter().map(|text| id(field, text)).collect()
}

/// Reads an id of sixteen bytes.
pub(crate) fn raw_id(field: &str, bytes: &[u8]) -> Result<Id> {
    let uuid = uuid::Uuid::from_slice(bytes);
    uuid.map(Id::from_uuid)
        .map_err(|_| Error::invalid_field(field, "UUID", "must be the sixteen bytes of a UUID"))
}

/// Reads a time; `None` where there is none.
pub(crate) fn time(field: &str, time: Option<&prost_types::Timestamp>) -> Result<Option<Time>> {
    let read = |time| {
        let found = proto::time::from_proto(time);
        found.ok_or_else(|| {
            Error::invalid_field(field, "TIME", "must be a time of the years 1 to 9999")
        })
    };
    time.map(read).transpose()
}

/// Reads a span that the contract has checked.
pub(crate) fn span(span: Option<&prost_types::Duration>) -> Option<Duration> {
    let span = span?;
    let seconds = u64::try_from(span.seconds).unwrap_or(0);
    Some(Duration::new(
        seconds,
        u32::try_from(span.nanos).unwrap_or(0),
    ))
}

/// Renders a span.
pub(crate) fn render_span(span: Duration) -> prost_types::Duration {
    prost_types::Duration {
        seconds: i64::try_from(span.as_secs()).unwrap_or(i64::MAX),
        nanos: span.subsec_nanos().cast_signed(),
    }
}

/// The size of a page.
pub(crate) fn size(asked: i32, default: u16) -> usize {
    match usize::try_from(asked) {
        Ok(size) if size > 0 => size,
        _ => usize::from(default),
    }
}

/// A number as the contract has it.
pub(crate) fn number<T: TryInto<i64>>(number: T) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// A small number as the contract has it.
pub(crate) fn small<T: TryInto<i32>>(number: T) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}
