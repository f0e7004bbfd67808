//! Jobs from outside: one body a test, run on SQLite and on PostgreSQL.

#![allow(unreachable_pub, clippy::unwrap_used)]

#[macro_use]
mod support;
mod contract;
mod crash;
mod family;
mod history;
mod kinds;
mod proxy;
mod schedules;
mod steps;
mod storage;
mod undo;
mod waiting;
mod waits;
