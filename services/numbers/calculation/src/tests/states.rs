//! States survive the wire, and what is none is seen.

use super::warehouse::encode;
use crate::convert::states::states;
use formula::{
    Attribute, DataType, Definition, Entity, EntityKind, Exact, Missing, Ontology, Plan, State,
    Value,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn plan(formula: &str) -> Plan {
    let mut time = Attribute::new("at", DataType::Timestamp);
    time.time = true;
    let attributes = vec![
        time,
        Attribute::new(
            "amount",
            DataType::Decimal {
                precision: 18,
                scale: 2,
            },
        ),
        Attribute::new("real", DataType::Double),
        Attribute::new("name", DataType::String),
        Attribute::new("day", DataType::Date),
        Attribute::new("flag", DataType::Boolean),
        Attribute::new("id", DataType::Uuid),
    ];
    let entity = Entity {
        code: "e".to_owned(),
        kind: EntityKind::Snapshot,
        attributes,
        schema: None,
        table: "e".to_owned(),
        row_id: "_id".to_owned(),
    };
    let none = BTreeMap::<String, Definition>::new();
    formula::plan(&Ontology::new([entity]), &none, &Definition::new(formula)).unwrap()
}

/// A state of each sort for a formula over it.
fn sorts(n: i128, scaled: i64, real: f64, name: String) -> Vec<(&'static str, State)> {
    let number = Value::Number(Exact::scaled(scaled.into(), 2).unwrap());
    let row = |value| Some((scaled, "0f".repeat(16), value));
    vec![
        ("count(e)", State::Count(n)),
        ("sum(e.amount)", State::Sum(Some(n))),
        ("sum(e.amount)", State::Sum(None)),
        ("sum(e.real)", State::RealSum(Some(real))),
        ("sum(e.real)", State::RealSum(None)),
        ("min(e.amount)", State::Min(number.clone())),
        ("max(e.real)", State::Max(Value::Real(real))),
        ("max(e.name)", State::Max(Value::Text(name.clone()))),
        ("min(e.day)", State::Min(Value::Null(Missing::NoRows))),
        ("max(e.day)", State::Max(Value::Date(20_000))),
        (
            "max(e.at)",
            State::Max(Value::Timestamp(scaled % 1_000_000_000_000_000)),
        ),
        ("first(e.flag)", State::First(row(Value::Boolean(n > 0)))),
        ("last(e.id)", State::Last(row(Value::Uuid("ab".repeat(16))))),
        ("last(e.name)", State::Last(None)),
        ("variance(e.amount)", State::Moments(n, n / 2, n / 3)),
        ("count_distinct(e.name)", State::Distinct(n)),
        (
            "median(e.amount)",
            State::Values(BTreeMap::from([(n, 3), (n / 2 - 1, 1)])),
        ),
        (
            "start(e.name)",
            State::Set {
                start: n,
                end: 2,
                both: 1,
            },
        ),
    ]
}

proptest! {
    #[test]
    fn states_survive_the_wire(
        n in any::<i128>(), scaled in any::<i64>(), real in any::<f64>().prop_filter("a number", |x| !x.is_nan()), name in ".{0,9}",
    ) {
        for (formula, state) in sorts(n, scaled, real, name) {
            let plan = plan(formula);
            let read = states(&[&plan.measures[0]], vec![encode(&state)]);
            prop_assert_eq!(read, Some(vec![state]), "{}", formula);
        }
    }
}

#[test]
fn what_is_no_state_of_the_measure_is_seen() {
    let all = sorts(5, 7, 0.5, "x".to_owned());
    for (formula, _) in &all {
        let plan = plan(formula);
        let measure = &plan.measures[0];
        for (_, state) in &all {
            // A text may be read as what the measure has; whatever is read is a state of it.
            let read = states(&[measure], vec![encode(state)]);
            assert!(
                read.is_none_or(|read| read[0].fits(measure)),
                "{formula} {state:?}"
            );
        }
        assert_eq!(states(&[&plan.measures[0]], Vec::new()), None);
        assert_eq!(states(&[&plan.measures[0]], vec![Default::default()]), None);
    }
}
