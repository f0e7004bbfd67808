//! How secret a thing is, and who may know of it: one rule for operations, and for the messages that tell of them.

use crate::Scope;

/// The name under which a message carries its level; one without it is internal.
pub const ATTRIBUTE: &str = "securitylevel";
/// The permission to know of confidential things. Its last word is not `read`, or every role that reads had it.
pub const CONFIDENTIAL: &str = "operations.confidential.admin";
/// The permission to know of restricted things, and of confidential ones.
pub const RESTRICTED: &str = "operations.restricted.admin";

/// How secret a thing is; each level includes those before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// For whoever may see things of its kind at all.
    #[default]
    Internal,
    /// For those who hold [`CONFIDENTIAL`].
    Confidential,
    /// For those who hold [`RESTRICTED`].
    Restricted,
}

impl Level {
    /// Every level, the least secret first.
    pub const ALL: [Self; 3] = [Self::Internal, Self::Confidential, Self::Restricted];

    /// Its number, in tables and contracts.
    pub const fn number(self) -> i32 {
        match self {
            Self::Internal => 1,
            Self::Confidential => 2,
            Self::Restricted => 3,
        }
    }

    /// The level of a number; what nobody knows is the most secret.
    pub const fn of(number: i32) -> Self {
        match number {
            0 | 1 => Self::Internal,
            2 => Self::Confidential,
            _ => Self::Restricted,
        }
    }

    /// Its name, in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Confidential => "confidential",
            Self::Restricted => "restricted",
        }
    }

    /// The level of a name; what nobody knows is the most secret.
    pub fn named(name: &str) -> Self {
        let found = Self::ALL.into_iter().find(|level| level.as_str() == name);
        found.unwrap_or(Self::Restricted)
    }

    /// The permission that knowing of it takes besides.
    pub const fn permission(self) -> Option<&'static str> {
        match self {
            Self::Internal => None,
            Self::Confidential => Some(CONFIDENTIAL),
            Self::Restricted => Some(RESTRICTED),
        }
    }
}

/// The most secret level that somebody may know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clearance(Level);

impl Clearance {
    /// What somebody is cleared for who holds the permissions that `allows` says.
    pub fn of(allows: impl Fn(&str) -> bool) -> Self {
        let highest = Level::ALL
            .into_iter()
            .rev()
            .find(|level| level.permission().is_none_or(&allows));
        Self(highest.unwrap_or_default())
    }

    /// What a scope's caller may know of; the system may know of everything.
    pub fn of_scope(scope: &Scope) -> Self {
        Self::of(|permission| scope.allows(permission))
    }

    /// The most secret level that it is enough for.
    pub const fn highest(self) -> Level {
        self.0
    }

    /// Whether it is enough for a level.
    pub fn covers(self, level: Level) -> bool {
        level <= self.0
    }

    /// The levels it is enough for.
    pub fn levels(self) -> impl Iterator<Item = Level> {
        Level::ALL
            .into_iter()
            .filter(move |level| self.covers(*level))
    }

    /// The numbers of the levels it is enough for: what a query looks for.
    pub fn numbers(self) -> Vec<i32> {
        self.levels().map(Level::number).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Permissions, roles};

    fn of(held: &[&str]) -> Clearance {
        let held = Permissions::new(held);
        Clearance::of(|permission| held.allows(permission))
    }

    #[test]
    fn a_level_includes_those_before_it() {
        assert_eq!(of(&[]).highest(), Level::Internal);
        assert_eq!(of(&[CONFIDENTIAL]).highest(), Level::Confidential);
        assert_eq!(of(&[RESTRICTED]).highest(), Level::Restricted);
        assert_eq!(of(&[CONFIDENTIAL]).numbers(), [1, 2]);
        assert!(of(&[RESTRICTED]).covers(Level::Confidential));
        assert!(!of(&[CONFIDENTIAL]).covers(Level::Restricted));
        let system = Clearance::of_scope(&Scope::system_all("test"));
        assert_eq!(system.highest(), Level::Restricted);
    }

    /// Proves: OP-24
    #[test]
    fn of_the_built_in_roles_only_administrators_are_cleared() {
        for role in roles::BUILT_IN {
            let cleared = of(role.permissions).covers(Level::Confidential);
            assert_eq!(cleared, role == roles::ADMIN, "{}", role.name);
        }
    }

    #[test]
    fn what_nobody_knows_is_the_most_secret() {
        assert_eq!(Level::of(99), Level::Restricted);
        assert_eq!(Level::of(0), Level::Internal);
        assert_eq!(Level::named("secret"), Level::Restricted);
        for level in Level::ALL {
            assert_eq!(Level::of(level.number()), level);
            assert_eq!(Level::named(level.as_str()), level);
        }
    }
}
