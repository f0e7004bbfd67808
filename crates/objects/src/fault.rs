//! What can go wrong with objects, said in our own reasons.

use crate::client::Refused;
use error::{Error, reason};
use object_store::Error as Fault;

error::reasons! {
    pub OBJECT_NAME_INVALID = InvalidArgument, "the name is none that every object store can keep", "use segments of letters, digits and -_.=+,@~()! or space, divided by /, none of them empty, \".\" or \"..\"";
    pub OBJECT_DIGEST_MISMATCH = InvalidArgument, "the bytes are not those that the given digest or size is of", "send the bytes again, or correct the digest";
    pub OBJECT_TOO_LARGE = OutOfRange, "the object is larger than this installation, or this way to write it, allows", "divide it, or raise the limit in the section [objects]";
    pub OBJECT_DAMAGED = FailedPrecondition, "the bytes in the store are not those that were put there", "restore the object from a backup, or put it again";
    pub OBJECT_STORE_REFUSED = FailedPrecondition, "the object store refuses this installation", "check the credentials, the bucket or container, and their rights in the section [objects]";
    pub OBJECT_STORE_UNAVAILABLE = Unavailable, "the object store cannot be reached or does not answer", "retry after a pause; if it stays, check the object store and the section [objects]";
}

/// The reasons of this crate.
pub static REASONS: &[&error::Reason] = ALL;

/// What a fault of the store means for the object of this name.
pub(crate) fn of(fault: Fault, name: &str) -> Error {
    match fault {
        Fault::NotFound { .. } => Error::not_found("object", name),
        Fault::AlreadyExists { .. } => Error::new(
            &reason::ALREADY_EXISTS,
            format!("there is an object {name} already"),
        ),
        Fault::Precondition { .. } => Error::new(
            &reason::ETAG_MISMATCH,
            format!("the object {name} changed since it was read"),
        ),
        Fault::PermissionDenied { .. } | Fault::Unauthenticated { .. } => refused(fault),
        Fault::InvalidPath { .. }
        | Fault::NotSupported { .. }
        | Fault::NotImplemented { .. }
        | Fault::UnknownConfigurationKey { .. } => Error::internal(fault),
        _ if refused_place(&fault) => refused(fault),
        _ => unavailable(fault),
    }
}

fn refused_place(fault: &Fault) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(fault);
    while let Some(error) = cause {
        if error.is::<Refused>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The same where the object itself need not be there: what is missing then is the bucket.
pub(crate) fn of_place(fault: Fault, name: &str) -> Error {
    match fault {
        Fault::NotFound { .. } => refused(fault),
        other => of(other, name),
    }
}

pub(crate) fn refused(fault: Fault) -> Error {
    Error::new(
        &OBJECT_STORE_REFUSED,
        "the object store refuses this installation",
    )
    .with_source(fault)
}

pub(crate) fn unavailable(fault: impl Into<error::BoxError>) -> Error {
    Error::new(
        &OBJECT_STORE_UNAVAILABLE,
        "the object store cannot be reached",
    )
    .with_source(fault)
    .with_retry_after(std::time::Duration::from_secs(1))
}
