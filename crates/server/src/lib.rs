//! The whole platform in one binary: which services there are, how a process is put together from
//! its settings, and the commands of `tessera`. The only crate that names services.

pub mod command;
mod console;
mod contracts;
mod edge;
mod http_server;
mod mesh_key;
mod policy;
mod process;
mod registry;
mod service;
mod settings;
mod targets;

pub use contracts::{descriptors, methods};
pub use process::Process;
pub use registry::services;
pub use service::Entry;
pub use settings::{ServerConfig, Settings};
pub use targets::{select, wings};
