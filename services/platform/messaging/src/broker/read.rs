//! Going through the log for messages that somebody asks for.

use auth::clearance::Clearance;
use bus::envelope::{self, Received};
use bus::topic::Pattern;
use error::Result;
use value::{Id, Time};

use super::{Broker, PAGE};
use crate::backend::Record;
use crate::model::{is_private, stored::Stored};

/// Which messages.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    /// Whose.
    pub(crate) tenant: Id,
    /// Which topics.
    pub(crate) pattern: Pattern,
    /// Whether those are seen that tell of accounts.
    pub(crate) sees_private: bool,
    /// How secret they may be.
    pub(crate) clearance: Clearance,
    /// With this key; empty is any.
    pub(crate) key: String,
    /// With this correlation id; empty is any.
    pub(crate) correlation: String,
    /// Published before.
    pub(crate) until: Option<Time>,
    /// Before this position.
    pub(crate) before: u64,
}

/// A message that was found.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Where it is.
    pub(crate) position: u64,
    /// When it was published.
    pub(crate) time: Time,
    /// The message.
    pub(crate) received: Received,
}

/// What one look gave.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// The messages.
    pub(crate) found: Vec<Seen>,
    /// Where the next look begins.
    pub(crate) next: u64,
    /// There is nothing more, as of now.
    pub(crate) at_end: bool,
    /// What follows is none of what was asked for.
    pub(crate) over: bool,
}

impl Filter {
    /// The message of a record, if it is one of those.
    pub(crate) fn pick(&self, record: &Record) -> Option<Seen> {
        let stored = Stored::decode(&record.body)?;
        let visible = stored.tenant == self.tenant
            && stored.directed.is_none()
            && self.clearance.covers(stored.level)
            && self.pattern.matches(&stored.topic)
            && (self.sees_private || !is_private(&stored.topic));
        if !visible {
            return None;
        }
        let received = envelope::open(stored.envelope).ok()?;
        let content = &received.content;
        let asked = (self.key.is_empty() || content.key == self.key)
            && (self.correlation.is_empty() || content.correlation == self.correlation);
        asked.then_some(Seen {
            position: record.position,
            time: record.time,
            received,
        })
    }

    /// Whether a record and all behind it are none of those.
    fn is_over(&self, record: &Record) -> bool {
        record.position >= self.before || self.until.is_some_and(|until| record.time >= until)
    }
}

impl Broker {
    /// Looks for messages from a position on, through so many records at most, until there are enough.
    pub(crate) async fn scan(
        &self,
        filter: &Filter,
        from: u64,
        most: usize,
        records: usize,
    ) -> Result<Scan> {
        let mut scan = Scan {
            next: from,
            ..Scan::default()
        };
        let mut left = records;
        while left > 0 && scan.found.len() < most {
            let batch = self.backend().read(scan.next, PAGE).await?;
            if batch.records.is_empty() && batch.next <= scan.next {
                scan.at_end = true;
                return Ok(scan);
            }
            scan.next = batch.next;
            left = left.saturating_sub(batch.records.len().max(1));
            for record in &batch.records {
                if filter.is_over(record) {
                    scan.over = true;
                    return Ok(scan);
                }
                if scan.found.len() == most {
                    scan.next = record.position;
                    return Ok(scan);
                }
                scan.found.extend(filter.pick(record));
            }
        }
        Ok(scan)
    }
}
