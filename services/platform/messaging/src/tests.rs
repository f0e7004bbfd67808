//! The service through its contract, on both databases.

mod commands;
mod deliveries;
mod outage;
mod outbox;
mod publishing;
mod refusals;
mod secrecy;
mod services;
mod through;

use proto_platform::tessera::messaging::v1 as pb;
use proto_platform::tessera::messaging::v1::messaging_service_client::MessagingServiceClient;
use rpc::Channel;
use testkit::Bench;

use crate::Messaging;

type Client = MessagingServiceClient<Channel>;

fn client(channel: Channel) -> Client {
    MessagingServiceClient::new(channel)
        .max_decoding_message_size(64 << 20)
        .max_encoding_message_size(64 << 20)
}

fn json(text: &str) -> prost_types::Value {
    crate::convert::json::render(&serde_json::from_str(text).unwrap())
}

fn message(topic: &str, key: &str, text: &str) -> pb::Message {
    pb::Message {
        topic: topic.into(),
        key: key.into(),
        json: Some(json(text)),
        ..pb::Message::default()
    }
}

async fn publish(client: &mut Client, message: pb::Message) -> pb::Published {
    let request = pb::PublishMessageRequest {
        message: Some(message),
        ..pb::PublishMessageRequest::default()
    };
    client.publish_message(request).await.unwrap().into_inner()
}

async fn subscribe(client: &mut Client, name: &str, pattern: &str) -> pb::Subscription {
    let request = pb::CreateSubscriptionRequest {
        subscription: Some(pb::Subscription {
            name: name.into(),
            pattern: pattern.into(),
            max_attempts: 3,
            ..pb::Subscription::default()
        }),
        ..pb::CreateSubscriptionRequest::default()
    };
    client
        .create_subscription(request)
        .await
        .unwrap()
        .into_inner()
}

async fn fetch(client: &mut Client, id: &str, most: i32) -> Vec<pb::Delivery> {
    let request = pb::FetchMessagesRequest {
        id: id.into(),
        max_messages: most,
        wait: None,
    };
    client
        .fetch_messages(request)
        .await
        .unwrap()
        .into_inner()
        .deliveries
}

async fn ack(
    client: &mut Client,
    id: &str,
    deliveries: &[pb::Delivery],
) -> pb::AckMessagesResponse {
    let request = pb::AckMessagesRequest {
        id: id.into(),
        ack_ids: deliveries.iter().map(|one| one.ack_id.clone()).collect(),
        ..pb::AckMessagesRequest::default()
    };
    client.ack_messages(request).await.unwrap().into_inner()
}

fn topics(deliveries: &[pb::Delivery]) -> Vec<String> {
    let messages = deliveries.iter().map(|one| one.message.as_ref().unwrap());
    messages.map(|message| message.topic.clone()).collect()
}

fn values(deliveries: &[pb::Delivery]) -> Vec<String> {
    let messages = deliveries.iter().map(|one| one.message.as_ref().unwrap());
    messages
        .map(|message| String::from_utf8(message.data.to_vec()).unwrap())
        .collect()
}

fn reason(status: &tonic::Status) -> String {
    error::Error::from(status.clone()).reason().to_owned()
}

testkit::both! {
    async fn tables_are_what_the_migrations_say(bench: Bench<Messaging>) {
        assert_eq!(bench.drift().await, []);
    }

    /// Proves: MSG-01
    async fn the_store_says_how_it_is(bench: Bench<Messaging>) {
        let mut admin = client(bench.admin());
        publish(&mut admin, message("a.b", "", "1")).await;
        let status = admin.get_broker_status(pb::GetBrokerStatusRequest {}).await.unwrap().into_inner();
        assert_eq!(status.kind(), pb::BrokerKind::Embedded);
        assert!(status.healthy && status.durable, "{status:?}");
        assert_eq!((status.first_position, status.next_position, status.published), (1, 2, 1));
        let mut nobody = client(bench.with_permissions(&["messaging.messages.read"]));
        let refused = nobody.get_broker_status(pb::GetBrokerStatusRequest {}).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::PermissionDenied);
    }
}
