//! Contracts of the wing `work`: messages, clients, servers, checks and method rows, all generated.

mod generated;
pub use generated::tessera;

use proto::method::{Contracts, Idempotency, Method, Visibility};

/// Descriptors and methods of this wing.
pub static CONTRACTS: Contracts = Contracts {
    descriptors: include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin")),
    methods: METHODS,
};

include!(concat!(env!("OUT_DIR"), "/methods.rs"));
include!(concat!(env!("OUT_DIR"), "/checks.rs"));
include!(concat!(env!("OUT_DIR"), "/redacted.rs"));
