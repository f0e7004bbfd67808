//! Between the contract and the model: requests are read with all their faults at once, rows are rendered.

pub(crate) mod event;
pub(crate) mod group;
pub(crate) mod policy;
pub(crate) mod row_filter;
pub(crate) mod service_principal;
pub(crate) mod session;
pub(crate) mod tenant;
pub(crate) mod token;
pub(crate) mod user;

use std::collections::HashMap;

use auth::Scope;
use db::Page;
use db::idempotency::Once;
use db::page::Shape;
use error::{Error, Result, reason};
use prost::Message;
use prost_types::{FieldMask, Timestamp};
use value::{Id, Time};

use crate::model::pattern::Held;
use crate::store::{Slice, Target};

/// Reads an id.
pub(crate) fn id(field: &str, text: &str) -> Result<Id> {
    text.parse()
        .map_err(|_| Error::invalid_field(field, "UUID", "must be a uuid"))
}

/// Reads an id that may be left out.
pub(crate) fn optional_id(field: &str, text: &str) -> Result<Option<Id>> {
    if text.is_empty() {
        return Ok(None);
    }
    id(field, text).map(Some)
}

/// Reads several ids, each once.
pub(crate) fn ids(field: &str, texts: &[String]) -> Result<Vec<Id>> {
    let mut ids = texts
        .iter()
        .enumerate()
        .map(|(index, text)| id(&format!("{field}[{index}]"), text))
        .collect::<Result<Vec<_>>>()?;
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// Puts what was found into the order of the request.
pub(crate) fn in_order<T>(texts: &[String], found: Vec<T>, id: impl Fn(&T) -> Id) -> Vec<T> {
    let mut by_id: HashMap<String, T> = found
        .into_iter()
        .map(|item| (id(&item).to_string(), item))
        .collect();
    texts
        .iter()
        .filter_map(|text| by_id.remove(&text.to_lowercase()))
        .collect()
}

/// What to change; an empty etag changes whatever is there.
pub(crate) fn target(scope: &Scope, id: Id, etag: &str) -> Result<Target> {
    let version = match etag {
        "" => None,
        etag => Some(db::etag::parse(etag)?),
    };
    Ok(Target {
        id,
        version,
        held: Held::by(scope),
    })
}

/// What an update changes: it has to carry the etag that was read.
pub(crate) fn update_target(
    scope: &Scope,
    resource: &str,
    id_text: &str,
    etag: &str,
) -> Result<Target> {
    if etag.is_empty() {
        return Err(Error::invalid_field(
            format!("{resource}.etag"),
            "REQUIRED",
            "must be the etag that was read",
        ));
    }
    target(scope, id(&format!("{resource}.id"), id_text)?, etag)
}

/// Which of the changeable fields an update changes; an empty mask is all of them.
pub(crate) fn mask(mask: Option<FieldMask>, fields: &[&'static str]) -> Result<Vec<&'static str>> {
    let paths = mask.map(|mask| mask.paths).unwrap_or_default();
    if paths.is_empty() {
        return Ok(fields.to_vec());
    }
    paths
        .iter()
        .map(|path| {
            let known = fields.iter().find(|field| *field == path);
            known.copied().ok_or_else(|| {
                Error::new(
                    &reason::INVALID_FIELD_MASK,
                    format!("`{path}` cannot be changed"),
                )
                .with_metadata("path", path)
            })
        })
        .collect()
}

/// A create that may come twice. The body must hold no secret: its hash is stored, and a fast hash of a
/// password could be guessed.
pub(crate) fn once(rpc: &'static str, request_id: &str, body: &impl Message) -> Once {
    Once {
        rpc,
        request_id: request_id.to_owned(),
        body_hash: db::idempotency::hash(&body.encode_to_vec()),
    }
}

/// The slice that a page token and a size ask for, with the size.
pub(crate) fn slice(shape: Shape, token: &str, size: i32, default: u32) -> Result<(Slice, usize)> {
    let size = u32::try_from(size).ok().filter(|size| *size > 0);
    let size = size.unwrap_or(default);
    let slice = Slice {
        after: shape.key::<(String, Id)>(token)?,
        limit: i64::from(size) + 1,
    };
    Ok((slice, size as usize))
}

/// Cuts a page from rows of which one more was loaded.
pub(crate) fn page<T>(
    rows: Vec<T>,
    size: usize,
    shape: Shape,
    key: impl Fn(&T) -> (String, Id),
) -> Page<T> {
    Page::cut(rows, size, shape, key)
}

/// Renders a time.
pub(crate) fn time(time: Time) -> Option<Timestamp> {
    Some(proto::time::to_proto(time))
}

/// Renders a time that may be absent.
pub(crate) fn optional_time(at: Option<Time>) -> Option<Timestamp> {
    at.and_then(time)
}

/// A name people give: spaces around it are dropped, it may not be empty.
pub(crate) fn name(field: &str, text: &str) -> Result<String> {
    let name = text.trim();
    if name.is_empty() {
        return Err(Error::invalid_field(field, "REQUIRED", "must not be empty"));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_names_changeable_fields_only() {
        let fields = &["name", "description"];
        assert_eq!(mask(None, fields).unwrap(), fields);
        let some = |paths: &[&str]| {
            Some(FieldMask {
                paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            })
        };
        assert_eq!(
            mask(some(&["description"]), fields).unwrap(),
            ["description"]
        );
        let error = mask(some(&["id"]), fields).unwrap_err();
        assert!(error.is(&reason::INVALID_FIELD_MASK));
    }

    #[test]
    fn batches_answer_in_the_order_asked() {
        let (a, b, c) = (Id::new(), Id::new(), Id::new());
        let asked = [b.to_string(), c.to_string(), a.to_string()];
        assert_eq!(in_order(&asked, vec![a, b], |id| *id), [b, a]);
    }
}
