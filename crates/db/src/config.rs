//! Where the databases are, and how much of them a process may use.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

/// When a commit on SQLite counts as done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// It is on disk and survives a power cut.
    #[default]
    Full,
    /// It survives a crash of the process; the last commits may be lost in a power cut.
    Relaxed,
}

/// The `[storage]` section.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StorageConfig {
    /// `postgres://…`, or `sqlite:<folder>`; empty: SQLite in `data_dir`.
    #[serde(serialize_with = "masked")]
    pub url: String,
    /// Where SQLite files go when `url` is empty, one a service.
    pub data_dir: PathBuf,
    /// The URL that migrations use, when its role owns the tables and the runtime role does not.
    #[serde(serialize_with = "masked_option")]
    pub migrate_url: Option<String>,
    /// PostgreSQL connections for the whole process.
    pub budget: u32,
    /// PostgreSQL connections one service may hold at once, so that none starves the others.
    pub share: u32,
    /// Seconds a call waits for a connection, or for a SQLite file that another process has locked,
    /// before it is told to come back.
    pub wait_seconds: u32,
    /// Seconds after which an idle connection is closed; it may last half a minute longer.
    pub idle_seconds: u32,
    /// When a commit on SQLite counts as done.
    pub durability: Durability,
    /// Stands before every schema's name: several installations, or tests, in one database.
    pub schema_prefix: String,
}

impl Default for StorageConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            data_dir: PathBuf::from("data"),
            migrate_url: None,
            budget: 32,
            share: 8,
            wait_seconds: 10,
            idle_seconds: 300,
            durability: Durability::default(),
            schema_prefix: String::new(),
        }
    }
}

impl StorageConfig {
    pub(crate) fn wait(&self) -> Duration {
        Duration::from_secs(self.wait_seconds.into())
    }

    pub(crate) fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_seconds.into())
    }
}

impl std::fmt::Debug for StorageConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StorageConfig")
            .field("url", &crate::url::mask(&self.url))
            .field("data_dir", &self.data_dir)
            .field("budget", &self.budget)
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}

fn masked<S: Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&crate::url::mask(url))
}

fn masked_option<S: Serializer>(url: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    match url {
        Some(url) => serializer.serialize_some(&crate::url::mask(url)),
        None => serializer.serialize_none(),
    }
}
