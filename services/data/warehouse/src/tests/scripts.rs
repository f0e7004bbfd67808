//! Schemas as text, run for real.

use super::house::*;
use db::diesel::{Connection, PgConnection, SqliteConnection, connection::SimpleConnection};
use proto_data::tessera::warehouse::v1::{self, SchemaDialect};
use proto_meaning::tessera::metadata::v1::EntityKind;

async fn script(house: &House, entity: &str, dialect: SchemaDialect) -> v1::GenerateSchemaResponse {
    let ask = v1::GenerateSchemaRequest {
        entity: entity.to_owned(),
        dialect: dialect as i32,
    };
    house
        .admin()
        .generate_schema(ask)
        .await
        .unwrap()
        .into_inner()
}

fn postgres() -> PgConnection {
    let (_, url) = config::environment()
        .find(|(name, _)| name == "TESSERA_TEST_POSTGRES_URL")
        .expect("set TESSERA_TEST_POSTGRES_URL");
    PgConnection::establish(&url).unwrap()
}

/// Stands for the extension where it is not installed: takes what create_hypertable takes, and holds a table to its rules.
const STAND_IN: &str = "
    CREATE FUNCTION create_hypertable(relation regclass, time_column_name name, chunk_time_interval interval)
    RETURNS text LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM pg_index WHERE indrelid = relation AND indisunique AND NOT (
            SELECT attnum FROM pg_attribute WHERE attrelid = relation AND attname = time_column_name) = ANY (indkey::int2[])) THEN
            RAISE EXCEPTION 'cannot create a unique index without the column % (used in partitioning)', time_column_name;
        END IF;
        IF (SELECT relkind FROM pg_class WHERE oid = relation) <> 'r' THEN
            RAISE EXCEPTION 'table % is already partitioned', relation;
        END IF;
        RETURN relation::text || ' by ' || time_column_name || ' each ' || chunk_time_interval::text;
    END $$";

/// Proves: META-08
#[test]
fn schemas_run() {
    testkit::run(async {
        let house = House::on(testkit::Backend::sqlite()).await;
        house.define(claim());
        let mut thing = claim();
        (thing.code, thing.kind) = ("thing".to_owned(), EntityKind::Dimension as i32);
        house.define(thing);
        let own = script(&house, "claim", SchemaDialect::Unspecified).await;
        for entity in ["claim", "thing"] {
            let sqlite = script(&house, entity, SchemaDialect::Sqlite).await;
            assert_eq!(sqlite == own, entity == "claim");
            let mut conn = SqliteConnection::establish(":memory:").unwrap();
            conn.batch_execute(&sqlite.sql).unwrap();
            let row = format!(
                "INSERT INTO {} (_id, _created_at, _updated_at, _version, claim_id, day, parts) VALUES (x'00', 0, 0, 1, 'a', '2026-01-01', 1)",
                sqlite.table
            );
            conn.batch_execute(&row).unwrap();
            conn.batch_execute(&row.replace("x'00'", "x'01'"))
                .expect_err("the key is taken");

            for dialect in [SchemaDialect::Postgres, SchemaDialect::Timescaledb] {
                let made = script(&house, entity, dialect).await;
                let row = format!(
                    "INSERT INTO {} (_id, _created_at, _updated_at, _version, claim_id, day, parts) \
                     VALUES ('0190a6e4-7b6c-7c3e-8f3a-2b1d5c9e7f10', now(), now(), 1, 'a', '2026-01-01', 1)",
                    made.table
                );
                // The schema is the script's own: it is taken back with all that is in it.
                let (made, extension) = (made.sql, "CREATE EXTENSION IF NOT EXISTS timescaledb;\n");
                assert_eq!(
                    made.contains(extension),
                    dialect == SchemaDialect::Timescaledb && entity == "claim"
                );
                let mut conn = postgres();
                conn.test_transaction::<_, db::diesel::result::Error, _>(|conn| {
                    conn.batch_execute("CREATE SCHEMA scripts; SET LOCAL search_path TO scripts")?;
                    conn.batch_execute(STAND_IN)?;
                    conn.batch_execute(&made.replace(extension, ""))?;
                    conn.batch_execute(&row)?;
                    conn.transaction(|conn| conn.batch_execute(&row))
                        .expect_err("the key is taken");
                    Ok(())
                });
            }
        }
        let hyper = script(&house, "claim", SchemaDialect::Timescaledb).await;
        assert!(
            hyper
                .sql
                .contains("'day', chunk_time_interval => INTERVAL '1 month'"),
            "{}",
            hyper.sql
        );
        assert!(hyper.table.starts_with("\"analytics_data\".\"claim_"));
    });
}
