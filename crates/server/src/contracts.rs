//! The contracts of all wings together.

use proto::{Contracts, MethodTable};

/// One line per contracts crate.
static CONTRACTS: [&Contracts; 6] = [
    &proto::CONTRACTS,
    &proto_platform::CONTRACTS,
    &proto_meaning::CONTRACTS,
    &proto_data::CONTRACTS,
    &proto_numbers::CONTRACTS,
    &proto_work::CONTRACTS,
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
