//! Settings of calculation, section `[services.calculation]`.

use config::{Problems, Span, Validate};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Settings of calculation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Rows of a page when a question does not say how many.
    pub page_size: u16,
    /// How many questions of a batch are worked on at once.
    pub batch_concurrency: usize,
    /// How many sets of definitions are kept: one for each tenant and metric, and one for each tenant that tries formulas out.
    pub definition_sets: u64,
    /// How many plans are kept.
    pub plans: u64,
    /// What one question may take.
    pub limits: Limits,
    /// What questions in the domain, a value chain's code, may take; where it has none, `limits` counts.
    pub domains: BTreeMap<String, Limits>,
    /// Results that are published.
    pub publications: Publications,
}

/// Results that are published.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Publications {
    /// Most rows of one.
    pub rows: usize,
    /// How long the cache has one.
    pub cached: Span,
    /// Publications of a page when a list does not say how many.
    pub page_size: u16,
}

impl Default for Publications {
    fn default() -> Self {
        Self {
            rows: 1_000,
            cached: Span::from_secs(86_400),
            page_size: 50,
        }
    }
}

/// What one question may take.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Most periods.
    pub periods: usize,
    /// Most rows of the whole answer: groups times periods.
    pub rows: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            periods: 2_000,
            rows: 100_000,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            page_size: 1_000,
            batch_concurrency: 8,
            definition_sets: 10_000,
            plans: 10_000,
            limits: Limits::default(),
            domains: BTreeMap::new(),
            publications: Publications::default(),
        }
    }
}

impl Config {
    /// What questions in the domain may take.
    pub(crate) fn limits(&self, domain: &str) -> Limits {
        self.domains.get(domain).copied().unwrap_or(self.limits)
    }
}

impl Validate for Config {
    fn validate(&self, problems: &mut Problems) {
        problems.check(
            (1..=10_000).contains(&self.page_size),
            "page_size",
            "a page holds 1 to 10000 rows",
        );
        problems.check(
            (1..=100).contains(&self.batch_concurrency),
            "batch_concurrency",
            "1 to 100 questions are worked on at once",
        );
        problems.check(
            self.definition_sets > 0,
            "definition_sets",
            "must be at least 1",
        );
        let published = &self.publications;
        problems.check(
            (1..=10_000).contains(&published.rows),
            "publications.rows",
            "a publication has 1 to 10000 rows",
        );
        problems.check(
            !published.cached.is_zero(),
            "publications.cached",
            "must be positive",
        );
        problems.check(
            (1..=1_000).contains(&published.page_size),
            "publications.page_size",
            "a page holds 1 to 1000 publications",
        );
        problems.check(self.plans > 0, "plans", "must be at least 1");
        let named = self
            .domains
            .iter()
            .map(|(code, limits)| (format!("domains.{code}"), limits));
        for (key, limits) in std::iter::once(("limits".to_owned(), &self.limits)).chain(named) {
            problems.check(
                (1..=10_000).contains(&limits.periods),
                &format!("{key}.periods"),
                "a question has 1 to 10000 periods",
            );
            problems.check(
                (1..=10_000_000).contains(&limits.rows),
                &format!("{key}.rows"),
                "an answer has 1 to 10000000 rows",
            );
        }
    }
}
