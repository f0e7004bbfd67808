//! The log in a Redis stream: what every store must do, and what becomes of it when the server goes and comes.

use super::*;
use crate::backend::conformance::{self, Subject};
use testkit::{RedisServer, eventually};

const NOW: Time = Time::from_micros(1_767_225_600_000_000);

fn options(url: &str, name: String) -> Options {
    Options {
        server: RedisConfig {
            url: config::Secret::new(url),
            pool: 4,
            ..RedisConfig::default()
        },
        name,
        patience: Duration::from_secs(20),
        lowest: 1,
    }
}

fn body(text: &str) -> Vec<Bytes> {
    vec![Bytes::copy_from_slice(text.as_bytes())]
}

async fn all(log: &Redis) -> Vec<(u64, String)> {
    let limit = Limit {
        records: 1000,
        bytes: 1 << 20,
    };
    let batch = log.read(0, limit).await.unwrap();
    let text = |record: Record| {
        let text = String::from_utf8(record.body.to_vec()).unwrap();
        (record.position, text)
    };
    batch.records.into_iter().map(text).collect()
}

/// A log of its own on the server that all tests share.
struct Own(String);

#[async_trait]
impl Subject for Own {
    type Store = Redis;

    async fn open(&self) -> Redis {
        Redis::open(&options(&testkit::redis_url(), self.0.clone())).unwrap()
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let client = redis::Client::open(testkit::redis_url()).unwrap();
        if let Ok(mut connection) = client.get_connection() {
            let keys = ["log", "head"].map(|part| format!("{{{}}}:{part}", self.0));
            let _ = redis::cmd("DEL").arg(&keys).query::<()>(&mut connection);
        }
    }
}

#[test]
fn it_does_what_every_store_must() {
    testkit::run(conformance::conforms(async || {
        Own(format!("messaging-{}", Id::new()))
    }));
}

#[test]
fn a_lost_head_is_made_again_from_the_log() {
    testkit::run(async {
        let own = Own(format!("messaging-{}", Id::new()));
        let log = own.open().await;
        log.append(NOW, vec![Bytes::from_static(b"12345"); 30])
            .await
            .unwrap();
        log.trim(11).await.unwrap();
        let before = log.status().await;
        let forget = || async {
            let key = format!("{{{}}}:head", own.0);
            log.ask(|mut connection| {
                let key = key.clone();
                async move {
                    redis::cmd("DEL")
                        .arg(key)
                        .query_async::<()>(&mut connection)
                        .await
                }
            })
            .await
            .unwrap();
        };
        forget().await;
        assert_eq!((before.first, before.next, before.bytes), (11, 31, 100));
        let after = log.status().await;
        assert_eq!((after.first, after.next, after.bytes), (11, 31, 100));
        log.trim(31).await.unwrap();
        forget().await;
        assert_eq!(log.bounds().await.unwrap(), 31..31);
        assert_eq!(
            own.open().await.append(NOW, body("x")).await.unwrap(),
            31..32
        );
    });
}

/// Proves: MSG-01
#[test]
fn status_shows_the_pool_as_configured_and_its_use() {
    testkit::run(async {
        let own = Own(format!("messaging-{}", Id::new()));
        let log = own.open().await;
        let pool = log.status().await.pool.unwrap();
        assert_eq!((pool.size, pool.in_use), (4, 0));
        futures::future::join_all((0..32).map(|_| log.append(NOW, body("x")))).await;
        let pool = log.status().await.pool.unwrap();
        assert_eq!(
            (pool.size, pool.open, pool.in_use, pool.reconnects),
            (4, 4, 0, 0)
        );
        // One that is at work is seen as such.
        let (held, hold) = (tokio::sync::Notify::new(), tokio::sync::Notify::new());
        let work = log.ask(|_| async {
            held.notify_one();
            hold.notified().await;
            Ok(())
        });
        let look = async {
            held.notified().await;
            let used = log.pool.status().in_use;
            hold.notify_one();
            used
        };
        assert_eq!(tokio::join!(work, look).1, 1);
    });
}

/// Proves: MSG-02
#[test]
fn appends_while_the_server_restarts_succeed_once_each() {
    testkit::run(async {
        let mut server = RedisServer::start_durable().await;
        let log = Redis::open(&options(&server.url(), "log".into())).unwrap();
        let appender = |name: usize| {
            let log = &log;
            async move {
                for turn in 0..40 {
                    log.append(NOW, body(&format!("{name}/{turn}")))
                        .await
                        .unwrap();
                }
            }
        };
        let restarts = async {
            for after in [10, 60, 110] {
                eventually("some appends", || async {
                    (*log.next.borrow() > after).then_some(())
                })
                .await;
                server.restart().await;
            }
        };
        tokio::join!(futures::future::join_all((0..4).map(appender)), restarts);
        let found = all(&log).await;
        let positions: Vec<u64> = found.iter().map(|(position, _)| *position).collect();
        assert_eq!(positions, (1..161).collect::<Vec<_>>());
        for name in 0..4 {
            let of_one = |(_, text): &(u64, String)| {
                let turn = text.strip_prefix(&format!("{name}/"))?;
                turn.parse::<usize>().ok()
            };
            let turns: Vec<usize> = found.iter().filter_map(of_one).collect();
            assert_eq!(turns, (0..40).collect::<Vec<_>>(), "in order, each once");
        }
        let status = log.status().await;
        assert!(status.durable && status.pool.unwrap().reconnects > 0);
    });
}

/// Proves: MSG-02, MSG-03
#[test]
fn a_server_that_is_away_is_said_and_its_return_is_found_within_five_seconds() {
    testkit::run(async {
        let mut server = RedisServer::start_durable().await;
        let impatient = Options {
            patience: Duration::from_millis(100),
            ..options(&server.url(), "log".into())
        };
        let log = Redis::open(&impatient).unwrap();
        log.append(NOW, body("before")).await.unwrap();
        log.health().await.unwrap();
        server.stop().await;
        let refused = log.append(NOW, body("lost")).await.unwrap_err();
        assert!(refused.is(&BROKER_UNAVAILABLE), "{refused:?}");
        assert!(refused.retry_after().is_some());
        assert!(log.health().await.unwrap_err().is(&BROKER_UNAVAILABLE));
        let status = log.status().await;
        let problem = status.problem.unwrap();
        assert!(
            problem.starts_with("the Redis server is away since"),
            "{problem}"
        );
        assert_eq!((status.first, status.next), (1, 2), "what was last known");
        server.restart().await;
        let back = std::time::Instant::now();
        eventually("health", || async { log.health().await.ok() }).await;
        assert!(back.elapsed() < Duration::from_secs(5));
        assert_eq!(log.append(NOW, body("after")).await.unwrap(), 2..3);
        let texts: Vec<_> = all(&log).await.into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["before", "after"]);
    });
}

#[test]
fn a_server_that_lost_its_data_gives_no_position_twice() {
    testkit::run(async {
        let mut server = RedisServer::start().await;
        let log = Redis::open(&options(&server.url(), "log".into())).unwrap();
        log.append(NOW, vec![Bytes::from_static(b"x"); 7])
            .await
            .unwrap();
        assert!(!log.status().await.durable);
        server.restart().await;
        assert_eq!(log.bounds().await.unwrap(), 8..8);
        assert_eq!(log.append(NOW, body("after")).await.unwrap(), 8..9);
        assert_eq!(all(&log).await, [(8, "after".to_owned())]);
        // Another process knows from what it delivered.
        server.restart().await;
        let informed = Options {
            lowest: 9,
            ..options(&server.url(), "log".into())
        };
        let other = Redis::open(&informed).unwrap();
        assert_eq!(other.append(NOW, body("other")).await.unwrap(), 9..10);
    });
}

#[test]
fn a_record_of_another_process_wakes_who_waits() {
    testkit::run(async {
        let own = Own(format!("messaging-{}", Id::new()));
        let (here, there) = (own.open().await, own.open().await);
        here.append(NOW, body("first")).await.unwrap();
        let started = std::time::Instant::now();
        let waiting = here.arrived(2);
        let appending = async {
            eventually("the watch", || async {
                here.watcher.try_lock().is_err().then_some(())
            })
            .await;
            there.append(NOW, body("second")).await.unwrap();
        };
        tokio::join!(waiting, appending);
        assert!(started.elapsed() < ARRIVAL, "it was woken, not timed out");
        assert_eq!(here.bounds().await.unwrap(), 1..3);
    });
}
