//! The roles every installation has. Governance adds others; these cannot be changed.

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

/// May read and change, but not administer.
pub const EDITOR: Role = Role {
    name: "editor",
    description: "may read and change business data and definitions, and their own profile",
    permissions: &["*.read", "*.write"],
};

/// May read.
pub const VIEWER: Role = Role {
    name: "viewer",
    description: "may read, and change their own profile",
    permissions: &["*.read", "identity.self.write"],
};

/// All built-in roles.
pub const BUILT_IN: [Role; 3] = [ADMIN, EDITOR, VIEWER];

/// The built-in role of a name.
pub fn built_in(name: &str) -> Option<&'static Role> {
    BUILT_IN.iter().find(|role| role.name == name)
}
