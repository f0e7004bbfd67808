//! `cargo xtask`: the workspace's own chores. It uses no crate of the workspace, so that it runs
//! when they do not compile.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a command for people at a desk: it prints, and reads cargo's variables"
)]

mod documents;
mod new_service;
mod status;
mod tidy;
mod tree;
#[path = "../../crates/contracts/src/wings.rs"]
mod wings;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask VERB

  tidy                          check the house rules that no compiler knows
  new-service NAME --wing WING  scaffold a service that compiles and passes its tests
  openapi [--check]             write openapi.json below the target folder
  errors [--check]              write docs/errors.md
  status [--check]              write docs/status.md from the ledger and the tests";

fn main() -> ExitCode {
    let root = root();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["tidy"] => tidy::run(&root),
        ["new-service", name, "--wing", wing] | ["new-service", "--wing", wing, name] => {
            new_service::run(&root, name, wing)
        }
        ["openapi", rest @ ..] => documents::openapi(&root, rest.contains(&"--check")),
        ["errors", rest @ ..] => documents::errors(&root, rest.contains(&"--check")),
        ["status", rest @ ..] => status::run(&root, rest.contains(&"--check")),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(said) => {
            eprintln!("{said}");
            ExitCode::FAILURE
        }
    }
}

/// The workspace's folder: the one above this package, unless `TESSERA_ROOT` names a copy of it.
fn root() -> PathBuf {
    match std::env::var_os("TESSERA_ROOT") {
        Some(root) => PathBuf::from(root),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join(".."),
    }
}
