//! `tessera`: the platform and its tools in one command.

use clap::Parser;
use server::command::Command;
use std::process::ExitCode;

/// Describe a business once, connect its data, get numbers to trust.
#[derive(Parser)]
#[command(name = "tessera", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[tokio::main]
async fn main() -> ExitCode {
    match Arguments::parse().command.run().await {
        Ok(code) => code,
        Err(failure) => {
            server::command::complain(failure.as_ref());
            ExitCode::FAILURE
        }
    }
}
