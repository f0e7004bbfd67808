//! Their side: NATS JetStream on files, as a process of its own, through its own client.

use crate::load::{Batch, Broker};
use async_nats::{
    HeaderMap,
    jetstream::{
        self, AckKind, Context,
        consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull},
        stream::{Config, StorageType},
    },
};
use bytes::Bytes;
use futures::StreamExt as _;
use std::{
    net::TcpListener,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::process::{Child, Command};

const STREAM: &str = "bench";
const SUBJECT: &str = "bench.messages";

/// The server.
pub(crate) struct Server {
    child: Child,
    address: String,
}

impl Server {
    pub(crate) async fn start(program: &str, folder: &Path, durable: bool) -> Self {
        std::fs::create_dir_all(folder).expect("a folder");
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = free.local_addr().expect("it is bound").to_string();
        drop(free);
        let sync = if durable { "sync_interval: always" } else { "" };
        let settings = folder.join("nats.conf");
        let text = format!(
            "listen: \"{address}\"\njetstream {{\n  store_dir: {:?}\n  max_file_store: 8GB\n  {sync}\n}}\n",
            folder.join("data")
        );
        std::fs::write(&settings, text).expect("a file is written");
        let child = Command::new(program)
            .arg("-c")
            .arg(settings)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        Self { child, address }
    }

    pub(crate) async fn stop(&mut self) {
        let _ = self.child.kill().await;
    }
}

/// The client.
#[derive(Clone)]
pub(crate) struct JetStream {
    client: async_nats::Client,
    context: Context,
}

impl JetStream {
    pub(crate) async fn connect(server: &Server) -> Self {
        let began = Instant::now();
        let client = loop {
            match async_nats::connect(&server.address).await {
                Ok(client) => break client,
                Err(error) => assert!(began.elapsed() < Duration::from_secs(20), "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let context = jetstream::new(client.clone());
        let stream = Config {
            name: STREAM.to_owned(),
            subjects: vec![SUBJECT.to_owned()],
            storage: StorageType::File,
            allow_atomic_publish: true,
            ..Config::default()
        };
        context.create_stream(stream).await.expect("a stream");
        Self { client, context }
    }

    /// Messages with one acknowledgement, all or none.
    async fn publish_atomic(&self, bodies: Vec<Bytes>) {
        let id = value::Id::new().to_string();
        let many = bodies.len();
        for (at, body) in (1..).zip(bodies) {
            let mut headers = HeaderMap::new();
            headers.insert("Nats-Batch-Id", id.as_str());
            headers.insert("Nats-Batch-Sequence", at.to_string());
            if at < many {
                let sent = self
                    .client
                    .publish_with_headers(SUBJECT, headers, body)
                    .await;
                sent.expect("it is sent");
                continue;
            }
            headers.insert("Nats-Batch-Commit", "1");
            let answer = self
                .client
                .request_with_headers(SUBJECT, headers, body)
                .await;
            let answer = answer.expect("an acknowledgement").payload;
            let answer: serde_json::Value = serde_json::from_slice(&answer).expect("JSON");
            assert_eq!(answer["count"], many, "{answer}");
        }
    }
}

impl Broker for JetStream {
    type Feed = (String, pull::Stream);

    async fn publish(&self, body: Bytes) {
        let sent = self
            .context
            .publish(SUBJECT, body)
            .await
            .expect("it is sent");
        sent.await.expect("it is acknowledged");
    }

    async fn publish_all(&self, how: Batch, bodies: Vec<Bytes>) -> bool {
        if how == Batch::Atomic {
            self.publish_atomic(bodies).await;
            return true;
        }
        let mut sent = Vec::with_capacity(bodies.len());
        for body in bodies {
            sent.push(
                self.context
                    .publish(SUBJECT, body)
                    .await
                    .expect("it is sent"),
            );
        }
        for ack in sent {
            ack.await.expect("it is acknowledged");
        }
        true
    }

    async fn subscribe(&self) -> Self::Feed {
        let settings = pull::Config {
            ack_policy: AckPolicy::Explicit,
            deliver_policy: DeliverPolicy::New,
            max_ack_pending: 20_000,
            // It is not asked for anything while what it is to deliver is published.
            inactive_threshold: Duration::from_secs(600),
            ..pull::Config::default()
        };
        let consumer: PullConsumer = self
            .context
            .create_consumer_on_stream(settings, STREAM)
            .await
            .expect("a consumer");
        let name = consumer.cached_info().name.clone();
        let feed = consumer
            .stream()
            .max_messages_per_batch(500)
            .messages()
            .await;
        (name, feed.expect("messages"))
    }

    async fn deliver(
        &self,
        feed: &mut Self::Feed,
        count: usize,
        mut seen: impl FnMut(&[u8]) + Send,
    ) {
        for _ in 0..count {
            let message = feed.1.next().await.expect("it goes on").expect("a message");
            seen(&message.payload);
            message
                .ack_with(AckKind::Ack)
                .await
                .expect("it is acknowledged");
        }
        // Acknowledgements are sent and not answered: they count when the server has them.
        self.client.flush().await.expect("they are sent");
    }

    async fn unsubscribe(&self, feed: Self::Feed) {
        let gone = self
            .context
            .delete_consumer_from_stream(&feed.0, STREAM)
            .await;
        gone.expect("it is gone");
    }
}
