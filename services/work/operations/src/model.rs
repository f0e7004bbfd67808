//! What is known of durable work, whatever the contract and the tables look like. Pure.

pub(crate) mod audit;
pub(crate) mod clearance;
pub(crate) mod entry;
pub(crate) mod state;
