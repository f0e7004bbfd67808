//! Writes the calls of audited methods to the log target `audit`: who, in which tenant, what, with which
//! outcome. What the message says stays out of it.

use auth::Caller;
use error::Kind;
use http::HeaderValue;
use proto::Method;
use std::sync::Arc;
use tonic::Code;

/// One call to be noted; dropped without an outcome, it was cancelled.
pub(super) struct Audit {
    method: &'static Method,
    caller: Option<Arc<Caller>>,
    request_id: HeaderValue,
    noted: bool,
}

impl Audit {
    /// A call of this method, where the contract wants it audited.
    pub(super) fn of(
        method: &'static Method,
        request_id: &HeaderValue,
        caller: impl FnOnce() -> Option<Arc<Caller>>,
    ) -> Option<Self> {
        method.audit.then(|| Self {
            method,
            caller: caller(),
            request_id: request_id.clone(),
            noted: false,
        })
    }

    /// Notes how the call ended; only the first time counts.
    pub(super) fn finish(&mut self, code: Code) {
        if std::mem::replace(&mut self.noted, true) {
            return;
        }
        let outcome = match code {
            Code::Ok => "OK",
            code => Kind::from_code(code).name(),
        };
        let method = self.method.path;
        let request_id = self.request_id.to_str().unwrap_or_default();
        match &self.caller {
            Some(caller) => {
                let principal = &caller.principal;
                tracing::info!(target: "audit", actor = %format_args!("{}:{}", principal.kind.as_str(), principal.id),
                    tenant = %principal.tenant, method, outcome, request_id, "call");
            }
            None => {
                tracing::info!(target: "audit", actor = "unknown", method, outcome, request_id, "call");
            }
        }
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        self.finish(Code::Cancelled);
    }
}
