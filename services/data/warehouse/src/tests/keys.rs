//! Rows of one key in one request, keys that hidden rows have, sources that go part by part, and tables that others hold on to.

use super::{
    house::{Client, House, attribute, refused},
    rows::*,
};
use crate::reasons;
use proto_data::tessera::warehouse::v1::{WriteMode::*, *};
use proto_meaning::tessera::metadata::v1::DataType;
use serde_json::{Value as Json, json};
use testkit::{Backend, both};

const RECORDS: [&str; 2] = ["warehouse.records.read", "warehouse.records.write"];

both! {
    /// However often a key comes, its row is looked up and written once; each of its rows has its own outcome, in order.
    async fn rows_of_one_key_are_written_once(house: House) {
        let mut client = with_policies(&house).await;
        let one = |id: &str, note: usize| json!({"policy_id": id, "day": "2026-01-01", "status": "Active", "note": note.to_string()});
        let mut rows = vec![
            json!({"policy_id": "a", "day": "2026-01-01", "note": "lacks its status"}),
            one("b", 0),
        ];
        rows.extend((0..4_000).map(|n| one("a", n)));
        rows.push(one("a", 3_999));
        let answer = written(&mut client, "policy", Upsert, rows).await;
        assert_eq!(counts(&answer), [2, 3_999, 1, 1]);
        assert_eq!(failures(&answer), [(0, "REQUIRED", "status")]);
        let answer = written(&mut client, "policy", Upsert, vec![one("d", 8), one("e", 7), one("d", 9), one("d", 9)]).await;
        let outcomes: Vec<_> = answer.results.iter().map(WriteResult::outcome).collect();
        assert_eq!(outcomes, [WriteOutcome::Inserted, WriteOutcome::Inserted, WriteOutcome::Updated, WriteOutcome::Skipped]);
        let id = |at: usize| &answer.results[at].id;
        assert!(id(0) == id(2) && id(0) == id(3) && id(0) != id(1));
        let rows = list(&mut client, "policy", "policy_id = 'a'", "").await.unwrap();
        assert_eq!((rows.len(), rows[0].etag.as_str()), (1, "v1"));
        assert_eq!(object(rows[0].values.as_ref().unwrap())["note"], json!("3999"));
        assert_eq!(house.table("policy").await.rows, 4);
        // What the row must not become in the end is not written at all.
        let place = house.place("policy").await;
        house.by_hand(&format!("CREATE UNIQUE INDEX by_hand ON {place} (note, day)")).await;
        let answer = written(&mut client, "policy", Upsert, vec![one("a", 1), one("c", 2), one("a", 0)]).await;
        assert_eq!(counts(&answer), [1, 0, 0, 2]);
        assert_eq!(failures(&answer), [(0, "ALREADY_EXISTS", ""), (2, "ALREADY_EXISTS", "")]);
        assert_eq!(column(&mut client, "policy", "policy_id = 'a'", "note").await, [json!("3999")]);
    }

    /// Whoever may not see a row is told of its key the same in every mode, and of rows that they see what became of them.
    async fn keys_of_hidden_rows_are_answered_alike(house: House) {
        let mut admin = with_policies(&house).await;
        let rows = vec![a_policy("n", "2026-01-01", "North", json!(1)), a_policy("s", "2026-01-01", "South", json!(1))];
        written(&mut admin, "policy", Insert, rows).await;
        let mut north = Client::new(house.bench.with_row_filters(&RECORDS, &[("policy", "region = 'North'")]));
        for mode in [Insert, Skip, Upsert] {
            let new = format!("new{}", mode as i32);
            let rows = vec![
                a_policy("s", "2026-01-01", "North", json!(1)),
                a_policy("n", "2026-01-01", "North", json!(1)),
                a_policy(&new, "2026-01-01", "North", json!(1)),
                a_policy(&new, "2026-01-02", "South", json!(1)),
            ];
            let answer = written(&mut north, "policy", mode, rows).await;
            let failed = failures(&answer);
            assert!(failed.contains(&(0, "ROW_FILTER", "")) && failed.contains(&(3, "ROW_FILTER", "")), "{mode:?}: {failed:?}");
            let second = answer.results[1].outcome();
            match mode {
                Insert => assert_eq!(failed[1], (1, "ALREADY_EXISTS", "policy_id")),
                _ => assert_eq!(second, WriteOutcome::Skipped),
            }
            assert_eq!(answer.results[2].outcome(), WriteOutcome::Inserted);
        }
        assert_eq!(column(&mut admin, "policy", "policy_id = 's'", "region").await, [json!("South")]);
    }

    /// A source of many rows goes in several transactions, each with its event; nothing of others goes with it.
    async fn a_source_goes_part_by_part(house: House) {
        with_policies(&house).await;
        let mut client = Client::new(house.bench.process_for_admin());
        let ids = |n: i64| ColumnValues { attribute: "policy_id".to_owned(), texts: (0..n).map(|n| format!("p{n}")).collect(), ..Default::default() };
        let days = |n: i64| ColumnValues { attribute: "day".to_owned(), integers: (0..n).map(|n| 20_454 + n % 7 * 20).collect(), ..Default::default() };
        let status = |n: i64| ColumnValues { attribute: "status".to_owned(), texts: (0..n).map(|_| "Active".to_owned()).collect(), ..Default::default() };
        for (source, rows) in [("run:1", 70), ("run:2", 7)] {
            let columns = vec![ids(rows), days(rows), status(rows)];
            let ask = LoadRecordsRequest {
                entity: "policy".to_owned(), columns, mode: Skip as i32, request_id: source.to_owned(), source: source.to_owned(), ..Default::default()
            };
            client.load_records(ask).await.unwrap();
        }
        let before = house.table("policy").await;
        assert_eq!(before.rows, 70);
        let ask = UnloadRecordsRequest { entity: "policy".to_owned(), source: "run:1".to_owned(), ..Default::default() };
        assert_eq!(client.unload_records(ask).await.unwrap().into_inner().deleted, 70);
        let after = house.table("policy").await;
        // Seven days of ten rows, and twenty rows at a time.
        assert_eq!((after.rows, after.data_version - before.data_version), (0, 4));
        assert!(house.check(false).await.is_empty());
    }
}

/// Who reads does not wait for a table to change that somebody else reads for long.
#[test]
fn a_long_question_holds_up_no_others() {
    testkit::run(async {
        let house = House::on(Backend::postgres()).await;
        let mut client = with_policies(&house).await;
        written(
            &mut client,
            "policy",
            Insert,
            vec![a_policy("a", "2026-01-01", "North", json!(1))],
        )
        .await;
        let place = house.place("policy").await;
        let (began, begun) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let ended = std::sync::Mutex::new(ended);
        let (db, scope) = (house.bench.db().clone(), house.bench.scope());
        let long = testkit::tokio::spawn(async move {
            db.read(&scope, move |conn| {
                db::diesel::RunQueryDsl::execute(
                    db::diesel::sql_query(format!("SELECT 1 FROM {place}")),
                    conn,
                )?;
                began.send(()).unwrap();
                ended.lock().unwrap().recv().unwrap();
                Ok(())
            })
            .await
        });
        testkit::tokio::task::spawn_blocking(move || begun.recv())
            .await
            .unwrap()
            .unwrap();
        let mut more = policy();
        more.attributes.push(attribute("channel", DataType::String));
        let version = house.define(more).version;
        let started = std::time::Instant::now();
        for _ in 0..5 {
            assert_eq!(
                column(&mut client, "policy", "", "policy_id").await,
                [json!("a")]
            );
        }
        let ask = ExecuteFragmentsRequest {
            fragments: vec![Fragment {
                entity: "policy".to_owned(),
                entity_version: version,
                measures: vec!["count(*)".to_owned()],
                ..Default::default()
            }],
            ..Default::default()
        };
        let mut inner = Client::new(house.bench.process_for_admin());
        let error = refused(inner.execute_fragments(ask.clone()).await);
        assert!(error.is(&reasons::TABLE_BEHIND), "{error:?}");
        // The lock is waited for up to ten seconds otherwise, by each of them.
        assert!(
            started.elapsed() < std::time::Duration::from_secs(9),
            "{:?}",
            started.elapsed()
        );
        let mut row = a_policy("b", "2026-01-01", "North", json!(1));
        row["channel"] = json!("phone");
        let mut writer = client.clone();
        let write = testkit::tokio::spawn(async move {
            written(&mut writer, "policy", Insert, vec![row]).await
        });
        end.send(()).unwrap();
        // The next try is due.
        house
            .bench
            .clock()
            .advance(std::time::Duration::from_secs(1));
        long.await.unwrap().unwrap();
        assert_eq!(counts(&write.await.unwrap()), [1, 0, 0, 0]);
        let found: Vec<Json> = column(&mut client, "policy", "", "channel").await;
        assert_eq!(found, [Json::Null, json!("phone")]);
        inner.execute_fragments(ask).await.unwrap();
    });
}
