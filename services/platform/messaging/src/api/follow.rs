//! Messages as streams: those of an interval once more, and those that come.

use std::collections::VecDeque;

use error::{Error, Result};
use futures::StreamExt;
use proto_platform::tessera::messaging::v1 as pb;
use rpc::Shutdown;
use tokio::time::Instant;
use tonic::Status;

use super::{Api, Messages};
use crate::broker::{Broker, Filter, Seen};
use crate::convert::known::Known;
use crate::convert::message::{self, Start};

/// Messages looked for at once.
const AT_ONCE: usize = 200;
/// Records looked through at once.
const LOOKED_AT: usize = 10_000;

struct Follower {
    broker: Broker,
    known: Known,
    filter: Filter,
    at: u64,
    found: VecDeque<Seen>,
    /// Goes on at the end of the log, until then.
    until: Option<Instant>,
    shutdown: Shutdown,
    over: bool,
}

impl Api {
    /// The messages of an interval, up to the end of the log as it is now.
    pub(super) async fn replay(&self, mut filter: Filter, start: Start) -> Result<Messages> {
        let bounds = self.broker.backend().bounds().await?;
        filter.before = filter.before.min(bounds.end);
        let at = self.begin(start, bounds.start).await?;
        Ok(self.follow(filter, at, None))
    }

    /// The messages that come, after those since the start where there is one.
    pub(super) async fn tail(&self, filter: Filter, start: Start) -> Result<Messages> {
        let bounds = self.broker.backend().bounds().await?;
        let at = self.begin(start, bounds.end).await?;
        let until = Instant::now() + self.broker.config().follow.get();
        Ok(self.follow(filter, at, Some(until)))
    }

    fn follow(&self, filter: Filter, at: u64, until: Option<Instant>) -> Messages {
        let follower = Follower {
            broker: self.broker.clone(),
            known: self.known.clone(),
            filter,
            at,
            found: VecDeque::new(),
            until,
            shutdown: self.shutdown.clone(),
            over: false,
        };
        let messages = futures::stream::unfold(follower, async |mut follower| {
            let next = follower.next().await?;
            Some((next.map_err(Status::from), follower))
        });
        messages.boxed()
    }
}

impl Follower {
    async fn next(&mut self) -> Option<Result<pb::Message, Error>> {
        loop {
            if let Some(seen) = self.found.pop_front() {
                return Some(Ok(message::render(seen, &self.known)));
            }
            if self.over || self.shutdown.has_begun() {
                return None;
            }
            let scan = match self
                .broker
                .scan(&self.filter, self.at, AT_ONCE, LOOKED_AT)
                .await
            {
                Ok(scan) => scan,
                Err(failure) => {
                    self.over = true;
                    return Some(Err(failure));
                }
            };
            self.at = scan.next;
            self.found.extend(scan.found);
            self.over = scan.over;
            if scan.at_end && self.found.is_empty() {
                let until = self.until.filter(|until| *until > Instant::now())?;
                tokio::select! {
                    () = self.shutdown.begun() => return None,
                    () = tokio::time::sleep_until(until) => return None,
                    () = self.broker.backend().arrived(self.at) => {}
                }
            }
        }
    }
}
