//! What is done to a broker: the same to each.

use bytes::{BufMut as _, Bytes, BytesMut};
use futures::future::join_all;
use rand::RngCore as _;
use std::{
    future::Future,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// Bytes of a body: too few for ours to be compressed, and random.
pub(crate) const BODY: usize = 512;
/// Messages that are published together.
const TOGETHER: usize = 500;
/// Messages of which the delivery is measured.
const BACKLOG: usize = 20_000;
/// Messages a second while times are measured: few enough for a slow disk to have each by itself.
const PACE: u64 = 50;

/// How messages are published together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Batch {
    /// All or none, with one acknowledgement.
    Atomic,
    /// One after the other without waiting for the acknowledgements in between.
    Stream,
}

/// Something that keeps messages and delivers them.
pub(crate) trait Broker: Clone + Send + Sync + 'static {
    /// What delivers to one who subscribed.
    type Feed: Send + 'static;

    /// Publishes a message; ends when it is acknowledged.
    fn publish(&self, body: Bytes) -> impl Future<Output = ()> + Send;

    /// Publishes messages; ends when all are acknowledged. False if it cannot do it this way.
    fn publish_all(&self, how: Batch, bodies: Vec<Bytes>) -> impl Future<Output = bool> + Send;

    /// Subscribes to what comes from now on.
    fn subscribe(&self) -> impl Future<Output = Self::Feed> + Send;

    /// Has messages delivered, at most so many at once, shows their bodies, and acknowledges them.
    fn deliver(
        &self,
        feed: &mut Self::Feed,
        count: usize,
        seen: impl FnMut(&[u8]) + Send,
    ) -> impl Future<Output = ()> + Send;

    /// Takes the subscription away.
    fn unsubscribe(&self, feed: Self::Feed) -> impl Future<Output = ()> + Send;
}

/// p50 and p99, in milliseconds.
pub(crate) struct Times {
    pub(crate) acked: (f64, f64),
    pub(crate) delivered: (f64, f64),
}

fn body(number: u64) -> Bytes {
    let mut body = BytesMut::zeroed(BODY);
    rand::rng().fill_bytes(&mut body);
    body[..8].copy_from_slice(&number.to_be_bytes());
    body.freeze()
}

fn number(body: &[u8]) -> usize {
    let mut bytes = Vec::with_capacity(8);
    bytes.put_slice(&body[..8]);
    let bytes: [u8; 8] = bytes.try_into().expect("eight bytes");
    usize::try_from(u64::from_be_bytes(bytes)).expect("few")
}

fn bodies(many: usize) -> Vec<Bytes> {
    (0..many as u64).map(body).collect()
}

/// Messages a second of so many publishers that each wait for their acknowledgement.
pub(crate) async fn publishers<B: Broker>(broker: &B, many: usize, time: Duration) -> f64 {
    let began = Instant::now();
    let all = (0..many).map(|_| {
        let (broker, own) = (broker.clone(), bodies(64));
        tokio::spawn(async move {
            let mut done = 0_u32;
            while began.elapsed() < time {
                broker.publish(own[done as usize % own.len()].clone()).await;
                done += 1;
            }
            done
        })
    });
    let done: u32 = join_all(all)
        .await
        .into_iter()
        .map(|done| done.expect("it publishes"))
        .sum();
    f64::from(done) / began.elapsed().as_secs_f64()
}

/// Messages a second of one who publishes many together; nothing if the broker does not do that.
pub(crate) async fn batches<B: Broker>(broker: &B, how: Batch, time: Duration) -> Option<f64> {
    let own = bodies(TOGETHER);
    let (began, mut done) = (Instant::now(), 0);
    while began.elapsed() < time {
        if !broker.publish_all(how, own.clone()).await {
            return None;
        }
        done += own.len();
    }
    Some(done as f64 / began.elapsed().as_secs_f64())
}

/// Times at a pace that leaves the broker idle in between.
pub(crate) async fn latency<B: Broker>(broker: &B, time: Duration) -> Times {
    let count = PACE * time.as_secs().max(1) * 2;
    let mut feed = broker.subscribe().await;
    let delivered = Arc::new(Mutex::new(vec![None; count as usize]));
    let (consumer, seen) = (broker.clone(), Arc::clone(&delivered));
    let consuming = tokio::spawn(async move {
        let mark = |body: &[u8]| {
            let now = Instant::now();
            seen.lock().expect("nobody panics")[number(body)] = Some(now);
        };
        consumer.deliver(&mut feed, count as usize, mark).await;
        feed
    });
    let mut tick =
        tokio::time::interval(Duration::from_secs(1) / u32::try_from(PACE).expect("few"));
    let mut all = Vec::new();
    for at in 0..count {
        tick.tick().await;
        let broker = broker.clone();
        all.push(tokio::spawn(async move {
            let body = body(at);
            let began = Instant::now();
            broker.publish(body).await;
            (began, began.elapsed())
        }));
    }
    let published = join_all(all).await;
    broker
        .unsubscribe(consuming.await.expect("it consumes"))
        .await;
    let delivered = delivered.lock().expect("nobody panics");
    let (mut to_ack, mut to_delivery) = (Vec::new(), Vec::new());
    for (published, delivered) in published.into_iter().zip(delivered.iter()) {
        let (began, acked) = published.expect("it publishes");
        let delivered = delivered.expect("it came");
        to_ack.push(acked);
        to_delivery.push(delivered.duration_since(began));
    }
    Times {
        acked: halves(to_ack),
        delivered: halves(to_delivery),
    }
}

/// p50 and p99, in milliseconds.
pub(crate) fn halves(mut times: Vec<Duration>) -> (f64, f64) {
    times.sort();
    let at = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1e3;
    (at(50), at(99))
}

/// Messages a second that one consumer gets and acknowledges, of those that wait for it.
pub(crate) async fn drain<B: Broker>(broker: &B) -> f64 {
    let mut feed = broker.subscribe().await;
    let own = bodies(TOGETHER);
    for _ in 0..BACKLOG / TOGETHER {
        assert!(broker.publish_all(Batch::Atomic, own.clone()).await);
    }
    let (began, mut came) = (Instant::now(), 0);
    broker.deliver(&mut feed, BACKLOG, |_| came += 1).await;
    let took = began.elapsed();
    broker.unsubscribe(feed).await;
    assert_eq!(came, BACKLOG);
    BACKLOG as f64 / took.as_secs_f64()
}
