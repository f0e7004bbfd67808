//! The one writer of a SQLite file: its line, and a file that another process has locked.

use std::time::Duration;

use db::Conn;
use db::diesel::connection::SimpleConnection;
use db::diesel::{self, prelude::*};
use error::reason;
use futures::stream::{FuturesUnordered, StreamExt};
use value::Id;

use crate::support::*;

fn count(conn: &mut Conn) -> Result<i64, db::Failure> {
    Ok(thing::table.count().get_result(conn)?)
}

fn write(db: &db::Db, name: usize) -> impl Future<Output = error::Result<usize>> + use<> {
    let db = db.clone();
    async move {
        let row = thing(Id::NIL, &name.to_string());
        let insert = move |c: &mut Conn| insert(c, std::slice::from_ref(&row));
        db.write(&everyone(), insert).await
    }
}

/// Locks the file as another process would, with a change that is not committed.
fn lock(bench: &Bench) -> diesel::SqliteConnection {
    let path = bench.config.data_dir.join("things.db");
    let mut conn = diesel::SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    conn.batch_execute("BEGIN IMMEDIATE; DELETE FROM part")
        .unwrap();
    conn
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_outlast_a_lock_longer_than_one_busy_timeout() {
    let bench = Bench::sqlite();
    // One busy timeout is an eighth of this.
    let db = bench.again(|config| config.wait_seconds = 8);
    let mut other = lock(&bench);
    let tasks: Vec<_> = (0..30).map(|n| tokio::spawn(write(&db, n))).collect();
    let mut first = std::pin::pin!(write(&db, 30));
    let early = tokio::time::timeout(Duration::from_millis(2500), &mut first).await;
    assert!(early.is_err(), "{early:?}");
    other.batch_execute("COMMIT").unwrap();
    assert_eq!(first.await.unwrap(), 1);
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), 1);
    }
    assert_eq!(db.read(&everyone(), count).await.unwrap(), 31);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_that_wait_too_long_for_a_lock_come_back_all_together() {
    let bench = Bench::sqlite();
    let db = bench.again(|config| config.wait_seconds = 1);
    let mut other = lock(&bench);
    let tasks: Vec<_> = (0..10).map(|n| tokio::spawn(write(&db, n))).collect();
    // All of them in about the time of one: nobody waits behind those who give up.
    let all = async {
        for task in tasks {
            let refused = task.await.unwrap().unwrap_err();
            assert!(refused.is(&reason::STORAGE_UNAVAILABLE), "{refused:?}");
            assert!(refused.retry_after().is_some());
        }
    };
    tokio::time::timeout(Duration::from_secs(6), all)
        .await
        .unwrap();
    assert_eq!(db.read(&everyone(), count).await.unwrap(), 0);
    other.batch_execute("COMMIT").unwrap();
    assert_eq!(write(&db, 0).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_line_refuses_and_loses_nothing() {
    let bench = Bench::sqlite();
    let (has, has_it) = tokio::sync::oneshot::channel();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (has, wait) = (
        std::sync::Mutex::new(Some(has)),
        std::sync::Mutex::new(wait),
    );
    let db = bench.db.clone();
    let blocked = tokio::spawn(async move {
        db.write(&everyone(), move |_| {
            if let Some(has) = has.lock().unwrap().take() {
                has.send(()).unwrap();
            }
            let _ = wait.lock().unwrap().recv();
            Ok(())
        })
        .await
    });
    has_it.await.unwrap();
    let mut line = FuturesUnordered::new();
    let refused = loop {
        let number = line.len();
        line.push(write(&bench.db, number));
        if let std::task::Poll::Ready(Some(answer)) = futures::poll!(line.next()) {
            break answer.unwrap_err();
        }
        assert!(number < 100_000, "the line has no end");
    };
    assert!(refused.is(&reason::OVERLOADED), "{refused:?}");
    assert!(refused.retry_after().is_some());
    go.send(()).unwrap();
    blocked.await.unwrap().unwrap();
    let waiting = i64::try_from(line.len()).unwrap();
    while let Some(answer) = line.next().await {
        assert_eq!(answer.unwrap(), 1);
    }
    assert_eq!(bench.db.read(&everyone(), count).await.unwrap(), waiting);
}
