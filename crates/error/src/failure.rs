//! The error itself: built where something goes wrong, carried with `?`, turned into a status at the edge of a service.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::{Kind, Reason, Violation, reason};

/// Any error, for what ends in a log.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// What every fallible call of ours returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure with a stable reason, a message for the caller and a private source.
///
/// It is one pointer wide, so results stay small.
pub struct Error(pub(crate) Box<Inner>);

pub(crate) struct Inner {
    pub(crate) kind: Kind,
    pub(crate) reason: Cow<'static, str>,
    pub(crate) message: String,
    pub(crate) violations: Vec<Violation>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) source: Option<BoxError>,
    /// Came from another service of ours, which has logged it: it is not logged again.
    pub(crate) logged: bool,
}

impl Error {
    /// A failure for a documented reason.
    pub fn new(reason: &'static Reason, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind: reason.kind,
            reason: Cow::Borrowed(reason.name),
            message: message.into(),
            violations: Vec::new(),
            metadata: BTreeMap::new(),
            retry_after: None,
            source: None,
            logged: false,
        }))
    }

    /// A request whose fields break rules; all of them at once.
    pub fn invalid(violations: Vec<Violation>) -> Self {
        let message = match violations.as_slice() {
            [only] => format!("{}: {}", only.field, only.description),
            many => format!("{} fields are invalid", many.len()),
        };
        let mut error = Self::new(&reason::INVALID_REQUEST, message);
        error.0.violations = violations;
        error
    }

    /// A request with one wrong field.
    pub fn invalid_field(
        field: impl Into<String>,
        reason: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        Self::invalid(vec![Violation::new(field, reason, description)])
    }

    /// There is no such `resource`, or the caller may not know of it: both read the same.
    pub fn not_found(resource: &str, id: impl fmt::Display) -> Self {
        let id = id.to_string();
        Self::new(&reason::NOT_FOUND, format!("{resource} {id} not found"))
            .with_metadata("resource", resource)
            .with_metadata("id", id)
    }

    /// A defect or a broken dependency; the source is logged, the caller reads `internal error`.
    pub fn internal(source: impl Into<BoxError>) -> Self {
        Self::new(&reason::INTERNAL, "internal error").with_source(source)
    }

    /// Adds a machine-readable detail to the reason; keys are `lower_snake`.
    #[must_use]
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.metadata.insert(key.into(), value.into());
        self
    }

    /// Keeps the cause for the log; it never reaches the wire.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Tells the caller how long to wait before the next try.
    #[must_use]
    pub fn with_retry_after(mut self, pause: Duration) -> Self {
        self.0.retry_after = Some(pause);
        self
    }

    /// Adds a field violation.
    #[must_use]
    pub fn with_violation(mut self, violation: Violation) -> Self {
        self.0.violations.push(violation);
        self
    }

    /// The sort of the failure.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The stable name of the reason, such as `ETAG_MISMATCH`.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// Whether the failure has this reason.
    pub fn is(&self, reason: &Reason) -> bool {
        self.0.reason == reason.name
    }

    /// What the caller reads.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The fields that break rules.
    pub fn violations(&self) -> &[Violation] {
        &self.0.violations
    }

    /// Machine-readable details of the reason.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.0.metadata
    }

    /// How long the caller should wait before the next try.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("reason", &self.0.reason)
            .field("message", &self.0.message)
            .field("violations", &self.0.violations)
            .field("metadata", &self.0.metadata)
            .field("source", &self.0.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.source {
            Some(source) => Some(source.as_ref()),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_violation_is_named_and_many_are_counted() {
        let one = Error::invalid_field("name", "REQUIRED", "must be set");
        assert_eq!(one.to_string(), "name: must be set");
        let two = Error::invalid(vec![
            Violation::new("a", "REQUIRED", "must be set"),
            Violation::new("b", "REQUIRED", "must be set"),
        ]);
        assert_eq!(two.to_string(), "2 fields are invalid");
        assert_eq!(two.kind(), Kind::InvalidArgument);
        assert!(two.is(&reason::INVALID_REQUEST));
    }

    #[test]
    fn a_result_of_nothing_is_one_pointer() {
        assert_eq!(size_of::<Result<()>>(), size_of::<usize>());
    }

    #[test]
    fn the_source_is_kept() {
        let error = Error::internal(std::io::Error::other("disk is gone"));
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.to_string(), "disk is gone");
        assert_eq!(error.message(), "internal error");
    }
}
