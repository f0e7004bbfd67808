//! `tessera token`: the administrator's token of a local installation.

use super::{SettingsArguments, output::print};
use clap::Args;
use rpc::BoxError;
use std::process::ExitCode;

/// Prints the administrator's token of a local installation.
#[derive(Args)]
pub struct Token {
    #[command(flatten)]
    settings: SettingsArguments,
}

impl Token {
    pub(super) fn run(self) -> Result<ExitCode, BoxError> {
        let path = self
            .settings
            .load()?
            .server
            .data
            .join("identity/admin.token");
        let token = std::fs::read_to_string(&path).map_err(|cause| {
            format!(
                "cannot read {}: {cause}; the first start of `tessera serve` with this data folder writes it",
                path.display()
            )
        })?;
        print(token.trim());
        Ok(ExitCode::SUCCESS)
    }
}
