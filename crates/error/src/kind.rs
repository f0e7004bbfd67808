//! What sort of failure it is: the gRPC codes we use, and the one mapping from them to HTTP.

use http::StatusCode;
use tonic::Code;

/// The sort of a failure; it decides the gRPC code, the HTTP status and whether a retry is sensible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The request is wrong whatever the state of the system is.
    InvalidArgument,
    /// There is no such thing, or the caller may not know of it.
    NotFound,
    /// The thing to create is there already.
    AlreadyExists,
    /// The caller is known and lacks the permission.
    PermissionDenied,
    /// The caller is not known.
    Unauthenticated,
    /// The system's state forbids the call; retrying does not help before that state is changed.
    FailedPrecondition,
    /// Somebody else was first; read again and retry.
    Aborted,
    /// A quota, a rate or a size limit is used up.
    ResourceExhausted,
    /// A position beyond the end.
    OutOfRange,
    /// The method does not exist here.
    Unimplemented,
    /// Cannot be served right now; a retry after a pause is sensible.
    Unavailable,
    /// The caller's deadline passed.
    DeadlineExceeded,
    /// The caller went away.
    Cancelled,
    /// A defect or a broken dependency; details are logged, never sent.
    Internal,
}

impl Kind {
    /// Every kind, in the order of declaration.
    pub const ALL: [Kind; 14] = [
        Kind::InvalidArgument,
        Kind::NotFound,
        Kind::AlreadyExists,
        Kind::PermissionDenied,
        Kind::Unauthenticated,
        Kind::FailedPrecondition,
        Kind::Aborted,
        Kind::ResourceExhausted,
        Kind::OutOfRange,
        Kind::Unimplemented,
        Kind::Unavailable,
        Kind::DeadlineExceeded,
        Kind::Cancelled,
        Kind::Internal,
    ];

    /// The gRPC code.
    pub const fn code(self) -> Code {
        match self {
            Kind::InvalidArgument => Code::InvalidArgument,
            Kind::NotFound => Code::NotFound,
            Kind::AlreadyExists => Code::AlreadyExists,
            Kind::PermissionDenied => Code::PermissionDenied,
            Kind::Unauthenticated => Code::Unauthenticated,
            Kind::FailedPrecondition => Code::FailedPrecondition,
            Kind::Aborted => Code::Aborted,
            Kind::ResourceExhausted => Code::ResourceExhausted,
            Kind::OutOfRange => Code::OutOfRange,
            Kind::Unimplemented => Code::Unimplemented,
            Kind::Unavailable => Code::Unavailable,
            Kind::DeadlineExceeded => Code::DeadlineExceeded,
            Kind::Cancelled => Code::Cancelled,
            Kind::Internal => Code::Internal,
        }
    }

    /// The kind of a gRPC code; what we never send ourselves (`Unknown`, `DataLoss`, `Ok`) is internal.
    pub const fn from_code(code: Code) -> Kind {
        match code {
            Code::InvalidArgument => Kind::InvalidArgument,
            Code::NotFound => Kind::NotFound,
            Code::AlreadyExists => Kind::AlreadyExists,
            Code::PermissionDenied => Kind::PermissionDenied,
            Code::Unauthenticated => Kind::Unauthenticated,
            Code::FailedPrecondition => Kind::FailedPrecondition,
            Code::Aborted => Kind::Aborted,
            Code::ResourceExhausted => Kind::ResourceExhausted,
            Code::OutOfRange => Kind::OutOfRange,
            Code::Unimplemented => Kind::Unimplemented,
            Code::Unavailable => Kind::Unavailable,
            Code::DeadlineExceeded => Kind::DeadlineExceeded,
            Code::Cancelled => Kind::Cancelled,
            Code::Ok | Code::Unknown | Code::DataLoss | Code::Internal => Kind::Internal,
        }
    }

    /// The HTTP status, as `google/rpc/code.proto` maps it.
    pub fn http_status(self) -> StatusCode {
        match self {
            Kind::InvalidArgument | Kind::FailedPrecondition | Kind::OutOfRange => {
                StatusCode::BAD_REQUEST
            }
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::AlreadyExists | Kind::Aborted => StatusCode::CONFLICT,
            Kind::PermissionDenied => StatusCode::FORBIDDEN,
            Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
            Kind::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
            Kind::Unimplemented => StatusCode::NOT_IMPLEMENTED,
            Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Kind::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
            // 499 "client closed request" is no registered status, but the one every proxy writes for it.
            Kind::Cancelled => StatusCode::from_u16(499).expect("499 lies within 100..1000"),
            Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The name of the gRPC code as it is written in documents and JSON, such as `INVALID_ARGUMENT`.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::InvalidArgument => "INVALID_ARGUMENT",
            Kind::NotFound => "NOT_FOUND",
            Kind::AlreadyExists => "ALREADY_EXISTS",
            Kind::PermissionDenied => "PERMISSION_DENIED",
            Kind::Unauthenticated => "UNAUTHENTICATED",
            Kind::FailedPrecondition => "FAILED_PRECONDITION",
            Kind::Aborted => "ABORTED",
            Kind::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Kind::OutOfRange => "OUT_OF_RANGE",
            Kind::Unimplemented => "UNIMPLEMENTED",
            Kind::Unavailable => "UNAVAILABLE",
            Kind::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Kind::Cancelled => "CANCELLED",
            Kind::Internal => "INTERNAL",
        }
    }

    /// Whether the same call may succeed when it is sent again unchanged after a pause.
    pub const fn is_transient(self) -> bool {
        matches!(
            self,
            Kind::Unavailable | Kind::Aborted | Kind::ResourceExhausted
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_comes_back_from_its_code() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_code(kind.code()), kind);
        }
    }

    #[test]
    fn codes_we_never_send_are_internal() {
        for code in [Code::Unknown, Code::DataLoss, Code::Ok] {
            assert_eq!(Kind::from_code(code), Kind::Internal);
        }
    }

    #[test]
    fn http_statuses_are_errors() {
        for kind in Kind::ALL {
            let status = kind.http_status();
            assert!(status.is_client_error() || status.is_server_error());
        }
        assert_eq!(Kind::Cancelled.http_status().as_u16(), 499);
        assert_eq!(Kind::ResourceExhausted.http_status().as_u16(), 429);
    }
}
