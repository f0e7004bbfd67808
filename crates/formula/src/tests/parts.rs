//! Parts that travel: measures as text, conditions from plain values, states and values as text, trees.

use super::{
    databases::planned,
    same::{formulas, plain},
    world::{ontology, retention_rows},
};
use crate::{
    Aggregate, Code, DataType, Entity, EntityKind, MetricKind, Number, Ontology, Operand, Operator,
    Read, State, Value, condition, condition_of, filter, measures_plan, naive, print, sql::Query,
};
use proptest::prelude::*;

/// Plans the measures' texts again, entity by entity, and expects the same measures.
fn round_trip(ontology: &Ontology, plan: &crate::Plan) -> Result<(), TestCaseError> {
    for entity in &plan.entities {
        let own: Vec<_> = plan
            .measures
            .iter()
            .filter(|measure| measure.entity == *entity)
            .collect();
        let texts: Vec<_> = own.iter().map(|measure| measure.text()).collect();
        let texts: Vec<_> = texts.iter().map(String::as_str).collect();
        let again = measures_plan(ontology, entity, &texts)
            .map_err(|problems| TestCaseError::fail(format!("{texts:?}: {problems}")))?;
        let again: Vec<_> = again.measures.iter().collect();
        prop_assert_eq!(own, again, "{:?}", texts);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn measures_are_planned_again_from_their_texts(formula in formulas()) {
        if let Ok(plan) = crate::plan(&plain(), &super::world::metrics(), &crate::Definition::new(&formula)) {
            round_trip(&plain(), &plan)?;
        }
    }

    #[test]
    fn numbers_survive_as_text(digits in any::<i64>(), scale in 0..18_u8) {
        let value = Value::Number(crate::Exact::scaled(digits.into(), scale).unwrap());
        let data_type = DataType::Decimal { precision: 18, scale };
        prop_assert_eq!(Value::parse(&value.to_string(), data_type), Some(value));
    }

    #[test]
    fn floats_survive_as_text(real in any::<f64>().prop_filter("a number", |x| !x.is_nan())) {
        let value = Value::Real(real);
        prop_assert_eq!(Value::parse(&value.to_string(), DataType::Double), Some(value));
    }
}

#[test]
fn texts_name_everything_and_say_what_is_read() {
    for (formula, read, expected) in [
        (
            "sum(claim.amount where status = 'paid' and urgent)",
            Read::Value,
            "sum(claim.amount where claim.status = 'paid' and claim.urgent)",
        ),
        ("count(claim)", Read::Value, "count(claim)"),
        (
            "count(claim where claim.visits * 0.50 > 0 and claim.visits in (-0.0, 1))",
            Read::Value,
            "count(claim where claim.visits * 0.50 > 0 and claim.visits in (-0.0, 1))",
        ),
        (
            "percentile(claim.amount, 0.950)",
            Read::Percentile(Number {
                digits: 95,
                scale: 2,
            }),
            "percentile(claim.amount, 0.95)",
        ),
        (
            "end(policy where policy.status = 'it''s')",
            Read::End,
            "end(policy.policy_id where policy.status = 'it''s')",
        ),
        (
            "stddev(if(claim.urgent, claim.visits, 0))",
            Read::Deviation { sample: true },
            "stddev(case when claim.urgent then claim.visits else 0 end)",
        ),
    ] {
        let plan = planned(formula);
        assert_eq!(plan.measures[0].text_of(read), expected);
        round_trip(&ontology(), &plan).unwrap();
    }
}

/// Entities and attributes may be called like words of the language.
#[test]
fn names_that_are_words_of_the_language_survive() {
    let words = [
        "where", "case", "when", "then", "else", "end", "and", "or", "not", "in", "is", "null",
        "date", "between", "if", "sum", "true",
    ];
    for word in words {
        let entity = Entity {
            code: word.to_owned(),
            kind: EntityKind::Event,
            attributes: words
                .iter()
                .map(|code| crate::Attribute::new(code, DataType::Integer))
                .collect(),
            schema: None,
            table: "t".into(),
            row_id: "_id".into(),
        };
        let ontology = Ontology::new([entity]);
        let texts: Vec<String> = words
            .iter()
            .map(|code| format!("sum({word}.{code} where {word}.where > {word}.{code})"))
            .chain(["count(* where 1 = 1)".to_owned(), "count(*)".to_owned()])
            .collect();
        let texts: Vec<_> = texts.iter().map(String::as_str).collect();
        let plan = measures_plan(&ontology, word, &texts).unwrap_or_else(|p| panic!("{word}: {p}"));
        assert_eq!(plan.measures.len(), texts.len());
        round_trip(&ontology, &plan).unwrap();
    }
}

#[test]
fn only_single_measures_of_the_entity_are_planned() {
    let plan = |text: &str| {
        measures_plan(&ontology(), "claim", &[text])
            .unwrap_err()
            .as_slice()[0]
            .code
    };
    assert_eq!(plan("sum(claim.amount) + 1"), Code::WrongLevel);
    assert_eq!(plan("avg(claim.amount)"), Code::WrongLevel);
    assert_eq!(plan("1"), Code::WrongLevel);
    assert_eq!(plan("claims_paid"), Code::UnknownMetric);
    assert_eq!(plan("count(policy)"), Code::MixedEntities);
    assert_eq!(plan("count(policy.status)"), Code::MixedEntities);
    assert_eq!(plan("sum(claim.nothing)"), Code::UnknownAttribute);
    let twice = measures_plan(&ontology(), "claim", &["count(*)", "count(claim)"]).unwrap();
    assert_eq!((twice.measures.len(), twice.kind), (2, MetricKind::Simple));
}

fn text(text: &str) -> Operand {
    Operand::Text(text.to_owned())
}

#[test]
fn conditions_are_made_of_attributes_operators_and_values() {
    use Operator::*;
    let ontology = ontology();
    let claim = ontology.entity("claim").unwrap();
    for (attribute, operator, values, expected) in [
        (
            "status",
            Equal,
            vec![text("it's")],
            "claim.status = 'it''s'",
        ),
        (
            "status",
            NotIn,
            vec![text("a"), text("b")],
            "claim.status not in ('a', 'b')",
        ),
        (
            "status",
            StartsWith,
            vec![text("a%")],
            "starts_with(claim.status, 'a%')",
        ),
        (
            "status",
            Contains,
            vec![text("_")],
            "contains(claim.status, '_')",
        ),
        (
            "amount",
            Between,
            vec![Operand::Number(-0.5), text("12.50")],
            "claim.amount between -0.5 and 12.50",
        ),
        (
            "amount",
            Greater,
            vec![Operand::Number(0.1)],
            "claim.amount > 0.1",
        ),
        (
            "score",
            LessOrEqual,
            vec![Operand::Number(1e3)],
            "claim.score <= 1000",
        ),
        ("visits", In, vec![text("-3")], "claim.visits in (-3)"),
        (
            "urgent",
            NotEqual,
            vec![Operand::Boolean(true)],
            "claim.urgent <> true",
        ),
        (
            "due",
            GreaterOrEqual,
            vec![text("2025-01-31")],
            "claim.due >= date '2025-01-31'",
        ),
        (
            "filed_at",
            Less,
            vec![text("2025-01-31T12:00:00+01:00")],
            "claim.filed_at < timestamp '2025-01-31T11:00:00Z'",
        ),
        ("huge", IsNull, vec![], "claim.huge is null"),
        ("due", IsNotNull, vec![], "claim.due is not null"),
    ] {
        let expr = filter(claim, attribute, operator, &values).unwrap();
        let shown = print(&expr);
        if attribute != "filed_at" {
            assert_eq!(shown, expected);
        }
        if attribute != "huge" {
            let typed = condition_of(&ontology, "claim", &expr).unwrap();
            assert_eq!(typed, condition(&ontology, "claim", &shown).unwrap());
            assert_eq!(typed, condition(&ontology, "claim", expected).unwrap());
        }
    }
    for (attribute, operator, values, reason, at) in [
        ("stat", Equal, vec![text("x")], "UNKNOWN_ATTRIBUTE", None),
        (
            "urgent",
            Less,
            vec![Operand::Boolean(true)],
            "WRONG_OPERATOR",
            None,
        ),
        ("visits", Contains, vec![text("1")], "WRONG_OPERATOR", None),
        ("status", Equal, vec![], "WRONG_COUNT", None),
        ("status", Between, vec![text("x")], "WRONG_COUNT", None),
        ("status", IsNull, vec![text("x")], "WRONG_COUNT", None),
        (
            "status",
            Equal,
            vec![Operand::Number(1.0)],
            "WRONG_VALUE",
            Some(0),
        ),
        ("status", Equal, vec![text("a\0b")], "WRONG_VALUE", Some(0)),
        (
            "visits",
            In,
            vec![text("1"), text("1 or 1=1")],
            "WRONG_VALUE",
            Some(1),
        ),
        (
            "visits",
            Equal,
            vec![Operand::Number(f64::NAN)],
            "WRONG_VALUE",
            Some(0),
        ),
        (
            "visits",
            Equal,
            vec![Operand::Number(1e300)],
            "WRONG_VALUE",
            Some(0),
        ),
        (
            "due",
            Equal,
            vec![text("2025-02-30")],
            "WRONG_VALUE",
            Some(0),
        ),
        (
            "filed_at",
            Equal,
            vec![text("2025-02-03")],
            "WRONG_VALUE",
            Some(0),
        ),
    ] {
        let problem = filter(claim, attribute, operator, &values).unwrap_err();
        assert_eq!(
            (problem.reason, problem.value),
            (reason, at),
            "{attribute} {problem}"
        );
    }
}

#[test]
fn a_state_fits_its_measure_alone() {
    let plan =
        planned("if(sum(claim.amount) > max(claim.paid_amount), count(claim), last(claim.visits))");
    let mut rows = retention_rows();
    rows.clear();
    let states: Vec<_> = plan
        .measures
        .iter()
        .map(|m| {
            naive::state(
                m,
                ontology().entity(&m.entity).unwrap(),
                &[],
                &Query::default(),
            )
            .unwrap()
        })
        .collect();
    for (at, state) in states.iter().enumerate() {
        for (index, measure) in plan.measures.iter().enumerate() {
            assert_eq!(state.fits(measure), at == index);
        }
    }
    let max = plan
        .measures
        .iter()
        .find(|m| m.aggregate == Aggregate::Max)
        .unwrap();
    assert!(!State::Max(Value::Text("x".into())).fits(max));
}

#[test]
fn a_tree_shows_what_is_written_and_what_it_is_worth() {
    let definition = crate::Definition {
        formula: "(end - new) / start + 0 * margin + 1 + 2".into(),
        entity: None,
        set: Some(crate::SetSpec {
            entity: "policy".into(),
            member: "policy_id".into(),
            filter: "status = 'Active'".into(),
        }),
    };
    let (ontology, mut metrics) = (ontology(), super::world::metrics());
    metrics.insert(
        "margin".into(),
        crate::Definition::new("count(claim where claim.urgent)"),
    );
    let plan = crate::plan(&ontology, &metrics, &definition).unwrap();
    let tree = crate::tree(&ontology, &metrics, &definition, &plan).unwrap();
    fn shown(tree: &crate::Tree) -> String {
        let operands: Vec<_> = tree.operands.iter().map(shown).collect();
        let kind = &tree.kind.name()[..2];
        match operands.is_empty() {
            true => format!("{kind} {}", tree.label),
            false => format!("{kind} {}({})", tree.label, operands.join(", ")),
        }
    }
    assert_eq!(
        shown(&tree),
        "op +(op /(op -(me end, me new), me start), op *(li 0, me margin(me count(at claim, at claim.urgent))), li 1, li 2)",
    );
    let set = State::Set {
        start: 1000,
        end: 950,
        both: 900,
    };
    let states = [set, State::Count(3)];
    let worth = |tree: &crate::Tree| {
        plan.part(tree.value.as_ref().unwrap(), &states)
            .unwrap()
            .to_string()
    };
    let ratio = &tree.operands[0];
    assert_eq!(
        (worth(&tree), worth(ratio), worth(&ratio.operands[0])),
        ("3.9".into(), "0.9".into(), "900".into())
    );
    assert_eq!(worth(&tree.operands[1].operands[1]), "3");
    let figures: Vec<_> = plan
        .figures()
        .into_iter()
        .map(|figure| {
            (
                plan.measures[figure.0].text_of(figure.1),
                plan.figure(figure, &states).unwrap().to_string(),
            )
        })
        .collect();
    let set = "(policy.policy_id where policy.status = 'Active')";
    assert_eq!(
        figures,
        [
            (format!("end{set}"), "950".to_owned()),
            (format!("new{set}"), "50".to_owned()),
            (format!("start{set}"), "1000".to_owned()),
            ("count(claim where claim.urgent)".to_owned(), "3".to_owned()),
        ]
    );
    // The deepest and the widest formulas have a tree that fits every message.
    let deep = format!("{}1{}", "abs(".repeat(100), ")".repeat(100));
    let wide = vec!["margin"; 120].join(" - ");
    for formula in [deep, wide] {
        let definition = crate::Definition::new(&formula);
        let plan = crate::plan(&ontology, &metrics, &definition).unwrap();
        fn size(tree: &crate::Tree) -> (usize, usize) {
            tree.operands
                .iter()
                .map(size)
                .fold((1, 0), |(n, d), (m, e)| (n + m, d.max(e + 1)))
        }
        let (nodes, depth) = size(&crate::tree(&ontology, &metrics, &definition, &plan).unwrap());
        assert!(nodes <= 4_100 && depth <= 41, "{nodes} {depth}");
    }
}
