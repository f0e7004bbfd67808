//! How secret an operation is, and who may know of it: the rule is the ground's, since messages tell of operations too.

pub(crate) use auth::clearance::{Clearance, Level};
