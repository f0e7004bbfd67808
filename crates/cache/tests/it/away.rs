//! What Redis adds: processes share what they know, and go on when it is away.

use super::*;
use cache::Source;
use testkit::RedisServer;

#[test]
fn processes_share_entries_and_invalidations() {
    testkit::run(async {
        let rig = Rig::redis(&testkit::redis_url());
        let (here, there) = (
            rig.cache(),
            rig.neighbour().shared::<String>("test").build(),
        );
        let (loads, key) = (Loads::default(), rig.key("a"));
        here.get_or_load(&key, || loads.load("t")).await.unwrap();
        let found = there.get_or_load(&key, || loads.load("t")).await.unwrap();
        assert_eq!(
            (found.value.as_str(), found.source),
            ("value 1", Source::Redis)
        );
        assert_eq!(there.describe(&key).await.unwrap().tags, ["t".into()]);
        there.invalidate(rig.tenant, &["t".into()]).await;
        // Its own process knows at once, the other when it does not trust its memory any more.
        assert!(there.get(&key).await.is_none());
        assert_eq!(here.get(&key).await.unwrap().source, Source::Memory);
        rig.clock.advance(rig.config.near.get());
        assert!(here.get(&key).await.is_none());
        let fresh = here.get_or_load(&key, || loads.load("t")).await.unwrap();
        assert_eq!(*fresh.value, "value 2");
        assert_eq!(
            (here.figures().redis_hits, there.figures().redis_hits),
            (0, 1)
        );
    });
}

#[test]
fn what_does_not_fit_stays_in_memory_and_what_cannot_be_read_is_none() {
    testkit::run(async {
        let mut rig = Rig::redis(&testkit::redis_url());
        rig.config.largest = config::ByteSize::from_bytes(100);
        let (here, there) = (rig.neighbour(), rig.neighbour());
        let (texts, numbers) = (
            here.shared::<String>("test").build(),
            there.shared::<u64>("test").build(),
        );
        texts
            .put(&rig.key("large"), Entry::new("x".repeat(200)))
            .await;
        assert_eq!(
            texts.get(&rig.key("large")).await.unwrap().source,
            Source::Memory
        );
        assert_eq!(texts.figures().redis_refusals, 1);
        assert!(numbers.get(&rig.key("large")).await.is_none());
        texts
            .put(&rig.key("text"), Entry::new("word".to_owned()))
            .await;
        let number = || async { Ok(Entry::new(7)) };
        let found = numbers.get_or_load(&rig.key("text"), number).await.unwrap();
        assert_eq!((*found.value, found.source), (7, Source::Loaded));
        assert_eq!(numbers.figures().redis_refusals, 1);
        let again = there.shared::<u64>("test").build();
        assert_eq!(*again.get(&rig.key("text")).await.unwrap().value, 7);
    });
}

#[test]
fn a_redis_that_is_away_fails_no_read_and_forgets_no_invalidation() {
    testkit::run(async {
        // It keeps what it has over a restart: what was invalidated meanwhile is still in it.
        let mut server = RedisServer::start_durable().await;
        let rig = Rig::redis(&server.url());
        let (cache, loads) = (rig.cache(), Loads::default());
        let (stale, kept) = (rig.key("stale"), rig.key("kept"));
        cache.get_or_load(&stale, || loads.load("s")).await.unwrap();
        cache.get_or_load(&kept, || loads.load("k")).await.unwrap();
        assert!(rig.caches.health().await.is_ok());
        server.stop().await;
        rig.clock.advance(rig.config.near.get());
        for _ in 0..50 {
            let key = rig.key(&Id::new().to_string());
            let found = cache.get_or_load(&key, || loads.load("x")).await.unwrap();
            assert_eq!(found.source, Source::Loaded);
            assert!(cache.get(&key).await.is_some(), "memory goes on");
        }
        assert!(cache.figures().redis_failures >= 50);
        let tries = rig.caches.redis().unwrap().failures;
        assert!(tries < 20, "the server was asked {tries} times");
        assert!(
            rig.caches
                .health()
                .await
                .unwrap_err()
                .is(&redis_pool::REDIS_UNAVAILABLE)
        );
        cache.invalidate(rig.tenant, &["s".into()]).await;
        server.restart().await;
        testkit::eventually("Redis", || async { rig.caches.health().await.ok() }).await;
        rig.clock.advance(rig.config.near.get());
        assert_eq!(cache.get(&kept).await.unwrap().source, Source::Redis);
        assert!(
            cache.get(&stale).await.is_none(),
            "it was invalidated first"
        );
    });
}

#[test]
fn a_redis_that_drops_tags_makes_entries_stale_not_wrong() {
    testkit::run(async {
        let rig = Rig::redis(&testkit::redis_url());
        let (cache, key) = (rig.cache(), rig.key("a"));
        cache.put(&key, Entry::new("x".to_owned()).tag("t")).await;
        let pool = redis_pool::Pool::new("test", &rig.config.redis).unwrap();
        let tag = format!("{{{}:{}}}:test:t:t", rig.config.prefix, rig.tenant);
        let dropped = pool.run(|mut connection| async move {
            redis_pool::redis::cmd("DEL")
                .arg(tag)
                .query_async::<u64>(&mut connection)
                .await
        });
        assert_eq!(dropped.await.unwrap(), 1);
        let other = rig.neighbour().shared::<String>("test").build();
        assert!(other.get(&key).await.is_none());
    });
}

#[test]
fn a_redis_that_refuses_our_word_is_as_one_that_is_away() {
    testkit::run(async {
        let server = RedisServer::start().await;
        let url = server.url().replace("redis://", "redis://nobody:wrong@");
        let rig = Rig::redis(&url);
        let (cache, loads, key) = (rig.cache(), Loads::default(), rig.key("a"));
        let found = cache.get_or_load(&key, || loads.load("t")).await.unwrap();
        assert_eq!(found.source, Source::Loaded);
        assert_eq!(cache.get(&key).await.unwrap().source, Source::Memory);
        let sick = rig.caches.health().await.unwrap_err();
        assert!(sick.is(&redis_pool::REDIS_UNAVAILABLE), "{sick:?}");
        assert!(!format!("{sick:?}").contains("wrong@"), "{sick:?}");
        let (why, _) = rig.caches.redis().unwrap().away.expect("it is away");
        assert!(!why.is_empty());
    });
}

#[test]
fn an_entry_dies_in_redis_by_its_clock() {
    testkit::run(async {
        let mut rig = Rig::redis(&testkit::redis_url());
        rig.config.near = config::Span::from_millis(0);
        let [here, there] = [rig.neighbour(), rig.neighbour()]
            .map(|caches| caches.shared::<String>("test").build());
        let (short, long) = (rig.key("short"), rig.key("long"));
        here.put(
            &short,
            Entry::new("x".to_owned()).ttl(Duration::from_millis(100)),
        )
        .await;
        here.put(&long, Entry::new("y".to_owned())).await;
        testkit::eventually("its end", || async {
            there.get(&short).await.is_none().then_some(())
        })
        .await;
        assert_eq!(there.get(&long).await.unwrap().source, Source::Redis);
    });
}
