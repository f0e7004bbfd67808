//! The way to this service that the relays and consumers of a process have: its generated client.

use async_trait::async_trait;
use bus::{Delivery, Group, Mark, Messaging, Relayed, Sealed, Settled};
use bytes::Bytes;
use error::{Error, Result};
use proto_platform::tessera::messaging::v1 as pb;
use proto_platform::tessera::messaging::v1::messaging_service_client::MessagingServiceClient;
use rpc::Channel;
use std::time::Duration;
use value::Id;

/// The largest answer: a batch of events.
const LARGEST: usize = 64 << 20;

/// Asks messaging, wherever it runs.
#[derive(Debug, Clone)]
pub struct Messages(Channel);

impl Messages {
    /// Over a channel to it.
    pub fn new(channel: Channel) -> Self {
        Self(channel)
    }

    fn client(&self) -> MessagingServiceClient<Channel> {
        MessagingServiceClient::new(self.0.clone())
            .max_decoding_message_size(LARGEST)
            .max_encoding_message_size(LARGEST)
    }
}

#[async_trait]
impl Messaging for Messages {
    async fn publish(&self, events: Vec<Sealed>) -> Result<Relayed> {
        let bytes = |id: Id| Bytes::copy_from_slice(id.as_bytes());
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
        let answer = self.client().relay_events(request).await?.into_inner();
        Ok(Relayed {
            duplicates: u32::try_from(answer.duplicates).unwrap_or(0),
        })
    }

    async fn ensure(&self, group: &Group) -> Result<Id> {
        let request = pb::EnsureConsumerRequest {
            service: group.service.clone(),
            group: group.name.clone(),
            pattern: group.pattern.clone(),
            from_oldest: group.from_oldest,
            ack_wait: Some(span(group.ack_wait)),
            max_attempts: number(group.max_attempts),
            max_in_flight: number(group.max_in_flight),
        };
        let answer = self.client().ensure_consumer(request).await?.into_inner();
        let id = answer.id.parse();
        id.map_err(|_| Error::internal("the id of a consumer is no UUID"))
    }

    async fn fetch(&self, subscription: Id, most: u32, wait: Duration) -> Result<Vec<Delivery>> {
        let request = pb::FetchEventsRequest {
            id: subscription.to_string(),
            max_events: number(most),
            wait: Some(span(wait)),
        };
        let answer = self.client().fetch_events(request).await?.into_inner();
        answer.deliveries.into_iter().map(delivery).collect()
    }

    async fn settle(&self, subscription: Id, settled: Settled) -> Result<()> {
        let request = pb::AckEventsRequest {
            id: subscription.to_string(),
            done: settled.done.into_iter().map(mark).collect(),
            refused: settled
                .refused
                .into_iter()
                .map(|refused| pb::DeliveryRefusal {
                    mark: Some(mark(refused.mark)),
                    delay: Some(span(refused.delay)),
                    reason: refused.reason.chars().take(2000).collect(),
                    fatal: refused.fatal,
                    untried: refused.untried,
                })
                .collect(),
            in_progress: settled.in_progress.into_iter().map(mark).collect(),
        };
        self.client().ack_events(request).await?;
        Ok(())
    }
}

fn delivery(from: pb::EventDelivery) -> Result<Delivery> {
    let tenant: [u8; 16] = from
        .tenant
        .as_ref()
        .try_into()
        .map_err(|_| Error::internal("the tenant of an event is no UUID"))?;
    Ok(Delivery {
        mark: Mark {
            position: from.position,
            attempt: u32::try_from(from.attempt).unwrap_or(0),
        },
        tenant: Id::from_uuid(uuid::Uuid::from_bytes(tenant)),
        envelope: from.envelope,
    })
}

fn mark(mark: Mark) -> pb::DeliveryMark {
    pb::DeliveryMark {
        position: mark.position,
        attempt: number(mark.attempt),
    }
}

fn number(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn span(span: Duration) -> prost_types::Duration {
    prost_types::Duration {
        seconds: i64::try_from(span.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(span.subsec_nanos()).unwrap_or(0),
    }
}
