//! The authenticated sender of a call.

use crate::{Permissions, RowFilters};
use error::Error;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use value::{Id, Time};

/// What a principal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrincipalKind {
    /// A person.
    User,
    /// A program: a service principal.
    Service,
}

impl PrincipalKind {
    /// `user` or `service`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Service => "service",
        }
    }
}

/// Someone or something that can act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// Identifier.
    pub id: Id,
    /// The tenant it belongs to; it acts in no other.
    pub tenant: Id,
    /// What it is.
    pub kind: PrincipalKind,
    /// What people call it.
    pub name: String,
}

/// What the caller showed to prove who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Credential {
    /// An access token of this session.
    Session(Id),
    /// The API token with this id.
    ApiToken(Id),
}

/// A principal whose token was verified, and what they may do right now.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub principal: Principal,
    /// The roles they hold.
    pub roles: Vec<String>,
    /// What the roles allow, narrowed by the token where it says so.
    pub permissions: Arc<Permissions>,
    /// Which rows they may see. A token does not change it.
    pub row_filters: Arc<RowFilters>,
    /// What was shown.
    pub credential: Credential,
    /// When the token ends; an API token may have no end.
    pub expires: Option<Time>,
}

impl Caller {
    /// The caller of a request that passed authentication.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` where the call carried no token, as on a public method.
    pub fn of<T>(request: &tonic::Request<T>) -> Result<Arc<Self>, Error> {
        request
            .extensions()
            .get::<Arc<Self>>()
            .cloned()
            .ok_or_else(|| Error::new(&error::reason::UNAUTHENTICATED, "the call carries no token"))
    }
}
