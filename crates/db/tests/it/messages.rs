//! Outbox, inbox and idempotent requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use db::idempotency::{Request, once};
use db::{inbox, outbox};
use value::Id;

use crate::support::*;

fn event(tenant: Id, lane: &str, version: i64) -> outbox::Event {
    outbox::Event {
        id: Id::new(),
        tenant,
        topic: "things".to_owned(),
        lane: lane.to_owned(),
        version,
        payload: vec![1, 2, 3],
        created_at: now(),
        leased_until: None,
    }
}

both! {
    async fn the_outbox_keeps_each_lane_in_order(bench) {
        let tenant = bench.tenant;
        bench.db
            .append(&bench.scope(), move |c| {
                outbox::put(c, &[event(tenant, "a", 2), event(tenant, "a", 1), event(tenant, "b", 1)])
            })
            .await
            .unwrap();
        let lease = Duration::from_secs(30);
        let claim = |at| {
            let (db, scope) = (bench.db.clone(), bench.everyone());
            async move { db.claim(&scope, move |c| outbox::claim_batch(c, at, lease, 10)).await.unwrap() }
        };
        let batch = claim(now()).await;
        let order: Vec<_> = batch.iter().map(|e| (e.lane.as_str(), e.version)).collect();
        assert_eq!(order, [("a", 1), ("a", 2), ("b", 1)]);

        // A later event of a leased lane waits for the lease, whoever asks.
        bench.db.append(&bench.scope(), move |c| outbox::put(c, &[event(tenant, "a", 3)])).await.unwrap();
        assert_eq!(claim(now()).await, []);
        let ids: Vec<Id> = batch.iter().map(|e| e.id).collect();
        let deleted = bench.db.write(&bench.everyone(), move |c| outbox::delete(c, &ids)).await.unwrap();
        assert_eq!(deleted, 3);
        let next = claim(now()).await;
        assert_eq!(next.len(), 1);
        // A relay that died gives its events up when the lease ends.
        assert_eq!(claim(now() + lease + Duration::from_secs(1)).await.len(), 1);
        let (waiting, _) = bench.db.read(&bench.everyone(), outbox::backlog).await.unwrap();
        assert_eq!(waiting, 1);
    }
}

both! {
    async fn released_events_are_claimed_again_at_once_and_in_order(bench) {
        let tenant = bench.tenant;
        bench.db
            .append(&bench.scope(), move |c| outbox::put(c, &[event(tenant, "a", 1), event(tenant, "a", 2), event(tenant, "b", 1)]))
            .await
            .unwrap();
        let everyone = bench.everyone();
        let claim = || bench.db.claim(&everyone, |c| outbox::claim_batch(c, now(), Duration::from_secs(30), 10));
        let batch = claim().await.unwrap();
        assert_eq!(batch.len(), 3);
        // The bus took `b` and failed over `a`.
        let (taken, failed): (Vec<_>, Vec<_>) = batch.into_iter().partition(|e| e.lane == "b");
        let ids = |events: &[outbox::Event]| events.iter().map(|e| e.id).collect::<Vec<_>>();
        let (taken, back) = (ids(&taken), ids(&failed));
        assert_eq!(claim().await.unwrap(), []);
        bench.db
            .write(&everyone, move |c| {
                outbox::delete(c, &taken)?;
                outbox::release(c, &back)
            })
            .await
            .unwrap();
        let again = claim().await.unwrap();
        assert_eq!(ids(&again), ids(&failed));
        assert_eq!(again.iter().map(|e| e.version).collect::<Vec<_>>(), [1, 2]);
        // A stranger's scope releases nothing.
        if bench.is_postgres() {
            let (stranger, back) = (auth::Scope::system(Id::new(), "test"), ids(&again));
            bench.db.write(&stranger, move |c| outbox::release(c, &back)).await.unwrap();
            assert_eq!(claim().await.unwrap(), []);
        }
    }
}

both! {
    async fn an_event_that_could_never_leave_is_refused_with_its_transaction(bench) {
        let tenant = bench.tenant;
        let long = outbox::Event { payload: vec![0; outbox::LONGEST + 1], ..event(tenant, "a", 1) };
        let refused = bench.db.write(&bench.scope(), move |c| outbox::put(c, std::slice::from_ref(&long))).await.unwrap_err();
        assert!(refused.is(&error::reason::MESSAGE_TOO_LARGE), "{refused}");
        for wrong in [event(tenant, &"x".repeat(201), 1), outbox::Event { topic: String::new(), ..event(tenant, "a", 1) }] {
            let refused = bench.db.write(&bench.scope(), move |c| outbox::put(c, std::slice::from_ref(&wrong))).await.unwrap_err();
            assert!(refused.is(&error::reason::INTERNAL), "{refused}");
        }
    }
}

both! {
    async fn a_lease_of_a_clock_that_was_ahead_is_none_and_what_is_put_off_holds_its_lane(bench) {
        let tenant = bench.tenant;
        bench.db
            .append(&bench.scope(), move |c| outbox::put(c, &[event(tenant, "a", 1), event(tenant, "b", 1)]))
            .await
            .unwrap();
        let lease = Duration::from_secs(30);
        let claim = |at| {
            let (db, scope) = (bench.db.clone(), bench.everyone());
            async move { db.claim(&scope, move |c| outbox::claim_batch(c, at, lease, 10)).await.unwrap() }
        };
        assert_eq!(claim(now() + Duration::from_secs(3600)).await.len(), 2);
        let batch = claim(now()).await;
        assert_eq!(batch.len(), 2);
        let (refused, taken) = (vec![batch[0].id], vec![batch[1].id]);
        bench.db
            .write(&bench.everyone(), move |c| {
                outbox::put_off(c, &refused, now() + outbox::LONGEST_LEASE)?;
                outbox::release(c, &taken)
            })
            .await
            .unwrap();
        bench.db.append(&bench.scope(), move |c| outbox::put(c, &[event(tenant, "a", 2)])).await.unwrap();
        let lanes: Vec<_> = claim(now()).await.into_iter().map(|e| e.lane).collect();
        assert_eq!(lanes, ["b"]);
        assert_eq!(claim(now() + outbox::LONGEST_LEASE).await.len(), 3);
    }
}

both! {
    async fn an_event_that_fails_to_commit_is_not_put(bench) {
        let tenant = bench.tenant;
        let refused = bench.db
            .write(&bench.scope(), move |c| {
                outbox::put(c, &[event(tenant, "a", 1)])?;
                Err::<(), _>(error::Error::not_found("thing", "x").into())
            })
            .await;
        assert!(refused.is_err());
        let (waiting, _) = bench.db.read(&bench.everyone(), outbox::backlog).await.unwrap();
        assert_eq!(waiting, 0);
    }
}

both! {
    async fn an_event_is_applied_once_a_consumer(bench) {
        let (id, tenant) = (Id::new(), bench.tenant);
        let first = |consumer: &'static str| {
            let (db, scope) = (bench.db.clone(), bench.scope());
            async move {
                db.write(&scope, move |c| inbox::first_time(c, consumer, id, tenant, now())).await.unwrap()
            }
        };
        assert!(first("one").await);
        assert!(!first("one").await);
        assert!(first("two").await);
        let later = now() + Duration::from_secs(1);
        let purged = bench.db.write(&bench.everyone(), move |c| inbox::purge(c, later)).await.unwrap();
        assert_eq!(purged, 2);
    }
}

both! {
    async fn the_same_request_is_done_once(bench) {
        let runs = Arc::new(AtomicU32::new(0));
        let tenant = bench.tenant;
        let ask = |request_id: &'static str, body: &'static [u8], at| {
            let (db, scope, runs) = (bench.db.clone(), bench.scope(), runs.clone());
            async move {
                let inner = scope.clone();
                db
                    .write(&scope, move |c| {
                        let hash = db::idempotency::hash(body);
                        let request = Request {
                            rpc: "/things/Create", request_id, body_hash: &hash, now: at, keep: db::idempotency::KEEP,
                        };
                        let runs = runs.clone();
                        once(c, &inner, request, move |c| {
                            let row = thing(tenant, &Id::new().to_string());
                            insert(c, std::slice::from_ref(&row))?;
                            runs.fetch_add(1, Ordering::Relaxed);
                            Ok(row.id.to_string().into_bytes())
                        })
                    })
                    .await
            }
        };
        let first = ask("r1", b"body", now()).await.unwrap();
        assert_eq!(ask("r1", b"body", now()).await.unwrap(), first);
        assert_eq!(runs.load(Ordering::Relaxed), 1);
        let reused = ask("r1", b"other", now()).await.unwrap_err();
        assert!(reused.is(&error::reason::REQUEST_ID_REUSED));
        assert_ne!(ask("", b"body", now()).await.unwrap(), first);
        // Many at once: one does it, all get its answer.
        let many: Vec<_> = (0..6).map(|_| tokio::spawn(ask("r2", b"body", now()))).collect();
        let mut answers = std::collections::BTreeSet::new();
        for task in many {
            answers.insert(task.await.unwrap().unwrap());
        }
        assert_eq!(answers.len(), 1);
        // Forgotten after a day.
        let later = now() + db::idempotency::KEEP;
        assert_ne!(ask("r1", b"other", later).await.unwrap(), first);
        let purged = bench.db
            .write(&bench.everyone(), move |c| db::idempotency::purge(c, later + db::idempotency::KEEP))
            .await
            .unwrap();
        assert_eq!(purged, 2);
    }
}
