//! A small insurer to ask questions about, and random rows of it.

use crate::{
    Attribute, DataType, Definition, Entity, EntityKind, Exact, Missing, Ontology, Value, calendar,
    naive::{Row, cents},
};
use proptest::prelude::*;
use std::collections::BTreeMap;

pub(super) type Rows = BTreeMap<String, Vec<Row>>;

fn attribute(code: &str, data_type: DataType, unit: &str) -> Attribute {
    let mut attribute = Attribute::new(code, data_type);
    attribute.unit = unit.parse().unwrap();
    attribute.key = matches!(code, "policy_id" | "snapshot_date" | "claim_id");
    attribute.time = matches!(code, "snapshot_date" | "filed_at");
    // Names that would break unquoted text.
    attribute.column = format!("{code} \"x'");
    attribute
}

fn entity(code: &str, kind: EntityKind, attributes: Vec<Attribute>) -> Entity {
    let table = format!("t {code}\"");
    let row_id = "_id".to_owned();
    Entity {
        code: code.to_owned(),
        kind,
        attributes,
        schema: None,
        table,
        row_id,
    }
}

pub(super) fn ontology() -> Ontology {
    let money = DataType::Decimal {
        precision: 14,
        scale: 2,
    };
    let policy = vec![
        attribute("policy_id", DataType::String, ""),
        attribute("snapshot_date", DataType::Date, ""),
        attribute("region_code", DataType::String, ""),
        attribute("status", DataType::String, ""),
        attribute("monthly_premium", money, "EUR"),
    ];
    let claim = vec![
        attribute("claim_id", DataType::String, ""),
        attribute("filed_at", DataType::Timestamp, ""),
        attribute("settled_at", DataType::Timestamp, ""),
        attribute("status", DataType::String, ""),
        attribute("amount", money, "EUR"),
        attribute("paid_amount", money, "EUR"),
        attribute("visits", DataType::Integer, ""),
        attribute(
            "share",
            DataType::Decimal {
                precision: 6,
                scale: 4,
            },
            "",
        ),
        attribute("score", DataType::Double, ""),
        attribute("urgent", DataType::Boolean, ""),
        attribute("due", DataType::Date, ""),
        attribute(
            "huge",
            DataType::Decimal {
                precision: 30,
                scale: 2,
            },
            "",
        ),
    ];
    let region = vec![
        attribute("region_code", DataType::String, ""),
        attribute("population", DataType::Integer, "person"),
    ];
    Ontology::new([
        entity("policy", EntityKind::Snapshot, policy),
        entity("claim", EntityKind::Event, claim),
        entity("region", EntityKind::Dimension, region),
    ])
}

pub(super) fn metrics() -> BTreeMap<String, Definition> {
    let formulas = [
        ("claims_paid", "sum(claim.paid_amount)"),
        (
            "premium",
            "sum(policy.monthly_premium where policy.status = 'Active')",
        ),
        ("margin", "premium - claims_paid"),
        ("loss_ratio", "claims_paid / premium"),
        ("loop_a", "loop_b + 1"),
        ("loop_b", "1 * loop_a"),
        ("broken", "sum(claim.nothing)"),
    ];
    formulas
        .map(|(code, formula)| (code.to_owned(), Definition::new(formula)))
        .into()
}

/// A row of id `number`.
pub(super) fn row(number: usize, values: impl IntoIterator<Item = (&'static str, Value)>) -> Row {
    let values = values
        .into_iter()
        .map(|(code, value)| (code.to_owned(), value))
        .collect();
    Row {
        id: format!("{number:032x}"),
        values,
    }
}

pub(super) fn policy(number: usize, id: usize, day: &str, status: &str) -> Row {
    row(
        number,
        [
            ("policy_id", Value::Text(format!("p{id}"))),
            (
                "snapshot_date",
                Value::Date(calendar::parse_date(day).unwrap()),
            ),
            (
                "region_code",
                Value::Text(["north", "south"][id % 2].to_owned()),
            ),
            ("status", Value::Text(status.to_owned())),
            (
                "monthly_premium",
                cents(10_050 + i64::try_from(id).unwrap()),
            ),
        ],
    )
}

/// The story of the seed: 1,000 at the start, 950 at the end, of which 50 are new.
pub(super) fn retention_rows() -> Rows {
    let start = (0..1000).map(|id| policy(id, id, "2025-01-01", "Active"));
    let end = (100..1050).map(|id| policy(2000 + id, id, "2025-02-01", "Active"));
    let lapsed = (0..100).map(|id| policy(9000 + id, id, "2025-02-01", "Terminated"));
    BTreeMap::from([(
        "policy".to_owned(),
        start.chain(end).chain(lapsed).collect(),
    )])
}

/// Random claims, nulls among their values.
pub(super) fn claims() -> impl Strategy<Value = Vec<Row>> {
    let claim = (
        (0..6_i64, proptest::option::of(0..6_i64), 0..4_usize),
        (
            proptest::option::of(-99_999_999_999_i64..99_999_999_999),
            proptest::option::of(-500..500_i64),
            -3_000_000_000..3_000_000_000_i64,
        ),
        (
            proptest::option::of(-9_999..9_999_i64),
            proptest::option::of(-1e6..1e6_f64),
            proptest::option::of(any::<bool>()),
            proptest::option::of(-800_000..800_000_i32),
        ),
    );
    let text = |n: usize| Value::Text(["paid", "open", "Ünpaid '\"", "PAID"][n].to_owned());
    fn or_null<T>(value: Option<T>, make: impl Fn(T) -> Value) -> Value {
        value.map_or(Value::Null(Missing::Absent), make)
    }
    proptest::collection::vec(claim, 0..25).prop_map(move |claims| {
        #[expect(
            clippy::type_complexity,
            reason = "the shape is the strategy's, not ours"
        )]
        let make = |(
            number,
            ((filed, settled, status), (amount, paid, visits), (share, score, urgent, due)),
        ): (
            usize,
            (
                (i64, Option<i64>, usize),
                (Option<i64>, Option<i64>, i64),
                (Option<i64>, Option<f64>, Option<bool>, Option<i32>),
            ),
        )| {
            // Days around 1970, with microseconds: the hard ones for whole division.
            let micros =
                |day: i64| Value::Timestamp((day - 3) * 86_400_000_000 + 1_000_001 * (day - 2));
            row(
                number,
                [
                    ("claim_id", Value::Text(format!("c{number}"))),
                    ("filed_at", micros(filed)),
                    ("settled_at", or_null(settled, micros)),
                    ("status", text(status)),
                    ("amount", or_null(amount, cents)),
                    ("paid_amount", or_null(paid, cents)),
                    ("visits", Value::Number(Exact::whole(visits.into()))),
                    (
                        "share",
                        or_null(share, |x| {
                            Value::Number(Exact::scaled(x.into(), 4).unwrap())
                        }),
                    ),
                    ("score", or_null(score, Value::Real)),
                    ("urgent", or_null(urgent, Value::Boolean)),
                    ("due", or_null(due, |days: i32| Value::Date(days % 20_000))),
                ],
            )
        };
        claims.into_iter().enumerate().map(make).collect()
    })
}
