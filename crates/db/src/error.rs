//! What can fail in a store, and the one place where the databases' errors become ours.

use std::time::Duration;

use diesel::result::{ConnectionError, DatabaseErrorKind, Error as Sql};
use error::{Error, reason};

error::reasons! {
    pub ROLE_TOO_POWERFUL = FailedPrecondition,
        "the database role is a superuser or may bypass row-level security, so tenants would not be kept apart",
        "give the service an ordinary role, and use `migrate_url` for the role that owns the tables";
    pub REFERENCE_BROKEN = FailedPrecondition,
        "something the row refers to does not exist, or something else still refers to the row",
        "create what is missing first, or remove what refers to it";
}

/// Why a closure over a connection failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The database refused a statement.
    #[error(transparent)]
    Sql(#[from] Sql),
    /// No connection could be opened.
    #[error("cannot connect to the database: {0}")]
    Connect(#[from] ConnectionError),
    /// No connection came free in time.
    #[error("all database connections are in use")]
    Exhausted,
    /// The commit failed; when the connection closed meanwhile, nobody knows whether it took place.
    #[error("commit failed: {message}")]
    Commit {
        /// What the database said.
        message: String,
        /// Known not to have taken place, and worth another try?
        retry: bool,
    },
    /// The closure panicked; the transaction was rolled back.
    #[error("a store closure panicked")]
    Panicked,
    /// The closure refused.
    #[error("{}", .0.message())]
    Refused(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl Failure {
    /// A failed commit.
    pub(crate) fn at_commit(sql: Sql) -> Self {
        let sql = match sql {
            Sql::RollbackErrorOnCommit { commit_error, .. } => *commit_error,
            other => other,
        };
        let retry = conflicts(&sql);
        match sql {
            // A deferred constraint is checked at commit: the same failure as at the statement.
            Sql::DatabaseError(kind, _)
                if !retry
                    && !matches!(
                        kind,
                        DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::Unknown
                    ) =>
            {
                Self::Sql(sql)
            }
            sql => Self::Commit {
                message: sql.to_string(),
                retry,
            },
        }
    }

    /// Would the same closure, run again, probably succeed?
    pub(crate) fn is_conflict(&self) -> bool {
        match self {
            Self::Sql(sql) => conflicts(sql),
            Self::Commit { retry, .. } => *retry,
            _ => false,
        }
    }

    /// May the same work succeed later, because what stood against it passes: others, a lost connection, a full disk?
    pub fn is_transient(&self) -> bool {
        let passing = matches!(self, Self::Sql(sql) if troubled(sql));
        let waiting = matches!(
            self,
            Self::Exhausted | Self::Connect(_) | Self::Commit { .. }
        );
        passing || waiting || self.is_conflict() || self.is_closed()
    }

    /// Did the connection die before anything was committed?
    pub(crate) fn is_closed(&self) -> bool {
        matches!(self, Self::Sql(sql) if closed(sql))
    }

    /// Did a statement run into the end that [`Conn::until`](crate::Conn::until) set?
    pub fn is_late(&self) -> bool {
        matches!(self, Self::Sql(sql) if crate::patience::is_late(sql))
    }

    /// Should the connection that met this not be used again?
    pub(crate) fn ends_connection(&self) -> bool {
        self.is_closed() || matches!(self, Self::Commit { retry: false, .. })
    }

    /// The same failed commit for another closure of the group.
    pub(crate) fn repeat(&self) -> Self {
        match self {
            Self::Commit { message, retry } => Self::Commit {
                message: message.clone(),
                retry: *retry,
            },
            other => Self::Commit {
                message: other.to_string(),
                retry: other.is_conflict(),
            },
        }
    }
}

fn conflicts(sql: &Sql) -> bool {
    match sql {
        Sql::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => true,
        // Deadlocks and a busy SQLite have no kind of their own: only the text tells.
        Sql::DatabaseError(_, info) => {
            let text = info.message();
            text.contains("database is locked")
                || text.contains("deadlock detected")
                || text.contains("could not serialize access")
        }
        _ => false,
    }
}

fn closed(sql: &Sql) -> bool {
    match sql {
        Sql::DatabaseError(DatabaseErrorKind::ClosedConnection, _) => true,
        Sql::BrokenTransactionManager => true,
        Sql::DatabaseError(_, info) => {
            let text = info.message();
            text.contains("server closed the connection")
                || text.contains("terminating connection")
                || text.contains("no connection to the server")
                || text.contains("SSL connection has been closed")
        }
        _ => false,
    }
}

/// A database in trouble that passes, or that an operator ends: no fault of the statement.
fn troubled(sql: &Sql) -> bool {
    let Sql::DatabaseError(_, info) = sql else {
        return false;
    };
    let text = info.message();
    text.contains("due to lock timeout")
        || text.contains("database or disk is full")
        || text.contains("could not extend file")
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let unavailable = |message: &str| {
            Error::new(&reason::STORAGE_UNAVAILABLE, message)
                .with_retry_after(Duration::from_secs(1))
        };
        if failure.is_conflict() {
            return unavailable("the database is busy with conflicting changes")
                .with_source(failure);
        }
        if failure.is_closed() {
            return unavailable("the database closed the connection").with_source(failure);
        }
        match failure {
            Failure::Refused(error) => error,
            Failure::Connect(_) => {
                unavailable("the database cannot be reached").with_source(failure)
            }
            Failure::Exhausted => unavailable("the database is busy"),
            Failure::Commit { .. } => {
                unavailable("the database lost the connection while committing")
                    .with_source(failure)
            }
            Failure::Panicked => Error::internal(failure),
            Failure::Sql(sql) if troubled(&sql) => {
                unavailable("the database cannot do it now").with_source(sql)
            }
            Failure::Sql(sql) if crate::patience::is_late(&sql) => Error::new(
                &reason::DEADLINE_EXCEEDED,
                "the database was not done in time",
            )
            .with_source(sql),
            Failure::Sql(sql) => from_sql(sql),
        }
    }
}

fn from_sql(sql: Sql) -> Error {
    match &sql {
        Sql::NotFound => Error::new(&reason::NOT_FOUND, "not found"),
        Sql::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
            Error::new(&reason::ALREADY_EXISTS, "it already exists").with_source(sql)
        }
        Sql::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => Error::new(
            &REFERENCE_BROKEN,
            "something it refers to does not exist, or something else refers to it",
        )
        .with_source(sql),
        Sql::DatabaseError(
            DatabaseErrorKind::CheckViolation | DatabaseErrorKind::NotNullViolation,
            _,
        ) => Error::new(
            &reason::INVALID_REQUEST,
            "a value is outside what its column allows",
        )
        .with_source(sql),
        _ => Error::internal(sql),
    }
}

/// Names what a refused statement means in the words of the service.
pub trait OrElse<T> {
    /// On a unique violation, this error instead.
    fn on_unique(self, error: impl FnOnce() -> Error) -> Result<T, Failure>;
    /// On a foreign key violation, this error instead.
    fn on_foreign_key(self, error: impl FnOnce() -> Error) -> Result<T, Failure>;
    /// When no row was found, this error instead.
    fn on_missing(self, error: impl FnOnce() -> Error) -> Result<T, Failure>;
}

impl<T, E: Into<Failure>> OrElse<T> for Result<T, E> {
    fn on_unique(self, error: impl FnOnce() -> Error) -> Result<T, Failure> {
        replace(self, DatabaseErrorKind::UniqueViolation, error)
    }

    fn on_foreign_key(self, error: impl FnOnce() -> Error) -> Result<T, Failure> {
        replace(self, DatabaseErrorKind::ForeignKeyViolation, error)
    }

    fn on_missing(self, error: impl FnOnce() -> Error) -> Result<T, Failure> {
        self.map_err(|failure| match failure.into() {
            Failure::Sql(Sql::NotFound) => Failure::Refused(error()),
            other => other,
        })
    }
}

fn replace<T, E: Into<Failure>>(
    result: Result<T, E>,
    wanted: DatabaseErrorKind,
    error: impl FnOnce() -> Error,
) -> Result<T, Failure> {
    result.map_err(|failure| match failure.into() {
        Failure::Sql(Sql::DatabaseError(kind, info))
            if std::mem::discriminant(&kind) == std::mem::discriminant(&wanted) =>
        {
            Failure::Refused(error().with_source(Sql::DatabaseError(kind, info)))
        }
        other => other,
    })
}
