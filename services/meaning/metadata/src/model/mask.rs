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

/// `current` with the fields that `paths` names taken from `update`; no paths are all fields that `update` has.
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
        let mut names = path.split('.');
        let first = names.next().unwrap_or_default();
        if FILLED.contains(&first) {
            continue;
        }
        if !Header::FIELDS.contains(&first) && !kind.fields().contains(&first) {
            let words = format!("a {} has no field `{path}`", kind.name());
            return Err(Error::new(&reason::INVALID_FIELD_MASK, words).with_metadata("path", path));
        }
        let names: Vec<_> = path.split('.').collect();
        let value = names
            .iter()
            .try_fold(&update, |value, name| value.get(name));
        put(&mut merged, &names, value.cloned());
    }
    Ok(merged)
}

fn put(target: &mut Value, names: &[&str], value: Option<Value>) {
    let [name, below @ ..] = names else { return };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(members) = target else {
        return;
    };
    if !below.is_empty() {
        return put(members.entry(*name).or_insert(Value::Null), below, value);
    }
    match value {
        Some(value) => members.insert((*name).to_owned(), value),
        None => members.remove(*name),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn merged(paths: &[&str]) -> Result<Value, Error> {
        let current = json!({"code": "m", "name": "old", "unit": "EUR", "ratio": {"numerator": "a", "denominator": "b"}});
        let update = json!({"code": "m", "name": "new", "ratio": {"numerator": "c"}});
        let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
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
        assert_eq!(merged(&[]).unwrap(), given);
        assert_eq!(merged(&["*"]).unwrap().get("unit"), None);
    }

    #[test]
    fn unknown_fields_are_refused() {
        for path in ["colour", "", ".name", "attributes"] {
            assert_eq!(
                merged(&[path]).unwrap_err().reason(),
                "INVALID_FIELD_MASK",
                "{path}"
            );
        }
    }
}
