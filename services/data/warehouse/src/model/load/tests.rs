//! Columns that become a batch, and what is wrong with those that do not.

use super::*;
use crate::model::row::tests::policies;

fn texts(attribute: &str, texts: &[&str]) -> GivenColumn {
    GivenColumn {
        attribute: attribute.to_owned(),
        texts: texts.iter().map(|text| (*text).to_owned()).collect(),
        ..Default::default()
    }
}

fn integers(attribute: &str, integers: &[i64], nulls: &[i32]) -> GivenColumn {
    GivenColumn {
        attribute: attribute.to_owned(),
        integers: integers.to_vec(),
        nulls: nulls.to_vec(),
        ..Default::default()
    }
}

#[test]
fn columns_become_a_batch() {
    let layout = Layout::of(&policies());
    let given = [
        texts("policy_id", &["p1", "p2"]),
        integers("day", &[0, 1], &[]),
        texts("status", &["Active", "Lapsed"]),
        integers("premium", &[1250, 99], &[1]),
    ];
    assert_eq!(rows(&given), 2);
    let batch = read(&layout, &given, &[Id::NIL; 2], true).unwrap();
    assert_eq!(
        batch.values(1),
        Some(&Values::Dates(vec![Some(0), Some(1)]))
    );
    assert_eq!(
        batch.values(3),
        Some(&Values::Integers(vec![Some(1250), None]))
    );
    assert_eq!(batch.values(4), None);
}

#[test]
fn what_is_wrong_is_told_by_place() {
    let layout = Layout::of(&policies());
    let given = [
        texts("policy_id", &["p\0", "p2"]),
        integers("day", &[0, 5_000_000], &[1]),
        texts("status", &["Active", "x"]),
        integers("premium", &[10_i64.pow(12), 0], &[7]),
        integers("note", &[1, 2], &[]),
        texts("gone", &["a", "b"]),
        texts("note", &["only one"]),
    ];
    let violations = read(&layout, &given, &[Id::NIL; 2], true).unwrap_err();
    let found: Vec<_> = violations
        .iter()
        .map(|violation| (violation.field.as_str(), violation.reason.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("columns[0].texts[0]", "BAD_FORMAT"),
            ("columns[1].nulls", "REQUIRED"),
            ("columns[2].texts[1]", "NOT_ALLOWED"),
            ("columns[3].nulls[0]", "OUT_OF_RANGE"),
            ("columns[3].integers[0]", "OUT_OF_RANGE"),
            ("columns[4]", "WRONG_TYPE"),
            ("columns[5].attribute", "UNKNOWN_ATTRIBUTE"),
            ("columns[6]", "LENGTH"),
        ]
    );
    let part = [texts("policy_id", &["p"]), integers("day", &[1], &[])];
    assert!(read(&layout, &part, &[Id::NIL], false).is_ok());
    let lacks = read(&layout, &part, &[Id::NIL], true).unwrap_err();
    assert_eq!(lacks[0].reason, "REQUIRED");
}
