//! The one connection type over both databases, how it is opened, and its transactions.
#![allow(missing_docs)] // the derive below makes public items without sentences

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
    Run(Durability),
    /// Services' reads on SQLite.
    RunReadOnly(Durability),
    /// Migrations: their role may own what it likes.
    Migrate,
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
                let mut conn = diesel::SqliteConnection::establish(path)?;
                // The busy timeout goes first: switching to WAL may itself have to wait for a lock.
                conn.batch_execute(
                    "PRAGMA busy_timeout=10000; PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON;
                     PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8000; PRAGMA case_sensitive_like=ON;",
                )?;
                let relaxed = matches!(
                    purpose,
                    Purpose::Run(Durability::Relaxed) | Purpose::RunReadOnly(Durability::Relaxed)
                );
                conn.batch_execute(if relaxed {
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
            Url::Postgres(text) => {
                let mut conn = diesel::PgConnection::establish(text)?;
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

    /// Runs `work` in a transaction of its own.
    pub(crate) fn run<T>(
        &mut self,
        mode: Mode,
        session: &Session,
        work: impl FnOnce(&mut Conn) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.begin(mode, session)?;
        // A panic must not leave the transaction open: the connection goes back to its pool.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(self)))
            .unwrap_or_else(|_| Err(Failure::Panicked));
        match outcome {
            Ok(value) => match Manager::commit_transaction(self) {
                Ok(()) => Ok(value),
                Err(failure) => Err(Failure::at_commit(failure)),
            },
            Err(failure) => {
                // The first failure is the one to tell; a connection whose rollback fails is
                // broken, and its pool drops it.
                if let Err(rollback) = Manager::rollback_transaction(self) {
                    tracing::debug!(%rollback, "rollback failed");
                }
                Err(failure)
            }
        }
    }

    fn begin(&mut self, mode: Mode, session: &Session) -> Result<(), Failure> {
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

    /// May this connection serve again?
    pub(crate) fn is_usable(&mut self) -> bool {
        let broken = match self {
            Conn::Sqlite(conn) => diesel::r2d2::R2D2Connection::is_broken(conn),
            Conn::Pg(conn) => diesel::r2d2::R2D2Connection::is_broken(conn),
        };
        !broken
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
