//! When a schedule submits its jobs: cron expressions in time zones, and what becomes of times that passed unseen.

use crate::reasons::SCHEDULE_INVALID;
use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use error::{Error, Violation};
use jiff::{Timestamp, tz::TimeZone};
use std::time::Duration;
use value::Time;

/// Jobs that are submitted at once for times that passed, at most.
const MOST: usize = 100;
/// A time that passed no longer ago counts as seen.
const GRACE: Duration = Duration::from_secs(60);

db::text_enum! {
    /// What a schedule does with times that passed while nobody looked.
    pub enum CatchUp { Skip = "skip", Once = "once", All = "all" }
}

/// A calendar: a cron expression in a time zone.
#[derive(Debug)]
pub struct Calendar {
    cron: Cron,
    zone: TimeZone,
}

/// What is due.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// The times for which a job is submitted, in order.
    pub(crate) times: Vec<Time>,
    /// Times that were passed over.
    pub(crate) missed: i64,
    /// The next time to come; none after the last.
    pub(crate) next: Option<Time>,
}

impl Calendar {
    /// Reads the expression `cron` and the zone `time_zone` of the message at a path; an empty zone is UTC.
    ///
    /// # Errors
    /// `SCHEDULE_INVALID`, with a violation for each of the two fields that cannot be read.
    pub fn parse(at: &str, cron: &str, time_zone: &str) -> Result<Self, Error> {
        let parser = CronParser::builder()
            .seconds(Seconds::Optional)
            .year(Year::Disallowed)
            .build();
        let zone = match time_zone {
            "" => Ok(TimeZone::UTC),
            name => TimeZone::get(name),
        };
        let mut wrong = Vec::new();
        let (cron, zone) = match (parser.parse(cron), zone) {
            (Ok(cron), Ok(zone)) => return Ok(Self { cron, zone }),
            (cron_read, zone) => (
                cron_read.map_err(|cause| format!("`{cron}` is no cron expression: {cause}")),
                zone.map_err(|_| format!("`{time_zone}` is no time zone that is known here")),
            ),
        };
        if let Err(what) = cron {
            wrong.push(("cron", "CRON", what));
        }
        if let Err(what) = zone {
            wrong.push(("time_zone", "TIME_ZONE", what));
        }
        let words: Vec<_> = wrong.iter().map(|(.., what)| what.as_str()).collect();
        let mut error = Error::new(&SCHEDULE_INVALID, words.join("; "));
        for (field, rule, what) in wrong {
            let field = match at {
                "" => field.to_owned(),
                at => format!("{at}.{field}"),
            };
            error = error.with_violation(Violation::new(field, rule, what));
        }
        Err(error)
    }

    /// The first times after `after`, at most so many.
    pub fn times(&self, after: Time, most: usize) -> Vec<Time> {
        std::iter::successors(self.next(after), |last| self.next(*last))
            .take(most)
            .collect()
    }

    /// The first time after `after`.
    pub(crate) fn next(&self, after: Time) -> Option<Time> {
        let moment = Timestamp::from_microsecond(after.micros()).ok()?;
        let from = moment.to_zoned(self.zone.clone());
        let next = self.cron.find_next_occurrence(&from, false).ok()?;
        let next = Time::from_micros(next.timestamp().as_microsecond());
        (next > after).then_some(next)
    }

    /// What is to be submitted at `now` where `first` was the next time.
    pub(crate) fn due(&self, first: Time, now: Time, rule: CatchUp) -> Due {
        let (mut times, mut count, mut at) =
            (std::collections::VecDeque::new(), 0_i64, Some(first));
        while let Some(time) = at.filter(|time| *time <= now) {
            times.push_back(time);
            count += 1;
            if times.len() > MOST {
                times.pop_front();
            }
            at = self.next(time);
        }
        let keep = match rule {
            CatchUp::All => times.len(),
            CatchUp::Once => 1,
            CatchUp::Skip => usize::from(times.back().is_some_and(|last| now - *last <= GRACE)),
        };
        let times: Vec<_> = times.split_off(times.len().saturating_sub(keep)).into();
        let submitted = i64::try_from(times.len()).unwrap_or(0);
        Due {
            times,
            missed: count - submitted,
            next: at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        text.parse().unwrap()
    }

    #[test]
    fn a_zone_keeps_its_wall_clock_over_the_change_of_time() {
        let three = Calendar::parse("", "0 3 * * *", "Europe/Berlin").unwrap();
        let saturday = three.next(time("2026-03-27T12:00:00Z")).unwrap();
        assert_eq!(saturday, time("2026-03-28T02:00:00Z"));
        assert_eq!(three.next(saturday), Some(time("2026-03-29T01:00:00Z")));
        let utc = Calendar::parse("", "*/10 * * * * *", "").unwrap();
        assert_eq!(
            utc.next(time("2026-01-01T00:00:01Z")),
            Some(time("2026-01-01T00:00:10Z"))
        );
    }

    #[test]
    fn what_cannot_be_read_is_said_of_its_field() {
        let night = "0 3 * * *";
        for (cron, zone, fields) in [
            ("", "", ["cron"].as_slice()),
            ("x", "", &["cron"]),
            ("61 * * * *", "", &["cron"]),
            ("0 0 3 1 1 * 2027", "", &["cron"]),
            (night, "Mars/Base", &["time_zone"]),
            ("x", "Mars/Base", &["cron", "time_zone"]),
        ] {
            let error = Calendar::parse("", cron, zone).unwrap_err();
            assert_eq!(error.reason(), "SCHEDULE_INVALID", "{cron} {zone}");
            let told = error.violations().iter();
            assert!(
                told.map(|one| one.field.as_str())
                    .eq(fields.iter().copied())
            );
            let nested = Calendar::parse("schedule", cron, zone).unwrap_err();
            let told = nested.violations().iter();
            assert!(
                told.map(|one| one.field.strip_prefix("schedule."))
                    .eq(fields.iter().copied().map(Some))
            );
        }
    }

    #[test]
    fn times_may_have_an_end_or_never_come() {
        let never = Calendar::parse("", "0 0 30 2 *", "").unwrap();
        assert!(never.times(time("2026-01-01T00:00:00Z"), 5).is_empty());
        let nights = Calendar::parse("", "0 3 * * *", "Europe/Berlin").unwrap();
        let expected = ["2026-03-28T02:00:00Z", "2026-03-29T01:00:00Z"].map(time);
        assert_eq!(nights.times(time("2026-03-27T12:00:00Z"), 2), expected);
    }

    #[test]
    fn times_that_passed_are_caught_up_by_rule() {
        let hourly = Calendar::parse("", "0 * * * *", "").unwrap();
        let (first, now) = (time("2026-01-01T01:00:00Z"), time("2026-01-01T04:30:00Z"));
        let five = time("2026-01-01T05:00:00Z");
        let next = Some(five);
        let due = |rule| hourly.due(first, now, rule);
        assert_eq!(
            due(CatchUp::Skip),
            Due {
                times: vec![],
                missed: 4,
                next
            }
        );
        let last = time("2026-01-01T04:00:00Z");
        assert_eq!(
            due(CatchUp::Once),
            Due {
                times: vec![last],
                missed: 3,
                next
            }
        );
        assert_eq!(due(CatchUp::All).times.len(), 4);
        assert_eq!(due(CatchUp::All).missed, 0);
        // What is due now is no time that passed.
        let on_time = hourly.due(last, last + Duration::from_secs(1), CatchUp::Skip);
        assert_eq!(on_time.times, [last]);
        assert_eq!(
            hourly.due(five, now, CatchUp::All),
            Due {
                times: vec![],
                missed: 0,
                next
            }
        );
    }

    #[test]
    fn a_flood_of_passed_times_is_bounded() {
        let minutely = Calendar::parse("", "* * * * *", "").unwrap();
        let first = time("2026-01-01T00:00:00Z");
        let due = minutely.due(first, time("2026-01-02T00:00:00Z"), CatchUp::All);
        assert_eq!(due.times.len(), MOST);
        assert_eq!(due.missed, 24 * 60 + 1 - 100);
        assert_eq!(due.times.last(), Some(&time("2026-01-02T00:00:00Z")));
    }
}
