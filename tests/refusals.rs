//! What is no formula, and what only looks like one: refused with its place, and nothing is run for it.

use crate::{
    business::{calculate, calculation, import, list, post, query, violations, whole, write},
    edge::reason,
    platform::{Platform, stories},
};
use reqwest::Method;
use serde_json::{Value, json};

const SHOP: &str = r#"
ontology: tessera/v1
entities:
  - code: parcel
    name: Parcel
    kind: event
    attributes:
      - { code: parcel_id, name: Number, type: string, primary_key: true }
      - { code: sent_at, name: Sent, type: timestamp, time_attribute: true }
      - { code: status, name: Status, type: string }
      - { code: price, name: Price, type: "decimal(12, 2)", unit: EUR }
      - { code: distance, name: Distance, type: integer, unit: km }
metrics:
  - { code: postage, name: Postage, type: simple, formula: sum(parcel.price), entities: [parcel], unit: EUR }
  - { code: twice, name: Twice, type: derived, formula: 2 * postage, metrics: [postage], unit: EUR }
"#;

const INJECTIONS: [&str; 6] = [
    "'; DROP TABLE parcel; --",
    "x' OR '1'='1",
    "$1::text",
    "?1",
    "\\'; SELECT pg_sleep(10); --",
    "%_\"`][",
];

async fn shop(platform: &Platform) {
    import(platform, SHOP).await;
    let parcel = |number: usize, status: &str| json!({ "parcel_id": number.to_string(), "sent_at": "2025-03-01T10:00:00Z", "status": status, "price": "1.25", "distance": 3 });
    let mut rows: Vec<_> = (0..4).map(|number| parcel(number, "sent")).collect();
    rows.extend(
        INJECTIONS
            .iter()
            .zip(10..)
            .map(|(text, number)| parcel(number, text)),
    );
    write(platform, "parcel", rows).await;
}

/// How often rows were asked for, over all processes of the test.
async fn runs(platform: &Platform) -> f64 {
    let (_, metrics) = platform.json_as(None, Method::GET, "/metrics", None).await;
    let text = metrics.as_str().unwrap_or_default().to_owned();
    let lines = text.lines().filter(|line| {
        line.starts_with("tessera_rpc_calls_total") && line.contains("method=\"ExecuteFragments\"")
    });
    lines
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum()
}

fn draft(formula: &str) -> Value {
    json!({ "draft": { "formula": formula, "entity": "parcel" } })
}

stories! {
    /// Each mistake by its code and its place, from the check and from the calculation alike.
    /// Proves: CALC-04
    async fn mistakes_are_told_with_their_place(platform: &Platform) {
        shop(platform).await;
        let chain = vec!["1"; 10_000].join(" + ");
        let wide = format!("count(parcel where parcel.distance in ({}))", vec!["1"; 20_000].join(", "));
        let nested = format!("{}1{}", "(".repeat(30_000), ")".repeat(30_000));
        let before = runs(platform).await;
        for (formula, code, line, column) in [
            ("summ(parcel.price)", "FORMULA_UNKNOWN_FUNCTION", 1, 1),
            ("1 +\n  regexp_replace(parcel.status)", "FORMULA_UNKNOWN_FUNCTION", 2, 3),
            ("sum(parcel.status)", "FORMULA_WRONG_TYPE", 1, 5),
            ("sum(parcel.price) + sum(parcel.distance)", "FORMULA_WRONG_UNIT", 1, 0),
            ("sum(parcel.weight)", "FORMULA_UNKNOWN_ATTRIBUTE", 1, 0),
            ("count(parcel where parcel.colour = 'red')", "FORMULA_UNKNOWN_ATTRIBUTE", 1, 0),
            ("sum(nothing.price)", "FORMULA_UNKNOWN_ENTITY", 1, 5),
            ("sum(parcel.price) + nothing", "FORMULA_UNKNOWN_METRIC", 1, 21),
            ("sum(parcel.price", "FORMULA_SYNTAX", 1, 17),
            ("start(parcel)", "FORMULA_NO_SNAPSHOT", 1, 7),
            ("sum(sum(parcel.price))", "FORMULA_WRONG_LEVEL", 1, 5),
            ("1; drop table parcel", "FORMULA_SYNTAX", 1, 2),
            (&chain, "FORMULA_TOO_DEEP", 1, 0),
            (&wide, "FORMULA_TOO_MANY_TERMS", 1, 0),
            (&nested, "FORMULA_TOO_DEEP", 1, 0),
        ] {
            let shown: String = formula.chars().take(60).collect();
            let check = post(platform, "/api/v1/calculation/formulas:check", draft(formula)).await;
            let problem = &list(&check["problems"])[0];
            assert_eq!(problem["reason"], code, "{shown}: {problem}");
            assert_eq!(whole(&problem["line"]), line, "{shown}: {problem}");
            assert!(column == 0 || whole(&problem["column"]) == column, "{shown}: {problem}");
            assert!(problem["description"].as_str().is_some_and(|text| !text.is_empty()), "{problem}");

            let (status, refusal) = calculation(platform, &platform.token, draft(formula)).await;
            assert_eq!(status, 400, "{shown}: {refusal}");
            let violations = violations(&refusal);
            let (field, reason, description) = &violations[0];
            assert_eq!((field.as_str(), reason.as_str()), ("draft.formula", code), "{shown}: {refusal}");
            assert!(description.contains(&format!("line {line}, column ")), "{shown}: {description}");
        }
        assert_eq!(runs(platform).await, before, "nothing was run");
    }

    /// A circle of metrics is refused where it would be closed, also by a draft that stands for a metric.
    async fn a_circle_is_refused_before_it_runs(platform: &Platform) {
        shop(platform).await;
        let before = runs(platform).await;
        let body = json!({ "draft": { "formula": "1 + twice", "metric": "postage" } });
        let (status, refusal) = calculation(platform, &platform.token, body).await;
        let found = violations(&refusal);
        assert_eq!((status, found[0].1.as_str()), (400, "FORMULA_METRIC_CYCLE"), "{refusal}");
        assert!(found[0].2.contains("line 1, column 5"), "{refusal}");
        assert_eq!(runs(platform).await, before, "nothing was run");
    }

    /// What is divided by zero has no value and says so; it is no error and no zero.
    async fn division_by_zero_has_no_value(platform: &Platform) {
        shop(platform).await;
        for formula in ["sum(price) / (count(*) - count(*))", "1 / 0", "sum(price) / count(* where status = 'nobody')"] {
            let answer = calculate(platform, draft(formula)).await;
            let value = &answer["rows"][0]["value"];
            assert_eq!(value["missing"], "MISSING_REASON_DIVISION_BY_ZERO", "{formula}: {answer}");
            assert!(value["text"].is_null(), "{formula}: {answer}");
        }
    }

    /// What does not fit the definitions is refused with its field, beside the formula too.
    async fn filters_and_dimensions_must_be_attributes(platform: &Platform) {
        shop(platform).await;
        let before = runs(platform).await;
        let equal = |attribute: &str| json!([{ "attribute": attribute, "operator": "FILTER_OPERATOR_EQUAL", "values": ["x"] }]);
        for (field, value, named) in [
            ("filters", equal("colour"), "colour"),
            ("filters", equal("distance"), "filters[0].values[0]"),
            ("where", json!("colour = 'red'"), "line 1, column 1"),
            ("where", json!("distance"), "line 1"),
            ("dimensions", json!(["colour"]), "colour"),
            ("time_zone", json!("Europe/Nowhere"), "time_zone"),
            ("start", json!("2025-02-30"), "start"),
            ("page_token", json!("made up"), ""),
        ] {
            let mut body = json!({ "metric": "postage" });
            body[field] = value;
            let (status, refusal) = calculation(platform, &platform.token, body).await;
            assert_eq!(status, 400, "{field}: {refusal}");
            assert!(refusal.to_string().contains(named), "{field}: {refusal}");
        }
        let (status, refusal) = calculation(platform, &platform.token, json!({ "metric": "nothing" })).await;
        assert_eq!(status, 404, "{refusal}");
        assert_eq!(runs(platform).await, before, "nothing was run");
    }

    /// SQL in every text of every request is data, or refused; either way it is never run.
    /// Proves: DB-65, DB-38
    async fn sql_in_every_string_is_data(platform: &Platform) {
        shop(platform).await;
        let all = 4 + INJECTIONS.len();
        for text in INJECTIONS {
            let quoted = text.replace('\'', "''");
            let filter = json!([{ "attribute": "status", "operator": "FILTER_OPERATOR_EQUAL", "values": [text] }]);
            // As a value it is found as it was written, by each way of asking.
            let mut body = draft("count(*)");
            body["filters"] = filter.clone();
            assert_eq!(crate::business::value(&calculate(platform, body).await), "1", "{text}");
            let body = draft(&format!("count(* where status = '{quoted}')"));
            assert_eq!(crate::business::value(&calculate(platform, body).await), "1", "{text}");
            let rows = json!({ "entity": "parcel", "attributes": ["status"], "filters": filter });
            assert_eq!(query(platform, &platform.token, rows).await, [[json!(text)]]);

            // Where a name or a condition belongs it is refused.
            for (path, body) in [
                ("/api/v1/calculation/calculate", json!({ "metric": text })),
                ("/api/v1/calculation/calculate", draft(text)),
                ("/api/v1/calculation/calculate", json!({ "metric": "postage", "where": text })),
                ("/api/v1/calculation/calculate", json!({ "metric": "postage", "dimensions": [text] })),
                ("/api/v1/calculation/calculate", json!({ "metric": "postage", "time_zone": text })),
                ("/api/v1/calculation/calculate", json!({ "metric": "postage", "start": text, "end": "2025-01-01" })),
                ("/api/v1/calculation/calculate", json!({ "metric": "postage", "domain": text })),
                ("/api/v1/warehouse/query", json!({ "entity": text })),
                ("/api/v1/warehouse/query", json!({ "entity": "parcel", "measures": [text] })),
                ("/api/v1/warehouse/query", json!({ "entity": "parcel", "attributes": [text] })),
                ("/api/v1/warehouse/query", json!({ "entity": "parcel", "where": text })),
                ("/api/v1/warehouse/query", json!({ "entity": "parcel", "order_by": text })),
                ("/api/v1/warehouse/query", json!({ "entity": "parcel", "measures": ["INSERT INTO parcel VALUES (1)"] })),
                ("/api/v1/warehouse/tables/parcel/records:delete", json!({ "where": text })),
                ("/api/v1/warehouse/tables/parcel/records:update", json!({ "where": text, "values": { "status": "x" } })),
            ] {
                let (status, refusal) = platform.json(Method::POST, path, Some(body.clone())).await;
                assert_eq!(status, 400, "{path} {body}: {refusal}");
                assert!(!reason(&refusal).is_empty(), "{path} {body}: {refusal}");
            }
            let body = json!({ "records": [{ "parcel_id": "99", text: 1 }], "atomic": true });
            let (status, refusal) = platform.json(Method::POST, "/api/v1/warehouse/tables/parcel/records:write", Some(body)).await;
            assert_eq!(status, 400, "{refusal}");
        }
        let rows = query(platform, &platform.token, json!({ "entity": "parcel", "measures": ["count(*)"] })).await;
        assert_eq!(whole(&rows[0][0]), i64::try_from(all).expect("few"), "nothing came or went");
    }
}
