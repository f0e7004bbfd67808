//! How far a subscription is, for people.

use std::sync::atomic::{AtomicU64, Ordering};

use error::Result;
use value::Time;

use super::{Broker, Group, PAGE, Settings};
use crate::model::stored::Stored;

/// Records looked at to count what is behind.
const COUNTED: u64 = 10_000;

/// How far a subscription is, for people.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    pub(crate) lag: u64,
    pub(crate) lag_is_exact: bool,
    pub(crate) in_flight: usize,
    pub(crate) waiting: usize,
    pub(crate) floor: u64,
    pub(crate) cursor: u64,
    pub(crate) acked: u64,
    pub(crate) delivered: u64,
    pub(crate) failed: u64,
    pub(crate) missed: u64,
    pub(crate) last_fetch: Option<Time>,
    pub(crate) oldest: Option<Time>,
}

impl Group {
    /// How far it is.
    pub(crate) async fn figures(&self, broker: &Broker) -> Figures {
        let settings = self.settings();
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut figures = {
            let state = self.state.lock().await;
            Figures {
                in_flight: state.out(),
                waiting: state.pending() - state.out(),
                floor: state.floor(),
                cursor: state.cursor,
                oldest: state.oldest(),
                acked: count(&self.counters.acked),
                delivered: count(&self.counters.delivered),
                failed: count(&self.counters.failed),
                missed: count(&self.counters.missed),
                last_fetch: *self
                    .last_fetch
                    .lock()
                    .expect("no holder of this lock panics"),
                ..Figures::default()
            }
        };
        let end = broker
            .backend()
            .bounds()
            .await
            .map_or(figures.cursor, |bounds| bounds.end);
        let behind = end.saturating_sub(figures.cursor);
        figures.lag = behind + figures.waiting as u64;
        if behind <= COUNTED
            && let Ok(matching) = self.count(broker, &settings, figures.cursor).await
        {
            figures.lag = matching + figures.waiting as u64;
            figures.lag_is_exact = true;
        }
        figures
    }

    async fn count(&self, broker: &Broker, settings: &Settings, from: u64) -> Result<u64> {
        let (mut at, mut count) = (from, 0);
        loop {
            let batch = broker.backend().read(at, PAGE).await?;
            if batch.next <= at {
                return Ok(count);
            }
            at = batch.next;
            let stored = batch
                .records
                .iter()
                .filter_map(|record| Stored::decode(&record.body));
            count += stored.filter(|stored| self.takes(settings, stored)).count() as u64;
        }
    }
}
