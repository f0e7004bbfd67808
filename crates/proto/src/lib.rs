//! The contracts that all wings share: options, common types, google's status and operations, and
//! what generated code stands on: the checks, the validating codec and the method table.

pub mod check;
pub mod method;
pub mod time;

mod generated;
pub use generated::{google, io, tessera};

pub use method::{Contracts, Method, MethodTable};

/// The shared contracts: descriptors of the whole `proto` crate and the mesh's own RPCs.
pub static CONTRACTS: Contracts = Contracts {
    descriptors: include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin")),
    methods: METHODS,
};

use method::{Idempotency, Visibility};
include!(concat!(env!("OUT_DIR"), "/methods.rs"));
include!(concat!(env!("OUT_DIR"), "/redacted.rs"));

/// The contract in `testdata/`, which uses every rule once.
#[cfg(test)]
mod rules {
    pub(crate) mod v1 {
        #![allow(missing_docs, unreachable_pub, clippy::all)]
        include!(concat!(env!("OUT_DIR"), "/rules/rules.v1.rs"));
    }
}
#[cfg(test)]
include!(concat!(env!("OUT_DIR"), "/rules_checks.rs"));
