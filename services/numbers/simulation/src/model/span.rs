//! The span of a world: days since 1970-01-01, cut into steps from the first day on.

use formula::calendar;
use jiff::{ToSpan, civil::Date};

/// At most so many steps.
pub(crate) const MOST_STEPS: usize = 4_000;

/// Time between snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A day.
    Day,
    /// A week.
    Week,
    /// A month; from the 31st, the last day where there is none.
    Month,
}

impl Step {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The step of a name.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }

    /// `count` steps after `day`; before it where negative. Months are counted from `day`, so that a 31st comes back after a 30th.
    pub(crate) fn after(self, day: i32, count: i32) -> i32 {
        match self {
            Self::Day => day.saturating_add(count),
            Self::Week => day.saturating_add(count.saturating_mul(7)),
            Self::Month => days(date(day).saturating_add(count.months())),
        }
    }

    /// The first day of the step that `day` is in: weeks from Monday.
    pub(crate) fn begin(self, day: i32) -> i32 {
        match self {
            Self::Day => day,
            Self::Week => day - i32::from(date(day).weekday().to_monday_zero_offset()),
            Self::Month => days(date(day).first_of_month()),
        }
    }
}

/// How far a world reaches by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// From one snapshot to another: the last day is a snapshot.
    Ends,
    /// Over whole steps: the last day is the one before the next step.
    Covers,
}

/// First and last day of a world, and its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// First day.
    pub(crate) start: i32,
    /// Last day, included.
    pub(crate) end: i32,
    /// Time between snapshots.
    pub(crate) step: Step,
}

impl Span {
    /// The days that were given, and for the rest `steps` steps up to the step that `today` is in.
    pub(crate) fn of(
        given: (Option<i32>, Option<i32>),
        step: Step,
        (steps, reach): (i32, Reach),
        today: i32,
    ) -> Self {
        let last = match reach {
            Reach::Ends => 0,
            Reach::Covers => 1,
        };
        let ending = |end: i32| step.after(end + last, -steps);
        let (start, end) = match given {
            (Some(start), Some(end)) => (start, end),
            (Some(start), None) => (start, step.after(start, steps) - last),
            (None, Some(end)) => (ending(end), end),
            (None, None) => {
                let end = step.begin(today) - last;
                (ending(end), end)
            }
        };
        Self { start, end, step }
    }

    /// The days of the snapshots: the first day and every step from it, as far as the last day.
    pub(crate) fn moments(&self) -> Vec<i32> {
        let steps = i32::try_from(MOST_STEPS).unwrap_or(i32::MAX);
        (0..=steps)
            .map(|count| self.step.after(self.start, count))
            .take_while(|day| *day <= self.end)
            .collect()
    }

    /// The steps as days from and days before; the last one may be cut short.
    pub(crate) fn periods(&self) -> Vec<(i32, i32)> {
        let moments = self.moments();
        let ends = moments.iter().skip(1).copied().chain([self.end + 1]);
        moments.iter().copied().zip(ends).collect()
    }

    /// How many days it has.
    pub(crate) fn days(&self) -> u32 {
        u32::try_from(self.end - self.start + 1).unwrap_or(0)
    }
}

fn epoch() -> Date {
    jiff::civil::date(1970, 1, 1)
}

fn date(day: i32) -> Date {
    let (year, month, of_month) = calendar::parts(day);
    let part = |number: u32| i8::try_from(number).unwrap_or(1);
    let year = i16::try_from(year).unwrap_or(1970);
    Date::new(year, part(month), part(of_month)).unwrap_or_else(|_| epoch())
}

fn days(date: Date) -> i32 {
    epoch().until(date).map_or(0, |between| between.get_days())
}

/// How many days `day` is after the last Monday, or that Monday itself: 0.
pub(crate) fn weekday(day: i32) -> i32 {
    i32::from(date(day).weekday().to_monday_zero_offset())
}

/// The middle of a month in the year of `day`.
pub(crate) fn mid_month(day: i32, month: i64) -> i32 {
    let month = i8::try_from(month).unwrap_or(1);
    Date::new(date(day).year(), month, 15).map_or(day, days)
}

#[cfg(test)]
mod tests {
    use super::*;
    use formula::calendar::{date_text, parse_date};
    use proptest::prelude::*;

    fn day(text: &str) -> i32 {
        parse_date(text).unwrap()
    }

    fn texts(days: impl IntoIterator<Item = i32>) -> Vec<String> {
        days.into_iter().map(date_text).collect()
    }

    #[test]
    fn months_are_counted_from_the_first_day() {
        let (start, end) = (day("2025-01-31"), day("2025-04-30"));
        let span = Span {
            start,
            end,
            step: Step::Month,
        };
        let expected = ["2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30"];
        assert_eq!(texts(span.moments()), expected);
        assert_eq!(span.periods().last(), Some(&(end, end + 1)));
        assert_eq!(Step::Week.begin(day("2025-11-23")), day("2025-11-17"));
        assert_eq!(weekday(day("2025-11-23")), 6);
        assert_eq!(mid_month(day("2025-11-23"), 2), day("2025-02-15"));
    }

    #[test]
    fn a_span_that_is_not_given_ends_with_the_last_whole_step() {
        let today = day("2025-06-18");
        let of = |given, reach| {
            let span = Span::of(given, Step::Month, (2, reach), today);
            (date_text(span.start), date_text(span.end))
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            of((None, None), Reach::Ends),
            pair("2025-04-01", "2025-06-01")
        );
        assert_eq!(
            of((None, None), Reach::Covers),
            pair("2025-04-01", "2025-05-31")
        );
        let start = Some(day("2024-01-01"));
        assert_eq!(
            of((start, None), Reach::Ends),
            pair("2024-01-01", "2024-03-01")
        );
        assert_eq!(
            of((start, None), Reach::Covers),
            pair("2024-01-01", "2024-02-29")
        );
        let end = Some(day("2024-02-29"));
        assert_eq!(
            of((None, end), Reach::Covers),
            pair("2024-01-01", "2024-02-29")
        );
    }

    proptest! {
        #[test]
        fn steps_cover_the_span_without_gaps(start in 0..40_000_i32, length in 0..900_i32, step in 0..3_usize) {
            let span = Span { start, end: start + length, step: Step::ALL[step] };
            let periods = span.periods();
            prop_assert_eq!(periods[0].0, start);
            prop_assert_eq!(periods[periods.len() - 1].1, span.end + 1);
            prop_assert!(periods.iter().all(|(from, to)| from < to));
            prop_assert!(periods.windows(2).all(|pair| pair[0].1 == pair[1].0));
        }
    }
}
