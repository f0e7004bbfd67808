//! What a metric costs above SQL written by hand, and a row above the bare driver: the whole platform in one process, the same
//! tables, the same database, in turns. `ROWS=10000000 make bench-numbers`; the last lines are tables of ratios.

#![allow(missing_docs, clippy::print_stdout)]

mod insert;
mod platform;
mod query;

use platform::{Bench, ENTITY};
use std::time::{Duration, Instant};

/// Rows where `ROWS` does not say how many.
const ROWS: u64 = 200_000;

/// A number from the environment.
fn asked(name: &str, usual: u64) -> u64 {
    let found = config::environment().find(|(key, _)| key == name);
    found.map_or(usual, |(_, text)| text.trim().parse().expect("a number"))
}

/// The median of what was measured.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// How long it takes.
async fn timed<T>(work: impl Future<Output = T>) -> (Duration, T) {
    let began = Instant::now();
    let made = work.await;
    (began.elapsed(), made)
}

fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// Reading and planning of formulas, without any rows.
fn formulas() {
    use formula::{Attribute, DataType, Definition, Entity, EntityKind, Ontology};
    let mut at = Attribute::new("sold_at", DataType::Timestamp);
    at.time = true;
    let money = DataType::Decimal {
        precision: 12,
        scale: 2,
    };
    let attributes = vec![
        at,
        Attribute::new("region", DataType::String),
        Attribute::new("amount", money),
        Attribute::new("quantity", DataType::Integer),
    ];
    let entity = Entity {
        code: ENTITY.to_owned(),
        kind: EntityKind::Event,
        attributes,
        schema: None,
        table: ENTITY.to_owned(),
        row_id: "id".to_owned(),
    };
    let ontology = Ontology::new([entity]);
    println!("\n| formula | parse | parse and plan |\n|---|---|---|");
    let terms: Vec<String> = (0..100)
        .map(|n| format!("sum(sale.amount where sale.quantity > {n})"))
        .collect();
    let long = terms.join(" + ");
    for (name, source) in [
        ("`sum(sale.amount)`", "sum(sale.amount)"),
        (
            "ratio with a filter",
            "sum(sale.amount where sale.region = 'North' and sale.quantity > 5) / count(sale)",
        ),
        ("a hundred filtered sums", &long),
    ] {
        let rounds = if source.len() > 1000 { 200_u32 } else { 5_000 };
        let each = |work: &dyn Fn()| {
            let times = (0..5).map(|_| {
                let began = Instant::now();
                (0..rounds).for_each(|_| work());
                began.elapsed() / rounds
            });
            median(times.collect())
        };
        let none = std::collections::BTreeMap::<String, Definition>::new();
        let definition = Definition::new(source);
        let parse = each(&|| {
            std::hint::black_box(formula::parse(source)).expect("it is a formula");
        });
        let plan = each(&|| {
            std::hint::black_box(formula::plan(&ontology, &none, &definition))
                .expect("it is right");
        });
        println!(
            "| {name} | {:.1} µs | {:.1} µs |",
            parse.as_secs_f64() * 1e6,
            plan.as_secs_f64() * 1e6
        );
    }
}

fn main() {
    let rows = asked("ROWS", ROWS);
    let rounds = usize::try_from(asked("ROUNDS", 5)).expect("few");
    println!(
        "{rows} rows, median of {rounds} rounds in turns; load average before: {}",
        load()
    );
    formulas();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime starts");
    let server = config::environment().find(|(name, _)| name == "TESSERA_TEST_POSTGRES_URL");
    for url in std::iter::once(String::new()).chain(server.map(|(_, url)| url)) {
        runtime.block_on(async {
            let mut bench = Bench::start(&url).await;
            insert::compare(&mut bench, rounds).await;
            insert::fill(&mut bench, rows).await;
            query::compare(&mut bench, rounds).await;
            bench.end().await;
        });
    }
    println!("\nload average after: {}", load());
}
