//! Formulas fit the ontology when they are defined, and go on fitting while it changes.

use super::{cases::Case, *};
use std::fmt::Write;

/// A simple metric over claims.
fn simple(code: &str, formula: &str) -> v1::Metric {
    v1::Metric {
        code: code.to_owned(),
        name: format!("Metric {code}"),
        r#type: v1::MetricType::Simple as i32,
        formula: formula.to_owned(),
        entities: vec!["claim".to_owned()],
        ..Default::default()
    }
}

/// The entity with one attribute changed.
async fn with_attribute(
    client: &mut Client,
    code: &str,
    attribute: &str,
    change: impl Fn(&mut v1::Attribute),
) -> v1::Entity {
    let mut entity = entity(client, code).await;
    let found = entity
        .attributes
        .iter_mut()
        .find(|one| one.code == attribute);
    change(found.expect("the sample has it"));
    entity
}

/// Who refers to an attribute: codes and fields.
async fn readers(client: &mut Client, entity: &v1::Entity, part: &str) -> Vec<(String, String)> {
    let ask = v1::ListDependentsRequest {
        id: entity.id.clone(),
        part: part.to_owned(),
        ..Default::default()
    };
    let found = client
        .list_dependents(ask)
        .await
        .unwrap()
        .into_inner()
        .references;
    let named = found
        .into_iter()
        .map(|one| (one.from.unwrap().code, one.path));
    let mut named: Vec<_> = named.collect();
    named.sort();
    named
}

testkit::both! {
    /// Proves: META-04
    async fn a_formula_that_does_not_fit_is_refused_with_every_place(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let wrong = simple("x", "sum(claim.amont) +\n  count(claim) * margn - sum(clam.amount)");
        let error = refused(create_metric(&mut client, wrong).await);
        assert_eq!(error.kind(), error::Kind::InvalidArgument);
        assert_eq!(violations(&error), [
            ("metric.formula", "FORMULA_UNKNOWN_ATTRIBUTE"),
            ("metric.formula", "FORMULA_UNKNOWN_METRIC"),
            ("metric.formula", "FORMULA_UNKNOWN_ENTITY"),
        ]);
        let words: Vec<_> = error.violations().iter().map(|one| one.description.as_str()).collect();
        assert_eq!(words, [
            "line 1, column 5: the entity `claim` has no attribute `amont` (did you mean `amount`?)",
            "line 2, column 18: there is no metric `margn` (did you mean `margin`?)",
            "line 2, column 30: there is no entity `clam` (did you mean `claim`?)",
        ]);
        let absent = v1::Metric::get(&mut client, "", "x").await;
        assert_eq!(refused(absent).reason(), "NOT_FOUND", "nothing is stored");

        let units = refused(create_metric(&mut client, simple("x", "sum(claim.amount) + count(claim)")).await);
        assert_eq!(violations(&units), [("metric.formula", "FORMULA_WRONG_UNIT")]);
        let unit = v1::Metric { unit: "USD".to_owned(), ..simple("x", "sum(amount)") };
        assert_eq!(violations(&refused(create_metric(&mut client, unit).await)), [("metric.unit", "FORMULA_WRONG_UNIT")]);
        let no_unit = v1::Metric { unit: "EUR/".to_owned(), ..simple("x", "sum(amount)") };
        assert_eq!(violations(&refused(create_metric(&mut client, no_unit).await)), [("metric.unit", "INVALID_UNIT")]);
        let made = create_metric(&mut client, simple("x", "sum(amount)")).await.unwrap();
        let worse = v1::Metric { formula: "sum(amount".to_owned(), ..made.clone() };
        assert_eq!(violations(&refused(update_metric(&mut client, worse, &["formula"]).await)), [("metric.formula", "FORMULA_SYNTAX")]);
        let worse = v1::Metric { formula: "sum(claim_id)".to_owned(), ..made.clone() };
        assert_eq!(violations(&refused(update_metric(&mut client, worse, &["formula"]).await)), [("metric.formula", "FORMULA_WRONG_TYPE")]);
        assert_eq!(metric(&mut client, "x").await, made);
    }

    async fn metrics_are_typed_over_metrics_and_never_in_a_circle(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let ratio = |numerator: &str, denominator: &str| v1::Metric {
            r#type: v1::MetricType::Ratio as i32,
            formula: String::new(),
            ratio: Some(v1::RatioSpec { numerator: numerator.to_owned(), denominator: denominator.to_owned() }),
            ..simple("x", "")
        };
        let mixed = v1::Metric { formula: "claims_paid + policies_active".to_owned(), ..derived("x", &["claims_paid", "policies_active"]) };
        assert_eq!(violations(&refused(create_metric(&mut client, mixed).await)), [("metric.formula", "FORMULA_WRONG_UNIT")]);
        let texts = create_metric(&mut client, simple("text", "last(claim.claim_id)")).await.unwrap();
        let error = refused(create_metric(&mut client, ratio("text", "claims_paid")).await);
        assert_eq!(violations(&error), [("metric.ratio", "FORMULA_WRONG_TYPE")]);
        v1::Metric::delete(&mut client, &texts.id, "").await.unwrap();
        let error = refused(create_metric(&mut client, ratio("claims_paid_year_to_date", "claims_paid")).await);
        assert_eq!(violations(&error), [("metric.ratio.numerator", "FORMULA_UNSUPPORTED")]);
        create_metric(&mut client, ratio("margin", "claims_paid")).await.unwrap();
        // The circle is one of formulas alone: no field names it.
        let margin = metric(&mut client, "margin").await;
        let circle = v1::Metric { formula: "premium_earned - claims_paid * x".to_owned(), ..margin };
        let error = refused(update_metric(&mut client, circle, &["formula"]).await);
        assert_eq!((error.reason(), error.kind()), ("DEFINITION_CYCLE", error::Kind::FailedPrecondition));
        assert_eq!(error.message(), "metric margin → x → margin is built on itself");
        assert_eq!(violations(&error), [("metric.formula[1:32]", "DEFINITION_CYCLE")]);
    }

    async fn a_draft_must_only_be_readable(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let draft = v1::Metric { state: v1::State::Draft as i32, ..simple("x", "sum(claim.later) + to_come") };
        let unreadable = v1::Metric { formula: "sum(".to_owned(), ..draft.clone() };
        assert_eq!(violations(&refused(create_metric(&mut client, unreadable).await)), [("metric.formula", "FORMULA_SYNTAX")]);
        let made = create_metric(&mut client, draft).await.unwrap();
        let ask = v1::ListReferencesRequest { id: made.id.clone(), ..Default::default() };
        assert_eq!(client.list_references(ask.clone()).await.unwrap().into_inner().references.len(), 1, "its field alone");
        let active = v1::Metric { state: v1::State::Active as i32, ..made.clone() };
        let error = refused(update_metric(&mut client, active.clone(), &["state"]).await);
        assert_eq!(violations(&error), [
            ("metric.formula", "FORMULA_UNKNOWN_ATTRIBUTE"),
            ("metric.formula", "FORMULA_UNKNOWN_METRIC"),
        ]);
        let fitting = v1::Metric { formula: "sum(claim.amount)".to_owned(), ..active };
        update_metric(&mut client, fitting, &["state", "formula"]).await.unwrap();
        assert_eq!(client.list_references(ask).await.unwrap().into_inner().references.len(), 2);
    }

    /// Proves: META-04
    async fn what_a_formula_reads_stays_as_it_is(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let in_use = |outcome: Result<v1::Entity, Status>, words: &str| {
            let error = refused(outcome);
            assert_eq!((error.reason(), error.kind()), ("DEFINITION_IN_USE", error::Kind::FailedPrecondition));
            let told = error.violations().iter().any(|one| one.field == "entity.attributes" && one.description.contains(words));
            assert!(told, "{words}: {error:?}");
        };
        let mut poorer = entity(&mut client, "claim").await;
        poorer.attributes.retain(|one| one.code != "paid_amount");
        in_use(update_entity(&mut client, poorer, &["attributes"]).await, "`paid_amount` is referred to by metric `claims_paid` (formula[1:5])");
        let text = with_attribute(&mut client, "claim", "paid_amount", |one| {
            (one.r#type, one.precision, one.scale) = (v1::DataType::String as i32, 0, 0);
            one.unit = String::new();
        }).await;
        in_use(update_entity(&mut client, text, &["attributes"]).await, "metric `claims_paid` would no longer be right, at `formula`: line 1, column 5:");
        let dollars = with_attribute(&mut client, "policy", "monthly_premium", |one| one.unit = "USD".to_owned()).await;
        in_use(update_entity(&mut client, dollars, &["attributes"]).await, "metric `margin` would no longer be right, at `formula`: ");
        let event = v1::Entity { kind: v1::EntityKind::Event as i32, ..entity(&mut client, "policy").await };
        in_use(update_entity(&mut client, event, &["kind"]).await, "metric `retention_rate` would no longer be right");
        let wider = with_attribute(&mut client, "claim", "paid_amount", |one| (one.precision, one.nullable) = (18, false)).await;
        update_entity(&mut client, wider, &["attributes"]).await.expect("formulas read it as before");
        // Nobody reads this one, so that nobody minds.
        let unread = with_attribute(&mut client, "claim", "amount", |one| one.unit = "USD".to_owned()).await;
        update_entity(&mut client, unread, &["attributes"]).await.unwrap();

        let other_unit = v1::Metric { formula: "sum(claim.amount)".to_owned(), unit: String::new(), ..metric(&mut client, "claims_paid").await };
        let error = refused(update_metric(&mut client, other_unit, &["formula", "unit"]).await);
        assert_eq!(violations(&error), [("metric.formula", "DEFINITION_IN_USE"); 2], "of the margin, and of the year to date");
        let told = &error.violations()[1].description;
        assert!(told.starts_with("metric `margin` would no longer be right, at `formula`: line 1, column 18: "), "{error:?}");
        let paid = metric(&mut client, "claims_paid").await;
        let error = refused(v1::Metric::delete(&mut client, &paid.id, "").await);
        assert!(violations(&error).contains(&("formula[1:18]", "DEFINITION_IN_USE")), "{error:?}");
    }

    async fn a_new_entity_takes_no_name_away(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        create_metric(&mut client, simple("x", "sum(amount)")).await.unwrap();
        let amount = v1::Entity {
            code: "amount".to_owned(),
            name: "Amount".to_owned(),
            kind: v1::EntityKind::Dimension as i32,
            attributes: vec![v1::Attribute { code: "id".to_owned(), r#type: v1::DataType::Uuid as i32, ..Default::default() }],
            ..Default::default()
        };
        let error = refused(v1::Entity::create(&mut client, amount.clone(), "").await);
        assert_eq!(violations(&error), [("entity.attributes", "DEFINITION_IN_USE")]);
        assert!(error.message().contains("metric `x`") && error.message().contains("write `claim.amount`"), "{error:?}");
        let clear = v1::Metric { formula: "sum(claim.amount)".to_owned(), ..metric(&mut client, "x").await };
        update_metric(&mut client, clear, &["formula"]).await.unwrap();
        v1::Entity::create(&mut client, amount, "").await.unwrap();
        let error = refused(create_metric(&mut client, simple("y", "sum(amount)")).await);
        assert!(violations(&error).contains(&("metric.formula", "AMBIGUOUS_NAME")), "{error:?}");
    }

    async fn who_reads_an_attribute_is_listed(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let policy = entity(&mut client, "policy").await;
        let expected = [
            ("net_retention", "set.filter[1:1]"),
            ("policies_active", "formula[1:39]"),
            ("premium_earned", "formula[1:34]"),
            ("retention_rate", "set.filter[1:1]"),
        ];
        assert_eq!(readers(&mut client, &policy, "status").await, expected.map(|(code, path)| (code.to_owned(), path.to_owned())));
        assert_eq!(readers(&mut client, &policy, "monthly_premium").await.len(), 1);
        assert_eq!(readers(&mut client, &policy, "end_date").await, []);
        let all = readers(&mut client, &policy, "").await;
        assert!(all.len() > 15 && all.contains(&("policy_held_by_member".to_owned(), "from".to_owned())), "{all:?}");
    }

    async fn an_import_is_typed_as_a_whole(bench: Bench<Metadata>) {
        let mut client = Client::new(bench.admin());
        let yaml = "ontology: tessera/v1\nentities:\n  - code: thing\n    name: Thing\n    kind: dimension\n    attributes:\n      \
                    - { code: size, type: integer, unit: m }\nmetrics:\n  - { code: twice, name: Twice, type: derived, formula: total * 2, metrics: [total] }\n  \
                    - { code: total, name: Total, type: simple, formula: sum(size), entities: [thing] }\n  \
                    - { code: sum, name: Sum, type: derived, formula: twice + total, metrics: [twice, total] }\n";
        import(&mut client, yaml).await.unwrap();
        let metres = yaml.replace("unit: m }", "unit: kg }");
        import(&mut client, &metres).await.expect("all are weights now");
        let text = yaml.replace("type: integer, unit: m", "type: string");
        let error = refused(import(&mut client, &text).await);
        let found = violations(&error);
        assert!(found.contains(&("entities[thing].attributes", "DEFINITION_IN_USE")), "{found:?}");
        let new = text.replace("total", "all").replace("thing", "item").replace("twice", "double_all").replace("code: sum", "code: summed");
        let error = refused(import(&mut client, &new).await);
        assert_eq!(violations(&error), [
            ("metrics[double_all].formula", "FORMULA_BAD_METRIC"),
            ("metrics[all].formula", "FORMULA_WRONG_TYPE"),
            ("metrics[summed].formula", "FORMULA_BAD_METRIC"),
            ("metrics[summed].formula", "FORMULA_BAD_METRIC"),
        ]);
    }

    /// What nothing reads costs nothing, and of much that is read all is named that breaks, up to a limit.
    async fn thousands_of_metrics_are_retyped_where_they_must_be(bench: Bench<Metadata>) {
        let mut client = Client::new(bench.admin());
        let mut yaml = "ontology: tessera/v1\nentities:\n  - code: sale\n    name: Sale\n    kind: event\n    attributes:\n      \
                        - { code: at, type: timestamp, time_attribute: true }\n      - { code: amount, type: integer, unit: EUR }\n      \
                        - { code: other, type: integer }\nmetrics:\n".to_owned();
        for number in 0..2_000 {
            writeln!(yaml, "  - {{ code: m{number}, name: M, type: simple, formula: \"sum(amount where other > {number}) + 1 EUR\", entities: [sale] }}").unwrap();
        }
        let yaml = yaml.replace(" + 1 EUR", "");
        assert!(import(&mut client, &yaml).await.unwrap().applied);
        let top = v1::Metric { formula: "m7 - m8".to_owned(), unit: "EUR".to_owned(), ..derived("top", &["m7", "m8"]) };
        create_metric(&mut client, top).await.unwrap();
        let text = with_attribute(&mut client, "sale", "amount", |one| one.unit = "USD".to_owned()).await;
        let error = refused(update_entity(&mut client, text, &["attributes"]).await);
        assert_eq!(violations(&error), [("entity.attributes", "DEFINITION_IN_USE")], "top alone says its unit");
        let text = with_attribute(&mut client, "sale", "other", |one| one.r#type = v1::DataType::String as i32).await;
        let error = refused(update_entity(&mut client, text, &["attributes"]).await);
        assert_eq!(error.violations().len(), 20);
        let wider = with_attribute(&mut client, "sale", "other", |one| one.description = "Not seen by formulas".to_owned()).await;
        update_entity(&mut client, wider, &["attributes"]).await.unwrap();
    }
}
