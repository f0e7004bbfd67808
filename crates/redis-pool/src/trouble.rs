//! What can go wrong between us and a Redis, sorted by what the caller can do about it.

use redis::{ErrorKind, RedisError, RetryMethod, ServerErrorKind};
use std::time::Duration;

error::reasons! {
    pub REDIS_UNAVAILABLE = Unavailable, "the Redis server cannot be reached or does not answer", "retry after a pause; if it stays, check the Redis server and its address in the settings";
}

/// The reasons of this crate.
pub static REASONS: &[&error::Reason] = ALL;

/// Why a piece of work got no answer.
#[derive(Debug, Clone)]
pub enum Trouble {
    /// The server is away; nothing was sent. It is tried again after the pause.
    Away {
        /// What the last try said.
        why: String,
        /// How long to wait before the next.
        pause: Duration,
    },
    /// The connection broke, or the answer did not come: what was asked may or may not have happened.
    Unsure {
        /// What the connection said.
        why: String,
    },
    /// All connections were at work for as long as was waited.
    Busy,
    /// The server answered and refused; asking again would not help.
    Refused(RedisError),
}

impl Trouble {
    /// Whether the same work may succeed a little later.
    pub fn passes(&self) -> bool {
        !matches!(self, Self::Refused(_))
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Away { why, .. } => write!(f, "the Redis server is away: {why}"),
            Self::Unsure { why } => write!(f, "the Redis server did not answer: {why}"),
            Self::Busy => f.write_str("all connections to the Redis server are in use"),
            Self::Refused(error) => write!(f, "the Redis server refused: {error}"),
        }
    }
}

impl std::error::Error for Trouble {}

impl From<Trouble> for error::Error {
    /// `REDIS_UNAVAILABLE`, or `INTERNAL` for a refusal, which only a mistake of ours or of the server's settings brings about.
    fn from(trouble: Trouble) -> Self {
        let pause = match &trouble {
            Trouble::Refused(_) => return Self::internal(trouble),
            Trouble::Away { pause, .. } => *pause,
            Trouble::Unsure { .. } | Trouble::Busy => Duration::from_millis(100),
        };
        Self::new(&REDIS_UNAVAILABLE, "the Redis server cannot be reached")
            .with_source(trouble)
            .with_retry_after(pause)
    }
}

/// Whether the connection that gave this error is of no further use.
pub(crate) fn breaks(error: &RedisError) -> bool {
    error.is_io_error() || error.is_connection_dropped() || error.is_unrecoverable_error()
}

/// Whether the server is there and cannot work for now: it starts, fails over, or cannot write to its disk.
pub(crate) fn not_now(error: &RedisError) -> bool {
    let by_code = matches!(
        error.code(),
        Some(
            "LOADING"
                | "MASTERDOWN"
                | "CLUSTERDOWN"
                | "READONLY"
                | "TRYAGAIN"
                | "MISCONF"
                | "OOM"
                | "BUSY"
                | "NOREPLICAS"
        )
    );
    by_code
        || matches!(error.retry_method(), RetryMethod::WaitAndRetry)
        || matches!(
            error.kind(),
            ErrorKind::AuthenticationFailed | ErrorKind::Server(ServerErrorKind::ReadOnly)
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_unavailable_and_what_does_not_is_ours() {
        let away = Trouble::Away {
            why: "connection refused".into(),
            pause: Duration::from_millis(300),
        };
        assert!(away.passes());
        let error = error::Error::from(away);
        assert!(error.is(&REDIS_UNAVAILABLE));
        assert_eq!(error.retry_after(), Some(Duration::from_millis(300)));
        let refused = Trouble::Refused((ErrorKind::UnexpectedReturnType, "odd").into());
        assert!(!refused.passes());
        assert!(error::Error::from(refused).is(&error::reason::INTERNAL));
    }

    #[test]
    fn a_server_that_starts_is_not_there_yet() {
        let loading = RedisError::from((
            ErrorKind::Server(ServerErrorKind::BusyLoading),
            "loading the dataset",
        ));
        assert!(not_now(&loading) && !breaks(&loading));
        let broken = RedisError::from(std::io::Error::from(std::io::ErrorKind::BrokenPipe));
        assert!(breaks(&broken));
    }
}
