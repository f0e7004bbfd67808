//! How secret a thing is, and who may know of it.

/// How secret a thing is; each level includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Level {
    /// For whoever may see operations at all.
    Internal,
    /// For those who hold [`CONFIDENTIAL`].
    Confidential,
    /// For those who hold [`RESTRICTED`].
    Restricted,
}

/// The permission to know of confidential things. Its last word is not `read`, or every role that reads had it.
pub(crate) const CONFIDENTIAL: &str = "operations.confidential.admin";
/// The permission to know of restricted things, and of confidential ones.
pub(crate) const RESTRICTED: &str = "operations.restricted.admin";

impl Level {
    /// Every level, the least secret first.
    pub(crate) const ALL: [Self; 3] = [Self::Internal, Self::Confidential, Self::Restricted];

    /// Its number in the tables.
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::Internal => 1,
            Self::Confidential => 2,
            Self::Restricted => 3,
        }
    }

    /// The level of a number; what nobody knows is the most secret.
    pub(crate) fn of(number: i32) -> Self {
        match number {
            0 | 1 => Self::Internal,
            2 => Self::Confidential,
            _ => Self::Restricted,
        }
    }

    /// The permission that knowing of it takes besides.
    pub(crate) fn permission(self) -> Option<&'static str> {
        match self {
            Self::Internal => None,
            Self::Confidential => Some(CONFIDENTIAL),
            Self::Restricted => Some(RESTRICTED),
        }
    }
}

/// The most secret level that somebody may know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clearance(Level);

impl Clearance {
    /// What somebody is cleared for who holds the permissions that `allows` says.
    pub(crate) fn of(allows: impl Fn(&str) -> bool) -> Self {
        let highest = Level::ALL
            .into_iter()
            .rev()
            .find(|level| level.permission().is_none_or(&allows));
        Self(highest.unwrap_or(Level::Internal))
    }

    /// Whether it is enough for a level.
    pub(crate) fn covers(self, level: Level) -> bool {
        level <= self.0
    }

    /// The levels it is enough for.
    pub(crate) fn levels(self) -> impl Iterator<Item = Level> {
        Level::ALL
            .into_iter()
            .filter(move |level| self.covers(*level))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use auth::{Permissions, roles};

    fn of(held: &[&str]) -> Clearance {
        let held = Permissions::new(held);
        Clearance::of(|permission| held.allows(permission))
    }

    #[test]
    fn a_level_includes_those_before_it() {
        assert_eq!(of(&[]), Clearance(Level::Internal));
        assert_eq!(of(&[CONFIDENTIAL]), Clearance(Level::Confidential));
        assert_eq!(of(&[RESTRICTED]), Clearance(Level::Restricted));
        assert_eq!(of(&[CONFIDENTIAL]).levels().count(), 2);
        assert!(of(&[RESTRICTED]).covers(Level::Confidential));
        assert!(!of(&[CONFIDENTIAL]).covers(Level::Restricted));
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
        for level in Level::ALL {
            assert_eq!(Level::of(level.number()), level);
        }
    }
}
