//! What fits and what does not, and how each problem is told.

use super::*;
use serde_json::{Value, json};

fn definition(kind: Kind, code: &str, mut document: Value) -> Definition {
    document["code"] = code.into();
    Definition::of_document(kind, document).unwrap()
}

fn metric(code: &str, document: Value) -> Definition {
    definition(Kind::Metric, code, document)
}

fn simple(code: &str, formula: &str) -> Definition {
    metric(code, json!({"type": "simple", "formula": formula}))
}

fn world() -> Vec<Definition> {
    let policy = json!({"kind": "snapshot", "attributes": [
        {"code": "id", "type": "string", "primary_key": true},
        {"code": "day", "type": "date", "primary_key": true, "time_attribute": true},
        {"code": "status", "type": "string"},
        {"code": "premium", "type": "decimal(12, 2)", "unit": "EUR"},
        {"code": "signed", "type": "date"},
    ]});
    let claim = json!({"kind": "event", "attributes": [
        {"code": "filed", "type": "timestamp", "time_attribute": true},
        {"code": "paid", "type": "decimal(14, 2)", "unit": "EUR"},
    ]});
    vec![
        definition(Kind::Entity, "policy", policy),
        definition(Kind::Entity, "claim", claim),
        simple("paid", "sum(claim.paid)"),
        simple("earned", "sum(policy.premium)"),
        metric(
            "to_date",
            json!({"type": "cumulative", "cumulative": {"metric": "paid", "grain": "year"}}),
        ),
        metric(
            "followed",
            json!({"type": "conversion", "conversion": {"base": "paid", "conversion": "earned"}}),
        ),
        simple("broken", "sum(claim.nothing)"),
    ]
}

fn found(definition: &Definition) -> Vec<(String, String)> {
    let all = world();
    let world: World = all.iter().chain([definition]).collect();
    let found = world.check(definition).into_iter();
    found
        .map(|one| (format!("{} {}", one.field, one.reason), one.description))
        .collect()
}

fn reasons(definition: &Definition) -> Vec<String> {
    found(definition)
        .into_iter()
        .map(|(reason, _)| reason)
        .collect()
}

#[test]
fn what_fits_is_let_through() {
    let member = json!({"entity": "policy", "attribute": "id"});
    for fine in [
        simple("x", "paid / earned"),
        simple("x", "sum(claim.paid where claim.paid > 1) - earned"),
        metric(
            "x",
            json!({"type": "simple", "formula": "count(*) + sum(premium) / 2 EUR", "state": "draft"}),
        ),
        metric(
            "x",
            json!({"type": "simple", "formula": "count(*)", "entities": ["policy"], "unit": "policy"}),
        ),
        metric(
            "x",
            json!({"type": "simple", "formula": "sum(premium)", "entities": ["policy"], "unit": "EUR"}),
        ),
        metric(
            "x",
            json!({"type": "set_based", "formula": "(end - new) / start", "set": {"member": member, "filter": "status = 'A'"}}),
        ),
        metric(
            "x",
            json!({"type": "ratio", "ratio": {"numerator": "paid", "denominator": "earned"}}),
        ),
        metric(
            "x",
            json!({"type": "cumulative", "cumulative": {"metric": "earned"}}),
        ),
    ] {
        assert_eq!(reasons(&fine), [] as [&str; 0], "{fine:?}");
    }
}

#[test]
fn everything_wrong_is_told_with_line_column_and_hint() {
    let wrong = simple("x", "sum(claim.pad) +\n  count(policy) + pad");
    let all = world();
    let codes = |kind: Kind| -> Vec<String> {
        let of_kind = all.iter().filter(|one| one.kind() == kind);
        of_kind.map(|one| one.code().to_owned()).collect()
    };
    let world = all.iter().collect::<World>();
    let world = world.suggesting(codes(Kind::Entity), codes(Kind::Metric));
    let found: Vec<_> = world
        .check(&wrong)
        .into_iter()
        .map(|one| (one.reason, one.description))
        .collect();
    assert_eq!(found, [
        ("FORMULA_UNKNOWN_ATTRIBUTE".to_owned(), "line 1, column 5: the entity `claim` has no attribute `pad` (did you mean `paid`?)".to_owned()),
        ("FORMULA_UNKNOWN_METRIC".to_owned(), "line 2, column 19: there is no metric `pad` (did you mean `paid`?)".to_owned()),
    ]);
}

#[test]
fn each_field_has_its_own_problems() {
    let member = json!({"entity": "policy", "attribute": "id"});
    for (wrong, reasons_found) in [
        (
            simple("x", "earned + count(policy)"),
            vec!["formula FORMULA_WRONG_UNIT"],
        ),
        (simple("x", "x + 1"), vec!["formula FORMULA_METRIC_CYCLE"]),
        (
            simple("x", "broken + 1"),
            vec!["formula FORMULA_BAD_METRIC"],
        ),
        (
            simple("x", "to_date / earned"),
            vec!["formula[1:1] FORMULA_UNSUPPORTED"],
        ),
        (
            metric(
                "x",
                json!({"type": "ratio", "ratio": {"numerator": "followed", "denominator": "paid"}}),
            ),
            vec!["ratio.numerator FORMULA_UNSUPPORTED"],
        ),
        (
            metric(
                "x",
                json!({"type": "ratio", "ratio": {"numerator": "broken", "denominator": "gone"}}),
            ),
            vec!["ratio FORMULA_BAD_METRIC"],
        ),
        (
            metric(
                "x",
                json!({"type": "cumulative", "cumulative": {"metric": "to_date"}}),
            ),
            vec!["cumulative.metric FORMULA_UNSUPPORTED"],
        ),
        (
            metric(
                "x",
                json!({"type": "simple", "formula": "earned", "unit": "USD"}),
            ),
            vec!["unit FORMULA_WRONG_UNIT"],
        ),
        (
            metric(
                "x",
                json!({"type": "set_based", "formula": "start + unheard", "set": {"member": member, "filter": "state = 'A'"}}),
            ),
            vec![
                "set.filter FORMULA_UNKNOWN_ATTRIBUTE",
                "formula FORMULA_UNKNOWN_METRIC",
            ],
        ),
        (
            metric(
                "x",
                json!({"type": "simple", "formula": "count(policy)", "time_attribute": {"entity": "policy", "attribute": "status"}}),
            ),
            vec!["time_attribute TIME_TYPE"],
        ),
        // `claim` is an entity, and the crate `formula` would count its rows.
        (
            metric(
                "x",
                json!({"type": "simple", "formula": "count(claim)", "entities": ["policy"]}),
            ),
            vec!["formula AMBIGUOUS_NAME"],
        ),
    ] {
        assert_eq!(reasons(&wrong), reasons_found, "{wrong:?}");
    }
}

#[test]
fn only_what_formulas_see_of_an_entity_retypes_them() {
    let entity = |document: Value| definition(Kind::Entity, "policy", document);
    let old = entity(json!({"kind": "snapshot", "attributes": [
        {"code": "id", "type": "string", "primary_key": true},
        {"code": "day", "type": "date", "time_attribute": true},
        {"code": "premium", "type": "decimal(12, 2)", "unit": "EUR"},
        {"code": "note", "type": "string"},
    ]}));
    let changed = |edit: &dyn Fn(&mut Value)| {
        let mut document = old.document();
        edit(&mut document);
        Definition::of_document(Kind::Entity, document)
            .unwrap()
            .retypes(&old)
    };
    assert_eq!(
        changed(&|entity| entity["attributes"][2]["description"] = "money".into()),
        None
    );
    assert_eq!(
        changed(&|entity| entity["attributes"][2]["nullable"] = true.into()),
        None
    );
    let premium = Some(Some(vec!["premium".to_owned()]));
    assert_eq!(
        changed(&|entity| entity["attributes"][2]["unit"] = "USD".into()),
        premium
    );
    assert_eq!(
        changed(&|entity| entity["attributes"][2]["type"] = "integer".into()),
        premium
    );
    assert_eq!(
        changed(&|entity| entity["kind"] = "event".into()),
        Some(None)
    );
    assert_eq!(
        changed(&|entity| entity["attributes"][0]["primary_key"] = false.into()),
        Some(None)
    );
    // What is gone is found by the references to it.
    assert_eq!(
        changed(&|entity| drop(entity["attributes"].as_array_mut().unwrap().pop())),
        None
    );
}

#[test]
fn a_time_attribute_of_its_own_places_rows() {
    let last = |attribute: &str| {
        let time = json!({"entity": "policy", "attribute": attribute});
        metric(
            "x",
            json!({"type": "simple", "formula": "last(policy.premium)", "time_attribute": time}),
        )
    };
    assert_eq!(reasons(&last("signed")), [] as [&str; 0]);
    let mut timeless = world();
    let Body::Entity(policy) = &mut timeless[0].body else {
        unreachable!("it is the first")
    };
    policy
        .attributes
        .iter_mut()
        .for_each(|one| one.time_attribute = false);
    let world: World = timeless.iter().collect();
    assert_eq!(world.check(&simple("x", "last(policy.premium)")).len(), 1);
    assert!(world.check(&last("signed")).is_empty());
}
