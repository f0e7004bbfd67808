//! Consumers on both databases, over a log of the test's own that repeats, holds back and forgets as the real one may.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod house;
mod log;
mod together;
