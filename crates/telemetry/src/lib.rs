//! What a process says about itself: logs on standard error, metrics in Prometheus' text format, and
//! the W3C trace context that ties calls of several processes together.

mod logs;
mod metric;
mod trace;

pub use logs::{Config, InitError, LogFormat, init};
pub use metric::Metrics;
pub use trace::{InvalidTraceParent, TraceContext};
