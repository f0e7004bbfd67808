//! Transactions that meet: retries, claims, grouped commits, panics.

use std::collections::BTreeSet;

use db::diesel::{self, prelude::*};
use value::Id;

use crate::support::*;

both! {
    async fn concurrent_changes_all_count(bench) {
        let row = thing(bench.tenant, "counter");
        let id = row.id;
        bench.db.write(&bench.scope(), move |c| insert(c, std::slice::from_ref(&row))).await.unwrap();
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let (db, scope) = (bench.db.clone(), bench.scope());
                tokio::spawn(async move {
                    for _ in 0..10 {
                        db.write(&scope, move |c| {
                            let hits: i64 = thing::table.find(id).select(thing::hits).first(c)?;
                            diesel::update(thing::table.find(id)).set(thing::hits.eq(hits + 1)).execute(c)?;
                            Ok(())
                        })
                        .await
                        .unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let hits: i64 = bench.db
            .read(&bench.scope(), move |c| Ok(thing::table.find(id).select(thing::hits).first(c)?))
            .await
            .unwrap();
        assert_eq!(hits, 80);
    }
}

both! {
    async fn every_row_is_claimed_once(bench) {
        let rows: Vec<Thing> = (0..60).map(|n| thing(bench.tenant, &n.to_string())).collect();
        bench.db.append(&bench.scope(), move |c| insert(c, &rows)).await.unwrap();
        let workers: Vec<_> = (0..4)
            .map(|_| {
                let (db, scope) = (bench.db.clone(), bench.scope());
                tokio::spawn(async move {
                    let mut mine = Vec::new();
                    loop {
                        let ids: Vec<Id> = db
                            .claim(&scope, |c| {
                                let ids: Vec<Id> = db::claim!(c, thing::table
                                    .filter(thing::state.eq(State::Ready))
                                    .order(thing::id.asc())
                                    .limit(7)
                                    .select(thing::id))?;
                                diesel::update(thing::table.filter(thing::id.eq_any(&ids)))
                                    .set(thing::state.eq(State::Done))
                                    .execute(c)?;
                                Ok(ids)
                            })
                            .await
                            .unwrap();
                        if ids.is_empty() {
                            return mine;
                        }
                        mine.extend(ids);
                    }
                })
            })
            .collect();
        let mut all = Vec::new();
        for worker in workers {
            all.extend(worker.await.unwrap());
        }
        assert!(all.len() >= 50, "skipped rows were taken by nobody: {}", all.len());
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }
}

both! {
    async fn a_failed_write_takes_no_other_with_it(bench) {
        let tasks: Vec<_> = (0..40)
            .map(|n| {
                let (db, scope, tenant) = (bench.db.clone(), bench.scope(), bench.tenant);
                tokio::spawn(async move {
                    let row = thing(tenant, &n.to_string());
                    db.write(&scope, move |c| {
                        insert(c, std::slice::from_ref(&row))?;
                        match n % 4 {
                            1 => Err(error::Error::not_found("thing", n).into()),
                            // Half of them within savepoints of their own, which a panic leaves open.
                            3 if n % 8 == 3 => c.transaction(|c| {
                                c.transaction::<(), db::Failure, _>(|_| panic!("on purpose"))
                            }),
                            3 => panic!("on purpose"),
                            _ => Ok(()),
                        }
                    })
                    .await
                    .is_ok()
                })
            })
            .collect();
        let mut good = 0;
        for task in tasks {
            good += i64::from(task.await.unwrap());
        }
        let count: i64 = bench.db
            .read(&bench.scope(), |c| Ok(thing::table.count().get_result(c)?))
            .await
            .unwrap();
        assert_eq!((good, count), (20, 20));
    }
}

both! {
    async fn a_statement_that_reads_for_too_long_ends(bench) {
        use std::time::{Duration, Instant};
        const MANY: &str = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 50000000)";
        let started = Instant::now();
        let scope = bench.scope();
        let late = bench.db.read(&scope, |c| {
            let slow = format!("{MANY} SELECT count(*) FROM n");
            let end = Instant::now() + Duration::from_millis(50);
            let outcome = c.until(end, |c| Ok(diesel::sql_query(slow).execute(c)?));
            let failure = outcome.unwrap_err();
            assert!(failure.is_late(), "{failure}");
            Err::<(), _>(failure)
        });
        let error = late.await.unwrap_err();
        assert!(error.is(&error::reason::DEADLINE_EXCEEDED), "{error:?}");
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        // The connection serves on, and without an end.
        bench.db.read(&bench.scope(), |c| {
            diesel::sql_query("SELECT 1 AS one").execute(c)?;
            Ok(())
        }).await.unwrap();
    }
}

/// What SQLite does by itself when the disk is full: the writes that waited behind are run in a transaction of their own, and whoever is
/// told that a write failed finds nothing of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_behind_a_transaction_that_is_gone_are_run_again() {
    let bench = Bench::sqlite();
    let (scope, tenant) = (bench.scope(), bench.tenant);
    let (began, begun) = std::sync::mpsc::channel();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let lost = thing(tenant, "lost");
    let (db, own) = (bench.db.clone(), scope.clone());
    let first = tokio::spawn(async move {
        db.write(&own, move |c| {
            insert(c, std::slice::from_ref(&lost))?;
            began.send(()).unwrap();
            wait.lock().unwrap().recv().unwrap();
            diesel::connection::SimpleConnection::batch_execute(c, "ROLLBACK")?;
            Err::<(), _>(error::Error::internal("the disk is full").into())
        })
        .await
    });
    tokio::task::spawn_blocking(move || begun.recv())
        .await
        .unwrap()
        .unwrap();
    let mut behind = Vec::new();
    for n in 0..3 {
        let (db, own, row) = (
            bench.db.clone(),
            scope.clone(),
            thing(tenant, &n.to_string()),
        );
        let mut write = Box::pin(async move {
            db.write(&own, move |c| insert(c, std::slice::from_ref(&row)))
                .await
        });
        // It stands in line from its first poll on.
        assert!(futures::poll!(&mut write).is_pending());
        behind.push(write);
    }
    go.send(()).unwrap();
    first.await.unwrap().unwrap_err();
    for write in behind {
        write.await.unwrap();
    }
    let count: i64 = bench
        .db
        .read(&scope, |c| Ok(thing::table.count().get_result(c)?))
        .await
        .unwrap();
    assert_eq!(count, 3);
}
