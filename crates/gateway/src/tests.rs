//! The edge as its clients see it: JSON in, JSON out, over a backend that answers bytes.

mod binding;
mod contracts;
mod differential;
mod errors;
mod fixture;
mod limits;
mod mesh;
mod metrics;
mod openapi;
mod routing;
mod streaming;
mod transcoding;
