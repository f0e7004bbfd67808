//! Code that the build made from `proto/`; nothing here is written by hand.
#![allow(missing_docs, unreachable_pub, clippy::all)]

include!(concat!(env!("OUT_DIR"), "/mod.rs"));
