//! Sub-periods read one by one, and together: the same figures, and the reference's.

use super::{
    databases::{Database, planned},
    same::{formulas, plain},
    world::{claims, metrics, ontology},
};
use crate::{
    Definition, Value, naive,
    sql::{Dialect, Moment, Query, write, write_fast},
};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Bounds around the days of random claims, so many periods.
fn bounds(periods: i64) -> Vec<Moment> {
    (0..=periods)
        .map(|at| Moment::Timestamp((at * 6 / periods - 3) * 86_400_000_000 + at * 7))
        .collect()
}

fn refused(text: &str) -> bool {
    let text = text.to_lowercase();
    ["overflow", "out of range", "128 bits"]
        .iter()
        .any(|word| text.contains(word))
}

fn close(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Real(a), Value::Real(b)) => (a - b).abs() <= a.abs().max(1.0) * 1e-9,
        _ => a == b,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, max_shrink_time: 5_000, ..ProptestConfig::default() })]

    #[test]
    fn periods_one_by_one_are_those_together(
        rows in claims(),
        formula in formulas(),
        periods in 1..7_i64,
        by_status in any::<bool>(),
    ) {
        let Ok(plan) = crate::plan(&plain(), &metrics(), &Definition::new(&formula)) else {
            return Ok(());
        };
        let query = Query {
            dimensions: by_status.then(|| "status".to_owned()).into_iter().collect(),
            bounds: bounds(periods),
            apart: true,
            ..Query::default()
        };
        let together = Query { apart: false, ..query.clone() };
        let rows = BTreeMap::from([("claim".to_owned(), rows)]);
        for mut database in Database::all() {
            database.fill(&rows);
            let (apart, together) = (database.answers(&plan, &query), database.answers(&plan, &together));
            let (Ok(apart), Ok(together)) = (&apart, &together) else {
                for text in [apart, together].into_iter().filter_map(Result::err) {
                    prop_assert!(refused(&text), "{}: {}", formula, text);
                }
                continue;
            };
            prop_assert!(apart.keys().eq(together.keys()), "{}: {:?} and {:?}", formula, apart, together);
            for ((group, a), b) in apart.iter().zip(together.values()) {
                prop_assert!(close(a, b), "{} in {:?}: {} and {}", formula, group, a, b);
                let ((dimensions, Some(period)), false) = (group, by_status) else {
                    continue;
                };
                prop_assert!(dimensions.is_empty());
                let whole = Query {
                    period: Some((query.bounds[*period], query.bounds[period + 1])),
                    ..Query::default()
                };
                if let Ok(expected) = naive::answer(&plan, &plain(), &rows, &whole) {
                    prop_assert!(close(a, &expected), "{} in {}: {} and {}", formula, period, a, expected);
                }
            }
        }
    }
}

fn sql(formula: &str, query: &Query, dialect: Dialect) -> String {
    let (plan, ontology) = (planned(formula), ontology());
    let fragment = &plan.fragments[0];
    let entity = ontology.entity(&fragment.entity).unwrap();
    let fast = write_fast(&plan, fragment, entity, query, dialect).unwrap();
    let statement = fast.map_or_else(|| write(&plan, fragment, entity, query, dialect), Ok);
    // Table and columns have quotes in their names.
    let table = format!("\"{}\"", entity.table.replace('"', "\"\""));
    let sql = statement.unwrap().sql;
    sql.replace(&table, "claims").replace(" \"\"x'", "")
}

/// What a person would write: nothing between the aggregates and the table.
#[test]
fn statements_are_as_short_as_those_by_hand() {
    let by_status = Query {
        dimensions: vec!["status".into()],
        ..Query::default()
    };
    let sqlite = |formula, query: &Query| sql(formula, query, Dialect::Sqlite);
    assert_eq!(
        sqlite("count(claim)", &Query::default()),
        "SELECT count(*) AS c0 FROM claims AS t"
    );
    assert_eq!(
        sqlite("avg(claim.amount)", &by_status),
        "SELECT t.\"status\" AS c0, count(t.\"amount\") AS c1, sum(t.\"amount\") AS c2 FROM claims AS t GROUP BY t.\"status\""
    );
    assert_eq!(
        sql("sum(claim.amount)", &by_status, Dialect::Postgres),
        "SELECT (t.\"status\")::text AS c0, (sum(t.\"amount\"))::text AS c1 FROM claims AS t GROUP BY t.\"status\""
    );
    let one = Query {
        bounds: bounds(1),
        ..Query::default()
    };
    assert_eq!(
        sqlite("sum(claim.amount)", &one),
        "SELECT 0 AS c0, sum(t.\"amount\") AS c1 FROM claims AS t WHERE t.\"filed_at\" >= ?1 AND t.\"filed_at\" < ?2"
    );
}

/// Many sub-periods, or a long formula in each, would make a statement that the database reads for longer than the rows.
#[test]
fn what_would_be_too_long_one_by_one_is_read_together() {
    let year = Query {
        bounds: (0..=400)
            .map(|day| Moment::Timestamp(day * 86_400_000_000))
            .collect(),
        apart: true,
        ..Query::default()
    };
    let many: Vec<_> = (0..60)
        .map(|n| format!("sum(claim.amount where claim.visits > {n})"))
        .collect();
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        let parts = |formula: &str, query: &Query| {
            sql(formula, query, dialect).matches("UNION ALL").count()
        };
        assert_eq!(parts("count(claim where claim.status <> 'x')", &year), 399);
        assert_eq!(parts(&many.join(" + "), &year), 0);
        let more = Query {
            bounds: (0..=401)
                .map(|day| Moment::Timestamp(day * 86_400_000_000))
                .collect(),
            ..year.clone()
        };
        assert_eq!(parts("count(claim)", &more), 0);
    }
}
