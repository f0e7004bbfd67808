//! Value chain patterns: typical value chains of an industry, to start a company's own from.

use super::{Kind, References, Rules, parts::check_codes};
use error::Violations;
use serde::{Deserialize, Serialize};

pub(super) const FIELDS: &[&str] = &["industry", "stages", "parent"];

/// A typical value chain of an industry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ValueChainPattern {
    pub(crate) industry: String,
    pub(crate) stages: Vec<Stage>,
    pub(crate) parent: String,
}

/// One typical module; what is measured and kept there is said in words, not by reference.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Stage {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) typical_metrics: Vec<String>,
    pub(crate) typical_entities: Vec<String>,
}

impl Rules for ValueChainPattern {
    fn check(&self, found: &mut Violations) {
        check_codes(
            "stages",
            self.stages.iter().map(|stage| stage.code.as_str()),
            found,
        );
    }

    fn refer(&self, out: &mut References) {
        out.one("parent", Kind::ValueChainPattern, &self.parent);
    }

    fn parts(&self) -> Vec<&str> {
        self.stages
            .iter()
            .map(|stage| stage.code.as_str())
            .collect()
    }
}
