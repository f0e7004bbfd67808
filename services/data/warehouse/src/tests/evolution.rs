//! Tables with rows in place, while their definitions change.

use super::house::*;
use proto_data::tessera::warehouse::v1;
use proto_meaning::tessera::metadata::v1::{DataType, Entity, EntityKind};

/// Two claims in two months; `amount` is 123.45 and nothing, `parts` 2 and -7.
async fn with_claims(house: &House) -> Entity {
    let claim = house.define(claim());
    let rows = [
        (
            "'a', '2026-01-31', 'open', 2, 12345",
            Some("2026-01-31T00:00:00Z"),
        ),
        (
            "'b', '1969-12-31', NULL, -7, NULL",
            Some("1969-12-31T00:00:00Z"),
        ),
    ];
    house
        .insert("claim", "claim_id, day, state, parts, amount", &rows)
        .await;
    claim
}

fn texts(values: &[&str]) -> Vec<Option<String>> {
    values
        .iter()
        .map(|text| (!text.is_empty()).then(|| (*text).to_owned()))
        .collect()
}

/// The entity with one attribute changed.
fn changed(
    mut entity: Entity,
    code: &str,
    change: impl Fn(&mut proto_meaning::tessera::metadata::v1::Attribute),
) -> Entity {
    change(one(&mut entity, code));
    entity
}

/// The table follows, as the plan said before, and is what its description says.
async fn follows(house: &House, entity: Entity) -> v1::Table {
    let code = entity.code.clone();
    let entity = house.define(entity);
    let plan = house.plan(&code).await;
    assert!(plan.compatible, "{plan:?}");
    assert!(
        plan.changes
            .iter()
            .all(|change| change.kind() != v1::SchemaChangeKind::Incompatible)
    );
    let rows = house.shape(&code).await.rows;
    let table = house.table(&code).await;
    assert_eq!(
        table.state(),
        v1::TableState::Current,
        "{:?}",
        table.problems
    );
    assert_eq!(table.entity_version, entity.version);
    assert_eq!(table.rows, rows);
    let plan = house.plan(&code).await;
    assert!(plan.changes.is_empty(), "{plan:?}");
    assert_eq!(house.check(false).await, []);
    table
}

/// The table cannot follow: it stays as it was and says why.
async fn stays(house: &House, entity: Entity, why: &str) {
    let code = entity.code.clone();
    let before = house.table(&code).await;
    house.define(entity);
    let plan = house.plan(&code).await;
    assert!(!plan.compatible);
    let table = house.table(&code).await;
    assert_eq!(table.state(), v1::TableState::Incompatible);
    assert!(
        table.problems.iter().any(|problem| problem.contains(why)),
        "{:?}",
        table.problems
    );
    assert_eq!(table.entity_version, before.entity_version);
    assert_eq!(table.columns, before.columns);
    assert_eq!(table.rows, before.rows);
}

testkit::both! {
    async fn names_change_nothing(house: House) {
        let mut claim = with_claims(&house).await;
        let before = house.table("claim").await;
        claim.name = "Schaden".to_owned();
        one(&mut claim, "state").description = "where it stands".to_owned();
        let after = follows(&house, claim).await;
        assert_eq!((after.name, after.columns), (before.name, before.columns));
    }

    async fn attributes_come_and_go_and_come_back(house: House) {
        let claim = with_claims(&house).await;
        let mut more = claim.clone();
        more.attributes.push(required(attribute("region", DataType::String)));
        more.attributes.push(attribute("score", DataType::Double));
        let table = follows(&house, more.clone()).await;
        let region = table.columns.iter().find(|column| column.attribute == "region").unwrap();
        assert!(!region.nullable, "new rows need it");
        assert_eq!(house.column("claim", "region").await, texts(&["", ""]));
        house.insert("claim", "claim_id, day, parts, region", &[("'c', '2026-02-01', 1, 'North'", Some("2026-02-01T00:00:00Z"))]).await;

        // Dropped: a required one too, whose values are kept, and new rows need none.
        let mut less = more.clone();
        less.attributes.retain(|one| !["region", "parts"].contains(&one.code.as_str()));
        let table = follows(&house, less.clone()).await;
        let hidden: Vec<_> = table.columns.iter().filter(|column| column.drop_time.is_some()).collect();
        assert_eq!(hidden.len(), 2);
        house.insert("claim", "claim_id, day", &[("'d', '2026-03-01'", Some("2026-03-01T00:00:00Z"))]).await;
        assert_eq!(house.column("claim", "region").await, texts(&["", "", "North", ""]));

        let table = follows(&house, more.clone()).await;
        assert!(table.columns.iter().all(|column| column.drop_time.is_none()));
        assert_eq!(house.column("claim", "parts").await, texts(&["2", "-7", "1", ""]));

        // Of another type beside what it was; and back again.
        follows(&house, less.clone()).await;
        follows(&house, changed(more.clone(), "region", |region| region.r#type = DataType::Uuid as i32)).await;
        assert_eq!(house.column("claim", "region_2").await, texts(&["", "", "", ""]));
        follows(&house, less).await;
        follows(&house, more).await;
        assert_eq!(house.column("claim", "region").await, texts(&["", "", "North", ""]));
    }

    async fn integers_widen(house: House) {
        let claim = with_claims(&house).await;
        let decimal = |precision, scale| changed(claim.clone(), "parts", move |parts| {
            (parts.r#type, parts.precision, parts.scale) = (DataType::Decimal as i32, precision, scale);
        });
        let before = house.table("claim").await;
        let table = follows(&house, decimal(12, 0)).await;
        assert_eq!(table.name, before.name, "the same numbers");
        let table = follows(&house, decimal(15, 3)).await;
        assert_ne!(table.name, before.name, "the rows moved");
        assert_eq!(house.column("claim", "parts").await, texts(&["2000", "-7000"]));
        assert_eq!(house.column("claim", "claim_id").await, texts(&["a", "b"]));
        follows(&house, decimal(30, 3)).await;
        assert_eq!(house.column("claim", "parts").await, texts(&["2.000", "-7.000"]));
        follows(&house, decimal(38, 4)).await;
        stays(&house, decimal(12, 4), "does not hold every value").await;
    }

    /// A month whose rows are all gone has room for new ones also where the table was made anew meanwhile.
    async fn an_empty_month_takes_rows_after_rows_moved(house: House) {
        let claim = with_claims(&house).await;
        let ask = v1::DeleteRecordsRequest { entity: "claim".into(), r#where: "claim_id = 'b'".into(), ..Default::default() };
        assert_eq!(house.admin().delete_records(ask).await.unwrap().into_inner().deleted, 1);
        let before = house.table("claim").await;
        let wide = changed(claim, "parts", |parts| (parts.r#type, parts.precision, parts.scale) = (DataType::Decimal as i32, 15, 3));
        let table = follows(&house, wide).await;
        assert_ne!(table.name, before.name, "the rows moved");
        house.insert("claim", "claim_id, day, parts", &[("'c', '1969-12-30', 1", Some("1969-12-30T00:00:00Z"))]).await;
        assert_eq!(house.column("claim", "claim_id").await, texts(&["a", "c"]));
        assert_eq!(house.check(false).await, []);
    }

    async fn integers_become_doubles_where_all_are_exact(house: House) {
        let claim = with_claims(&house).await;
        let double = changed(claim.clone(), "parts", |parts| parts.r#type = DataType::Double as i32);
        house.insert("claim", "claim_id, day, parts", &[("'c', '2026-01-01', 9007199254740993", Some("2026-01-01T00:00:00Z"))]).await;
        stays(&house, double.clone(), "exactly").await;
        // What stands against it goes away, and it follows when asked again.
        let table = house.place("claim").await;
        house.by_hand(&format!("UPDATE {table} SET parts = 9007199254740992 WHERE claim_id = 'c'")).await;
        let ask = v1::ApplyTableRequest { entity: "claim".into() };
        let table = house.admin().apply_table(ask).await.unwrap().into_inner();
        assert_eq!(table.state(), v1::TableState::Current);
        let place = house.place("claim").await;
        assert_eq!(house.number(&format!("SELECT count(*) AS n FROM {place} WHERE parts = 2.0 OR parts = -7.0")).await, 2);
        stays(&house, claim, "does not hold every value").await;
    }

    async fn decimals_widen_and_never_narrow(house: House) {
        let claim = with_claims(&house).await;
        let decimal = |precision, scale| changed(claim.clone(), "amount", move |amount| {
            (amount.precision, amount.scale) = (precision, scale);
        });
        follows(&house, decimal(18, 4)).await;
        assert_eq!(house.column("claim", "amount").await, texts(&["1234500", ""]));
        stays(&house, decimal(18, 3), "does not hold every value").await;
        follows(&house, decimal(20, 4)).await;
        assert_eq!(house.column("claim", "amount").await, texts(&["123.4500", ""]));
    }

    async fn days_become_instants(house: House) {
        let claim = with_claims(&house).await;
        let instant = changed(claim.clone(), "day", |day| day.r#type = DataType::Timestamp as i32);
        follows(&house, instant).await;
        let place = house.place("claim").await;
        let sql = match house.is_postgres() {
            true => format!("SELECT (extract(epoch FROM day)::bigint)::text AS text FROM {place} ORDER BY _id"),
            false => format!("SELECT CAST(day / 1000000 AS TEXT) AS text FROM {place} ORDER BY _id"),
        };
        assert_eq!(house.texts(&sql).await, texts(&["1769817600", "-86400"]));
        // The chunks are those they were, and take new rows.
        let at = match house.is_postgres() {
            true => "'c', '2026-01-31T23:59:59.999999Z', 1",
            false => "'c', 1769903999999999, 1",
        };
        house.insert("claim", "claim_id, day, parts", &[(at, Some("2026-01-31T23:59:59.999999Z"))]).await;
        assert_eq!(house.check(false).await, []);
        stays(&house, claim, "does not hold every value").await;
    }

    async fn rules_widen(house: House) {
        let claim = with_claims(&house).await;
        let loose = changed(claim.clone(), "parts", |parts| parts.nullable = true);
        follows(&house, loose.clone()).await;
        house.insert("claim", "claim_id, day", &[("'c', '2026-01-01'", Some("2026-01-01T00:00:00Z"))]).await;
        let table = follows(&house, claim.clone()).await;
        let parts = table.columns.iter().find(|column| column.attribute == "parts").unwrap();
        assert!(!parts.nullable, "of new rows");
        follows(&house, changed(claim.clone(), "state", |state| state.allowed_values.push("lost".into()))).await;
        follows(&house, changed(claim.clone(), "state", |state| state.allowed_values = vec!["open".into()])).await;
        stays(&house, changed(claim.clone(), "state", |state| state.allowed_values = vec!["paid".into()]), "would not be allowed").await;
        follows(&house, changed(claim, "state", |state| state.allowed_values.clear())).await;
    }

    async fn what_cannot_be_followed_is_taken_back(house: House) {
        let claim = with_claims(&house).await;
        stays(&house, changed(claim.clone(), "amount", |amount| amount.unit = "USD".into()), "`EUR`").await;
        stays(&house, changed(claim.clone(), "parts", |parts| parts.primary_key = true), "told apart").await;
        stays(&house, changed(claim.clone(), "state", |state| state.r#type = DataType::Boolean as i32), "does not hold").await;
        let mut other = claim.clone();
        other.kind = EntityKind::Dimension as i32;
        stays(&house, other, "cut in time").await;
        let mut other = claim.clone();
        other.attributes.retain(|one| one.code != "day");
        other.attributes.push(time("paid_on", DataType::Date));
        stays(&house, other, "told apart").await;
        follows(&house, claim).await;
    }

    async fn without_rows_everything_goes(house: House) {
        let mut claim = house.define(claim());
        house.table("claim").await;
        one(&mut claim, "amount").unit = "USD".into();
        follows(&house, claim.clone()).await;
        one(&mut claim, "parts").primary_key = true;
        follows(&house, claim.clone()).await;
        one(&mut claim, "state").r#type = DataType::Boolean as i32;
        one(&mut claim, "state").allowed_values.clear();
        follows(&house, claim.clone()).await;
        claim.kind = EntityKind::Dimension as i32;
        let table = follows(&house, claim.clone()).await;
        assert_eq!(table.chunk_interval(), v1::ChunkInterval::Unspecified);
        house.insert("claim", "claim_id, day, parts, state", &[(if house.is_postgres() { "'a', '2026-01-01', 1, true" } else { "'a', '2026-01-01', 1, 1" }, None)]).await;
        assert_eq!(house.check(false).await, []);
    }

    async fn a_deleted_entity_keeps_its_rows(house: House) {
        let mut claim = with_claims(&house).await;
        let tenant = house.bench.tenant();
        house.ontology.delete(tenant, "claim");
        let table = house.table("claim").await;
        assert_eq!((table.state(), table.rows), (v1::TableState::Orphaned, 2));
        let ask = v1::PlanTableRequest { entity: "claim".into() };
        assert_eq!(refused(house.admin().plan_table(ask).await).reason(), "TABLE_ORPHANED");
        // Another with the same code is another table.
        let other = crate::tests::house::claim();
        house.define(other);
        let fresh = house.table("claim").await;
        assert_eq!((fresh.state(), fresh.rows), (v1::TableState::Current, 0));
        house.ontology.delete(tenant, "claim");
        house.table("claim").await;
        // The first comes back, with its rows.
        claim.version += 1;
        house.define(claim);
        let back = house.table("claim").await;
        assert_eq!((back.state(), back.rows), (v1::TableState::Current, 2));
        assert_eq!(house.column("claim", "claim_id").await, texts(&["a", "b"]));
    }

    async fn a_change_is_announced(house: House) {
        use prost::Message;
        let mut claim = with_claims(&house).await;
        claim.attributes.push(attribute("region", DataType::String));
        house.define(claim);
        house.table("claim").await;
        let scope = auth::Scope::system_all("test");
        let events = house.bench.db().claim(&scope, |conn| {
            db::outbox::claim_batch(conn, value::Time::EPOCH, std::time::Duration::from_secs(1), 10)
        });
        let events = events.await.unwrap();
        let told: Vec<_> = events.iter().filter(|event| event.topic == "tessera.warehouse.v1.TableChanged").collect();
        assert_eq!(told.len(), 2);
        let event = v1::TableChanged::decode(told[1].payload.as_slice()).unwrap();
        assert_eq!((event.entity.as_str(), event.entity_version), ("claim", 2));
        assert!(event.changes[0].contains("region") && event.actor.starts_with("user:"));
        assert_eq!((told[0].version, told[1].version), (1, 2));
    }
}
