//! Messaging, played: it brings one event at a time.

use crate::Operations;
use bus::envelope::{Content, seal};
use bus::{Delivery, Group, Mark, Messaging, Relayed, Sealed, Settled};
use prost::Message;
use proto::tessera::jobs::v1::JobChanged;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use testkit::{
    Bench,
    tokio::{
        self,
        sync::{Mutex as AsyncMutex, mpsc},
        task::JoinHandle,
    },
};
use value::{Clock, Id, Time};

/// Messaging, played: brings one event at a time to the service's consumer, and waits for what becomes of it.
pub(in crate::tests) struct Post {
    events: mpsc::UnboundedSender<Delivery>,
    settled: AsyncMutex<mpsc::UnboundedReceiver<Settled>>,
    position: Mutex<u64>,
    work: JoinHandle<()>,
}

struct Route {
    events: AsyncMutex<mpsc::UnboundedReceiver<Delivery>>,
    settled: mpsc::UnboundedSender<Settled>,
}

#[tonic::async_trait]
impl Messaging for Route {
    async fn publish(&self, _: Vec<Sealed>) -> error::Result<Relayed> {
        Ok(Relayed::default())
    }

    async fn ensure(&self, group: &Group) -> error::Result<Id> {
        assert!(group.from_oldest, "what was told before is heard of too");
        assert_eq!(
            (group.service.as_str(), group.pattern.as_str()),
            ("operations", "tessera.jobs.v1.JobChanged")
        );
        Ok(Id::NIL)
    }

    async fn fetch(&self, _: Id, _: u32, _: Duration) -> error::Result<Vec<Delivery>> {
        match self.events.lock().await.recv().await {
            Some(delivery) => Ok(vec![delivery]),
            None => std::future::pending().await,
        }
    }

    async fn settle(&self, _: Id, settled: Settled) -> error::Result<()> {
        let _ = self.settled.send(settled);
        Ok(())
    }
}

impl Post {
    /// Runs the service's consumer over this post.
    pub(in crate::tests) fn start(bench: &Bench<Operations>) -> Self {
        let (events, brought) = mpsc::unbounded_channel();
        let (done, settled) = mpsc::unbounded_channel();
        let route = Arc::new(Route {
            events: AsyncMutex::new(brought),
            settled: done,
        });
        let clock: Arc<dyn Clock> = Arc::new(value::SystemClock);
        let consumer = crate::hear::consumer(crate::bell::Bell::new(), Arc::clone(&clock));
        let run = consumer.run(
            bench.db().clone(),
            clock,
            route,
            Box::pin(std::future::pending()),
        );
        Self {
            events,
            settled: AsyncMutex::new(settled),
            position: Mutex::new(0),
            work: tokio::spawn(run),
        }
    }

    /// Delivers an event under an id of its own; what became of it.
    pub(in crate::tests) async fn deliver(&self, tenant: Id, event: JobChanged) -> Settled {
        self.deliver_as(Id::new(), tenant, event.encode_to_vec())
            .await
    }

    /// Delivers bytes under an id.
    pub(in crate::tests) async fn deliver_as(
        &self,
        id: Id,
        tenant: Id,
        payload: Vec<u8>,
    ) -> Settled {
        let position = {
            let mut position = self.position.lock().unwrap();
            *position += 1;
            *position
        };
        let content = Content {
            id: id.to_string(),
            tenant,
            topic: crate::convert::job::TOPIC.to_owned(),
            key: "job".to_owned(),
            time: Time::EPOCH,
            data: payload.into(),
            ..Content::default()
        };
        let delivery = Delivery {
            mark: Mark {
                position,
                attempt: 1,
            },
            tenant,
            envelope: seal(content),
        };
        self.events.send(delivery).unwrap();
        self.settled.lock().await.recv().await.unwrap()
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        self.work.abort();
    }
}
