//! Pages of rows in any order, queries, figures, and where they run.

use super::{
    house::{Client, House, refused},
    rows::*,
};
use crate::{Config, reasons};
use proto_data::tessera::warehouse::v1::{FilterOperator as Op, WriteMode::*, *};
use serde_json::{Value as Json, json};
use testkit::{Backend, both};

fn filter(attribute: &str, operator: Op, operands: Vec<Json>) -> Filter {
    Filter {
        attribute: attribute.to_owned(),
        operator: operator as i32,
        values: operands.into_iter().map(value).collect(),
    }
}

fn query(entity: &str) -> ExecuteQueryRequest {
    ExecuteQueryRequest {
        entity: entity.to_owned(),
        ..Default::default()
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Notes with few different words and numbers, some without.
async fn notes(client: &mut Client) {
    let words = [json!("b"), Json::Null, json!("a"), json!("É"), json!("B")];
    let weights = [json!(1.5), json!(-2), Json::Null];
    let rows = (0..60)
        .map(|n: usize| json!({"words": words[n % 5], "weight": weights[n % 3], "count": n % 4}));
    written(client, "note", Insert, rows.collect()).await;
}

both! {
    /// Pages put together are the whole list, in every order, whatever is null and whichever way each key goes.
    async fn pages_are_the_whole_list_in_order(house: House) {
        let mut client = with_policies(&house).await;
        notes(&mut client).await;
        for order in ["", "words", "words desc", "weight, words desc", "weight desc, count", "count desc, weight, words"] {
            let whole = list(&mut client, "note", "", order).await.unwrap();
            assert_eq!(whole.len(), 60);
            let mut ask = ListRecordsRequest { entity: "note".to_owned(), page_size: 7, order_by: order.to_owned(), count_total: true, ..Default::default() };
            let mut paged = Vec::new();
            loop {
                let page = client.list_records(ask.clone()).await.unwrap().into_inner();
                assert_eq!(page.total_size, 60);
                paged.extend(page.records);
                ask.page_token = page.next_page_token;
                if ask.page_token.is_empty() { break }
            }
            assert_eq!(paged, whole, "{order}");
            if order.starts_with("words") {
                let mut words: Vec<Json> = whole.iter().map(|row| object(row.values.as_ref().unwrap())["words"].clone()).collect();
                words.dedup();
                let mut expected = vec![json!("B"), json!("a"), json!("b"), json!("É"), Json::Null];
                if order.ends_with("desc") { expected.reverse() }
                assert_eq!(words, expected, "by code points, no value last and first");
            }
            let mut other = ask.clone();
            other.page_token = "AQID".to_owned();
            assert!(refused(client.list_records(other).await).is(&error::reason::INVALID_PAGE_TOKEN));
        }
        for order in ["nothing", "words; DROP TABLE note", "words desc nulls first", "words, words"] {
            let error = refused(list(&mut client, "note", "", order).await);
            assert_eq!(error.violations()[0].field, "order_by", "{order}");
        }
        // A key that is too long for a token is looked up again.
        let long = "x".repeat(5_000);
        let rows = (0..3).map(|n| json!({"words": format!("{long}{n}"), "count": 100})).collect();
        written(&mut client, "note", Insert, rows).await;
        let mut ask = ListRecordsRequest { entity: "note".to_owned(), page_size: 1, order_by: "words desc".to_owned(), r#where: "count = 100".to_owned(), ..Default::default() };
        for (n, more) in [(2, true), (1, true), (0, false)] {
            let page = client.list_records(ask.clone()).await.unwrap().into_inner();
            assert_eq!(object(page.records[0].values.as_ref().unwrap())["words"], json!(format!("{long}{n}")));
            assert_eq!(!page.next_page_token.is_empty(), more);
            ask.page_token = page.next_page_token;
        }
        // A page of long texts ends before a message would be too long.
        let megabyte = "y".repeat(1_000_000);
        for n in 0..5 {
            written(&mut client, "note", Insert, vec![json!({"words": format!("{megabyte}{n}"), "count": 200})]).await;
        }
        let mut ask = ListRecordsRequest { entity: "note".to_owned(), page_size: 1000, r#where: "count = 200".to_owned(), ..Default::default() };
        for rows in [3, 2] {
            let page = client.list_records(ask.clone()).await.unwrap().into_inner();
            assert_eq!(page.records.len(), rows);
            ask.page_token = page.next_page_token;
        }
        assert!(ask.page_token.is_empty());
    }

    /// Each operator of typed filters, nulls and all.
    async fn filters_mean_what_they_say(house: House) {
        let mut client = with_policies(&house).await;
        let rows = vec![
            json!({"words": "apple", "weight": 1.5, "count": 1}),
            json!({"words": "Apple pie", "weight": -1, "count": "9007199254740993"}),
            json!({"words": "x' OR '1'='1", "count": 3}),
            json!({"weight": 2}),
        ];
        written(&mut client, "note", Insert, rows).await;
        for (filter, expected) in [
            (filter("words", Op::Equal, vec![json!("apple")]), vec![0]),
            (filter("words", Op::NotEqual, vec![json!("apple")]), vec![1, 2]),
            (filter("words", Op::Less, vec![json!("a")]), vec![1]),
            (filter("weight", Op::GreaterOrEqual, vec![json!(1.5)]), vec![0, 3]),
            (filter("weight", Op::LessOrEqual, vec![json!("1.5")]), vec![0, 1]),
            (filter("count", Op::Equal, vec![json!("9007199254740993")]), vec![1]),
            (filter("count", Op::Greater, vec![json!(1)]), vec![1, 2]),
            (filter("count", Op::In, vec![json!(1), json!(3)]), vec![0, 2]),
            (filter("count", Op::NotIn, vec![json!(1), json!(3)]), vec![1]),
            (filter("count", Op::Between, vec![json!(1), json!(3)]), vec![0, 2]),
            (filter("words", Op::IsNull, vec![]), vec![3]),
            (filter("count", Op::IsNotNull, vec![]), vec![0, 1, 2]),
            (filter("words", Op::StartsWith, vec![json!("App")]), vec![1]),
            (filter("words", Op::Contains, vec![json!("p")]), vec![0, 1]),
            (filter("words", Op::Contains, vec![json!("' OR '")]), vec![2]),
            (filter("words", Op::Contains, vec![json!("%")]), vec![]),
        ] {
            let ask = ExecuteQueryRequest { filters: vec![filter.clone()], attributes: texts(&["words"]), count_total: true, ..query("note") };
            let answer = client.execute_query(ask).await.unwrap().into_inner();
            let all = [json!("apple"), json!("Apple pie"), json!("x' OR '1'='1"), Json::Null];
            let expected: Vec<Vec<Json>> = expected.into_iter().map(|at: usize| vec![all[at].clone()]).collect();
            assert_eq!(table(&answer), expected, "{filter:?}");
            assert_eq!((answer.total_size, answer.ids.len()), (expected.len() as i64, expected.len()));
        }
        let ask = ExecuteQueryRequest {
            filters: vec![
                filter("nothing", Op::Equal, vec![json!(1)]),
                filter("count", Op::Equal, vec![json!("many")]),
                filter("count", Op::Between, vec![json!(1)]),
                filter("weight", Op::Contains, vec![json!("1")]),
            ],
            r#where: "count =".to_owned(),
            order_by: "nothing".to_owned(),
            attributes: texts(&["words", "nothing"]),
            ..query("note")
        };
        let error = refused(client.execute_query(ask).await);
        let fields: Vec<_> = error.violations().iter().map(|v| v.field.as_str()).collect();
        assert_eq!(fields, ["attributes[1]", "order_by", "filters[0].attribute", "filters[1].values[0]", "filters[2].values", "filters[3].operator", "where"]);
        assert!(error.violations()[6].description.starts_with("line 1, column"), "{error:?}");
        for (operand, reason) in [(json!(0.1 + 0.2), "INEXACT"), (Json::Null, "WRONG_TYPE"), (json!([1]), "WRONG_TYPE")] {
            let ask = ExecuteQueryRequest { filters: vec![filter("weight", Op::Equal, vec![operand])], ..query("note") };
            assert_eq!(refused(client.execute_query(ask).await).violations()[0].reason, reason);
        }
    }

    /// Figures over groups, in the metric language, a page at a time.
    async fn figures_are_over_groups(house: House) {
        let mut client = with_policies(&house).await;
        notes(&mut client).await;
        let ask = ExecuteQueryRequest {
            measures: texts(&["count(*)", "sum(count)", "sum(count) / count(*)", "count(* where words = 'a')", "max(words)"]),
            group_by: texts(&["count"]),
            page_size: 3,
            count_total: true,
            explain: true,
            ..query("note")
        };
        let first = client.execute_query(ask.clone()).await.unwrap().into_inner();
        assert_eq!(first.columns, ["count", "count(*)", "sum(count)", "sum(count) / count(*)", "count(* where words = 'a')", "max(words)"]);
        assert_eq!(table(&first), [
            vec![json!(0.0), json!(15.0), json!(0.0), json!(0.0), json!(3.0), json!("É")],
            vec![json!(1.0), json!(15.0), json!(15.0), json!(1.0), json!(3.0), json!("É")],
            vec![json!(2.0), json!(15.0), json!(30.0), json!(2.0), json!(3.0), json!("É")],
        ]);
        assert!(first.sql.contains("GROUP BY") && first.total_size == 4 && first.ids.is_empty());
        let next = ExecuteQueryRequest { page_token: first.next_page_token, ..ask.clone() };
        let next = client.execute_query(next).await.unwrap().into_inner();
        assert_eq!((table(&next)[0][0].clone(), next.next_page_token.as_str()), (json!(3.0), ""));
        let alone = ExecuteQueryRequest { measures: texts(&["sum(count)", "avg(weight)", "sum(count) / 7"]), r#where: "words = 'none'".to_owned(), ..query("note") };
        assert_eq!(table(&client.execute_query(alone).await.unwrap().into_inner()), [vec![Json::Null; 3]]);
        let parts = ExecuteQueryRequest { measures: texts(&["sum(count) / 7"]), ..query("note") };
        assert_eq!(table(&client.execute_query(parts).await.unwrap().into_inner()), [[json!("12.85714285714285714285714285714286")]]);
        for (ask, field) in [
            (ExecuteQueryRequest { group_by: texts(&["count"]), ..query("note") }, "group_by"),
            (ExecuteQueryRequest { attributes: texts(&["count"]), ..ask.clone() }, "attributes"),
            (ExecuteQueryRequest { order_by: "count".to_owned(), ..ask.clone() }, "order_by"),
            (ExecuteQueryRequest { group_by: texts(&["weight"]), ..ask.clone() }, "group_by[0]"),
            (ExecuteQueryRequest { measures: texts(&["count(*)", "sum(words)"]), ..query("note") }, "measures[1]"),
            (ExecuteQueryRequest { measures: texts(&["count(policy)"]), ..query("note") }, "measures[0]"),
            (ExecuteQueryRequest { measures: texts(&["start(policy_id)"]), ..query("policy") }, "measures[0]"),
        ] {
            let error = refused(client.execute_query(ask.clone()).await);
            assert_eq!(error.violations()[0].field, field, "{ask:?}");
        }
        // Numbers that leave 64 bits are a refusal that says so, never a wrong number.
        written(&mut client, "note", Insert, vec![json!({"count": "9223372036854775807"})]).await;
        let error = refused(list(&mut client, "note", "count * 3 > 1", "").await);
        assert!(error.is(&reasons::NUMBER_OVERFLOW), "{error:?}");
    }

    /// Proves: DB-38. What is sent as a query is no command, and a write on the connection that queries use is refused.
    async fn queries_cannot_write(house: House) {
        let mut client = with_policies(&house).await;
        written(&mut client, "note", Insert, vec![json!({"words": "one"})]).await;
        let place = house.place("note").await;
        for text in ["INSERT INTO note VALUES (1)", "true); INSERT INTO note (words) VALUES ('x'); --", "DELETE FROM note"] {
            let ask = ExecuteQueryRequest { r#where: text.to_owned(), ..query("note") };
            assert!(refused(client.execute_query(ask).await).is(&error::reason::INVALID_REQUEST));
            let ask = ExecuteQueryRequest { measures: texts(&[text]), ..query("note") };
            assert!(refused(client.execute_query(ask).await).is(&error::reason::INVALID_REQUEST));
        }
        // The same lane, past the language: the database itself refuses.
        let tables = house.tables();
        for sql in [format!("INSERT INTO {place} SELECT * FROM {place}"), format!("DELETE FROM {place}"), format!("UPDATE {place} SET words = 'x'")] {
            let work = move |conn: &mut db::Conn, _: &[_]| crate::store::statement::rows(conn, crate::store::statement::Lane::Read, &sql, &[]).map(drop);
            let error = tables.read(&house.bench.scope(), vec!["note".to_owned()], work).await.unwrap_err();
            assert!(error.is(&error::reason::INTERNAL), "{error:?}");
        }
        assert_eq!(column(&mut client, "note", "", "words").await, [json!("one")]);
    }

    /// Proves: DB-65. SQL in any place of a request is data or refused, and nothing happens to any table.
    async fn hostile_texts_are_data_or_refused(house: House) {
        let mut client = with_policies(&house).await;
        written(&mut client, "note", Insert, vec![json!({"words": "one"}), json!({"words": "two"})]).await;
        let hostile = [
            "x' OR '1'='1", "'; DROP TABLE note; --", "\"; DROP TABLE note; --", "x') UNION SELECT * FROM tables --",
            "1; DELETE FROM note", "$1", "?1", ":words", "\\'; DROP TABLE note; --", "/* */", "%", "_", "x\u{27}\u{2019}",
            "CHAR(39) || '", "pg_sleep(10)", "$$; DROP TABLE note; $$", "\u{202e}'", "NULL", "words",
        ];
        for text in hostile {
            for operator in [Op::Equal, Op::In, Op::StartsWith, Op::Contains, Op::Less] {
                let ask = ExecuteQueryRequest { filters: vec![filter("words", operator, vec![json!(text)])], ..query("note") };
                let answer = client.execute_query(ask).await.unwrap_or_else(|status| panic!("{text}: {status}")).into_inner();
                assert!(operator == Op::Less || answer.rows.is_empty(), "{text} {operator:?}");
            }
            let error = refused(list(&mut client, "note", text, "").await.and_then(|rows| match text {
                // These are conditions of the language that hold for nothing.
                "NULL" => { assert!(rows.is_empty()); Err(tonic::Status::from(error::Error::invalid_field("where", "X", "x"))) }
                _ => Ok(rows),
            }));
            assert!(error.is(&error::reason::INVALID_REQUEST), "{text}");
            if text != "words" {
                assert!(refused(list(&mut client, "note", "", text).await).is(&error::reason::INVALID_REQUEST), "{text}");
                let ask = ExecuteQueryRequest { group_by: vec![text.to_owned()], measures: texts(&["count(*)"]), ..query("note") };
                assert!(refused(client.execute_query(ask).await).is(&error::reason::INVALID_REQUEST), "{text}");
                let ask = ExecuteQueryRequest { attributes: vec![text.to_owned()], ..query("note") };
                assert!(refused(client.execute_query(ask).await).is(&error::reason::INVALID_REQUEST), "{text}");
                let ask = ExecuteQueryRequest { filters: vec![filter(text, Op::Equal, vec![json!("x")])], ..query("note") };
                assert!(refused(client.execute_query(ask).await).is(&error::reason::INVALID_REQUEST), "{text}");
                let ask = write("note", Insert, vec![json!({text: "x"})]);
                assert_eq!(failures(&client.write_records(ask).await.unwrap().into_inner())[0].1, "UNKNOWN_ATTRIBUTE");
                let error = refused(client.execute_query(query(text)).await);
                assert!(error.is(&error::reason::INVALID_REQUEST), "{text}");
            }
            // As a value it is kept to the letter, found again, and ordered by.
            let answer = written(&mut client, "note", Insert, vec![json!({"words": text, "count": 7})]).await;
            let get = GetRecordRequest { entity: "note".to_owned(), id: answer.results[0].id.clone() };
            let row = client.get_record(get).await.unwrap().into_inner();
            assert_eq!(object(row.values.as_ref().unwrap())["words"], json!(text));
            let ask = UpdateRecordsRequest { entity: "note".to_owned(), ids: vec![row.id.clone()], values: Some(values(json!({"words": format!("{text}{text}")}))), ..Default::default() };
            client.update_records(ask).await.unwrap();
            let ask = DeleteRecordsRequest { entity: "note".to_owned(), ids: vec![row.id], ..Default::default() };
            assert_eq!(client.delete_records(ask).await.unwrap().into_inner().deleted, 1);
        }
        assert_eq!(column(&mut client, "note", "", "words").await, [json!("one"), json!("two")]);
        assert!(house.check(false).await.is_empty());
    }
}

/// Proves: DB-41. Queries and commands run on lanes of their own, as the metrics show.
#[test]
fn lanes_are_counted() {
    let metrics = telemetry::Metrics::install();
    let read = |text: &str, lane: &str| -> u64 {
        let line = format!("tessera_warehouse_statements_total{{lane=\"{lane}\"}} ");
        let found = text.lines().find_map(|own| own.strip_prefix(&line));
        found.map_or(0, |count| count.parse().unwrap())
    };
    testkit::run(async {
        let house = House::on(Backend::sqlite()).await;
        let mut client = with_policies(&house).await;
        written(&mut client, "note", Insert, vec![json!({"words": "x"})]).await;
        let before = metrics.render();
        client.execute_query(query("note")).await.unwrap();
        let after = metrics.render();
        // Other tests of this process may run beside this one: at least these.
        assert!(read(&after, "read") > read(&before, "read"), "{after}");
        let before = metrics.render();
        let commands = vec![Command {
            command: Some(command::Command::Write(write(
                "note",
                Insert,
                vec![json!({})],
            ))),
        }];
        client
            .execute_command(ExecuteCommandRequest {
                commands,
                ..Default::default()
            })
            .await
            .unwrap();
        assert!(read(&metrics.render(), "write") > read(&before, "write"));
    });
}

/// A statement that takes too long ends, and says why.
async fn slow_questions_end(backend: Backend) {
    let config = Config {
        statement_timeout: config::Span::from_millis(1),
        ..Config::default()
    };
    let house = House::with(backend, config).await;
    let mut client = with_policies(&house).await;
    house.table("note").await;
    let place = house.place("note").await;
    let (id, now) = match house.is_postgres() {
        true => ("gen_random_uuid()", "now()"),
        false => ("randomblob(16)", "0"),
    };
    house.by_hand(&format!(
        "INSERT INTO {place} (_id, _created_at, _updated_at, _version, words, count) \
         WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 200000) SELECT {id}, {now}, {now}, 1, 'w' || x, x FROM n"
    )).await;
    let ask = ExecuteQueryRequest {
        measures: texts(&["count_distinct(words)", "median(count)"]),
        r#where: "contains(words, 'no such word') or length(lower(upper(words))) > 0".to_owned(),
        ..query("note")
    };
    let error = refused(client.execute_query(ask).await);
    assert!(error.is(&reasons::STATEMENT_TIMEOUT), "{error:?}");
}

#[test]
fn slow_questions_end_on_sqlite() {
    testkit::run(slow_questions_end(Backend::sqlite()));
}

#[test]
fn slow_questions_end_on_postgres() {
    testkit::run(slow_questions_end(Backend::postgres()));
}
