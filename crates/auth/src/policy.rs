//! The policy at one version: all a process needs to verify callers by itself.

use crate::Principal;
use serde::{Deserialize, Serialize};
use value::{Id, Time};

/// Everything needed to decide who is calling and what they may do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Grows with every change that matters.
    pub version: u64,
    /// Keys that access tokens may be signed with.
    pub keys: Vec<PublicKey>,
    /// Users and service principals.
    pub principals: Vec<PrincipalPolicy>,
    /// What each role holds.
    pub roles: Vec<RolePolicy>,
    /// API tokens that may be presented.
    pub tokens: Vec<TokenPolicy>,
    /// Sessions that ended before their access tokens expired.
    pub revoked_sessions: Vec<Id>,
    /// Row filters, each once; principals name theirs by position.
    pub row_filters: Vec<RowFilterPolicy>,
}

/// A key that access tokens may be signed with: Ed25519.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    /// Identifier, as in the head of the tokens.
    pub kid: String,
    /// The raw public key.
    pub key: [u8; 32],
}

/// A principal and the roles it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrincipalPolicy {
    /// Who.
    pub principal: Principal,
    /// Names of its roles, its groups' roles included.
    pub roles: Vec<String>,
    /// Whether it, or its tenant, is disabled.
    pub disabled: bool,
    /// Positions in [`Snapshot::row_filters`]: its own, its groups' and its roles'.
    pub row_filters: Vec<u32>,
}

/// Which rows of an entity may be seen.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowFilterPolicy {
    /// Code of the entity.
    pub entity: String,
    /// The condition that holds for the rows that may be seen, in the metric language.
    pub condition: String,
}

// A condition may name people or places; a log gets the entity alone.
impl std::fmt::Debug for RowFilterPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowFilterPolicy")
            .field("entity", &self.entity)
            .finish_non_exhaustive()
    }
}

/// What a role holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolePolicy {
    /// The tenant whose role it is; none for a built-in role.
    pub tenant: Option<Id>,
    /// Name.
    pub name: String,
    /// Permissions and patterns.
    pub permissions: Vec<String>,
}

/// An API token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenPolicy {
    /// Identifier, the public part of the token.
    pub id: Id,
    /// SHA-256 of the secret part.
    pub secret_hash: [u8; 32],
    /// The principal it acts as.
    pub principal: Id,
    /// When it stops working; none is never.
    pub expires: Option<Time>,
    /// Permissions and patterns it is narrowed to; empty is all that the principal may do.
    pub permissions: Vec<String>,
}
