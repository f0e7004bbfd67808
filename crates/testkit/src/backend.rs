//! The database under a bench: a folder of SQLite files, or schemas of their own in PostgreSQL.

use db::{
    StorageConfig,
    diesel::{Connection, PgConnection, connection::SimpleConnection},
};
use tempfile::TempDir;

/// A fresh place for databases.
pub struct Backend {
    folder: TempDir,
    url: String,
    schema_prefix: String,
}

impl Backend {
    /// SQLite files in a temporary folder.
    pub fn sqlite() -> Self {
        Self::at(String::new(), String::new())
    }

    /// Schemas of their own on the server that `TESSERA_TEST_POSTGRES_URL` names.
    ///
    /// # Panics
    /// Without that variable: a test that silently did nothing would prove nothing.
    pub fn postgres() -> Self {
        let (_, url) = config::environment()
            .find(|(name, _)| name == "TESSERA_TEST_POSTGRES_URL")
            .expect("set TESSERA_TEST_POSTGRES_URL, or run `make test`, which starts a server");
        // The tail of the id is random, its head is the time.
        let id = value::Id::new().as_uuid().simple().to_string();
        Self::at(url, format!("t{}_", &id[20..]))
    }

    fn at(url: String, schema_prefix: String) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self {
            folder,
            url,
            schema_prefix,
        }
    }

    /// A folder for whatever else a service keeps.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The settings by which a process uses this place.
    pub fn storage(&self) -> StorageConfig {
        StorageConfig {
            url: self.url.clone(),
            data_dir: self.folder.path().to_owned(),
            schema_prefix: self.schema_prefix.clone(),
            // Many benches run at once against one server, and a test needs no disk after a crash.
            budget: 4,
            share: 4,
            durability: db::Durability::Relaxed,
            ..StorageConfig::default()
        }
    }

    /// Removes a service's schema, and its zone's, so that a server that serves many test runs does not fill up. What
    /// still runs in it is given two seconds; a schema that stays harms nobody.
    pub(crate) fn remove(&self, service: &str, zone: &str) {
        if self.url.is_empty() {
            return;
        }
        let drops: String = [service, zone]
            .iter()
            .filter(|name| !name.is_empty())
            .map(|name| {
                let schema = format!("{}{name}", self.schema_prefix).replace('-', "_");
                format!("; DROP SCHEMA IF EXISTS \"{schema}\" CASCADE")
            })
            .collect();
        let url = self.url.clone();
        let remove = move || {
            let mut connection =
                PgConnection::establish(&url).map_err(|error| error.to_string())?;
            connection
                .batch_execute(&format!("SET lock_timeout = '2s'{drops}"))
                .map_err(|error| error.to_string())
        };
        if let Ok(Err(error)) = std::thread::spawn(remove).join() {
            tracing::debug!(service, error, "a test's schema stays");
        }
    }
}
