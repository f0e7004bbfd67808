//! Settings of metadata, section `[services.metadata]`.

use config::{Problems, Validate};
use serde::{Deserialize, Serialize};

/// Settings of metadata.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Definitions a page holds when the caller names no size.
    pub page_size: u16,
    /// Most definitions that one ontology may bring in. An import holds the writer: a larger one comes in parts.
    pub import_definitions: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            page_size: 50,
            import_definitions: 5_000,
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
    }
}
