//! The roles there are: those built into `auth`; others will come from governance.

use std::collections::BTreeSet;

use error::{Error, Result};

use crate::reasons::ROLE_UNKNOWN;

/// The role of administrators.
pub(crate) const ADMINISTRATOR: &str = "admin";

/// Every role with its permissions and patterns, by name.
pub(crate) fn all() -> Vec<(&'static str, Vec<String>)> {
    let mut roles: Vec<(&'static str, Vec<String>)> = auth::roles::BUILT_IN
        .iter()
        .map(|role| {
            let patterns = role.permissions.iter().map(|&pattern| pattern.to_owned());
            (role.name, patterns.collect())
        })
        .collect();
    roles.sort_unstable_by_key(|(name, _)| *name);
    roles
}

/// The permissions and patterns of a role.
pub(crate) fn permissions(name: &str) -> Result<Vec<String>> {
    all()
        .into_iter()
        .find(|(role, _)| *role == name)
        .map(|(_, permissions)| permissions)
        .ok_or_else(|| Error::new(&ROLE_UNKNOWN, format!("there is no role `{name}`")))
}

/// The permissions and patterns of several roles, each once, in order; unknown roles hold none.
pub(crate) fn permissions_of(roles: &[String]) -> Vec<String> {
    let all: BTreeSet<String> = roles
        .iter()
        .filter_map(|role| permissions(role).ok())
        .flatten()
        .collect();
    all.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_roles_are_there() {
        assert_eq!(permissions(ADMINISTRATOR).unwrap(), ["*"]);
        assert!(permissions("NOBODY").unwrap_err().is(&ROLE_UNKNOWN));
        let both = permissions_of(&["editor".into(), "viewer".into(), "NOBODY".into()]);
        assert_eq!(both, ["*.read", "*.write", "identity.self.write"]);
    }
}
