//! Metrics beside the same figures by SQL written by hand, on the same rows, in turns.

use crate::{
    load, median,
    platform::{Bench, Hand},
    timed,
};
use proto_numbers::tessera::calculation::v1::{CalculateRequest, Draft, Grain};

/// A question, and how a person with a shell would ask it: on SQLite and on PostgreSQL, `{t}` the table.
struct Case {
    name: &'static str,
    formula: &'static str,
    dimensions: &'static [&'static str],
    span: (&'static str, &'static str, Grain),
    by_hand: (&'static str, &'static str),
}

const ALL: (&str, &str, Grain) = ("", "", Grain::Unspecified);
const CASES: [Case; 10] = [
    Case {
        name: "sum",
        formula: "sum(sale.amount)",
        dimensions: &[],
        span: ALL,
        by_hand: (
            "SELECT sum(amount) FROM {t}",
            "SELECT sum(amount)::text AS figure FROM {t}",
        ),
    },
    Case {
        name: "count",
        formula: "count(sale)",
        dimensions: &[],
        span: ALL,
        by_hand: (
            "SELECT count(*) FROM {t}",
            "SELECT count(*)::text AS figure FROM {t}",
        ),
    },
    Case {
        name: "sum by region",
        formula: "sum(sale.amount)",
        dimensions: &["region"],
        span: ALL,
        by_hand: (
            "SELECT sum(amount), region FROM {t} GROUP BY region",
            "SELECT sum(amount)::text AS figure, region FROM {t} GROUP BY region",
        ),
    },
    Case {
        name: "average by product",
        formula: "avg(sale.amount)",
        dimensions: &["product"],
        span: ALL,
        by_hand: (
            "SELECT sum(amount), count(amount), product FROM {t} GROUP BY product",
            "SELECT sum(amount)::text AS figure, count(amount), product FROM {t} GROUP BY product",
        ),
    },
    Case {
        name: "sum with a filter",
        formula: "sum(sale.amount where sale.region = 'North' and sale.quantity > 5)",
        dimensions: &[],
        span: ALL,
        by_hand: (
            "SELECT sum(amount) FROM {t} WHERE region = 'North' AND quantity > 5",
            "SELECT sum(amount)::text AS figure FROM {t} WHERE region = 'North' AND quantity > 5",
        ),
    },
    Case {
        name: "ratio",
        formula: "sum(sale.amount) / sum(sale.quantity)",
        dimensions: &[],
        span: ALL,
        by_hand: (
            "SELECT sum(amount), sum(quantity) FROM {t}",
            "SELECT sum(amount)::text AS figure, sum(quantity) FROM {t}",
        ),
    },
    Case {
        name: "extremes",
        formula: "max(sale.amount) - min(sale.amount)",
        dimensions: &[],
        span: ALL,
        by_hand: (
            "SELECT max(amount), min(amount) FROM {t}",
            "SELECT max(amount)::text AS figure, min(amount) FROM {t}",
        ),
    },
    Case {
        name: "different products",
        formula: "count_distinct(sale.product)",
        dimensions: &[],
        span: ALL,
        by_hand: (
            "SELECT count(DISTINCT product) FROM {t}",
            "SELECT count(DISTINCT product)::text AS figure FROM {t}",
        ),
    },
    Case {
        name: "a year by months",
        formula: "sum(sale.amount)",
        dimensions: &[],
        span: ("2025-01-01", "2026-01-01", Grain::Month),
        by_hand: (
            "SELECT sum(amount), strftime('%Y-%m', sold_at / 1000000, 'unixepoch') AS month FROM {t} \
             WHERE sold_at >= 1735689600000000 AND sold_at < 1767225600000000 GROUP BY month",
            "SELECT sum(amount)::text AS figure, date_trunc('month', sold_at AT TIME ZONE 'UTC') AS month FROM {t} \
             WHERE sold_at >= '2025-01-01 00:00Z' AND sold_at < '2026-01-01 00:00Z' GROUP BY month",
        ),
    },
    Case {
        name: "one week",
        formula: "sum(sale.amount)",
        dimensions: &[],
        span: ("2025-03-03", "2025-03-10", Grain::Unspecified),
        by_hand: (
            "SELECT sum(amount) FROM {t} WHERE sold_at >= 1740960000000000 AND sold_at < 1741564800000000",
            "SELECT sum(amount)::text AS figure FROM {t} WHERE sold_at >= '2025-03-03 00:00Z' AND sold_at < '2025-03-10 00:00Z'",
        ),
    },
];

/// Seconds of each way and their ratio, by question.
pub(crate) async fn compare(bench: &mut Bench, rounds: usize) {
    println!("\n{}, load average {}:\n", bench.name(), load());
    println!("| question | by hand | metric | ratio |\n|---|---|---|---|");
    let mut product = 1.0;
    for case in &CASES {
        let sql = match &bench.hand {
            Hand::Sqlite(_) => case.by_hand.0,
            Hand::Postgres(_) => case.by_hand.1,
        };
        let sql = sql.replace("{t}", &bench.table);
        let (start, end, grain) = case.span;
        let request = CalculateRequest {
            draft: Some(Draft {
                formula: case.formula.into(),
                ..Draft::default()
            }),
            start: start.into(),
            end: end.into(),
            grain: grain.into(),
            dimensions: case
                .dimensions
                .iter()
                .map(|code| (*code).to_owned())
                .collect(),
            ..CalculateRequest::default()
        };
        let mut client = bench.calculation();
        let (mut by_hand, mut metric) = (Vec::new(), Vec::new());
        for round in 0..=rounds {
            let began = std::time::Instant::now();
            let (figure, groups) = bench.hand.ask(&sql);
            let took = began.elapsed();
            let (asked, answer) = timed(client.calculate(request.clone())).await;
            let answer = answer.expect("it answers").into_inner();
            assert_eq!(answer.rows.len(), groups, "{}: the same groups", case.name);
            if case.name == "sum" {
                let text = answer.rows[0]
                    .value
                    .as_ref()
                    .and_then(|value| value.text.clone());
                let cents: f64 = figure.parse().expect("a number");
                let told: f64 = text.unwrap_or_default().parse().expect("a number");
                assert!((cents / 100.0 - told).abs() < 0.01, "{figure} and {told}");
            }
            // The first round warms up.
            if round > 0 {
                by_hand.push(took);
                metric.push(asked);
            }
        }
        let (by_hand, metric) = (median(by_hand), median(metric));
        let ratio = metric.as_secs_f64() / by_hand.as_secs_f64();
        product *= ratio;
        let ms = |time: std::time::Duration| time.as_secs_f64() * 1e3;
        println!(
            "| {} | {:.1} ms | {:.1} ms | {ratio:.2}× |",
            case.name,
            ms(by_hand),
            ms(metric)
        );
    }
    let count = i32::try_from(CASES.len()).expect("few");
    println!(
        "| geometric mean | | | {:.2}× |",
        f64::powf(product, 1.0 / f64::from(count))
    );
}
