//! Settings of warehouse, section `[services.warehouse]`.

use crate::model::chunk::Interval;
use config::{Problems, Span, Validate};
use serde::{Deserialize, Serialize};

/// Settings of warehouse.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Rows of a page when a list does not say how many.
    pub page_size: u16,
    /// How new tables of events and snapshots are cut in time: `day`, `month` or `year`.
    pub chunk_interval: Interval,
    /// Most chunks of one table. Each is a partition on PostgreSQL: a query over all of them locks each with its indexes, in a lock table
    /// that all sessions of the server share (`max_locks_per_transaction`).
    pub max_chunks: usize,
    /// How often tables of tenants whose definitions changed are brought in line.
    pub follow_interval: Span,
    /// How often every table is compared with the database.
    pub check_interval: Span,
    /// Whether that check puts right what can be.
    pub repair: bool,
    /// That check counts the rows of tables that have at most so many; larger ones are counted when CheckTables asks.
    pub count_rows: u32,
    /// Most groups of one answer; a question with more is refused.
    pub most_groups: usize,
    /// Most different values that one percentile holds, over all its groups; a question with more is refused.
    pub most_values: usize,
    /// How long the database works on one call at most; a call that ends earlier gets no longer.
    pub statement_timeout: Span,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            page_size: 50,
            chunk_interval: Interval::Month,
            max_chunks: 240,
            follow_interval: Span::from_secs(10),
            check_interval: Span::from_secs(600),
            repair: true,
            count_rows: 1_000_000,
            most_groups: 100_000,
            most_values: 200_000,
            statement_timeout: Span::from_secs(120),
        }
    }
}

impl Validate for Config {
    fn validate(&self, problems: &mut Problems) {
        problems.check(
            (1..=1000).contains(&self.page_size),
            "page_size",
            "a page holds 1 to 1000 rows",
        );
        problems.check(
            (1..=100_000).contains(&self.max_chunks),
            "max_chunks",
            "a table has 1 to 100000 chunks",
        );
        problems.check(
            !self.follow_interval.is_zero(),
            "follow_interval",
            "must be longer than nothing",
        );
        problems.check(
            !self.check_interval.is_zero(),
            "check_interval",
            "must be longer than nothing",
        );
        problems.check(
            (1..=10_000_000).contains(&self.most_groups),
            "most_groups",
            "an answer has 1 to 10000000 groups",
        );
        problems.check(
            (1..=10_000_000).contains(&self.most_values),
            "most_values",
            "a percentile holds 1 to 10000000 values",
        );
        problems.check(
            !self.statement_timeout.is_zero(),
            "statement_timeout",
            "must be longer than nothing",
        );
    }
}
