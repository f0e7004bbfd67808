//! The roles every installation has. Governance adds others; these cannot be changed.
//!
//! Who may administer accounts is decided by the last segment of a permission: everything of identity that
//! concerns others ends in `.admin`, reading too, so `*.read` and `*.write` reach no more of identity than
//! `identity.self.read` and `identity.self.write`.

/// A built-in role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Role {
    /// Name, as assigned.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// Permission patterns.
    pub permissions: &'static [&'static str],
}

/// May do everything in the tenant.
pub const ADMIN: Role = Role {
    name: "admin",
    description: "may do everything in the tenant",
    permissions: &["*"],
};

/// May read and change business data and definitions; of accounts, only their own (`*.write` holds
/// `identity.self.write`).
pub const EDITOR: Role = Role {
    name: "editor",
    description: "may read and change business data and definitions, and their own account",
    permissions: &["*.read", "*.write"],
};

/// May read business data and definitions; of accounts, they may read and change only their own.
pub const VIEWER: Role = Role {
    name: "viewer",
    description: "may read business data and definitions, and change their own account",
    permissions: &["*.read", "identity.self.write"],
};

/// All built-in roles.
pub const BUILT_IN: [Role; 3] = [ADMIN, EDITOR, VIEWER];

/// The built-in role of a name.
pub fn built_in(name: &str) -> Option<&'static Role> {
    BUILT_IN.iter().find(|role| role.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Permissions;

    #[test]
    fn of_accounts_only_administrators_reach_those_of_others() {
        for role in BUILT_IN {
            let held = Permissions::new(role.permissions);
            assert!(held.allows("identity.self.read"), "{}", role.name);
            assert!(held.allows("identity.self.write"), "{}", role.name);
            assert!(held.allows("metadata.entities.read"), "{}", role.name);
            let others = held.allows("identity.users.admin");
            assert_eq!(others, role == ADMIN, "{}", role.name);
        }
        assert!(Permissions::new(EDITOR.permissions).allows("metadata.entities.write"));
        assert!(!Permissions::new(VIEWER.permissions).allows("metadata.entities.write"));
    }
}
