//! The JSON edge: every public RPC as an HTTP route, made from descriptors alone.
//!
//! A request is matched to a `google.api.http` binding, its JSON, path and query become wire bytes, the bytes go
//! through a channel to the service, and the answer comes back as JSON. No message is decoded here and no route is
//! written by hand; the OpenAPI document and the API page are made from the same descriptors.

mod bind;
mod call;
mod config;
mod edge;
mod guard;
mod http_body;
mod limit;
mod meter;
mod openapi;
mod pages;
pub mod reason;
mod reply;
mod route;
mod stream;
pub mod transcode;

pub use self::config::rate::{Network, Rate, RateConfig};
pub use self::config::{Cors, EdgeConfig, Tls};
pub use self::edge::{Edge, Resolve};
pub use self::limit::PeerAddress;

#[cfg(test)]
mod tests;
