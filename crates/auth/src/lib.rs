//! Who is calling and what they may do: callers, scopes, tokens, and the policy that every process
//! holds a copy of. Nothing here asks the network; identity feeds the policy in.

mod authority;
mod caller;
pub mod clearance;
pub mod grant;
pub mod jwt;
mod permissions;
mod policy;
pub mod process;
pub mod roles;
mod row_filters;
mod scope;
mod source;
mod token;

pub use authority::{Authority, Config};
pub use caller::{Caller, Credential, Principal, PrincipalKind};
pub use permissions::Permissions;
pub use policy::{PrincipalPolicy, PublicKey, RolePolicy, RowFilterPolicy, Snapshot, TokenPolicy};
pub use row_filters::{RowFilter, RowFilters};
pub use scope::{Scope, Tenants};
pub use source::{PolicySource, keep_fresh};
pub use token::ApiToken;
