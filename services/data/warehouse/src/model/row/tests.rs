//! What is asked of rows, and the table that other tests of the model use.

use super::*;
use formula::{DataType, Unit};
use value::{Id, Time};

/// A table of policies: a key, a day, a status of three, money, and a note.
pub(crate) fn policies() -> TableShape {
    let column = |attribute: &str, data_type, nullable| Column {
        attribute: attribute.to_owned(),
        name: attribute.to_owned(),
        data_type,
        unit: Unit::NONE,
        nullable,
        not_null: !nullable,
        key: attribute == "policy_id",
        time: attribute == "day",
        allowed_values: match attribute {
            "status" => ["Active", "Lapsed"].map(str::to_owned).to_vec(),
            _ => Vec::new(),
        },
        dropped_at: (attribute == "gone").then_some(Time::EPOCH),
    };
    let money = DataType::Decimal {
        precision: 12,
        scale: 2,
    };
    TableShape {
        id: Id::NIL,
        tenant: Id::NIL,
        entity: "policy".to_owned(),
        entity_id: Id::NIL,
        kind: EntityKind::Snapshot,
        entity_version: 1,
        seen_version: 1,
        generation: 1,
        schema: None,
        name: "policy".to_owned(),
        columns: vec![
            column("policy_id", DataType::String, false),
            column("day", DataType::Date, true),
            column("gone", DataType::String, true),
            column("status", DataType::String, false),
            column("premium", money, true),
            column("note", DataType::String, true),
        ],
        chunk_interval: None,
        state: crate::model::table::TableState::Current,
        problems: Vec::new(),
        damage: Vec::new(),
        version: 1,
        rows: 0,
        data_version: 0,
        created: Time::EPOCH,
        updated: Time::EPOCH,
    }
}

fn given(values: &[(&str, Option<Given>)]) -> GivenRow {
    let owned = |(code, given): &(&str, Option<Given>)| ((*code).to_owned(), given.clone());
    values.iter().map(owned).collect()
}

fn text(text: &str) -> Option<Given> {
    Some(Given::Text(text.to_owned()))
}

fn reasons(faults: &[Fault]) -> Vec<(&str, &str)> {
    faults
        .iter()
        .map(|fault| (fault.attribute.as_str(), fault.reason.as_str()))
        .collect()
}

#[test]
fn everything_wrong_with_a_row_is_told_at_once() {
    let layout = Layout::of(&policies());
    assert_eq!(
        (layout.identity.clone(), layout.time),
        (vec![0, 1], Some(1))
    );
    let (draft, faults) = layout.draft(&given(&[
        ("day", text("2026-02-30")),
        ("gone", text("x")),
        ("status", text("active")),
        ("premium", Some(Given::Number(1.234))),
        ("note", Some(Given::Boolean(true))),
        ("policy_id\"; DROP TABLE policy; --", None),
    ]));
    assert_eq!(
        reasons(&faults),
        [
            ("day", "BAD_FORMAT"),
            ("gone", "UNKNOWN_ATTRIBUTE"),
            ("status", "NOT_ALLOWED"),
            ("premium", "TOO_PRECISE"),
            ("note", "WRONG_TYPE"),
            ("policy_id\"; DROP TABLE policy; --", "UNKNOWN_ATTRIBUTE"),
        ]
    );
    assert_eq!(
        reasons(&layout.missing(&draft)),
        [
            ("policy_id", "REQUIRED"),
            ("day", "REQUIRED"),
            ("status", "REQUIRED")
        ]
    );
    assert_eq!(faults[2].violation("records[3]").field, "records[3].status");
}

#[test]
fn null_is_no_value() {
    let layout = Layout::of(&policies());
    let (draft, faults) = layout.draft(&given(&[("status", None), ("note", None)]));
    assert_eq!(reasons(&faults), [("status", "REQUIRED")]);
    assert_eq!(draft[4], Some(Cell::Null));
}

#[test]
fn keys_are_there_and_short() {
    let layout = Layout::of(&policies());
    let long = "x".repeat(3000);
    let (draft, faults) = layout.draft(&given(&[("policy_id", text(&long))]));
    assert!(faults.is_empty());
    let faults = layout.key_faults(&draft);
    assert_eq!(
        reasons(&faults),
        [("day", "REQUIRED"), ("policy_id", "TOO_LONG")]
    );
}

#[test]
fn key_and_time_do_not_change() {
    let layout = Layout::of(&policies());
    let (changes, faults) = layout.changes(&given(&[
        ("day", text("2026-01-01")),
        ("policy_id", text("p")),
        ("premium", None),
    ]));
    assert_eq!(changes, [(3, Cell::Null)]);
    assert_eq!(
        reasons(&faults),
        [("policy_id", "IMMUTABLE"), ("day", "IMMUTABLE")]
    );
}

#[test]
fn what_is_not_mentioned_stays() {
    let old = [Cell::Integer(1), Cell::Integer(2), Cell::Integer(3)];
    let draft = vec![None, Some(Cell::Null), Some(Cell::Integer(4))];
    assert_eq!(
        merged(&old, &draft),
        [Cell::Integer(1), Cell::Null, Cell::Integer(4)]
    );
    assert_eq!(completed(vec![None]), [Cell::Null]);
}
