//! What people do to tables by hand, and what the checker makes of it.

use super::house::*;
use crate::Config;
use proto_data::tessera::warehouse::v1::{self, DriftKind, DriftState};
use proto_meaning::tessera::metadata::v1::{DataType, EntityKind};
use testkit::eventually;

async fn with_claims(house: &House) -> String {
    house.define(claim());
    let rows = [
        (
            "'a', '2026-01-31', 'open', 2, 12345",
            Some("2026-01-31T00:00:00Z"),
        ),
        (
            "'b', '2026-02-01', NULL, 3, NULL",
            Some("2026-02-01T00:00:00Z"),
        ),
    ];
    house
        .insert("claim", "claim_id, day, state, parts, amount", &rows)
        .await;
    house.place("claim").await
}

/// Exactly one drift of this kind, found first and then repaired, once each, and listed.
async fn repaired(house: &House, kind: DriftKind) -> v1::Drift {
    let found = house.check(false).await;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(
        (found[0].kind(), found[0].state()),
        (kind, DriftState::Found)
    );
    assert!(found[0].repair_time.is_none());
    let fixed = house.check(true).await;
    assert_eq!(fixed.len(), 1, "{fixed:#?}");
    assert_eq!(
        (fixed[0].kind(), fixed[0].state()),
        (kind, DriftState::Repaired),
        "{fixed:#?}"
    );
    assert_eq!(fixed[0].id, found[0].id, "the same finding");
    assert!(fixed[0].repair_time.is_some() && fixed[0].actor.starts_with("user:"));
    assert_eq!(house.check(true).await, []);
    let listed = house.drifts(DriftState::Repaired).await;
    assert_eq!(listed.first(), fixed.first());
    fixed.into_iter().next().unwrap()
}

/// The name of an index of the claims.
async fn index(house: &House, suffix: &str) -> String {
    let shape = house.shape("claim").await;
    crate::model::table::qualified(shape.schema.as_deref(), &format!("{}_{suffix}", shape.name))
}

testkit::both! {
    /// Proves: DB-51
    async fn a_dropped_column_comes_back(house: House) {
        let table = with_claims(&house).await;
        house.by_hand(&format!("ALTER TABLE {table} DROP COLUMN amount")).await;
        let drift = repaired(&house, DriftKind::MissingColumn).await;
        assert_eq!((drift.entity.as_str(), drift.attribute.as_str()), ("claim", "amount"));
        assert!(drift.loss.contains("2 values"), "{}", drift.loss);
        assert!(drift.sql[0].contains("ADD COLUMN \"amount\""), "{:?}", drift.sql);
        assert_eq!(house.column("claim", "amount").await, [None, None]);
        // A required one too: rows that lost it lack it, and new ones are written as before.
        house.by_hand(&format!("ALTER TABLE {table} DROP COLUMN parts")).await;
        let drift = repaired(&house, DriftKind::MissingColumn).await;
        assert_eq!(drift.attribute, "parts");
        let parts = house.table("claim").await;
        let parts = parts.columns.iter().find(|column| column.attribute == "parts").unwrap();
        assert!(!parts.nullable);
        house.insert("claim", "claim_id, day, parts", &[("'c', '2026-02-02', 1", Some("2026-02-02T00:00:00Z"))]).await;
        assert_eq!(house.check(true).await, []);
    }

    async fn a_dropped_table_comes_back_empty_for_who_accepts_the_loss(house: House) {
        let table = with_claims(&house).await;
        let old = house.shape("claim").await.name;
        house.by_hand(&format!("ALTER TABLE {table} RENAME TO put_aside")).await;
        // Whoever reads gets no empty table, and whoever checks no silent repair.
        let ask = v1::ListRecordsRequest { entity: "claim".into(), ..Default::default() };
        for _ in 0..2 {
            let error = refused(house.admin().list_records(ask.clone()).await);
            assert_eq!(error.reason(), "TABLE_DAMAGED");
            assert!(error.message().contains("accept_loss"), "{error:?}");
        }
        let now = house.table("claim").await;
        assert_eq!((now.state(), now.rows), (v1::TableState::Damaged, 2));
        assert!(now.problems[0].contains("is gone"), "{:?}", now.problems);
        assert_eq!(house.check(true).await[0].state(), DriftState::NeedsAttention);
        let apply = v1::ApplyTableRequest { entity: "claim".into() };
        assert_eq!(refused(house.admin().apply_table(apply).await).reason(), "TABLE_DAMAGED");
        let listed = |state: v1::TableState| {
            let ask = v1::ListTablesRequest { state: state as i32, ..Default::default() };
            let mut client = house.admin();
            async move { client.list_tables(ask).await.unwrap().into_inner().tables.len() }
        };
        assert_eq!((listed(v1::TableState::Damaged).await, listed(v1::TableState::Current).await), (1, 0));
        // Brought back, it is as it was.
        let aside = table.replace(&old, "put_aside");
        house.by_hand(&format!("ALTER TABLE {aside} RENAME TO {}", crate::model::table::quoted(&old))).await;
        assert_eq!(house.check(true).await, []);
        assert_eq!(house.table("claim").await.state(), v1::TableState::Current);
        assert_eq!(house.admin().list_records(ask).await.unwrap().into_inner().records.len(), 2);
        // Lost for good, somebody has to say so.
        house.by_hand(&format!("DROP TABLE {table}")).await;
        assert_eq!(house.check(true).await[0].state(), DriftState::NeedsAttention);
        let drift = house.accept_loss().await.remove(0);
        assert_eq!((drift.kind(), drift.state()), (DriftKind::MissingTable, DriftState::Repaired));
        assert_eq!(drift.loss, "2 rows of the table");
        assert_eq!(house.check(true).await, []);
        let now = house.table("claim").await;
        assert_eq!((now.rows, now.state()), (0, v1::TableState::Current));
        assert!(now.data_version > 1, "whoever keeps results hears of it");
        house.insert("claim", "claim_id, day, parts", &[("'c', '2026-02-02', 1", Some("2026-02-02T00:00:00Z"))]).await;
        assert_eq!(house.check(true).await, []);
    }

    async fn a_dropped_index_comes_back(house: House) {
        with_claims(&house).await;
        for suffix in ["key", "time", "id"] {
            house.by_hand(&format!("DROP INDEX {}", index(&house, suffix).await)).await;
            repaired(&house, DriftKind::MissingIndex).await;
        }
        let again = [("'a', '2026-01-31', 1", Some("2026-01-31T00:00:00Z"))];
        let refused = house.try_insert("claim", "claim_id, day, parts", &again).await;
        assert_eq!(refused.unwrap_err().reason(), "ALREADY_EXISTS");
        // Rows that the index would refuse came in meanwhile.
        house.by_hand(&format!("DROP INDEX {}", index(&house, "key").await)).await;
        house.insert("claim", "claim_id, day, parts", &again).await;
        let found = house.check(true).await;
        assert_eq!((found[0].kind(), found[0].state()), (DriftKind::MissingIndex, DriftState::NeedsAttention));
        assert_eq!(house.check(true).await[0].id, found[0].id, "found once");
        assert_eq!(house.drifts(DriftState::NeedsAttention).await.len(), 1);
        // Somebody puts it right.
        let table = house.place("claim").await;
        house.by_hand(&format!("DELETE FROM {table} WHERE parts = 1")).await;
        house.by_hand(&format!("CREATE UNIQUE INDEX {} ON {table} (claim_id, day)", crate::model::table::quoted(&format!("{}_key", house.shape("claim").await.name)))).await;
        let left = house.check(true).await;
        assert_eq!(left.iter().map(|one| one.kind()).collect::<Vec<_>>(), [DriftKind::WrongCount]);
        assert!(house.drifts(DriftState::NeedsAttention).await.is_empty());
        let by = house.drifts(DriftState::Repaired).await.into_iter().find(|one| one.id == found[0].id).unwrap();
        assert_eq!(by.actor, "somebody");
    }

    async fn rows_by_hand_are_counted(house: House) {
        let table = with_claims(&house).await;
        house.by_hand(&format!("DELETE FROM {table} WHERE claim_id = 'a'")).await;
        let drift = repaired(&house, DriftKind::WrongCount).await;
        assert!(drift.description.contains("counts 1 rows and has 0"), "{}", drift.description);
        let now = house.table("claim").await;
        assert_eq!(now.rows, 1);
        let things = entity("thing", EntityKind::Dimension, vec![key("id", DataType::Integer)]);
        house.define(things);
        house.insert("thing", "id", &[("1", None)]).await;
        house.by_hand(&format!("DELETE FROM {}", house.place("thing").await)).await;
        repaired(&house, DriftKind::WrongCount).await;
        assert_eq!(house.table("thing").await.rows, 0);
    }

    async fn a_column_that_nobody_defined_is_left_alone(house: House) {
        let table = with_claims(&house).await;
        let word = if house.is_postgres() { "text" } else { "TEXT" };
        house.by_hand(&format!("ALTER TABLE {table} ADD COLUMN note {word}")).await;
        house.by_hand(&format!("UPDATE {table} SET note = 'mine'")).await;
        let found = house.check(true).await;
        assert_eq!((found.len(), found[0].kind(), found[0].state()), (1, DriftKind::UnknownColumn, DriftState::NeedsAttention));
        // It comes along where the table is made anew, and its name is not taken.
        let mut wider = claim();
        one(&mut wider, "amount").precision = 12;
        one(&mut wider, "amount").scale = 4;
        wider.attributes.push(attribute("note", DataType::Integer));
        house.define(wider);
        let now = house.table("claim").await;
        assert_eq!(now.state(), v1::TableState::Current);
        assert!(now.columns.iter().any(|column| column.name == "note_2"));
        assert_eq!(house.column("claim", "note").await, [Some("mine".to_owned()), Some("mine".to_owned())]);
        assert_eq!(house.check(true).await.len(), 1);
    }

    async fn a_table_behind_its_definition_follows(house: House) {
        with_claims(&house).await;
        let mut more = claim();
        more.attributes.push(attribute("region", DataType::String));
        house.define(more);
        repaired(&house, DriftKind::BehindDefinition).await;
        let mut wrong = claim();
        one(&mut wrong, "amount").unit = "USD".into();
        house.define(wrong);
        let found = house.check(true).await;
        assert_eq!((found.len(), found[0].state()), (1, DriftState::NeedsAttention));
        assert!(found[0].description.contains("`EUR`"), "{}", found[0].description);
        assert_eq!(house.check(true).await[0].id, found[0].id);
    }

    async fn using_a_table_puts_it_right(house: House) {
        let table = with_claims(&house).await;
        house.by_hand(&format!("DROP TABLE {table}")).await;
        let mut more = claim();
        more.attributes.push(attribute("region", DataType::String));
        house.define(more);
        let now = house.table("claim").await;
        assert_eq!((now.state(), now.entity_version), (v1::TableState::Damaged, 1));
        house.accept_loss().await;
        let now = house.table("claim").await;
        assert_eq!((now.state(), now.entity_version), (v1::TableState::Current, 2));
        // An empty one is made again by whoever meets it.
        let table = house.place("claim").await;
        house.by_hand(&format!("DROP TABLE {table}")).await;
        let ask = v1::ListRecordsRequest { entity: "claim".into(), ..Default::default() };
        assert!(house.admin().list_records(ask).await.unwrap().into_inner().records.is_empty());
        let listed = house.drifts(DriftState::Repaired).await;
        assert_eq!(listed[0].kind(), DriftKind::MissingTable);
        assert_eq!(house.check(true).await, []);
    }

    async fn drifts_page_and_filter(house: House) {
        let table = with_claims(&house).await;
        for column in ["amount", "rate", "fraud"] {
            house.by_hand(&format!("ALTER TABLE {table} DROP COLUMN {column}")).await;
            house.bench.clock().advance(std::time::Duration::from_secs(1));
            house.check(true).await;
        }
        let mut found = Vec::new();
        let mut page_token = String::new();
        loop {
            let ask = v1::ListDriftsRequest { page_size: 2, page_token, entity: "claim".into(), ..Default::default() };
            let page = house.admin().list_drifts(ask).await.unwrap().into_inner();
            found.extend(page.drifts.into_iter().map(|drift| drift.attribute));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(found, ["fraud", "rate", "amount"]);
        let ask = v1::ListDriftsRequest { entity: "other".into(), ..Default::default() };
        assert!(house.admin().list_drifts(ask).await.unwrap().into_inner().drifts.is_empty());
        let mut stranger = Client::new(house.bench.stranger());
        assert!(stranger.list_drifts(v1::ListDriftsRequest::default()).await.unwrap().into_inner().drifts.is_empty());
    }
}

/// What only PostgreSQL lets people do in place.
#[test]
fn types_and_requirements_by_hand() {
    testkit::run(async {
        let house = House::on(testkit::Backend::postgres()).await;
        let table = with_claims(&house).await;
        house
            .by_hand(&format!("ALTER TABLE {table} ALTER COLUMN parts TYPE text"))
            .await;
        let drift = repaired(&house, DriftKind::WrongType).await;
        assert_eq!(drift.attribute, "parts");
        let parts = house.column("claim", "parts").await;
        assert_eq!(parts, [Some("2".to_owned()), Some("3".to_owned())]);

        let table = house.place("claim").await;
        house
            .by_hand(&format!(
                "ALTER TABLE {table} ALTER COLUMN amount TYPE text USING 'some ' || amount"
            ))
            .await;
        let found = house.check(true).await;
        assert_eq!(
            (found[0].kind(), found[0].state()),
            (DriftKind::WrongType, DriftState::NeedsAttention)
        );
        assert!(
            found[0].description.contains("the database refused it"),
            "{}",
            found[0].description
        );
        assert!(
            !found[0].description.contains("some"),
            "no value of a row is told"
        );
        // What the database refuses is no failure of those who read: the table stays as it was.
        let mut wider = claim();
        one(&mut wider, "amount").precision = 12;
        one(&mut wider, "amount").scale = 4;
        house.define(wider);
        let now = house.table("claim").await;
        assert_eq!(now.state(), v1::TableState::Incompatible);
        assert!(
            now.problems[0].contains("the database refused it"),
            "{:?}",
            now.problems
        );
        house.define(claim());
        assert_eq!(house.table("claim").await.state(), v1::TableState::Current);
        let table = house.place("claim").await;
        let amount = house.column("claim", "amount").await;
        assert_eq!(amount[0].as_deref(), Some("some 12345"), "nothing was lost");
        house.by_hand(&format!("ALTER TABLE {table} ALTER COLUMN amount TYPE bigint USING substr(amount, 6)::bigint")).await;
        assert_eq!(house.check(true).await, []);

        house
            .by_hand(&format!(
                "ALTER TABLE {table} ALTER COLUMN parts DROP NOT NULL"
            ))
            .await;
        repaired(&house, DriftKind::WrongNullability).await;
        house
            .by_hand(&format!(
                "ALTER TABLE {table} ALTER COLUMN claim_id DROP NOT NULL"
            ))
            .await;
        repaired(&house, DriftKind::WrongNullability).await;
        house.by_hand(&format!("UPDATE {table} SET rate = 0")).await;
        house
            .by_hand(&format!(
                "ALTER TABLE {table} ALTER COLUMN rate SET NOT NULL"
            ))
            .await;
        repaired(&house, DriftKind::WrongNullability).await;
    });
}

/// A partition taken off its table comes back with its rows; a dropped one without.
#[test]
fn partitions_by_hand() {
    testkit::run(async {
        let house = House::on(testkit::Backend::postgres()).await;
        let table = with_claims(&house).await;
        let part = |month: &str| format!("{}_p{month}\"", table.trim_end_matches('"'));
        house
            .by_hand(&format!(
                "ALTER TABLE {table} DETACH PARTITION {}",
                part("202601")
            ))
            .await;
        let fixed = house.check(true).await;
        assert_eq!(fixed[0].kind(), DriftKind::MissingTable);
        assert!(
            fixed
                .iter()
                .all(|drift| drift.state() == DriftState::Repaired && drift.loss.is_empty()),
            "{fixed:#?}"
        );
        assert_eq!(house.table("claim").await.rows, 2);
        assert_eq!(house.check(true).await, []);
        house
            .by_hand(&format!("DROP TABLE {}", part("202601")))
            .await;
        let ask = v1::ListRecordsRequest {
            entity: "claim".into(),
            ..Default::default()
        };
        // Nobody checked yet, and yet nobody reads less than there was.
        let error = refused(house.admin().list_records(ask.clone()).await);
        assert_eq!(error.reason(), "TABLE_DAMAGED");
        assert!(error.message().contains("_p202601"), "{error:?}");
        for _ in 0..2 {
            let found = house.check(true).await;
            assert_eq!(found.len(), 1, "its count stays, too: {found:#?}");
            assert_eq!(found[0].state(), DriftState::NeedsAttention);
        }
        let fixed = house.accept_loss().await;
        assert_eq!(fixed[0].loss, "1 rows of the partition");
        assert_eq!(house.table("claim").await.rows, 1);
        assert_eq!(house.check(true).await, []);
        house
            .insert(
                "claim",
                "claim_id, day, parts",
                &[("'c', '2026-01-02', 1", Some("2026-01-02T00:00:00Z"))],
            )
            .await;
    });
}

/// What only a table made anew by hand can do on SQLite.
#[test]
fn tables_made_anew_by_hand_on_sqlite() {
    testkit::run(async {
        let house = House::on(testkit::Backend::sqlite()).await;
        let things = entity(
            "thing",
            EntityKind::Dimension,
            vec![
                key("id", DataType::Integer),
                required(attribute("size", DataType::Integer)),
                attribute("note", DataType::String),
            ],
        );
        house.define(things);
        house
            .insert("thing", "id, size, note", &[("1, 7, 'x'", None)])
            .await;
        let shape = house.shape("thing").await;
        let table = shape.qualified();
        for sql in [
            format!("ALTER TABLE {table} RENAME TO old"),
            format!(
                "CREATE TABLE {table} (_id BLOB NOT NULL, _created_at INTEGER NOT NULL, _updated_at INTEGER NOT NULL, \
                 _version INTEGER NOT NULL, _source TEXT, id INTEGER NOT NULL, size TEXT, note TEXT NOT NULL) STRICT"
            ),
            format!("INSERT INTO {table} SELECT * FROM old"),
            "DROP TABLE old".to_owned(),
            format!("CREATE UNIQUE INDEX \"{}_id\" ON {table} (_id)", shape.name),
            format!("CREATE UNIQUE INDEX \"{}_key\" ON {table} (id)", shape.name),
        ] {
            house.by_hand(&sql).await;
        }
        let fixed = house.check(true).await;
        assert_eq!(fixed.len(), 3, "{fixed:#?}");
        assert!(
            fixed
                .iter()
                .all(|drift| drift.state() == DriftState::Repaired),
            "{fixed:#?}"
        );
        assert_eq!(house.column("thing", "size").await, [Some("7".to_owned())]);
        assert_eq!(house.check(true).await, []);
        assert_eq!(house.bench.drift().await, []);
    });
}

fn quick() -> Config {
    Config {
        follow_interval: config::Span::from_millis(10),
        check_interval: config::Span::from_millis(20),
        ..Config::default()
    }
}

/// Nobody asks, and yet entities get tables and damage is repaired.
///
/// Proves: DB-50, DB-51
#[test]
fn the_rounds_do_it_alone() {
    for backend in [testkit::Backend::sqlite(), testkit::Backend::postgres()] {
        testkit::run(async {
            let house = House::with(backend, quick()).await;
            house.define(claim());
            let listed = async || {
                let ask = v1::BatchGetTablesRequest {
                    entities: vec!["claim".into()],
                };
                let found = house
                    .admin()
                    .batch_get_tables(ask)
                    .await
                    .unwrap()
                    .into_inner();
                found.tables.into_iter().next()
            };
            eventually("a table of the new entity", listed).await;
            let table = house.place("claim").await;
            house
                .by_hand(&format!("ALTER TABLE {table} DROP COLUMN amount"))
                .await;
            let drift = eventually("the repair", async || {
                house.drifts(DriftState::Repaired).await.into_iter().next()
            });
            let drift = drift.await;
            assert_eq!(
                (drift.attribute.as_str(), drift.actor.as_str()),
                ("amount", "system:check tables")
            );
            assert!(house.column("claim", "amount").await.is_empty());
            assert_eq!(house.bench.drift().await, []);
            house.ontology.delete(house.bench.tenant(), "claim");
            eventually("the table without an entity", async || {
                listed()
                    .await
                    .filter(|table| table.state() == v1::TableState::Orphaned)
            })
            .await;
            assert!(house.bench.stop().await);
        });
    }
}
