//! A `messaging` that is away: a service on the bench is alone.

use async_trait::async_trait;
use bus::{Delivery, Group, Messaging, Relayed, Sealed, Settled};
use error::{Error, Result, reason};
use std::time::Duration;
use value::Id;

/// Reaches nobody.
pub(crate) struct Nowhere;

fn away<T>() -> Result<T> {
    Err(Error::new(
        &reason::UNAVAILABLE,
        "the bench has no messaging",
    ))
}

#[async_trait]
impl Messaging for Nowhere {
    async fn publish(&self, _: Vec<Sealed>) -> Result<Relayed> {
        away()
    }

    async fn ensure(&self, _: &Group) -> Result<Id> {
        away()
    }

    async fn fetch(&self, _: Id, _: u32, _: Duration) -> Result<Vec<Delivery>> {
        away()
    }

    async fn settle(&self, _: Id, _: Settled) -> Result<()> {
        away()
    }
}
