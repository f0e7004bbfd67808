//! The one door from a caller to a scope. The inbound layers of `rpc` go through it, and nothing else.

use crate::{Caller, Scope};
use error::Error;
use std::sync::Arc;

/// Grants a method to a caller who holds its permission.
///
/// # Errors
/// `PERMISSION_DENIED`, naming the permission; it says nothing of what the call was about.
pub fn method(caller: &Arc<Caller>, permission: &'static str) -> Result<Scope, Error> {
    if caller.permissions.allows(permission) {
        Ok(Scope::granted(Arc::clone(caller), permission))
    } else {
        let message = format!("the permission {permission} is needed");
        Err(Error::new(&error::reason::PERMISSION_DENIED, message)
            .with_metadata("permission", permission))
    }
}
