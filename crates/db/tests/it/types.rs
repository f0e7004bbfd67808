//! The value types as columns, and the statements that need both dialects.

use db::diesel::{self, prelude::*, upsert::excluded};
use db::expr::JsonMethods;
use value::{Decimal, Id, Time};

use crate::support::*;

both! {
    /// Proves: DB-10, DB-11, DB-12
    async fn values_round_trip_and_filter(bench) {
        let mut rows = vec![thing(bench.tenant, "a"), thing(bench.tenant, "b")];
        rows[1].amount = "0.8700".parse().unwrap();
        rows[1].doc = value::Json(serde_json::json!({"kind": "valve"}));
        rows[1].state = State::Done;
        rows[1].created_at = Time::MIN;
        rows[1].updated_at = Time::MAX;
        let sent = rows.clone();
        bench.db.write(&bench.scope(), move |c| insert(c, &sent)).await.unwrap();
        let read: Vec<Thing> = bench.db
            .read(&bench.scope(), |c| Ok(thing::table.order(thing::name.asc()).load(c)?))
            .await
            .unwrap();
        assert_eq!(read, rows);
        assert_eq!(read[1].amount.to_string(), "0.8700");

        let (pumps, done, early) = bench.db
            .read(&bench.scope(), |c| {
                let pumps: Vec<String> = thing::table
                    .filter(thing::doc.text_at("kind").eq("pump"))
                    .select(thing::name)
                    .load(c)?;
                let done: i64 = thing::table.filter(thing::state.eq(State::Done)).count().get_result(c)?;
                let early: Option<Time> =
                    thing::table.select(diesel::dsl::min(thing::created_at)).get_result(c)?;
                Ok((pumps, done, early))
            })
            .await
            .unwrap();
        assert_eq!((pumps, done, early), (vec!["a".to_owned()], 1, Some(Time::MIN)));
        let unknown = State::parse_field("thing.state", "lost").unwrap_err();
        assert_eq!(unknown.kind(), error::Kind::InvalidArgument);
    }
}

both! {
    /// Proves: DB-11
    async fn decimals_sum_exactly(bench) {
        let rows: Vec<Thing> = (0..10)
            .map(|n| Thing { amount: "0.1".parse().unwrap(), ..thing(bench.tenant, &n.to_string()) })
            .collect();
        let sum: Option<Decimal> = bench.db
            .write(&bench.scope(), move |c| {
                insert(c, &rows)?;
                Ok(thing::table.select(db::decimal_sum(thing::amount)).get_result(c)?)
            })
            .await
            .unwrap();
        assert_eq!(sum, Some(Decimal::from(1)));
    }
}

both! {
    async fn inserts_go_over_the_bind_limit(bench) {
        let rows: Vec<Thing> = (0..7000).map(|n| thing(bench.tenant, &n.to_string())).collect();
        let (count, none) = bench.db
            .write(&bench.scope(), move |c| Ok((insert(c, &rows)?, insert(c, &[])?)))
            .await
            .unwrap();
        assert_eq!((count, none), (7000, 0));
    }
}

both! {
    async fn an_upsert_changes_what_exists(bench) {
        let row = thing(bench.tenant, "a");
        let mut again = row.clone();
        again.hits = 5;
        let hits: i64 = bench.db
            .write(&bench.scope(), move |c| {
                insert(c, std::slice::from_ref(&row))?;
                db::upsert!(c, thing::table, [again.clone()], on = thing::id,
                    set = (thing::hits.eq(thing::hits + excluded(thing::hits)), thing::version.eq(thing::version + 1)))?;
                db::upsert!(c, thing::table, [again.clone()], on = thing::id,
                    set = thing::hits.eq(99), filter = thing::version.eq(1))?;
                Ok(thing::table.select(thing::hits).get_result(c)?)
            })
            .await
            .unwrap();
        assert_eq!(hits, 5);
    }
}

both! {
    async fn violations_become_errors_of_ours(bench) {
        use db::OrElse;
        use error::reason;
        let scope = bench.scope();
        let tenant = bench.tenant;
        bench.db.write(&scope, move |c| insert(c, &[thing(tenant, "a")])).await.unwrap();
        let twice = bench.db.write(&scope, move |c| insert(c, &[thing(tenant, "a")])).await.unwrap_err();
        assert!(twice.is(&reason::ALREADY_EXISTS), "{twice:?}");
        let named = bench.db
            .write(&scope, move |c| {
                insert(c, &[thing(tenant, "a")])
                    .on_unique(|| error::Error::invalid_field("thing.name", "TAKEN", "taken"))
            })
            .await
            .unwrap_err();
        assert!(named.is(&reason::INVALID_REQUEST));
        let orphan = bench.db
            .write(&scope, |c| {
                Ok(diesel::insert_into(part::table)
                    .values((part::id.eq(Id::new()), part::thing_id.eq(Id::new())))
                    .execute(c)?)
            })
            .await
            .unwrap_err();
        assert_eq!(orphan.kind(), error::Kind::FailedPrecondition, "{orphan:?}");
        let checked = bench.db
            .write(&scope, move |c| Ok(diesel::update(thing::table).set(thing::state.eq("lost")).execute(c)?))
            .await
            .unwrap_err();
        assert_eq!(checked.kind(), error::Kind::InvalidArgument);
        let missing = bench.db
            .read(&scope, |c| Ok(thing::table.find(Id::new()).first::<Thing>(c)?))
            .await
            .unwrap_err();
        assert!(missing.is(&reason::NOT_FOUND));
    }
}
