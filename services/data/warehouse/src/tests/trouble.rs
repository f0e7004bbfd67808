//! What must not be asked of the database, what it refuses, and what callers with row filters are not told.

use super::{
    house::{Client, House, attribute, claim, decimal, entity, key, one, refused},
    rows::*,
};
use crate::{
    Config,
    model::{ddl, table::qualified},
    reasons,
    store::physical,
};
use db::{
    Failure,
    diesel::result::{DatabaseErrorKind, Error as Sql},
};
use proto_data::tessera::warehouse::v1::{WriteMode::*, *};
use proto_meaning::tessera::metadata::v1::{DataType, EntityKind};
use serde_json::json;

const TABLES: [&str; 3] = [
    "warehouse.records.read",
    "warehouse.records.write",
    "warehouse.tables.*",
];

fn listed(entity: &str) -> ListRecordsRequest {
    ListRecordsRequest {
        entity: entity.to_owned(),
        ..Default::default()
    }
}

/// How many chunks the manifest has of a table.
async fn chunks(house: &House, entity: &str) -> usize {
    let ask = ListChunksRequest {
        entity: entity.to_owned(),
        page_size: 1000,
        ..Default::default()
    };
    let page = house.admin().list_chunks(ask).await.unwrap().into_inner();
    page.chunks.len()
}

testkit::both! {
    async fn a_time_that_no_business_has_opens_nothing(house: House) {
        house.define(claim());
        let mut client = house.admin();
        let row = |id: &str, day: &str| json!({"claim_id": id, "day": day, "parts": 1});
        let days = ["0001-01-01", "1899-12-31", "1900-01-01", "2199-12-31", "2200-01-01", "9999-12-31"];
        let rows: Vec<_> = days.into_iter().map(|day| row(day, day)).collect();
        let answer = written(&mut client, "claim", Insert, rows).await;
        assert_eq!(counts(&answer), [2, 0, 0, 4]);
        let refused = [0, 1, 4, 5].map(|at| (at, "OUT_OF_RANGE", "day"));
        assert_eq!(failures(&answer), refused);
        assert_eq!(chunks(&house, "claim").await, 2);
    }

    /// A change that fails for no fault of the rows is tried once: then reading goes on, and nobody tries in each call.
    async fn a_change_that_fails_is_not_tried_in_every_call(house: House) {
        let defined = house.define(claim());
        let mut client = house.admin();
        let row = |id: &str| json!({"claim_id": id, "day": "2026-01-31", "parts": 1, "amount": "1.25"});
        written(&mut client, "claim", Insert, vec![row("a")]).await;
        // The name that the table would get is taken.
        let shape = house.shape("claim").await;
        let dialect = if house.is_postgres() { ddl::Dialect::Postgres } else { ddl::Dialect::Sqlite };
        let next = ddl::table_name(dialect, shape.tenant, defined.id.parse().unwrap(), "claim", 2);
        let taken = qualified(shape.schema.as_deref(), &next);
        house.by_hand(&format!("CREATE TABLE {taken} (x integer)")).await;
        let mut wider = claim();
        one(&mut wider, "amount").precision = 12;
        one(&mut wider, "amount").scale = 4;
        house.define(wider);
        for _ in 0..2 {
            let rows = client.list_records(listed("claim")).await.unwrap().into_inner().records;
            assert_eq!(object(rows[0].values.as_ref().unwrap())["amount"], json!("1.25"));
        }
        let table = house.table("claim").await;
        assert_eq!((table.state(), table.entity_version), (TableState::Current, 1), "{:?}", table.problems);
        house.by_hand(&format!("DROP TABLE {taken}")).await;
        let error = refused(client.write_records(write("claim", Insert, vec![row("b")])).await);
        assert!(error.is(&reasons::TABLE_BEHIND), "{error:?}");
        let apply = ApplyTableRequest { entity: "claim".to_owned() };
        assert_eq!(client.apply_table(apply).await.unwrap().into_inner().entity_version, 2);
        assert_eq!(counts(&written(&mut client, "claim", Insert, vec![row("b")]).await), [1, 0, 0, 0]);
    }

    /// Texts are compared as they are spelled, so that a key with more digits is spelled anew.
    async fn a_key_of_many_digits_widens(house: House) {
        let gauge = |precision, scale| {
            let mut size = decimal("size", precision, scale);
            (size.primary_key, size.nullable) = (true, false);
            entity("gauge", EntityKind::Dimension, vec![size, attribute("note", DataType::String)])
        };
        house.define(gauge(20, 1));
        let mut client = house.admin();
        let rows = ["12.5", "-0.5", "7", "12345678901234567890"].map(|size| json!({"size": size}));
        let first = written(&mut client, "gauge", Insert, rows[..3].to_vec()).await;
        assert_eq!(counts(&first), [3, 0, 0, 0]);
        for (precision, scale) in [(22, 2), (30, 2), (38, 6)] {
            house.define(gauge(precision, scale));
            let again = written(&mut client, "gauge", Insert, vec![json!({"size": "12.50"}), json!({"size": "-0.5"}), json!({"size": 7})]).await;
            let taken = [0, 1, 2].map(|at| (at, "ALREADY_EXISTS", "size"));
            assert_eq!(failures(&again), taken, "decimal({precision}, {scale})");
            let note = json!({"size": "12.5", "note": format!("scale {scale} of {precision}")});
            assert_eq!(counts(&written(&mut client, "gauge", Upsert, vec![note]).await), [0, 1, 0, 0]);
        }
        assert_eq!(house.table("gauge").await.rows, 3);
        // And from whole numbers, of which none have many digits.
        house.define(entity("meter", EntityKind::Dimension, vec![key("size", DataType::Integer)]));
        written(&mut client, "meter", Insert, vec![json!({"size": -12})]).await;
        for (precision, scale) in [(15, 1), (25, 3)] {
            let mut size = decimal("size", precision, scale);
            (size.primary_key, size.nullable) = (true, false);
            house.define(entity("meter", EntityKind::Dimension, vec![size]));
            let again = written(&mut client, "meter", Insert, vec![json!({"size": -12})]).await;
            assert_eq!(failures(&again), [(0, "ALREADY_EXISTS", "size")]);
        }
    }

    /// Row filters hide how many rows there are, and what the largest of them is.
    async fn numbers_of_hidden_rows_are_not_told(house: House) {
        let mut client = with_policies(&house).await;
        let rows = vec![
            a_policy("n1", "2026-01-01", "North", json!(5)),
            a_policy("s1", "2026-01-01", "South", json!(5)),
            a_policy("s2", "2026-02-01", "South", json!(5)),
        ];
        written(&mut client, "policy", Insert, rows).await;
        let mut north = Client::new(house.bench.with_row_filters(&TABLES, &[("policy", "region = 'North'")]));
        let ask = GetTableRequest { entity: "policy".to_owned() };
        let table = north.get_table(ask).await.unwrap().into_inner();
        assert_eq!((table.rows, table.data_version), (1, 0));
        let all = north.list_tables(ListTablesRequest::default()).await.unwrap().into_inner().tables;
        let batch = BatchGetTablesRequest { entities: vec!["policy".to_owned()] };
        let batch = north.batch_get_tables(batch).await.unwrap().into_inner().tables;
        for table in all.iter().chain(&batch).filter(|table| table.entity == "policy") {
            assert_eq!((table.rows, table.data_version), (0, 0));
        }
        let chunks = ListChunksRequest { entity: "policy".to_owned(), ..Default::default() };
        assert!(refused(north.list_chunks(chunks.clone()).await).is(&reasons::ROW_FILTER));
        let sorted = ListTablesRequest { order_by: "rows".to_owned(), ..Default::default() };
        assert!(refused(north.list_tables(sorted).await).is(&reasons::ROW_FILTER));
        assert_eq!(client.list_chunks(chunks).await.unwrap().into_inner().chunks.len(), 2);
        // Nor by a definition that does not fit.
        let with = |data_type, precision, scale| {
            let mut size = attribute("size", data_type);
            (size.precision, size.scale) = (precision, scale);
            entity("thing", EntityKind::Dimension, vec![key("id", DataType::Integer), size])
        };
        house.define(with(DataType::Integer, 0, 0));
        written(&mut client, "thing", Insert, vec![json!({"id": 1, "size": 987_654})]).await;
        house.define(with(DataType::Decimal, 4, 2));
        let plan = house.plan("thing").await;
        let problem = &plan.changes[0].problem;
        assert!(problem.contains("do not fit") && !problem.contains("987654"), "{problem}");
    }
}

/// Rows that are refused leave no partition, and those that there are count.
#[test]
fn refused_rows_leave_no_chunks() {
    for backend in [testkit::Backend::sqlite(), testkit::Backend::postgres()] {
        testkit::run(async {
            let config = Config {
                max_chunks: 3,
                ..Config::default()
            };
            let house = House::with(backend, config).await;
            let mut client = with_policies(&house).await;
            let filters = [("policy", "region = 'North'")];
            let mut north = Client::new(house.bench.with_row_filters(&TABLES, &filters));
            for mode in [Insert, Upsert] {
                let mut rows: Vec<_> = (1..=3)
                    .map(|at| a_policy("s", &format!("2026-0{at}-01"), "South", json!(1)))
                    .collect();
                rows.push(a_policy("n", "2026-05-01", "North", json!(1)));
                rows.truncate(3 + usize::from(mode == Insert));
                let ask = rows.split_off(1);
                let answer = written(&mut north, "policy", mode, ask).await;
                assert_eq!(counts(&answer)[3], 2, "{mode:?}");
            }
            assert_eq!(chunks(&house, "policy").await, 1);
            let place = house.shape("policy").await;
            if house.is_postgres() {
                let sql = format!(
                    "SELECT count(*) AS n FROM pg_inherits WHERE inhparent = '{}'::regclass",
                    place.qualified()
                );
                assert_eq!(house.number(&sql).await, 1);
            }
            let far = (1..=3)
                .map(|at| a_policy("x", &format!("2025-0{at}-01"), "North", json!(1)))
                .collect();
            let error = refused(client.write_records(write("policy", Insert, far)).await);
            assert!(error.is(&reasons::CHUNK_LIMIT), "{error:?}");
        });
    }
}

/// Only what is in the rows stands against a change; what passes is a failure of the call.
#[test]
fn not_every_refusal_is_about_the_rows() {
    let sql = |kind, text: &str| Sql::DatabaseError(kind, Box::new(text.to_owned()));
    let refusal = |error| physical::refusal::<()>(Err(Failure::Sql(error)));
    for error in [
        sql(DatabaseErrorKind::UniqueViolation, "in any language"),
        sql(DatabaseErrorKind::NotNullViolation, "in any language"),
        sql(
            DatabaseErrorKind::Unknown,
            "invalid input syntax for type bigint: \"x\"",
        ),
        sql(
            DatabaseErrorKind::Unknown,
            "cannot store TEXT value in INTEGER column t.a",
        ),
    ] {
        assert!(matches!(refusal(error), Ok(Err(_))));
    }
    for text in [
        "out of shared memory",
        "canceling statement due to user request",
        "canceling statement due to statement timeout",
        "permission denied for schema analytics_data",
        "disk I/O error",
        "out of memory",
    ] {
        let error = sql(DatabaseErrorKind::Unknown, text);
        assert!(refusal(error).is_err(), "{text}");
    }
    let locks = sql(DatabaseErrorKind::Unknown, "out of shared memory");
    assert!(physical::is_out_of_locks(&locks));
}
