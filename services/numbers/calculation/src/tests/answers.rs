//! What is answered: values, periods, groups, order, pages, thresholds, explanations.

use super::*;
use v1::{Exactness, FilterOperator, Grain, MissingReason, ResultOrder, SnapshotSelection};

const ACTIVE: &str = "(policy.policy_id where policy.status = 'Active')";

testkit::both! {
    /// The seed's story: S = 1000, E = 950, N = 50, retention 0.9, and who calculated it from what.
    ///
    /// Proves: CALC-01, CALC-05, CALC-06, SCN-13
    async fn retention_is_answered_and_explained(rig: Rig) {
        let ask = v1::CalculateRequest { explain: true, domain: "insurance".into(), ..between("retention", "2025-01-01", "2025-02-01") };
        let answer = rig.ask(ask).await.unwrap();
        assert_eq!((shown(&answer), answer.total_size), (vec!["2025-01-01 0.9".to_owned()], 1));
        assert_eq!((answer.format.as_str(), answer.rows[0].level.as_str()), ("0.0%", "GOOD"));
        let told = answer.explanation.unwrap();
        let route = told.route.unwrap();
        assert_eq!((route.domain.as_str(), route.module.as_str(), route.handler.as_str()), ("insurance", "renewals", "set_based"));
        assert_eq!((told.formula.as_str(), told.canonical.as_str()), ("(end - new) / start", "(end - new) / start"));
        let figures: Vec<_> = told.measures.iter().map(|m| (m.measure.clone(), m.value.clone().unwrap().text.unwrap())).collect();
        let figure = |name: &str, value: &str| (format!("{name}{ACTIVE}"), value.to_owned());
        assert_eq!(figures, [figure("end", "950"), figure("new", "50"), figure("start", "1000")]);
        let tree = told.tree.unwrap();
        assert_eq!((tree.label.as_str(), tree.operands[0].label.as_str()), ("/", "-"));
        let worth = |node: &v1::FormulaNode| node.value.clone().unwrap().text.unwrap();
        assert_eq!((worth(&tree), worth(&tree.operands[0]), worth(&tree.operands[0].operands[1])), ("0.9".into(), "900".into(), "50".into()));
        let source = &told.sources[0];
        assert_eq!((told.sources.len(), source.service.as_str(), source.entity.as_str(), source.result_rows), (1, "warehouse", "policy", 1));
        assert_eq!((source.measures.as_slice(), source.data_version, source.statements.len()), (&[format!("start{ACTIVE}")][..], 7, 1));
        assert_eq!((source.snapshots[0].start.as_str(), source.snapshots[0].end.as_str()), ("2025-01-01", "2025-02-01"));
        let used: Vec<_> = told.definitions.iter().map(|d| (d.kind.as_str(), d.code.as_str(), d.version)).collect();
        assert_eq!(used, [("metric", "retention", 2), ("entity", "policy", 3)]);
        let parts: Vec<_> = told.timings.iter().map(|t| t.part.as_str()).collect();
        assert_eq!(parts, ["resolve", "plan", "execute", "merge"]);
        assert_eq!(told.calendar, "one period, days begin in UTC");
        assert!(told.as_of_time.is_some() && !told.plan_cached && told.hash.len() == 64);
        let simple = rig.value(between("retention_simple", "2025-01-01", "2025-02-01")).await;
        assert_eq!((simple.text.as_deref(), simple.number, simple.exactness()), (Some("0.95"), Some(0.95), Exactness::Exact));
    }

    /// The latest snapshot stands for a moment unless the exact one is asked for.
    async fn snapshots_are_chosen_as_asked(rig: Rig) {
        let latest = between("retention", "2025-01-20", "2025-03-01");
        assert_eq!(rig.value(latest.clone()).await.text.as_deref(), Some("0.9"));
        let exact = v1::CalculateRequest { snapshot_selection: SnapshotSelection::Exact.into(), ..latest };
        let value = rig.value(exact).await;
        assert_eq!((value.text.as_deref(), value.missing()), (None, MissingReason::DivisionByZero));
    }

    /// In months without a snapshot of their own nothing is compared, so that there is no value; a count at one end is the last one known.
    async fn nothing_is_compared_with_itself(rig: Rig) {
        let months = |ask| v1::CalculateRequest { grain: Grain::Month.into(), ..ask };
        let found = rig.ask(months(between("retention", "2025-01-01", "2025-05-01"))).await.unwrap();
        assert_eq!(shown(&found), ["2025-01-01 0.9", "2025-02-01 -", "2025-03-01 -", "2025-04-01 -"]);
        let missing = found.rows[1..].iter().map(|row| row.value.as_ref().unwrap().missing());
        assert!(missing.clone().all(|missing| missing == MissingReason::NoRows), "{:?}", missing.collect::<Vec<_>>());
        let whole = rig.value(between("retention", "2025-03-01", "2025-05-01")).await;
        assert_eq!((whole.text.as_deref(), whole.missing()), (None, MissingReason::NoRows));
        let count = v1::CalculateRequest { start: "2025-01-01".into(), end: "2025-04-01".into(), ..draft(&format!("end{ACTIVE}")) };
        assert_eq!(shown(&rig.ask(months(count)).await.unwrap()), ["2025-01-01 950", "2025-02-01 950", "2025-03-01 950"]);
        // Before the first snapshot there is nobody.
        let before = rig.value(between("retention", "2024-01-01", "2024-06-01")).await;
        assert_eq!(before.missing(), MissingReason::DivisionByZero);
    }

    /// Periods are cut by the calendar of a zone, with a row for each, and all fragments are read at once.
    async fn series_follow_the_zone_and_have_no_holes(rig: Rig) {
        let ask = v1::CalculateRequest { grain: Grain::Month.into(), ..between("claims_paid", "2025-01-01", "2025-05-01") };
        let utc = rig.ask(ask.clone()).await.unwrap();
        assert_eq!(shown(&utc), ["2025-01-01 300", "2025-02-01 -", "2025-03-01 1200.01", "2025-04-01 -"]);
        assert_eq!(utc.rows[1].value.clone().unwrap().missing(), MissingReason::NoRows);
        assert_eq!((utc.unit.as_str(), utc.r#type.as_str()), ("EUR", "decimal(38, 2)"));
        let local = v1::CalculateRequest { time_zone: "Europe/Amsterdam".into(), ..ask };
        let local = rig.ask(local).await.unwrap();
        assert_eq!(shown(&local), ["2025-01-01 100", "2025-02-01 200", "2025-03-01 1200.01", "2025-04-01 -"]);
        // Summer time begins on 30 March: that day has 23 hours, and its last claim is at one second to midnight.
        let days = v1::CalculateRequest {
            grain: Grain::Day.into(), time_zone: "Europe/Amsterdam".into(), ..between("claims_paid", "2025-03-30", "2025-04-01")
        };
        assert_eq!(shown(&rig.ask(days).await.unwrap()), ["2025-03-30 700", "2025-03-31 500.01"]);
        let hours = v1::CalculateRequest {
            grain: Grain::Hour.into(), time_zone: "Europe/Amsterdam".into(), ..between("claim_count", "2025-03-30", "2025-03-31")
        };
        let hours = rig.ask(hours).await.unwrap();
        assert_eq!((hours.rows.len(), hours.rows[2].start.as_str()), (23, "2025-03-30T03:00:00+02:00"));
        assert_eq!(hours.rows.iter().filter(|row| row.value.clone().unwrap().text.as_deref() == Some("1")).count(), 2);
        rig.insurer.runs();
        let both = v1::CalculateRequest { grain: Grain::Month.into(), ..between("loss_ratio", "2025-01-01", "2025-03-01") };
        let both = rig.ask(both).await.unwrap();
        assert_eq!(shown(&both), ["2025-01-01 0.003", "2025-02-01 -"]);
        let runs = rig.insurer.runs();
        assert_eq!((runs.len(), runs[0].fragments.len()), (1, 2));
        assert_eq!(runs[0].fragments[0].bounds, ["2025-01-01T00:00:00Z", "2025-02-01T00:00:00Z", "2025-03-01T00:00:00Z"]);
        assert_eq!(runs[0].fragments[1].bounds, ["2025-01-01", "2025-02-01", "2025-03-01"]);
    }

    /// Groups that one entity has are in every period, and metrics over two entities meet in them.
    async fn groups_of_several_entities_meet(rig: Rig) {
        let ask = v1::CalculateRequest { dimensions: vec!["region".into()], ..ever("loss_ratio") };
        assert_eq!(shown(&rig.ask(ask).await.unwrap()), ["north 0.008205128205128205128205128205128205", "south 0.007179589743589743589743589743589744"]);
        let series = v1::CalculateRequest {
            dimensions: vec!["region".into(), "urgent".into()], grain: Grain::Quarter.into(), fiscal_year_start: 2,
            ..between("claim_count", "2025-01-01", "2025-04-01")
        };
        let series = rig.ask(series).await.unwrap();
        assert_eq!(shown(&series), [
            "2025-01-01 north false 1", "2025-01-01 north true 0", "2025-01-01 south false 0", "2025-01-01 south true 1",
            "2025-02-01 north false 1", "2025-02-01 north true 1", "2025-02-01 south false 1", "2025-02-01 south true 0",
        ]);
        let ratio = v1::CalculateRequest { dimensions: vec!["region".into()], ..ever("average_claim") };
        let ratio = rig.ask(ratio).await.unwrap();
        let third = ratio.rows[0].value.clone().unwrap();
        assert_eq!((third.fraction.as_str(), third.exactness()), ("800/3", Exactness::Rounded));
        assert_eq!(third.text.unwrap(), "266.6666666666666666666666666666667");
    }

    /// Filters and a written condition narrow alike, and reach the owner of the rows as conditions.
    async fn filters_become_conditions(rig: Rig) {
        let count = |filters: Vec<v1::Filter>, condition: &str| v1::CalculateRequest { filters, r#where: condition.into(), ..ever("claim_count") };
        for (ask, expected) in [
            (count(vec![filter("region", FilterOperator::Equal, &["north"])], ""), "3"),
            (count(vec![filter("amount", FilterOperator::Between, &["200", "400.00"])], ""), "3"),
            (count(vec![filter("filed_at", FilterOperator::Less, &["2025-02-01T00:00:00Z"])], "urgent"), "1"),
            (count(vec![filter("region", FilterOperator::NotIn, &["north", "west"]), filter("region", FilterOperator::StartsWith, &["s"])], ""), "2"),
            (count(vec![filter("score", FilterOperator::IsNotNull, &[])], "amount > 500 or region = 'x'"), "1"),
            (count(vec![], "region = 'it''s'; -- no"), "!"),
        ] {
            match expected {
                "!" => assert_eq!(violations(&rig.refused(ask).await), [("where", "FORMULA_SYNTAX")]),
                _ => assert_eq!(rig.value(ask).await.text.as_deref(), Some(expected)),
            }
        }
        let runs = rig.insurer.runs();
        assert_eq!(runs[1].fragments[0].conditions, ["claim.amount between 200 and 400.00"]);
        assert_eq!(runs[2].fragments[0].conditions, ["claim.filed_at < timestamp '2025-02-01T00:00:00Z'", "urgent"]);
    }

    /// Rows come in the order asked for, a page at a time; a token is of its question alone.
    async fn rows_are_ordered_and_paged(rig: Rig) {
        let ask = v1::CalculateRequest {
            dimensions: vec!["claim_id".into()], order: ResultOrder::ValueDescending.into(), page_size: 2, ..ever("claims_paid")
        };
        let (mut found, mut token) = (Vec::new(), String::new());
        loop {
            let page = rig.ask(v1::CalculateRequest { page_token: token.clone(), ..ask.clone() }).await.unwrap();
            assert_eq!(page.total_size, 5);
            found.extend(shown(&page));
            token = page.next_page_token;
            if token.is_empty() { break }
            let other = v1::CalculateRequest { page_token: token.clone(), order: ResultOrder::Period.into(), ..ask.clone() };
            assert_eq!(refused(rig.ask(other).await).reason(), "INVALID_PAGE_TOKEN");
            let other = v1::CalculateRequest { page_token: token.clone(), r#where: "urgent".into(), ..ask.clone() };
            assert_eq!(refused(rig.ask(other).await).reason(), "INVALID_PAGE_TOKEN");
        }
        assert_eq!(found, ["c5 500.01", "c4 400", "c3 300", "c2 200", "c1 100"]);
        let ascending = v1::CalculateRequest { order: ResultOrder::ValueAscending.into(), page_size: 0, ..ask };
        assert_eq!(shown(&rig.ask(ascending).await.unwrap())[0], "c1 100");
    }

    /// Drafts are calculated like stored metrics; values are told with what they are.
    async fn drafts_of_every_type_have_values(rig: Rig) {
        for (formula, text, exactness) in [
            ("1 / 3", "0.3333333333333333333333333333333333", Exactness::Rounded),
            ("1 + 1", "2", Exactness::Exact),
            ("sum(claim.amount) / count(claim)", "300.002", Exactness::Exact),
            ("stddev(claim.hours)", "0", Exactness::Float),
            ("sum(claim.score)", "2.5", Exactness::Float),
            ("max(claim.filed_at)", "2025-03-30T22:00:00Z", Exactness::Exact),
            ("max(policy.snapshot_date)", "2025-02-01", Exactness::Exact),
            ("count(claim) > 4", "true", Exactness::Exact),
            ("last(claim.region)", "south", Exactness::Exact),
            ("median(claim.amount)", "300", Exactness::Exact),
            ("count_distinct(claim.region)", "2", Exactness::Exact),
            ("sum(region.people) / claim_count", "80", Exactness::Exact),
        ] {
            let value = rig.value(draft(formula)).await;
            assert_eq!((value.text.as_deref(), value.exactness()), (Some(text), exactness), "{formula}");
        }
        for (formula, missing) in [
            ("1 / (claim_count - 5)", MissingReason::DivisionByZero),
            ("sum(claim.amount where claim.region = 'x')", MissingReason::NoRows),
            ("sum(claim.amount where claim.region = 'x') > 5", MissingReason::NoRows),
            ("if(claim_count > 9, 1)", MissingReason::NoCase),
        ] {
            let value = rig.value(draft(formula)).await;
            assert_eq!((value.text.as_deref(), value.missing(), value.exactness()), (None, missing, Exactness::Unspecified), "{formula}");
        }
        let set = v1::Draft {
            formula: "dropped / start".into(),
            set: Some(v1::DraftSet { entity: "policy".into(), member: "policy_id".into(), filter: "status = 'Active'".into() }),
            ..Default::default()
        };
        let ask = v1::CalculateRequest { metric: String::new(), draft: Some(set), ..between("", "2025-01-01", "2025-02-01") };
        assert_eq!(rig.value(ask).await.text.as_deref(), Some("0.1"));
    }
}
