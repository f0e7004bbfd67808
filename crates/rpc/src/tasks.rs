//! Named background work: started together, restarted by policy, drained at the end.

use crate::{BoxError, CallContext, Shutdown};
use futures::{FutureExt, future::BoxFuture};
use std::{
    future::Future,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::task::{JoinHandle, JoinSet};
use tracing::Instrument;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How background work may end: `()`, or a result whose error is logged.
pub trait Outcome: Send + 'static {
    /// The failure, if it is one.
    fn failure(self) -> Option<BoxError>;
}

impl Outcome for () {
    fn failure(self) -> Option<BoxError> {
        None
    }
}

impl<E: Into<BoxError> + Send + 'static> Outcome for Result<(), E> {
    fn failure(self) -> Option<BoxError> {
        self.err().map(Into::into)
    }
}

/// One piece of named background work.
pub struct Task {
    name: &'static str,
    restart: bool,
    start: Box<dyn FnMut() -> Option<BoxFuture<'static, Option<BoxError>>> + Send>,
}

impl Task {
    /// Work that runs once.
    pub fn once<F>(name: &'static str, work: F) -> Self
    where
        F: Future + Send + 'static,
        F::Output: Outcome,
    {
        let mut work = Some(work.map(Outcome::failure).boxed());
        Self {
            name,
            restart: false,
            start: Box::new(move || work.take()),
        }
    }

    /// Work that is started again whenever it fails.
    pub fn restarting<W, F>(name: &'static str, work: W) -> Self
    where
        W: Fn() -> F + Send + 'static,
        F: Future + Send + 'static,
        F::Output: Outcome,
    {
        Self {
            name,
            restart: true,
            start: Box::new(move || Some(work().map(Outcome::failure).boxed())),
        }
    }

    /// The workers of a service's jobs, until shutdown begins.
    pub fn jobs(jobs: jobs::Jobs, shutdown: &Shutdown) -> Self {
        Self::once("jobs", jobs.work(shutdown.token()))
    }

    async fn run(mut self, service: &'static str, shutdown: Shutdown, failed: Arc<AtomicUsize>) {
        let mut pause = FIRST_PAUSE;
        while let Some(work) = (self.start)() {
            let started = tokio::time::Instant::now();
            let failure: BoxError = match AssertUnwindSafe(work).catch_unwind().await {
                Ok(None) => return,
                Ok(Some(error)) => error,
                Err(panic) => format!("panicked: {}", panic_message(&*panic)).into(),
            };
            if shutdown.has_begun() {
                return;
            }
            tracing::error!(service, task = self.name, error = %failure, restart = self.restart, "background work failed");
            if !self.restart {
                failed.fetch_add(1, Ordering::Relaxed);
                return;
            }
            // Work that ran well for a while starts over with a short pause.
            if started.elapsed() > LONGEST_PAUSE {
                pause = FIRST_PAUSE;
            }
            if !shutdown.sleep(pause).await {
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// Runs the background work of a process's services.
#[derive(Default)]
pub struct Supervisor {
    running: JoinSet<()>,
    failed: Arc<AtomicUsize>,
}

impl Supervisor {
    /// A supervisor without work.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a service's work.
    pub fn start(&mut self, service: &'static str, tasks: Vec<Task>, shutdown: &Shutdown) {
        for task in tasks {
            let span = tracing::info_span!("task", service, task = task.name);
            let work = task.run(service, shutdown.clone(), self.failed.clone());
            self.running.spawn(work.instrument(span));
        }
    }

    /// How many pieces of work failed for good; the process is not ready while there are any.
    pub fn failed(&self) -> Arc<AtomicUsize> {
        self.failed.clone()
    }

    /// Waits for all work to end after shutdown began; what is left at the limit is cut.
    pub async fn drain(mut self, limit: Duration) -> bool {
        let ended = tokio::time::timeout(limit, async {
            while self.running.join_next().await.is_some() {}
        })
        .await;
        if ended.is_err() {
            tracing::warn!(
                left = self.running.len(),
                "background work was cut at the end of the drain"
            );
            self.running.abort_all();
            while self.running.join_next().await.is_some() {}
        }
        ended.is_ok()
    }
}

/// Spawns work that belongs to the running call: it keeps the request id, trace and token, and loses
/// the deadline, because it may outlive the answer.
pub fn spawn<F>(name: &'static str, work: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let span = tracing::info_span!("spawned", task = name);
    match CallContext::current() {
        Some(call) => tokio::spawn(Arc::new(call.detached()).scope(work).instrument(span)),
        None => tokio::spawn(work.instrument(span)),
    }
}

/// What a panic said.
pub(crate) fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn failing_work_restarts_and_work_that_ran_once_does_not() {
        let starts = Arc::new(AtomicUsize::new(0));
        let shutdown = Shutdown::new();
        let mut supervisor = Supervisor::new();
        let counted = starts.clone();
        let restarting = Task::restarting("restarting", move || {
            let turn = counted.fetch_add(1, Ordering::Relaxed);
            async move {
                match turn {
                    0 => panic!("first"),
                    1 => Err("second"),
                    _ => Ok(()),
                }
            }
        });
        let once = Task::once("once", async { Err::<(), _>("gone") });
        supervisor.start("test", vec![restarting, once], &shutdown);
        let failed = supervisor.failed();
        assert!(supervisor.drain(Duration::from_secs(60)).await);
        assert_eq!(starts.load(Ordering::Relaxed), 3);
        assert_eq!(failed.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_ignores_the_signal_is_cut() {
        let mut supervisor = Supervisor::new();
        let shutdown = Shutdown::new();
        supervisor.start(
            "test",
            vec![Task::once("stuck", std::future::pending::<()>())],
            &shutdown,
        );
        shutdown.begin();
        assert!(!supervisor.drain(Duration::from_secs(1)).await);
    }
}
