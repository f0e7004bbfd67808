//! How long it takes from the text of a formula to what is sent to the owner of the rows: parsed, hashed, planned, and written as SQL.

use criterion::Criterion;
use formula::{
    Attribute, DataType, Definition, Entity, EntityKind, Ontology, SetSpec, measures_plan, parse,
    plan,
    sql::{Dialect, Query, write},
};
use std::{collections::BTreeMap, hint::black_box};

/// An entity of twenty attributes.
fn entity(code: &str, kind: EntityKind) -> Entity {
    let money = DataType::Decimal {
        precision: 14,
        scale: 2,
    };
    let mut attributes: Vec<_> = (0..16)
        .map(|n| Attribute::new(&format!("attribute_{n}"), money))
        .collect();
    attributes.push(Attribute::new("policy_id", DataType::String));
    attributes.push(Attribute::new("status", DataType::String));
    attributes.push(Attribute::new("amount", money));
    let mut time = Attribute::new("at", DataType::Date);
    time.time = true;
    attributes.push(time);
    Entity {
        code: code.to_owned(),
        kind,
        attributes,
        schema: None,
        table: code.to_owned(),
        row_id: "_id".to_owned(),
    }
}

fn ontology() -> Ontology {
    let events = (0..50).map(|n| entity(&format!("entity_{n}"), EntityKind::Event));
    let known = [
        entity("policy", EntityKind::Snapshot),
        entity("claim", EntityKind::Event),
    ];
    Ontology::new(events.chain(known))
}

/// The formulas that are measured, the smallest first.
fn formulas() -> Vec<(&'static str, Definition)> {
    let set = SetSpec {
        entity: "policy".to_owned(),
        member: "policy_id".to_owned(),
        filter: "status = 'Active'".to_owned(),
    };
    let retention = Definition {
        set: Some(set),
        ..Definition::new("(end - new) / start")
    };
    let long = (0..100)
        .map(|n| format!("sum(claim.amount * 1.{n:02} where claim.status = 's{n}')"))
        .collect::<Vec<_>>()
        .join(" + ");
    vec![
        (
            "sum",
            Definition::new("sum(claim.amount where claim.status = 'paid')"),
        ),
        ("retention", retention),
        (
            "derived",
            Definition::new("loss_ratio * 100 + if(claims > 1000, premium / claims, 0)"),
        ),
        ("hundred_sums", Definition::new(&long)),
    ]
}

fn metrics() -> BTreeMap<String, Definition> {
    [
        ("claims", "sum(claim.amount)"),
        (
            "premium",
            "sum(policy.amount where policy.status = 'Active')",
        ),
        ("loss_ratio", "claims / premium"),
    ]
    .map(|(code, formula)| (code.to_owned(), Definition::new(formula)))
    .into()
}

fn formula_times(c: &mut Criterion) {
    let (ontology, metrics) = (ontology(), metrics());
    for (name, definition) in formulas() {
        let mut group = c.benchmark_group(name);
        group.bench_function("parse", |b| {
            b.iter(|| parse(black_box(&definition.formula)))
        });
        let Ok(expr) = parse(&definition.formula) else {
            continue;
        };
        group.bench_function("hash", |b| b.iter(|| formula::hash(black_box(&expr))));
        group.bench_function("parse and plan", |b| {
            b.iter(|| plan(&ontology, &metrics, black_box(&definition)));
        });
        let Ok(plan) = plan(&ontology, &metrics, &definition) else {
            continue;
        };
        let entity = &plan.fragments[0].entity;
        let own = plan
            .measures
            .iter()
            .filter(|measure| measure.entity == *entity);
        let texts: Vec<_> = own.map(formula::Measure::text).collect();
        let texts: Vec<_> = texts.iter().map(String::as_str).collect();
        group.bench_function("plan again from measures", |b| {
            b.iter(|| measures_plan(&ontology, entity, black_box(&texts)));
        });
        let Some(table) = ontology.entity(entity) else {
            continue;
        };
        let day = |day| formula::sql::Moment::Date(day);
        let query = Query {
            period: Some((day(20_000), day(20_031))),
            ..Query::default()
        };
        group.bench_function("write SQL", |b| {
            b.iter(|| {
                write(
                    &plan,
                    &plan.fragments[0],
                    table,
                    black_box(&query),
                    Dialect::Postgres,
                )
            });
        });
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    formula_times(&mut criterion);
    criterion.final_summary();
}
