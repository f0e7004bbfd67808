//! Random histories beside a plain map: a cache never answers what was invalidated, removed or replaced before it was asked.

use super::*;
use proptest::{prelude::*, test_runner::TestRunner};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::AtomicU64,
};
use testkit::tokio;

/// What may happen; the first number is the process that does it.
#[derive(Debug, Clone)]
enum Step {
    Put(usize, u8, BTreeSet<u8>),
    Load(usize, u8, BTreeSet<u8>),
    Get(usize, u8),
    Remove(usize, u8),
    Invalidate(usize, BTreeSet<u8>),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (process, key) = (0..2_usize, 0..4_u8);
    let tags = || proptest::collection::btree_set(0..4_u8, 0..3);
    let step = prop_oneof![
        (process.clone(), key.clone(), tags()).prop_map(|(p, k, t)| Step::Put(p, k, t)),
        (process.clone(), key.clone(), tags()).prop_map(|(p, k, t)| Step::Load(p, k, t)),
        (process.clone(), key.clone()).prop_map(|(p, k)| Step::Get(p, k)),
        (process.clone(), key).prop_map(|(p, k)| Step::Remove(p, k)),
        (process, tags()).prop_map(|(p, t)| Step::Invalidate(p, t)),
    ];
    proptest::collection::vec(step, 1..40)
}

fn entry(number: u64, tags: &BTreeSet<u8>) -> Entry<u64> {
    Entry::new(number).tags(tags.iter().map(|tag| tag.to_string().into()))
}

/// Plays a history on caches that are one, and on a map.
async fn play(rig: &Rig, caches: [Cache<u64>; 2], steps: Vec<Step>) {
    let mut model = BTreeMap::<u8, (u64, BTreeSet<u8>)>::new();
    for (number, step) in (0..).zip(steps) {
        let name = |key: u8| rig.key(&key.to_string());
        match step {
            Step::Put(process, key, tags) => {
                caches[process].put(&name(key), entry(number, &tags)).await;
                model.insert(key, (number, tags));
            }
            Step::Load(process, key, tags) => {
                let made = entry(number, &tags);
                let load = || async { Ok(made) };
                let found = caches[process].get_or_load(&name(key), load).await.unwrap();
                let (expected, _) = model.entry(key).or_insert((number, tags));
                assert_eq!(*found.value, *expected, "step {number}");
            }
            Step::Get(process, key) => {
                let found = caches[process].get(&name(key)).await;
                let found = found.map(|found| *found.value);
                assert_eq!(found, model.get(&key).map(|(n, _)| *n), "step {number}");
            }
            Step::Remove(process, key) => {
                caches[process].remove(&name(key)).await;
                model.remove(&key);
            }
            Step::Invalidate(process, tags) => {
                let named: Vec<_> = tags.iter().map(|tag| tag.to_string().into()).collect();
                caches[process].invalidate(rig.tenant, &named).await;
                model.retain(|_, (_, has)| has.is_disjoint(&tags));
            }
        }
    }
}

fn check(cases: u32, rig: impl Fn() -> (Rig, [Cache<u64>; 2])) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let runner = &mut TestRunner::new(config);
    let done = runner.run(&steps(), |steps| {
        testkit::run(async {
            let (rig, caches) = rig();
            play(&rig, caches, steps).await;
        });
        Ok(())
    });
    done.unwrap();
}

#[test]
fn memory_is_as_a_map() {
    check(100, || {
        let rig = Rig::memory();
        let cache = rig.caches.local("test").build();
        (rig, [cache.clone(), cache])
    });
}

/// Two processes that do not trust their memory for any time are as one.
#[test]
fn processes_over_redis_are_as_a_map() {
    let url = testkit::redis_url();
    check(40, || {
        let mut rig = Rig::redis(&url);
        rig.config.near = config::Span::from_millis(0);
        let caches = [rig.neighbour(), rig.neighbour()].map(|caches| caches.shared("test").build());
        (rig, caches)
    });
}

/// Many read while others change what they read: nobody gets what their process invalidated before they asked. What another
/// process invalidates while a load is under way, that load may still bring to those who wait for it.
async fn nobody_reads_the_past(rig: Rig, caches: [Cache<u64>; 2]) {
    let truth = Arc::new(AtomicU64::new(0));
    let tell = [0, 1].map(|_| Arc::new(AtomicU64::new(0)));
    let shared = rig.caches.redis().is_some();
    let mut all = tokio::task::JoinSet::new();
    for number in 0..8_usize {
        let (cache, key, tenant) = (caches[number % 2].clone(), rig.key("a"), rig.tenant);
        let own = if shared { number % 2 } else { 0 };
        let (truth, told) = (Arc::clone(&truth), Arc::clone(&tell[own]));
        all.spawn(async move {
            for _ in 0..100 {
                if number < 2 {
                    let now = truth.fetch_add(1, Ordering::SeqCst) + 1;
                    cache.invalidate(tenant, &["t".into()]).await;
                    told.fetch_max(now, Ordering::SeqCst);
                    continue;
                }
                let least = told.load(Ordering::SeqCst);
                let truth = Arc::clone(&truth);
                let load = || async move {
                    let value = truth.load(Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    Ok(Entry::new(value).tag("t"))
                };
                let found = cache.get_or_load(&key, load).await.unwrap();
                assert!(*found.value >= least, "{} is before {least}", found.value);
            }
        });
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
}

#[test]
fn nobody_reads_the_past_in_memory() {
    testkit::run(async {
        let rig = Rig::memory();
        let cache = rig.caches.local("test").build();
        nobody_reads_the_past(rig, [cache.clone(), cache]).await;
    });
}

#[test]
fn nobody_reads_the_past_over_redis() {
    testkit::run(async {
        let mut rig = Rig::redis(&testkit::redis_url());
        rig.config.near = config::Span::from_millis(0);
        let caches = [rig.neighbour(), rig.neighbour()].map(|caches| caches.shared("test").build());
        nobody_reads_the_past(rig, caches).await;
    });
}
