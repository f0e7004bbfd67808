//! What the guards of a whole process share: who may do what, the limits, and a row for each method.

use super::{meter::Meters, shed::Load};
use auth::{Authority, process::ProcessKey};
use proto::{Method, MethodTable};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};
use value::{Clock, SystemClock};

/// How much work a process takes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Calls from outside in work at once; more are answered `OVERLOADED`.
    pub in_flight: usize,
    /// Calls in work at once of methods that need no token; a part of `in_flight`.
    pub public_in_flight: usize,
    /// Seconds a call may take that named no deadline, unless its contract allows it more.
    pub timeout_seconds: u32,
    /// The longest deadline in seconds that a caller may name.
    pub longest_timeout_seconds: u32,
    /// What a refused caller is told to wait, in milliseconds.
    pub retry_after_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            in_flight: 1024,
            public_in_flight: 128,
            timeout_seconds: 30,
            longest_timeout_seconds: 300,
            retry_after_ms: 500,
        }
    }
}

/// What the guards of all services of a process share.
pub struct Guards {
    methods: HashMap<&'static str, Entry>,
    pub(super) authority: Arc<Authority>,
    pub(super) process_key: Option<Arc<ProcessKey>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) load: Arc<Load>,
}

/// One method with its meters, which are made at its first call, when a recorder is installed.
pub(super) struct Entry {
    pub(super) method: &'static Method,
    meters: OnceLock<Arc<Meters>>,
}

impl Entry {
    pub(super) fn meters(&self) -> &Arc<Meters> {
        self.meters
            .get_or_init(|| Arc::new(Meters::new(self.method)))
    }
}

impl Guards {
    /// Guards for these methods that ask this authority.
    pub fn builder(methods: &MethodTable, authority: Arc<Authority>) -> GuardsBuilder {
        GuardsBuilder {
            methods: methods.iter().collect(),
            authority,
            process_key: None,
            clock: Arc::new(SystemClock),
            limits: Limits::default(),
        }
    }

    /// Whether an end user with these headers may call a method: what the stack asks before it decodes,
    /// for an edge that wants to know before it reads. Answers who they are, unless the method is public.
    ///
    /// # Errors
    /// As the call itself would be refused.
    pub fn ask(
        &self,
        method: &'static Method,
        headers: &http::HeaderMap,
    ) -> error::Result<Option<Arc<auth::Caller>>> {
        let found = super::access::check(self, method, super::peer::Process::Foreign, headers)?;
        Ok(found.map(|principal| principal.caller()))
    }

    /// How many calls are in work, from anywhere.
    pub fn in_flight(&self) -> usize {
        self.load.in_flight()
    }

    pub(super) fn limits(&self) -> Limits {
        self.load.limits()
    }

    pub(super) fn entry(&self, path: &str) -> Option<&Entry> {
        self.methods.get(path)
    }
}

/// Builds [`Guards`].
pub struct GuardsBuilder {
    methods: Vec<&'static Method>,
    authority: Arc<Authority>,
    process_key: Option<Arc<ProcessKey>>,
    clock: Arc<dyn Clock>,
    limits: Limits,
}

impl GuardsBuilder {
    /// The key by which processes of the installation know each other on sockets without mutual TLS.
    #[must_use]
    pub fn process_key(mut self, key: Option<Arc<ProcessKey>>) -> Self {
        self.process_key = key;
        self
    }

    /// Another clock than the system's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Other limits than the default.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The guards.
    pub fn build(self) -> Arc<Guards> {
        let methods = self
            .methods
            .into_iter()
            .map(|method| {
                (
                    method.path,
                    Entry {
                        method,
                        meters: OnceLock::new(),
                    },
                )
            })
            .collect();
        Arc::new(Guards {
            methods,
            authority: self.authority,
            process_key: self.process_key,
            clock: self.clock,
            load: Load::new(self.limits),
        })
    }
}
