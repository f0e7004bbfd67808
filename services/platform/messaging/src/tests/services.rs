//! What services say and hear.

use auth::clearance::Level;
use bus::envelope::{Content, PROTOBUF, seal};
use bytes::Bytes;
use prost::Message;
use testkit::Bench;
use value::Id;

use super::*;

/// An event of a service, sealed.
pub(super) fn event(tenant: Id, topic: &str, key: &str, data: &[u8]) -> pb::SealedEvent {
    secret(tenant, topic, key, data, Level::Internal)
}

/// An event of a service that only some may read, sealed.
pub(super) fn secret(
    tenant: Id,
    topic: &str,
    key: &str,
    data: &[u8],
    level: Level,
) -> pb::SealedEvent {
    let id = Id::new();
    let content = Content {
        id: id.to_string(),
        tenant,
        topic: topic.into(),
        key: key.into(),
        source: "/services/test".into(),
        level,
        content_type: PROTOBUF.into(),
        data: Bytes::copy_from_slice(data),
        ..Content::default()
    };
    pb::SealedEvent {
        id: Bytes::copy_from_slice(id.as_bytes()),
        tenant: Bytes::copy_from_slice(tenant.as_bytes()),
        topic: topic.into(),
        key: key.into(),
        envelope: seal(content),
        publish_at: None,
    }
}

testkit::both! {
    async fn events_of_services_arrive_once_and_are_readable(bench: Bench<Messaging>) {
        let mut process = client(bench.process());
        let changed = pb::GetTopicRequest { name: "x".into() };
        let sent = event(bench.tenant(), "tessera.messaging.v1.GetTopicRequest", "k", &changed.encode_to_vec());
        let request = pb::RelayEventsRequest { events: vec![sent.clone(), event(bench.other_tenant(), "tessera.x.v1.Other", "", b"")] };
        assert_eq!(process.relay_events(request.clone()).await.unwrap().into_inner().duplicates, 0);
        assert_eq!(process.relay_events(request.clone()).await.unwrap().into_inner().duplicates, 2);
        let mut admin = client(bench.admin());
        let seen = admin.list_messages(pb::ListMessagesRequest::default()).await.unwrap().into_inner().messages;
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].json, Some(json(r#"{"name": "x"}"#)));
        // End users are no services.
        assert!(admin.relay_events(request).await.is_err());
    }

    /// Proves: DB-59
    async fn a_consumer_of_a_service_hears_all_tenants_and_is_listed_with_its_lag(bench: Bench<Messaging>) {
        let mut process = client(bench.process());
        let ensure = pb::EnsureConsumerRequest {
            service: "operations".into(), group: "index".into(), pattern: "tessera.jobs.v1.*".into(), from_oldest: true, max_attempts: 2, ..pb::EnsureConsumerRequest::default()
        };
        let events = [bench.tenant(), bench.other_tenant()].map(|tenant| event(tenant, "tessera.jobs.v1.JobChanged", "j", b"1"));
        process.relay_events(pb::RelayEventsRequest { events: events.to_vec() }).await.unwrap();
        let id = process.ensure_consumer(ensure.clone()).await.unwrap().into_inner().id;
        assert_eq!(process.ensure_consumer(ensure).await.unwrap().into_inner().id, id);
        let mut admin = client(bench.admin());
        let list = pb::ListSubscriptionsRequest { of_services: true, ..pb::ListSubscriptionsRequest::default() };
        let listed = admin.list_subscriptions(list.clone()).await.unwrap().into_inner().subscriptions;
        assert_eq!((listed[0].service.as_str(), listed[0].figures.as_ref().unwrap().lag), ("operations", 2));
        let mut viewer = client(bench.with_permissions(&["messaging.subscriptions.read"]));
        assert_eq!(viewer.list_subscriptions(list.clone()).await.unwrap_err().code(), tonic::Code::PermissionDenied);

        let fetch = pb::FetchEventsRequest { id: id.clone(), max_events: 10, wait: None };
        let got = process.fetch_events(fetch.clone()).await.unwrap().into_inner().deliveries;
        assert_eq!(got.len(), 2);
        let mark = |one: &pb::EventDelivery| pb::DeliveryMark { position: one.position, attempt: one.attempt };
        let settle = pb::AckEventsRequest {
            id: id.clone(),
            done: vec![mark(&got[0])],
            refused: vec![pb::DeliveryRefusal { mark: Some(mark(&got[1])), untried: true, ..pb::DeliveryRefusal::default() }],
            in_progress: Vec::new(),
        };
        assert_eq!(process.ack_events(settle).await.unwrap().into_inner().accepted, 2);
        let again = process.fetch_events(fetch).await.unwrap().into_inner().deliveries;
        assert_eq!((again.len(), again[0].position, again[0].attempt), (1, got[1].position, 1));
        let listed = admin.list_subscriptions(list).await.unwrap().into_inner().subscriptions;
        assert_eq!(listed[0].figures.as_ref().unwrap().lag, 0);
        // Not a tenant's own.
        assert!(admin.get_subscription(pb::GetSubscriptionRequest { id }).await.is_err());
    }
}
