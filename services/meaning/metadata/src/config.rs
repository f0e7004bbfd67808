//! Settings of metadata, section `[services.metadata]`.

use config::{Problems, Validate};
use serde::{Deserialize, Serialize};

/// Settings of metadata.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Definitions a page holds when the caller names no size.
    pub page_size: u16,
    /// Most definitions that one ontology may bring in.
    pub import_definitions: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            page_size: 50,
            import_definitions: 20_000,
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
            self.import_definitions > 0,
            "import_definitions",
            "an ontology brings something in",
        );
    }
}
