//! What services say and hear. Their calls come from processes of the installation only.

use std::time::Duration;

use auth::Scope;
use error::{Error, Result};
use proto_platform::tessera::messaging::v1 as pb;
use value::Id;

use super::Api;
use crate::broker::Outgoing;
use crate::convert::{self, small, subscription};
use crate::model::stored::{self, Stored};

impl Api {
    pub(super) async fn relay(
        &self,
        request: pb::RelayEventsRequest,
    ) -> Result<pb::RelayEventsResponse> {
        let mut outgoing = Vec::with_capacity(request.events.len());
        for event in request.events {
            let tenant = convert::raw_id("events.tenant", &event.tenant)?;
            if !bus::topic::is_topic(&event.topic) {
                let text = format!("`{}` is no topic", event.topic);
                return Err(Error::invalid_field("events.topic", "TOPIC", text));
            }
            outgoing.push(Outgoing {
                id: convert::raw_id("events.id", &event.id)?.to_string(),
                publish_at: convert::time("events.publish_at", event.publish_at.as_ref())?,
                stored: Stored {
                    tenant,
                    lane: stored::lane(tenant, &event.key),
                    topic: event.topic,
                    level: bus::envelope::level(event.envelope.clone()),
                    directed: None,
                    envelope: event.envelope,
                },
            });
        }
        let placed = self.broker.publish(outgoing).await?;
        let first = placed
            .iter()
            .find(|placed| !placed.duplicate && placed.waits.is_none());
        Ok(pb::RelayEventsResponse {
            first_position: first.map_or(0, |placed| placed.position),
            duplicates: small(placed.iter().filter(|placed| placed.duplicate).count()),
        })
    }

    pub(super) async fn ensure(
        &self,
        request: &pb::EnsureConsumerRequest,
    ) -> Result<pb::EnsureConsumerResponse> {
        let scope = Scope::system(Id::NIL, "make a consumer of a service");
        let mut row = subscription::consumer(self.broker.now(), request);
        let bounds = self.broker.backend().bounds().await?;
        let begin = if request.from_oldest {
            bounds.start
        } else {
            bounds.end
        };
        row.state = subscription::state(begin)?;
        let (row, _) = self.broker.store().consumer_ensure(&scope, row).await?;
        self.broker.add_group(&row);
        Ok(pb::EnsureConsumerResponse {
            id: row.id.to_string(),
        })
    }

    pub(super) async fn fetch_for_service(
        &self,
        request: &pb::FetchEventsRequest,
    ) -> Result<pb::FetchEventsResponse> {
        let id = convert::id("id", &request.id)?;
        let group = self
            .broker
            .group(id)
            .ok_or_else(|| Error::not_found("subscription", id))?;
        let wait = convert::span(request.wait.as_ref()).unwrap_or(Duration::ZERO);
        let most = convert::size(request.max_events, 1);
        let outs = tokio::select! {
            outs = group.fetch(&self.broker, most, wait) => outs?,
            () = self.shutdown.begun() => Vec::new(),
        };
        let deliveries = outs.into_iter().map(|out| pb::EventDelivery {
            position: out.position,
            attempt: small(out.attempt),
            envelope: out.stored.envelope,
            tenant: bytes::Bytes::copy_from_slice(out.stored.tenant.as_bytes()),
        });
        Ok(pb::FetchEventsResponse {
            deliveries: deliveries.collect(),
        })
    }

    pub(super) async fn ack_for_service(
        &self,
        request: pb::AckEventsRequest,
    ) -> Result<pb::AckEventsResponse> {
        let id = convert::id("id", &request.id)?;
        let group = self
            .broker
            .group(id)
            .ok_or_else(|| Error::not_found("subscription", id))?;
        let counted = group
            .settle(&self.broker, subscription::service_verdicts(request))
            .await?;
        Ok(pb::AckEventsResponse {
            accepted: small(counted.into_iter().filter(|counted| *counted).count()),
        })
    }
}
