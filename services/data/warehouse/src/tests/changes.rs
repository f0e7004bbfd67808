//! Changing and deleting rows, and commands of several changes.

use super::{
    house::{Client, House, refused},
    rows::*,
};
use crate::reasons;
use proto_data::tessera::warehouse::v1::{
    WriteMode::*, command::Command as What, command_result::Result as Done, *,
};
use serde_json::{Value as Json, json};
use testkit::both;

fn update(condition: &str, new: Json) -> UpdateRecordsRequest {
    UpdateRecordsRequest {
        entity: "policy".to_owned(),
        r#where: condition.to_owned(),
        values: Some(values(new)),
        ..Default::default()
    }
}

fn delete(condition: &str) -> DeleteRecordsRequest {
    DeleteRecordsRequest {
        entity: "policy".to_owned(),
        r#where: condition.to_owned(),
        ..Default::default()
    }
}

async fn three(client: &mut Client) -> Vec<String> {
    let rows = ["p1", "p2", "p3"];
    let rows = rows.map(|id| a_policy(id, "2026-01-01", "North", json!(10)));
    let answer = written(client, "policy", Insert, rows.to_vec()).await;
    answer.results.into_iter().map(|one| one.id).collect()
}

both! {
    /// One row by id, under the version that was read.
    async fn an_etag_guards_one_row(house: House) {
        let mut client = with_policies(&house).await;
        let ids = three(&mut client).await;
        let mut ask = update("", json!({"premium": "20.00"}));
        ask.ids = vec![ids[0].clone()];
        ask.etag = "v1".to_owned();
        assert_eq!(client.update_records(ask.clone()).await.unwrap().into_inner().updated, 1);
        let error = refused(client.update_records(ask.clone()).await);
        assert!(error.is(&error::reason::ETAG_MISMATCH));
        ask.ids = vec![value::Id::new().to_string()];
        assert!(refused(client.update_records(ask.clone()).await).is(&error::reason::NOT_FOUND));
        ask.etag.clear();
        assert_eq!(client.update_records(ask.clone()).await.unwrap().into_inner().updated, 0);
        ask.etag = "v1".to_owned();
        ask.ids = ids.clone();
        assert_eq!(refused(client.update_records(ask).await).violations()[0].reason, "ONE_ID");
        let mut ask = delete("");
        ask.ids = ids[1..].to_vec();
        assert_eq!(client.delete_records(ask).await.unwrap().into_inner().deleted, 2);
        let get = GetRecordRequest { entity: "policy".to_owned(), id: ids[0].clone() };
        let row = client.get_record(get.clone()).await.unwrap().into_inner();
        assert_eq!((row.etag.as_str(), &object(row.values.as_ref().unwrap())["premium"]), ("v2", &json!("20.00")));
        let gone = GetRecordRequest { id: ids[1].clone(), ..get };
        assert!(refused(client.get_record(gone).await).is(&error::reason::NOT_FOUND));
        let batch = BatchGetRecordsRequest { entity: "policy".to_owned(), ids: ids.clone() };
        let batch = client.batch_get_records(batch).await.unwrap().into_inner();
        assert_eq!((batch.records[0].id.clone(), batch.missing_ids), (ids[0].clone(), ids[1..].to_vec()));
    }

    /// Which rows is said by ids or by a condition, never by neither, and what may not change does not.
    async fn changes_say_which_rows_and_what(house: House) {
        let mut client = with_policies(&house).await;
        let ids = three(&mut client).await;
        for (ask, reason) in [
            (update("", json!({"note": "x"})), "ONE_OF"),
            (UpdateRecordsRequest { ids: ids.clone(), ..update("true", json!({"note": "x"})) }, "ONE_OF"),
            (update("true", json!({})), "REQUIRED"),
            (update("true", json!({"policy_id": "x"})), "IMMUTABLE"),
            (update("true", json!({"day": "2026-01-02"})), "IMMUTABLE"),
            (update("true", json!({"status": null})), "REQUIRED"),
            (update("true", json!({"status": "Gone"})), "NOT_ALLOWED"),
            (update("nothing = 1", json!({"note": "x"})), "FORMULA_UNKNOWN_ATTRIBUTE"),
            (update("premium", json!({"note": "x"})), "FORMULA_WRONG_TYPE"),
        ] {
            let error = refused(client.update_records(ask.clone()).await);
            assert_eq!(error.violations()[0].reason, reason, "{ask:?}");
        }
        assert_eq!(refused(client.delete_records(delete(" ")).await).violations()[0].reason, "ONE_OF");
        let answer = client.update_records(update("true", json!({"note": "all", "premium": null}))).await.unwrap().into_inner();
        assert_eq!(answer.updated, 3);
        assert_eq!(column(&mut client, "policy", "premium is null", "note").await, vec![json!("all"); 3]);
        // A repetition changes nothing more.
        let ask = UpdateRecordsRequest { request_id: "u".to_owned(), ..update("true", json!({"note": "again"})) };
        client.update_records(ask.clone()).await.unwrap();
        client.update_records(ask).await.unwrap();
        assert_eq!(list(&mut client, "policy", "", "").await.unwrap()[0].etag, "v3");
        assert_eq!(client.delete_records(delete("true")).await.unwrap().into_inner().deleted, 3);
        assert_eq!(house.table("policy").await.rows, 0);
    }

    /// Proves: DB-37, DB-39. A command whose second change fails changes nothing; one that succeeds tells what each did.
    async fn a_command_is_all_or_nothing(house: House) {
        let mut client = with_policies(&house).await;
        three(&mut client).await;
        let command = |what| Command { command: Some(what) };
        let notes = write("note", Insert, vec![json!({"words": "a"}), json!({"words": "b"})]);
        let good = vec![
            command(What::Write(notes.clone())),
            command(What::Update(update("policy_id = 'p1'", json!({"status": "Lapsed"})))),
            command(What::Delete(delete("policy_id = 'p3'"))),
        ];
        for bad in [
            // A key that is taken, a value of the wrong type, a condition that types to nothing, an entity that is none.
            What::Write(write("policy", Insert, vec![a_policy("p9", "2026-01-01", "x", json!(1)), a_policy("p2", "2026-01-01", "x", json!(1))])),
            What::Write(write("note", Insert, vec![json!({"weight": "heavy"})])),
            What::Update(update("premium", json!({"note": "x"}))),
            What::Delete(DeleteRecordsRequest { entity: "nothing".to_owned(), ..delete("true") }),
        ] {
            let mut commands = good.clone();
            commands.push(command(bad));
            let error = refused(client.execute_command(ExecuteCommandRequest { commands, request_id: String::new() }).await);
            if let Some(violation) = error.violations().first() {
                assert!(violation.field.starts_with("commands[3]."), "{violation:?}");
            }
            assert_eq!(house.table("policy").await.data_version, 1);
            assert!(column(&mut client, "note", "", "words").await.is_empty());
            assert_eq!(column(&mut client, "policy", "status = 'Active'", "policy_id").await.len(), 3);
        }
        let empty = ExecuteCommandRequest { commands: vec![Command { command: None }], request_id: String::new() };
        assert!(refused(client.execute_command(empty).await).is(&error::reason::INVALID_REQUEST));
        let ask = ExecuteCommandRequest { commands: good, request_id: "c1".to_owned() };
        let done = client.execute_command(ask.clone()).await.unwrap().into_inner();
        assert_eq!(done, client.execute_command(ask).await.unwrap().into_inner());
        let results: Vec<_> = done.results.into_iter().map(|one| one.result.unwrap()).collect();
        let [Done::Write(wrote), Done::Update(updated), Done::Delete(deleted)] = results.as_slice() else { panic!("{results:?}") };
        assert_eq!((wrote.inserted, updated.updated, deleted.deleted), (2, 1, 1));
        let table = house.table("policy").await;
        assert_eq!((table.rows, table.data_version), (2, 2), "two changes of one entity are one version");
    }

    /// What a caller may not see is neither read, counted, changed nor deleted, and no change makes such a row.
    async fn row_filters_hold_for_every_change(house: House) {
        let mut client = with_policies(&house).await;
        let mut rows = vec![];
        for (id, region) in [("n1", "North"), ("n2", "North"), ("s1", "South"), ("e1", "East")] {
            rows.push(a_policy(id, "2026-01-01", region, json!(10)));
        }
        let ids: Vec<String> = written(&mut client, "policy", Insert, rows).await.results.into_iter().map(|one| one.id).collect();
        let all = ["warehouse.records.read", "warehouse.records.write"];
        let filters = [("policy", "region = 'North'"), ("policy", "region = 'East' and premium < 100")];
        let mut north = Client::new(house.bench.with_row_filters(&all, &filters));
        assert_eq!(column(&mut north, "policy", "", "policy_id").await, [json!("n1"), json!("n2"), json!("e1")]);
        assert_eq!(column(&mut north, "policy", "region = 'South' or true", "policy_id").await.len(), 3);
        let count = ListRecordsRequest { entity: "policy".to_owned(), page_size: 1, count_total: true, ..Default::default() };
        assert_eq!(north.list_records(count).await.unwrap().into_inner().total_size, 3);
        let south = GetRecordRequest { entity: "policy".to_owned(), id: ids[2].clone() };
        assert!(refused(north.get_record(south).await).is(&error::reason::NOT_FOUND));
        let figures = ExecuteQueryRequest { entity: "policy".to_owned(), measures: vec!["count(*)".to_owned()], ..Default::default() };
        assert_eq!(table(&north.execute_query(figures).await.unwrap().into_inner()), [[json!(3.0)]]);
        // Changes reach what is seen; those that would hide a row are refused.
        let by_id = UpdateRecordsRequest { ids: vec![ids[2].clone()], ..update("", json!({"note": "x"})) };
        assert_eq!(north.update_records(by_id).await.unwrap().into_inner().updated, 0);
        assert_eq!(north.update_records(update("true", json!({"note": "seen"}))).await.unwrap().into_inner().updated, 3);
        for hiding in [json!({"region": "South"}), json!({"region": null}), json!({"region": "East", "premium": 100})] {
            let error = refused(north.update_records(update("policy_id = 'n1'", hiding)).await);
            assert!(error.is(&reasons::ROW_FILTER), "{error:?}");
        }
        assert_eq!(north.update_records(update("policy_id = 'n1'", json!({"region": "East"}))).await.unwrap().into_inner().updated, 1);
        // Inserts and upserts: row by row, and all or nothing.
        let rows = vec![
            a_policy("n3", "2026-01-01", "North", json!(1)),
            a_policy("s3", "2026-01-01", "South", json!(1)),
            a_policy("s1", "2026-01-01", "North", json!(1)),
            a_policy("n2", "2026-01-01", "South", json!(1)),
            json!({"policy_id": "e1", "day": "2026-01-01", "premium": 99}),
        ];
        let answer = written(&mut north, "policy", Upsert, rows.clone()).await;
        assert_eq!(counts(&answer), [1, 1, 0, 3]);
        let hidden = [(1, "ROW_FILTER", ""), (2, "ROW_FILTER", ""), (3, "ROW_FILTER", "")];
        assert_eq!(failures(&answer), hidden);
        let rows = vec![a_policy("n4", "2026-01-01", "North", json!(1)), a_policy("s4", "2026-01-01", "South", json!(1))];
        let answer = written(&mut north, "policy", Insert, rows.clone()).await;
        assert_eq!((counts(&answer), failures(&answer)), ([1, 0, 0, 1], vec![(1, "ROW_FILTER", "")]));
        let mut atomic = write("policy", Insert, vec![a_policy("n5", "2026-01-01", "North", json!(1)), rows[1].clone()]);
        atomic.atomic = true;
        assert!(refused(north.write_records(atomic).await).is(&reasons::ROW_FILTER));
        assert_eq!(north.delete_records(delete("true")).await.unwrap().into_inner().deleted, 5);
        assert_eq!(column(&mut client, "policy", "", "policy_id").await, [json!("s1")]);
        assert_eq!(house.table("policy").await.rows, 1);
        // A filter that fits the entity no more shows nothing, and says so.
        let mut lost = Client::new(house.bench.with_row_filters(&all, &[("policy", "territory = 'North'")]));
        for error in [
            refused(list(&mut lost, "policy", "", "").await),
            refused(lost.delete_records(delete("true")).await),
            refused(lost.write_records(write("policy", Insert, rows)).await),
        ] {
            assert!(error.is(&reasons::ROW_FILTER_INVALID), "{error:?}");
        }
    }
}
