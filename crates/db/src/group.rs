//! Group commit for SQLite: writes that arrive while one commits share the next commit, each in a savepoint
//! of its own, so that a full flush to disk is paid once a group and not once a write.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use diesel::Connection;
use tokio::sync::oneshot;

use crate::conn::{Conn, Mode, Session};
use crate::error::Failure;
use crate::pool::Pool;

/// Writes in one commit at most.
const GROUP: usize = 128;
/// A group stops growing after so long, so that one slow write delays few others.
const PATIENCE: Duration = Duration::from_millis(20);

/// The one writer of one SQLite file.
pub(crate) struct Writer {
    pool: Pool,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Box<dyn Write>>,
    running: bool,
}

/// A queued write: run in a transaction, then told whether that was committed.
trait Write: Send {
    fn run(&mut self, conn: &mut Conn);
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
    fn run(&mut self, conn: &mut Conn) {
        if self.reply.is_closed() {
            // Nobody waits any more: leave the work undone.
            self.outcome = Some(Err(Failure::Exhausted));
            return;
        }
        let work = &self.work;
        let guarded = |conn: &mut Conn| {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(conn)))
                .unwrap_or(Err(Failure::Panicked))
        };
        // A savepoint: a write that fails takes nothing of the others with it.
        self.outcome = Some(conn.transaction(guarded));
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
        let start = {
            let mut queue = self.locked();
            queue.waiting.push_back(call);
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
            let result = self.pool.with(|conn| self.commit(conn, &mut group));
            for write in group {
                write.finish(result.as_ref().err());
            }
        }
    }

    /// Runs the first write and those that wait behind it, and commits them together.
    fn commit(&self, conn: &mut Conn, group: &mut Vec<Box<dyn Write>>) -> Result<(), Failure> {
        let session = Session {
            schema: String::new(),
            tenant: String::new(),
        };
        conn.run(Mode::Write, &session, |conn| {
            let started = Instant::now();
            group[0].run(conn);
            while group.len() < GROUP && started.elapsed() < PATIENCE {
                let Some(mut write) = self.next(false) else {
                    break;
                };
                write.run(conn);
                group.push(write);
            }
            Ok(())
        })
    }

    /// The next write in line. With `last`, an empty line ends the drain.
    fn next(&self, last: bool) -> Option<Box<dyn Write>> {
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
