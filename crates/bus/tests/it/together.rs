//! Many events in a transaction: each takes effect once and in order, whatever fails with it, in it, or behind it.

use crate::{
    house::{House, break_commit, effect},
    log::Log,
};
use bus::{Consumer, Received};
use db::{Conn, Failure};
use error::{Error, reason};
use proptest::prelude::*;
use std::{
    collections::{BTreeSet, HashSet},
    sync::{Arc, Mutex},
};
use value::Id;

/// What happens when an event is applied for the first time; later it is applied well, but for what is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Luck {
    Good,
    /// It is refused after it has written.
    Refused,
    /// It panics after it has written.
    Panics,
    /// It can never be applied.
    Useless,
    /// The whole transaction cannot go on.
    Broken,
    /// It is the commit that fails.
    Uncommitted,
}

const LANES: [&str; 4] = ["", "a", "b", "c"];

#[derive(Debug, Clone)]
struct Plan {
    /// Tenant, lane and luck of each event.
    events: Vec<(usize, usize, Luck)>,
    /// Acknowledgements that get lost.
    lost: BTreeSet<usize>,
    together: usize,
    batch: u32,
}

fn luck() -> impl Strategy<Value = Luck> {
    prop_oneof![
        12 => Just(Luck::Good),
        1 => Just(Luck::Refused),
        1 => Just(Luck::Panics),
        1 => Just(Luck::Useless),
        1 => Just(Luck::Broken),
        1 => Just(Luck::Uncommitted),
    ]
}

prop_compose! {
    fn plan()(
        events in prop::collection::vec((0..2_usize, 0..LANES.len(), luck()), 1..60),
        lost in prop::collection::btree_set(0..6_usize, 0..3),
        together in prop::sample::select(vec![1, 2, 7, 64]),
        batch in prop::sample::select(vec![3, 20, 256]),
    ) -> Plan {
        Plan { events, lost, together, batch }
    }
}

fn number(event: &Received) -> usize {
    let text = std::str::from_utf8(&event.content.data).unwrap();
    text.parse().unwrap()
}

/// Applies events with the luck that is planned for them.
fn unlucky(
    lucks: Vec<Luck>,
) -> impl Fn(&mut Conn, &Received) -> Result<(), Failure> + Send + Sync + 'static {
    let met: Mutex<HashSet<usize>> = Mutex::default();
    move |c, event| {
        let number = number(event);
        let first = met.lock().unwrap().insert(number);
        effect(c, event, i64::try_from(number).unwrap())?;
        match lucks[number] {
            Luck::Useless => Err(Error::invalid_field("x", "BAD", "never").into()),
            Luck::Refused if first => Err(Error::new(&reason::UNAVAILABLE, "not now").into()),
            Luck::Panics if first => panic!("as planned"),
            Luck::Broken if first => Err(Failure::Exhausted),
            Luck::Uncommitted if first => break_commit(c),
            _ => Ok(()),
        }
    }
}

async fn holds(house: &House, plan: Plan) {
    let tenants = [Id::new(), Id::new()];
    let events = plan.events.iter().enumerate();
    let events = events.map(|(number, (tenant, lane, _))| {
        let data = number.to_string().into_bytes();
        (Id::new(), tenants[*tenant], LANES[*lane].to_owned(), data)
    });
    let log = Arc::new(Log::new(events.collect(), plan.lost.clone()));
    let lucks = plan.events.iter().map(|(_, _, luck)| *luck).collect();
    let consumer = Consumer::apply("test", ">", unlucky(lucks))
        .together(plan.together)
        .batch(plan.batch);
    house.run(consumer, &log).await;
    for (at, tenant) in tenants.iter().enumerate() {
        for (place, lane) in LANES.iter().enumerate() {
            let own = plan
                .events
                .iter()
                .enumerate()
                .filter(|(_, (one, other, luck))| {
                    (*one, *other) == (at, place) && *luck != Luck::Useless
                });
            let expected: Vec<i64> = own
                .map(|(number, _)| i64::try_from(number).unwrap())
                .collect();
            let mut found = house.effects(*tenant, lane).await;
            if lane.is_empty() {
                // Without a key there is no order.
                found.sort_unstable();
            }
            assert_eq!(found, expected, "{lane} of {at}: {plan:?}");
        }
    }
    let useless = plan
        .events
        .iter()
        .filter(|(_, _, luck)| *luck == Luck::Useless);
    assert_eq!(log.dead().len(), useless.count(), "{plan:?}");
}

/// Each event that can take effect does so once, in the order of its key, whether events before it fail, the transaction
/// or its commit breaks, or nobody hears that it was committed.
fn every_event_takes_effect_once(backend: testkit::Backend, cases: u32) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    testkit::run(async {
        let house = Arc::new(House::on(backend).await);
        let runtime = tokio::runtime::Handle::current();
        let work = move || {
            proptest!(config, |(plan in plan())| {
                runtime.block_on(holds(&house, plan));
            });
        };
        tokio::task::spawn_blocking(work).await.unwrap();
    });
}

#[test]
fn every_event_takes_effect_once_on_sqlite() {
    every_event_takes_effect_once(testkit::Backend::sqlite(), 48);
}

#[test]
fn every_event_takes_effect_once_on_postgres() {
    every_event_takes_effect_once(testkit::Backend::postgres(), 24);
}

fn events(tenant: Id, lanes: &[&str]) -> Vec<(Id, Id, String, Vec<u8>)> {
    let lanes = lanes.iter().enumerate();
    let event = |(number, lane): (usize, &&str)| {
        let data = number.to_string().into_bytes();
        (Id::new(), tenant, (*lane).to_owned(), data)
    };
    lanes.map(event).collect()
}

testkit::both! {
    /// Many events are one transaction, and are acknowledged in one call.
    async fn many_share_a_commit_and_an_acknowledgement(house: House) {
        let tenant = Id::new();
        let log = Arc::new(Log::new(events(tenant, &["a"; 40]), BTreeSet::new()));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        let consumer = Consumer::apply("test", ">", move |c, event| {
            // What an uncommitted transaction shows of the one before it.
            noted.lock().unwrap().push(number(event));
            effect(c, event, i64::try_from(number(event)).unwrap())
        });
        house.run(consumer, &log).await;
        assert_eq!(log.settlings().len(), 1);
        assert_eq!(log.settlings()[0].done.len(), 40);
        assert_eq!(house.effects(tenant, "a").await.len(), 40);
        assert!(seen.lock().unwrap().len() >= 40);
    }

    /// An event that fails leaves nothing, holds up what follows it with its key, and nothing else; what it belongs to is
    /// its own.
    async fn one_that_fails_takes_nothing_with_it(house: House) {
        let tenant = Id::new();
        let log = Arc::new(Log::new(events(tenant, &["a", "b", "a", "c", "b"]), BTreeSet::new()));
        let apply = unlucky(vec![Luck::Good, Luck::Refused, Luck::Good, Luck::Useless, Luck::Good]);
        house.run(Consumer::apply("test", ">", apply), &log).await;
        let first = log.settlings().remove(0);
        let positions = |marks: &mut dyn Iterator<Item = u64>| marks.collect::<BTreeSet<u64>>();
        assert_eq!(positions(&mut first.done.iter().map(|one| one.position)), [1, 3].into());
        let refused = first.refused.iter().map(|one| (one.mark.position, one.untried, one.fatal));
        assert_eq!(refused.collect::<BTreeSet<_>>(), [(2, false, false), (4, false, true), (5, true, false)].into());
        assert_eq!(house.effects(tenant, "b").await, [1, 4]);
        assert!(house.effects(tenant, "c").await.is_empty());
        assert_eq!(log.dead(), [4]);
    }

    /// Slow events do not hold the database for as long as a whole batch of them takes.
    async fn a_transaction_takes_no_more_after_a_while(house: House) {
        let tenant = Id::new();
        let log = Arc::new(Log::new(events(tenant, &["a"; 6]), BTreeSet::new()));
        let begun = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&begun);
        let consumer = Consumer::apply("test", ">", move |c, event| {
            let own = number(event);
            // Until so much time is over that the next one is none of this transaction any more.
            let now = std::time::Instant::now();
            while now.elapsed() < std::time::Duration::from_millis(60) {
                std::thread::yield_now();
            }
            noted.lock().unwrap().push(own);
            effect(c, event, i64::try_from(own).unwrap())
        });
        house.run(consumer, &log).await;
        assert_eq!(house.effects(tenant, "a").await, [0, 1, 2, 3, 4, 5]);
        assert_eq!(log.settlings().len(), 1, "still one acknowledgement");
    }
}
