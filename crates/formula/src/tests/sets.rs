//! Members of sets, the snapshots that stand for moments, and sets beside other measures.

use super::{
    databases::{Database, planned},
    world::{ontology, retention_rows},
};
use crate::{
    Read, calendar, condition, measures_plan,
    sql::{self, Moment, Query, latest_snapshot, members, read_snapshots},
};
use std::collections::{BTreeMap, BTreeSet};

fn day(text: &str) -> Moment {
    Moment::Date(calendar::parse_date(text).unwrap())
}

#[test]
fn members_of_every_set_are_listed_in_pages() {
    let rows = retention_rows();
    let query = Query {
        period: Some((day("2025-01-01"), day("2025-02-01"))),
        filters: vec![condition(&ontology(), "policy", "region_code = 'south'").unwrap()],
        ..Query::default()
    };
    let set = ["dropped(policy where policy.status = 'Active')"];
    let plan = measures_plan(&ontology(), "policy", &set).unwrap();
    let ontology = ontology();
    let policy = ontology.entity("policy").unwrap();
    let ids = |range: std::ops::Range<usize>| -> BTreeSet<String> {
        range
            .filter(|id| id % 2 == 1)
            .map(|id| format!("p{id}"))
            .collect()
    };
    for mut database in Database::all() {
        database.fill(&rows);
        for (read, expected) in [
            (Read::Start, ids(0..1000)),
            (Read::End, ids(100..1050)),
            (Read::New, ids(1000..1050)),
            (Read::Retained, ids(100..1000)),
            (Read::Dropped, ids(0..100)),
        ] {
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let list = members(
                    &plan,
                    policy,
                    read,
                    &query,
                    after.as_deref(),
                    40,
                    database.dialect(),
                )
                .unwrap();
                let total = list
                    .read_total(&database.run(&list.total).unwrap())
                    .unwrap();
                assert_eq!(usize::try_from(total).unwrap(), expected.len());
                let page = list.read(&database.run(&list.page).unwrap()).unwrap();
                let Some(last) = page.last() else { break };
                assert!(page.len() <= 40);
                after = Some(last.clone());
                found.extend(page);
            }
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{read:?}");
        }
    }
    for wrong in [
        members(
            &plan,
            policy,
            Read::Value,
            &query,
            None,
            1,
            sql::Dialect::Sqlite,
        ),
        members(
            &planned("count(policy)"),
            policy,
            Read::Start,
            &query,
            None,
            1,
            sql::Dialect::Sqlite,
        ),
        members(
            &plan,
            ontology.entity("claim").unwrap(),
            Read::Start,
            &query,
            None,
            1,
            sql::Dialect::Sqlite,
        ),
    ] {
        assert!(wrong.is_err());
    }
}

#[test]
fn the_latest_snapshot_stands_for_a_moment() {
    let ontology = ontology();
    let policy = ontology.entity("policy").unwrap();
    let asked = [
        "2024-12-31",
        "2025-01-01",
        "2025-01-31",
        "2025-02-01",
        "2030-01-01",
    ]
    .map(day);
    let expected = [
        None,
        Some(day("2025-01-01")),
        Some(day("2025-01-01")),
        Some(day("2025-02-01")),
        Some(day("2025-02-01")),
    ];
    for mut database in Database::all() {
        database.fill(&retention_rows());
        let statement = latest_snapshot(policy, &asked, database.dialect()).unwrap();
        let rows = database.run(&statement).unwrap();
        assert_eq!(read_snapshots(&statement, &rows).unwrap(), expected);
        let none = latest_snapshot(policy, &[], database.dialect()).unwrap();
        assert!(database.run(&none).unwrap().is_empty());
    }
    let claim = ontology.entity("claim").unwrap();
    assert!(latest_snapshot(claim, &asked, sql::Dialect::Sqlite).is_err());
    assert!(
        latest_snapshot(
            ontology.entity("region").unwrap(),
            &asked,
            sql::Dialect::Sqlite
        )
        .is_err()
    );
}

/// What dimensions are is told as values are, and sets of one sub-period join the others' groups.
#[test]
fn groups_are_spelled_as_values_and_sets_have_periods() {
    let rows = retention_rows();
    let plan = planned("end(policy) + count(policy)");
    let ontology = ontology();
    let policy = ontology.entity("policy").unwrap();
    let bounds = ["2025-01-01", "2025-02-01", "2025-03-01"].map(day);
    for mut database in Database::all() {
        database.fill(&rows);
        let mut table = sql::Table::new(&plan);
        for fragment in &plan.fragments {
            let summary = fragment.shape == crate::Shape::Summary;
            let periods = if summary {
                vec![None]
            } else {
                vec![Some(0), Some(1)]
            };
            for bucket in periods {
                let query = Query {
                    dimensions: vec!["snapshot_date".into()],
                    bounds: if summary { bounds.to_vec() } else { Vec::new() },
                    period: bucket.map(|at: usize| (bounds[at], bounds[at + 1])),
                    ..Query::default()
                };
                let statement =
                    sql::write(&plan, fragment, policy, &query, database.dialect()).unwrap();
                let found = database.run(&statement).unwrap();
                table.add_in(&statement, &found, bucket).unwrap();
            }
        }
        let answers: BTreeMap<_, _> = table
            .answers()
            .unwrap()
            .into_iter()
            .map(|((dimensions, bucket), value)| {
                (
                    (dimensions[0].clone().unwrap(), bucket.unwrap()),
                    value.to_string(),
                )
            })
            .collect();
        let group = |day: &str, bucket| (day.to_owned(), bucket);
        let expected = BTreeMap::from([
            (group("2025-01-01", 0), "1000".to_owned()),
            (group("2025-02-01", 0), "1050".to_owned()),
            (group("2025-02-01", 1), "1050".to_owned()),
        ]);
        assert_eq!(answers, expected);
    }
}
