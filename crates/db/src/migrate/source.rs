//! The ground's migrations and a service's as one list.

use diesel::migration::{
    Migration, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion, Result,
};
use diesel_migrations::EmbeddedMigrations;
use error::Error;

use super::Migrations;
use crate::conn::{Conn, MultiBackend};
use crate::url::Backend;

/// Stands before the versions of the ground's migrations.
pub(super) const GROUND: &str = "_ground/";

/// A migration under the version it has among both sources.
pub(super) struct Named<DB: diesel::backend::Backend> {
    name: Name,
    inner: Box<dyn Migration<DB>>,
}

struct Name(String);

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl MigrationName for Name {
    fn version(&self) -> MigrationVersion<'_> {
        MigrationVersion::from(self.0.as_str())
    }
}

impl<DB: diesel::backend::Backend> Named<DB> {
    pub(super) fn version(&self) -> String {
        self.name.0.clone()
    }
}

impl<DB: diesel::backend::Backend> Migration<DB> for Named<DB> {
    fn run(&self, conn: &mut dyn diesel::connection::BoxableConnection<DB>) -> Result<()> {
        self.inner.run(conn)
    }

    fn revert(&self, conn: &mut dyn diesel::connection::BoxableConnection<DB>) -> Result<()> {
        self.inner.revert(conn)
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self.inner.metadata()
    }

    fn name(&self) -> &dyn MigrationName {
        &self.name
    }
}

/// All migrations for the connection's database, in the order they are applied.
pub(super) fn all(migrations: &Migrations, conn: &Conn) -> error::Result<Vec<Named<MultiBackend>>> {
    let backend = if conn.is_postgres() {
        Backend::Postgres
    } else {
        Backend::Sqlite
    };
    list(migrations, backend)
}

/// All migrations of one dialect, in the order they are applied.
pub(super) fn list<DB: diesel::backend::Backend>(
    migrations: &Migrations,
    backend: Backend,
) -> error::Result<Vec<Named<DB>>> {
    let mut list = Vec::new();
    for (prefix, source) in migrations.sources(backend) {
        let mut part = from(source).map_err(Error::internal)?;
        part.sort_by_key(|migration| migration.name().version().as_owned());
        list.extend(part.into_iter().map(|inner| Named {
            name: Name(format!("{prefix}{}", inner.name().version())),
            inner,
        }));
    }
    Ok(list)
}

fn from<DB: diesel::backend::Backend>(
    source: &EmbeddedMigrations,
) -> Result<Vec<Box<dyn Migration<DB>>>> {
    MigrationSource::<DB>::migrations(source)
}
