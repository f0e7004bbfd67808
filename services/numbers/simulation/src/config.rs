//! Settings of `simulation`.

use config::{Problems, Span, Validate};
use serde::{Deserialize, Serialize};

/// The section `[services.simulation]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Entries of a page when a list does not say how many.
    pub page_size: u16,
    /// Rows that are handed to `warehouse` at once.
    pub batch_rows: u32,
    /// Most rows of a run.
    pub run_rows: u64,
    /// How long one batch may take.
    pub batch_timeout: Span,
    /// How long a batch is tried again while `warehouse` cannot take it, before the run fails.
    pub patience: Span,
    /// How long a run is followed in one call.
    pub watch: Span,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            page_size: 50,
            batch_rows: 5_000,
            run_rows: 20_000_000,
            batch_timeout: Span::from_secs(120),
            patience: Span::from_secs(30 * 60),
            watch: Span::from_secs(3_600),
        }
    }
}

impl Validate for Config {
    fn validate(&self, problems: &mut Problems) {
        problems.check(
            (1..=1000).contains(&self.page_size),
            "page_size",
            "must be from 1 to 1000",
        );
        problems.check(
            (1..=100_000).contains(&self.batch_rows),
            "batch_rows",
            "must be from 1 to 100000",
        );
        // Numbers of policies have 32 bits.
        problems.check(
            (1..=1_000_000_000).contains(&self.run_rows),
            "run_rows",
            "must be from 1 to 1000000000",
        );
        for (name, span) in [("batch_timeout", self.batch_timeout), ("watch", self.watch)] {
            problems.check(!span.is_zero(), name, "must be longer than nothing");
        }
    }
}
