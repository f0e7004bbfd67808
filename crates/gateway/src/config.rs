//! Settings of the edge.

pub(crate) mod rate;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use config::{ByteSize, Problems, Span, Validate};
use serde::{Deserialize, Serialize};

use rate::RateConfig;

/// Settings of the edge: where it listens, what it accepts, how long it waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EdgeConfig {
    /// Address of the JSON edge.
    pub listen: SocketAddr,
    /// Certificate and key; without them the edge speaks plain HTTP.
    pub tls: Option<Tls>,
    /// Largest request body.
    pub max_body: ByteSize,
    /// Largest message a service may answer with.
    pub max_answer: ByteSize,
    /// Largest size of all request headers together.
    pub max_headers: ByteSize,
    /// Deepest nesting of JSON in a request; 1 to 100.
    pub max_depth: u32,
    /// Deadline of a call whose client and contract give none.
    pub timeout: Span,
    /// Longest deadline a client may ask for.
    pub max_timeout: Span,
    /// Whether fields that hold their default are written to JSON.
    pub emit_defaults: bool,
    /// Whether `/openapi.json` and `/docs` are served.
    pub docs: bool,
    /// Which web origins may call the edge from a browser.
    pub cors: Cors,
    /// How many requests a client may make.
    pub rate: RateConfig,
}

/// TLS at the edge; the server terminates it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// PEM file with the certificate chain.
    pub certificate: PathBuf,
    /// PEM file with the private key.
    pub key: PathBuf,
}

/// Cross-origin requests; off without origins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cors {
    /// Allowed origins, such as `https://console.example.com`; no wildcard.
    pub origins: Vec<String>,
}

impl Default for EdgeConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            tls: None,
            max_body: ByteSize::from_mib(4),
            max_answer: ByteSize::from_mib(64),
            max_headers: ByteSize::from_kib(16),
            max_depth: 64,
            timeout: Span::from_secs(30),
            max_timeout: Span::from_secs(300),
            emit_defaults: false,
            docs: true,
            cors: Cors::default(),
            rate: RateConfig::default(),
        }
    }
}

impl EdgeConfig {
    pub(crate) fn max_body(&self) -> usize {
        self.max_body.as_usize()
    }

    pub(crate) fn max_answer(&self) -> usize {
        self.max_answer.as_usize()
    }

    pub(crate) fn max_headers(&self) -> usize {
        self.max_headers.as_usize()
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.timeout.get()
    }

    pub(crate) fn max_timeout(&self) -> Duration {
        self.max_timeout.get()
    }
}

impl Validate for EdgeConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.check(
            (1..=100).contains(&self.max_depth),
            "max_depth",
            "must be from 1 to 100",
        );
        problems.check(
            self.max_body.get() >= 1024,
            "max_body",
            "must be at least 1KiB",
        );
        problems.check(
            self.max_answer.get() >= 1024,
            "max_answer",
            "must be at least 1KiB",
        );
        problems.check(
            self.max_headers.get() >= 1024,
            "max_headers",
            "must be at least 1KiB",
        );
        problems.within("rate", &self.rate);
        problems.check(
            !self.timeout.is_zero(),
            "timeout",
            "must be longer than nothing",
        );
        problems.check(
            self.max_timeout >= self.timeout,
            "max_timeout",
            "must not be shorter than timeout",
        );
        for origin in &self.cors.origins {
            problems.check(
                is_origin(origin),
                "cors.origins",
                format!("{origin:?} is no origin such as https://example.com"),
            );
        }
    }
}

/// Scheme, host and perhaps a port: nothing behind them, no wildcard.
fn is_origin(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|host| {
        !host.is_empty()
            && host
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b':' | b'[' | b']'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(config: &EdgeConfig) -> Vec<String> {
        let mut problems = Problems::default();
        config.validate(&mut problems);
        problems.finish().err().map_or_else(Vec::new, |e| {
            e.problems.into_iter().map(|p| p.key).collect()
        })
    }

    #[test]
    fn the_defaults_are_sound_and_every_wrong_setting_is_named() {
        assert_eq!(problems(&EdgeConfig::default()), Vec::<String>::new());
        let wrong = EdgeConfig {
            max_depth: 0,
            max_timeout: Span::from_secs(1),
            cors: Cors {
                origins: vec![
                    "*".into(),
                    "https://ok.example:8443".into(),
                    "https://x/path".into(),
                ],
            },
            rate: RateConfig {
                address: rate::Rate {
                    per_second: 0,
                    burst: 1,
                },
                ..RateConfig::default()
            },
            ..EdgeConfig::default()
        };
        assert_eq!(
            problems(&wrong),
            [
                "max_depth",
                "rate.address.per_second",
                "max_timeout",
                "cors.origins",
                "cors.origins"
            ]
        );
    }

    #[test]
    fn unknown_settings_are_refused() {
        assert!(serde_json::from_str::<EdgeConfig>(r#"{"max_bdy": "1MiB"}"#).is_err());
        let read: EdgeConfig =
            serde_json::from_str(r#"{"max_body": "1MiB", "timeout": "2s"}"#).unwrap();
        assert_eq!(
            (read.max_body(), read.timeout()),
            (1 << 20, Duration::from_secs(2))
        );
    }
}
