//! Formulas from people: what parses prints as itself, and what plans is planned again from the texts of its measures.
#![no_main]

use std::collections::BTreeMap;
use std::str::from_utf8;

use formula::{Attribute, DataType, Definition, Entity, EntityKind, Ontology, SetSpec};
use libfuzzer_sys::fuzz_target;

fn ontology() -> Ontology {
    let mut at = Attribute::new("at", DataType::Date);
    at.time = true;
    let entity = Entity {
        code: "e".to_owned(),
        kind: EntityKind::Snapshot,
        attributes: vec![
            at,
            Attribute::new("n", DataType::Integer),
            Attribute::new(
                "x",
                DataType::Decimal {
                    precision: 9,
                    scale: 2,
                },
            ),
            Attribute::new("r", DataType::Double),
            Attribute::new("s", DataType::String),
            Attribute::new("b", DataType::Boolean),
            Attribute::new("t", DataType::Timestamp),
        ],
        schema: None,
        table: "e".to_owned(),
        row_id: "_id".to_owned(),
    };
    Ontology::new([entity])
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = from_utf8(data) else { return };
    let Ok(expr) = formula::parse(text) else {
        return;
    };
    let printed = formula::print(&expr);
    assert_eq!(formula::parse(&printed).as_ref(), Ok(&expr), "{printed}");
    assert_eq!(
        formula::hash(&formula::canonical(&expr)),
        formula::hash(&expr),
        "{printed}"
    );
    let set = SetSpec {
        entity: "e".to_owned(),
        member: "s".to_owned(),
        filter: "b".to_owned(),
    };
    let definition = Definition {
        entity: Some("e".to_owned()),
        set: Some(set),
        ..Definition::new(text)
    };
    let (ontology, metrics) = (
        ontology(),
        BTreeMap::from([("m".to_owned(), Definition::new("sum(e.x)"))]),
    );
    let Ok(plan) = formula::plan(&ontology, &metrics, &definition) else {
        return;
    };
    let texts: Vec<_> = plan.measures.iter().map(formula::Measure::text).collect();
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    // One more name may be one more level than a text may have.
    if let Ok(again) = formula::measures_plan(&ontology, "e", &texts) {
        assert_eq!(again.measures, plan.measures, "{texts:?}");
    }
    let _ = plan.evaluate(&plan.empty());
    let _ = formula::tree(&ontology, &metrics, &definition, &plan);
});
