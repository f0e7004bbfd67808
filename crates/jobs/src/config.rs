//! Settings of jobs: the section `[jobs]`.

use config::{Problems, Span, Validate};
use serde::{Deserialize, Serialize};

/// The section `[jobs]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How long a worker that is not heard of keeps its job, by the database's clock.
    pub lease: Span,
    /// Jobs of one service that one process works at, at once.
    pub workers: u16,
    /// How often a worker looks for what other processes submitted.
    pub poll: Span,
    /// How long jobs that have ended are kept.
    pub keep: Span,
    /// When the steps of a job that has ended are dropped but for the last thousand and those that can be undone.
    pub compact_after: Span,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            lease: Span::from_secs(10),
            workers: 4,
            poll: Span::from_secs(1),
            keep: Span::from_secs(30 * 24 * 60 * 60),
            compact_after: Span::from_secs(7 * 24 * 60 * 60),
        }
    }
}

impl Validate for Config {
    fn validate(&self, problems: &mut Problems) {
        problems.check(
            self.lease >= Span::from_millis(500),
            "lease",
            "must be at least 500ms: a heartbeat is a third of it",
        );
        problems.check(
            (1..=256).contains(&self.workers),
            "workers",
            "must be from 1 to 256",
        );
        for (name, span) in [
            ("poll", self.poll),
            ("keep", self.keep),
            ("compact_after", self.compact_after),
        ] {
            problems.check(!span.is_zero(), name, "must be longer than nothing");
        }
    }
}
