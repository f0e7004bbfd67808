//! Group commit for SQLite: writes that arrive while one commits share the next commit, each in a savepoint
//! of its own, so that a full flush to disk is paid once a group and not once a write.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use diesel::{Connection, connection::SimpleConnection};
use error::{Error, reason};
use tokio::sync::oneshot;

use crate::access::back_off;
use crate::conn::{Conn, Mode, Session};
use crate::error::Failure;
use crate::pool::Pool;

/// Writes in one commit at most.
const GROUP: usize = 128;
/// A group stops growing after so long, so that one slow write delays few others.
const PATIENCE: Duration = Duration::from_millis(20);

/// A savepoint around all writes of a group: it is there as long as their transaction is.
const MARK: &str = "SAVEPOINT tessera_group";
const KEEP: &str = "RELEASE tessera_group; SAVEPOINT tessera_group";

/// Writes in line at most; whoever comes then is told to come back.
const LINE: usize = 4096;

/// The one writer of one SQLite file.
pub(crate) struct Writer {
    pool: Pool,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    running: bool,
}

/// A write in line, and how long its caller waits.
struct Waiting {
    write: Box<dyn Write>,
    until: Instant,
}

/// A queued write: run in a transaction, then told whether that was committed.
trait Write: Send {
    /// Whether it did what it should.
    fn run(&mut self, conn: &mut Conn) -> bool;
    fn finish(self: Box<Self>, commit: Option<&Failure>);
}

struct Call<T, F> {
    work: F,
    outcome: Option<Result<T, Failure>>,
    reply: oneshot::Sender<Result<T, Failure>>,
}

impl<T, F> Write for Call<T, F>
where
    T: Send,
    F: Fn(&mut Conn) -> Result<T, Failure> + Send,
{
    fn run(&mut self, conn: &mut Conn) -> bool {
        if self.reply.is_closed() {
            // Nobody waits any more: leave the work undone.
            self.outcome = Some(Err(Failure::Exhausted));
            return true;
        }
        let work = &self.work;
        let guarded = |conn: &mut Conn| {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(conn)))
                .unwrap_or(Err(Failure::Panicked))
        };
        // A savepoint: a write that fails takes nothing of the others with it. One that panicked within savepoints of its own left
        // them open; were they not closed, what follows would be released into them and never committed.
        let depth = conn.depth();
        let outcome = conn.transaction(guarded);
        conn.roll_back_to(depth);
        self.outcome.insert(outcome).is_ok()
    }

    fn finish(self: Box<Self>, commit: Option<&Failure>) {
        let outcome = match (self.outcome, commit) {
            (Some(Err(failure)), _) => Err(failure),
            (_, Some(failure)) => Err(failure.repeat()),
            (Some(Ok(value)), None) => Ok(value),
            (None, None) => Err(Failure::Exhausted),
        };
        // The caller may have gone; the write stands all the same.
        let _ = self.reply.send(outcome);
    }
}

impl Writer {
    pub(crate) fn new(pool: Pool) -> Self {
        Self {
            pool,
            queue: Mutex::default(),
        }
    }

    /// Queues `work` and waits until it is committed.
    pub(crate) async fn run<T, F>(self: &Arc<Self>, work: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: Fn(&mut Conn) -> Result<T, Failure> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let call = Box::new(Call {
            work,
            outcome: None,
            reply,
        });
        let until = Instant::now() + self.pool.patience();
        let start = {
            let mut queue = self.locked();
            if queue.waiting.len() >= LINE {
                return Err(too_many().into());
            }
            queue.waiting.push_back(Waiting { write: call, until });
            !std::mem::replace(&mut queue.running, true)
        };
        if start {
            let writer = self.clone();
            tokio::task::spawn_blocking(move || writer.drain());
        }
        answer.await.unwrap_or(Err(Failure::Panicked))
    }

    fn drain(&self) {
        while let Some(first) = self.next(true) {
            let mut group = vec![first];
            let mut tries = 0;
            let result = loop {
                match self.commit(&mut group) {
                    // Another process has the file: the writes stay, as long as their callers do.
                    Err(failure) if failure.is_conflict() => {
                        self.expire(&mut group, &failure);
                        if group.is_empty() {
                            break Err(failure);
                        }
                        tries += 1;
                        back_off(tries);
                    }
                    result => break result,
                }
            };
            for waiting in group {
                waiting.write.finish(result.as_ref().err());
            }
        }
    }

    /// Runs the group, and those that wait behind it, and commits them together.
    fn commit(&self, group: &mut Vec<Waiting>) -> Result<(), Failure> {
        let session = Session {
            schema: String::new(),
            tenant: String::new(),
        };
        self.pool.transaction(Mode::Write, &session, |conn| {
            let started = Instant::now();
            conn.batch_execute(MARK)?;
            let mut run = |write: &mut dyn Write| {
                if write.run(conn) {
                    return Ok(());
                }
                // A full disk and the like make SQLite roll the whole transaction back by itself. What runs after that would be
                // committed at once, and be answered as if it had failed.
                let kept = conn.batch_execute(KEEP);
                kept.map_err(Failure::at_commit)
            };
            for waiting in group.iter_mut() {
                run(waiting.write.as_mut())?;
            }
            while group.len() < GROUP && started.elapsed() < PATIENCE {
                let Some(mut waiting) = self.next(false) else {
                    break;
                };
                let outcome = run(waiting.write.as_mut());
                group.push(waiting);
                outcome?;
            }
            Ok(())
        })
    }

    /// Answers those who have waited long enough, in the group and in line.
    fn expire(&self, group: &mut Vec<Waiting>, failure: &Failure) {
        let now = Instant::now();
        let mut late: Vec<_> = group
            .extract_if(.., |waiting| waiting.until <= now)
            .collect();
        // The line is in order of arrival.
        let mut queue = self.locked();
        while let Some(first) = queue.waiting.pop_front_if(|waiting| waiting.until <= now) {
            late.push(first);
        }
        drop(queue);
        for waiting in late {
            waiting.write.finish(Some(failure));
        }
    }

    /// The next write in line. With `last`, an empty line ends the drain.
    fn next(&self, last: bool) -> Option<Waiting> {
        let mut queue = self.locked();
        let next = queue.waiting.pop_front();
        if next.is_none() && last {
            queue.running = false;
        }
        next
    }

    fn locked(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect("no holder of this lock panics")
    }
}

fn too_many() -> Error {
    Error::new(
        &reason::OVERLOADED,
        "too many writes wait for this database",
    )
    .with_retry_after(Duration::from_secs(1))
}
