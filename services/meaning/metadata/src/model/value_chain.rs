//! Value chains: how a company creates value, as modules in order that definitions are filed under.

use super::{Kind, References, Rules, parts::check_codes};
use error::Violations;
use serde::{Deserialize, Serialize};

pub(super) const FIELDS: &[&str] = &["modules", "pattern", "parent", "industry"];

/// The modules that a product or a case runs through, in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ValueChain {
    pub(crate) modules: Vec<Module>,
    pub(crate) pattern: String,
    pub(crate) parent: String,
    pub(crate) industry: String,
}

/// One step of a value chain.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Module {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) capability: String,
}

impl Rules for ValueChain {
    fn check(&self, found: &mut Violations) {
        check_codes(
            "modules",
            self.modules.iter().map(|module| module.code.as_str()),
            found,
        );
    }

    fn refer(&self, out: &mut References) {
        out.one("pattern", Kind::ValueChainPattern, &self.pattern);
        out.one("parent", Kind::ValueChain, &self.parent);
    }

    fn parts(&self) -> Vec<&str> {
        self.modules
            .iter()
            .map(|module| module.code.as_str())
            .collect()
    }
}
