//! Tables as the contract shows them: made, listed, refused to strangers, kept apart from migrations.

use super::house::*;
use crate::{Config, Interval, Warehouse};
use proto::Method;
use proto_data::tessera::warehouse::v1;
use proto_meaning::tessera::metadata::v1::{DataType, EntityKind};
use tonic::Code;

fn methods() -> impl Iterator<Item = &'static Method> {
    let all = proto_data::CONTRACTS.methods.iter();
    all.filter(|method| method.service == "warehouse")
}

testkit::both! {
    /// Proves: DB-50
    async fn a_table_follows_its_entity_and_no_migration(house: House) {
        house.define(claim());
        let table = house.table("claim").await;
        assert_eq!(table.state(), v1::TableState::Current);
        assert_eq!((table.entity_version, table.rows, table.data_version), (1, 0, 0));
        assert_eq!(table.chunk_interval(), v1::ChunkInterval::Month);
        assert_eq!(table.etag, "v1");
        let column = |code: &str| table.columns.iter().find(|column| column.attribute == code).unwrap();
        assert!(column("claim_id").key && !column("claim_id").nullable && column("day").time);
        assert_eq!(column("amount").r#type, "decimal(10, 2)");
        assert_eq!((column("amount").unit.as_str(), column("state").allowed_values.len()), ("EUR", 2));
        assert!(table.name.contains("claim_"), "{}", table.name);

        let place = house.place("claim").await;
        assert!(place.contains("analytics_data"), "{place}");
        assert_eq!(house.number(&format!("SELECT count(*) AS n FROM {place}")).await, 0);
        assert_eq!(house.bench.drift().await, [], "zone 2 is no drift of the migrations");
        let again = house.table("claim").await;
        assert_eq!(again, table);
    }

    async fn every_type_is_stored_as_the_language_reads_it(house: House) {
        house.define(claim());
        house.table("claim").await;
        let real = match house.is_postgres() {
            true => {
                "'c1', '2026-01-05', 'open', 2, 12345, 0.5, true, '2026-01-05T10:00:00Z', '{\"a\": 1}', \
                 '0190a6e4-7b6c-7c3e-8f3a-2b1d5c9e7f10', 12345678901234567890.0123456789"
            }
            false => {
                "'c1', '2026-01-05', 'open', 2, 12345, 0.5, 1, 1767607200000000, '{\"a\": 1}', \
                 x'0190a6e47b6c7c3e8f3a2b1d5c9e7f10', '12345678901234567890.0123456789'"
            }
        };
        let columns = "claim_id, day, state, parts, amount, rate, fraud, paid_at, details, batch, exact";
        house.insert("claim", columns, &[(real, Some("2026-01-05T00:00:00Z"))]).await;
        assert_eq!(house.column("claim", "exact").await, [Some("12345678901234567890.0123456789".to_owned())]);
        let twice = house.try_insert("claim", columns, &[(real, Some("2026-01-05T00:00:00Z"))]).await;
        assert_eq!(twice.unwrap_err().reason(), "ALREADY_EXISTS", "key and time tell rows apart");
    }

    async fn chunks_count_rows(house: House) {
        house.define(claim());
        let rows = [
            ("'a', '2026-01-31', 1", Some("2026-01-31T00:00:00Z")),
            ("'b', '2026-02-01', 1", Some("2026-02-01T00:00:00Z")),
            ("'c', '2026-02-28', 1", Some("2026-02-28T00:00:00Z")),
        ];
        house.insert("claim", "claim_id, day, parts", &rows).await;
        house.insert("claim", "claim_id, day, parts", &[("'d', '0001-01-01', 1", Some("0001-01-01T00:00:00Z"))]).await;
        house.insert("claim", "claim_id, day, parts", &[("'e', '9999-12-31', 1", Some("9999-12-31T00:00:00Z"))]).await;
        let table = house.table("claim").await;
        assert_eq!((table.rows, table.data_version), (5, 3));
        let ask = |page_token: String| v1::ListChunksRequest { entity: "claim".into(), page_size: 3, page_token };
        let first = house.admin().list_chunks(ask(String::new())).await.unwrap().into_inner();
        let rest = house.admin().list_chunks(ask(first.next_page_token)).await.unwrap().into_inner();
        let chunks: Vec<_> = first.chunks.iter().chain(&rest.chunks).collect();
        let rows: Vec<_> = chunks.iter().map(|chunk| (chunk.rows, chunk.data_version)).collect();
        assert_eq!(rows, [(1, 1), (2, 1), (1, 1), (1, 1)]);
        assert_eq!(chunks[1].start_time.unwrap().seconds, 1_769_904_000);
        assert_eq!(chunks[1].end_time.unwrap().seconds, 1_772_323_200);
        assert!(rest.next_page_token.is_empty());
        assert!(house.check(false).await.is_empty(), "counts and partitions are as they should be");

        let things = entity("thing", EntityKind::Dimension, vec![key("id", DataType::Integer)]);
        house.define(things);
        house.insert("thing", "id", &[("1", None), ("2", None)]).await;
        let ask = v1::ListChunksRequest { entity: "thing".into(), ..Default::default() };
        let chunks = house.admin().list_chunks(ask).await.unwrap().into_inner().chunks;
        assert_eq!(chunks.len(), 1);
        assert!(chunks[0].start_time.is_none() && chunks[0].rows == 2);
        assert!(house.check(false).await.is_empty());
    }

    async fn a_table_has_as_many_chunks_as_allowed(house: House) {
        house.define(claim());
        let shape = { house.table("claim").await; house.shape("claim").await };
        let scope = house.bench.scope();
        let outcome = house.bench.db().claim(&scope, move |conn| {
            let mut deltas = crate::model::chunk::Deltas::new(shape.chunk_interval);
            for month in 1..=3 {
                deltas.add(Some(format!("2026-0{month}-01T00:00:00Z").parse().unwrap()), 1);
            }
            crate::store::tables::open_chunks(conn, &shape, 2, &deltas, value::Time::EPOCH)
        });
        assert_eq!(outcome.await.unwrap_err().reason(), "CHUNK_LIMIT");
    }

    async fn lists_page_filter_and_sort(house: House) {
        for code in ["alpha", "beta", "beta_two", "gamma"] {
            house.define(entity(code, EntityKind::Dimension, vec![key("id", DataType::Integer)]));
            house.table(code).await;
        }
        house.insert("beta", "id", &[("1", None), ("2", None)]).await;
        house.insert("gamma", "id", &[("1", None)]).await;
        for (order_by, expected) in [
            ("", ["alpha", "beta", "beta_two", "gamma"]),
            ("entity desc", ["gamma", "beta_two", "beta", "alpha"]),
            ("rows desc", ["beta", "gamma", "beta_two", "alpha"]),
        ] {
            let mut found = Vec::new();
            let mut page_token = String::new();
            loop {
                let ask = v1::ListTablesRequest { page_size: 3, page_token, order_by: order_by.into(), ..Default::default() };
                let page = house.admin().list_tables(ask).await.unwrap().into_inner();
                found.extend(page.tables.into_iter().map(|table| table.entity));
                page_token = page.next_page_token;
                if page_token.is_empty() {
                    break;
                }
            }
            assert_eq!(found, expected, "{order_by}");
        }
        let ask = v1::ListTablesRequest { entity_prefix: "beta".into(), state: v1::TableState::Current as i32, ..Default::default() };
        let found = house.admin().list_tables(ask).await.unwrap().into_inner().tables;
        assert_eq!(found.iter().map(|table| table.entity.as_str()).collect::<Vec<_>>(), ["beta", "beta_two"]);
        let ask = v1::ListTablesRequest { page_token: "AAAA".into(), ..Default::default() };
        assert_eq!(refused(house.admin().list_tables(ask).await).reason(), "INVALID_PAGE_TOKEN");
        let entities = vec!["gamma".to_owned(), "nothing".to_owned(), "alpha".to_owned()];
        let ask = v1::BatchGetTablesRequest { entities };
        let found = house.admin().batch_get_tables(ask).await.unwrap().into_inner();
        assert_eq!(found.tables.iter().map(|table| table.entity.as_str()).collect::<Vec<_>>(), ["gamma", "alpha"]);
        assert_eq!(found.missing_entities, ["nothing"]);
    }

    async fn strangers_have_tables_of_their_own(house: House) {
        house.define(claim());
        house.insert("claim", "claim_id, day, parts", &[("'a', '2026-01-31', 1", Some("2026-01-31T00:00:00Z"))]).await;
        let mut stranger = Client::new(house.bench.stranger());
        let ask = v1::GetTableRequest { entity: "claim".into() };
        assert_eq!(refused(stranger.get_table(ask.clone()).await).reason(), "NOT_FOUND");
        let chunks = v1::ListChunksRequest { entity: "claim".into(), ..Default::default() };
        assert_eq!(refused(stranger.list_chunks(chunks).await).reason(), "NOT_FOUND");
        let none = stranger.list_tables(v1::ListTablesRequest::default()).await.unwrap().into_inner();
        assert!(none.tables.is_empty());
        let check = v1::CheckTablesRequest { repair: true, ..Default::default() };
        assert_eq!(stranger.check_tables(check).await.unwrap().into_inner().checked, 0);

        house.ontology.define(house.bench.other_tenant(), claim());
        let theirs = stranger.get_table(ask).await.unwrap().into_inner();
        let own = house.table("claim").await;
        assert_eq!((theirs.rows, own.rows), (0, 1));
        assert_ne!(theirs.name, own.name);
    }

    async fn every_method_needs_its_permission(house: House) {
        house.define(claim());
        let get = |channel| {
            let ask = v1::GetTableRequest { entity: "claim".into() };
            async move { Client::new(channel).get_table(ask).await.map(drop).map_err(|status| status.code()) }
        };
        assert_eq!(get(house.bench.anonymous()).await, Err(Code::Unauthenticated));
        assert_eq!(get(house.bench.with_permissions(&["warehouse.records.*", "metadata.*"])).await, Err(Code::PermissionDenied));
        assert_eq!(get(house.bench.with_permissions(&["warehouse.tables.read"])).await, Ok(()));
        let mut reader = Client::new(house.bench.with_permissions(&["warehouse.tables.read"]));
        let apply = v1::ApplyTableRequest { entity: "claim".into() };
        assert_eq!(refused(reader.apply_table(apply).await).reason(), "PERMISSION_DENIED");
        let check = v1::CheckTablesRequest::default();
        assert_eq!(refused(reader.check_tables(check).await).reason(), "PERMISSION_DENIED");
        for method in methods().filter(|method| !method.permission.is_empty()) {
            assert!(method.permission.starts_with("warehouse."), "{}", method.path);
        }
    }

    async fn what_is_not_defined_is_not_found(house: House) {
        for code in ["nothing", "sqlite_master"] {
            assert_eq!(refused(house.get(code).await).reason(), "NOT_FOUND");
        }
        for code in ["Claim", "a\"b", "a;drop table tables", ""] {
            assert_eq!(refused(house.get(code).await).reason(), "INVALID_REQUEST");
        }
        let ask = v1::PlanTableRequest { entity: "nothing".into() };
        assert_eq!(refused(house.admin().plan_table(ask).await).reason(), "NOT_FOUND");
    }
}

/// Tables of a tenant whose name for an attribute is a word of SQL.
#[test]
fn codes_may_be_words_of_sql() {
    for backend in [testkit::Backend::sqlite(), testkit::Backend::postgres()] {
        testkit::run(async {
            let config = Config {
                chunk_interval: Interval::Day,
                ..Config::default()
            };
            let house = House::with(backend, config).await;
            house.define(entity(
                "table",
                EntityKind::Event,
                vec![
                    time("order", DataType::Timestamp),
                    attribute("select", DataType::String),
                    attribute("user", DataType::String),
                ],
            ));
            let values = match house.is_postgres() {
                true => "'2026-01-31T12:00:00Z', 'x'",
                false => "1769860800000000, 'x'",
            };
            let rows = [(values, Some("2026-01-31T12:00:00Z"))];
            house.insert("table", "\"order\", \"select\"", &rows).await;
            assert!(house.check(true).await.is_empty());
            assert_eq!(house.table("table").await.rows, 1);
        });
    }
}

#[test]
fn the_service_names_whom_it_calls() {
    use rpc::Service;
    assert_eq!(Warehouse::CALLS, ["metadata"]);
}
