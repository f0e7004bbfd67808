//! SQL and reference give the same answers: the seed's story, hard cases, and random formulas over random rows.

use super::{
    databases::{Database, planned},
    world::{claims, ontology, retention_rows},
};
use crate::{
    Exact, Missing, Value, calendar, condition, naive,
    sql::{Moment, Query, write},
};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn day(text: &str) -> Moment {
    Moment::Date(calendar::parse_date(text).unwrap())
}

#[test]
fn retention_of_the_seed() {
    let rows = retention_rows();
    let query = Query {
        period: Some((day("2025-01-01"), day("2025-02-01"))),
        ..Query::default()
    };
    let active = "policy where policy.status = 'Active'";
    for mut database in Database::all() {
        database.fill(&rows);
        for (formula, expected) in [
            (
                format!("(end({active}) - new({active})) / start({active})"),
                "0.9",
            ),
            (
                format!("1 - ((start({active}) - end({active})) / start({active}))"),
                "0.95",
            ),
            (format!("retained({active})"), "900"),
            (format!("dropped({active})"), "100"),
            ("new(policy)".to_owned(), "50"),
        ] {
            let plan = planned(&formula);
            let answer = database.answer(&plan, &query).unwrap();
            assert_eq!(answer.to_string(), expected, "{formula}");
            assert_eq!(
                naive::answer(&plan, &ontology(), &rows, &query).unwrap(),
                answer
            );
        }
        let by_region = Query {
            dimensions: vec!["region_code".into()],
            ..query.clone()
        };
        let answers = database
            .answers(&planned(&format!("start({active})")), &by_region)
            .unwrap();
        let answers: Vec<_> = answers
            .into_iter()
            .map(|((dimensions, _), value)| (dimensions[0].clone().unwrap(), value.to_string()))
            .collect();
        assert_eq!(
            answers,
            [
                ("north".to_owned(), "500".to_owned()),
                ("south".to_owned(), "500".to_owned())
            ]
        );
        let south = Query {
            filters: vec![condition(&ontology(), "policy", "region_code = 'south'").unwrap()],
            ..query.clone()
        };
        assert_eq!(
            database.answer(&planned("start(policy)"), &south).unwrap(),
            Value::Number(Exact::whole(500))
        );
        let bounds = Query {
            bounds: ["2025-01-01", "2025-01-15", "2025-02-01", "2025-03-01"]
                .map(day)
                .to_vec(),
            ..Query::default()
        };
        let answers = database
            .answers(&planned("count(policy)"), &bounds)
            .unwrap();
        let answers: Vec<_> = answers
            .into_iter()
            .map(|((_, bucket), value)| (bucket.unwrap(), value.to_string()))
            .collect();
        assert_eq!(answers, [(0, "1000".to_owned()), (2, "1050".to_owned())]);
    }
}

#[test]
fn nothing_divided_by_nothing_is_null_with_a_reason() {
    for mut database in Database::all() {
        database.fill(&BTreeMap::new());
        let mut answer = |formula: &str| {
            database
                .answer(&planned(formula), &Query::default())
                .unwrap()
        };
        assert_eq!(
            answer("1 / count(claim)"),
            Value::Null(Missing::DivisionByZero)
        );
        assert_eq!(
            answer("sum(claim.amount) / count(claim)"),
            Value::Null(Missing::NoRows)
        );
        assert_eq!(answer("coalesce(1 / count(claim), 7)").to_string(), "7");
        assert_eq!(
            answer("if(count(claim) = 0, 0, sum(claim.amount) / count(claim))").to_string(),
            "0"
        );
    }
}

#[test]
fn numbers_beyond_64_bits_are_summed_or_refused_and_never_wrong() {
    let row = |number, visits: i64| {
        super::world::row(
            number,
            [("visits", Value::Number(Exact::whole(visits.into())))],
        )
    };
    let rows = BTreeMap::from([(
        "claim".to_owned(),
        vec![row(1, i64::MAX), row(2, i64::MAX), row(3, -5)],
    )]);
    for mut database in Database::all() {
        database.fill(&rows);
        let mut answer = |formula: &str| database.answer(&planned(formula), &Query::default());
        assert_eq!(
            answer("sum(claim.visits)").unwrap().to_string(),
            (i128::from(i64::MAX) * 2 - 5).to_string()
        );
        for formula in [
            "sum(claim.visits * 2)",
            "count(claim where claim.visits * claim.visits > 3)",
            "max(claim.visits + 1.5)",
        ] {
            let refused = answer(formula).unwrap_err().to_lowercase();
            assert!(
                refused.contains("overflow") || refused.contains("out of range"),
                "{formula}: {refused}"
            );
        }
    }
}

#[test]
fn text_of_a_formula_is_never_text_of_the_sql() {
    let evil = "x'; DROP TABLE \"t claim\"; --";
    let plan = planned(&format!(
        "count(claim where claim.status = '{}')",
        evil.replace('\'', "''")
    ));
    for mut database in Database::all() {
        database.fill(&BTreeMap::new());
        let statement = write(
            &plan,
            &plan.fragments[0],
            ontology().entity("claim").unwrap(),
            &Query::default(),
            database.dialect(),
        )
        .unwrap();
        assert!(!statement.sql.contains("DROP"), "{}", statement.sql);
        assert_eq!(
            database
                .answer(&plan, &Query::default())
                .unwrap()
                .to_string(),
            "0"
        );
    }
}

fn numbers() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("claim.amount * 1".to_owned()),
        Just("claim.amount".to_owned()),
        Just("claim.paid_amount".to_owned()),
        Just("claim.visits * 1.0".to_owned()),
        Just("claim.share".to_owned()),
        Just("length(claim.status)".to_owned()),
        Just("year(claim.due)".to_owned()),
        Just("day(date(claim.filed_at))".to_owned()),
        Just("days_between(claim.due, date(claim.settled_at))".to_owned()),
        Just("seconds_between(claim.filed_at, claim.settled_at)".to_owned()),
        (-500..500_i32).prop_map(|n| n.to_string()),
        (0..500_i32).prop_map(|n| format!("{}.{:02}", n / 100, n % 100)),
    ];
    leaf.prop_recursive(3, 10, 3, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            (pair.clone(), prop_oneof![Just("+"), Just("-"), Just("*")])
                .prop_map(|((l, r), op)| format!("({l} {op} {r})")),
            inner.clone().prop_map(|x| format!("-({x})")),
            (inner.clone(), 0..3).prop_map(|(x, n)| format!("round({x}, {n})")),
            inner.clone().prop_map(|x| format!("floor({x})")),
            inner.clone().prop_map(|x| format!("ceil({x})")),
            inner.clone().prop_map(|x| format!("abs({x})")),
            pair.clone()
                .prop_map(|(l, r)| format!("coalesce({l}, {r})")),
            (conditions_over(pair), inner.clone(), inner)
                .prop_map(|(c, l, r)| format!("if({c}, {l}, {r})")),
        ]
    })
}

fn conditions_over(
    pair: (
        impl Strategy<Value = String> + 'static,
        impl Strategy<Value = String> + 'static,
    ),
) -> impl Strategy<Value = String> {
    prop_oneof![
        (
            pair,
            prop_oneof![Just("="), Just("<>"), Just("<"), Just(">="), Just(">")]
        )
            .prop_map(|((l, r), op)| format!("{l} {op} {r}")),
        Just("claim.urgent".to_owned()),
        Just("claim.status in ('paid', 'Ünpaid ''\"')".to_owned()),
        Just("claim.status < 'a'".to_owned()),
        Just("lower(claim.status) = 'paid'".to_owned()),
        Just("starts_with(claim.status, 'Ü') or contains(claim.status, 'A')".to_owned()),
        Just("not claim.amount between -5 and 100000.5".to_owned()),
        Just("claim.status between 'A' and 'paid'".to_owned()),
        Just("claim.paid_amount is not null and claim.due > '1965-05-05'".to_owned()),
        Just("claim.filed_at >= timestamp '1970-01-01T00:00:00Z'".to_owned()),
    ]
}

pub(super) fn formulas() -> impl Strategy<Value = String> {
    let function = prop_oneof![
        Just("sum"),
        Just("avg"),
        Just("min"),
        Just("max"),
        Just("count"),
        Just("count_distinct"),
        Just("first"),
        Just("last"),
        Just("median"),
        Just("variance"),
        Just("variance_pop"),
    ];
    let aggregate = (
        function,
        numbers(),
        proptest::option::of(conditions_over((numbers(), numbers()))),
    )
        .prop_map(|(function, argument, filter)| match filter {
            Some(filter) => {
                format!("{function}({argument} where ({filter}) and claim.claim_id <> '')")
            }
            None => format!("{function}({argument} where claim.claim_id <> '')"),
        })
        .boxed();
    (
        aggregate.clone(),
        aggregate,
        prop_oneof![Just("+"), Just("*"), Just("/"), Just(">")],
    )
        .prop_map(|(l, r, op)| format!("{l} {op} {r}"))
}

/// The ontology without units, so that random formulas mix what they like.
pub(super) fn plain() -> crate::Ontology {
    let full = ontology();
    let bare = |code| {
        let mut entity = full.entity(code).unwrap().clone();
        entity
            .attributes
            .iter_mut()
            .for_each(|attribute| attribute.unit = crate::Unit::NONE);
        entity
    };
    crate::Ontology::new(full.codes().map(bare))
}

fn compare(rows: Vec<naive::Row>, formula: &str) -> Result<bool, TestCaseError> {
    // Few random formulas mix days and seconds or have too many digits; those are refused, which other tests look at.
    let Ok(plan) = crate::plan(
        &plain(),
        &super::world::metrics(),
        &crate::Definition::new(formula),
    ) else {
        return Ok(false);
    };
    let rows = BTreeMap::from([("claim".to_owned(), rows)]);
    let expected = naive::answer(&plan, &plain(), &rows, &Query::default());
    for mut database in Database::all() {
        database.fill(&rows);
        let found = database.answer(&plan, &Query::default());
        match (&expected, found) {
            (Ok(Value::Real(a)), Ok(Value::Real(b))) => prop_assert!(
                (a - b).abs() <= a.abs().max(1.0) * 1e-9,
                "{} {} {}",
                formula,
                a,
                b
            ),
            (Ok(expected), Ok(found)) => {
                prop_assert_eq!(expected, &found, "{} on {:?}", formula, database.dialect())
            }
            // 64 bits in rows, 128 in totals: a refusal is allowed, a wrong number is not.
            (_, Err(text)) => prop_assert!(
                text.to_lowercase().contains("overflow")
                    || text.contains("out of range")
                    || text.contains("128 bits"),
                "{}: {}",
                formula,
                text
            ),
            (Err(_), Ok(found)) => prop_assert!(
                false,
                "{} is {} where the reference overflows",
                formula,
                found
            ),
        }
    }
    Ok(true)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, max_shrink_time: 5_000, ..ProptestConfig::default() })]

    #[test]
    fn random_formulas_over_random_rows(rows in claims(), formula in formulas()) {
        compare(rows, &formula)?;
    }

    #[test]
    fn fixed_formulas_over_random_rows(rows in claims(), which in 0..12_usize) {
        let formula = [
            "sum(claim.amount) - sum(claim.paid_amount where claim.status = 'paid')",
            "avg(claim.amount * claim.share where claim.urgent or claim.visits > 0)",
            "percentile(claim.amount, 0.95)",
            "variance(claim.visits)", "stddev(claim.amount)", "sum(claim.score * 2)",
            "max(claim.status)", "min(claim.due)", "last(claim.paid_amount)", "first(claim.status where claim.due is not null)",
            "count_distinct(claim.status) / count(claim)", "sum(double(claim.amount) / claim.score)",
        ][which];
        prop_assert!(compare(rows, formula)?);
    }
}

/// Squares of 63 bits, in the halves that SQLite sums them by.
#[test]
fn the_largest_numbers_have_a_variance() {
    let row = |(number, visits): (usize, &i64)| {
        let visits = Value::Number(crate::Exact::whole((*visits).into()));
        super::world::row(
            number,
            [
                ("claim_id", Value::Text(format!("c{number}"))),
                ("filed_at", Value::Timestamp(0)),
                ("visits", visits),
            ],
        )
    };
    for visits in [
        vec![i64::MAX, 3],
        vec![i64::MIN, -1],
        vec![6_600_000_000_000_000_000, -6_600_000_000_000_000_000, 0],
    ] {
        let rows: Vec<_> = visits.iter().enumerate().map(row).collect();
        assert!(
            compare(rows.clone(), "variance_pop(claim.visits)").unwrap(),
            "{visits:?}"
        );
        compare(rows, "stddev(claim.visits)").unwrap();
    }
}

/// The comparison would say nothing if most random formulas were refused.
#[test]
fn most_random_formulas_are_planned() {
    use proptest::{strategy::ValueTree as _, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let plain = plain();
    let planned = (0..200).filter(|_| {
        let formula = formulas().new_tree(&mut runner).unwrap().current();
        let definition = crate::Definition::new(&formula);
        crate::plan(&plain, &super::world::metrics(), &definition).is_ok()
    });
    let planned = planned.count();
    assert!(planned > 100, "{planned} of 200");
}

/// Measures with different filters are read in one statement, and a row that one of them leaves out cannot make it fail.
#[test]
fn filters_of_one_statement_do_not_disturb_each_other() {
    let claim = |number, visits: i64, status: &str| {
        super::world::row(
            number,
            [
                ("visits", Value::Number(Exact::whole(visits.into()))),
                ("status", Value::Text(status.to_owned())),
            ],
        )
    };
    let rows = vec![
        claim(1, i64::MAX, "open"),
        claim(2, 5, "paid"),
        claim(3, 7, "paid"),
        claim(4, 2, "lost"),
    ];
    let rows = BTreeMap::from([("claim".to_owned(), rows)]);
    for (formula, expected, statements) in [
        (
            "sum(claim.visits * 3 where status = 'paid') / count(claim where status = 'lost')",
            "36",
            1,
        ),
        (
            "max(claim.visits where status <> 'open') + count(claim where null) + count(claim)",
            "11",
            2,
        ),
        ("last(claim.status where status = 'lost')", "null", 1),
        (
            "sum(claim.visits where status = 'paid') + sum(claim.visits where status = 'paid' or visits < 3)",
            "26",
            1,
        ),
        (
            "variance_pop(claim.visits where status = 'paid') * count(claim.status) + count_distinct(claim.visits where visits > 5)",
            "6",
            1,
        ),
    ] {
        let plan = planned(formula);
        assert_eq!(plan.fragments.len(), statements, "{formula}");
        for mut database in Database::all() {
            database.fill(&rows);
            let answer = database.answer(&plan, &Query::default()).unwrap();
            assert_eq!(
                answer.to_string(),
                expected,
                "{formula} on {:?}",
                database.dialect()
            );
            let grouped = Query {
                dimensions: vec!["status".into()],
                ..Query::default()
            };
            database.answers(&plan, &grouped).unwrap();
        }
    }
}
