//! The one thread that writes the log. What has come while it wrote and flushed is written and flushed together:
//! the busier it is, the fewer flushes a record costs.

use std::io;
use std::ops::Range;
use std::sync::{Arc, mpsc};

use bytes::Bytes;
use error::{Error, Result};
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use value::Time;

use super::record::{self, HEADER};
use super::shelf::Shelf;
use super::{Options, unavailable};
use crate::backend::Keep;

/// Bytes written before a flush, though more may wait.
const GROUP: usize = 8 << 20;

/// Records to append.
pub(crate) struct Append {
    /// Their time.
    pub(crate) now: Time,
    /// Their bodies.
    pub(crate) bodies: Vec<Bytes>,
    /// Is told their positions.
    pub(crate) reply: Reply<Range<u64>>,
}

/// Is told what came of an order.
type Reply<T> = oneshot::Sender<Result<T>>;

/// What the thread is asked for.
pub(crate) enum Order {
    /// To append.
    Append(Append),
    /// To drop what lies before.
    Trim {
        /// The first position to keep.
        before: u64,
        /// Is told the oldest position.
        reply: Reply<u64>,
    },
    /// To drop what is old.
    Retain {
        /// The time.
        now: Time,
        /// What to keep.
        keep: Keep,
        /// Is told the oldest position.
        reply: Reply<u64>,
    },
    /// To bring everything to disk and end.
    Close {
        /// Is told when it is done.
        reply: Reply<()>,
    },
}

/// The thread's own.
pub(crate) struct Writer {
    shelf: Arc<Shelf>,
    options: Options,
    shown: watch::Sender<u64>,
    last_time: Time,
    /// Since when something is written that is not on disk; only where that is allowed.
    dirty: Option<Instant>,
    buffer: Vec<u8>,
}

impl Writer {
    /// Over an open log.
    pub(crate) fn new(shelf: Arc<Shelf>, options: Options, shown: watch::Sender<u64>) -> Self {
        let last_time = shelf.last_time();
        Self {
            shelf,
            options,
            shown,
            last_time,
            dirty: None,
            buffer: Vec::new(),
        }
    }

    /// Works until it is told to end or nobody can tell it any more.
    pub(crate) fn run(mut self, queue: mpsc::Receiver<Order>) {
        let mut kept = None;
        while let Some(order) = kept.take().or_else(|| self.wait(&queue)) {
            match order {
                Order::Append(first) => kept = self.append(first, &queue),
                Order::Trim { before, reply } => {
                    let _ = reply.send(self.trim(before).map_err(failed));
                }
                Order::Retain { now, keep, reply } => {
                    let _ = reply.send(self.retain(now, keep).map_err(failed));
                }
                Order::Close { reply } => {
                    let flushed = self.flush().map_err(failed);
                    self.shelf.set_problem(Some("the log is closed".to_owned()));
                    // Those who come now find nobody.
                    drop(queue);
                    let _ = reply.send(flushed);
                    return;
                }
            }
        }
        if let Err(cause) = self.flush() {
            tracing::error!(error = %cause, "the end of the log could not be brought to disk");
        }
    }

    /// The next order; brings what is written to disk in the meantime where that is due.
    fn wait(&mut self, queue: &mpsc::Receiver<Order>) -> Option<Order> {
        loop {
            let Some(since) = self.dirty else {
                return queue.recv().ok();
            };
            let left = self.options.sync_every.saturating_sub(since.elapsed());
            match queue.recv_timeout(left) {
                Ok(order) => return Some(order),
                Err(mpsc::RecvTimeoutError::Disconnected) => return None,
                // Nothing to do: a good moment for the disk.
                Err(mpsc::RecvTimeoutError::Timeout) => self.flush_or_tell(),
            }
        }
    }

    /// Appends the first and what has come besides, up to a bound; answers an order of another kind that came.
    fn append(&mut self, first: Append, queue: &mpsc::Receiver<Order>) -> Option<Order> {
        let mut group = Vec::with_capacity(16);
        self.buffer.clear();
        let mut next = self.shelf.newest().next();
        let mut kept = None;
        let mut coming = Some(first);
        while let Some(append) = coming.take() {
            let time = append.now.max(self.last_time);
            self.last_time = time;
            let start = next;
            for body in &append.bodies {
                record::write(&mut self.buffer, next, time, body);
                next += 1;
            }
            group.push((append, start..next, time));
            if self.buffer.len() < GROUP {
                match queue.try_recv() {
                    Ok(Order::Append(append)) => coming = Some(append),
                    Ok(other) => kept = Some(other),
                    Err(_) => {}
                }
            }
        }
        match self.store() {
            Ok(()) => self.acknowledge(group, next),
            Err(cause) => self.refuse(group, &cause),
        }
        if self.buffer.capacity() > GROUP * 2 {
            self.buffer = Vec::new();
        }
        kept
    }

    /// Brings the buffer into the newest file, and to disk where that is asked for.
    fn store(&mut self) -> io::Result<()> {
        let newest = self.shelf.newest();
        newest.write(&self.buffer)?;
        if self.options.durable {
            newest.sync()?;
        } else {
            self.dirty.get_or_insert_with(Instant::now);
        }
        Ok(())
    }

    fn acknowledge(&mut self, group: Vec<(Append, Range<u64>, Time)>, next: u64) {
        let newest = self.shelf.newest();
        let lengths: Vec<_> = group
            .iter()
            .flat_map(|(append, range, time)| {
                let positions = range.clone().zip(&append.bodies);
                positions.map(|(position, body)| (position, *time, HEADER + body.len()))
            })
            .collect();
        newest.show(&lengths);
        let mut replies = Vec::with_capacity(group.len());
        let records = group.into_iter().flat_map(|(append, range, time)| {
            replies.push((append.reply, range.clone()));
            range
                .zip(append.bodies)
                .map(move |(position, body)| (position, time, body))
        });
        self.shelf.remember(records);
        self.shelf.set_problem(None);
        self.shown.send_replace(next);
        for (reply, range) in replies {
            // Whoever asked may have gone; the records stand all the same.
            let _ = reply.send(Ok(range));
        }
        if newest.bytes() >= self.options.segment_bytes {
            self.roll_or_tell();
        }
        if self
            .dirty
            .is_some_and(|since| since.elapsed() >= self.options.sync_every)
        {
            self.flush_or_tell();
        }
    }

    /// Nothing of the group stays: after a flush that failed nobody knows what is on disk, so that the file is cut
    /// back to what was acknowledged and the next append begins another.
    fn refuse(&mut self, group: Vec<(Append, Range<u64>, Time)>, cause: &io::Error) {
        let problem = format!("the log cannot be written: {cause}");
        tracing::error!(error = %cause, "the log cannot be written");
        let newest = self.shelf.newest();
        if let Err(cause) = newest.take_back().and_then(|()| self.shelf.roll()) {
            tracing::error!(error = %cause, "the log could not be cut back; the next start does it");
        }
        self.shelf.set_problem(Some(problem.clone()));
        for (append, ..) in group {
            let _ = append.reply.send(Err(unavailable(problem.clone())));
        }
    }

    fn trim(&mut self, before: u64) -> io::Result<u64> {
        if before >= self.shelf.bounds().end {
            self.roll()?;
        }
        self.shelf.drop_while(|oldest, _| oldest.next() <= before)
    }

    fn retain(&mut self, now: Time, keep: Keep) -> io::Result<u64> {
        let limit = now - keep.age;
        let newest = self.shelf.newest();
        // A file is dropped as a whole: one that holds records of a long time is closed, so that it can go one day.
        let span = newest.last_time() - newest.first_time();
        let old = newest.last_time() < limit || span > keep.age / 8 || newest.bytes() > keep.bytes;
        if newest.bytes() > 0 && old {
            self.roll()?;
        }
        self.shelf
            .drop_while(|oldest, bytes| oldest.last_time() < limit || bytes > keep.bytes)
    }

    fn roll(&mut self) -> io::Result<()> {
        self.shelf.roll()?;
        // The file that is full was brought to disk.
        self.dirty = None;
        Ok(())
    }

    fn roll_or_tell(&mut self) {
        if let Err(cause) = self.roll() {
            tracing::error!(error = %cause, "the log could not begin another file; it goes on with this one");
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.shelf.newest().sync()?;
        self.dirty = None;
        Ok(())
    }

    fn flush_or_tell(&mut self) {
        if let Err(cause) = self.flush() {
            self.shelf
                .set_problem(Some(format!("the log cannot be brought to disk: {cause}")));
            tracing::error!(error = %cause, "the log cannot be brought to disk");
            self.dirty = Some(Instant::now());
        }
    }
}

fn failed(cause: io::Error) -> Error {
    unavailable("the log's files cannot be changed").with_source(cause)
}
