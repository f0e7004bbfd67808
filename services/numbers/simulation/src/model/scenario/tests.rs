//! Every scenario: rows that follow from seed and parameters alone, inside the span, and truths that the rows bear out.

use super::*;
use crate::model::{
    fit::fit,
    ontology::Ontology,
    rows::{Batch, Values},
    span::Step,
};
use formula::{
    DataType, Exact, Missing, Value, calendar,
    naive::{self, Row},
    sql::{Moment, Query},
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn day(text: &str) -> i32 {
    calendar::parse_date(text).unwrap()
}

fn order(scenario: &Scenario, seed: u64, span: Span, given: &[(&str, &str)]) -> Order {
    let given = given
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    let mut found = Violations::new();
    let choices = scenario.choices(&given, &mut found);
    assert!(found.is_empty(), "{:?}", found.as_slice());
    Order {
        seed,
        span,
        choices,
        most_rows: 1_000_000,
    }
}

fn scenario(code: &str) -> &'static Scenario {
    Scenario::of_code(code).unwrap()
}

/// The rows of an entity as the metric language's reference takes them.
fn naive_rows(ontology: &Ontology, entity: &str, batches: impl Iterator<Item = Batch>) -> Vec<Row> {
    let typed = ontology.typed();
    let entity = typed.entity(entity).unwrap();
    let mut out: Vec<Row> = Vec::new();
    for batch in batches {
        let first = out.len();
        for index in 0..usize::try_from(batch.rows).unwrap() {
            out.push(Row {
                id: format!("{:032x}", first + index),
                values: BTreeMap::new(),
            });
        }
        for column in batch.columns {
            let data_type = entity.attribute(column.attribute).unwrap().data_type;
            let absent: BTreeSet<usize> = column
                .absent
                .iter()
                .map(|n| usize::try_from(*n).unwrap())
                .collect();
            for index in 0..usize::try_from(batch.rows).unwrap() {
                let value = match (&column.values, data_type) {
                    _ if absent.contains(&index) => Value::Null(Missing::Absent),
                    (Values::Texts(texts), DataType::String) => Value::Text(texts[index].clone()),
                    (Values::Integers(days), DataType::Date) => {
                        Value::Date(i32::try_from(days[index]).unwrap())
                    }
                    (Values::Integers(micros), DataType::Timestamp) => {
                        Value::Timestamp(micros[index])
                    }
                    (Values::Integers(digits), DataType::Decimal { scale, .. }) => {
                        Value::Number(Exact::scaled(digits[index].into(), scale).unwrap())
                    }
                    other => panic!("{}: {other:?}", column.attribute),
                };
                out[first + index]
                    .values
                    .insert(column.attribute.to_owned(), value);
            }
        }
    }
    out
}

/// Counts again, row by row, what every truth says.
fn bear_out(scenario: &Scenario, order: &Order) -> usize {
    let world = scenario.world(order).unwrap();
    let ontology = Ontology::read(scenario.ontology);
    let (typed, definitions) = (ontology.typed(), ontology.definitions());
    let mut rows = BTreeMap::new();
    for entity in &ontology.entities {
        let batches = world.rows(&entity.code).unwrap().batches(97);
        let mine = naive_rows(&ontology, &entity.code, batches);
        assert_eq!(
            u64::try_from(mine.len()).unwrap(),
            world.count(&entity.code),
            "{}",
            entity.code
        );
        in_span(entity, &mine, order.span);
        rows.insert(entity.code.clone(), mine);
    }
    let truths = world.truths();
    let metrics: BTreeSet<&str> = truths.iter().map(|truth| truth.metric).collect();
    let defined: BTreeSet<&str> = ontology
        .metrics
        .iter()
        .map(|metric| metric.code.as_str())
        .collect();
    assert!(metrics.is_subset(&defined));
    let many = order.span.moments().len() > 1;
    assert!(!many || metrics == defined, "a truth of every metric");
    let keys: BTreeSet<_> = truths
        .iter()
        .map(|truth| {
            format!(
                "{} {} {} {:?}",
                truth.metric, truth.start, truth.end, truth.dimensions
            )
        })
        .collect();
    assert_eq!(keys.len(), truths.len(), "each truth once");
    for truth in &truths {
        let plan = formula::plan_metric(
            &typed,
            &definitions,
            truth.metric,
            &definitions[truth.metric],
        )
        .unwrap();
        let mut states = Vec::new();
        for measure in &plan.measures {
            let entity = typed.entity(&measure.entity).unwrap();
            let timestamps = entity.time().unwrap().data_type == DataType::Timestamp;
            let moment = |day: i32| match timestamps {
                true => Moment::Timestamp(i64::from(day) * 86_400_000_000),
                false => Moment::Date(day),
            };
            let condition = |(attribute, value): &(&str, &str)| {
                let text = format!("{attribute} = '{value}'");
                formula::condition(&typed, &entity.code, &text)
                    .unwrap_or_else(|problems| panic!("{problems}"))
            };
            let query = Query {
                filters: truth.dimensions.iter().map(condition).collect(),
                period: Some((moment(truth.start), moment(truth.end))),
                ..Query::default()
            };
            states.push(naive::state(measure, entity, &rows[&measure.entity], &query).unwrap());
        }
        let counted = match plan.evaluate(&states).unwrap() {
            Value::Number(number) => Some(number),
            Value::Null(_) => None,
            other => panic!("{other:?}"),
        };
        assert_eq!(counted, truth.value, "{truth:?}");
    }
    truths.len()
}

/// Rows lie within their span, each key once.
fn in_span(entity: &crate::model::ontology::Entity, rows: &[Row], span: Span) {
    let Some(time) = entity
        .attributes
        .iter()
        .find(|attribute| attribute.time_attribute)
    else {
        return;
    };
    for row in rows {
        let day = match &row.values[&time.code] {
            Value::Date(day) => *day,
            Value::Timestamp(micros) => calendar::day_of(*micros),
            other => panic!("{other:?}"),
        };
        assert!((span.start..=span.end).contains(&day), "{day}");
    }
    let keys: Vec<&str> = entity
        .attributes
        .iter()
        .filter(|a| a.primary_key)
        .map(|a| a.code.as_str())
        .collect();
    let unique: BTreeSet<String> = rows
        .iter()
        .map(|row| {
            format!(
                "{:?}",
                keys.iter().map(|key| &row.values[*key]).collect::<Vec<_>>()
            )
        })
        .collect();
    assert_eq!(unique.len(), rows.len(), "each key once");
    for attribute in entity
        .attributes
        .iter()
        .filter(|attribute| !attribute.nullable)
    {
        assert!(
            rows.iter()
                .all(|row| !row.values[&attribute.code].is_null()),
            "{}",
            attribute.code
        );
    }
    for attribute in entity
        .attributes
        .iter()
        .filter(|attribute| !attribute.allowed_values.is_empty())
    {
        let allowed = |row: &Row| matches!(&row.values[&attribute.code], Value::Text(text) if attribute.allowed_values.contains(text));
        assert!(rows.iter().all(allowed), "{}", attribute.code);
    }
}

/// A smaller world of each scenario, so that counting again is quick.
const SMALL: [(&str, &[(&str, &str)]); 4] = [
    (
        "churn_spike",
        &[
            ("start_count", "150"),
            ("spike_period", "2"),
            ("suspended_count", "5"),
        ],
    ),
    (
        "health_retention",
        &[
            ("start_count", "120"),
            ("end_count", "110"),
            ("new_count", "15"),
            ("variation", "0.3"),
        ],
    ),
    (
        "sales_growth",
        &[
            ("orders_per_day", "1.5"),
            ("headcount", "4"),
            ("hiring_rate", "0.1"),
        ],
    ),
    (
        "seasonal_peak",
        &[("claims_per_day", "1.2"), ("policy_count", "40")],
    ),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// Proves: SIM-01, SIM-05
    #[test]
    fn truths_are_what_the_rows_say(seed: u64, start in 18_000..22_000_i32, days in 20..120_i32, step in 1..3_usize) {
        for (code, given) in SMALL {
            let span = Span { start, end: start + days, step: Step::ALL[step] };
            bear_out(scenario(code), &order(scenario(code), seed, span, given));
        }
    }
}

/// Proves: SCN-10, SCN-11, SCN-12, SCN-14
#[test]
fn the_story_has_its_figures() {
    let retention = scenario("health_retention");
    let (start, end) = (day("2025-01-01"), day("2025-02-01"));
    let order = order(
        retention,
        7,
        Span {
            start,
            end,
            step: Step::Month,
        },
        &[],
    );
    assert!(bear_out(retention, &order) > 40);
    let world = retention.world(&order).unwrap();
    let truth = |metric: &str| {
        let truths = world.truths();
        truths
            .into_iter()
            .find(|t| t.metric == metric && t.start == start && t.dimensions.is_empty())
            .unwrap()
    };
    let rate = truth("retention_rate");
    let figures: Vec<(&str, String)> = rate
        .figures
        .iter()
        .map(|(name, value)| (*name, value.to_string()))
        .collect();
    let expected = [
        ("start", "1000"),
        ("end", "950"),
        ("new", "50"),
        ("retained", "900"),
        ("dropped", "100"),
    ];
    assert_eq!(
        figures,
        expected.map(|(name, value)| (name, value.to_owned()))
    );
    assert_eq!(crate::model::truth::text(rate.value.unwrap()), "0.9");
    assert_eq!(
        crate::model::truth::text(truth("retention_rate_simple").value.unwrap()),
        "0.95"
    );

    // As the story's three queries ask.
    let ontology = Ontology::read(retention.ontology);
    let rows = naive_rows(
        &ontology,
        "policy",
        world.rows("policy").unwrap().batches(1000),
    );
    let distinct = |keep: &dyn Fn(&Row) -> bool| {
        rows.iter()
            .filter(|row| keep(row))
            .map(|row| format!("{:?}", row.values["policy_id"]))
            .collect::<BTreeSet<_>>()
            .len()
    };
    let on = |row: &Row, day: i32| row.values["snapshot_date"] == Value::Date(day);
    let active = |row: &Row| row.values["status"] == Value::Text("Active".to_owned());
    assert_eq!(distinct(&|row| on(row, start) && active(row)), 1000);
    assert_eq!(distinct(&|row| on(row, end) && active(row)), 950);
    assert_eq!(
        distinct(&|row| on(row, end)
            && matches!(row.values["start_date"], Value::Date(day) if day > start)),
        50
    );
}

#[test]
fn parameters_that_do_not_go_together_are_refused() {
    let given = |pairs: &[(&str, &str)]| {
        let given = pairs
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect();
        let mut found = Violations::new();
        scenario("health_retention").choices(&given, &mut found);
        found
            .as_slice()
            .iter()
            .map(|v| v.field.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        given(&[("end_count", "1051")]),
        ["run.parameters[\"end_count\"]"]
    );
    assert_eq!(
        given(&[("new_count", "951")]),
        ["run.parameters[\"new_count\"]"]
    );
    let empty: [&str; 0] = [];
    assert_eq!(
        given(&[
            ("start_count", "1000000"),
            ("end_count", "950000"),
            ("new_count", "50000")
        ]),
        empty
    );
}

/// Two worlds of different seeds share no key; the same order gives the same rows, whatever was made before.
#[test]
fn worlds_repeat_and_do_not_meet() {
    for (code, given) in SMALL {
        let scenario = scenario(code);
        let span = Span {
            start: 20_000,
            end: 20_040,
            step: Step::Week,
        };
        let world = |seed: u64| scenario.world(&order(scenario, seed, span, given)).unwrap();
        for entity in Ontology::read(scenario.ontology).entities {
            let rows = |seed: u64| {
                world(seed)
                    .rows(&entity.code)
                    .unwrap()
                    .rows
                    .collect::<Vec<_>>()
            };
            assert_eq!(rows(1), rows(1));
            let ids = |seed: u64| {
                rows(seed)
                    .into_iter()
                    .map(|row| format!("{:?}", row[0]))
                    .collect::<BTreeSet<_>>()
            };
            assert!(ids(1).is_disjoint(&ids(2)), "{code} {}", entity.code);
        }
    }
}

#[test]
fn every_scenario_is_whole() {
    let today = day("2026-03-18");
    for scenario in ALL {
        let span = Span::of((None, None), scenario.step, scenario.steps, today);
        let order = order(scenario, 1, span, &[]);
        let world = scenario.world(&order).unwrap();
        let ontology = Ontology::read(scenario.ontology);
        let need = ontology.needed(&[]);
        assert!(
            fit(&ontology, &need, &ontology).differences.is_empty(),
            "{}",
            scenario.code
        );
        for entity in &ontology.entities {
            let first = world
                .rows(&entity.code)
                .unwrap()
                .batches(10)
                .next()
                .unwrap();
            let written: Vec<&str> = first
                .columns
                .iter()
                .map(|column| column.attribute)
                .collect();
            let defined: Vec<&str> = entity
                .attributes
                .iter()
                .map(|attribute| attribute.code.as_str())
                .collect();
            assert_eq!(written, defined, "{}", entity.code);
        }
        assert!(world.rows("unicorn").is_none());
        assert!(ALL.windows(2).all(|pair| pair[0].code < pair[1].code));
    }
}

/// In the churn spike more drop in the periods meant, and the rate shows it.
#[test]
fn a_spike_shows_in_the_rate() {
    let spike = scenario("churn_spike");
    let span = Span::of((Some(day("2025-01-01")), None), spike.step, spike.steps, 0);
    let world = spike.world(&order(spike, 11, span, &[])).unwrap();
    let mut rates: Vec<_> = world
        .truths()
        .into_iter()
        .filter(|t| t.metric == "retention_rate" && t.dimensions.is_empty())
        .collect();
    rates.sort_by_key(|truth| (truth.end - truth.start > 40, truth.start));
    let value = |at: usize| rates[at].value.unwrap().to_f64();
    assert!(value(5) > 0.96 && value(6) < 0.93 && value(7) < 0.93 && value(8) > 0.96);
}
