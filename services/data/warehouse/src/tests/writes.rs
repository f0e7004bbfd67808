//! Writing rows: each kind of value, each mode, and what is refused.

use super::{
    house::{House, claim, refused},
    rows::*,
};
use proto_data::tessera::warehouse::v1::{WriteMode::*, *};
use serde_json::{Value as Json, json};
use testkit::both;

both! {
    /// Every type of value comes back as it was written, exactly.
    async fn values_come_back_as_written(house: House) {
        house.define(claim());
        let mut client = house.admin();
        let full = json!({
            "claim_id": "c'1\"; DROP TABLE claim; --", "day": "2026-03-01", "state": "open", "parts": 3,
            "amount": 12.5, "rate": 0.1, "fraud": true, "paid_at": "2026-03-01T12:00:00.000001+01:00",
            "details": {"a": [1, 2.5, null, "é'\u{1F600}"]}, "batch": "0190A6E4-7b6c-7c3e-8f3a-2b1d5c9e7f10",
            "exact": "-12345678901234567890.0123456789",
        });
        let bare = json!({"claim_id": "c2", "day": "1900-01-01", "parts": "-9223372036854775808", "amount": null});
        let answer = written(&mut client, "claim", Insert, vec![full, bare]).await;
        assert_eq!(counts(&answer), [2, 0, 0, 0]);
        let rows = list(&mut client, "claim", "", "").await.unwrap();
        assert_eq!(object(rows[0].values.as_ref().unwrap()), json!({
            "claim_id": "c'1\"; DROP TABLE claim; --", "day": "2026-03-01", "state": "open", "parts": 3.0,
            "amount": "12.50", "rate": 0.1, "fraud": true, "paid_at": "2026-03-01T11:00:00.000001Z",
            "details": {"a": [1.0, 2.5, null, "é'\u{1F600}"]}, "batch": "0190a6e4-7b6c-7c3e-8f3a-2b1d5c9e7f10",
            "exact": "-12345678901234567890.0123456789",
        }));
        let second = object(rows[1].values.as_ref().unwrap());
        assert_eq!(second["parts"], json!("-9223372036854775808"));
        assert_eq!(second["amount"], Json::Null);
        assert_eq!(rows[0].etag, "v1");
        assert!(rows[0].create_time.is_some() && rows[0].create_time == rows[0].update_time);
        let ids: Vec<&str> = answer.results.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, [rows[0].id.as_str(), rows[1].id.as_str()]);
    }

    /// Good rows are written, and each bad one is told with all that is wrong with it.
    async fn bad_rows_are_told_one_by_one(house: House) {
        house.define(claim());
        let mut client = house.admin();
        let rows = vec![
            json!({"claim_id": "a", "day": "2026-03-01", "parts": 1}),
            json!({"claim_id": "b", "day": "2026-02-30", "parts": 0.5, "state": "lost", "amount": 0.1 + 0.2}),
            json!({"day": "2026-03-01", "nothing": 1, "exact": 12345678901234567890.5}),
            json!({"claim_id": "a", "day": "2026-03-01", "parts": 2}),
        ];
        let answer = written(&mut client, "claim", Insert, rows.clone()).await;
        assert_eq!(counts(&answer), [1, 0, 0, 3]);
        assert_eq!(failures(&answer), [
            (1, "INEXACT", "amount"),
            (2, "INEXACT", "exact"),
            (3, "ALREADY_EXISTS", "claim_id"),
        ]);
        let words = &answer.results[1].description;
        for attribute in ["day:", "parts:", "state:", "amount:"] {
            assert!(words.contains(attribute), "{words}");
        }
        assert!(words.contains("send it as text"), "{words}");
        let words = &answer.results[2].description;
        assert!(words.contains("claim_id: must have a value") && words.contains("nothing"), "{words}");
        // All or nothing: the same is a refusal, and nothing is written.
        let mut ask = write("claim", Insert, vec![json!({"claim_id": "z", "day": "2026-03-01", "parts": 1}), rows[1].clone()]);
        ask.atomic = true;
        let error = refused(client.write_records(ask).await);
        assert!(error.is(&error::reason::INVALID_REQUEST), "{error:?}");
        let mut fields: Vec<_> = error.violations().iter().map(|v| v.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["records[1].amount", "records[1].day", "records[1].parts", "records[1].state"]);
        let mut ask = write("claim", Insert, vec![json!({"claim_id": "z", "day": "2026-03-01", "parts": 1}), rows[0].clone()]);
        ask.atomic = true;
        let error = refused(client.write_records(ask).await);
        assert!(error.is(&error::reason::ALREADY_EXISTS), "{error:?}");
        assert_eq!(column(&mut client, "claim", "", "claim_id").await, [json!("a")]);
        assert_eq!(house.table("claim").await.rows, 1);
    }

    /// UPSERT changes what is mentioned, SKIP leaves what is there, and both tell what they did.
    async fn rows_are_known_again_by_key_and_time(house: House) {
        let mut client = with_policies(&house).await;
        let first = a_policy("p1", "2026-01-01", "North", json!(10));
        let other = a_policy("p1", "2026-02-01", "North", json!(11));
        let answer = written(&mut client, "policy", Upsert, vec![first.clone(), other]).await;
        assert_eq!(counts(&answer), [2, 0, 0, 0]);
        let id = answer.results[0].id.clone();
        let rows = vec![
            // Nothing new; a part of the row; a new row that lacks what it needs; twice the same key, in order.
            first.clone(),
            json!({"policy_id": "p1", "day": "2026-02-01", "premium": null}),
            json!({"policy_id": "p9", "day": "2026-02-01", "premium": 1}),
            json!({"policy_id": "p1", "day": "2026-01-01", "note": "first"}),
            json!({"policy_id": "p1", "day": "2026-01-01", "note": "second", "premium": "12.34"}),
        ];
        let answer = written(&mut client, "policy", Upsert, rows).await;
        assert_eq!(counts(&answer), [0, 3, 1, 1]);
        assert_eq!(failures(&answer), [(2, "REQUIRED", "status")]);
        assert_eq!(answer.results[4].id, id);
        let rows = list(&mut client, "policy", "", "day").await.unwrap();
        let row = object(rows[0].values.as_ref().unwrap());
        assert_eq!((&row["note"], &row["premium"], &row["region"]), (&json!("second"), &json!("12.34"), &json!("North")));
        // What one request does to a row is one change of it.
        assert_eq!(rows[0].etag, "v2");
        assert_eq!(object(rows[1].values.as_ref().unwrap())["premium"], Json::Null);
        let answer = written(&mut client, "policy", Skip, vec![first, a_policy("p2", "2026-01-01", "South", json!(1))]).await;
        assert_eq!(counts(&answer), [1, 0, 1, 0]);
        // Without a key no row is known again.
        let error = refused(client.write_records(write("note", Upsert, vec![json!({"words": "x"})])).await);
        assert_eq!(error.violations()[0].reason, "NEEDS_KEY");
        let twice = vec![json!({"words": "x"}), json!({"words": "x"})];
        assert_eq!(counts(&written(&mut client, "note", Insert, twice).await), [2, 0, 0, 0]);
    }

    /// The same request again is answered as the first time and writes nothing; with another body it is refused.
    async fn a_repeated_request_writes_once(house: House) {
        let mut client = with_policies(&house).await;
        let mut ask = write("note", Insert, vec![json!({"words": "once"})]);
        ask.request_id = "r1".to_owned();
        let first = client.write_records(ask.clone()).await.unwrap().into_inner();
        let again = client.write_records(ask.clone()).await.unwrap().into_inner();
        assert_eq!(first, again);
        assert_eq!(column(&mut client, "note", "", "words").await.len(), 1);
        ask.records = vec![values(json!({"words": "other"}))];
        let error = refused(client.write_records(ask).await);
        assert!(error.is(&error::reason::REQUEST_ID_REUSED));
        assert_eq!(events(&house).await.len(), 1);
    }

    /// Counts, versions and the event are of the same transaction as the rows.
    async fn counts_versions_and_events_follow_rows(house: House) {
        let mut client = with_policies(&house).await;
        let rows: Vec<Json> = (0..30).map(|n| a_policy(&format!("p{n}"), if n < 20 { "2026-01-15" } else { "2026-02-15" }, "North", json!(n))).collect();
        written(&mut client, "policy", Insert, rows.clone()).await;
        written(&mut client, "policy", Skip, rows).await;
        let table = house.table("policy").await;
        assert_eq!((table.rows, table.data_version), (30, 1));
        let ask = DeleteRecordsRequest { entity: "policy".to_owned(), r#where: "premium >= 15".to_owned(), ..Default::default() };
        assert_eq!(client.delete_records(ask).await.unwrap().into_inner().deleted, 15);
        let ask = UpdateRecordsRequest { entity: "policy".to_owned(), r#where: "premium < 5".to_owned(), values: Some(values(json!({"note": "n"}))), ..Default::default() };
        assert_eq!(client.update_records(ask).await.unwrap().into_inner().updated, 5);
        let table = house.table("policy").await;
        assert_eq!((table.rows, table.data_version), (15, 3));
        let chunks = client.list_chunks(ListChunksRequest { entity: "policy".to_owned(), ..Default::default() }).await.unwrap().into_inner().chunks;
        let chunks: Vec<_> = chunks.iter().map(|chunk| (chunk.rows, chunk.data_version)).collect();
        assert_eq!(chunks, [(0, 2), (15, 3)]);
        let told: Vec<_> = events(&house).await.into_iter().map(|event| (event.data_version, event.inserted, event.updated, event.deleted)).collect();
        assert_eq!(told, [(1, 30, 0, 0), (2, 0, 0, 15), (3, 0, 5, 0)]);
        let first = &events(&house).await;
        assert!(first.is_empty(), "they are leased");
        assert!(house.check(false).await.is_empty(), "the manifest counts as the database does");
    }

    /// A row that only the database refuses is found among thousands, and the others are written.
    async fn one_row_that_the_database_refuses_is_found(house: House) {
        let mut client = with_policies(&house).await;
        written(&mut client, "note", Insert, vec![json!({"words": "taken"})]).await;
        let place = house.place("note").await;
        house.by_hand(&format!("CREATE UNIQUE INDEX by_hand ON {place} (words)")).await;
        match house.is_postgres() {
            true => house.by_hand(&format!("ALTER TABLE {place} ADD CONSTRAINT by_hand CHECK (count < 4990)")).await,
            false => house.by_hand(&format!("CREATE TRIGGER by_hand BEFORE INSERT ON {place} WHEN NEW.count >= 4990 BEGIN SELECT RAISE(ABORT, 'too many'); END")).await,
        }
        let rows = (0..4_000).map(|n| json!({"words": if n == 2_345 { "taken".to_owned() } else { n.to_string() }, "count": n})).collect();
        let answer = written(&mut client, "note", Insert, rows).await;
        assert_eq!(counts(&answer), [3_999, 0, 0, 1]);
        assert_eq!(failures(&answer), [(2_345, "ALREADY_EXISTS", "")]);
        if house.is_postgres() {
            let rows = (4_980..5_000).map(|n| json!({"words": n.to_string(), "count": n})).collect();
            let answer = written(&mut client, "note", Insert, rows).await;
            assert_eq!(counts(&answer), [10, 0, 0, 10]);
            assert!(failures(&answer).iter().all(|(index, reason, _)| *index >= 10 && *reason == "NOT_ALLOWED"));
        }
    }

    /// Nobody reads or writes without the permission, nor in another tenant.
    async fn strangers_and_the_powerless_are_refused(house: House) {
        let mut client = with_policies(&house).await;
        written(&mut client, "note", Insert, vec![json!({"words": "mine"})]).await;
        let mut stranger = Client::new(house.bench.stranger());
        let error = refused(list(&mut stranger, "note", "", "").await);
        assert!(error.is(&error::reason::NOT_FOUND), "{error:?}");
        let mut reader = Client::new(house.bench.with_permissions(&["warehouse.records.read"]));
        assert_eq!(column(&mut reader, "note", "", "words").await, [json!("mine")]);
        let error = refused(reader.write_records(write("note", Insert, vec![json!({})])).await);
        assert!(error.is(&error::reason::PERMISSION_DENIED));
        let mut other = Client::new(house.bench.with_permissions(&["warehouse.tables.read"]));
        assert!(refused(list(&mut other, "note", "", "").await).is(&error::reason::PERMISSION_DENIED));
    }
}

use super::house::Client;
