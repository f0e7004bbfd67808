//! What relays and consumers need of `messaging`, and nothing of how it is reached.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use error::Result;
use value::{Id, Time};

/// An event in its envelope, and what delivery needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Its id.
    pub id: Id,
    /// The tenant it belongs to.
    pub tenant: Id,
    /// Where it goes.
    pub topic: String,
    /// What it is ordered with.
    pub key: String,
    /// See [`envelope::seal`](crate::envelope::seal).
    pub envelope: Bytes,
    /// When it is to be published, where that is later.
    pub publish_at: Option<Time>,
}

/// What became of events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Relayed {
    /// How many had been published before.
    pub duplicates: u32,
}

/// A group of consumers that share the events of some topics, of all tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The service whose it is.
    pub service: String,
    /// Its name in the service.
    pub name: String,
    /// Which topics.
    pub pattern: String,
    /// Whether it begins with the oldest event there is when it is new.
    pub from_oldest: bool,
    /// How long an event may be worked on.
    pub ack_wait: Duration,
    /// How often an event is tried.
    pub max_attempts: u32,
    /// Events that may be out at once.
    pub max_in_flight: u32,
}

/// Names a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mark {
    /// Where the event is in the log.
    pub position: u64,
    /// Which delivery of it.
    pub attempt: u32,
}

/// An event that was delivered and waits to be settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Names it.
    pub mark: Mark,
    /// The tenant it belongs to.
    pub tenant: Id,
    /// See [`envelope::open`](crate::envelope::open).
    pub envelope: Bytes,
}

/// A delivery that could not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which.
    pub mark: Mark,
    /// After how long to try again.
    pub delay: Duration,
    /// Why.
    pub reason: String,
    /// It is of no use to try again.
    pub fatal: bool,
    /// It was not tried, because one before it with the same key failed.
    pub untried: bool,
}

/// What became of deliveries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// Done.
    pub done: Vec<Mark>,
    /// Not done.
    pub refused: Vec<Refused>,
    /// Still worked on: their time begins anew.
    pub in_progress: Vec<Mark>,
}

/// Where messages are kept and delivered.
#[async_trait]
pub trait Messaging: Send + Sync + 'static {
    /// Publishes events, all or none, in this order; those that were published before are passed over.
    async fn publish(&self, events: Vec<Sealed>) -> Result<Relayed>;

    /// Makes the group, or brings its settings in line; its subscription's id.
    async fn ensure(&self, group: &Group) -> Result<Id>;

    /// Events to be worked on; waits so long for the first. Those with the same key stand in order.
    async fn fetch(&self, subscription: Id, most: u32, wait: Duration) -> Result<Vec<Delivery>>;

    /// Says what became of deliveries. One that is not known any more is passed over.
    async fn settle(&self, subscription: Id, settled: Settled) -> Result<()>;
}

/// The way to `messaging` that a service has. What belongs to a change of state goes through
/// [`publish`](crate::publish) instead, so that both are committed together.
#[derive(Clone)]
pub struct Bus(Arc<dyn Messaging>);

impl Bus {
    /// Over a way to reach it.
    pub fn new(messaging: Arc<dyn Messaging>) -> Self {
        Self(messaging)
    }

    /// The way.
    pub fn messaging(&self) -> &Arc<dyn Messaging> {
        &self.0
    }

    /// Publishes events that belong to no change of state; fails where `messaging` cannot be reached.
    pub async fn publish(&self, events: Vec<Sealed>) -> Result<Relayed> {
        self.0.publish(events).await
    }
}

impl std::fmt::Debug for Bus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bus")
    }
}
