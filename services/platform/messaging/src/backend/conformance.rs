//! What every store of the log must do. `conforms` is called by the tests of each store.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use value::Time;

use super::{Backend, Keep, Limit, Record};

/// A store to be tried: `open` called again after `close` finds what was appended before.
#[async_trait]
pub(crate) trait Subject: Send + Sync {
    /// The store's type.
    type Store: Backend;
    /// Opens the store over this subject's own storage, empty at first.
    async fn open(&self) -> Self::Store;
}

/// Much more than any of the tests has.
const ALL: Limit = Limit {
    records: 1_000_000,
    bytes: 1 << 30,
};

/// Runs every case, each on a fresh subject.
pub(crate) async fn conforms<S: Subject>(fresh: impl AsyncFn() -> S) {
    positions_are_dense_and_order_is_kept(&fresh().await).await;
    reads_are_bounded_and_go_on(&fresh().await).await;
    the_edges_of_the_log_are_told(&fresh().await).await;
    what_was_acknowledged_survives_a_restart(&fresh().await).await;
    many_appenders_never_share_or_skip_a_position(&fresh().await).await;
    a_time_finds_its_position(&fresh().await).await;
    times_never_go_back(&fresh().await).await;
    bodies_of_every_size_come_back(&fresh().await).await;
    trimming_drops_only_the_old(&fresh().await).await;
    retention_keeps_the_young(&fresh().await).await;
    arrivals_wake_who_waits(&fresh().await).await;
    a_healthy_store_says_so(&fresh().await).await;
}

fn at(second: i64) -> Time {
    Time::from_micros(1_767_225_600_000_000 + second * 1_000_000)
}

fn bodies(range: std::ops::Range<u64>) -> Vec<Bytes> {
    range
        .map(|number| Bytes::from(format!("body {number}")))
        .collect()
}

fn positions(records: &[Record]) -> Vec<u64> {
    records.iter().map(|record| record.position).collect()
}

async fn everything(store: &impl Backend) -> Vec<Record> {
    let mut found = Vec::new();
    let mut from = 0;
    loop {
        let batch = store.read(from, ALL).await.unwrap();
        if batch.records.is_empty() {
            return found;
        }
        assert_eq!(batch.damaged, 0);
        from = batch.next;
        found.extend(batch.records);
    }
}

async fn positions_are_dense_and_order_is_kept<S: Subject>(subject: &S) {
    let store = subject.open().await;
    assert_eq!(store.append(at(0), bodies(0..3)).await.unwrap(), 1..4);
    assert!(store.append(at(0), vec![]).await.unwrap().is_empty());
    assert_eq!(store.append(at(1), bodies(3..4)).await.unwrap(), 4..5);
    assert_eq!(store.append(at(1), bodies(4..10)).await.unwrap(), 5..11);
    let found = everything(&store).await;
    assert_eq!(positions(&found), (1..11).collect::<Vec<_>>());
    let read: Vec<_> = found.iter().map(|record| record.body.clone()).collect();
    assert_eq!(read, bodies(0..10));
    assert_eq!((found[0].time, found[9].time), (at(0), at(1)));
    store.close().await;
}

async fn reads_are_bounded_and_go_on<S: Subject>(subject: &S) {
    let store = subject.open().await;
    store.append(at(0), bodies(0..10)).await.unwrap();
    let few = Limit {
        records: 3,
        bytes: 1 << 20,
    };
    let batch = store.read(4, few).await.unwrap();
    assert_eq!((positions(&batch.records), batch.next), (vec![4, 5, 6], 7));
    // One record is given however small the limit is.
    let tiny = Limit {
        records: 10,
        bytes: 1,
    };
    let batch = store.read(4, tiny).await.unwrap();
    assert_eq!((positions(&batch.records), batch.next), (vec![4], 5));
    let two = Limit {
        records: 10,
        bytes: 13,
    };
    assert_eq!(
        positions(&store.read(4, two).await.unwrap().records),
        [4, 5]
    );
    store.close().await;
}

async fn the_edges_of_the_log_are_told<S: Subject>(subject: &S) {
    let store = subject.open().await;
    assert_eq!(store.bounds().await.unwrap(), 1..1);
    let batch = store.read(1, ALL).await.unwrap();
    assert_eq!((batch.records.len(), batch.next), (0, 1));
    store.append(at(0), bodies(0..2)).await.unwrap();
    assert_eq!(store.bounds().await.unwrap(), 1..3);
    assert_eq!(
        positions(&store.read(0, ALL).await.unwrap().records),
        [1, 2]
    );
    for behind in [3, 4, 1000] {
        let batch = store.read(behind, ALL).await.unwrap();
        assert_eq!((batch.records.len(), batch.next), (0, behind));
    }
    store.close().await;
}

async fn what_was_acknowledged_survives_a_restart<S: Subject>(subject: &S) {
    for turn in 0..3_u64 {
        let store = subject.open().await;
        assert_eq!(store.bounds().await.unwrap(), 1..turn * 100 + 1);
        store
            .append(at(0), bodies(turn * 100..turn * 100 + 60))
            .await
            .unwrap();
        store
            .append(at(1), bodies(turn * 100 + 60..turn * 100 + 100))
            .await
            .unwrap();
        store.close().await;
        assert!(store.append(at(1), bodies(0..1)).await.is_err());
    }
    let store = subject.open().await;
    let found = everything(&store).await;
    let read: Vec<_> = found.iter().map(|record| record.body.clone()).collect();
    assert_eq!(read, bodies(0..300));
    store.close().await;
}

async fn many_appenders_never_share_or_skip_a_position<S: Subject>(subject: &S) {
    let store = subject.open().await;
    let one = |appender: u64| {
        let store = &store;
        async move {
            let mut taken = Vec::new();
            for turn in 0..20 {
                let texts = (0..3).map(|part| Bytes::from(format!("{appender}/{turn}/{part}")));
                taken.push((turn, store.append(at(0), texts.collect()).await.unwrap()));
            }
            taken
        }
    };
    let taken = futures::future::join_all((0..8).map(one)).await;
    let found = everything(&store).await;
    assert_eq!(positions(&found), (1..481).collect::<Vec<_>>());
    for (appender, turns) in taken.into_iter().enumerate() {
        for (turn, range) in turns {
            for (part, position) in range.enumerate() {
                let index = usize::try_from(position).unwrap() - 1;
                assert_eq!(found[index].body, format!("{appender}/{turn}/{part}"));
            }
        }
    }
    store.close().await;
}

async fn a_time_finds_its_position<S: Subject>(subject: &S) {
    let store = subject.open().await;
    assert_eq!(store.find(at(0)).await.unwrap(), 1);
    for second in [10, 10, 20, 40] {
        store.append(at(second), bodies(0..2)).await.unwrap();
    }
    for (second, position) in [(0, 1), (10, 1), (11, 5), (20, 5), (21, 7), (40, 7), (41, 9)] {
        assert_eq!(
            store.find(at(second)).await.unwrap(),
            position,
            "second {second}"
        );
    }
    store.close().await;
}

async fn times_never_go_back<S: Subject>(subject: &S) {
    let store = subject.open().await;
    store.append(at(10), bodies(0..1)).await.unwrap();
    store.append(at(5), bodies(1..2)).await.unwrap();
    store.close().await;
    let store = subject.open().await;
    store.append(at(7), bodies(2..3)).await.unwrap();
    store.append(at(11), bodies(3..4)).await.unwrap();
    let times: Vec<_> = everything(&store)
        .await
        .iter()
        .map(|record| record.time)
        .collect();
    assert_eq!(times, [at(10), at(10), at(10), at(11)]);
    store.close().await;
}

async fn bodies_of_every_size_come_back<S: Subject>(subject: &S) {
    let store = subject.open().await;
    let sizes = [
        0,
        1,
        1023,
        1024,
        1025,
        65_535,
        65_536,
        65_537,
        1 << 20,
        3 << 20,
    ];
    let sent: Vec<Bytes> = sizes
        .iter()
        .map(|size| {
            (0..*size)
                .map(|at| u8::try_from(at * 31 % 251).unwrap())
                .collect()
        })
        .collect();
    store.append(at(0), sent.clone()).await.unwrap();
    let read = |records: Vec<Record>| {
        records
            .into_iter()
            .map(|record| record.body)
            .collect::<Vec<_>>()
    };
    assert_eq!(read(everything(&store).await), sent);
    store.close().await;
    let store = subject.open().await;
    assert_eq!(read(everything(&store).await), sent);
    store.close().await;
}

async fn trimming_drops_only_the_old<S: Subject>(subject: &S) {
    let store = subject.open().await;
    store.append(at(0), bodies(0..100)).await.unwrap();
    let first = store.trim(51).await.unwrap();
    assert!((1..=51).contains(&first), "{first}");
    assert_eq!(store.bounds().await.unwrap(), first..101);
    let found = everything(&store).await;
    assert_eq!(positions(&found), (first..101).collect::<Vec<_>>());
    // More than there is drops nothing that is yet to come.
    let first = store.trim(1_000).await.unwrap();
    assert!((1..=101).contains(&first), "{first}");
    assert_eq!(store.append(at(1), bodies(0..1)).await.unwrap(), 101..102);
    store.close().await;
    let store = subject.open().await;
    assert_eq!(store.bounds().await.unwrap().end, 102);
    assert_eq!(store.append(at(1), bodies(0..1)).await.unwrap(), 102..103);
    store.close().await;
}

async fn retention_keeps_the_young<S: Subject>(subject: &S) {
    let store = subject.open().await;
    store.append(at(0), bodies(0..50)).await.unwrap();
    store.append(at(100), bodies(50..100)).await.unwrap();
    let hour = Keep {
        age: Duration::from_secs(3600),
        bytes: 1 << 40,
    };
    assert_eq!(store.retain(at(200), hour).await.unwrap(), 1);
    let minute = Keep {
        age: Duration::from_secs(110),
        bytes: 1 << 40,
    };
    let first = store.retain(at(200), minute).await.unwrap();
    assert!((1..=51).contains(&first), "{first}");
    let none = Keep {
        age: Duration::from_secs(3600),
        bytes: 0,
    };
    let first = store.retain(at(200), none).await.unwrap();
    assert!((1..=101).contains(&first), "{first}");
    assert_eq!(store.bounds().await.unwrap(), first..101);
    store.close().await;
}

async fn arrivals_wake_who_waits<S: Subject>(subject: &S) {
    let store = subject.open().await;
    store.append(at(0), bodies(0..1)).await.unwrap();
    // What is there is not waited for.
    store.arrived(1).await;
    let waiting = async {
        while store.bounds().await.unwrap().end <= 2 {
            store.arrived(2).await;
        }
    };
    let appending = async {
        tokio::task::yield_now().await;
        store.append(at(0), bodies(1..2)).await.unwrap();
    };
    tokio::join!(waiting, appending);
    store.close().await;
}

async fn a_healthy_store_says_so<S: Subject>(subject: &S) {
    let store = subject.open().await;
    store.health().await.unwrap();
    store.append(at(0), bodies(0..5)).await.unwrap();
    let status = store.status().await;
    assert_eq!(
        (status.problem, status.first, status.next, status.damaged),
        (None, 1, 6, 0)
    );
    assert!(status.bytes > 0 && status.parts > 0);
    store.close().await;
}
