//! The order of a list of rows, and where a page of it goes on.
//!
//! No value stands after every value; `desc` turns all of it round. The row's id, upwards, is the last key, so that the order is total.

use super::{
    row::{Fault, Layout},
    value::is_wide,
};
use formula::DataType;
use serde::{Deserialize, Serialize};
use value::Id;

/// At most so many attributes order a list.
const MAX_KEYS: usize = 10;

/// One attribute that rows are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Key {
    /// Index of its column.
    pub(crate) column: usize,
    /// Whether the largest comes first.
    pub(crate) descending: bool,
}

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// The keys of its last row, as stored; left out where they are too long for a token, and then looked up by the id.
    pub(crate) keys: Option<Vec<Option<String>>>,
    /// The id of its last row.
    pub(crate) id: Id,
}

impl Cursor {
    /// Keys of more bytes than these together are not put into a token.
    const MAX_BYTES: usize = 1_500;

    /// The end of a page.
    pub(crate) fn new(keys: Vec<Option<String>>, id: Id) -> Self {
        // What JSON and base64 make of them is at most eight times as long, mostly not much longer.
        let bytes: usize = keys.iter().flatten().map(|key| escaped(key)).sum();
        Self {
            keys: (bytes <= Self::MAX_BYTES).then_some(keys),
            id,
        }
    }
}

/// How long a text is in JSON.
fn escaped(text: &str) -> usize {
    text.bytes()
        .map(|byte| match byte {
            0..0x20 => 6,
            b'"' | b'\\' => 2,
            _ => 1,
        })
        .sum()
}

/// Reads an order such as `region, premium desc`.
pub(crate) fn order(layout: &Layout, text: &str) -> Result<Vec<Key>, Vec<Fault>> {
    let mut keys: Vec<Key> = Vec::new();
    let mut faults = Vec::new();
    if text.trim().is_empty() {
        return Ok(keys);
    }
    for part in text.split(',') {
        match key(layout, part) {
            Ok(key) if keys.iter().any(|known| known.column == key.column) => {
                let attribute = &layout.columns[key.column].attribute;
                faults.push(Fault::new(
                    attribute,
                    "NOT_UNIQUE",
                    format!("`{attribute}` orders once"),
                ));
            }
            Ok(key) => keys.push(key),
            Err(fault) => faults.push(fault),
        }
    }
    if keys.len() > MAX_KEYS {
        let description = format!("at most {MAX_KEYS} attributes order a list");
        faults.push(Fault::new("", "MAX_ITEMS", description));
    }
    if faults.is_empty() {
        Ok(keys)
    } else {
        Err(faults)
    }
}

fn key(layout: &Layout, part: &str) -> Result<Key, Fault> {
    let mut words = part.split_whitespace();
    let attribute = words.next().unwrap_or_default();
    let descending = match (words.next(), words.next()) {
        (None, _) | (Some("asc"), None) => false,
        (Some("desc"), None) => true,
        _ => {
            let shown: String = part.trim().chars().take(60).collect();
            let description = format!(
                "`{}` is no order: write attributes with commas between them, such as `region, premium desc`",
                shown.escape_debug()
            );
            return Err(Fault::new("", "BAD_FORMAT", description));
        }
    };
    let column = layout
        .index(attribute)
        .ok_or_else(|| layout.unknown(attribute))?;
    match layout.columns[column].data_type {
        DataType::Json => Err(Fault::new(
            attribute,
            "WRONG_TYPE",
            "values of type json have no order",
        )),
        data_type if is_wide(data_type) => Err(Fault::new(
            attribute,
            "UNSUPPORTED",
            "rows are not ordered by decimals of more than 18 digits",
        )),
        _ => Ok(Key { column, descending }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::row::tests::policies;

    fn read(text: &str) -> Result<Vec<(usize, bool)>, Vec<String>> {
        let layout = Layout::of(&policies());
        order(&layout, text)
            .map(|keys| {
                keys.iter()
                    .map(|key| (key.column, key.descending))
                    .collect()
            })
            .map_err(|faults| faults.into_iter().map(|fault| fault.reason).collect())
    }

    #[test]
    fn orders_are_attributes_with_directions() {
        assert_eq!(read(" "), Ok(vec![]));
        assert_eq!(
            read("status, premium desc,day asc"),
            Ok(vec![(2, false), (3, true), (1, false)])
        );
        for (text, expected) in [
            ("status,", "UNKNOWN_ATTRIBUTE"),
            ("gone", "UNKNOWN_ATTRIBUTE"),
            ("status descending", "BAD_FORMAT"),
            ("status desc nulls first", "BAD_FORMAT"),
            ("status, status", "NOT_UNIQUE"),
            ("status; DROP TABLE policy", "BAD_FORMAT"),
            ("(SELECT 1)", "BAD_FORMAT"),
            ("_id", "UNKNOWN_ATTRIBUTE"),
        ] {
            assert_eq!(read(text).unwrap_err()[0], expected, "{text}");
        }
    }

    #[test]
    fn tokens_stay_short() {
        let short = Cursor::new(vec![Some("a".repeat(1_500)), None], Id::NIL);
        assert!(short.keys.is_some());
        for long in ["a".repeat(1_501), "\u{1}".repeat(300)] {
            assert_eq!(Cursor::new(vec![Some(long)], Id::NIL).keys, None);
        }
    }
}
