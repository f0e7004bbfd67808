//! The settings of a whole process, composed of the sections that the crates own.

use crate::{Entry, services};
use config::{Problems, Span, Table, Validate, Value};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// The sections of a config file.
const SECTIONS: [&str; 9] = [
    "server",
    "storage",
    "mesh",
    "jobs",
    "cache",
    "telemetry",
    "auth",
    "gateway",
    "services",
];

/// Section `[server]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    /// What the process runs: `all`, service names, `@wing`.
    pub target: Vec<String>,
    /// Where gRPC listens; port 0 takes a free one.
    pub grpc: SocketAddr,
    /// The folder of this installation: keys, tokens and, on embedded storage, the databases.
    pub data: PathBuf,
    /// Whether pending migrations are applied at the start.
    pub migrate: bool,
    /// Whether the JSON edge runs in this process.
    pub edge: bool,
    /// How long calls in work may take to end when the process is told to stop.
    pub drain: Span,
    /// Calls in work at once, before further ones are refused.
    pub max_in_flight: usize,
    /// Deadline of calls whose caller and contract give none.
    pub timeout: Span,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            target: vec!["all".into()],
            grpc: SocketAddr::from(([127, 0, 0, 1], 7700)),
            data: PathBuf::from("data"),
            migrate: true,
            edge: true,
            drain: Span::from_secs(10),
            max_in_flight: 1024,
            timeout: Span::from_secs(30),
        }
    }
}

impl Validate for ServerConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.check(
            !self.target.is_empty(),
            "target",
            "must name at least one target, such as \"all\"",
        );
        problems.check(self.max_in_flight > 0, "max_in_flight", "must be positive");
        problems.check(!self.timeout.is_zero(), "timeout", "must be positive");
    }
}

/// Everything a process is told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The process itself.
    pub server: ServerConfig,
    /// Databases.
    pub storage: db::StorageConfig,
    /// Where the other services are.
    pub mesh: rpc::MeshConfig,
    /// Durable work.
    pub jobs: jobs::Config,
    /// What processes keep for a while.
    pub cache: cache::CacheConfig,
    /// Logs.
    pub telemetry: telemetry::Config,
    /// How callers are verified.
    pub auth: auth::Config,
    /// The JSON edge.
    pub gateway: gateway::EdgeConfig,
    /// Where services run that run elsewhere: `[services.<name>] address`.
    pub addresses: BTreeMap<String, Vec<String>>,
    /// The services' own sections, each read by its service.
    pub services: Table,
}

impl Settings {
    /// Reads a table, naming every problem with its full key.
    ///
    /// # Errors
    /// Unknown sections, unknown keys, wrong types and values that cannot be.
    pub fn read(mut table: Table) -> Result<Self, config::Error> {
        let entries = services();
        let names: Vec<_> = entries.iter().map(|entry| entry.name).collect();
        config::allow_only(&table, "", &SECTIONS)?;
        config::allow_only(&table, "services", &names)?;
        let addresses = take_addresses(&mut table)?;
        let server: ServerConfig = config::section(&table, "server")?;
        let mut storage: Storage = config::section(&table, "storage")?;
        if storage.0.data_dir == db::StorageConfig::default().data_dir {
            storage.0.data_dir = server.data.join("db");
        }
        let settings = Self {
            server,
            storage: storage.0,
            mesh: config::section(&table, "mesh")?,
            jobs: config::section(&table, "jobs")?,
            cache: config::section(&table, "cache")?,
            telemetry: config::section(&table, "telemetry")?,
            auth: config::section(&table, "auth")?,
            gateway: config::section(&table, "gateway")?,
            addresses,
            services: table,
        };
        for entry in &entries {
            (entry.check)(&settings.services)?;
        }
        Ok(settings)
    }

    /// Reads a file with the environment laid over it.
    ///
    /// # Errors
    /// See [`Settings::read`]; also if the file cannot be read.
    pub fn load(file: Option<&Path>) -> Result<Self, config::Error> {
        Self::read(config::load(file, config::environment())?)
    }

    /// The effective settings as a config file; secrets as stars.
    ///
    /// # Errors
    /// If a section cannot be written, which is a mistake in its type.
    pub fn print(&self, entries: &[Entry]) -> Result<String, config::Error> {
        let mut sections = vec![
            ("server".to_owned(), value("server", &self.server)?),
            ("storage".to_owned(), value("storage", &self.storage)?),
            ("mesh".to_owned(), value("mesh", &self.mesh)?),
            ("jobs".to_owned(), value("jobs", &self.jobs)?),
            ("cache".to_owned(), value("cache", &self.cache)?),
            ("telemetry".to_owned(), value("telemetry", &self.telemetry)?),
            ("auth".to_owned(), value("auth", &self.auth)?),
            ("gateway".to_owned(), value("gateway", &self.gateway)?),
        ];
        for entry in entries {
            let mut section = (entry.check)(&self.services)?;
            if let (Some(addresses), Some(table)) =
                (self.addresses.get(entry.name), section.as_table_mut())
            {
                table.insert("address".into(), value("address", addresses)?);
            }
            sections.push((format!("services.{}", entry.name), section));
        }
        config::print(
            sections
                .iter()
                .map(|(key, value)| (key.as_str(), value.clone())),
        )
    }
}

fn value(key: &str, section: &impl Serialize) -> Result<Value, config::Error> {
    Value::try_from(section).map_err(|cause| config::Error::new(key, cause.to_string()))
}

/// `address` in a service's section belongs to the process: one address, or a list.
fn take_addresses(table: &mut Table) -> Result<BTreeMap<String, Vec<String>>, config::Error> {
    let mut addresses = BTreeMap::new();
    let sections = table.get_mut("services").and_then(Value::as_table_mut);
    for (name, section) in sections.into_iter().flatten() {
        let Some(address) = section
            .as_table_mut()
            .and_then(|section| section.remove("address"))
        else {
            continue;
        };
        let list = match address {
            Value::String(one) => Some(vec![one]),
            Value::Array(many) => many
                .into_iter()
                .map(|one| one.as_str().map(str::to_owned))
                .collect(),
            _ => None,
        };
        let list = list.ok_or_else(|| {
            config::Error::new(
                format!("services.{name}.address"),
                "must be an address or a list of addresses",
            )
        })?;
        addresses.insert(name.clone(), list);
    }
    Ok(addresses)
}

/// The storage section with the checks that its types do not make.
#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
struct Storage(db::StorageConfig);

impl Validate for Storage {
    fn validate(&self, problems: &mut Problems) {
        for (key, url) in [
            ("url", Some(&self.0.url)),
            ("migrate_url", self.0.migrate_url.as_ref()),
        ] {
            if let Some(Err(refusal)) = url
                .filter(|url| !url.is_empty())
                .map(|url| db::Url::parse(url))
            {
                problems.add(key, refusal.message());
            }
        }
        problems.check(self.0.budget >= 2, "budget", "must be at least 2");
        problems.check(self.0.share >= 1, "share", "must be at least 1");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, String> {
        Settings::read(text.parse().expect("the test's TOML is valid"))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_said_is_a_working_installation() {
        let settings = read("").unwrap();
        assert_eq!(settings.server, ServerConfig::default());
        assert_eq!(settings.storage.data_dir, Path::new("data/db"));
        let printed = settings.print(&services()).unwrap();
        assert!(printed.contains("[services.metadata]"), "{printed}");
        Settings::read(printed.parse().unwrap()).expect("what is printed reads back");
    }

    #[test]
    fn wrong_keys_are_named_in_full() {
        for (text, expected) in [
            ("[serve]", "serve: is not known; did you mean \"server\"?"),
            (
                "[server]\ngprc = \"x\"",
                "server.gprc: is not known; did you mean \"grpc\"?",
            ),
            (
                "[services.identty]",
                "services.identty: is not known; did you mean \"identity\"?",
            ),
            (
                "[server]\nmax_in_flight = 0",
                "server.max_in_flight: must be positive",
            ),
            (
                "[services.metadata]\naddress = 5",
                "services.metadata.address: must be an address or a list",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }

    #[test]
    fn addresses_belong_to_the_process() {
        let settings = read("[services.metadata]\naddress = [\"a:1\", \"b:2\"]").unwrap();
        assert_eq!(settings.addresses["metadata"], ["a:1", "b:2"]);
    }
}
