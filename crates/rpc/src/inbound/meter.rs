//! Counts calls: how many are in work, how long they take, how they end.

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use proto::Method;
use std::{
    sync::{Arc, OnceLock},
    time::Instant,
};
use tonic::Code;

/// gRPC's status codes are 0 to 16.
const CODES: usize = 17;

/// The meters of one method, looked up once.
pub(super) struct Meters {
    method: &'static Method,
    in_flight: Gauge,
    seconds: Histogram,
    outcomes: [OnceLock<Counter>; CODES],
}

impl Meters {
    pub(super) fn new(method: &'static Method) -> Self {
        let labels = [("service", method.service), ("method", method.name)];
        Self {
            method,
            in_flight: gauge!("tessera_rpc_in_flight", &labels),
            seconds: histogram!("tessera_rpc_seconds", &labels),
            outcomes: std::array::from_fn(|_| OnceLock::new()),
        }
    }

    fn outcome(&self, code: Code) -> &Counter {
        self.outcomes[code as usize % CODES].get_or_init(|| {
            counter!("tessera_rpc_calls_total",
                "service" => self.method.service, "method" => self.method.name, "code" => format!("{code:?}"))
        })
    }
}

/// One call being counted; dropped without an outcome, it was cancelled.
pub(super) struct Meter {
    meters: Arc<Meters>,
    started: Instant,
    finished: bool,
}

impl Meter {
    pub(super) fn start(meters: &Arc<Meters>) -> Self {
        meters.in_flight.increment(1.0);
        Self {
            meters: meters.clone(),
            started: Instant::now(),
            finished: false,
        }
    }

    /// Notes how the call ended; only the first time counts.
    pub(super) fn finish(&mut self, code: Code) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        self.meters.in_flight.decrement(1.0);
        self.meters
            .seconds
            .record(self.started.elapsed().as_secs_f64());
        self.meters.outcome(code).increment(1);
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.finish(Code::Cancelled);
    }
}
