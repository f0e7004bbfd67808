//! Consumers over a `messaging` of the test's own, on SQLite.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use error::reason;
use tokio::sync::watch;
use value::{SystemClock, Time};

use super::*;
use crate::envelope::{Content, seal};
use crate::messaging::{Relayed, Sealed};

/// Gives out what it was given, and notes what was said of it.
#[derive(Default)]
struct Scripted {
    batches: Mutex<VecDeque<Vec<Delivery>>>,
    settled: watch::Sender<Vec<Settled>>,
    away: AtomicU32,
}

#[async_trait]
impl Messaging for Scripted {
    async fn publish(&self, _: Vec<Sealed>) -> Result<Relayed> {
        Ok(Relayed::default())
    }

    async fn ensure(&self, _: &Group) -> Result<Id> {
        if self.away.load(Ordering::Relaxed) > 0 {
            self.away.fetch_sub(1, Ordering::Relaxed);
            return Err(Error::new(&reason::UNAVAILABLE, "away"));
        }
        Ok(Id::new())
    }

    async fn fetch(&self, _: Id, _: u32, _: Duration) -> Result<Vec<Delivery>> {
        let batch = self.batches.lock().unwrap().pop_front();
        match batch {
            Some(batch) => Ok(batch),
            None => std::future::pending().await,
        }
    }

    async fn settle(&self, _: Id, settled: Settled) -> Result<()> {
        self.settled.send_modify(|all| all.push(settled));
        Ok(())
    }
}

impl Scripted {
    /// Waits until so often was said what became of events.
    async fn heard(&self, settlings: usize) {
        let mut settled = self.settled.subscribe();
        let enough = settled.wait_for(|all| all.len() >= settlings).await;
        enough.unwrap();
    }
}

fn delivery(position: u64, key: &str, text: &str) -> Delivery {
    let content = Content {
        id: Id::new().to_string(),
        tenant: Id::NIL,
        topic: "t".into(),
        key: key.into(),
        time: Time::EPOCH,
        data: Bytes::copy_from_slice(text.as_bytes()),
        ..Content::default()
    };
    Delivery {
        mark: Mark {
            position,
            attempt: 2,
        },
        tenant: Id::NIL,
        envelope: seal(content),
    }
}

fn database() -> (tempfile::TempDir, Db) {
    let folder = tempfile::tempdir().unwrap();
    let config = db::StorageConfig {
        data_dir: folder.path().to_owned(),
        ..db::StorageConfig::default()
    };
    let db = db::Databases::open(&config)
        .unwrap()
        .service("bus")
        .unwrap();
    (folder, db)
}

async fn run(consumer: Consumer, messaging: Arc<Scripted>, settlings: usize) -> Vec<Settled> {
    let (_folder, db) = database();
    let heard = Arc::clone(&messaging);
    let stop = Box::pin(async move {
        heard.heard(settlings).await;
    });
    consumer
        .run(db, Arc::new(SystemClock), messaging.clone(), stop)
        .await;
    messaging.settled.borrow().clone()
}

fn positions(marks: &[Mark]) -> Vec<u64> {
    let mut positions: Vec<_> = marks.iter().map(|mark| mark.position).collect();
    positions.sort_unstable();
    positions
}

#[tokio::test]
async fn what_follows_a_failure_with_the_same_key_is_not_tried() {
    let messaging = Arc::new(Scripted::default());
    messaging.away.store(1, Ordering::Relaxed);
    messaging.batches.lock().unwrap().push_back(vec![
        delivery(1, "a", "good"),
        delivery(2, "a", "bad"),
        delivery(3, "b", "good"),
        delivery(4, "a", "good"),
        delivery(5, "", "bad"),
        delivery(6, "", "good"),
    ]);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let consumer = Consumer::handle("test", ">", move |event| {
        noted.lock().unwrap().push(event.content.key.clone());
        async move {
            match event.content.data.as_ref() {
                b"good" => Ok(()),
                _ => Err(Error::new(&reason::UNAVAILABLE, "not now")),
            }
        }
    });
    let settled = run(consumer, messaging, 1).await.remove(0);
    assert_eq!(positions(&settled.done), [1, 3, 6]);
    let mut refused: Vec<_> = settled
        .refused
        .iter()
        .map(|refused| (refused.mark.position, refused.untried, refused.fatal))
        .collect();
    refused.sort_unstable();
    assert_eq!(
        refused,
        [(2, false, false), (4, true, false), (5, false, false)]
    );
    assert_eq!(
        settled.refused.iter().map(|refused| refused.delay).max(),
        Some(Duration::from_secs(2))
    );
    assert_eq!(seen.lock().unwrap().len(), 5);
}

#[tokio::test]
async fn what_can_never_be_read_is_given_up_and_holds_up_nothing() {
    let messaging = Arc::new(Scripted::default());
    let mut broken = delivery(1, "a", "x");
    broken.envelope = Bytes::from_static(b"\xff\xff\xff");
    messaging.batches.lock().unwrap().push_back(vec![
        broken,
        delivery(2, "a", "invalid"),
        delivery(3, "a", "good"),
    ]);
    let consumer = Consumer::handle("test", ">", |event| async move {
        match event.content.data.as_ref() {
            b"good" => Ok(()),
            _ => Err(Error::invalid_field("x", "BAD", "must be good")),
        }
    });
    let settled = run(consumer, messaging, 1).await.remove(0);
    assert_eq!(positions(&settled.done), [3]);
    assert!(settled.refused.iter().all(|refused| refused.fatal));
    assert_eq!(settled.refused.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn long_work_says_that_it_goes_on() {
    let messaging = Arc::new(Scripted::default());
    messaging
        .batches
        .lock()
        .unwrap()
        .push_back(vec![delivery(1, "a", "x"), delivery(2, "b", "long")]);
    let heard = Arc::clone(&messaging);
    let consumer = Consumer::handle("test", ">", move |event| {
        let heard = Arc::clone(&heard);
        async move {
            // It goes on until the second time that was said; the clock runs ahead while all wait.
            if event.content.data.as_ref() == b"long" {
                heard.heard(2).await;
            }
            Ok(())
        }
    });
    let settled = run(consumer, messaging, 3).await;
    assert_eq!(
        (
            positions(&settled[0].done),
            positions(&settled[0].in_progress)
        ),
        (vec![1], vec![2])
    );
    assert_eq!(
        (
            positions(&settled[1].done),
            positions(&settled[1].in_progress)
        ),
        (vec![], vec![2])
    );
    assert_eq!(positions(&settled[2].done), [2]);
}
