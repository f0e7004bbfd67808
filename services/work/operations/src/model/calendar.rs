//! When a schedule would begin its operations, as the services that keep schedules reckon it.

use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use jiff::{Timestamp, tz::TimeZone};
use value::Time;

/// A cron expression in a time zone.
#[derive(Debug)]
pub(crate) struct Calendar {
    cron: Cron,
    zone: TimeZone,
}

/// Why there is no such calendar.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// The expression, and what is wrong with it.
    Cron(String),
    /// The zone.
    Zone,
}

impl Calendar {
    /// Reads an expression and a zone; an empty zone is UTC.
    pub(crate) fn parse(cron: &str, zone: &str) -> Result<Self, Unreadable> {
        let parser = CronParser::builder()
            .seconds(Seconds::Optional)
            .year(Year::Disallowed)
            .build();
        let cron = parser
            .parse(cron)
            .map_err(|cause| Unreadable::Cron(cause.to_string()))?;
        let zone = match zone {
            "" => TimeZone::UTC,
            name => TimeZone::get(name).map_err(|_| Unreadable::Zone)?,
        };
        Ok(Self { cron, zone })
    }

    /// The first times after `after`, at most so many.
    pub(crate) fn times(&self, after: Time, most: usize) -> Vec<Time> {
        std::iter::successors(self.next(after), |last| self.next(*last))
            .take(most)
            .collect()
    }

    fn next(&self, after: Time) -> Option<Time> {
        let moment = Timestamp::from_microsecond(after.micros()).ok()?;
        let from = moment.to_zoned(self.zone.clone());
        let next = self.cron.find_next_occurrence(&from, false).ok()?;
        let next = Time::from_micros(next.timestamp().as_microsecond());
        (next > after).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        text.parse().unwrap()
    }

    #[test]
    fn times_keep_the_wall_clock_of_their_zone() {
        let nights = Calendar::parse("0 3 * * *", "Europe/Berlin").unwrap();
        let expected = ["2026-03-28T02:00:00Z", "2026-03-29T01:00:00Z"].map(time);
        assert_eq!(nights.times(time("2026-03-27T12:00:00Z"), 2), expected);
    }

    #[test]
    fn times_may_have_an_end_or_never_come() {
        let never = Calendar::parse("0 0 30 2 *", "").unwrap();
        assert!(never.times(time("2026-01-01T00:00:00Z"), 5).is_empty());
        let seconds = Calendar::parse("*/20 * * * * *", "").unwrap();
        assert_eq!(seconds.times(time("2026-01-01T00:00:00Z"), 3).len(), 3);
    }

    #[test]
    fn what_cannot_be_read_is_told_apart() {
        assert!(matches!(
            Calendar::parse("61 * * * *", ""),
            Err(Unreadable::Cron(_))
        ));
        assert_eq!(
            Calendar::parse("0 3 * * *", "Mars/Base").unwrap_err(),
            Unreadable::Zone
        );
    }
}
