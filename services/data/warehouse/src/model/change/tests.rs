//! Every way a definition can change, against tables with rows and without.

use super::*;
use crate::model::table::Column;
use formula::{DataType, EntityKind, Unit};

const DECIMAL: fn(u8, u8) -> DataType = |precision, scale| DataType::Decimal { precision, scale };

fn place(dialect: Dialect) -> Place {
    Place {
        id: Id::NIL,
        tenant: Id::NIL,
        schema: (dialect == Dialect::Postgres).then(|| "zone".to_owned()),
        dialect,
        interval: Interval::Month,
        now: Time::EPOCH,
    }
}

fn attribute(code: &str, data_type: DataType) -> Attribute {
    Attribute {
        code: code.to_owned(),
        data_type,
        unit: Unit::NONE,
        nullable: true,
        key: false,
        time: false,
        allowed_values: Vec::new(),
    }
}

fn claim() -> Definition {
    let key = Attribute {
        key: true,
        nullable: false,
        ..attribute("claim_id", DataType::String)
    };
    let time = Attribute {
        time: true,
        nullable: false,
        ..attribute("at", DataType::Date)
    };
    let state = Attribute {
        allowed_values: vec!["open".into(), "paid".into()],
        ..attribute("state", DataType::String)
    };
    let count = Attribute {
        nullable: false,
        ..attribute("parts", DataType::Integer)
    };
    let amount = Attribute {
        unit: "EUR".parse().unwrap(),
        ..attribute("amount", DECIMAL(10, 2))
    };
    Definition {
        id: Id::NIL,
        code: "claim".to_owned(),
        kind: EntityKind::Event,
        version: 1,
        attributes: vec![key, time, state, count, amount],
    }
}

/// The plan after `change` of the definition, where there are rows.
fn planned(dialect: Dialect, change: impl Fn(&mut Definition)) -> Plan {
    planned_with(dialect, rows(), change)
}

fn rows() -> Facts {
    Facts {
        rows: true,
        ..Facts::default()
    }
}

fn planned_with(dialect: Dialect, facts: Facts, change: impl Fn(&mut Definition)) -> Plan {
    let place = place(dialect);
    let mut definition = claim();
    let shape = plan_new(&place, &definition).next;
    change(&mut definition);
    definition.version = 2;
    plan(&shape, &definition, &facts, &place)
}

fn kinds(plan: &Plan) -> Vec<ChangeKind> {
    plan.changes.iter().map(|change| change.kind).collect()
}

fn one<'a>(definition: &'a mut Definition, code: &str) -> &'a mut Attribute {
    let found = definition
        .attributes
        .iter_mut()
        .find(|attribute| attribute.code == code);
    found.unwrap()
}

const BOTH: [Dialect; 2] = [Dialect::Sqlite, Dialect::Postgres];

#[test]
fn names_and_descriptions_change_nothing() {
    for dialect in BOTH {
        let plan = planned(dialect, |_| {});
        assert!(plan.changes.is_empty() && plan.script.is_empty());
        assert_eq!(plan.next.entity_version, 2);
    }
}

#[test]
fn what_is_added_is_required_of_new_rows_alone() {
    for dialect in BOTH {
        let add = |definition: &mut Definition| {
            let mut region = attribute("region", DataType::String);
            region.nullable = false;
            definition.attributes.push(region);
        };
        let plan = planned(dialect, add);
        assert_eq!(kinds(&plan), [ChangeKind::AddColumn]);
        let column = plan.next.column("region").unwrap();
        assert!(!column.nullable && !column.not_null);
        assert!(plan.changes[0].description.contains("new rows need it"));
        let plan = planned_with(dialect, Facts::default(), add);
        assert!(plan.next.column("region").unwrap().not_null);
    }
}

#[test]
fn what_is_dropped_keeps_its_values_and_its_name() {
    for dialect in BOTH {
        let plan = planned(dialect, |definition| {
            definition.attributes.retain(|one| one.code != "parts");
        });
        assert_eq!(kinds(&plan), [ChangeKind::DropColumn]);
        // SQLite takes NOT NULL from no column: the table is made anew.
        assert_eq!(plan.moves, dialect == Dialect::Sqlite);
        assert!(plan.next.column("parts").is_none());
        let hidden = plan.next.columns.last().unwrap();
        assert!(hidden.attribute == "parts" && hidden.dropped_at.is_some() && !hidden.not_null);

        let place = place(dialect);
        let again = super::plan(&plan.next, &claim(), &rows(), &place);
        assert_eq!(kinds(&again), [ChangeKind::RestoreColumn]);
        let column = again.next.column("parts").unwrap();
        assert!(column.name == "parts" && !column.nullable && !column.not_null);

        let mut other = claim();
        one(&mut other, "parts").data_type = DataType::Boolean;
        let beside = super::plan(&plan.next, &other, &rows(), &place);
        assert_eq!(kinds(&beside), [ChangeKind::AddColumn]);
        assert_eq!(beside.next.column("parts").unwrap().name, "parts_2");
        assert_eq!(
            beside
                .next
                .columns
                .iter()
                .filter(|one| one.attribute == "parts")
                .count(),
            2
        );
        // And a third, beside both.
        let mut gone = other.clone();
        gone.attributes.retain(|one| one.code != "parts");
        let gone = super::plan(&beside.next, &gone, &rows(), &place).next;
        one(&mut other, "parts").data_type = DataType::Uuid;
        let third = super::plan(&gone, &other, &rows(), &place);
        assert_eq!(third.next.column("parts").unwrap().name, "parts_3");
        // The latest that fits comes back.
        let first = super::plan(&gone, &claim(), &rows(), &place);
        assert_eq!(first.next.column("parts").unwrap().name, "parts");
    }
}

#[test]
fn types_widen_where_every_value_fits() {
    let range = |low: i64, high: i64| Facts {
        ranges: BTreeMap::from([("parts".to_owned(), Some((low, high)))]),
        ..rows()
    };
    for (to, facts, fits, moves) in [
        (DECIMAL(18, 0), range(-5, 5), true, false),
        (DECIMAL(10, 2), range(-99_999_999, 99_999_999), true, true),
        (DECIMAL(10, 2), range(0, 100_000_000), false, false),
        (DECIMAL(38, 10), range(i64::MIN, i64::MAX), true, true),
        (DataType::Double, range(-(1 << 53), 1 << 53), true, true),
        (DataType::Double, range(0, (1 << 53) + 1), false, false),
        (DataType::Double, range(i64::MIN, 0), false, false),
        (DataType::String, range(0, 0), false, false),
    ] {
        for dialect in BOTH {
            let plan = planned_with(dialect, facts.clone(), |definition| {
                one(definition, "parts").data_type = to;
            });
            assert_eq!(plan.is_compatible(), fits, "{to}");
            assert_eq!(plan.moves, moves, "{to}");
        }
    }
    for (to, fits, moves) in [
        (DECIMAL(12, 2), true, false),
        (DECIMAL(12, 4), true, true),
        (DECIMAL(11, 4), false, false),
        (DECIMAL(10, 1), false, false),
        (DECIMAL(9, 2), false, false),
        (DECIMAL(20, 2), true, true),
        (DataType::Integer, false, false),
        (DataType::Double, false, false),
    ] {
        let plan = planned(Dialect::Postgres, |definition| {
            one(definition, "amount").data_type = to;
        });
        assert_eq!((plan.is_compatible(), plan.moves), (fits, moves), "{to}");
    }
    let plan = planned(Dialect::Sqlite, |definition| {
        one(definition, "at").data_type = DataType::Timestamp;
    });
    assert!(plan.is_compatible() && plan.moves);
    assert!(plan.script.iter().any(|sql| sql.contains("strftime")));
    assert_ne!(plan.next.name, claim_table(Dialect::Sqlite).name);
}

fn claim_table(dialect: Dialect) -> TableShape {
    plan_new(&place(dialect), &claim()).next
}

#[test]
fn rules_for_new_rows_change_without_the_database() {
    let plan = planned(Dialect::Postgres, |definition| {
        one(definition, "state").allowed_values.push("lost".into());
        one(definition, "state").nullable = false;
    });
    assert_eq!(kinds(&plan), [ChangeKind::Rules, ChangeKind::Rules]);
    assert!(plan.is_compatible() && plan.script.is_empty());
    let fewer = |definition: &mut Definition| {
        one(definition, "state").allowed_values.pop();
    };
    let outside = |count| Facts {
        outside: BTreeMap::from([("state".to_owned(), count)]),
        ..rows()
    };
    assert!(planned_with(Dialect::Postgres, outside(0), fewer).is_compatible());
    assert!(!planned_with(Dialect::Postgres, outside(2), fewer).is_compatible());
    let plan = planned(Dialect::Postgres, |definition| {
        one(definition, "parts").nullable = true;
    });
    assert_eq!(kinds(&plan), [ChangeKind::WidenColumn]);
    assert!(plan.script[0].ends_with("DROP NOT NULL") && !plan.moves);
}

#[test]
fn what_tells_rows_apart_and_their_unit_stay() {
    type Edit = fn(&mut Definition);
    let edits: [Edit; 5] = [
        |definition| one(definition, "parts").key = true,
        |definition| one(definition, "claim_id").key = false,
        |definition| definition.kind = EntityKind::Dimension,
        |definition| definition.attributes.retain(|one| one.code != "claim_id"),
        |definition| one(definition, "amount").unit = "USD".parse().unwrap(),
    ];
    for edit in edits {
        for dialect in BOTH {
            let plan = planned(dialect, edit);
            assert!(!plan.is_compatible(), "{:?}", plan.changes);
            assert!(!plan.problems().is_empty());
            // Without rows the table is made anew.
            let plan = planned_with(dialect, Facts::default(), edit);
            assert!(plan.is_compatible(), "{:?}", plan.problems());
            if kinds(&plan) == [ChangeKind::Rules] {
                assert_eq!(plan.next.column("amount").unwrap().unit.to_string(), "USD");
                continue;
            }
            assert_eq!(kinds(&plan).last(), Some(&ChangeKind::CreateTable));
            assert_ne!(plan.next.name, claim_table(dialect).name);
            assert!(plan.script.last().unwrap().starts_with("DROP TABLE"));
        }
    }
    let plan = planned(Dialect::Postgres, |definition| {
        definition.kind = EntityKind::Snapshot;
    });
    assert!(plan.is_compatible() && plan.script.is_empty());
}

#[test]
fn the_order_of_attributes_does_not_matter() {
    let plan = planned(Dialect::Postgres, |definition| {
        definition.attributes.reverse()
    });
    assert!(plan.changes.is_empty());
    let order: Vec<_> = plan
        .next
        .live_columns()
        .map(|one| one.attribute.as_str())
        .collect();
    assert_eq!(order, ["amount", "parts", "state", "at", "claim_id"]);
}

#[test]
fn a_key_has_as_many_attributes_as_an_index_takes() {
    let mut definition = claim();
    for number in 0..40 {
        let mut key = attribute(&format!("k{number}"), DataType::Integer);
        (key.key, key.nullable) = (true, false);
        definition.attributes.push(key);
    }
    let plan = plan_new(&place(Dialect::Sqlite), &definition);
    assert!(!plan.is_compatible());
}

#[test]
fn a_dimension_has_no_chunks_and_an_index_on_its_time() {
    let mut definition = claim();
    definition.kind = EntityKind::Dimension;
    let place = place(Dialect::Postgres);
    let shape = plan_new(&place, &definition).next;
    assert_eq!(shape.chunk_interval, None);
    let identity: Vec<&Column> = shape.identity();
    assert_eq!(identity.len(), 1);
    one(&mut definition, "at").time = false;
    definition.version = 2;
    let plan = plan(&shape, &definition, &rows(), &place);
    assert!(plan.is_compatible(), "{:?}", plan.problems());
    assert_eq!(kinds(&plan), [ChangeKind::Index]);
    assert!(plan.script[0].starts_with("DROP INDEX \"zone\".\"claim_"));
}

#[test]
fn names_tell_tenants_entities_and_generations_apart() {
    let long = "a".repeat(60);
    let name = |tenant, entity, generation| {
        ddl::table_name(Dialect::Postgres, tenant, entity, &long, generation)
    };
    let (a, b) = (Id::new(), Id::new());
    let names = [name(a, b, 1), name(b, a, 1), name(a, a, 1), name(a, b, 2)];
    let different: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(different.len(), 4);
    // With the longest ending a name is no longer than PostgreSQL's.
    assert!(
        names
            .iter()
            .all(|name| name.len() + "_p20260131".len() == 63)
    );
}
