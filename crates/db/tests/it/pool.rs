//! How many connections there are, who gets them, when they close, and what happens when they die.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use db::diesel::sql_types::{Integer, Text};
use db::diesel::{self, prelude::*};
use db::{Conn, Failure, StorageConfig};
use error::reason;
use tokio::sync::oneshot;

use crate::support::*;

/// A closure that holds its connection until the test lets go, and tells when it has it.
fn hold() -> (Holder, oneshot::Receiver<()>, std::sync::mpsc::Sender<()>) {
    let (has, has_it) = oneshot::channel();
    let (go, wait) = std::sync::mpsc::channel();
    (Holder(Mutex::new(Some(has)), Mutex::new(wait)), has_it, go)
}

struct Holder(
    Mutex<Option<oneshot::Sender<()>>>,
    Mutex<std::sync::mpsc::Receiver<()>>,
);

impl Holder {
    fn run(&self) -> Result<(), Failure> {
        if let Some(has) = self.0.lock().unwrap().take() {
            has.send(()).unwrap();
        }
        // An error: the test is over.
        let _ = self.1.lock().unwrap().recv();
        Ok(())
    }
}

fn one(conn: &mut Conn) -> Result<i32, Failure> {
    Ok(diesel::select(diesel::dsl::sql::<Integer>("1")).get_result(conn)?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn budget_and_shares_hold_under_load() {
    let bench = Bench::postgres().reopened(|config| {
        config.budget = 3;
        config.share = 2;
    });
    let other = bench.databases.service("other").unwrap();
    // [both services, the first, the second]: how many run now, and the most there were.
    let counts: Arc<[(AtomicUsize, AtomicUsize); 3]> = Arc::default();
    let tasks: Vec<_> = (0..60)
        .map(|n| {
            let which = 1 + n % 2;
            let (db, scope, counts) = (
                [&bench.db, &other][n % 2].clone(),
                bench.scope(),
                counts.clone(),
            );
            tokio::spawn(async move {
                db.read(&scope, move |c| {
                    for (now, most) in [&counts[0], &counts[which]] {
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    }
                    diesel::sql_query("SELECT pg_sleep(0.01)").execute(c)?;
                    for (now, _) in [&counts[0], &counts[which]] {
                        now.fetch_sub(1, Ordering::SeqCst);
                    }
                    Ok(())
                })
                .await
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let most = counts
        .each_ref()
        .map(|(_, most)| most.load(Ordering::SeqCst));
    assert!(most[0] <= 3 && most[1] <= 2 && most[2] <= 2, "{most:?}");
    assert!(most[0] >= 2, "{most:?}");
    assert!(bench.db.open_connections() <= 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_greedy_service_leaves_the_others_their_share() {
    let bench = Bench::postgres().reopened(|config| {
        config.budget = 3;
        config.share = 2;
    });
    let other = bench.databases.service("other").unwrap();
    let mut held = Vec::new();
    for _ in 0..2 {
        let (holder, has_it, go) = hold();
        let (db, scope) = (bench.db.clone(), bench.scope());
        let task = tokio::spawn(async move { db.read(&scope, move |_| holder.run()).await });
        has_it.await.unwrap();
        held.push((task, go));
    }
    let queued: Vec<_> = (0..20)
        .map(|_| {
            let (db, scope) = (bench.db.clone(), bench.scope());
            tokio::spawn(async move { db.read(&scope, one).await })
        })
        .collect();
    assert_eq!(other.read(&bench.scope(), one).await.unwrap(), 1);
    assert!(queued.iter().all(|task| !task.is_finished()));
    for (task, go) in held {
        go.send(()).unwrap();
        task.await.unwrap().unwrap();
    }
    for task in queued {
        assert_eq!(task.await.unwrap().unwrap(), 1);
    }
}

both! {
    async fn who_waits_too_long_is_told_to_come_back(bench) {
        let bench = bench.again(|config| {
            config.budget = 2;
            config.share = 2;
            config.wait_seconds = 1;
        });
        let mut held = Vec::new();
        for _ in 0..2 {
            let (holder, has_it, go) = hold();
            let (db, scope) = (bench.clone(), everyone());
            let task = tokio::spawn(async move { db.read(&scope, move |_| holder.run()).await });
            has_it.await.unwrap();
            held.push((task, go));
        }
        let refused = bench.read(&everyone(), one).await.unwrap_err();
        assert!(refused.is(&reason::STORAGE_UNAVAILABLE), "{refused:?}");
        assert!(refused.retry_after().is_some());
        for (task, go) in held {
            go.send(()).unwrap();
            task.await.unwrap().unwrap();
        }
        assert_eq!(bench.read(&everyone(), one).await.unwrap(), 1);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn all_pools_share_a_few_threads() {
    let bench = Bench::sqlite();
    for n in 0..20 {
        let db = bench.databases.service(&format!("service-{n}")).unwrap();
        db.write(&everyone(), one).await.unwrap();
        db.read(&everyone(), one).await.unwrap();
        assert_eq!(db.open_connections(), 1);
    }
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let names = threads.map(|thread| std::fs::read_to_string(thread.unwrap().path().join("comm")));
    let openers = names.filter(|name| name.as_ref().is_ok_and(|n| n.starts_with("db-pool-")));
    assert_eq!(openers.count(), 4);
}

/// Takes half a minute, which r2d2 lets pass between two looks at idle connections; one test, so that
/// only one place among the running tests is taken for so long.
#[tokio::test]
async fn idle_connections_are_closed() {
    let benches = [Bench::sqlite(), Bench::postgres()];
    let closing = benches.iter().map(|bench| async {
        let db = bench.again(|config| config.idle_seconds = 1);
        assert_eq!(db.open_connections(), 0);
        db.read(&everyone(), one).await.unwrap();
        assert_eq!((db.open_connections(), db.idle_connections()), (1, 1));
        let mut turns = tokio::time::interval(Duration::from_millis(100));
        while db.open_connections() > 0 {
            turns.tick().await;
        }
        assert_eq!(db.read(&everyone(), one).await.unwrap(), 1);
    });
    let all = futures::future::join_all(closing);
    let patience = Duration::from_secs(50);
    tokio::time::timeout(patience, all).await.unwrap();
}

/// Another connection of the same role ends the sessions that `filter` names.
fn kill(config: &StorageConfig, filter: &str, name: &str) {
    let mut conn = diesel::PgConnection::establish(&config.url).unwrap();
    diesel::sql_query(format!(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
         WHERE pid <> pg_backend_pid() AND usename = current_user AND {filter}::text = $1"
    ))
    .bind::<Text, _>(name)
    .execute(&mut conn)
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_died_while_idle_are_replaced() {
    let bench = Bench::postgres();
    let name = bench.schema();
    let db = bench.again(|_| {});
    let barrier = Arc::new(Barrier::new(6));
    for round in 0..2 {
        let reads: Vec<_> = (0..6)
            .map(|_| {
                let (db, barrier) = (db.clone(), barrier.clone());
                tokio::spawn(async move {
                    db.read(&everyone(), move |_| {
                        barrier.wait();
                        Ok(())
                    })
                    .await
                })
            })
            .collect();
        for read in reads {
            read.await.unwrap().unwrap();
        }
        assert_eq!(db.idle_connections(), 6);
        kill(&bench.config, "application_name", &name);
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = runs.clone();
        let work = move |c: &mut Conn| {
            counted.fetch_add(1, Ordering::SeqCst);
            one(c)
        };
        if round == 0 {
            assert_eq!(db.read(&everyone(), work).await.unwrap(), 1);
        } else {
            assert_eq!(db.write(&everyone(), work).await.unwrap(), 1);
        }
        assert_eq!(runs.load(Ordering::SeqCst), 1);
        assert_eq!(db.open_connections(), 1);
    }
}

#[derive(QueryableByName)]
struct Session {
    #[diesel(sql_type = Integer)]
    pid: i32,
}

fn session(conn: &mut Conn) -> Result<String, Failure> {
    let row: Session = diesel::sql_query("SELECT pg_backend_pid() AS pid").get_result(conn)?;
    Ok(row.pid.to_string())
}

#[tokio::test]
async fn a_session_killed_in_the_middle_leaves_nothing_half_done() {
    let bench = Bench::postgres();
    let runs = Arc::new(AtomicUsize::new(0));
    let (counted, config, tenant) = (runs.clone(), bench.config.clone(), bench.tenant);
    bench
        .db
        .write(&bench.scope(), move |c| {
            insert(c, &[thing(tenant, "a")])?;
            if counted.fetch_add(1, Ordering::SeqCst) == 0 {
                kill(&config, "pid", &session(c)?);
            }
            insert(c, &[thing(tenant, "b")])?;
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 2);
    let count = |c: &mut Conn| Ok(thing::table.count().get_result::<i64>(c)?);
    assert_eq!(bench.db.read(&bench.scope(), count).await.unwrap(), 2);

    // A read's closure runs once, so its caller is told.
    let config = bench.config.clone();
    let killed = move |c: &mut Conn| {
        kill(&config, "pid", &session(c)?);
        one(c)
    };
    let lost = bench.db.read(&bench.scope(), killed).await.unwrap_err();
    assert!(lost.is(&reason::STORAGE_UNAVAILABLE), "{lost:?}");
    assert!(lost.retry_after().is_some());
    assert_eq!(bench.db.read(&bench.scope(), count).await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_stays_locked_is_no_fault_of_the_caller() {
    let bench = Bench::postgres();
    let (row, tenant) = (thing(bench.tenant, "a"), bench.tenant);
    let put = move |c: &mut Conn| insert(c, std::slice::from_ref(&row));
    bench.db.write(&bench.scope(), put).await.unwrap();
    let lock =
        |c: &mut Conn| Ok(diesel::sql_query("SELECT 1 FROM thing FOR UPDATE NOWAIT").execute(c)?);
    let (holder, has_it, go) = hold();
    let (db, scope) = (bench.db.clone(), bench.scope());
    let held = tokio::spawn(async move {
        let work = move |c: &mut Conn| lock(c).and_then(|_| holder.run());
        db.append(&scope, work).await
    });
    has_it.await.unwrap();
    let change = move |c: &mut Conn| {
        diesel::sql_query("SET LOCAL lock_timeout = '20ms'").execute(c)?;
        let mine = thing::table.filter(thing::tenant.eq(tenant));
        Ok(diesel::update(mine).set(thing::hits.eq(1)).execute(c)?)
    };
    let refused = bench.db.append(&bench.scope(), change).await.unwrap_err();
    assert!(refused.is(&reason::STORAGE_UNAVAILABLE), "{refused:?}");
    go.send(()).unwrap();
    held.await.unwrap().unwrap();
    let changed = bench.db.append(&bench.scope(), change).await.unwrap();
    assert_eq!(changed, 1);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let config = StorageConfig {
        url: "postgres://nobody:secret@127.0.0.1:1/none".to_owned(),
        ..StorageConfig::default()
    };
    let databases = db::Databases::open(&config).unwrap();
    let db = databases.service("things").unwrap();
    // At once, and not when the wait for a connection is over.
    let scope = everyone();
    let answer = tokio::time::timeout(Duration::from_secs(5), db.read(&scope, one));
    let error = answer.await.unwrap().unwrap_err();
    assert!(error.is(&reason::STORAGE_UNAVAILABLE), "{error:?}");
    assert!(error.retry_after().is_some());
    assert!(!format!("{config:?}").contains("secret"));
}

/// A server without TLS gets no word from us when TLS was asked for: neither a name nor a password.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_must_be_tls_never_speaks_in_the_clear() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::task::spawn_blocking(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut request = [0; 8];
        client.read_exact(&mut request).unwrap();
        client.write_all(b"N").unwrap();
        let mut rest = Vec::new();
        // The client may also hang up with a reset.
        let _ = client.read_to_end(&mut rest);
        (request, rest)
    });
    let config = StorageConfig {
        url: format!("postgres://name:secret@127.0.0.1:{port}/none?sslmode=require"),
        ..StorageConfig::default()
    };
    let databases = db::Databases::open(&config).unwrap();
    let db = databases.service("things").unwrap();
    let error = db.read(&everyone(), one).await.unwrap_err();
    assert!(error.is(&reason::STORAGE_UNAVAILABLE), "{error:?}");
    let (request, rest) = server.await.unwrap();
    // SSLRequest: a libpq without TLS would not know how to send it.
    assert_eq!(request, [0, 0, 0, 8, 4, 210, 22, 47]);
    assert_eq!(rest, b"");
}
