//! The commands of `tessera`. Results go to standard output, everything else to standard error.

mod call;
mod config_command;
mod documents;
mod migrate;
mod operations;
mod output;
mod serve;
mod story;
mod token;

use clap::{Args, Subcommand};
use output::print_error;
use rpc::BoxError;
use std::{path::PathBuf, process::ExitCode};

pub use call::Call;
pub use config_command::ConfigCommand;
pub use migrate::Migrate;
pub use operations::Operations;
pub use serve::Serve;
pub use story::RunStory;
pub use token::Token;

/// What `tessera` can do.
#[derive(Subcommand)]
pub enum Command {
    /// Runs services: all of them, some, or a wing.
    Serve(Serve),
    /// Prints the administrator's token of a local installation.
    Token(Token),
    /// Applies, reverts or inspects database migrations.
    Migrate(Migrate),
    /// Checks or prints the effective settings.
    Config(ConfigCommand),
    /// Calls any RPC of a running server with JSON.
    Call(Call),
    /// Lists, follows and steers the durable work of a running server.
    Operations(Operations),
    /// Plays a scenario through the public API and checks what comes back.
    Story(RunStory),
    /// Prints the reference of all error reasons, as in docs/errors.md.
    Errors,
    /// Prints the OpenAPI document of all contracts.
    Openapi,
}

impl Command {
    /// Runs the command.
    ///
    /// # Errors
    /// With what went wrong, for people.
    pub async fn run(self) -> Result<ExitCode, BoxError> {
        match self {
            Self::Serve(serve) => serve.run().await,
            Self::Token(token) => token.run(),
            Self::Migrate(migrate) => migrate.run().await,
            Self::Config(config) => config.run(),
            Self::Call(call) => call.run().await,
            Self::Operations(operations) => operations.run().await,
            Self::Story(story) => story.run().await,
            Self::Errors => documents::errors(),
            Self::Openapi => documents::openapi(),
        }
    }
}

/// Tells people what went wrong, with the causes behind it.
pub fn complain(failure: &(dyn std::error::Error + 'static)) {
    let mut line = failure.to_string();
    let mut cause = failure.source();
    while let Some(next) = cause {
        let text = next.to_string();
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = next.source();
    }
    print_error(&line);
}

/// Where the settings come from, for every command that needs them.
#[derive(Args, Clone, Default)]
pub struct SettingsArguments {
    /// The config file; without one the defaults hold, and the environment over them.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The folder of the installation; overrides `server.data`.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

impl SettingsArguments {
    /// The settings, with the arguments over them.
    fn load(&self) -> Result<crate::Settings, BoxError> {
        let mut table = config::load(self.config.as_deref(), config::environment())?;
        if let Some(data) = &self.data {
            set(
                &mut table,
                "server",
                "data",
                data.to_string_lossy().into_owned(),
            );
        }
        Ok(crate::Settings::read(table)?)
    }
}

/// Puts a command-line argument over the table.
fn set(table: &mut config::Table, section: &str, key: &str, value: impl Into<config::Value>) {
    let section = table
        .entry(section)
        .or_insert_with(|| config::Value::Table(config::Table::new()));
    if let Some(section) = section.as_table_mut() {
        section.insert(key.to_owned(), value.into());
    }
}
