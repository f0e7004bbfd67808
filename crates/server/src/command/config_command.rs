//! `tessera config`: checks or prints the effective settings.

use super::{SettingsArguments, output::print};
use clap::{Args, Subcommand};
use rpc::BoxError;
use std::process::ExitCode;

/// Checks or prints the effective settings.
#[derive(Args)]
pub struct ConfigCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Names everything that is wrong with the settings.
    Check(SettingsArguments),
    /// Prints all settings with their effective values; secrets as stars.
    Print(SettingsArguments),
}

impl ConfigCommand {
    pub(super) fn run(self) -> Result<ExitCode, BoxError> {
        match self.verb {
            Verb::Check(settings) => {
                settings.load()?;
                print("the settings are valid");
            }
            Verb::Print(settings) => print(settings.load()?.print(&crate::services())?.trim_end()),
        }
        Ok(ExitCode::SUCCESS)
    }
}
