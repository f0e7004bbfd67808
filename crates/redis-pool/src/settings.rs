//! The settings of a pool, for whatever section it stands in.

use config::{Problems, Secret, Span, Validate};
use redis::IntoConnectionInfo as _;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Where a Redis is and how it is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedisConfig {
    /// `redis://user:password@host:port/database`, `rediss://…` with TLS, or `unix:///path`; empty is none.
    pub url: Secret,
    /// A PEM file with the authorities that vouch for a server with TLS; without it those of the machine do.
    pub ca: PathBuf,
    /// Connections at most.
    pub pool: usize,
    /// How long a free connection is waited for.
    pub wait: Span,
    /// How long making a connection may take.
    pub connect_timeout: Span,
    /// How long an answer may take.
    pub timeout: Span,
    /// The longest pause between two tries while the server is away.
    pub longest_pause: Span,
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            url: Secret::default(),
            ca: PathBuf::new(),
            pool: 8,
            wait: Span::from_secs(2),
            connect_timeout: Span::from_secs(1),
            timeout: Span::from_secs(2),
            longest_pause: Span::from_secs(1),
        }
    }
}

impl Validate for RedisConfig {
    fn validate(&self, problems: &mut Problems) {
        // What the library says of a wrong address may repeat it, password included.
        problems.check(
            self.url.is_empty() || self.url.expose().into_connection_info().is_ok(),
            "url",
            "must be an address such as \"redis://user:password@host:6379/0\", \"rediss://…\" for TLS, or \"unix:///path\"",
        );
        problems.check(
            self.ca.as_os_str().is_empty() || self.ca.is_file(),
            "ca",
            format!("there is no file {}", self.ca.display()),
        );
        problems.check(
            (1..=1024).contains(&self.pool),
            "pool",
            "must be between 1 and 1024 connections",
        );
        for (key, span) in [
            ("wait", self.wait),
            ("connect_timeout", self.connect_timeout),
            ("timeout", self.timeout),
            ("longest_pause", self.longest_pause),
        ] {
            problems.check(!span.is_zero(), key, "must be positive");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<RedisConfig, String> {
        let table = format!("[redis]\n{text}").parse().expect("TOML");
        config::section(&table, "redis").map_err(|error| error.to_string())
    }

    #[test]
    fn an_address_is_checked_and_never_shown() {
        let read_url = |url: &str| read(&format!("url = {url:?}"));
        for fine in [
            "",
            "redis://127.0.0.1:6379/2",
            "rediss://u:p@cache.example/0",
            "unix:///run/redis.sock",
        ] {
            assert!(read_url(fine).is_ok(), "{fine}");
        }
        let refused = read_url("http://:hunter2@cache.example").unwrap_err();
        assert!(refused.starts_with("redis.url: must be"), "{refused}");
        assert!(!refused.contains("hunter2"));
        let fine = read_url("redis://:hunter2@cache.example").unwrap();
        assert!(!format!("{fine:?}").contains("hunter2"));
    }

    #[test]
    fn figures_that_cannot_be_are_named() {
        let refused = read("pool = 0\ntimeout = \"0s\"\nca = \"/none\"").unwrap_err();
        for key in ["redis.pool", "redis.timeout", "redis.ca"] {
            assert!(refused.contains(key), "{key}: {refused}");
        }
    }
}
