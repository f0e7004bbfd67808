//! What a call carries with it, wherever it goes: request id, trace, deadline and the caller's token.

use http::HeaderValue;
use std::{future::Future, sync::Arc, time::Duration};
use telemetry::TraceContext;
use tokio::time::Instant;

tokio::task_local! {
    static CALL: Arc<CallContext>;
}

/// What a call carries with it. The inbound stack sets it around the handler; channels read it.
#[derive(Clone, Debug)]
pub struct CallContext {
    /// Names the request in logs and answers, across processes.
    pub request_id: HeaderValue,
    /// The place in the distributed trace.
    pub trace: TraceContext,
    /// When the caller stops waiting.
    pub deadline: Option<Instant>,
    /// The `authorization` header, passed on to every service called.
    pub authorization: Option<HeaderValue>,
}

impl db::origin::Origin for CallContext {
    fn correlation(&self) -> Option<String> {
        self.request_id.to_str().ok().map(str::to_owned)
    }
}

impl CallContext {
    /// The context of the running call, if a call is running.
    pub fn current() -> Option<Arc<Self>> {
        CALL.try_with(Arc::clone).ok()
    }

    /// Looks at the running call's context without sharing it.
    pub(crate) fn with<T>(look: impl FnOnce(Option<&Self>) -> T) -> T {
        let mut look = Some(look);
        CALL.try_with(|call| look.take().map(|look| look(Some(call))))
            .ok()
            .flatten()
            .unwrap_or_else(|| look.take().map(|look| look(None)).expect("looked at once"))
    }

    /// Runs work inside this context.
    pub fn scope<F: Future>(self: Arc<Self>, work: F) -> impl Future<Output = F::Output> {
        // What the work changes tells whose call it was.
        let origin: Arc<dyn db::origin::Origin> = self.clone();
        db::origin::within(origin, CALL.scope(self, work))
    }

    /// How long the caller still waits.
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// The same call for work that outlives the answer: without the deadline.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self {
            deadline: None,
            ..self.clone()
        }
    }
}
