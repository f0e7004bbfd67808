//! `tessera migrate`: applies, reverts or inspects database migrations, service by service.

use super::{SettingsArguments, output::print};
use crate::{Entry, Settings, services, targets::select};
use clap::{Args, Subcommand};
use db::{Backend, Databases, migrate::Steps};
use rpc::BoxError;
use std::process::ExitCode;

/// Applies, reverts or inspects database migrations.
#[derive(Args)]
pub struct Migrate {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Applies pending migrations.
    Up(Reach),
    /// Reverts applied migrations, newest first; all of them needs --all.
    Down {
        #[command(flatten)]
        reach: Reach,
        /// Reverts everything: the tables are gone.
        #[arg(long, conflicts_with = "steps")]
        all: bool,
    },
    /// Lists migrations and whether they are applied.
    Status(Reach),
    /// Prints the SQL of migrations without connecting.
    Script {
        #[command(flatten)]
        reach: Reach,
        /// The newest version that the database has, as `status` names it; without it, from the beginning.
        #[arg(long, value_name = "VERSION")]
        from: Option<String>,
    },
    /// Compares the live tables with what the migrations make; fails if they differ.
    Drift(Reach),
}

#[derive(Args)]
struct Reach {
    #[command(flatten)]
    settings: SettingsArguments,
    /// Only this service.
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// At most so many migrations a service.
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
}

impl Reach {
    fn load(&self) -> Result<(Settings, Vec<Entry>), BoxError> {
        let settings = self.settings.load()?;
        let target = self.service.clone().unwrap_or_else(|| "all".into());
        Ok((settings, select(services(), &[target])?))
    }

    fn steps(&self) -> Steps {
        self.steps.map_or(Steps::All, Steps::Count)
    }
}

impl Migrate {
    pub(super) async fn run(self) -> Result<ExitCode, BoxError> {
        // Migrations block; nothing else runs in this process.
        tokio::task::spawn_blocking(move || self.blocking()).await?
    }

    fn blocking(self) -> Result<ExitCode, BoxError> {
        match self.verb {
            Verb::Up(reach) => each(
                &reach,
                |migrator| migrator.up(reach.steps()),
                |version| format!("applied  {version}"),
            ),
            Verb::Down { reach, all } => {
                if !all && reach.steps.is_none() {
                    return Err("say how far: --steps N, or --all to revert everything".into());
                }
                each(
                    &reach,
                    |migrator| migrator.down(reach.steps()),
                    |version| format!("reverted {version}"),
                )
            }
            Verb::Status(reach) => each(
                &reach,
                |migrator| migrator.status(),
                |step| {
                    format!(
                        "{} {}",
                        if step.applied { "applied" } else { "pending" },
                        step.version
                    )
                },
            ),
            Verb::Script { reach, from } => script(&reach, from.as_deref()),
            Verb::Drift(reach) => {
                let mut differences = 0;
                each(
                    &reach,
                    |migrator| migrator.drift(),
                    |difference| {
                        differences += 1;
                        difference.to_string()
                    },
                )?;
                match differences {
                    0 => Ok(ExitCode::SUCCESS),
                    _ => Ok(ExitCode::FAILURE),
                }
            }
        }
    }
}

/// Does the work for each service and prints a line per item, with the service before it.
fn each<T>(
    reach: &Reach,
    work: impl Fn(&db::Migrator) -> error::Result<Vec<T>>,
    mut line: impl FnMut(T) -> String,
) -> Result<ExitCode, BoxError> {
    let (settings, entries) = reach.load()?;
    let databases = Databases::open(&settings.storage)?;
    for entry in entries {
        for item in work(&databases.migrator(entry.migrations)?)? {
            print(&format!("{}: {}", entry.name, line(item)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn script(reach: &Reach, from: Option<&str>) -> Result<ExitCode, BoxError> {
    if from.is_some() && reach.service.is_none() {
        return Err("--from needs --service: versions are counted by service".into());
    }
    let (settings, entries) = reach.load()?;
    let backend = if settings.storage.url.is_empty() {
        Backend::Sqlite
    } else {
        db::Url::parse(&settings.storage.url)?.backend()
    };
    for entry in entries {
        let schema = format!("{}{}", settings.storage.schema_prefix, entry.name);
        print(db::migrate::script(entry.migrations, backend, &schema, from)?.trim_end());
    }
    Ok(ExitCode::SUCCESS)
}
