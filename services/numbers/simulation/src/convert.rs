//! Between messages and the model: requests are read with all their faults at once, runs and truths are rendered.

pub(crate) mod batch;
pub(crate) mod definition;
pub(crate) mod event;
pub(crate) mod run;
pub(crate) mod scenario;
pub(crate) mod series;

use error::{Error, Violations};
use formula::calendar;
use prost::Message;
use value::Id;

/// The first and the last year that worlds may be in.
const YEARS: (i32, i32) = (1800, 2500);

/// Reads an id.
pub(crate) fn id(field: &str, text: &str) -> Result<Id, Error> {
    text.parse()
        .map_err(|_| Error::invalid_field(field, "UUID", "must be a uuid"))
}

/// Reads several ids.
pub(crate) fn ids(field: &str, texts: &[String]) -> Result<Vec<Id>, Error> {
    let mut found = Violations::new();
    let read = texts.iter().enumerate();
    let ids = read.filter_map(|(index, text)| match id("", text) {
        Ok(id) => Some(id),
        Err(_) => {
            found.add(format!("{field}[{index}]"), "UUID", "must be a uuid");
            None
        }
    });
    let ids = ids.collect();
    found.finish()?;
    Ok(ids)
}

/// Reads a day; none where the text is empty or, which is then a violation, no day.
pub(crate) fn day(field: &str, text: &str, found: &mut Violations) -> Option<i32> {
    if text.is_empty() {
        return None;
    }
    let day = calendar::parse_date(text);
    let day = day.filter(|day| (YEARS.0..=YEARS.1).contains(&calendar::parts(*day).0));
    let what = || {
        format!(
            "must be a day of the years {} to {}, such as 2026-01-31",
            YEARS.0, YEARS.1
        )
    };
    if day.is_none() {
        found.add(field, "DATE", what());
    }
    day
}

/// The size of a page.
pub(crate) fn size(asked: i32, default: u16) -> u16 {
    u16::try_from(asked)
        .ok()
        .filter(|size| *size > 0)
        .unwrap_or(default)
}

/// The hash of a request that may come twice.
pub(crate) fn hash(body: &impl Message) -> [u8; 32] {
    db::idempotency::hash(&body.encode_to_vec())
}

/// A count on the wire.
pub(crate) fn long(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
