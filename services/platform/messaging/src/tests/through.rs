//! The way of relays and consumers to the service on the bench, as a process has it, with answers that get lost.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bus::{Delivery, Group, Messaging, Relayed, Sealed, Settled};
use error::{Error, Result, reason};
use rpc::Channel;
use value::Id;

use crate::Messages;

/// Over the way that a process has.
pub(super) struct Through {
    way: Messages,
    /// Answers to publishing that are lost.
    pub(super) lost_publishes: AtomicU32,
    /// Answers to settling that are lost before the service hears of it.
    pub(super) lost_settles: AtomicU32,
}

impl Through {
    pub(super) fn new(channel: Channel) -> Self {
        Self {
            way: Messages::new(channel),
            lost_publishes: AtomicU32::new(0),
            lost_settles: AtomicU32::new(0),
        }
    }
}

fn lost(count: &AtomicU32) -> Result<()> {
    let one = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
        left.checked_sub(1)
    });
    match one {
        Ok(_) => Err(Error::new(&reason::UNAVAILABLE, "the answer was lost")),
        Err(_) => Ok(()),
    }
}

#[async_trait]
impl Messaging for Through {
    async fn publish(&self, events: Vec<Sealed>) -> Result<Relayed> {
        let relayed = self.way.publish(events).await?;
        lost(&self.lost_publishes)?;
        Ok(relayed)
    }

    async fn ensure(&self, group: &Group) -> Result<Id> {
        self.way.ensure(group).await
    }

    async fn fetch(&self, subscription: Id, most: u32, wait: Duration) -> Result<Vec<Delivery>> {
        self.way.fetch(subscription, most, wait).await
    }

    async fn settle(&self, subscription: Id, settled: Settled) -> Result<()> {
        lost(&self.lost_settles)?;
        self.way.settle(subscription, settled).await
    }
}
