//! Spans of time that rows are cut into, and what a change did to each of them.

use chrono::{DateTime, Datelike, NaiveDate, TimeZone, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use value::{Id, Time};

/// How long a chunk is, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interval {
    /// A day.
    Day,
    /// A month.
    Month,
    /// A year.
    Year,
}

impl Interval {
    /// How it is stored and set.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// The interval that is stored so.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        [Self::Day, Self::Month, Self::Year]
            .into_iter()
            .find(|interval| interval.name() == name)
    }

    /// The chunk that a moment is in.
    pub(crate) fn span(self, moment: Time) -> Span {
        let date = moment.to_chrono().date_naive();
        let (year, month, day) = (date.year(), date.month(), date.day());
        let start = match self {
            Self::Day => NaiveDate::from_ymd_opt(year, month, day),
            Self::Month => NaiveDate::from_ymd_opt(year, month, 1),
            Self::Year => NaiveDate::from_ymd_opt(year, 1, 1),
        };
        let end = match self {
            Self::Day => date.succ_opt(),
            Self::Month if month == 12 => NaiveDate::from_ymd_opt(year + 1, 1, 1),
            Self::Month => NaiveDate::from_ymd_opt(year, month + 1, 1),
            Self::Year => NaiveDate::from_ymd_opt(year + 1, 1, 1),
        };
        Span {
            start: start.expect("the first day of something"),
            end: end.expect("years end in chrono's range"),
            interval: self,
        }
    }
}

/// One chunk's span, whole days in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    start: NaiveDate,
    end: NaiveDate,
    interval: Interval,
}

impl PartialOrd for Interval {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Interval {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (*self as u8).cmp(&(*other as u8))
    }
}

impl Span {
    /// Its first moment.
    pub(crate) fn start(&self) -> Time {
        midnight(self.start)
    }

    /// The moment after its last; of the last year that there is, the last microsecond.
    pub(crate) fn end(&self) -> Time {
        midnight(self.end)
    }

    /// Its first day and the day after its last, as `2026-01-31`; the year may have five digits after the end of time.
    pub(crate) fn days(&self) -> (String, String) {
        let text =
            |date: NaiveDate| format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day());
        (text(self.start), text(self.end))
    }

    /// What the partition's name ends with.
    pub(crate) fn suffix(&self) -> String {
        let (year, month, day) = (self.start.year(), self.start.month(), self.start.day());
        match self.interval {
            Interval::Day => format!("_p{year:04}{month:02}{day:02}"),
            Interval::Month => format!("_p{year:04}{month:02}"),
            Interval::Year => format!("_p{year:04}"),
        }
    }
}

fn midnight(date: NaiveDate) -> Time {
    let start: DateTime<Utc> = Utc.from_utc_datetime(&date.and_hms_opt(0, 0, 0).expect("midnight"));
    Time::from_chrono(start)
}

/// The rows of one span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) id: Id,
    /// First moment, of rows without time the first that there is.
    pub(crate) start: Time,
    /// First moment and moment after the last; none where rows have no time.
    pub(crate) span: Option<(Time, Time)>,
    pub(crate) rows: i64,
    pub(crate) data_version: i64,
    pub(crate) created: Time,
    pub(crate) updated: Time,
}

/// What a change does to each chunk of one table: how many rows it has more or less. Rows that changed in place count nothing, and yet
/// their chunk gets a new version.
#[derive(Clone, Debug)]
pub(crate) struct Deltas {
    interval: Option<Interval>,
    chunks: BTreeMap<Option<Span>, i64>,
}

impl Deltas {
    /// Nothing yet, of a table that is cut so.
    pub(crate) fn new(interval: Option<Interval>) -> Self {
        Self {
            interval,
            chunks: BTreeMap::new(),
        }
    }

    /// So many rows more (or fewer, or none: changed in place) at this moment, which is not looked at where rows are not cut in time.
    pub(crate) fn add(&mut self, moment: Option<Time>, rows: i64) {
        let span = self
            .interval
            .zip(moment)
            .map(|(interval, moment)| interval.span(moment));
        *self.chunks.entry(span).or_default() += rows;
    }

    /// Whether nothing was touched.
    pub(crate) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// How many rows more or fewer there are in all.
    pub(crate) fn rows(&self) -> i64 {
        self.chunks.values().sum()
    }

    /// The chunks with their rows, in order.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = (Option<Span>, i64)> + '_ {
        self.chunks.iter().map(|(span, rows)| (*span, *rows))
    }

    /// First and last moment of the chunks that were touched.
    pub(crate) fn range(&self) -> Option<(Time, Time)> {
        let spans = || self.chunks.keys().flatten();
        Some((spans().next()?.start(), spans().next_back()?.end()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn span(interval: Interval, text: &str) -> (String, String, String) {
        let span = interval.span(text.parse().unwrap());
        let (start, end) = span.days();
        (start, end, span.suffix())
    }

    #[test]
    fn spans_are_calendar_days_months_and_years_in_utc() {
        let texts = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        let late = "2026-12-31T23:59:59.999999Z";
        assert_eq!(
            span(Interval::Month, late),
            texts("2026-12-01", "2027-01-01", "_p202612")
        );
        assert_eq!(
            span(Interval::Day, "2024-02-29T12:00:00+13:00"),
            texts("2024-02-28", "2024-02-29", "_p20240228")
        );
        assert_eq!(
            span(Interval::Year, "9999-12-31T00:00:00Z"),
            texts("9999-01-01", "10000-01-01", "_p9999")
        );
        assert_eq!(Interval::Year.span(Time::MAX).end(), Time::MAX);
        assert_eq!(Interval::Month.span(Time::MIN).start(), Time::MIN);
    }

    #[test]
    fn deltas_gather_by_chunk() {
        let mut deltas = Deltas::new(Some(Interval::Month));
        assert!(deltas.is_empty());
        for (text, rows) in [
            ("2026-01-05T00:00:00Z", 2),
            ("2026-01-31T00:00:00Z", -1),
            ("2026-03-01T00:00:00Z", 0),
        ] {
            deltas.add(Some(text.parse().unwrap()), rows);
        }
        assert_eq!(
            deltas.chunks().map(|(_, rows)| rows).collect::<Vec<_>>(),
            [1, 0]
        );
        assert_eq!(deltas.rows(), 1);
        let (start, end) = deltas.range().unwrap();
        assert_eq!(start.to_string(), "2026-01-01T00:00:00Z");
        assert_eq!(end.to_string(), "2026-04-01T00:00:00Z");
        let mut plain = Deltas::new(None);
        plain.add(Some(Time::EPOCH), 3);
        assert_eq!((plain.chunks().count(), plain.range()), (1, None));
    }

    proptest! {
        #[test]
        fn every_moment_lies_in_its_span(micros: i64) {
            let moment = Time::from_micros(micros);
            for interval in [Interval::Day, Interval::Month, Interval::Year] {
                let span = interval.span(moment);
                prop_assert!(span.start() <= moment);
                prop_assert!(moment < span.end() || span.end() == Time::MAX);
                prop_assert_eq!(interval.span(span.start()), span);
            }
        }
    }
}
