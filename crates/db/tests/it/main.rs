//! The database crate from outside: one body a test, run on SQLite and on PostgreSQL.

#![allow(unreachable_pub, clippy::unwrap_used)]

#[macro_use]
mod support;
mod housekeeping;
mod messages;
mod migrations;
mod pieces;
mod pool;
mod tenants;
mod transactions;
mod types;
mod writer;
