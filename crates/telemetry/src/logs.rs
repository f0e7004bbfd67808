//! Logs: structured events on standard error, so that standard output stays for results.

use config::{Problems, Validate};
use serde::{Deserialize, Serialize};
use std::io::IsTerminal;
use tracing_subscriber::{
    EnvFilter, Layer, Registry, layer::SubscriberExt, util::SubscriberInitExt,
};

/// Section `[telemetry]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How a line looks.
    pub format: LogFormat,
    /// What is logged, as a list of `target=level`, such as `info,rpc=debug`.
    pub filter: String,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people: one line, in colour on a terminal.
    Pretty,
    /// For collectors: one JSON object a line.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            format: LogFormat::Pretty,
            filter: "info".into(),
        }
    }
}

impl Validate for Config {
    fn validate(&self, problems: &mut Problems) {
        if let Err(cause) = EnvFilter::try_new(&self.filter) {
            problems.add("filter", format!("is not a log filter: {cause}"));
        }
    }
}

/// Logging could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("invalid log filter {filter:?}")]
pub struct InitError {
    filter: String,
    #[source]
    cause: tracing_subscriber::filter::ParseError,
}

/// Sends this process's events to standard error. A second call, as in tests that start several
/// platforms in one process, leaves the first set-up in place.
///
/// # Errors
/// If the filter cannot be read.
pub fn init(config: &Config) -> Result<(), InitError> {
    let filter = EnvFilter::try_new(&config.filter).map_err(|cause| InitError {
        filter: config.filter.clone(),
        cause,
    })?;
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match config.format {
        LogFormat::Json => Box::new(
            tracing_subscriber::fmt::layer()
                .json()
                .flatten_event(true)
                .with_current_span(true)
                .with_span_list(false)
                .with_writer(std::io::stderr)
                .with_filter(filter),
        ),
        LogFormat::Pretty => Box::new(
            tracing_subscriber::fmt::layer()
                .with_ansi(std::io::stderr().is_terminal())
                .with_writer(std::io::stderr)
                .with_filter(filter),
        ),
    };
    // The only failure is that a subscriber is already there.
    let _ = tracing_subscriber::registry().with(lines).try_init();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_filter_is_refused_and_a_second_start_is_harmless() {
        let bad = Config {
            filter: "info,,=,[".into(),
            ..Config::default()
        };
        assert!(init(&bad).is_err());
        init(&Config::default()).expect("the default filter is valid");
        init(&Config {
            format: LogFormat::Json,
            ..Config::default()
        })
        .expect("a second start is harmless");
    }
}
