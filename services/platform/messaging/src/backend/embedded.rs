//! The log in files of our own: segments that are only appended to, below the data folder. Appends that arrive
//! while one is on its way to disk share the next one; what a crash left half written is cut off at start.

mod index;
mod recent;
pub(crate) mod record;
mod segment;
mod shelf;
mod writer;

use std::fs::{DirBuilder, File, TryLockError};
use std::ops::Range;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use error::{Error, Result};
use tokio::sync::{Semaphore, oneshot, watch};
use value::Time;

use self::shelf::Shelf;
use self::writer::{Append, Order, Writer};
use super::{Backend, Batch, Keep, Kind, Limit, Status};
use crate::reasons::BROKER_UNAVAILABLE;

/// Appends in line at most; more wait for their turn to stand in line.
const LINE: usize = 1024;
/// How long [`Backend::arrived`] waits for a record.
const ARRIVAL: Duration = Duration::from_secs(1);

/// How the log in files is kept.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Its folder; one process has it at a time.
    pub(crate) folder: PathBuf,
    /// Bytes of a file before the next one is begun.
    pub(crate) segment_bytes: u64,
    /// Whether an append is on disk before it is acknowledged.
    pub(crate) durable: bool,
    /// Where it is not: how long at most it is not on disk.
    pub(crate) sync_every: Duration,
    /// Bytes of the newest records that are kept in memory, for those who read as they come.
    pub(crate) recent_bytes: usize,
    /// How long a process that is about to end is waited for.
    pub(crate) patience: Duration,
}

/// The log in files.
#[derive(Debug)]
pub(crate) struct Embedded {
    shelf: Arc<Shelf>,
    orders: mpsc::Sender<Order>,
    line: Semaphore,
    next: watch::Receiver<u64>,
    durable: bool,
    /// Held as long as the log is open.
    lock: Mutex<Option<File>>,
}

impl Embedded {
    /// Opens the log, after going through what a crash may have left.
    ///
    /// # Errors
    /// If another process has it, or its files cannot be read.
    pub(crate) async fn open(options: Options) -> Result<Self> {
        let lock = lock(&options.folder, options.patience).await?;
        let opened = tokio::task::spawn_blocking(move || Self::open_now(&options, lock));
        opened.await.map_err(Error::internal)?
    }

    fn open_now(options: &Options, lock: File) -> Result<Self> {
        let folder = &options.folder;
        let failed = |cause: std::io::Error| {
            unavailable(format!("cannot open the log in {}", folder.display())).with_source(cause)
        };
        let shelf = Arc::new(Shelf::open(folder, options.recent_bytes).map_err(failed)?);
        let (orders, queue) = mpsc::channel();
        let (shown, next) = watch::channel(shelf.bounds().end);
        let writer = Writer::new(Arc::clone(&shelf), options.clone(), shown);
        std::thread::Builder::new()
            .name("messaging log".to_owned())
            .spawn(move || writer.run(queue))
            .map_err(failed)?;
        let durable = options.durable;
        Ok(Self {
            shelf,
            orders,
            line: Semaphore::new(LINE),
            next,
            durable,
            lock: Mutex::new(Some(lock)),
        })
    }

    async fn order<T>(&self, make: impl FnOnce(oneshot::Sender<Result<T>>) -> Order) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        // Held until the answer is here.
        let place = self.line.acquire().await;
        let _place = place.map_err(Error::internal)?;
        let sent = self.orders.send(make(reply));
        sent.map_err(|_| unavailable("the log is closed"))?;
        answer
            .await
            .map_err(|_| unavailable("the log was closed"))?
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shelf) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let shelf = Arc::clone(&self.shelf);
        let done = tokio::task::spawn_blocking(move || work(&shelf)).await;
        done.map_err(Error::internal)?
            .map_err(|cause| unavailable("the log cannot be read").with_source(cause))
    }
}

#[async_trait]
impl Backend for Embedded {
    async fn append(&self, now: Time, bodies: Vec<Bytes>) -> Result<Range<u64>> {
        if bodies.is_empty() {
            let end = self.shelf.bounds().end;
            return Ok(end..end);
        }
        if let Some(long) = bodies.iter().find(|body| body.len() > record::MAX_BODY) {
            let text = format!(
                "a message of {} bytes is longer than the log takes",
                long.len()
            );
            return Err(Error::new(&error::reason::MESSAGE_TOO_LARGE, text));
        }
        self.order(|reply| Order::Append(Append { now, bodies, reply }))
            .await
    }

    async fn read(&self, from: u64, limit: Limit) -> Result<Batch> {
        if let Some(batch) = self.shelf.read_recent(from, limit) {
            return Ok(batch);
        }
        self.blocking(move |shelf| shelf.read(from, limit)).await
    }

    async fn bounds(&self) -> Result<Range<u64>> {
        Ok(self.shelf.bounds())
    }

    async fn find(&self, time: Time) -> Result<u64> {
        self.blocking(move |shelf| shelf.find(time)).await
    }

    async fn arrived(&self, position: u64) {
        let mut next = self.next.clone();
        let come = next.wait_for(|next| *next > position);
        // Whoever waits looks again now and then, whatever happens.
        let _ = tokio::time::timeout(ARRIVAL, come).await;
    }

    async fn trim(&self, before: u64) -> Result<u64> {
        self.order(|reply| Order::Trim { before, reply }).await
    }

    async fn retain(&self, now: Time, keep: Keep) -> Result<u64> {
        self.order(|reply| Order::Retain { now, keep, reply }).await
    }

    async fn health(&self) -> Result<()> {
        match self.shelf.problem() {
            Some(problem) => Err(unavailable(problem)),
            None => Ok(()),
        }
    }

    async fn status(&self) -> Status {
        let bounds = self.shelf.bounds();
        let (bytes, parts) = self.shelf.size();
        Status {
            kind: Kind::Embedded,
            problem: self
                .health()
                .await
                .err()
                .map(|error| error.message().to_owned()),
            first: bounds.start,
            next: bounds.end,
            bytes,
            durable: self.durable,
            parts,
            damaged: self.shelf.damaged(),
            pool: None,
        }
    }

    async fn close(&self) {
        // A log that is closed already has nothing to bring to disk.
        let _ = self.order(|reply| Order::Close { reply }).await;
        self.lock
            .lock()
            .expect("no holder of this lock panics")
            .take();
    }
}

/// Takes the folder for this process, until the file is closed. Waits for a process that is about to end, as one does that
/// is replaced.
async fn lock(folder: &Path, patience: Duration) -> Result<File> {
    let failed = |cause: std::io::Error| {
        unavailable(format!("cannot lock {}", folder.display())).with_source(cause)
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(failed)?;
    let file = File::create(folder.join("lock")).map_err(failed)?;
    let begun = tokio::time::Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            // There is no call that waits for a lock and gives up.
            Err(TryLockError::WouldBlock) if begun.elapsed() < patience => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(TryLockError::WouldBlock) => {
                return Err(unavailable(format!(
                    "another process has the log in {}",
                    folder.display()
                )));
            }
            Err(TryLockError::Error(cause)) => return Err(failed(cause)),
        }
    }
}

/// The store cannot do its work.
pub(crate) fn unavailable(what: impl Into<String>) -> Error {
    Error::new(&BROKER_UNAVAILABLE, what)
}

#[cfg(test)]
mod tests;
