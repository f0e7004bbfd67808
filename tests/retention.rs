//! Lifecycle 1 of a health insurer: from the definition of policies to the retention rate, over JSON and gRPC.

use crate::{
    business::{calculate, get, list, post, query, text, value, whole},
    database,
    platform::{Platform, stories},
};
use proto_numbers::tessera::calculation::v1 as calculation;
use proto_numbers::tessera::calculation::v1::calculation_service_client::CalculationServiceClient;
use reqwest::Method;
use serde_json::{Value, json};
use tonic::Request;

const START: &str = "2025-01-01";
const END: &str = "2025-02-01";

fn metric(code: &str, formula: &str) -> Value {
    json!({
        "code": code, "name": code, "type": "METRIC_TYPE_SET_BASED", "formula": formula,
        "entities": ["policy"], "module": { "valueChain": "story_insurer", "module": "retention" },
        "set": { "member": { "entity": "policy", "attribute": "policy_id" }, "filter": "policy.status = 'Active'" },
    })
}

/// The business defined and a thousand policies generated, of which nine hundred stay and fifty are joined.
async fn insurer(platform: &Platform) {
    let scenario = get(platform, "/api/v1/simulation/scenarios/health_retention").await;
    crate::business::import(platform, &text(&scenario["ontology"])).await;
    let chain = json!({
        "code": "story_insurer", "name": "Insurer", "industry": "health_insurance",
        "modules": [{ "code": "retention", "name": "Retention" }],
    });
    post(platform, "/api/v1/metadata/value-chains", chain).await;
    for (code, formula) in [
        ("stay_rate", "(end - new) / start"),
        ("net_rate", "1 - ((start - end) / start)"),
    ] {
        post(platform, "/api/v1/metadata/metrics", metric(code, formula)).await;
    }
    let parameters = json!({ "start_count": "1000", "end_count": "950", "new_count": "50" });
    let run = json!({
        "scenario": "health_retention", "seed": "7", "start_date": START, "end_date": END,
        "step": "STEP_MONTH", "parameters": parameters,
    });
    let body = json!({ "run": run, "request_id": "lifecycle-1" });
    let run = post(platform, "/api/v1/simulation/runs", body).await;
    let run = crate::simulation::finished(platform, &text(&run["id"])).await;
    assert_eq!(run["state"], "RUN_STATE_SUCCEEDED", "{run}");
}

fn question(metric: &str) -> Value {
    json!({ "metric": metric, "start": START, "end": END, "explain": true })
}

/// One figure of policies on a day, asked of the rows.
async fn figure(platform: &Platform, condition: &str) -> i64 {
    let body = json!({
        "entity": "policy", "measures": ["count_distinct(policy_id)"], "where": condition,
    });
    whole(&query(platform, &platform.token, body).await[0][0])
}

stories! {
    /// The figures of the seed: 1,000 at the start, 950 at the end, 50 of them new, so that 900 of 1,000 stayed.
    /// Proves: SCN-01, SCN-10, SCN-11, SCN-12, SCN-13, SCN-14, CALC-01, CALC-05, CALC-06, SIM-02, SIM-06
    async fn nine_of_ten_stay(platform: &Platform) {
        insurer(platform).await;
        for (path, code) in [("entities", "policy"), ("entities", "member"), ("metrics", "stay_rate"), ("metrics", "net_rate")] {
            let (status, _) = platform.json(Method::GET, &format!("/api/v1/metadata/{path}/by-code/{code}"), None).await;
            assert_eq!(status, 200, "{code}");
        }
        let active = |day: &str| format!("snapshot_date = '{day}' and status = 'Active'");
        assert_eq!(figure(platform, &active(START)).await, 1000);
        assert_eq!(figure(platform, &active(END)).await, 950);
        assert_eq!(figure(platform, &format!("snapshot_date = '{END}' and start_date > '{START}'")).await, 50);

        for (metric, formula, expected) in [
            ("stay_rate", "(end - new) / start", "0.9"),
            ("net_rate", "1 - ((start - end) / start)", "0.95"),
        ] {
            let answer = calculate(platform, question(metric)).await;
            assert_eq!(value(&answer), expected, "{answer}");
            let row = &answer["rows"][0]["value"];
            assert_eq!(row["exactness"], "EXACTNESS_EXACT");
            assert_eq!(row["number"].as_f64(), expected.parse().ok());
            explained(platform, &answer["explanation"], formula).await;
        }

        let mut client = CalculationServiceClient::new(platform.grpc_of("calculation").await);
        let mut request = Request::new(calculation::CalculateRequest {
            metric: "stay_rate".into(), start: START.into(), end: END.into(), ..Default::default()
        });
        let token = format!("Bearer {}", platform.token).parse().expect("a header");
        request.metadata_mut().insert("authorization", token);
        let answer = client.calculate(request).await.expect("it answers").into_inner();
        assert_eq!(answer.rows[0].value.as_ref().and_then(|value| value.text.as_deref()), Some("0.9"));
    }

    /// Grouped by an attribute, the parts make up the whole; another period has no snapshots and no value.
    async fn parts_make_up_the_whole(platform: &Platform) {
        insurer(platform).await;
        let draft = |formula: &str| json!({
            "draft": { "formula": formula, "set": { "entity": "policy", "member": "policy_id", "filter": "policy.status = 'Active'" } },
            "start": START, "end": END,
        });
        for (formula, total) in [("start", 1000), ("end", 950), ("new", 50), ("retained", 900), ("dropped", 100)] {
            let all = calculate(platform, draft(formula)).await;
            assert_eq!(value(&all), total.to_string(), "{formula}");
            let mut grouped = draft(formula);
            grouped["dimensions"] = json!(["region_code"]);
            let grouped = calculate(platform, grouped).await;
            let parts: i64 = list(&grouped["rows"]).iter().map(|row| whole(&row["value"]["text"])).sum();
            assert_eq!(parts, total, "{formula}: {grouped}");
        }
        let before = json!({ "metric": "stay_rate", "start": "1999-01-01", "end": "1999-02-01" });
        let before = calculate(platform, before).await;
        assert!(before["rows"][0]["value"]["text"].is_null(), "{before}");
        let dropped = json!({ "set": "MEMBER_SET_DROPPED", "start": START, "end": END, "page_size": 60 });
        let path = "/api/v1/calculation/metrics/stay_rate/members";
        let page = post(platform, path, dropped.clone()).await;
        assert_eq!((list(&page["members"]).len(), whole(&page["totalSize"])), (60, 100), "{page}");
        let mut next = dropped;
        next["page_token"] = page["nextPageToken"].clone();
        let rest = post(platform, path, next).await;
        assert_eq!(list(&rest["members"]).len(), 40, "{rest}");
    }
}

/// How the answer came about is told whole, and the SQL that is told gives the same figures by hand.
async fn explained(platform: &Platform, explanation: &Value, formula: &str) {
    assert_eq!(explanation["formula"], formula, "{explanation}");
    assert_eq!(
        explanation["route"]["domain"], "story_insurer",
        "{explanation}"
    );
    assert_eq!(
        explanation["route"]["handler"], "set_based",
        "{explanation}"
    );
    let mut figures: Vec<i64> = list(&explanation["measures"])
        .iter()
        .map(|measure| whole(&measure["value"]["text"]))
        .collect();
    figures.sort_unstable();
    let expected: &[i64] = if formula.contains("new") {
        &[50, 950, 1000]
    } else {
        &[950, 1000]
    };
    assert_eq!(figures, expected, "{explanation}");
    let definitions: Vec<_> = list(&explanation["definitions"])
        .iter()
        .map(|used| used["kind"].as_str().unwrap_or_default())
        .collect();
    assert!(definitions.contains(&"entity"), "{explanation}");
    let [source] = list(&explanation["sources"]) else {
        panic!("one source: {explanation}");
    };
    assert_eq!(source["entity"], "policy");
    // Two snapshots' rows were read where they are, and one row of counts came back.
    assert!(whole(&source["rows"]) >= 1950, "{source}");
    assert_eq!(whole(&source["resultRows"]), 1, "{source}");
    let [statement] = list(&source["statements"]) else {
        panic!("one statement: {source}");
    };
    let by_hand = database::rows(platform, &database::filled(platform, statement)).await;
    let by_hand: Vec<_> = by_hand[0].iter().flatten().map(String::as_str).collect();
    assert_eq!(by_hand, ["1000", "950", "900"], "start, end, both");
}
