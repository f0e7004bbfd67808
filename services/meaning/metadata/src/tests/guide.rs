//! The guide `define-a-metric` is true: what it defines is taken, what it calls wrong is refused for the reason it gives,
//! and it has every function.

use super::*;
use formula::{LIBRARY, Level};
use std::fmt::Write;

const GUIDE: &str = include_str!("../../../../../docs/guides/define-a-metric.md");

/// The texts of the guide's blocks of one language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    let blocks: Vec<_> = GUIDE
        .split(fence.as_str())
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(!blocks.is_empty(), "{language}");
    blocks
}

/// A metric that says nothing but its formula.
fn metric_of(code: &str, formula: &str) -> v1::Metric {
    v1::Metric {
        formula: formula.to_owned(),
        ..derived(code, &["margin"])
    }
}

/// The table of functions as the guide has it.
fn functions() -> String {
    let mut out = String::new();
    for (level, title) in [
        (
            Level::Aggregate,
            "Aggregates, over the rows of an entity; the `where` may be left out",
        ),
        (
            Level::Set,
            "Sets, over the members of a snapshot at both ends of a period",
        ),
        (Level::Scalar, "Over the values of a row, or over totals"),
    ] {
        writeln!(out, "{title}:\n\n| function | is |\n|---|---|").unwrap();
        for function in LIBRARY.iter().filter(|one| one.level == level) {
            let later = if function.is_calculated() {
                ""
            } else {
                " (not calculated yet)"
            };
            // A bar would end the cell.
            let meaning = function.meaning.replace('|', "\\|");
            writeln!(out, "| `{}` | {meaning}{later} |", function.signature).unwrap();
        }
        out.push('\n');
    }
    out.trim_end().to_owned()
}

#[test]
fn it_has_every_function() {
    let table = functions();
    assert!(
        GUIDE.contains(&table),
        "the guide's section Functions is to be:\n\n{table}\n"
    );
    for function in LIBRARY {
        assert!(
            function.signature.starts_with(function.name),
            "{function:?}"
        );
    }
}

testkit::both! {
    async fn what_it_defines_is_taken(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        for yaml in blocks("yaml") {
            let done = import(&mut client, yaml).await.unwrap_or_else(|status| panic!("{yaml}\n{:?}", Error::from(status)));
            assert!(done.applied);
        }
        let formulas: Vec<_> = blocks("formula").into_iter().flat_map(str::lines).collect();
        assert!(formulas.len() > 15);
        for (number, formula) in formulas.into_iter().enumerate() {
            let made = create_metric(&mut client, metric_of(&format!("example_{number}"), formula)).await;
            made.unwrap_or_else(|status| panic!("{formula}\n{:?}", Error::from(status)));
        }
    }

    async fn what_it_calls_wrong_is_refused_for_its_reason(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        for line in blocks("refused").into_iter().flat_map(str::lines) {
            let (formula, reason) = line.split_once("--").expect("a reason");
            let error = refused(create_metric(&mut client, metric_of("example", formula)).await);
            assert_eq!(error.violations()[0].reason, reason.trim(), "{formula} {error:?}");
        }
    }
}
