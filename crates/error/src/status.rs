//! To and from `tonic::Status`: the only place where statuses are built and read.

use std::borrow::Cow;
use std::error::Error as _;
use std::fmt::Write;

use tonic::Status;
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use crate::failure::Inner;
use crate::{Error, Kind, Violation, reason};

/// What the violations of one status may take together, in bytes.
const MOST_BYTES: usize = 5 << 10;
/// What the message of one status may take, in bytes.
const MOST_MESSAGE: usize = 1 << 10;

/// The domain of our reasons in `google.rpc.ErrorInfo`.
pub const DOMAIN: &str = "tessera";

impl From<Error> for Status {
    /// Makes the status a caller reads, and logs the private source: this is the only place that does.
    fn from(error: Error) -> Status {
        log(&error);
        let mut inner = *error.0;
        shorten(&mut inner);
        let mut details = ErrorDetails::with_error_info(
            inner.reason,
            DOMAIN,
            inner
                .metadata
                .into_iter()
                .collect::<std::collections::HashMap<_, _>>(),
        );
        if !inner.violations.is_empty() {
            let fields: Vec<_> = inner.violations.into_iter().map(to_field).collect();
            details.set_bad_request(fields);
        }
        if let Some(pause) = inner.retry_after {
            details.set_retry_info(Some(pause));
        }
        let message = if inner.kind == Kind::Internal {
            "internal error".to_owned()
        } else {
            inner.message
        };
        Status::with_error_details(inner.kind.code(), message, details)
    }
}

/// Keeps a status small enough for the trailers of every client and proxy (16 KiB is the usual limit,
/// base64 included): the first violations stay, and how many were left out is said.
fn shorten(inner: &mut Inner) {
    let mut room = MOST_BYTES;
    let fits = inner
        .violations
        .iter()
        .take_while(|violation| {
            let size =
                violation.field.len() + violation.reason.len() + violation.description.len() + 16;
            room = room.saturating_sub(size);
            room > 0
        })
        .count();
    let total = inner.violations.len();
    if fits < total {
        inner.violations.truncate(fits);
        inner
            .metadata
            .insert("violations_omitted".into(), (total - fits).to_string());
    }
    if inner.message.len() > MOST_MESSAGE {
        let end = inner.message.floor_char_boundary(MOST_MESSAGE);
        inner.message.truncate(end);
        inner.message.push('…');
    }
}

impl From<Status> for Error {
    /// Reads a status back; one that is not ours (a transport's, a proxy's) gets the general reason of its code.
    fn from(status: Status) -> Error {
        let kind = Kind::from_code(status.code());
        let details = status.get_error_details();
        let Some(info) = details.error_info().filter(|info| info.domain == DOMAIN) else {
            return foreign(kind, status);
        };
        let violations = details
            .bad_request()
            .map(|bad| {
                bad.field_violations
                    .iter()
                    .cloned()
                    .map(from_field)
                    .collect()
            })
            .unwrap_or_default();
        Error(Box::new(Inner {
            kind,
            reason: Cow::Owned(info.reason.clone()),
            message: status.message().to_owned(),
            violations,
            metadata: info.metadata.clone().into_iter().collect(),
            retry_after: details.retry_info().and_then(|info| info.retry_delay),
            source: None,
            logged: true,
        }))
    }
}

/// A status that no service of ours made: its message may hold addresses, so what is our side's fault keeps it private.
fn foreign(kind: Kind, status: Status) -> Error {
    let reason = reason::default_for(kind);
    let message = match kind {
        Kind::Internal => "internal error",
        Kind::Unavailable => reason.meaning,
        _ if status.message().is_empty() => reason.meaning,
        _ => status.message(),
    };
    Error::new(reason, message).with_source(status)
}

/// Adds `google.rpc.RequestInfo` to a status, keeping its other details; the layer that knows the id calls this.
pub fn with_request_id(status: Status, request_id: &str) -> Status {
    let mut details = status.get_error_details();
    details.set_request_info(request_id, "");
    Status::with_error_details_and_metadata(
        status.code(),
        status.message().to_owned(),
        details,
        status.metadata().clone(),
    )
}

/// The reason a status carries, without building an error: for metrics and retry decisions.
pub fn reason_of(status: &Status) -> Option<String> {
    status
        .get_details_error_info()
        .filter(|info| info.domain == DOMAIN)
        .map(|info| info.reason)
}

fn to_field(violation: Violation) -> FieldViolation {
    let mut field = FieldViolation::new(violation.field, violation.description);
    field.reason = violation.reason;
    field
}

fn from_field(field: FieldViolation) -> Violation {
    Violation::new(field.field, field.reason, field.description)
}

/// One line for each failure that has something to hide: an error for our defects, a debug line for the rest.
fn log(error: &Error) {
    if error.0.logged || (error.0.kind != Kind::Internal && error.0.source.is_none()) {
        return;
    }
    let reason = error.reason();
    let causes = causes(error);
    if error.kind() == Kind::Internal {
        tracing::error!(reason, error = error.message(), causes, metadata = ?error.metadata(), "internal error");
    } else {
        tracing::debug!(reason, error = error.message(), causes, "call failed");
    }
}

/// The chain of sources as one line.
fn causes(error: &Error) -> String {
    let mut line = String::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let separator = if line.is_empty() { "" } else { ": " };
        // Writing to a string cannot fail.
        let _ = write!(line, "{separator}{cause}");
        next = cause.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tonic::Code;

    use super::*;

    #[test]
    fn everything_a_caller_may_read_makes_the_round_trip() {
        let sent = Error::invalid_field("entity.name", "MIN_LEN", "must have 1 character")
            .with_violation(Violation::new("entity.tags[1]", "UNIQUE", "must differ"))
            .with_metadata("resource", "entity")
            .with_retry_after(Duration::from_millis(1500));
        let (reason, violations) = (sent.reason().to_owned(), sent.violations().to_vec());
        let read = Error::from(Status::from(sent));
        assert_eq!(read.kind(), Kind::InvalidArgument);
        assert_eq!(read.reason(), reason);
        assert_eq!(read.message(), "entity.name: must have 1 character");
        assert_eq!(read.violations(), violations);
        assert_eq!(read.metadata()["resource"], "entity");
        assert_eq!(read.retry_after(), Some(Duration::from_millis(1500)));
        assert!(read.0.logged, "another process has logged it");
    }

    #[test]
    fn every_general_reason_keeps_its_name_and_kind() {
        for reason in reason::ALL {
            let status = Status::from(Error::new(reason, "x"));
            assert_eq!(status.code(), reason.kind.code());
            assert_eq!(reason_of(&status).as_deref(), Some(reason.name));
            let read = Error::from(status);
            assert!(read.is(reason) && read.kind() == reason.kind);
        }
    }

    #[test]
    fn what_is_internal_stays_inside() {
        let cause = std::io::Error::other("password=hunter2 at 10.0.0.1");
        let status =
            Status::from(Error::new(&reason::INTERNAL, "row 7 is broken").with_source(cause));
        assert_eq!(status.message(), "internal error");
        let details = String::from_utf8_lossy(status.details()).into_owned();
        assert!(
            !details.contains("hunter2") && !details.contains("row 7"),
            "{details}"
        );
        // A cause of another kind of failure is private too.
        let status =
            Status::from(Error::new(&reason::UNAVAILABLE, "try later").with_source("10.0.0.1"));
        assert!(!format!("{status:?}").contains("10.0.0.1"));
    }

    #[test]
    fn statuses_of_others_get_the_general_reason() {
        let refused = Error::from(Status::unavailable("tcp connect error: 10.0.0.1:50051"));
        assert!(refused.is(&reason::UNAVAILABLE));
        assert!(!refused.message().contains("10.0.0.1"));
        assert!(refused.source().is_some(), "the log still has the address");
        let unknown = Error::from(Status::new(Code::Unknown, "h2 protocol error"));
        assert_eq!(
            (unknown.kind(), unknown.message()),
            (Kind::Internal, "internal error")
        );
        let missing = Error::from(Status::not_found("no such method"));
        assert_eq!(missing.message(), "no such method");
        let mut foreign = ErrorDetails::new();
        foreign.set_error_info("QUOTA", "other.example", std::collections::HashMap::new());
        let status = Status::with_error_details(Code::ResourceExhausted, "slow down", foreign);
        assert_eq!(reason_of(&status), None);
        assert!(Error::from(status).is(&reason::OVERLOADED));
    }

    #[test]
    fn the_request_id_joins_the_other_details() {
        let mut status = Status::from(Error::invalid_field("a", "REQUIRED", "must be set"));
        status
            .metadata_mut()
            .insert("x-kept", "yes".parse().unwrap());
        let status = with_request_id(status, "0190a6e4");
        assert_eq!(
            status.get_details_request_info().unwrap().request_id,
            "0190a6e4"
        );
        assert_eq!(status.metadata().get("x-kept").unwrap(), "yes");
        assert_eq!(Error::from(status).violations().len(), 1);
    }

    #[test]
    fn a_status_stays_small_and_says_what_it_left_out() {
        let violations = (0..500)
            .map(|at| {
                Violation::new(
                    format!("definitions[{at}].entities[0]"),
                    "UNKNOWN_REFERENCE",
                    "there is no such entity",
                )
            })
            .collect();
        let status = Status::from(Error::invalid(violations));
        assert!(
            status.details().len() < 8 << 10,
            "{}",
            status.details().len()
        );
        let read = Error::from(status);
        let left = read.violations().len();
        assert!(left > 20);
        assert_eq!(
            read.metadata()["violations_omitted"],
            (500 - left).to_string()
        );
    }

    #[test]
    fn the_chain_of_causes_is_one_line() {
        let inner = Error::internal("disk is gone");
        let outer = Error::internal(inner);
        assert_eq!(causes(&outer), "internal error: disk is gone");
    }
}
