//! The pool beside real servers: one that all tests share, and ones that a test stops and starts.

#![allow(clippy::unwrap_used)]

use redis_pool::{Pool, REDIS_UNAVAILABLE, RedisConfig, Trouble, redis};
use std::time::Duration;
use testkit::{RedisServer, eventually, tokio};

fn config(url: &str) -> RedisConfig {
    RedisConfig {
        url: config::Secret::new(url),
        pool: 3,
        wait: config::Span::from_millis(50),
        ..RedisConfig::default()
    }
}

async fn count(pool: &Pool, key: &str) -> Result<u64, Trouble> {
    pool.run(|mut connection| async move {
        redis::cmd("INCR")
            .arg(key)
            .query_async(&mut connection)
            .await
    })
    .await
}

#[test]
fn work_has_connections_of_its_own_up_to_the_bound() {
    testkit::run(async {
        let pool = Pool::new("test", &config(&testkit::redis_url())).unwrap();
        assert_eq!(pool.status().open, 0);
        let key = format!("pool-{}", value::Id::new());
        let (go, wait) = tokio::sync::watch::channel(false);
        let hold = || {
            let mut wait = wait.clone();
            pool.run(|mut connection| async move {
                let _ = wait.wait_for(|go| *go).await;
                redis::cmd("PING")
                    .query_async::<String>(&mut connection)
                    .await
            })
        };
        let crowded = async {
            eventually("all at work", || async {
                (pool.status().in_use == 3).then_some(())
            })
            .await;
            let refused = count(&pool, &key).await.unwrap_err();
            assert!(matches!(refused, Trouble::Busy), "{refused}");
            go.send(true).unwrap();
        };
        let (a, b, c, ()) = tokio::join!(hold(), hold(), hold(), crowded);
        assert_eq!([a, b, c].map(|done| done.unwrap()), ["PONG"; 3]);
        assert_eq!(count(&pool, &key).await.unwrap(), 1);
        let status = pool.status();
        assert_eq!((status.size, status.open, status.in_use), (3, 3, 0));
        assert_eq!((status.connects, status.away), (3, None));
        let refused = pool
            .run(|mut connection| async move {
                redis::cmd("LPUSH")
                    .arg(&key)
                    .arg(1)
                    .query_async::<()>(&mut connection)
                    .await
            })
            .await
            .unwrap_err();
        assert!(matches!(refused, Trouble::Refused(_)), "{refused}");
        assert_eq!(pool.status().away, None);
    });
}

#[test]
fn a_server_that_goes_is_left_alone_and_found_again() {
    testkit::run(async {
        let mut server = RedisServer::start().await;
        let pool = Pool::new("test", &config(&server.url())).unwrap();
        assert_eq!(count(&pool, "n").await.unwrap(), 1);
        server.stop().await;
        let lost = count(&pool, "n").await.unwrap_err();
        assert!(matches!(lost, Trouble::Unsure { .. }), "{lost}");
        let mut quick = 0;
        for _ in 0..100 {
            let error = count(&pool, "n").await.unwrap_err();
            quick += usize::from(matches!(error, Trouble::Away { .. }));
            assert!(error::Error::from(error).is(&REDIS_UNAVAILABLE));
        }
        assert!(
            quick >= 99,
            "{quick} were answered without a word to the server"
        );
        assert!(pool.status().failures < 20, "{:?}", pool.status());
        let (why, _) = pool.status().away.expect("it is away");
        assert!(!why.is_empty());
        let waiting = pool.persist(Duration::from_secs(20), |mut connection| async move {
            redis::cmd("INCR")
                .arg("n")
                .query_async::<u64>(&mut connection)
                .await
        });
        let (found, ()) = tokio::join!(waiting, server.restart());
        // The server kept nothing, and was asked once.
        assert_eq!(found.unwrap(), 1);
        assert_eq!(pool.status().away, None);
    });
}

#[test]
fn patience_ends() {
    testkit::run(async {
        let pool = Pool::new("test", &config("redis://127.0.0.1:1/")).unwrap();
        let error = pool
            .persist(Duration::from_millis(120), |mut connection| async move {
                redis::cmd("PING")
                    .query_async::<String>(&mut connection)
                    .await
            })
            .await
            .unwrap_err();
        assert!(matches!(error, Trouble::Away { .. }), "{error}");
        assert!((2..20).contains(&pool.status().failures));
        assert!(pool.ping().await.is_err());
    });
}

#[test]
fn tls_is_spoken_with_who_is_vouched_for() {
    testkit::run(async {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = made.cert.pem();
        let server = RedisServer::start_tls(&certificate, &made.signing_key.serialize_pem()).await;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &certificate).unwrap();
        let trusting = RedisConfig {
            ca: file.path().to_owned(),
            ..config(&server.url())
        };
        let pool = Pool::new("test", &trusting).unwrap();
        assert_eq!(count(&pool, "n").await.unwrap(), 1);
        let stranger = Pool::new("test", &config(&server.url())).unwrap();
        let refused = count(&stranger, "n").await.unwrap_err();
        assert!(refused.to_string().contains("certificate"), "{refused}");
    });
}
