//! The contracts of all wings together.

use proto::{Contracts, MethodTable};

/// One line per contracts crate.
static CONTRACTS: [&Contracts; 3] = [
    &proto::CONTRACTS,
    &proto_platform::CONTRACTS,
    &proto_meaning::CONTRACTS,
];

/// Every RPC.
pub fn methods() -> MethodTable {
    MethodTable::new(CONTRACTS)
}

/// Every descriptor set, with comments and options.
pub fn descriptors() -> Vec<&'static [u8]> {
    CONTRACTS
        .iter()
        .map(|contracts| contracts.descriptors)
        .collect()
}
