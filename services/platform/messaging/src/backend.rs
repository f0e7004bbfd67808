//! Where messages are kept: one log with dense positions, behind a trait that every store of it fulfils.
//! Topics, subscriptions and delivery are built once above it; `conformance` is what each store must pass.

#[cfg(test)]
pub(crate) mod conformance;
pub(crate) mod embedded;
pub(crate) mod redis;

use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use error::Result;
use value::Time;

/// A record as it lies in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// Its place; the next record's is one more.
    pub(crate) position: u64,
    /// When it was appended; never earlier than that of the record before.
    pub(crate) time: Time,
    /// What the layer above made of a message; the log does not look into it.
    pub(crate) body: Bytes,
}

/// How much one read may give; at least one record is given if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    /// Records at most.
    pub(crate) records: usize,
    /// Bytes of bodies at most, but for the first record.
    pub(crate) bytes: usize,
}

/// Records read, and where to go on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Batch {
    /// The records, by position.
    pub(crate) records: Vec<Record>,
    /// Where the next read begins. It may lie further than the last record's position + 1: what lies
    /// between was trimmed or is damaged, and is lost.
    pub(crate) next: u64,
    /// How many positions between the asked one and `next` gave no record because they are damaged.
    pub(crate) damaged: u64,
}

/// How long records are kept; what breaks either bound may be dropped, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Keep {
    /// Records older than this may go.
    pub(crate) age: Duration,
    /// When the log takes more bytes than this, the oldest may go.
    pub(crate) bytes: u64,
}

/// Which store it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Files of our own below the data folder.
    Embedded,
    /// A Redis stream.
    Redis,
}

/// Connections to a broker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Pool {
    /// Connections that may be open at once, as configured.
    pub(crate) size: u32,
    /// Connections that are open.
    pub(crate) open: u32,
    /// Connections at work now.
    pub(crate) in_use: u32,
    /// How often a connection had to be made again.
    pub(crate) reconnects: u64,
}

/// How a store is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status {
    /// Which store.
    pub(crate) kind: Kind,
    /// What keeps it from its work; `None` is healthy.
    pub(crate) problem: Option<String>,
    /// Position of the oldest record.
    pub(crate) first: u64,
    /// Position that the next record will have; equal to `first` when the log is empty.
    pub(crate) next: u64,
    /// Bytes that the log takes.
    pub(crate) bytes: u64,
    /// Whether an append is on disk before it is acknowledged.
    pub(crate) durable: bool,
    /// Files, or other parts, that it is kept in.
    pub(crate) parts: u32,
    /// Records that were found damaged.
    pub(crate) damaged: u64,
    /// Connections, where it has some.
    pub(crate) pool: Option<Pool>,
}

/// A log of records. Positions begin at 1 and are dense: no number is left out and none is given twice, also
/// across restarts and with several appenders at once. Everything is safe to call at once from many tasks.
///
/// Failures: `BROKER_UNAVAILABLE` where the store cannot be reached (nothing was appended, or it is not known
/// whether something was: the layer above recognises repetitions by message id), `INTERNAL` for defects.
#[async_trait]
pub(crate) trait Backend: Send + Sync + 'static {
    /// Appends records as one piece: all of them at consecutive positions or none, in the order given, and
    /// before the answer as durable as the store's settings say. Their time is `now`, or the time of the
    /// newest record where that is later. No records: answers an empty range.
    async fn append(&self, now: Time, bodies: Vec<Bytes>) -> Result<Range<u64>>;

    /// Reads records from a position on. A position before the oldest record begins there; one at or behind the
    /// end answers no records and `next` = the position asked for. Never waits for records to come.
    async fn read(&self, from: u64, limit: Limit) -> Result<Batch>;

    /// The positions that can be read: from the oldest record's to the next record's. Of an empty log both are
    /// the same; what was trimmed counts as gone, so an emptied log is not at 1.
    async fn bounds(&self) -> Result<Range<u64>>;

    /// The position of the first record whose time is `time` or later; the end of the log if there is none.
    async fn find(&self, time: Time) -> Result<u64>;

    /// Waits until there is a record at `position` (or behind it), or a while has passed; cancelling it is
    /// harmless. Also returns where the store fails: the caller reads and finds out.
    async fn arrived(&self, position: u64);

    /// Drops records before `before`, and answers the oldest position there is then. A store that drops in
    /// pieces may keep more; it never drops `before` or what follows.
    async fn trim(&self, before: u64) -> Result<u64>;

    /// Drops the oldest records that `keep` allows to drop, and answers the oldest position there is then.
    /// A store that drops in pieces may keep more.
    async fn retain(&self, now: Time, keep: Keep) -> Result<u64>;

    /// Asks the store whether it can take appends now; an error says what is wrong.
    async fn health(&self) -> Result<()>;

    /// How it is doing; never fails: a store that cannot be reached says so in it, with the last figures known.
    async fn status(&self) -> Status;

    /// Brings what was appended to disk and stops; appends after it are refused. Saying it twice is harmless.
    async fn close(&self);
}
