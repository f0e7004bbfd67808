//! Migrations of one service in its own file or schema, with its own table of applied versions:
//! the ground's first, then the service's. `script` writes SQL without connecting, `drift` compares.

mod drift;
mod lock;
mod script;
mod source;

use diesel::connection::SimpleConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use error::{Error, Result};

use crate::conn::{Conn, Purpose};
use crate::error::Failure;
use crate::url::{Backend, Url};

pub use drift::Difference;
pub use script::script;

static GROUND_SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/_ground/sqlite");
static GROUND_POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/_ground/postgres");

/// Both dialects of a service's migrations; see [`migrations!`](crate::migrations).
pub struct Migrations {
    /// The service whose tables they make.
    pub service: &'static str,
    /// For SQLite.
    pub sqlite: EmbeddedMigrations,
    /// For PostgreSQL, under the same names.
    pub postgres: EmbeddedMigrations,
    /// Where the service makes tables of its own while it runs: a schema on PostgreSQL, which the runtime role may
    /// fill; names that begin like this on SQLite. Neither migrations nor `drift` look there. Empty: nowhere.
    pub zone: &'static str,
}

impl Migrations {
    fn sources(&self, backend: Backend) -> [(&'static str, &EmbeddedMigrations); 2] {
        match backend {
            Backend::Sqlite => [(source::GROUND, &GROUND_SQLITE), ("", &self.sqlite)],
            Backend::Postgres => [(source::GROUND, &GROUND_POSTGRES), ("", &self.postgres)],
        }
    }
}

impl std::fmt::Debug for Migrations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Migrations({})", self.service)
    }
}

/// A migration, and whether the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its version; the ground's begin with `_ground/`.
    pub version: String,
    /// Is it applied?
    pub applied: bool,
}

/// How many migrations to apply or revert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Steps {
    /// All there are.
    All,
    /// So many.
    Count(usize),
}

/// Changes and inspects one service's tables. Every method blocks.
#[derive(Debug)]
pub struct Migrator {
    migrations: &'static Migrations,
    url: Url,
    schema: String,
    /// The zone's schema, where there is one.
    zone: Option<String>,
    runtime_role: Option<String>,
}

impl Migrator {
    pub(crate) fn new(
        migrations: &'static Migrations,
        url: Url,
        schema: String,
        zone: Option<String>,
        runtime_role: Option<String>,
    ) -> Self {
        Self {
            migrations,
            url,
            schema,
            zone,
            runtime_role,
        }
    }

    /// Applies pending migrations, oldest first; the versions applied.
    pub fn up(&self, steps: Steps) -> Result<Vec<String>> {
        self.locked(|conn| {
            let done = apply(conn, self.migrations, |_| true, steps)?;
            self.open_zone(conn)?;
            self.grant(conn)?;
            Ok(done)
        })
    }

    /// Reverts migrations, newest first and the ground's last; the versions reverted.
    pub fn down(&self, steps: Steps) -> Result<Vec<String>> {
        self.locked(|conn| {
            let applied = applied(conn)?;
            let all = source::all(self.migrations, conn)?;
            let mut done = Vec::new();
            for migration in all.iter().rev() {
                let version = migration.version();
                if !applied.contains(&version) {
                    continue;
                }
                if matches!(steps, Steps::Count(most) if done.len() >= most) {
                    break;
                }
                conn.revert_migration(migration)
                    .map_err(|e| failed(&version, e))?;
                done.push(version);
            }
            Ok(done)
        })
    }

    /// Every migration in order, and whether it is applied.
    pub fn status(&self) -> Result<Vec<Step>> {
        self.locked(|conn| {
            let applied = applied(conn)?;
            Ok(source::all(self.migrations, conn)?
                .iter()
                .map(|migration| {
                    let version = migration.version();
                    Step {
                        applied: applied.contains(&version),
                        version,
                    }
                })
                .collect())
        })
    }

    /// Where the live tables differ from what their migrations make: tables, columns, types,
    /// nullability, defaults, indexes, constraints and policies. Empty when they agree.
    pub fn drift(&self) -> Result<Vec<Difference>> {
        self.locked(|conn| {
            let versions = applied(conn)?;
            let mut live = drift::objects(conn, &self.schema)?;
            if self.zone.is_some() && !conn.is_postgres() {
                let own = format!("{}_", self.migrations.zone);
                live.retain(|(table, _), _| !table.starts_with(&own));
            }
            let fresh = match conn {
                Conn::Sqlite(_) => {
                    let memory = Url::Sqlite(":memory:".to_owned());
                    let mut scratch = Conn::open(&memory, Purpose::Migrate)?;
                    apply(
                        &mut scratch,
                        self.migrations,
                        |v| versions.contains(v),
                        Steps::All,
                    )?;
                    drift::objects(&mut scratch, "")?
                }
                Conn::Pg(_) => {
                    let name = format!("scratch_{}", value::Id::new().as_uuid().simple());
                    enter_schema(conn, &name)?;
                    let made = apply(conn, self.migrations, |v| versions.contains(v), Steps::All)
                        .and_then(|_| Ok(drift::objects(conn, &name)?));
                    conn.batch_execute(&format!("DROP SCHEMA \"{name}\" CASCADE"))
                        .map_err(Failure::from)?;
                    made?
                }
            };
            Ok(drift::compare(&live, &fresh))
        })
    }

    /// Removes the schema or the file with all that is in it: for tests and for scratch databases.
    pub fn destroy(self) -> Result<()> {
        if let Url::Sqlite(path) = &self.url {
            for tail in ["", "-wal", "-shm", ".lock"] {
                match std::fs::remove_file(format!("{path}{tail}")) {
                    Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                        return Err(Error::internal(e));
                    }
                    _ => {}
                }
            }
            return Ok(());
        }
        self.locked(|conn| {
            let zone = self
                .zone
                .iter()
                .map(|zone| format!("; DROP SCHEMA IF EXISTS \"{zone}\" CASCADE"));
            let zone: String = zone.collect();
            conn.batch_execute(&format!("DROP SCHEMA \"{}\" CASCADE{zone}", self.schema))
                .map_err(Failure::from)?;
            Ok(())
        })
    }

    /// Connects, and works while no other process migrates the same schema.
    fn locked<T>(&self, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        let _file = match &self.url {
            Url::Sqlite(path) => Some(lock::take_file(path)?),
            Url::Postgres(_) => None,
        };
        let mut conn = Conn::open(&self.url, Purpose::Migrate)?;
        // The lock comes before the schema: two that create one at once fail each other.
        lock::take(&mut conn, &self.schema)?;
        if conn.is_postgres() {
            enter_schema(&mut conn, &self.schema)?;
        }
        // Closing the connection, on whatever way out, gives the lock back.
        work(&mut conn)
    }

    /// Makes the zone's schema and lets the runtime role make tables in it.
    fn open_zone(&self, conn: &mut Conn) -> Result<()> {
        if let (Some(zone), Conn::Pg(conn)) = (&self.zone, conn) {
            let sql = zone_sql(zone, self.runtime_role.as_deref());
            conn.batch_execute(&sql).map_err(Failure::from)?;
        }
        Ok(())
    }

    /// Lets the runtime role use what the migrating role has made.
    fn grant(&self, conn: &mut Conn) -> Result<()> {
        if let (Some(role), Conn::Pg(conn)) = (&self.runtime_role, conn) {
            let sql = grants(&self.schema, role);
            conn.batch_execute(&sql).map_err(Failure::from)?;
        }
        Ok(())
    }
}

/// What a runtime role may do: all with rows, nothing with tables. The record of migrations it may only read.
fn grants(schema: &str, role: &str) -> String {
    let role = role.replace('"', "\"\"");
    format!(
        "GRANT USAGE ON SCHEMA \"{schema}\" TO \"{role}\";
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \"{schema}\" TO \"{role}\";
         GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA \"{schema}\" TO \"{role}\";
         REVOKE INSERT, UPDATE, DELETE ON \"{schema}\".__diesel_schema_migrations FROM \"{role}\""
    )
}

/// The runtime role owns what it makes in the zone, and nobody else gets there.
fn zone_sql(zone: &str, role: Option<&str>) -> String {
    let grant = role.map(|role| {
        let role = role.replace('"', "\"\"");
        format!("; GRANT USAGE, CREATE ON SCHEMA \"{zone}\" TO \"{role}\"")
    });
    format!(
        "CREATE SCHEMA IF NOT EXISTS \"{zone}\"{}",
        grant.unwrap_or_default()
    )
}

fn enter_schema(conn: &mut Conn, schema: &str) -> Result<()> {
    // Migrations see every tenant's rows: they carry data over as well as tables.
    conn.batch_execute(&format!(
        "CREATE SCHEMA IF NOT EXISTS \"{schema}\"; SET search_path TO \"{schema}\"; \
         SET tessera.tenant TO '*'"
    ))
    .map_err(Failure::from)?;
    Ok(())
}

fn applied(conn: &mut Conn) -> Result<Vec<String>> {
    let versions = conn.applied_migrations().map_err(Error::internal)?;
    Ok(versions.iter().map(ToString::to_string).collect())
}

fn apply(
    conn: &mut Conn,
    migrations: &Migrations,
    wanted: impl Fn(&String) -> bool,
    steps: Steps,
) -> Result<Vec<String>> {
    let applied = applied(conn)?;
    let mut done = Vec::new();
    for migration in &source::all(migrations, conn)? {
        let version = migration.version();
        if applied.contains(&version) || !wanted(&version) {
            continue;
        }
        if matches!(steps, Steps::Count(most) if done.len() >= most) {
            break;
        }
        conn.run_migration(migration)
            .map_err(|e| failed(&version, e))?;
        done.push(version);
    }
    Ok(done)
}

fn failed(version: &str, cause: error::BoxError) -> Error {
    tracing::error!(version, %cause, "migration failed");
    Error::internal(format!("migration {version} failed: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::grants;

    #[test]
    fn a_roles_name_cannot_leave_its_quotes() {
        let sql = grants("metadata", "a\"; DROP SCHEMA metadata; --");
        assert_eq!(
            sql.matches("\"a\"\"; DROP SCHEMA metadata; --\"").count(),
            4
        );
        assert!(!sql.contains("CREATE") && !sql.contains("TRUNCATE"));
        let sql = super::zone_sql("data", Some("a\"b"));
        assert!(sql.ends_with("GRANT USAGE, CREATE ON SCHEMA \"data\" TO \"a\"\"b\""));
        assert_eq!(
            super::zone_sql("data", None),
            "CREATE SCHEMA IF NOT EXISTS \"data\""
        );
    }
}
