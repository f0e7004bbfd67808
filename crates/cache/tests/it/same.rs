//! What a cache does wherever it keeps its entries.

use super::*;
use cache::Source;
use futures::future::join_all;
use testkit::tokio::sync::Notify;

macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($rig:ident: Rig) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn run($rig: Rig) $body

            #[test]
            fn memory() {
                testkit::run(run(Rig::memory()));
            }

            #[test]
            fn redis() {
                testkit::run(run(Rig::redis(&testkit::redis_url())));
            }
        }
    )+};
}

on_both! {
    async fn a_value_is_loaded_once_and_found_again(rig: Rig) {
        let (cache, loads) = (rig.cache(), Loads::default());
        let key = rig.key("a");
        assert!(cache.get(&key).await.is_none());
        let first = cache.get_or_load(&key, || loads.load("t")).await.unwrap();
        assert_eq!((first.value.as_str(), first.source), ("value 1", Source::Loaded));
        let again = cache.get_or_load(&key, || loads.load("t")).await.unwrap();
        assert_eq!((again.value.as_str(), again.source), ("value 1", Source::Memory));
        assert_eq!(*cache.get(&key).await.unwrap().value, "value 1");
        let figures = cache.figures();
        assert_eq!((figures.memory_hits, figures.misses, figures.loads), (2, 2, 1));
        assert_eq!((figures.failed_loads, figures.redis_failures), (0, 0));
    }

    async fn tenants_and_names_are_apart(rig: Rig) {
        let (cache, other) = (rig.cache(), rig.caches.shared::<String>("other").build());
        cache.put(&rig.key("a"), Entry::new("mine".to_owned())).await;
        assert!(cache.get(&Key::new(Id::new(), "a")).await.is_none());
        assert!(cache.get(&rig.key("b")).await.is_none());
        assert!(other.get(&rig.key("a")).await.is_none());
        assert_eq!(*cache.get(&rig.key("a")).await.unwrap().value, "mine");
    }

    async fn entries_live_as_long_as_they_say(rig: Rig) {
        let cache = rig.caches.shared::<String>("test").ttl(HOUR).build();
        let (long, short) = (rig.key("long"), rig.key("short"));
        cache.put(&long, Entry::new("x".to_owned())).await;
        cache.put(&short, Entry::new("y".to_owned()).ttl(Duration::from_secs(300))).await;
        assert_eq!(cache.describe(&long).await.unwrap().left, HOUR);
        assert_eq!(cache.describe(&short).await.unwrap().left, Duration::from_secs(300));
        rig.clock.advance(Duration::from_secs(100));
        // Redis has a clock of its own, which does not move by hand.
        if rig.caches.redis().is_none() {
            assert_eq!(cache.describe(&short).await.unwrap().left, Duration::from_secs(200));
            rig.clock.advance(Duration::from_secs(200));
            assert!(cache.get(&short).await.is_none());
            assert!(cache.get(&long).await.is_some());
            rig.clock.advance(HOUR);
            assert!(cache.get(&long).await.is_none());
        } else {
            let left = cache.describe(&short).await.unwrap().left;
            assert!((299..=300).contains(&left.as_secs()), "{left:?}");
        }
    }

    async fn entries_go_by_tag(rig: Rig) {
        let cache = rig.cache();
        let put = async |name: &str, tags: &[&str]| {
            let tags = tags.iter().copied().map(Into::into);
            cache.put(&rig.key(name), Entry::new(name.to_owned()).tags(tags)).await;
        };
        put("none", &[]).await;
        put("one", &["a"]).await;
        put("two", &["a", "b"]).await;
        put("three", &["b", "c"]).await;
        let foreign = Key::new(Id::new(), "one");
        cache.put(&foreign, Entry::new("foreign".to_owned()).tag("a")).await;
        let tags = cache.describe(&rig.key("two")).await.unwrap().tags;
        assert_eq!(tags, ["a".into(), "b".into()]);
        cache.invalidate(rig.tenant, &["a".into(), "z".into()]).await;
        let has = async |name: &str| cache.get(&rig.key(name)).await.is_some();
        assert!(has("none").await && has("three").await);
        assert!(!has("one").await && !has("two").await);
        assert!(cache.get(&foreign).await.is_some(), "tags are a tenant's own");
        put("one", &["a"]).await;
        assert!(has("one").await);
        assert_eq!(cache.figures().invalidations, 2);
    }

    async fn what_is_invalidated_while_it_is_loaded_is_not_kept(rig: Rig) {
        let (cache, loads) = (rig.cache(), Loads::default());
        let (key, begun, go) = (rig.key("a"), Arc::new(Notify::new()), Arc::new(Notify::new()));
        let slow = {
            let (begun, go, load) = (begun.clone(), go.clone(), loads.load("t"));
            async move {
                begun.notify_one();
                go.notified().await;
                load.await
            }
        };
        let first = cache.get_or_load(&key, || slow);
        let meanwhile = async {
            begun.notified().await;
            cache.invalidate(rig.tenant, &["t".into()]).await;
            // Who comes now does not get what began before.
            let fresh = cache.get_or_load(&key, || loads.load("t")).await.unwrap();
            assert_eq!((fresh.value.as_str(), fresh.source), ("value 1", Source::Loaded));
            go.notify_one();
        };
        let (first, ()) = testkit::tokio::join!(first, meanwhile);
        assert_eq!(*first.unwrap().value, "value 2");
        let kept = cache.get(&key).await.map(|found| found.value.to_string());
        assert_ne!(kept.as_deref(), Some("value 2"), "it was stale when it came");
    }

    async fn equal_loads_at_the_same_time_are_one(rig: Rig) {
        let (cache, loads, key) = (rig.cache(), Loads::default(), rig.key("a"));
        let go = Arc::new(Notify::new());
        let load = || {
            let (go, load) = (go.clone(), loads.load("t"));
            async move {
                go.notified().await;
                load.await
            }
        };
        let asks = join_all((0..20).map(|_| cache.get_or_load(&key, load)));
        let release = testkit::eventually("all wait", || async {
            (cache.figures().joined == 19).then(|| go.notify_one())
        });
        let (found, ()) = testkit::tokio::join!(asks, release);
        assert!(found.iter().all(|found| *found.as_ref().unwrap().value == "value 1"));
        assert_eq!(loads.count(), 1);
        assert_eq!(cache.figures().joined, 19);
    }

    async fn failures_are_everyones_and_not_kept(rig: Rig) {
        let (cache, loads, key) = (rig.cache(), Loads::default(), rig.key("a"));
        let fails = || async {
            testkit::tokio::task::yield_now().await;
            Err(error::Error::not_found("thing", "a"))
        };
        let (one, two) = testkit::tokio::join!(
            cache.get_or_load(&key, fails),
            cache.get_or_load(&key, fails)
        );
        assert!([one, two].iter().all(|failed| failed.as_ref().is_err_and(|e| e.is(&error::reason::NOT_FOUND))));
        assert_eq!(cache.figures().failed_loads, 1);
        let passing = || async { Ok(Entry::passing("now".to_owned())) };
        assert_eq!(*cache.get_or_load(&key, passing).await.unwrap().value, "now");
        assert_eq!(*cache.get_or_load(&key, || loads.load("t")).await.unwrap().value, "value 1");
    }

    async fn an_entry_can_be_dropped(rig: Rig) {
        let (cache, key) = (rig.cache(), rig.key("a"));
        cache.put(&key, Entry::new("x".to_owned())).await;
        cache.remove(&key).await;
        assert!(cache.get(&key).await.is_none());
    }

    async fn memory_is_bounded(rig: Rig) {
        let few = rig.caches.local::<String>("few").entries(10).build();
        let small = rig.caches.local::<String>("small").bytes(10_000, String::len).build();
        for name in 0..200 {
            few.put(&rig.key(&name.to_string()), Entry::new("x".to_owned())).await;
            small.put(&rig.key(&name.to_string()), Entry::new("x".repeat(436))).await;
        }
        let (few, small) = (few.settled_figures().await, small.settled_figures().await);
        assert!(few.entries <= 10 && few.evictions >= 190, "{few:?}");
        assert!(small.entries <= 20 && small.evictions >= 180, "{small:?}");
    }
}
