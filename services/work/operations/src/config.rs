//! Settings of `operations`.

use config::{Problems, Span, Validate};
use serde::{Deserialize, Serialize};

/// The section `[services.operations]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Entries of a page when a list does not say how many.
    pub page_size: u16,
    /// How long the service that works is waited for before the answer is what was heard of it last.
    pub owner_timeout: Span,
    /// How often that service is asked for an operation that somebody follows, events apart.
    pub poll: Span,
    /// How long an operation is followed in one call.
    pub watch: Span,
    /// How long an operation that was deleted is remembered, so that a late event does not bring it back.
    pub keep_deleted: Span,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            page_size: 50,
            owner_timeout: Span::from_secs(2),
            poll: Span::from_secs(1),
            watch: Span::from_secs(3_600),
            keep_deleted: Span::from_secs(7 * 24 * 3_600),
        }
    }
}

impl Validate for Config {
    fn validate(&self, problems: &mut Problems) {
        problems.check(
            (1..=500).contains(&self.page_size),
            "page_size",
            "must be from 1 to 500",
        );
        for (name, span) in [
            ("owner_timeout", self.owner_timeout),
            ("poll", self.poll),
            ("watch", self.watch),
        ] {
            problems.check(!span.is_zero(), name, "must be longer than nothing");
        }
    }
}
