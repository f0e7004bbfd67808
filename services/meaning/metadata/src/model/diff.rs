//! What differs between two documents, field by field.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// One field that differs; both values are never absent together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    /// The field, such as `attributes[status].type`: what has a code is named by it.
    pub(crate) path: String,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
}

/// What differs, in the order of the fields' names; nothing where both are equal.
pub(crate) fn diff(before: &Value, after: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    compare("", Some(before), Some(after), &mut changes);
    changes
}

fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, out: &mut Vec<Change>) {
    match (before, after) {
        (before, after) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
            for name in names {
                let dot = if path.is_empty() { "" } else { "." };
                compare(
                    &format!("{path}{dot}{name}"),
                    before.get(name),
                    after.get(name),
                    out,
                );
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => lists(path, before, after, out),
        (before, after) => {
            out.push(Change {
                path: path.to_owned(),
                before: before.cloned(),
                after: after.cloned(),
            });
        }
    }
}

/// Parts with codes are matched by code, other objects by place, and lists of plain values are one value.
fn lists(path: &str, before: &[Value], after: &[Value], out: &mut Vec<Change>) {
    if let (Some(old), Some(new)) = (coded(before), coded(after)) {
        let codes: BTreeSet<_> = old.keys().chain(new.keys()).collect();
        for code in codes {
            compare(
                &format!("{path}[{code}]"),
                old.get(code),
                new.get(code),
                out,
            );
        }
        let order = |list: &[Value]| -> Vec<Value> {
            let both = list
                .iter()
                .filter_map(code)
                .filter(|code| old.contains_key(*code) && new.contains_key(*code));
            both.map(Value::from).collect()
        };
        let (old_order, new_order) = (order(before), order(after));
        if old_order != new_order {
            let (before, after) = (Some(Value::Array(old_order)), Some(Value::Array(new_order)));
            out.push(Change {
                path: path.to_owned(),
                before,
                after,
            });
        }
    } else if before.iter().chain(after).all(Value::is_object) {
        for index in 0..before.len().max(after.len()) {
            compare(
                &format!("{path}[{index}]"),
                before.get(index),
                after.get(index),
                out,
            );
        }
    } else {
        let (before, after) = (Some(before.into()), Some(after.into()));
        out.push(Change {
            path: path.to_owned(),
            before,
            after,
        });
    }
}

/// A list as a table by code, if every part of it has one of its own.
fn coded(list: &[Value]) -> Option<Map<String, Value>> {
    let table: Map<_, _> = list
        .iter()
        .map(|part| Some((code(part)?.to_owned(), part.clone())))
        .collect::<Option<_>>()?;
    (table.len() == list.len()).then_some(table)
}

fn code(part: &Value) -> Option<&str> {
    part.get("code")?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn paths(before: Value, after: Value) -> Vec<String> {
        diff(&before, &after)
            .into_iter()
            .map(|change| change.path)
            .collect()
    }

    #[test]
    fn parts_are_matched_by_code() {
        let before = json!({"name": "Policy", "attributes": [{"code": "a", "type": "string"}, {"code": "b"}]});
        let after =
            json!({"name": "Police", "attributes": [{"code": "c"}, {"code": "a", "type": "uuid"}]});
        let changes = diff(&before, &after);
        let paths: Vec<_> = changes.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "attributes[a].type",
                "attributes[b]",
                "attributes[c]",
                "name"
            ]
        );
        assert_eq!(
            (&changes[0].before, &changes[0].after),
            (&Some(json!("string")), &Some(json!("uuid")))
        );
        assert_eq!((&changes[1].after, &changes[2].before), (&None, &None));
    }

    #[test]
    fn a_new_order_is_a_change_of_the_list() {
        let list = |codes: [&str; 2]| json!({"modules": codes.map(|code| json!({"code": code}))});
        assert_eq!(paths(list(["a", "b"]), list(["b", "a"])), ["modules"]);
    }

    #[test]
    fn other_objects_are_matched_by_place_and_plain_lists_are_one_value() {
        let before = json!({"thresholds": [{"value": "1"}, {"value": "2"}], "tags": ["a", "b"]});
        let after =
            json!({"thresholds": [{"value": "1"}, {"value": "3"}, {"value": "4"}], "tags": ["a"]});
        assert_eq!(
            paths(before, after),
            ["tags", "thresholds[1].value", "thresholds[2]"]
        );
    }

    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            "[ab]{0,2}".prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("a|b|code", inner, 0..3)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn only_equal_documents_have_no_changes(before in document(), after in document()) {
            prop_assert_eq!(diff(&before, &after).is_empty(), before == after);
            prop_assert!(diff(&before, &before).is_empty());
        }
    }
}
