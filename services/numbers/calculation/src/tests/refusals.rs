//! What is refused, with code, place and words, before anything is run.

use super::{insurer::metric, *};
use error::Kind;
use proto_meaning::tessera::metadata::v1 as metadata;
use v1::{FilterOperator, Grain};

testkit::both! {
    /// Unknown functions, wrong types, units that do not mix, circles, missing attributes, what is too large, and SQL.
    ///
    /// Proves: CALC-04, META-04
    async fn wrong_formulas_are_refused_where_they_are_wrong(rig: Rig) {
        let long = vec!["1"; 10_001].join(" + ");
        let deep = format!("{}1{}", "(".repeat(400), ")".repeat(400));
        let wide = format!("claim_count in ({})", vec!["1"; 10_001].join(", "));
        for (formula, reason, place) in [
            ("median_of(claim.amount)", "FORMULA_UNKNOWN_FUNCTION", "line 1, column 1: "),
            ("sum(claim.region)", "FORMULA_WRONG_TYPE", "line 1, column 5: "),
            ("sum(claim.amount) +\n  sum(claim.hours)", "FORMULA_WRONG_UNIT", "line 2, column 3: "),
            ("sum(claim.amount where claim.hours > claim.amount)", "FORMULA_WRONG_UNIT", "line 1, column 38: "),
            ("loop_a + 1", "FORMULA_METRIC_CYCLE", "line 1, column 1: "),
            ("sum(claim.amount where claim.nothing = 1)", "FORMULA_UNKNOWN_ATTRIBUTE", "line 1, column 24: "),
            ("sum(claims.amount)", "FORMULA_UNKNOWN_ENTITY", "line 1, column 5: "),
            ("1 + no_metric", "FORMULA_UNKNOWN_METRIC", "line 1, column 5: "),
            ("broken * 2", "FORMULA_BAD_METRIC", "line 1, column 1: "),
            ("claim.amount", "FORMULA_WRONG_LEVEL", "line 1, column 1: "),
            ("approx_count_distinct(claim.region)", "FORMULA_UNSUPPORTED", "line 1, column 1: "),
            (&long, "FORMULA_TOO_DEEP", "line 1, column "),
            (&wide, "FORMULA_TOO_MANY_TERMS", "line 1, column "),
            (&deep, "FORMULA_TOO_DEEP", "line 1, column "),
            ("1; DROP TABLE claim", "FORMULA_SYNTAX", "line 1, column 2: "),
            ("count(claim) -- ' OR 1=1\n UNION SELECT 1", "FORMULA_SYNTAX", "line 2, column 2: "),
        ] {
            let error = rig.refused(draft(formula)).await;
            let first = &error.violations()[0];
            assert_eq!((error.kind(), first.field.as_str(), first.reason.as_str()), (Kind::InvalidArgument, "draft.formula", reason));
            assert!(first.description.starts_with(place), "{}", first.description);
        }
        assert!(rig.refused(draft("summ(claim.amount)")).await.message().contains("did you mean `sum`?"));
        let own = v1::CalculateRequest {
            draft: Some(v1::Draft { formula: "claims_paid / circle".into(), metric: "circle".into(), ..Default::default() }),
            ..Default::default()
        };
        rig.insurer.put(metric("circle", metadata::MetricType::Derived, "premium"));
        assert_eq!(violations(&rig.refused(own).await), [("draft.formula", "FORMULA_METRIC_CYCLE")]);
    }

    /// Text that would be SQL is text: it matches nothing and harms nothing.
    async fn sql_in_strings_is_text(rig: Rig) {
        let evil = "x' OR 1=1; DROP TABLE claim; --";
        let ask = v1::CalculateRequest { filters: vec![filter("region", FilterOperator::Equal, &[evil])], ..ever("claim_count") };
        assert_eq!(rig.value(ask).await.text.as_deref(), Some("0"));
        let formula = format!("count(claim where claim.region = '{}')", evil.replace('\'', "''"));
        assert_eq!(rig.value(draft(&formula)).await.text.as_deref(), Some("0"));
        for metric in ["claim'--", "Claims", "a.b"] {
            assert_eq!(violations(&rig.refused(ever(metric)).await)[0].0, "metric");
        }
        let ask = v1::CalculateRequest { dimensions: vec!["region\" --".into()], ..ever("claim_count") };
        assert_eq!(violations(&rig.refused(ask).await)[0].0, "dimensions[0]");
    }

    /// A stored metric that is wrong is told by its name, with the place in its formula.
    async fn broken_metrics_are_named(rig: Rig) {
        for (code, reason, column, words) in [
            ("broken", "FORMULA_UNKNOWN_ATTRIBUTE", "5", "did you mean `amount`?"),
            ("loop_a", "FORMULA_METRIC_CYCLE", "1", "`loop_b`"),
        ] {
            let error = rig.refused(ever(code)).await;
            assert_eq!((error.kind(), error.reason()), (Kind::FailedPrecondition, "METRIC_BROKEN"));
            assert_eq!((error.metadata()["metric"].as_str(), error.metadata()["column"].as_str()), (code, column));
            assert_eq!(violations(&error)[0], ("formula", reason));
            assert!(error.message().contains(code) && error.message().contains(words), "{}", error.message());
        }
        let unknown = rig.refused(ever("claims_payed")).await;
        assert_eq!((unknown.kind(), unknown.metadata()["id"].as_str()), (Kind::NotFound, "claims_payed"));
        for (metric, words) in [("claims_so_far", "cumulative"), ("settled", "claim.settled_at")] {
            let error = rig.refused(ever(metric)).await;
            assert_eq!((error.kind(), error.reason()), (Kind::Unimplemented, "METRIC_UNSUPPORTED"));
            assert!(error.message().contains(words), "{}", error.message());
        }
        let error = rig.refused(draft("claims_so_far / 2")).await;
        assert_eq!((error.kind(), error.metadata()["metric"].as_str()), (Kind::Unimplemented, "claims_so_far"));
    }

    /// Dimensions and filters must mean the same in all that a metric reads.
    async fn what_entities_do_not_share_is_named(rig: Rig) {
        let grouped = |metric: &str, dimension: &str| v1::CalculateRequest { dimensions: vec![dimension.into()], ..ever(metric) };
        let filtered = |metric: &str, attribute: &str| v1::CalculateRequest {
            filters: vec![filter(attribute, FilterOperator::IsNull, &[])], ..ever(metric)
        };
        let written = |metric: &str, condition: &str| v1::CalculateRequest { r#where: condition.into(), ..ever(metric) };
        for (ask, field, reason, words) in [
            (grouped("loss_ratio", "urgent"), "dimensions[0]", "DIMENSION_NOT_SHARED", "`policy` has no attribute `urgent`"),
            (grouped("loss_ratio", "channel"), "dimensions[0]", "DIMENSION_NOT_SHARED", "of type string in `claim` and of type integer in `policy`"),
            (grouped("loss_ratio", "colour"), "dimensions[0]", "UNKNOWN_ATTRIBUTE", "no attribute `colour`"),
            (grouped("claim_count", "regoin"), "dimensions[0]", "UNKNOWN_ATTRIBUTE", "did you mean `region`?"),
            (grouped("claim_count", "score"), "dimensions[0]", "WRONG_TYPE", "type double are no groups"),
            (filtered("loss_ratio", "status"), "filters[0].attribute", "DIMENSION_NOT_SHARED", "`claim` has no attribute `status`"),
            (filtered("claim_count", "nothing"), "filters[0].attribute", "UNKNOWN_ATTRIBUTE", "no attribute `nothing`"),
            (written("loss_ratio", "urgent"), "where", "DIMENSION_NOT_SHARED", "`policy`"),
            (written("loss_ratio", "claim.region = 'x'"), "where", "DIMENSION_NOT_SHARED", "`policy`"),
            (written("claim_count", "amount >"), "where", "FORMULA_SYNTAX", "line 1, column 9"),
            (written("claim_count", "amount + 1"), "where", "FORMULA_WRONG_TYPE", "a condition is expected"),
        ] {
            let error = rig.refused(ask).await;
            assert_eq!(violations(&error)[0], (field, reason), "{error}");
            assert!(error.violations()[0].description.contains(words), "{}", error.violations()[0].description);
        }
        for (values, operator, field, reason) in [
            (vec!["x"], FilterOperator::Equal, "filters[0].values[0]", "WRONG_VALUE"),
            (vec!["1", "2"], FilterOperator::Equal, "filters[0].values", "WRONG_COUNT"),
            (vec!["1"], FilterOperator::Contains, "filters[0].operator", "WRONG_OPERATOR"),
        ] {
            let ask = v1::CalculateRequest { filters: vec![filter("amount", operator, &values)], ..ever("claim_count") };
            assert_eq!(violations(&rig.refused(ask).await), [(field, reason)]);
        }
        let mut null = filter("amount", FilterOperator::Equal, &["1"]);
        null.values[0].kind = Some(prost_types::value::Kind::NullValue(0));
        let ask = v1::CalculateRequest { filters: vec![null], ..ever("claim_count") };
        assert_eq!(violations(&rig.refused(ask).await), [("filters[0].values[0]", "NULL_VALUE")]);
    }

    /// Spans, grains and zones that make no sense for what is read.
    async fn spans_that_do_not_fit_are_refused(rig: Rig) {
        let base = between("claim_count", "2025-01-01", "2025-02-01");
        let grain = |grain: Grain, metric: &str, start: &str, end: &str| v1::CalculateRequest { grain: grain.into(), ..between(metric, start, end) };
        for (ask, field, reason) in [
            (between("claim_count", "2025-01-01", ""), "end", "REQUIRED"),
            (between("claim_count", "2025-02-30", "2025-03-01"), "start", "BAD_TIME"),
            (between("claim_count", "2025-02-01", "2025-02-01"), "end", "NOT_AFTER_START"),
            (between("claim_count", "2025-02-01", "9999-12-31"), "end", "OUT_OF_RANGE"),
            (between("retention", "", ""), "start", "REQUIRED"),
            (between("premium", "2025-01-01T12:00:00Z", "2025-02-01"), "start", "NOT_A_DAY"),
            (v1::CalculateRequest { time_zone: "Mars/Olympus".into(), ..base.clone() }, "time_zone", "UNKNOWN_TIME_ZONE"),
            (v1::CalculateRequest { fiscal_year_start: 13, ..base.clone() }, "fiscal_year_start", "LTE"),
            (grain(Grain::Month, "claim_count", "", ""), "start", "REQUIRED"),
            (grain(Grain::Hour, "premium", "2025-01-01", "2025-01-02"), "grain", "GRAIN_TOO_FINE"),
            (grain(Grain::Day, "monthly", "2025-01-01", "2025-01-02"), "grain", "GRAIN_TOO_FINE"),
            (v1::CalculateRequest { metric: String::new(), ..base.clone() }, "metric", "REQUIRED"),
            (v1::CalculateRequest { draft: draft("1").draft, ..base.clone() }, "draft", "BOTH_GIVEN"),
        ] {
            let error = rig.refused(ask.clone()).await;
            assert_eq!(violations(&error)[0], (field, reason), "{ask:?} {error}");
        }
        let dimension = v1::CalculateRequest { start: "2025-01-01".into(), end: "2025-02-01".into(), ..draft("count(region)") };
        assert_eq!(violations(&rig.refused(dimension).await), [("start", "ENTITY_WITHOUT_TIME")]);
        let many = rig.refused(grain(Grain::Hour, "claim_count", "2000-01-01", "2025-01-01")).await;
        assert_eq!((many.reason(), many.metadata()["limit"].as_str()), ("TOO_MANY_PERIODS", "2000"));
        let mut wrong = draft("count(*)");
        wrong.draft.as_mut().unwrap().entity = "clam".into();
        wrong.draft.as_mut().unwrap().set = Some(v1::DraftSet { entity: "policy".into(), member: "id".into(), filter: "status = ".into() });
        let error = rig.refused(wrong).await;
        assert_eq!(violations(&error), [
            ("draft.entity", "UNKNOWN_ENTITY"), ("draft.set.member", "UNKNOWN_ATTRIBUTE"), ("draft.set.filter", "FORMULA_SYNTAX"),
        ]);
    }

    /// A metric answers in its own domain alone.
    ///
    /// Proves: CALC-03
    async fn domains_answer_for_their_metrics(rig: Rig) {
        let ask = |metric: &str, domain: &str| v1::CalculateRequest { domain: domain.into(), explain: true, ..between(metric, "2025-01-01", "2025-02-01") };
        let routed = rig.ask(ask("retention", "insurance")).await.unwrap().explanation.unwrap().route.unwrap();
        assert_eq!((routed.domain.as_str(), routed.handler.as_str()), ("insurance", "set_based"));
        let routed = rig.ask(ask("average_claim", "")).await.unwrap().explanation.unwrap().route.unwrap();
        assert_eq!((routed.domain.as_str(), routed.handler.as_str()), ("", "ratio"));
        for (metric, domain, words) in [
            ("retention", "supply_chain", "it belongs to the domain `insurance`"),
            ("claim_count", "insurance", "it belongs to no domain"),
        ] {
            let error = rig.refused(ask(metric, domain)).await;
            assert_eq!((error.kind(), error.reason()), (Kind::NotFound, "METRIC_NOT_IN_DOMAIN"));
            assert!(error.message().contains(words), "{}", error.message());
        }
        let mut drafted = draft("1");
        drafted.domain = "insurance".into();
        assert_eq!(violations(&rig.refused(drafted).await), [("domain", "NOT_WITH_DRAFT")]);
    }

    /// Who may not ask is told so before anything is looked up; strangers see nothing.
    async fn strangers_and_the_powerless_get_nothing(rig: Rig) {
        let mut powerless = Client::new(rig.bench.with_permissions(&["metadata.metrics.read"]));
        let known = rig.insurer.state().known.len();
        let denied = powerless.calculate(ever("claim_count")).await;
        assert_eq!(refused(denied.map(tonic::Response::into_inner)).reason(), "PERMISSION_DENIED");
        let mut reader = Client::new(rig.bench.with_permissions(&["calculation.metrics.read"]));
        assert!(reader.calculate(ever("claim_count")).await.is_ok());
        // By a key, single rows would be read.
        let by_key = v1::CalculateRequest { dimensions: vec!["claim_id".into()], ..ever("claim_count") };
        for ask in [by_key.clone(), draft("max(claim.claim_id)"), draft("last(claim.claim_id)")] {
            let denied = reader.calculate(ask).await;
            assert_eq!(refused(denied.map(tonic::Response::into_inner)).reason(), "ROWS_NOT_ALLOWED");
        }
        reader.calculate(draft("count_distinct(claim.claim_id)")).await.unwrap();
        let mut rows = Client::new(rig.bench.with_permissions(&["calculation.metrics.read", "warehouse.records.read"]));
        assert_eq!(rows.calculate(by_key).await.unwrap().into_inner().rows.len(), 5);
        let members = v1::ListMembersRequest {
            metric: "retention".into(), set: v1::MemberSet::Start.into(), start: "2025-01-01".into(), end: "2025-02-01".into(), ..Default::default()
        };
        let denied = reader.list_members(members).await;
        assert_eq!(refused(denied.map(tonic::Response::into_inner)).reason(), "PERMISSION_DENIED");
        let mut stranger = Client::new(rig.bench.stranger());
        let unseen = stranger.calculate(ever("claim_count")).await;
        assert_eq!(refused(unseen.map(tonic::Response::into_inner)).kind(), Kind::NotFound);
        let mut nobody = Client::new(rig.bench.anonymous());
        let unknown = nobody.calculate(ever("claim_count")).await;
        assert_eq!(refused(unknown.map(tonic::Response::into_inner)).kind(), Kind::Unauthenticated);
        // Definitions were looked up for each but the powerless and nobody.
        assert_eq!(rig.insurer.state().known.len(), known + 7);
    }

    /// Numbers and groups beyond what is held are refused and never wrong.
    async fn what_is_too_large_is_refused(rig: Rig) {
        let factor = format!("{} * {}", i64::MAX, i64::MAX);
        let error = refused(rig.ask(draft(&format!("count(claim) * {factor} * {factor}"))).await);
        assert_eq!((error.kind(), error.reason()), (Kind::OutOfRange, "RESULT_OVERFLOW"));
        let limits = crate::Limits { periods: 10, rows: 4 };
        let config = crate::Config { limits, domains: [("insurance".to_owned(), crate::Limits::default())].into(), ..Default::default() };
        let small = Rig::with(Backend::sqlite(), config).await;
        let by = |dimension: &str| v1::CalculateRequest { dimensions: vec![dimension.into()], ..ever("claim_count") };
        assert_eq!(small.ask(by("region")).await.unwrap().rows.len(), 2);
        let error = refused(small.ask(by("claim_id")).await);
        assert_eq!((error.reason(), error.metadata()["limit"].as_str()), ("TOO_MANY_ROWS", "4"));
        let months = |metric: &str| v1::CalculateRequest { grain: Grain::Month.into(), ..between(metric, "2024-01-01", "2025-01-01") };
        assert_eq!(small.refused(months("claim_count")).await.reason(), "TOO_MANY_PERIODS");
        assert_eq!(small.ask(months("retention")).await.unwrap().rows.len(), 12);
    }
}
