//! Loading rows in bulk for other services, and taking them away again.

use super::{
    house::{Client, House, claim, refused},
    rows::*,
};
use proto_data::tessera::warehouse::v1::{WriteMode::*, *};
use serde_json::{Value as Json, json};
use testkit::both;

fn texts(attribute: &str, texts: Vec<String>) -> ColumnValues {
    ColumnValues {
        attribute: attribute.to_owned(),
        texts,
        ..Default::default()
    }
}

fn integers(attribute: &str, integers: Vec<i64>) -> ColumnValues {
    ColumnValues {
        attribute: attribute.to_owned(),
        integers,
        ..Default::default()
    }
}

/// So many policies of one day, from a number on.
fn policies(rows: i64, from: i64, day: i64) -> LoadRecordsRequest {
    let numbers = from..from + rows;
    let ids = numbers.clone().map(|n| format!("p{n}")).collect();
    let mut premium = integers("premium", numbers.clone().map(|n| n * 100).collect());
    premium.nulls = vec![0];
    LoadRecordsRequest {
        entity: "policy".to_owned(),
        columns: vec![
            texts("policy_id", ids),
            integers("day", vec![day; usize::try_from(rows).unwrap()]),
            texts("status", numbers.map(|_| "Active".to_owned()).collect()),
            premium,
        ],
        mode: Insert as i32,
        request_id: format!("load-{from}-{day}"),
        source: "simulation:1".to_owned(),
        ..Default::default()
    }
}

both! {
    /// Many rows by columns, once; and away again as long as nobody changed them.
    async fn rows_are_loaded_once_and_unloaded(house: House) {
        with_policies(&house).await;
        let mut client = Client::new(house.bench.process_for_admin());
        let ask = policies(12_000, 0, 20_454);
        let answer = client.load_records(ask.clone()).await.unwrap().into_inner();
        assert_eq!(counts(&answer), [12_000, 0, 0, 0]);
        assert!(answer.results.is_empty(), "many successes are not told one by one");
        assert_eq!(client.load_records(ask).await.unwrap().into_inner(), answer);
        let mut admin = house.admin();
        let first = list(&mut admin, "policy", "policy_id = 'p0' or policy_id = 'p11999'", "").await.unwrap();
        assert_eq!(object(first[0].values.as_ref().unwrap()), json!({
            "policy_id": "p0", "day": "2026-01-01", "status": "Active", "premium": null, "region": null, "note": null
        }));
        assert_eq!(object(first[1].values.as_ref().unwrap())["premium"], json!("11999.00"));
        // The same rows under another name: what is there is refused, skipped, or changed.
        let mut again = LoadRecordsRequest { request_id: "again".to_owned(), ..policies(2_000, 11_000, 20_454) };
        let answer = client.load_records(again.clone()).await.unwrap().into_inner();
        assert_eq!((counts(&answer), answer.results.len()), ([1_000, 0, 0, 1_000], 1_000));
        again.request_id = "skip".to_owned();
        again.set_mode(Skip);
        assert_eq!(counts(&client.load_records(again.clone()).await.unwrap().into_inner()), [0, 0, 2_000, 0]);
        again.request_id = "upsert".to_owned();
        again.set_mode(Upsert);
        // Premium 11000 was null only in the first load of it: one row differs.
        assert_eq!(counts(&client.load_records(again).await.unwrap().into_inner()), [0, 1, 1_999, 0]);
        let ask = UnloadRecordsRequest { entity: "policy".to_owned(), source: "simulation:1".to_owned(), ..Default::default() };
        let unloaded = client.unload_records(ask.clone()).await.unwrap().into_inner();
        assert_eq!(unloaded.deleted, 12_999);
        assert_eq!(client.unload_records(ask).await.unwrap().into_inner().deleted, 0);
        assert_eq!(column(&mut admin, "policy", "", "policy_id").await, [json!("p11000")]);
        assert_eq!(house.table("policy").await.rows, 1);
        assert!(house.check(false).await.is_empty());
    }

    /// Each type by columns, and every mistake by its place.
    async fn columns_are_typed(house: House) {
        house.define(claim());
        let mut client = Client::new(house.bench.process());
        let tenant_id = house.bench.tenant().to_string();
        let two = |attribute: &str, a: &str, b: &str| texts(attribute, vec![a.to_owned(), b.to_owned()]);
        let ask = LoadRecordsRequest {
            tenant_id: tenant_id.clone(),
            entity: "claim".to_owned(),
            columns: vec![
                two("claim_id", "a", "b"), two("day", "2026-01-31", "1900-01-01"), integers("parts", vec![i64::MIN, 7]),
                integers("amount", vec![1250, -99]), ColumnValues { attribute: "rate".to_owned(), doubles: vec![0.25, -1e300], ..Default::default() },
                two("fraud", "true", "false"), integers("paid_at", vec![1, -1]), two("details", "{\"a\": 1}", "[]"),
                two("batch", "0190a6e4-7b6c-7c3e-8f3a-2b1d5c9e7f10", "00000000-0000-0000-0000-000000000000"), two("exact", "-1.5", "0"),
            ],
            request_id: "r".to_owned(),
            source: "test".to_owned(),
            ..Default::default()
        };
        assert_eq!(counts(&client.load_records(ask.clone()).await.unwrap().into_inner()), [2, 0, 0, 0]);
        let mut admin = house.admin();
        let rows = list(&mut admin, "claim", "", "").await.unwrap();
        let rows: Vec<Json> = rows.iter().map(|row| object(row.values.as_ref().unwrap())).collect();
        assert_eq!(rows, [
            json!({"claim_id": "a", "day": "2026-01-31", "state": null, "parts": "-9223372036854775808", "amount": "12.50", "rate": 0.25, "fraud": true,
                "paid_at": "1970-01-01T00:00:00.000001Z", "details": {"a": 1.0}, "batch": "0190a6e4-7b6c-7c3e-8f3a-2b1d5c9e7f10", "exact": "-1.5000000000"}),
            json!({"claim_id": "b", "day": "1900-01-01", "state": null, "parts": 7.0, "amount": "-0.99", "rate": -1e300, "fraud": false,
                "paid_at": "1969-12-31T23:59:59.999999Z", "details": [], "batch": "00000000-0000-0000-0000-000000000000", "exact": "0.0000000000"}),
        ]);
        let mut bad = ask.clone();
        bad.request_id = "bad".to_owned();
        bad.columns[1] = two("day", "2026-01-31", "31.01.2026");
        bad.columns[2].integers.pop();
        bad.columns[3] = integers("amount", vec![10_000_000_000, 0]);
        bad.columns.push(two("state", "open", "lost"));
        bad.columns.push(two("nothing", "a", "b"));
        let error = refused(client.load_records(bad.clone()).await);
        let found: Vec<_> = error.violations().iter().map(|v| (v.field.as_str(), v.reason.as_str())).collect();
        assert_eq!(found, [
            ("columns[1].texts[1]", "BAD_FORMAT"), ("columns[2]", "LENGTH"), ("columns[3].integers[0]", "OUT_OF_RANGE"),
            ("columns[10].texts[1]", "NOT_ALLOWED"), ("columns[11].attribute", "UNKNOWN_ATTRIBUTE"),
        ]);
        // Who calls on nobody's behalf names the tenant; who calls for somebody may name no other.
        bad.tenant_id.clear();
        assert_eq!(refused(client.load_records(bad.clone()).await).violations()[0].field, "tenant_id");
        bad.tenant_id = house.bench.other_tenant().to_string();
        let error = refused(Client::new(house.bench.process_for_admin()).load_records(bad.clone()).await);
        assert_eq!(error.violations()[0].reason, "OTHER_TENANT");
        assert!(refused(house.admin().load_records(bad).await).is(&error::reason::INTERNAL_ONLY));
    }
}
