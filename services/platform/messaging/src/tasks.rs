//! Background work: publishes what has waited for its time, counts topics, writes down how far subscriptions are,
//! drops what is old.

use std::time::Duration;

use auth::Scope;
use error::Result;
use rpc::Shutdown;
use value::Id;

use crate::backend::Keep;
use crate::broker::{Broker, PAGE};
use crate::model::dedupe::Key;
use crate::model::stored::Stored;

/// How often topics' figures are kept.
const KEEP_FIGURES: Duration = Duration::from_secs(2);
/// How often what is old is dropped.
const RETAIN: Duration = Duration::from_secs(30);
/// Messages published together when their time has come.
const DUE: i64 = 500;
/// The longest pause between two looks at what waits.
const LOOK: Duration = Duration::from_secs(1);
/// How long commands that ended are listed.
const COMMANDS: Duration = Duration::from_secs(30 * 24 * 3600);

/// Publishes messages whose time has come, until shutdown.
pub(crate) async fn publish_scheduled(broker: Broker, shutdown: Shutdown) -> Result<()> {
    let scope = Scope::system_all("publish what has waited");
    loop {
        while publish_due(&broker, &scope).await? > 0 {}
        let (next, _) = broker.store().scheduled_next(&scope).await?;
        let pause = next.map_or(LOOK, |next| next - broker.now()).min(LOOK);
        tokio::select! {
            () = shutdown.begun() => return Ok(()),
            () = broker.scheduled().notified() => {}
            () = tokio::time::sleep(pause.max(Duration::from_millis(1))) => {}
        }
    }
}

/// One batch of what is due; how many.
pub(crate) async fn publish_due(broker: &Broker, scope: &Scope) -> Result<usize> {
    let due = broker
        .store()
        .scheduled_due(scope, broker.now(), DUE)
        .await?;
    if due.is_empty() {
        return Ok(0);
    }
    let ids: Vec<Id> = due.iter().map(|row| row.id).collect();
    let messages = due
        .into_iter()
        .map(|row| (Key::new(row.tenant, &row.message_id), row.body.into()));
    // Where this process ends here, the window knows them when they come again.
    broker.append_once(messages.collect()).await?;
    broker.store().scheduled_done(scope, ids.clone()).await?;
    Ok(ids.len())
}

/// Counts topics as messages come, until shutdown.
pub(crate) async fn count_topics(broker: Broker, shutdown: Shutdown) -> Result<()> {
    let scope = Scope::system_all("count topics");
    let mut kept = tokio::time::Instant::now();
    loop {
        let at = broker.figures(|figures| figures.counted);
        let batch = broker.backend().read(at, PAGE).await?;
        let moved = batch.next > at;
        if moved {
            broker.figures(|figures| {
                for record in &batch.records {
                    if let Some(stored) = Stored::decode(&record.body)
                        && stored.directed.is_none()
                    {
                        let bytes = stored.envelope.len();
                        figures.count(
                            stored.tenant,
                            &stored.topic,
                            record.position,
                            record.time,
                            bytes,
                        );
                    }
                }
                figures.counted = batch.next;
            });
        }
        let ends = shutdown.has_begun();
        if ends || kept.elapsed() >= KEEP_FIGURES {
            let (counted, changed) =
                broker.figures(|figures| (figures.counted, figures.take_changed()));
            if !changed.is_empty() {
                broker.store().topics_save(&scope, counted, changed).await?;
            }
            kept = tokio::time::Instant::now();
        }
        if ends {
            return Ok(());
        }
        if !moved {
            tokio::select! {
                () = shutdown.begun() => {}
                () = broker.backend().arrived(at) => {}
            }
        }
    }
}

/// Writes down how far subscriptions are, until shutdown and once more.
pub(crate) async fn persist(broker: Broker, shutdown: Shutdown) -> Result<()> {
    let every = broker.config().persist_every.get();
    while shutdown.sleep(every).await {
        broker.persist().await?;
    }
    broker.persist().await
}

/// Drops what is old, until shutdown; then closes the log.
pub(crate) async fn retain(broker: Broker, shutdown: Shutdown) -> Result<()> {
    let keep = Keep {
        age: broker.config().keep.get(),
        bytes: broker.config().keep_bytes.get(),
    };
    let scope = Scope::system_all("forget what is old");
    while shutdown.sleep(RETAIN).await {
        let now = broker.now();
        broker.backend().retain(now, keep).await?;
        broker
            .store()
            .commands_forget(&scope, now - COMMANDS)
            .await?;
    }
    // What still comes is told to come again: the next process takes it.
    broker.backend().close().await;
    Ok(())
}
