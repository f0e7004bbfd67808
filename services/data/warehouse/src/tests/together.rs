//! Writers, readers and changing definitions at the same time, in two processes over one database.

use super::house::*;
use crate::{
    model::{
        chunk::Deltas,
        table::{TableShape, column_of_t, quoted},
    },
    store::{
        Tables,
        tables::{open_chunks, record_change},
    },
};
use auth::Scope;
use db::{
    Conn, Failure,
    diesel::{
        QueryableByName, RunQueryDsl, sql_query,
        sql_types::{BigInt, Nullable},
    },
};
use error::{Error, Kind};
use formula::DataType;
use proto_meaning::tessera::metadata::v1;
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, Ordering},
};
use value::{Id, Time};

/// Writes a row whose amount is 1.25, as the table stores it now.
async fn write(tables: &Tables, scope: &Scope, number: i64) -> Result<(), Error> {
    let work = move |conn: &mut Conn, shapes: &[Arc<TableShape>]| -> Result<(), Failure> {
        let shape = &shapes[0];
        let moment: Time = format!("2026-{:02}-05T00:00:00Z", number % 6 + 1)
            .parse()
            .unwrap();
        let mut deltas = Deltas::new(shape.chunk_interval);
        deltas.add(Some(moment), 1);
        open_chunks(conn, shape, 100, &deltas, Time::EPOCH)?;
        let id = Id::new().as_uuid().simple().to_string();
        let day = shape.time_column().unwrap();
        let (id, time, day) = match (conn.is_postgres(), day.data_type) {
            (true, _) => (
                format!("'{id}'"),
                "'1970-01-01'".to_owned(),
                format!("'{moment}'"),
            ),
            (false, DataType::Date) => (
                format!("x'{id}'"),
                "0".to_owned(),
                format!("'{}'", &moment.to_string()[..10]),
            ),
            (false, _) => (
                format!("x'{id}'"),
                "0".to_owned(),
                moment.micros().to_string(),
            ),
        };
        let amount = shape.column("amount").unwrap();
        let value = 125 * 10_i64.pow(u32::from(amount.data_type.scale()) - 2);
        let parts = match shape.column("parts") {
            Some(parts) => (format!(", {}", quoted(&parts.name)), ", 1".to_owned()),
            None => Default::default(),
        };
        let sql = format!(
            "INSERT INTO {} (_id, _created_at, _updated_at, _version, claim_id, day, {}{}) \
             VALUES ({id}, {time}, {time}, 1, 'c{number}', {day}, {value}{})",
            shape.qualified(),
            quoted(&amount.name),
            parts.0,
            parts.1
        );
        sql_query(sql).execute(conn)?;
        record_change(conn, shape, &deltas, Time::EPOCH)?;
        Ok(())
    };
    tables.write(scope, vec!["claim".to_owned()], work).await
}

#[derive(QueryableByName)]
struct Seen {
    #[diesel(sql_type = BigInt)]
    n: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    low: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    high: Option<i64>,
}

/// Reads rows that must be exactly those that are counted, each with 1.25.
async fn read(tables: &Tables, scope: &Scope) -> Result<i64, Error> {
    let work = |conn: &mut Conn, shapes: &[Arc<TableShape>]| -> Result<i64, Failure> {
        let shape = &shapes[0];
        let amount = shape.column("amount").unwrap();
        let c = column_of_t(&amount.name);
        let sql = format!(
            "SELECT count(*) AS n, min({c}) AS low, max({c}) AS high FROM {} AS t",
            shape.qualified()
        );
        let seen: Seen = sql_query(sql).get_result(conn)?;
        assert_eq!(
            seen.n, shape.rows,
            "the snapshot has the rows that are counted"
        );
        let value = 125 * 10_i64.pow(u32::from(amount.data_type.scale()) - 2);
        for bound in [seen.low, seen.high].into_iter().flatten() {
            assert_eq!(bound, value, "at the scale that the shape says");
        }
        Ok(seen.n)
    };
    tables.read(scope, vec!["claim".to_owned()], work).await
}

/// The steps of the definition: wider, less, more, back again.
fn steps() -> Vec<v1::Entity> {
    let mut wider = claim();
    one(&mut wider, "amount").precision = 14;
    one(&mut wider, "amount").scale = 4;
    let mut less = wider.clone();
    less.attributes.retain(|one| one.code != "parts");
    let mut more = less.clone();
    more.attributes
        .push(attribute("region", v1::DataType::String));
    one(&mut more, "day").r#type = v1::DataType::Timestamp as i32;
    let mut back = more.clone();
    back.attributes
        .push(required(attribute("parts", v1::DataType::Integer)));
    one(&mut back, "amount").precision = 18;
    one(&mut back, "amount").scale = 6;
    vec![wider, less, more, back]
}

testkit::both! {
    async fn tables_change_while_others_read_and_write(house: House) {
        house.define(claim());
        let (done, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicI64::new(0)));
        let processes = [house.tables(), house.tables()];
        let mut work = Vec::new();
        for worker in 0..4_i64 {
            let tables = processes[usize::try_from(worker % 2).unwrap()].clone();
            let (done, written, scope) = (done.clone(), written.clone(), house.bench.scope());
            work.push(tokio::spawn(async move {
                let mut number = worker * 1_000_000;
                while !done.load(Ordering::Relaxed) {
                    number += 1;
                    let outcome = match worker {
                        0 | 1 => write(&tables, &scope, number).await.map(|()| {
                            written.fetch_add(1, Ordering::Relaxed);
                        }),
                        _ => read(&tables, &scope).await.map(drop),
                    };
                    // Who keeps meeting changes is told to come again, and nothing else.
                    if let Err(error) = outcome {
                        assert!(matches!(error.kind(), Kind::Aborted | Kind::Unavailable), "{error:?}");
                    }
                }
            }));
        }
        for step in steps() {
            let before = written.load(Ordering::Relaxed);
            testkit::eventually("writers", async || (written.load(Ordering::Relaxed) > before + 10).then_some(())).await;
            house.define(step);
            // Both processes and the service itself follow at once.
            let scope = house.bench.scope();
            let (a, b) = (processes[0].clone(), processes[1].clone());
            let (a, b, c) = tokio::join!(
                a.ready_for_write(&scope, &["claim"]),
                b.ready_for_write(&scope, &["claim"]),
                house.get("claim"),
            );
            assert_eq!(a.unwrap()[0].version, b.unwrap()[0].version);
            c.unwrap();
        }
        let before = written.load(Ordering::Relaxed);
        testkit::eventually("writers", async || (written.load(Ordering::Relaxed) > before + 10).then_some(())).await;
        done.store(true, Ordering::Relaxed);
        for work in work {
            work.await.unwrap();
        }
        let table = house.table("claim").await;
        assert_eq!(table.rows, written.load(Ordering::Relaxed), "no row was lost or doubled");
        assert_eq!(read(&processes[0], &house.bench.scope()).await.unwrap(), table.rows);
        assert_eq!(table.columns.iter().find(|column| column.attribute == "amount").unwrap().r#type, "decimal(18, 6)");
        assert_eq!(house.check(true).await, Vec::<warehouse::Drift>::new());
        let ask = warehouse::ListChunksRequest { entity: "claim".into(), ..Default::default() };
        let chunks = house.admin().list_chunks(ask).await.unwrap().into_inner().chunks;
        assert_eq!(chunks.iter().map(|chunk| chunk.rows).sum::<i64>(), table.rows);
    }

    async fn everybody_makes_a_table_at_once(house: House) {
        house.define(claim());
        let mut work = Vec::new();
        for number in 0..12 {
            let (tables, scope) = (house.tables(), house.bench.scope());
            work.push(tokio::spawn(async move { write(&tables, &scope, number).await }));
        }
        for work in work {
            work.await.unwrap().unwrap();
        }
        assert_eq!(house.table("claim").await.rows, 12);
        assert_eq!(house.check(true).await, Vec::<warehouse::Drift>::new());
    }

    async fn an_incompatible_table_is_read_and_not_written(house: House) {
        let tables = house.tables();
        let scope = house.bench.scope();
        house.define(claim());
        write(&tables, &scope, 1).await.unwrap();
        let mut wrong = claim();
        one(&mut wrong, "amount").unit = "USD".into();
        house.define(wrong);
        let error = write(&tables, &scope, 2).await.unwrap_err();
        assert_eq!((error.kind(), error.reason()), (Kind::FailedPrecondition, "TABLE_INCOMPATIBLE"));
        assert!(error.message().contains("`EUR`"), "{error:?}");
        assert_eq!(read(&tables, &scope).await.unwrap(), 1);
        house.ontology.delete(house.bench.tenant(), "claim");
        for error in [write(&tables, &scope, 3).await.unwrap_err(), read(&tables, &scope).await.unwrap_err()] {
            assert_eq!(error.reason(), "TABLE_ORPHANED");
        }
        house.define(claim());
        assert_eq!(read(&tables, &scope).await.unwrap(), 0, "another entity of that name");
        let twice = tables.ready_for_read(&scope, &["claim", "claim"]).await.unwrap();
        assert_eq!(twice[0], twice[1], "nothing is asked for twice");
        let error = tables.ready_for_read(&scope, &["claim", "nothing"]).await.unwrap_err();
        assert_eq!(error.reason(), "NOT_FOUND");
    }

    async fn damage_is_mended_where_it_is_met(house: House) {
        let tables = house.tables();
        let scope = house.bench.scope();
        house.define(claim());
        for number in 0..3 {
            write(&tables, &scope, number).await.unwrap();
        }
        let place = house.place("claim").await;
        house.by_hand(&format!("ALTER TABLE {place} DROP COLUMN amount")).await;
        assert_eq!(read(&tables, &scope).await.unwrap(), 3);
        // What had rows is never made again by whoever reads or writes.
        house.by_hand(&format!("DROP TABLE {place}")).await;
        for error in [write(&tables, &scope, 7).await.unwrap_err(), read(&tables, &scope).await.unwrap_err()] {
            assert_eq!(error.reason(), "TABLE_DAMAGED");
            assert!(error.message().contains("is gone"), "{error:?}");
        }
        house.accept_loss().await;
        write(&tables, &scope, 7).await.unwrap();
        assert_eq!(read(&tables, &scope).await.unwrap(), 1);
        assert_eq!(house.drifts(warehouse::DriftState::Repaired).await.len(), 2);
    }
}

/// The contract's own messages, beside those of `metadata`.
mod warehouse {
    pub(super) use proto_data::tessera::warehouse::v1::*;
}
