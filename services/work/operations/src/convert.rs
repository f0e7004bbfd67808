//! Messages into the model and back. What the contract cannot say is checked here, all at once.

pub(crate) mod audit;
pub(crate) mod history;
pub(crate) mod job;
pub(crate) mod request;
pub(crate) mod schedule;

use error::{Error, Result, reason};
use prost_types::{FieldMask, Timestamp};
use value::{Id, Time};

/// Reads an id that the contract has checked.
pub(crate) fn id(field: &str, text: &str) -> Result<Id> {
    text.parse()
        .map_err(|_| Error::invalid_field(field, "UUID", "must be a UUID"))
}

/// Reads an id that may be missing.
pub(crate) fn id_of(field: &str, text: &str) -> Result<Option<Id>> {
    match text {
        "" => Ok(None),
        text => id(field, text).map(Some),
    }
}

/// How many entries a page has.
pub(crate) fn size(asked: i32, usual: u16) -> u16 {
    match u16::try_from(asked) {
        Ok(size) if size > 0 => size,
        _ => usual,
    }
}

/// A time that may be missing.
pub(crate) fn time(field: &str, at: Option<Timestamp>) -> Result<Option<Time>> {
    at.map(|at| {
        proto::time::from_proto(&at).ok_or_else(|| {
            Error::invalid_field(field, "TIMESTAMP", "must be a time from year 1 to 9999")
        })
    })
    .transpose()
}

/// What a mask names, each once; an empty mask names all of `known`.
pub(crate) fn mask(mask: Option<FieldMask>, known: &[&'static str]) -> Result<Vec<&'static str>> {
    let paths = mask.unwrap_or_default().paths;
    if paths.is_empty() {
        return Ok(known.to_vec());
    }
    let mut named = Vec::new();
    for path in paths {
        match known.iter().find(|known| **known == path) {
            Some(known) if named.contains(known) => {}
            Some(known) => named.push(*known),
            None => {
                let text = format!("`{path}` cannot be changed");
                return Err(
                    Error::new(&reason::INVALID_FIELD_MASK, text).with_metadata("path", path)
                );
            }
        }
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_name_what_can_be_changed() {
        let of = |paths: &[&str]| {
            let paths = paths.iter().map(|path| (*path).to_owned()).collect();
            mask(Some(FieldMask { paths }), &["a", "b"])
        };
        assert_eq!(mask(None, &["a", "b"]).unwrap(), ["a", "b"]);
        assert_eq!(of(&["b", "b"]).unwrap(), ["b"]);
        let refused = of(&["a", "id"]).unwrap_err();
        assert!(refused.is(&reason::INVALID_FIELD_MASK));
        assert_eq!(refused.metadata()["path"], "id");
    }

    #[test]
    fn a_page_has_the_usual_size_where_none_is_asked_for() {
        assert_eq!((size(0, 50), size(7, 50)), (50, 7));
    }
}
