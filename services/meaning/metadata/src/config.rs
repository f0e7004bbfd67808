//! Settings of metadata, section `[services.metadata]`.

use config::{Problems, Span, Validate};
use serde::{Deserialize, Serialize};

/// Settings of metadata.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Definitions a page holds when the caller names no size.
    pub page_size: u16,
    /// Most definitions that one ontology may bring in. An import holds the writer: a larger one comes in parts.
    pub import_definitions: usize,
    /// How often definitions that have changed are checked in the background.
    pub check_interval: Span,
    /// After how long definitions are checked again that have not changed.
    pub recheck_interval: Span,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            page_size: 50,
            import_definitions: 5_000,
            check_interval: Span::from_secs(60),
            recheck_interval: Span::from_secs(24 * 60 * 60),
        }
    }
}

impl Validate for Config {
    fn validate(&self, problems: &mut Problems) {
        problems.check(
            (1..=1000).contains(&self.page_size),
            "page_size",
            "a page holds 1 to 1000 definitions",
        );
        problems.check(
            (1..=50_000).contains(&self.import_definitions),
            "import_definitions",
            "an ontology brings in 1 to 50000 definitions",
        );
        problems.check(
            !self.check_interval.is_zero(),
            "check_interval",
            "definitions are checked now and then, not without a pause",
        );
        problems.check(
            self.recheck_interval.get() >= self.check_interval.get(),
            "recheck_interval",
            "what has not changed is checked no more often than what has",
        );
    }
}
