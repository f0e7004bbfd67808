//! The one connection type over both databases, how it is opened, and its transactions.
#![allow(missing_docs)] // the derive below makes public items without sentences

use std::time::Duration;

use diesel::connection::{
    AnsiTransactionManager, Connection, SimpleConnection, TransactionManager,
};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use crate::config::Durability;
use crate::error::Failure;
use crate::url::Url;

/// A connection to either database. Open it with [`Conn::open`]: the derived `establish` guesses.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    Sqlite(diesel::SqliteConnection),
    Pg(diesel::PgConnection),
}

type Manager = <Conn as Connection>::TransactionManager;

/// What a transaction may do, and how it meets others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A consistent snapshot; writes are refused.
    Read,
    /// Serialisable: as if it ran alone.
    Write,
    /// Read committed, for inserts that depend on nothing read.
    Append,
    /// Read committed, so that skipping locked rows never fails to serialise.
    Claim,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Services' work: the role is checked.
    Run(Setup),
    /// Services' reads on SQLite.
    RunReadOnly(Setup),
    /// Migrations: their role may own what it likes.
    Migrate,
}

/// How a service's connection is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Setup {
    /// When a commit on SQLite counts as done.
    pub(crate) durability: Durability,
    /// How long one statement waits for a locked SQLite file; how long connecting to PostgreSQL may take.
    pub(crate) patience: Duration,
}

impl Purpose {
    fn patience(self) -> Duration {
        match self {
            Purpose::Run(setup) | Purpose::RunReadOnly(setup) => setup.patience,
            Purpose::Migrate => Duration::from_secs(10),
        }
    }

    fn is_relaxed(self) -> bool {
        matches!(self, Purpose::Run(setup) | Purpose::RunReadOnly(setup)
            if setup.durability == Durability::Relaxed)
    }
}

/// The settings a transaction starts with on PostgreSQL.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// The service's schema.
    pub(crate) schema: String,
    /// A tenant's id, or `*` for all.
    pub(crate) tenant: String,
}

#[derive(QueryableByName)]
struct Role {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    powerful: bool,
}

impl Conn {
    /// Opens a connection by the URL's scheme and sets it up for `purpose`.
    pub(crate) fn open(url: &Url, purpose: Purpose) -> Result<Conn, Failure> {
        match url {
            Url::Sqlite(path) => {
                crate::patience::install();
                let mut conn = diesel::SqliteConnection::establish(path)?;
                // The busy timeout goes first: switching to WAL may itself have to wait for a lock.
                let busy = purpose.patience().as_millis();
                conn.batch_execute(&format!(
                    "PRAGMA busy_timeout={busy}; PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON;
                     PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8000; PRAGMA case_sensitive_like=ON;",
                ))?;
                conn.batch_execute(if purpose.is_relaxed() {
                    "PRAGMA synchronous=NORMAL"
                } else {
                    "PRAGMA synchronous=FULL"
                })?;
                crate::expr::register(&mut conn)?;
                if matches!(purpose, Purpose::RunReadOnly(_)) {
                    conn.batch_execute("PRAGMA query_only=ON")?;
                }
                Ok(Conn::Sqlite(conn))
            }
            Url::Postgres(_) => {
                let text = url.with_connect_timeout(purpose.patience());
                let mut conn = diesel::PgConnection::establish(&text)?;
                conn.batch_execute("SET client_min_messages=warning; SET TIME ZONE 'UTC'")?;
                if purpose != Purpose::Migrate {
                    refuse_powerful_role(&mut conn)?;
                    conn.batch_execute(
                        "SET lock_timeout='10s'; SET idle_in_transaction_session_timeout='60s'",
                    )?;
                }
                Ok(Conn::Pg(conn))
            }
        }
    }

    /// Is this PostgreSQL?
    pub fn is_postgres(&self) -> bool {
        matches!(self, Conn::Pg(_))
    }

    /// How many transactions and savepoints are open; none also where the connection is beyond saying.
    pub(crate) fn depth(&mut self) -> u32 {
        let status = Manager::transaction_manager_status_mut(self);
        let depth = status.transaction_depth().ok().flatten();
        depth.map_or(0, std::num::NonZeroU32::get)
    }

    /// Rolls back the savepoints above `depth`.
    pub(crate) fn roll_back_to(&mut self, depth: u32) {
        while self.depth() > depth {
            if let Err(rollback) = Manager::rollback_transaction(self) {
                // A broken connection: the commit says so.
                tracing::debug!(%rollback, "rollback failed");
                break;
            }
        }
    }

    /// Runs `work` in the transaction that was begun, and ends it.
    pub(crate) fn finish<T>(
        &mut self,
        work: impl FnOnce(&mut Conn) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        // A panic must not leave the transaction open: the connection goes back to its pool.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(self)))
            .unwrap_or_else(|_| Err(Failure::Panicked));
        match outcome {
            // Only the transaction itself may be open now: releasing a savepoint would look like a commit.
            Ok(_) if self.depth() != 1 => {
                self.roll_back_to(0);
                Err(Failure::at_commit(
                    diesel::result::Error::BrokenTransactionManager,
                ))
            }
            Ok(value) => match Manager::commit_transaction(self) {
                Ok(()) => Ok(value),
                Err(failure) => Err(Failure::at_commit(failure)),
            },
            Err(failure) => {
                // The first failure is the one to tell; a connection whose rollback fails is
                // broken, and its pool drops it.
                self.roll_back_to(1);
                if let Err(rollback) = Manager::rollback_transaction(self) {
                    tracing::debug!(%rollback, "rollback failed");
                }
                Err(failure)
            }
        }
    }

    /// Begins a transaction: on PostgreSQL in the service's schema, narrowed to the tenant.
    pub(crate) fn begin(&mut self, mode: Mode, session: &Session) -> Result<(), Failure> {
        match self {
            Conn::Sqlite(conn) => {
                let sql = match mode {
                    Mode::Read => "BEGIN",
                    Mode::Write | Mode::Append | Mode::Claim => "BEGIN IMMEDIATE",
                };
                AnsiTransactionManager::begin_transaction_sql(conn, sql)?;
            }
            Conn::Pg(conn) => {
                let level = match mode {
                    Mode::Read => "REPEATABLE READ READ ONLY",
                    Mode::Write => "SERIALIZABLE",
                    Mode::Append | Mode::Claim => "READ COMMITTED",
                };
                // One round trip. Both values are ours (a checked schema name, an id or `*`).
                let Session { schema, tenant } = session;
                let sql = format!(
                    "BEGIN ISOLATION LEVEL {level}; \
                     SELECT set_config('search_path', '{schema}', true), \
                     set_config('tessera.tenant', '{tenant}', true)"
                );
                AnsiTransactionManager::begin_transaction_sql(conn, &sql)?;
            }
        }
        Ok(())
    }

    /// Is it left in a transaction, or did one end in an unknown way?
    pub(crate) fn is_broken(&mut self) -> bool {
        match self {
            Conn::Sqlite(conn) => diesel::r2d2::R2D2Connection::is_broken(conn),
            Conn::Pg(conn) => diesel::r2d2::R2D2Connection::is_broken(conn),
        }
    }
}

/// Row-level security does not hold a superuser or a role that may bypass it.
fn refuse_powerful_role(conn: &mut diesel::PgConnection) -> Result<(), Failure> {
    let role: Role = diesel::sql_query(
        "SELECT rolname::text AS name, (rolsuper OR rolbypassrls) AS powerful \
         FROM pg_catalog.pg_roles WHERE rolname = current_user",
    )
    .get_result(conn)?;
    if role.powerful {
        return Err(error::Error::new(
            &crate::error::ROLE_TOO_POWERFUL,
            format!(
                "the database role `{}` is a superuser or may bypass row-level security",
                role.name
            ),
        )
        .into());
    }
    Ok(())
}
