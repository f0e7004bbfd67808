//! Pieces of work in one transaction: each fails alone, belongs to something of its own, and is noted in the inbox.

use std::sync::Arc;

use db::diesel::{connection::Connection, prelude::*};
use db::{Failure, inbox, origin, outbox};
use value::Id;

use crate::support::*;

struct From(&'static str);

impl origin::Origin for From {
    fn correlation(&self) -> Option<String> {
        Some(self.0.to_owned())
    }
}

both! {
    async fn a_piece_that_fails_takes_nothing_with_it(bench) {
        let tenant = bench.tenant;
        let names = ["first", "twice", "refused", "panics", "nested", "last"];
        let scope = bench.scope();
        let told = bench.db.write(&scope, move |c| {
            let outcomes = c.each(names, |c, name| {
                let row = thing(tenant, name);
                insert(c, std::slice::from_ref(&row))?;
                match name {
                    // A statement that fails would end a whole transaction on PostgreSQL.
                    "twice" => insert(c, std::slice::from_ref(&row)).map(drop),
                    "refused" => Err(error::Error::not_found("thing", name).into()),
                    "panics" => c.transaction(|c| c.transaction(|_| -> Result<(), Failure> { panic!("as planned") })),
                    "nested" => {
                        let inner = thing(tenant, "inner");
                        let gone = c.transaction(|c| {
                            insert(c, std::slice::from_ref(&inner))?;
                            Err::<(), Failure>(error::Error::internal("not this").into())
                        });
                        assert!(gone.is_err());
                        Ok(())
                    }
                    _ => Ok(()),
                }
            })?;
            Ok(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>())
        });
        assert_eq!(told.await.unwrap(), [true, false, false, false, true, true]);
        let there: Vec<String> = bench.db.read(&bench.scope(), |c| {
            Ok(thing::table.order(thing::id).select(thing::name).load(c)?)
        }).await.unwrap();
        assert_eq!(there, ["first", "nested", "last"]);
    }
}

both! {
    async fn what_stands_against_all_of_it_leaves_nothing(bench) {
        let tenant = bench.tenant;
        let scope = bench.scope();
        let failed = bench.db.write(&scope, move |c| {
            let outcomes = c.each(["one", "two"], |c, name| {
                insert(c, &[thing(tenant, name)])?;
                if name == "two" { Err(Failure::Exhausted) } else { Ok(()) }
            })?;
            Ok(outcomes.len())
        });
        assert!(failed.await.unwrap_err().is(&error::reason::STORAGE_UNAVAILABLE));
        let there: i64 = bench.db.read(&bench.scope(), |c| Ok(thing::table.count().get_result(c)?)).await.unwrap();
        assert_eq!(there, 0);
        // Nothing is open that the next one would be in.
        bench.db.write(&bench.scope(), move |c| insert(c, &[thing(tenant, "next")])).await.unwrap();
        let none = bench.db.write(&bench.scope(), |c| c.each([(); 0], |_, ()| Ok(()))).await.unwrap();
        assert!(none.is_empty());
    }
}

both! {
    async fn pieces_belong_to_something_of_their_own(bench) {
        let tenant = bench.tenant;
        let put = move |c: &mut db::Conn, lane: &str| {
            outbox::put(c, &[outbox::Event {
                id: Id::new(), tenant, topic: "t".into(), lane: lane.into(), version: 1, payload: Vec::new(),
                created_at: now(), leased_until: None,
            }])
        };
        let scope = bench.scope();
        let change = bench.db.write(&scope, move |c| {
            put(c, "a")?;
            origin::part(Arc::new(From("part")), || put(c, "b"))?;
            put(c, "c")
        });
        origin::within(Arc::new(From("whole")), change).await.unwrap();
        let lease = std::time::Duration::from_secs(1);
        let mut told = bench.db.claim(&bench.everyone(), move |c| outbox::claim_noted(c, now(), lease, 10)).await.unwrap();
        told.sort_by(|one, two| one.event.lane.cmp(&two.event.lane));
        let told: Vec<_> = told.into_iter().map(|one| one.note.correlation.unwrap()).collect();
        assert_eq!(told, ["whole", "part", "whole"]);
    }
}

both! {
    async fn many_are_noted_and_taken_back(bench) {
        let tenant = bench.tenant;
        let ids: Vec<Id> = (0..300).map(|_| Id::new()).collect();
        let first = |ids: Vec<Id>, back: Vec<Id>| {
            let (db, scope) = (bench.db.clone(), bench.scope());
            async move {
                let noted = db.write(&scope, move |c| {
                    let new = inbox::first_times(c, "one", &ids, tenant, now())?;
                    inbox::not_yet(c, "one", &back)?;
                    Ok(new.len())
                });
                noted.await.unwrap()
            }
        };
        let twice: Vec<Id> = ids[..100].iter().chain(&ids[..100]).copied().collect();
        assert_eq!(first(twice, ids[..10].to_vec()).await, 100);
        assert_eq!(first(ids.clone(), Vec::new()).await, 210);
        assert_eq!(first(ids, Vec::new()).await, 0);
        assert_eq!(first(Vec::new(), Vec::new()).await, 0);
    }
}
