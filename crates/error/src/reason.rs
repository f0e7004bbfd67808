//! Reasons: stable names of what went wrong, each with what it means and how to fix it; the general ones live here.

use crate::Kind;

/// A documented reason; declared with [`reasons!`](crate::reasons), next to the code that raises it.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Reason {
    /// The stable name, `UPPER_SNAKE`, unique in Tessera.
    pub name: &'static str,
    /// The sort of failure, and with it the gRPC code and HTTP status.
    pub kind: Kind,
    /// What happened, in a sentence for people.
    pub meaning: &'static str,
    /// What the caller can do about it.
    pub fix: &'static str,
}

/// Declares reasons as statics, and `ALL`, the list that `docs/errors.md` is made from.
///
/// ```ignore
/// error::reasons! {
///     pub METRIC_CYCLE = FailedPrecondition, "the metrics refer to each other in a circle", "remove one reference";
/// }
/// ```
#[macro_export]
macro_rules! reasons {
    ($($vis:vis $name:ident = $kind:ident, $meaning:expr, $fix:expr;)*) => {
        $(
            #[doc = concat!("`", stringify!($name), "`: ", $meaning, ".")]
            $vis static $name: $crate::Reason = $crate::Reason {
                name: stringify!($name),
                kind: $crate::Kind::$kind,
                meaning: $meaning,
                fix: $fix,
            };
        )*
        /// Every reason declared here, in order.
        pub static ALL: &[&$crate::Reason] = &[$(&$name),*];
    };
}

reasons! {
    pub INVALID_REQUEST = InvalidArgument, "fields of the request break rules of the contract", "correct the fields listed in the violations";
    pub MALFORMED_MESSAGE = InvalidArgument, "the bytes of the request are no such message", "send the message type that the method names, encoded as protobuf or JSON";
    pub INVALID_PAGE_TOKEN = InvalidArgument, "the page token is damaged or belongs to another query", "start again without a page token and keep filter and order while paging";
    pub INVALID_FIELD_MASK = InvalidArgument, "the update mask names a field that is unknown or cannot be changed", "name only changeable fields of the resource";
    pub MESSAGE_TOO_LARGE = OutOfRange, "the message is larger than this server accepts", "send less at once, or use the streaming method";
    pub NOT_FOUND = NotFound, "there is no such resource, or the caller may not know of it", "check the id and the tenant you are signed in to";
    pub ALREADY_EXISTS = AlreadyExists, "a resource with this unique name exists", "choose another name, or read the existing resource";
    pub REQUEST_ID_REUSED = AlreadyExists, "the request id was used before with another body", "use a fresh request id for every new request";
    pub ETAG_MISMATCH = Aborted, "the resource changed since it was read", "read it again, apply the change to what you read, and send its new etag";
    pub CONFLICT = Aborted, "another transaction changed the same rows first", "send the request again";
    pub FAILED_PRECONDITION = FailedPrecondition, "the state of the resource does not allow this", "bring the resource into the state that the message names";
    pub STILL_REFERENCED = FailedPrecondition, "other resources refer to this one", "remove or change what refers to it first";
    pub REFERENCE_NOT_FOUND = FailedPrecondition, "the request refers to a resource that does not exist", "create it first, or correct the reference";
    pub OUT_OF_RANGE = OutOfRange, "the position lies beyond the end", "ask for a smaller position";
    pub UNAUTHENTICATED = Unauthenticated, "the call carries no credentials", "send a bearer token in the authorization header";
    pub TOKEN_INVALID = Unauthenticated, "the token cannot be trusted; the metadata key cause says why", "sign in again, or check which server issued the token";
    pub TOKEN_EXPIRED = Unauthenticated, "the token's time is over", "refresh the token or sign in again";
    pub TOKEN_REVOKED = Unauthenticated, "the token or its session was revoked", "sign in again";
    pub PRINCIPAL_DISABLED = Unauthenticated, "the principal that the token names is disabled", "ask an administrator to enable the principal";
    pub PROCESS_UNTRUSTED = Unauthenticated, "the calling process could not prove that it belongs to this installation", "give every process the same process key, and check that their clocks agree";
    pub PERMISSION_DENIED = PermissionDenied, "the caller lacks the permission named in the metadata", "ask an administrator for a role with this permission";
    pub INTERNAL_ONLY = PermissionDenied, "the method is for processes of this installation only", "use a public method";
    pub POLICY_UNAVAILABLE = Unavailable, "this process has no recent enough permissions to decide by", "retry shortly; if it stays, check that the identity service is reachable";
    pub RATE_LIMITED = ResourceExhausted, "too many requests in a short time", "wait as long as the retry information says";
    pub QUOTA_EXCEEDED = ResourceExhausted, "a quota of the tenant is used up", "free some of it, or ask for a larger quota";
    pub OVERLOADED = ResourceExhausted, "the server has too much work in hand", "wait as long as the retry information says";
    pub UNAVAILABLE = Unavailable, "a service cannot be reached", "retry after a pause";
    pub CIRCUIT_OPEN = Unavailable, "calls to a failing service are suspended for a moment", "retry after the pause that the retry information says";
    pub STORAGE_UNAVAILABLE = Unavailable, "the database cannot be reached or is busy", "retry after a pause; if it stays, check the database";
    pub SHUTTING_DOWN = Unavailable, "the process is about to stop", "retry; another process will answer";
    pub DEADLINE_EXCEEDED = DeadlineExceeded, "the deadline passed before the answer was ready", "allow more time, or ask for less";
    pub CANCELLED = Cancelled, "the caller gave the call up", "nothing to fix, unless you did not";
    pub UNIMPLEMENTED = Unimplemented, "no service of this installation has this method", "check the path and the version of the server";
    pub INTERNAL = Internal, "something broke on our side; the server's log has the details", "report the request id to whoever runs the server";
}

/// The general reason of a kind, for failures that name none.
pub(crate) fn default_for(kind: Kind) -> &'static Reason {
    match kind {
        Kind::InvalidArgument => &INVALID_REQUEST,
        Kind::NotFound => &NOT_FOUND,
        Kind::AlreadyExists => &ALREADY_EXISTS,
        Kind::PermissionDenied => &PERMISSION_DENIED,
        Kind::Unauthenticated => &UNAUTHENTICATED,
        Kind::FailedPrecondition => &FAILED_PRECONDITION,
        Kind::Aborted => &CONFLICT,
        Kind::ResourceExhausted => &OVERLOADED,
        Kind::OutOfRange => &OUT_OF_RANGE,
        Kind::Unimplemented => &UNIMPLEMENTED,
        Kind::Unavailable => &UNAVAILABLE,
        Kind::DeadlineExceeded => &DEADLINE_EXCEEDED,
        Kind::Cancelled => &CANCELLED,
        Kind::Internal => &INTERNAL,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_texts_follow_the_house_style() {
        let names: BTreeSet<_> = ALL.iter().map(|reason| reason.name).collect();
        assert_eq!(names.len(), ALL.len());
        for reason in ALL {
            for text in [reason.meaning, reason.fix] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{}", reason.name);
                assert!(!text.starts_with(char::is_uppercase), "{}", reason.name);
            }
        }
    }

    #[test]
    fn the_general_reason_of_a_kind_has_that_kind() {
        for kind in Kind::ALL {
            assert_eq!(default_for(kind).kind, kind);
        }
    }
}
