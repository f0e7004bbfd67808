//! Field masks: which fields of a document an update changes.

use super::{Header, Kind};
use error::{Error, reason};
use serde_json::{Map, Value};

/// Fields that the server fills. A client that sends back what it has read may name them; they are left alone.
const FILLED: [&str; 6] = [
    "id",
    "version",
    "etag",
    "create_time",
    "update_time",
    "delete_time",
];

/// Most paths that a mask has, most bytes and most names that a path has. No document is deeper.
const PATHS: usize = 100;
const BYTES: usize = 200;
const NAMES: usize = 4;

/// Refuses a mask that is larger than any document. An empty one is as good as none: it names nothing.
pub(crate) fn check(paths: Vec<String>) -> Result<Vec<String>, Error> {
    if paths.iter().all(String::is_empty) {
        return Ok(Vec::new());
    }
    if let Some(path) = paths.get(PATHS) {
        return Err(wrong(
            path,
            &format!("a mask has at most {PATHS} paths, so there is no room for"),
        ));
    }
    for path in &paths {
        if path.len() > BYTES {
            let words = format!("a path has at most {BYTES} bytes, not");
            return Err(wrong(path, &words));
        }
        if path.split('.').count() > NAMES {
            return Err(wrong(
                path,
                &format!("a path is at most {NAMES} names deep, not"),
            ));
        }
    }
    Ok(paths)
}

/// An error is read by people and travels in headers: a path that is too long is cut.
fn wrong(path: &str, words: &str) -> Error {
    let mut shown: String = path.chars().take(50).collect();
    if shown.len() < path.len() {
        shown.push('…');
    }
    Error::new(&reason::INVALID_FIELD_MASK, format!("{words} `{shown}`"))
        .with_metadata("path", shown)
}

/// `current` with the fields that `paths` names taken from `update`; no paths are all fields that `update` has.
/// The paths are those that [`check`] has let through.
pub(crate) fn merge(
    kind: Kind,
    current: Value,
    update: Value,
    paths: &[String],
) -> Result<Value, Error> {
    if paths.iter().any(|path| path == "*") {
        return Ok(update);
    }
    let given: Vec<String>;
    let paths = if paths.is_empty() {
        given = update
            .as_object()
            .into_iter()
            .flat_map(Map::keys)
            .cloned()
            .collect();
        &given
    } else {
        paths
    };
    let mut merged = current;
    for path in paths {
        let names: Vec<_> = path.split('.').collect();
        let first = names[0];
        if FILLED.contains(&first) {
            continue;
        }
        if !Header::FIELDS.contains(&first) && !kind.fields().contains(&first) {
            return Err(wrong(path, &format!("a {} has no field", kind.name())));
        }
        let value = names
            .iter()
            .try_fold(&update, |value, name| value.get(name));
        put(&mut merged, &names, value.cloned());
    }
    Ok(merged)
}

fn put(target: &mut Value, names: &[&str], value: Option<Value>) {
    let Some((last, way)) = names.split_last() else {
        return;
    };
    let mut members = object(target);
    for name in way {
        members = object(members.entry(*name).or_insert(Value::Null));
    }
    match value {
        Some(value) => members.insert((*last).to_owned(), value),
        None => members.remove(*last),
    };
}

/// The members of `value`, which becomes an object where it is none.
fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("it has just become an object")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn merged(paths: &[&str]) -> Result<Value, Error> {
        let current = json!({"code": "m", "name": "old", "unit": "EUR", "ratio": {"numerator": "a", "denominator": "b"}});
        let update = json!({"code": "m", "name": "new", "ratio": {"numerator": "c"}});
        let paths = check(paths.iter().map(|path| (*path).to_owned()).collect())?;
        merge(Kind::Metric, current, update, &paths)
    }

    #[test]
    fn only_named_fields_change() {
        assert_eq!(merged(&["name"]).unwrap()["name"], "new");
        assert_eq!(merged(&["name"]).unwrap()["unit"], "EUR");
        assert_eq!(merged(&["unit", "etag"]).unwrap().get("unit"), None);
        let ratio = json!({"numerator": "c", "denominator": "b"});
        assert_eq!(merged(&["ratio.numerator"]).unwrap()["ratio"], ratio);
        assert_eq!(merged(&["set.filter"]).unwrap()["name"], "old");
    }

    #[test]
    fn no_mask_is_what_is_given_and_a_star_is_everything() {
        let given = json!({"code": "m", "name": "new", "unit": "EUR", "ratio": {"numerator": "c"}});
        for empty in [&[] as &[&str], &[""], &["", ""]] {
            assert_eq!(merged(empty).unwrap(), given);
        }
        assert_eq!(merged(&["*"]).unwrap().get("unit"), None);
    }

    #[test]
    fn unknown_fields_are_refused() {
        for paths in [
            &["colour"] as &[&str],
            &["name", ""],
            &[".name"],
            &["attributes"],
        ] {
            let error = merged(paths).unwrap_err();
            assert_eq!(error.reason(), "INVALID_FIELD_MASK", "{paths:?}");
        }
    }

    #[test]
    fn a_mask_larger_than_a_document_is_refused() {
        let deep = format!("ratio{}", ".a".repeat(20_000));
        let long = "n".repeat(201);
        let many: Vec<_> = std::iter::repeat_n("name", 101).collect();
        for paths in [
            &[deep.as_str()] as &[&str],
            &["*", &deep],
            &["name", &long],
            &["ratio.a.b.c.d"],
            &many,
        ] {
            let error = merged(paths).unwrap_err();
            assert_eq!(error.reason(), "INVALID_FIELD_MASK");
            let path = paths.last().unwrap();
            assert!(
                error.message().contains(&path[..path.len().min(50)]),
                "{error:?}"
            );
            assert!(error.message().len() < 300, "{error:?}");
        }
        assert!(merged(&many[..100]).is_ok());
        assert!(merged(&["ratio.a.b.c"]).is_ok());
    }
}
