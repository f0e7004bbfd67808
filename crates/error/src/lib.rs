//! The one error type of every crate and service.
//!
//! An error is a kind (which gRPC code), a reason (a stable name, documented in `docs/errors.md`), a message for the
//! caller, field violations, and a private source. Only this crate builds a `tonic::Status`; its details are the
//! standard `google.rpc` messages. Messages are lower case, without a full stop, and never say what a stranger may not know.

mod failure;
mod kind;
mod markdown;
pub mod reason;
mod status;
mod violations;

pub use failure::{BoxError, Error, Result};
pub use kind::Kind;
pub use markdown::markdown;
pub use reason::Reason;
pub use status::{DOMAIN, reason_of, with_request_id};
pub use violations::{Violation, Violations};
