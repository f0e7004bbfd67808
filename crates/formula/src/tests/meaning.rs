//! Names, types and units: what plans, what it is, and what is refused and why.

use super::{
    databases::planned,
    world::{metrics, ontology},
};
use crate::{Aggregate, Code, Definition, MetricKind, Metrics as _, SetSpec, plan, plan_metric};

fn refused(formula: &str) -> Vec<(Code, u32)> {
    let problems = plan(&ontology(), &metrics(), &Definition::new(formula)).expect_err(formula);
    problems
        .as_slice()
        .iter()
        .map(|p| (p.code, p.position.column))
        .collect()
}

fn hint(formula: &str) -> String {
    let problems = plan(&ontology(), &metrics(), &Definition::new(formula)).expect_err(formula);
    problems.as_slice()[0].hint.clone().unwrap_or_default()
}

#[test]
fn what_is_wrong_is_told_with_code_and_place() {
    use Code::*;
    for (formula, expected) in [
        ("sum(claim.paid_amont)", vec![(UnknownAttribute, 5)]),
        ("sum(clam.paid_amount)", vec![(UnknownEntity, 5)]),
        ("summ(claim.paid_amount)", vec![(UnknownFunction, 1)]),
        ("1 + claims_payed", vec![(UnknownMetric, 5)]),
        ("sum(claim.status)", vec![(WrongType, 5)]),
        (
            "sum(claim.amount) + sum(region.population)",
            vec![(WrongUnit, 21)],
        ),
        (
            "sum(claim.amount) > sum(region.population)",
            vec![(WrongUnit, 21)],
        ),
        (
            "sum(claim.amount where policy.status = 'x')",
            vec![(MixedEntities, 24)],
        ),
        (
            "sum(claim.amount where claim.nothing = 1) / sum(claim.none)",
            vec![(UnknownAttribute, 24), (UnknownAttribute, 49)],
        ),
        ("claim.amount", vec![(WrongLevel, 1)]),
        ("sum(sum(claim.amount))", vec![(WrongLevel, 5)]),
        ("sum(claim.amount / claim.visits)", vec![(Unsupported, 5)]),
        ("sum(claim.huge)", vec![(Unsupported, 5)]),
        ("start(claim)", vec![(NoSnapshot, 7)]),
        (
            "count(policy where policy.snapshot_date > '2025-02-30')",
            vec![(BadDate, 43)],
        ),
        ("count(policy where policy.status)", vec![(WrongType, 20)]),
        ("percentile(claim.amount, 2)", vec![(Arguments, 26)]),
        (
            "approx_count_distinct(claim.status)",
            vec![(Unsupported, 1)],
        ),
        ("1 + loop_a", vec![(MetricCycle, 5)]),
        ("1 + broken", vec![(BadMetric, 5)]),
        ("first(region.population)", vec![(WrongType, 1)]),
    ] {
        assert_eq!(refused(formula), expected, "{formula}");
    }
    assert_eq!(hint("sum(claim.paid_amont)"), "did you mean `paid_amount`?");
    assert_eq!(hint("summ(claim.paid_amount)"), "did you mean `sum`?");
    let own = metrics().metric("loop_a").unwrap();
    let problems = plan_metric(&ontology(), &metrics(), "loop_a", &own).unwrap_err();
    assert_eq!(problems.as_slice()[0].code, Code::MetricCycle);
}

#[test]
fn units_follow_the_arithmetic() {
    for (formula, unit) in [
        ("sum(claim.amount)", "EUR"),
        ("sum(claim.amount) / sum(claim.paid_amount)", ""),
        ("sum(claim.amount) / sum(region.population)", "EUR/person"),
        ("sum(claim.amount) + 10", "EUR"),
        ("coalesce(sum(claim.amount), 0)", "EUR"),
        ("variance(claim.amount)", "EUR^2"),
        ("stddev(claim.amount)", "EUR"),
        ("avg(claim.amount) * 2", "EUR"),
        ("avg(days_between(date(claim.filed_at), claim.due))", "day"),
        ("loss_ratio * 100", ""),
        ("1 + 1", ""),
    ] {
        assert_eq!(planned(formula).unit().to_string(), unit, "{formula}");
    }
}

#[test]
fn a_plan_says_what_it_reads_and_shares_it() {
    let plan = planned(
        "avg(claim.amount where claim.urgent) + sum(claim.amount where claim.urgent) + margin * 0",
    );
    assert_eq!(plan.kind, MetricKind::Derived);
    assert_eq!(
        plan.metrics.iter().map(String::as_str).collect::<Vec<_>>(),
        ["claims_paid", "margin", "premium"]
    );
    // One sum and one count of urgent claims, one sum of all claims, one of policies; claims are read once.
    assert_eq!((plan.measures.len(), plan.fragments.len()), (4, 2));
    assert_eq!(
        plan.entities.iter().map(String::as_str).collect::<Vec<_>>(),
        ["claim", "policy"]
    );
    assert!(
        plan.attributes
            .contains(&("claim".to_owned(), "urgent".to_owned()))
    );
    assert_eq!(
        planned("sum(claim.amount) / count(claim)").kind,
        MetricKind::Ratio
    );
    assert_eq!(planned("sum(claim.amount)").kind, MetricKind::Simple);
    assert_eq!(
        planned("end(policy) - new(policy)").kind,
        MetricKind::SetBased
    );
    assert_eq!(
        planned("sum(claim.amount)").measures[0].aggregate,
        Aggregate::Sum
    );
}

#[test]
fn bare_sets_take_member_and_filter_from_the_definition() {
    let set = SetSpec {
        entity: "policy".into(),
        member: "policy_id".into(),
        filter: "status = 'Active'".into(),
    };
    let definition = Definition {
        formula: "(end - new) / start".into(),
        entity: None,
        set: Some(set),
    };
    let plan = plan(&ontology(), &metrics(), &definition).unwrap();
    let long = "(end(policy where policy.status = 'Active') - new(policy where status = 'Active')) / start(policy.policy_id where policy.status = 'Active')";
    assert_eq!(plan.measures, planned(long).measures);
    assert_eq!(plan.measures.len(), 1);
    let mut rows = Definition::new("count(*)");
    rows.entity = Some("claim".into());
    assert!(crate::plan(&ontology(), &metrics(), &rows).is_ok());
}

/// A chain of metrics that each double the one before would have 2^40 terms.
#[test]
fn what_expands_too_far_is_refused() {
    let mut metrics = metrics();
    metrics.insert("d0".into(), Definition::new("claims_paid"));
    for n in 1..14 {
        let previous = n - 1;
        let formula = format!("d{previous} + d{previous} + d{previous} + d{previous}");
        metrics.insert(format!("d{n}"), Definition::new(&formula));
    }
    let problems = plan(&ontology(), &metrics, &Definition::new("d13")).unwrap_err();
    assert_eq!(
        problems.as_slice()[0].code,
        Code::TooManyTerms,
        "{problems}"
    );
}
