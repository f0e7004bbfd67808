//! All databases of one process: SQLite files in a folder, or schemas over one PostgreSQL pool.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use error::{Error, Result};
use tokio::sync::Semaphore;

use crate::access::{Db, Engine};
use crate::config::StorageConfig;
use crate::conn::{Purpose, Setup};
use crate::group::Writer;
use crate::migrate::{Migrations, Migrator};
use crate::pool::Pool;
use crate::schema::schema_name;
use crate::url::{Backend, Url};

/// Readers of one SQLite file; the first is opened when something is read.
const SQLITE_READERS: u32 = 2;
/// Into how many waits for a locked file a writer divides its time.
const BUSY_PARTS: u32 = 8;

/// The databases of one process. Opening connects to nothing.
pub struct Databases {
    config: StorageConfig,
    place: Place,
    opened: Mutex<HashMap<String, Db>>,
}

enum Place {
    Folder(PathBuf),
    Server {
        url: Url,
        migrate: Url,
        pool: Arc<Pool>,
    },
}

impl Databases {
    /// Reads the settings; the first use of a service's database connects.
    pub fn open(config: &StorageConfig) -> Result<Self> {
        let place = if config.url.is_empty() {
            Place::Folder(config.data_dir.clone())
        } else {
            match Url::parse(&config.url)? {
                Url::Sqlite(folder) => Place::Folder(folder.into()),
                url => {
                    let migrate = match &config.migrate_url {
                        Some(text) => Url::parse(text)?,
                        None => url.clone(),
                    };
                    if migrate.backend() != Backend::Postgres {
                        return Err(Error::invalid_field(
                            "storage.migrate_url",
                            "DATABASE_URL",
                            "it names another kind of database than storage.url",
                        ));
                    }
                    Place::Server {
                        pool: shared_pool(&url, config),
                        url,
                        migrate,
                    }
                }
            }
        };
        Ok(Self {
            config: config.clone(),
            place,
            opened: Mutex::default(),
        })
    }

    /// Which database it is.
    pub fn backend(&self) -> Backend {
        match self.place {
            Place::Folder(_) => Backend::Sqlite,
            Place::Server { .. } => Backend::Postgres,
        }
    }

    /// One service's database; the same one at every call.
    pub fn service(&self, name: &str) -> Result<Db> {
        let mut opened = self.opened.lock().expect("no holder of this lock panics");
        if let Some(db) = opened.get(name) {
            return Ok(db.clone());
        }
        let schema = schema_name(&self.config.schema_prefix, name)?;
        let engine = match &self.place {
            Place::Folder(folder) => {
                let url = sqlite_file(folder, name)?;
                let (wait, idle) = (self.config.wait(), self.config.idle());
                let pool = |purpose, size| Pool::new(url.clone(), purpose, size, wait, idle);
                let setup = |patience| Setup {
                    durability: self.config.durability,
                    patience,
                };
                Engine::Sqlite {
                    // The writer asks again after each of its short waits: see `group`.
                    writer: Arc::new(Writer::new(pool(Purpose::Run(setup(wait / BUSY_PARTS)), 1))),
                    readers: pool(Purpose::RunReadOnly(setup(wait)), SQLITE_READERS),
                }
            }
            Place::Server { pool, .. } => Engine::Postgres {
                pool: pool.clone(),
                share: Arc::new(Semaphore::new(self.config.share.max(1) as usize)),
            },
        };
        let db = Db::new(name, schema, self.config.schema_prefix.clone(), engine);
        opened.insert(name.to_owned(), db.clone());
        Ok(db)
    }

    /// What changes and inspects the service's tables. Its methods block: use it at start-up or on a
    /// blocking thread.
    pub fn migrator(&self, migrations: &'static Migrations) -> Result<Migrator> {
        let prefix = &self.config.schema_prefix;
        let schema = schema_name(prefix, migrations.service)?;
        let zone = match migrations.zone {
            "" => None,
            zone => Some(schema_name(prefix, zone)?),
        };
        Ok(match &self.place {
            Place::Folder(folder) => Migrator::new(
                migrations,
                sqlite_file(folder, migrations.service)?,
                schema,
                zone,
                None,
            ),
            Place::Server { url, migrate, .. } => {
                let runtime = url
                    .role()
                    .filter(|role| migrate.role().as_ref() != Some(role));
                Migrator::new(migrations, migrate.clone(), schema, zone, runtime)
            }
        })
    }
}

impl std::fmt::Debug for Databases {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Databases({:?})", self.config)
    }
}

fn sqlite_file(folder: &Path, service: &str) -> Result<Url> {
    std::fs::create_dir_all(folder).map_err(Error::internal)?;
    let path = folder.join(format!("{service}.db"));
    let text = path.to_str().ok_or_else(|| {
        Error::invalid_field(
            "storage.data_dir",
            "DATABASE_URL",
            "the folder's name is not UTF-8",
        )
    })?;
    Ok(Url::Sqlite(text.to_owned()))
}

/// One pool a URL and process: the budget is the process's, whoever opens it, with whatever settings.
fn shared_pool(url: &Url, config: &StorageConfig) -> Arc<Pool> {
    static POOLS: Mutex<Vec<(Url, std::sync::Weak<Pool>)>> = Mutex::new(Vec::new());
    let mut pools = POOLS.lock().expect("no holder of this lock panics");
    pools.retain(|(_, pool)| pool.strong_count() > 0);
    if let Some(pool) = pools
        .iter()
        .find_map(|(known, pool)| (known == url).then(|| pool.upgrade()).flatten())
    {
        return pool;
    }
    let setup = Setup {
        durability: config.durability,
        patience: config.wait(),
    };
    let pool = Arc::new(Pool::new(
        url.clone(),
        Purpose::Run(setup),
        config.budget,
        config.wait(),
        config.idle(),
    ));
    pools.push((url.clone(), Arc::downgrade(&pool)));
    pool
}
