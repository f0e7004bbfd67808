//! The generated checks on a contract that uses every rule: what breaks, where, and what does not.

use super::{Check, Path};
use crate::rules::v1::{All, Patch, all};
use prost_types::{Duration, FieldMask};

fn fine() -> All {
    All {
        text: "abc".into(),
        kind: 1,
        required_line: Some(line("s")),
        target: Some(all::Target::ByName("n".into())),
        needed: 1,
        ..All::default()
    }
}

fn line(sku: &str) -> all::Line {
    all::Line { sku: sku.into() }
}

fn broken(message: &impl Check) -> Vec<String> {
    let mut out = Vec::new();
    message.check(&mut Path::default(), &mut out);
    out.iter()
        .map(|violation| format!("{} {}", violation.field, violation.rule))
        .collect()
}

fn one(change: impl FnOnce(&mut All)) -> String {
    let mut message = fine();
    change(&mut message);
    broken(&message).join(", ")
}

#[test]
fn a_message_within_its_rules_passes() {
    assert_eq!(broken(&fine()), Vec::<String>::new());
}

#[test]
fn every_rule_names_its_field() {
    assert_eq!(one(|m| m.text = "a".into()), "text MIN_LEN");
    assert_eq!(one(|m| m.text = "äöüßé".into()), "text MAX_LEN");
    assert_eq!(
        one(|m| m.text = "äöüß".into()),
        "",
        "characters count, not bytes"
    );
    assert_eq!(one(|m| m.exact = "ab".into()), "exact LEN");
    assert_eq!(one(|m| m.code = Some("A1".into())), "code PATTERN");
    assert_eq!(one(|m| m.choice = "c".into()), "choice IN");
    assert_eq!(
        one(|m| m.blob = bytes::Bytes::from_static(b"abc")),
        "blob MAX_LEN"
    );
    assert_eq!(one(|m| m.number = -2), "number GTE");
    assert_eq!(one(|m| m.number = 10), "number LT");
    assert_eq!(
        one(|m| m.ratio = f64::NAN).matches("ratio").count(),
        3,
        "not a number breaks them all"
    );
    assert_eq!(
        one(|m| m.tags = vec!["a".into(), "".into()]),
        "tags[1] MIN_LEN"
    );
    assert_eq!(
        one(|m| m.tags = vec!["a".into(), "a".into()]),
        "tags UNIQUE"
    );
    assert_eq!(
        one(|m| m.tags = vec!["a".into(), "b".into(), "c".into()]),
        "tags MAX_ITEMS"
    );
    assert_eq!(
        one(|m| m.lines = [("k".into(), line("s"))].into()),
        "lines[\"k\"] MIN_LEN"
    );
    assert_eq!(
        one(|m| m.lines = [("kk".into(), line(""))].into()),
        "lines[\"kk\"].sku MIN_LEN"
    );
    assert_eq!(one(|m| m.kind = 7), "kind DEFINED_ONLY");
    assert_eq!(
        one(|m| m.wait = Some(Duration {
            seconds: 0,
            nanos: 999
        })),
        "wait GTE"
    );
    assert_eq!(
        one(|m| m.wait = Some(Duration {
            seconds: 60,
            nanos: 1
        })),
        "wait LTE"
    );
    assert_eq!(one(|m| m.required_line = None), "required_line REQUIRED");
    assert_eq!(one(|m| m.needed = 0), "needed REQUIRED");
}

#[test]
fn nested_messages_lists_and_oneofs_are_reached() {
    assert_eq!(
        one(|m| m.r#type = vec![line("s"), line("")]),
        "type[1].sku MIN_LEN"
    );
    assert_eq!(one(|m| m.target = None), "target REQUIRED");
    assert_eq!(
        one(|m| m.target = Some(all::Target::ByName(String::new()))),
        "by_name MIN_LEN"
    );
    assert_eq!(
        one(|m| m.target = Some(all::Target::ByLine(line("")))),
        "by_line.sku MIN_LEN"
    );
    let inner = All {
        text: "a".into(),
        ..fine()
    };
    assert_eq!(
        one(|m| m.nested = Some(Box::new(inner))),
        "nested.text MIN_LEN"
    );
}

#[test]
fn no_text_holds_a_nul() {
    assert_eq!(one(|m| m.text = "a\0b".into()), "text NO_NUL");
    assert_eq!(
        one(|m| m.tags = vec!["a".into(), "\0".into()]),
        "tags[1] NO_NUL"
    );
    assert_eq!(
        one(|m| m.target = Some(all::Target::ByName("\0".into()))),
        "by_name NO_NUL"
    );
}

#[test]
fn a_million_wrong_elements_are_not_a_million_violations() {
    let many = All {
        tags: vec![String::new(); 1_000_000],
        r#type: vec![line(""); 1_000_000],
        ..fine()
    };
    let found = broken(&many).len();
    assert!((super::MOST..super::MOST + 10).contains(&found), "{found}");
}

#[test]
fn a_partial_update_is_judged_on_what_its_mask_names() {
    let patch = |paths: &[&str]| Patch {
        all: Some(All {
            number: 99,
            ..All::default()
        }),
        update_mask: Some(FieldMask {
            paths: paths.iter().map(|path| (*path).into()).collect(),
        }),
    };
    assert_eq!(broken(&patch(&["number"])), ["all.number LT"]);
    assert_eq!(broken(&patch(&["blob"])), Vec::<String>::new());
    assert!(broken(&patch(&[])).len() > 3);
}

#[test]
fn a_rule_without_a_check_fails_the_build() {
    assert_eq!(
        env!("UNKNOWN_RULE_REFUSAL"),
        "rules.v1.Unknown.host: no check for rule string.hostname"
    );
}
