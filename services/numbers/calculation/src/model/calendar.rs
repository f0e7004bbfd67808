//! Spans of time cut into periods: days, weeks from Monday, months, quarters and years of a fiscal year, in a time zone.
//!
//! A period begins where the one before ends, so summer time makes days of 23 and 25 hours and loses or doubles nothing. An hour is one of the
//! clock's: where the clock is put back, the hour that it shows twice is two periods.

use formula::calendar::{parse_date, parse_timestamp, timestamp_text};
use jiff::{
    SignedDuration, Span, Timestamp,
    civil::{Date, Weekday},
    tz::TimeZone,
};
use std::fmt;

/// Length of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Grain {
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Grain {
    /// Every grain, the shortest first.
    pub(crate) const ALL: [Self; 6] = [
        Self::Hour,
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Quarter,
        Self::Year,
    ];

    /// The grain of a name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grain| grain.name() == name)
    }

    /// For people.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }
}

/// A place in time as it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The begin of a day.
    Day(Date),
    /// An instant.
    Moment(Timestamp),
}

impl Place {
    /// Reads `2025-01-31` or an RFC 3339 instant, years 1 to 9999.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if parse_date(text).is_some() {
            return text.parse().ok().map(Self::Day);
        }
        let micros = parse_timestamp(text)?;
        Timestamp::from_microsecond(micros).ok().map(Self::Moment)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => day.fmt(f),
            Self::Moment(at) => at.fmt(f),
        }
    }
}

/// Where a period begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    /// The instant.
    pub(crate) at: Timestamp,
    /// The day that begins there, where one does.
    pub(crate) day: Option<Date>,
}

/// How days and years are cut.
#[derive(Clone, Debug)]
pub(crate) struct Calendar {
    /// Where days begin.
    pub(crate) zone: TimeZone,
    /// The month that fiscal years begin with, 1 to 12.
    pub(crate) fiscal_start: i8,
}

/// Why a span is not cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CutError {
    /// It does not end after it begins.
    Empty,
    /// It has more periods than allowed.
    TooMany,
    /// It leaves the years 1 to 9999.
    OutOfRange,
}

impl Calendar {
    /// The bound at a place.
    pub(crate) fn bound(&self, place: Place) -> Result<Bound, CutError> {
        match place {
            Place::Day(day) => Ok(Bound {
                at: self.begin(day)?,
                day: Some(day),
            }),
            Place::Moment(at) => {
                let day = self.zone.to_datetime(at).date();
                let begins = self.begin(day)? == at;
                Ok(Bound {
                    at,
                    day: begins.then_some(day),
                })
            }
        }
    }

    /// The bounds of the periods from `start` to `end`, both among them; the first and the last period are cut off where a longer one
    /// does not begin or end there.
    pub(crate) fn cut(
        &self,
        start: Bound,
        end: Bound,
        grain: Option<Grain>,
        most: usize,
    ) -> Result<Vec<Bound>, CutError> {
        if start.at >= end.at {
            return Err(CutError::Empty);
        }
        let mut bounds = vec![start];
        let mut day = start
            .day
            .unwrap_or_else(|| self.zone.to_datetime(start.at).date());
        while let Some(grain) = grain {
            let last = bounds[bounds.len() - 1];
            // What lies beyond the calendar's end lies beyond the span's.
            let next = if grain == Grain::Hour {
                let next = self.next_hour(last.at);
                next.and_then(|at| self.bound(Place::Moment(at)))
            } else {
                day = self.next_day(day, grain).unwrap_or(Date::MAX);
                self.bound(Place::Day(day))
            };
            let Some(next) = next.ok().filter(|next| next.at < end.at) else {
                break;
            };
            match bounds.last_mut() {
                // A day that a zone leaves out begins where the next one does, which there is.
                Some(last) if next.at <= last.at => last.day = next.day,
                _ => bounds.push(next),
            }
            if bounds.len() > most {
                return Err(CutError::TooMany);
            }
        }
        bounds.push(end);
        Ok(bounds)
    }

    /// The first instant of a day.
    fn begin(&self, day: Date) -> Result<Timestamp, CutError> {
        let midnight = day.to_datetime(jiff::civil::Time::midnight());
        // Where the clock skips midnight this is the instant of the skip, where it shows it twice the first one.
        self.zone
            .to_ambiguous_timestamp(midnight)
            .compatible()
            .map_err(|_| CutError::OutOfRange)
    }

    /// The next whole hour of the clock, or the instant before it at which the clock is put forward or back.
    fn next_hour(&self, at: Timestamp) -> Result<Timestamp, CutError> {
        let offset = i64::from(self.zone.to_offset(at).seconds());
        let local = at.as_microsecond().div_euclid(1_000_000) + offset;
        let whole = (local.div_euclid(3600) + 1) * 3600 - offset;
        let whole = Timestamp::from_second(whole).map_err(|_| CutError::OutOfRange)?;
        let moved = self
            .zone
            .following(at)
            .take_while(|change| change.timestamp() < whole)
            .find(|change| i64::from(change.offset().seconds()) != offset);
        Ok(moved.map_or(whole, |change| change.timestamp()))
    }

    /// The first day of the period after the one that `day` is in; none beyond the calendar's end.
    fn next_day(&self, day: Date, grain: Grain) -> Option<Date> {
        let months = |months: i16| {
            let month = i16::from(day.month()) - 1 + months;
            let year = day.year() + month.div_euclid(12);
            let month = i8::try_from(month.rem_euclid(12) + 1).ok()?;
            Date::new(year, month, 1).ok()
        };
        let into = self.months_into(day);
        match grain {
            Grain::Hour | Grain::Day => day.tomorrow().ok(),
            Grain::Week => {
                let days = 7 - i64::from(day.weekday().since(Weekday::Monday));
                day.checked_add(SignedDuration::from_hours(24 * days)).ok()
            }
            Grain::Month => months(1),
            Grain::Quarter => months(3 - into % 3),
            Grain::Year => months(12 - into),
        }
    }

    /// Both ends of the latest `count` full periods before `now`; none beyond the calendar's ends. An hour is one of sixty minutes.
    pub(crate) fn latest(
        &self,
        now: Timestamp,
        grain: Grain,
        count: u32,
    ) -> Option<(Place, Place)> {
        let count = i32::try_from(count).ok()?;
        let today = self.zone.to_datetime(now).date();
        let back = match grain {
            Grain::Hour => {
                let end = self.this_hour(now)?;
                let start = end.checked_sub(SignedDuration::from_hours(count.into()));
                return Some((Place::Moment(start.ok()?), Place::Moment(end)));
            }
            Grain::Day => Span::new().try_days(count),
            Grain::Week => Span::new().try_weeks(count),
            Grain::Month => Span::new().try_months(count),
            Grain::Quarter => Span::new().try_months(count.checked_mul(3)?),
            Grain::Year => Span::new().try_years(count),
        };
        let end = self.first_day(today, grain)?;
        let start = end.checked_sub(back.ok()?).ok();
        let start = start.filter(|start| start.year() > 0)?;
        Some((Place::Day(start), Place::Day(end)))
    }

    /// The begin of the clock's hour that an instant is in.
    fn this_hour(&self, at: Timestamp) -> Option<Timestamp> {
        let offset = i64::from(self.zone.to_offset(at).seconds());
        let local = at.as_microsecond().div_euclid(1_000_000) + offset;
        Timestamp::from_second(local.div_euclid(3600) * 3600 - offset).ok()
    }

    /// The first day of the period that a day is in.
    fn first_day(&self, day: Date, grain: Grain) -> Option<Date> {
        let months = match grain {
            Grain::Hour | Grain::Day => return Some(day),
            Grain::Week => {
                let days = day.weekday().since(Weekday::Monday);
                return day.checked_sub(Span::new().days(days)).ok();
            }
            Grain::Month => 0,
            Grain::Quarter => self.months_into(day) % 3,
            Grain::Year => self.months_into(day),
        };
        day.first_of_month()
            .checked_sub(Span::new().months(months))
            .ok()
    }

    /// Months since the fiscal year began.
    fn months_into(&self, day: Date) -> i16 {
        i16::from(day.month() - self.fiscal_start).rem_euclid(12)
    }

    /// Bounds as text: dates where each is the begin of a day, else instants with the zone's offset.
    pub(crate) fn texts(&self, bounds: &[Bound]) -> Vec<String> {
        let days: Option<Vec<_>> = bounds
            .iter()
            .map(|bound| bound.day.map(|day| day.to_string()))
            .collect();
        days.unwrap_or_else(|| {
            let text = |bound: &Bound| {
                let offset = self.zone.to_offset(bound.at);
                bound.at.display_with_offset(offset).to_string()
            };
            bounds.iter().map(text).collect()
        })
    }
}

/// The bound as rows with instants have it: UTC, microseconds.
pub(crate) fn instant_text(bound: Bound) -> String {
    timestamp_text(bound.at.as_microsecond())
}

#[cfg(test)]
mod tests;
