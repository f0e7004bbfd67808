//! What happened, for others to hear; the wire form is made in `convert::event`.

use value::Id;

/// A change that is announced in the transaction that makes it. Events never carry secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    TenantCreated {
        id: Id,
        slug: String,
    },
    TenantUpdated {
        id: Id,
    },
    TenantDisabled {
        id: Id,
    },
    TenantEnabled {
        id: Id,
    },
    UserCreated {
        id: Id,
        email: String,
    },
    UserUpdated {
        id: Id,
    },
    UserDisabled {
        id: Id,
    },
    UserEnabled {
        id: Id,
    },
    UserDeleted {
        id: Id,
    },
    PasswordChanged {
        id: Id,
        reset: bool,
    },
    UserLocked {
        id: Id,
        failures: u32,
    },
    GroupCreated {
        id: Id,
        name: String,
    },
    GroupUpdated {
        id: Id,
    },
    GroupDeleted {
        id: Id,
    },
    GroupMembersAdded {
        id: Id,
        users: Vec<Id>,
    },
    GroupMembersRemoved {
        id: Id,
        users: Vec<Id>,
    },
    RoleAssigned {
        subject: Id,
        role: String,
    },
    RoleUnassigned {
        subject: Id,
        role: String,
    },
    ServicePrincipalCreated {
        id: Id,
        name: String,
    },
    ServicePrincipalUpdated {
        id: Id,
    },
    ServicePrincipalDisabled {
        id: Id,
    },
    ServicePrincipalEnabled {
        id: Id,
    },
    ServicePrincipalDeleted {
        id: Id,
    },
    RowFilterCreated {
        id: Id,
        entity: String,
    },
    RowFilterUpdated {
        id: Id,
        entity: String,
    },
    RowFilterDeleted {
        id: Id,
        entity: String,
    },
    TokenCreated {
        id: Id,
        principal: Id,
    },
    TokenRevoked {
        id: Id,
        principal: Id,
    },
    SessionStarted {
        id: Id,
        user: Id,
    },
    SessionRevoked {
        id: Id,
        user: Id,
        cause: &'static str,
    },
    KeysRotated {
        kid: String,
    },
}
