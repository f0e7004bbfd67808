//! How services run, call each other and are called: the [`Service`] trait, channels that are the same
//! in one process and between processes, and the stack of guards every incoming call goes through.

mod call;
mod channel;
mod clients;
mod health;
mod inbound;
mod listen;
mod mesh;
mod owners;
mod reflection;
mod service;
mod shutdown;
mod tasks;
#[cfg(test)]
mod tests;
mod tls;

pub use call::CallContext;
pub use channel::{
    Behalf, BreakerConfig, BudgetConfig, Channel, Endpoints, Fault, FaultKind, Faults, Outbound,
    OutboundBuilder, Pool, Target,
};
pub use clients::Clients;
pub use error::BoxError;
pub use health::Health;
pub use inbound::{Guards, GuardsBuilder, Inbound, Limits, PROCESS_HEADER, Peer, REQUEST_ID};
pub use listen::listen;
pub use mesh::{Directory, LEASE, MeshConfig, MeshContract};
pub use owners::Owners;
pub use reflection::{merge, reflection};
pub use service::{Context, Readiness, Running, RunningParts, Service};
pub use shutdown::Shutdown;
pub use tasks::{Outcome, Supervisor, Task, spawn};
pub use tls::{MeshTls, TlsConfig};

/// The header with the place in the distributed trace, as W3C writes it.
pub const TRACEPARENT: http::HeaderName = http::HeaderName::from_static("traceparent");
