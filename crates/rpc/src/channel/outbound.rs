//! What goes out with a call: request id, trace, token, the time left, and the proof that we are a
//! process of the installation.

use super::{Behalf, BreakerConfig, BudgetConfig, Faults};
use crate::{
    CallContext, PROCESS_HEADER, REQUEST_ID, TRACEPARENT,
    inbound::{GRPC_TIMEOUT, format_timeout, parse_timeout},
};
use arc_swap::ArcSwapOption;
use auth::process::ProcessKey;
use error::{Error, Result, reason};
use http::{HeaderMap, HeaderValue, Request, header::AUTHORIZATION};
use proto::{Method, MethodTable, method::Visibility};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use tonic::body::Body;
use value::{Clock, SystemClock, Time};

/// How long a call without any deadline may take.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long one proof is used; far below the clock difference that a verifier allows.
const PROOF_AGE: Duration = Duration::from_secs(1);

/// What the channels of a process share.
pub struct Outbound {
    pub(super) methods: Arc<MethodTable>,
    pub(super) faults: Faults,
    pub(super) breaker: BreakerConfig,
    pub(super) budget: BudgetConfig,
    default_timeout: Duration,
    process: Option<Prover>,
}

/// Makes the process header, and keeps it for a second.
struct Prover {
    name: String,
    key: Arc<ProcessKey>,
    clock: Arc<dyn Clock>,
    recent: ArcSwapOption<(Time, HeaderValue)>,
}

/// Builds [`Outbound`].
pub struct OutboundBuilder(Outbound);

impl Outbound {
    /// Calls of these methods.
    pub fn builder(methods: Arc<MethodTable>) -> OutboundBuilder {
        OutboundBuilder(Self {
            methods,
            faults: Faults::default(),
            breaker: BreakerConfig::default(),
            budget: BudgetConfig::default(),
            default_timeout: DEFAULT_TIMEOUT,
            process: None,
        })
    }

    /// The faults that tests may set.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Completes a request's headers. What the caller set stays; the rest comes from the running call.
    /// Answers when to stop waiting, if ever.
    pub(super) fn prepare(
        &self,
        request: &mut Request<Body>,
        method: Option<&'static Method>,
        behalf: Behalf,
    ) -> Result<Option<Instant>> {
        if behalf == Behalf::EndUser
            && method.is_some_and(|method| method.visibility == Visibility::Internal)
        {
            return Err(Error::new(
                &reason::INTERNAL_ONLY,
                "the method is internal to the installation",
            ));
        }
        let headers = request.headers_mut();
        headers.remove(PROCESS_HEADER);
        let remaining = CallContext::with(|call| {
            let call = call?;
            if !headers.contains_key(REQUEST_ID) {
                headers.insert(REQUEST_ID, call.request_id.clone());
            }
            if !headers.contains_key(TRACEPARENT) {
                let trace = HeaderValue::try_from(call.trace.to_string());
                headers.insert(
                    TRACEPARENT,
                    trace.expect("a trace context is a header value"),
                );
            }
            if let (false, Some(token)) = (headers.contains_key(AUTHORIZATION), &call.authorization)
            {
                headers.insert(AUTHORIZATION, token.clone());
            }
            call.remaining()
        });
        Ok(self.limit(headers, method, remaining))
    }

    /// Writes the shortest of the caller's timeout, the running call's rest and, where neither is,
    /// the method's own timeout. A stream without a deadline has none: it may be followed for hours.
    fn limit(
        &self,
        headers: &mut HeaderMap,
        method: Option<&'static Method>,
        remaining: Option<Duration>,
    ) -> Option<Instant> {
        let asked = headers.get(GRPC_TIMEOUT).and_then(parse_timeout);
        let timeout = match (asked, remaining) {
            (Some(asked), Some(remaining)) => asked.min(remaining),
            (Some(timeout), None) | (None, Some(timeout)) => timeout,
            (None, None) => match method {
                Some(method) if method.timeout_seconds > 0 => {
                    Duration::from_secs(method.timeout_seconds.into())
                }
                Some(method) if method.client_streaming || method.server_streaming => return None,
                _ => self.default_timeout,
            },
        };
        headers.insert(GRPC_TIMEOUT, format_timeout(timeout));
        Instant::now().checked_add(timeout)
    }

    /// Adds the proof that a call over a socket comes from one of our processes.
    pub(super) fn prove(&self, headers: &mut HeaderMap, behalf: Behalf) {
        if let (Behalf::Service, Some(prover)) = (behalf, &self.process) {
            headers.insert(PROCESS_HEADER, prover.proof());
        }
    }
}

impl Prover {
    fn proof(&self) -> HeaderValue {
        let now = self.clock.now();
        if let Some(recent) = &*self.recent.load()
            && now.micros().abs_diff(recent.0.micros()) < PROOF_AGE.as_micros() as u64
        {
            return recent.1.clone();
        }
        let proof = HeaderValue::try_from(self.key.sign(&self.name, now))
            .expect("a proof is a header value");
        self.recent.store(Some(Arc::new((now, proof.clone()))));
        proof
    }
}

impl OutboundBuilder {
    /// Proves on sockets that calls come from this process of the installation.
    #[must_use]
    pub fn process(mut self, name: impl Into<String>, key: Arc<ProcessKey>) -> Self {
        self.0.process = Some(Prover {
            name: name.into(),
            key,
            clock: Arc::new(SystemClock),
            recent: ArcSwapOption::empty(),
        });
        self
    }

    /// When circuits open and close.
    #[must_use]
    pub fn breaker(mut self, config: BreakerConfig) -> Self {
        self.0.breaker = config;
        self
    }

    /// How many retries are allowed.
    #[must_use]
    pub fn budget(mut self, config: BudgetConfig) -> Self {
        self.0.budget = config;
        self
    }

    /// How long a unary call may take that nobody gave a deadline.
    #[must_use]
    pub fn default_timeout(mut self, timeout: Duration) -> Self {
        self.0.default_timeout = timeout;
        self
    }

    /// Faults for local calls, set by tests while the process runs.
    #[must_use]
    pub fn faults(mut self, faults: Faults) -> Self {
        self.0.faults = faults;
        self
    }

    /// What channels share.
    pub fn build(self) -> Arc<Outbound> {
        Arc::new(self.0)
    }
}
