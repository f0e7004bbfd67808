//! The way of relays and consumers to the service on the bench, as a process has it, with answers that get lost.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bus::{Delivery, Group, Mark, Relayed, Sealed, Settled};
use bytes::Bytes;
use error::{Error, Result, reason};
use value::Id;

use super::*;

/// Over a client of the service.
pub(super) struct Through {
    client: Client,
    /// Answers to publishing that are lost.
    pub(super) lost_publishes: AtomicU32,
    /// Answers to settling that are lost before the service hears of it.
    pub(super) lost_settles: AtomicU32,
}

impl Through {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
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

fn bytes(id: Id) -> Bytes {
    Bytes::copy_from_slice(id.as_bytes())
}

fn mark(mark: Mark) -> pb::DeliveryMark {
    pb::DeliveryMark {
        position: mark.position,
        attempt: mark.attempt.cast_signed(),
    }
}

fn span(span: Duration) -> Option<prost_types::Duration> {
    Some(crate::convert::render_span(span))
}

#[async_trait]
impl bus::Messaging for Through {
    async fn publish(&self, events: Vec<Sealed>) -> Result<Relayed> {
        let events = events.into_iter().map(|event| pb::SealedEvent {
            id: bytes(event.id),
            tenant: bytes(event.tenant),
            topic: event.topic,
            key: event.key,
            envelope: event.envelope,
            publish_at: event.publish_at.map(proto::time::to_proto),
        });
        let request = pb::RelayEventsRequest {
            events: events.collect(),
        };
        let answer = self.client.clone().relay_events(request).await?;
        lost(&self.lost_publishes)?;
        Ok(Relayed {
            duplicates: answer.into_inner().duplicates.cast_unsigned(),
        })
    }

    async fn ensure(&self, group: &Group) -> Result<Id> {
        let request = pb::EnsureConsumerRequest {
            service: group.service.clone(),
            group: group.name.clone(),
            pattern: group.pattern.clone(),
            from_oldest: group.from_oldest,
            ack_wait: span(group.ack_wait),
            max_attempts: group.max_attempts.cast_signed(),
            max_in_flight: group.max_in_flight.cast_signed(),
        };
        let answer = self.client.clone().ensure_consumer(request).await?;
        Ok(answer.into_inner().id.parse().unwrap())
    }

    async fn fetch(&self, subscription: Id, most: u32, wait: Duration) -> Result<Vec<Delivery>> {
        let request = pb::FetchEventsRequest {
            id: subscription.to_string(),
            max_events: most.cast_signed(),
            wait: span(wait),
        };
        let answer = self.client.clone().fetch_events(request).await?;
        let deliveries = answer.into_inner().deliveries.into_iter();
        let deliveries = deliveries.map(|one| Delivery {
            mark: Mark {
                position: one.position,
                attempt: one.attempt.cast_unsigned(),
            },
            tenant: Id::from_uuid(uuid::Uuid::from_slice(&one.tenant).unwrap()),
            envelope: one.envelope,
        });
        Ok(deliveries.collect())
    }

    async fn settle(&self, subscription: Id, settled: Settled) -> Result<()> {
        lost(&self.lost_settles)?;
        let refused = settled.refused.into_iter().map(|one| pb::DeliveryRefusal {
            mark: Some(mark(one.mark)),
            delay: span(one.delay),
            reason: one.reason,
            fatal: one.fatal,
            untried: one.untried,
        });
        let request = pb::AckEventsRequest {
            id: subscription.to_string(),
            done: settled.done.into_iter().map(mark).collect(),
            refused: refused.collect(),
            in_progress: settled.in_progress.into_iter().map(mark).collect(),
        };
        self.client.clone().ack_events(request).await?;
        Ok(())
    }
}
