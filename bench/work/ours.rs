//! Our side: the platform as a process of its own, which is this program again, and a client over TCP with a token.

use crate::load::{Batch, Broker};
use bytes::Bytes;
use proto_platform::tessera::messaging::v1 as pb;
use proto_platform::tessera::messaging::v1::messaging_service_client::MessagingServiceClient;
use server::{Process, Settings};
use std::{
    path::{Path, PathBuf},
    process::Stdio,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, Command},
};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};

/// The largest answer.
const LARGEST: usize = 64 << 20;
const TOPIC: &str = "bench.messages";

/// Settings of a platform in a folder, on SQLite, at addresses that are free.
pub(crate) fn settings(folder: &Path, durable: bool, storage: &str) -> Settings {
    let text = format!(
        "[server]\ngrpc = \"127.0.0.1:0\"\ndata = {data:?}\n[gateway]\nlisten = \"127.0.0.1:0\"\n\
         [storage]\ndata_dir = {data:?}\n{storage}\n[services.messaging.log]\ndurable = {durable}\n",
        data = folder.join("data"),
    );
    Settings::read(text.parse().expect("TOML")).expect("the settings are valid")
}

/// Serves until its standard input ends, which it does when who started it is gone.
pub(crate) async fn serve(folder: &Path, durable: bool) {
    let process = Process::start(settings(folder, durable, ""))
        .await
        .expect("the process starts");
    println!("{}", process.grpc());
    let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
    process.stop().await;
}

/// The platform as a process.
pub(crate) struct Server {
    child: Child,
    address: String,
    folder: PathBuf,
}

impl Server {
    pub(crate) async fn start(folder: &Path, durable: bool) -> Self {
        std::fs::create_dir_all(folder).expect("a folder");
        let own = std::env::current_exe().expect("this program");
        let mut child = Command::new(own)
            .args(["serve", &folder.display().to_string(), &durable.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        let lines = child.stdout.take().expect("its output");
        let mut lines = BufReader::new(lines).lines();
        let address = lines
            .next_line()
            .await
            .expect("a line")
            .expect("the address");
        Self {
            child,
            address,
            folder: folder.to_owned(),
        }
    }

    pub(crate) async fn stop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait().await;
    }
}

/// Adds the token.
#[derive(Clone)]
pub(crate) struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request
            .metadata_mut()
            .insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// The client.
#[derive(Clone)]
pub(crate) struct Ours {
    client: MessagingServiceClient<InterceptedService<Channel, Bearer>>,
}

impl Ours {
    pub(crate) async fn connect(server: &Server) -> Self {
        let token = std::fs::read_to_string(server.folder.join("data/identity/admin.token"));
        let bearer = format!("Bearer {}", token.expect("a token").trim());
        let channel = Endpoint::from_shared(format!("http://{}", server.address))
            .expect("an address")
            .tcp_nodelay(true)
            .connect()
            .await
            .expect("it answers");
        let bearer = Bearer(bearer.parse().expect("a header value"));
        let client = MessagingServiceClient::with_interceptor(channel, bearer)
            .max_decoding_message_size(LARGEST)
            .max_encoding_message_size(LARGEST);
        Self { client }
    }
}

fn message(body: Bytes) -> pb::Message {
    pb::Message {
        topic: TOPIC.to_owned(),
        data: body,
        ..pb::Message::default()
    }
}

impl Broker for Ours {
    type Feed = String;

    async fn publish(&self, body: Bytes) {
        let request = pb::PublishMessageRequest {
            message: Some(message(body)),
            ..pb::PublishMessageRequest::default()
        };
        let done = self.client.clone().publish_message(request).await;
        assert!(done.expect("it is published").get_ref().position > 0);
    }

    /// Ours are always all or none: there is no other way.
    async fn publish_all(&self, how: Batch, bodies: Vec<Bytes>) -> bool {
        if how != Batch::Atomic {
            return false;
        }
        let many = bodies.len();
        let request = pb::PublishMessagesRequest {
            messages: bodies.into_iter().map(message).collect(),
        };
        let done = self.client.clone().publish_messages(request).await;
        assert_eq!(
            done.expect("they are published").get_ref().published.len(),
            many
        );
        true
    }

    async fn subscribe(&self) -> String {
        let request = pb::CreateSubscriptionRequest {
            subscription: Some(pb::Subscription {
                name: format!("bench-{}", value::Id::new()),
                pattern: TOPIC.to_owned(),
                max_in_flight: 20_000,
                ..pb::Subscription::default()
            }),
            ..pb::CreateSubscriptionRequest::default()
        };
        let made = self.client.clone().create_subscription(request).await;
        made.expect("it is made").into_inner().id
    }

    async fn deliver(&self, feed: &mut String, count: usize, mut seen: impl FnMut(&[u8]) + Send) {
        let (mut client, mut left) = (self.client.clone(), count);
        while left > 0 {
            let request = pb::FetchMessagesRequest {
                id: feed.clone(),
                max_messages: 500,
                wait: Some(prost_types::Duration {
                    seconds: 5,
                    nanos: 0,
                }),
            };
            let got = client
                .fetch_messages(request)
                .await
                .expect("it is fetched")
                .into_inner();
            let mut ack_ids = Vec::with_capacity(got.deliveries.len());
            for delivery in got.deliveries {
                seen(&delivery.message.expect("a message").data);
                ack_ids.push(delivery.ack_id);
            }
            if ack_ids.is_empty() {
                continue;
            }
            left = left.saturating_sub(ack_ids.len());
            let request = pb::AckMessagesRequest {
                id: feed.clone(),
                ack_ids,
                ..pb::AckMessagesRequest::default()
            };
            client
                .ack_messages(request)
                .await
                .expect("it is acknowledged");
        }
    }

    async fn unsubscribe(&self, feed: String) {
        let request = pb::DeleteSubscriptionRequest {
            id: feed,
            etag: String::new(),
        };
        self.client
            .clone()
            .delete_subscription(request)
            .await
            .expect("it is gone");
    }
}
