//! Periods of any grain, in any time zone, cut with another calendar than the one under test uses.

use super::values::Random;
use formula::{DataType, calendar as days, sql::Moment};
use jiff::{ToSpan, civil::Date, tz::TimeZone};
use rand::Rng;

const ZONES: [&str; 6] = [
    "",
    "UTC",
    "Europe/Amsterdam",
    "America/New_York",
    "Asia/Kathmandu",
    "Pacific/Auckland",
];

/// A span of time that a value is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    from: Edge,
    to: Edge,
}

/// A bound: a day, and the instant that it begins at.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Edge {
    day: Option<Date>,
    micros: i64,
}

impl Period {
    /// The bounds for rows placed by a time attribute of this type.
    pub(crate) fn of(&self, time: DataType) -> (Moment, Moment) {
        let moment = |edge: &Edge| match (time, edge.day) {
            (DataType::Date, Some(day)) => {
                Moment::Date(days::parse_date(&day.to_string()).expect("a day"))
            }
            _ => Moment::Timestamp(edge.micros),
        };
        (moment(&self.from), moment(&self.to))
    }

    /// Its first day and the day after its last, where days begin at both ends.
    pub(crate) fn days(&self) -> Option<(String, String)> {
        Some((self.from.day?.to_string(), self.to.day?.to_string()))
    }

    /// Whether an answer's text is this period's begin: a day or an instant.
    pub(crate) fn begins(&self, text: &str) -> bool {
        match &self.from.day {
            Some(day) if text.len() == 10 => day.to_string() == text,
            _ => text
                .parse::<jiff::Timestamp>()
                .is_ok_and(|at| at.as_microsecond() == self.from.micros),
        }
    }
}

/// A calendar part of a request, and the periods it means.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) start: String,
    pub(crate) end: String,
    pub(crate) grain: &'static str,
    pub(crate) zone: &'static str,
    pub(crate) fiscal: i64,
    pub(crate) periods: Vec<Period>,
}

impl Span {
    /// All time.
    pub(crate) fn none() -> Self {
        Self {
            start: String::new(),
            end: String::new(),
            grain: "GRAIN_UNSPECIFIED",
            zone: "",
            fiscal: 0,
            periods: Vec::new(),
        }
    }

    /// A random span, cut or whole, that begins and ends with its grain.
    pub(crate) fn any(random: &mut Random) -> Self {
        let zone = ZONES[random.random_range(0..ZONES.len())];
        let fiscal = if random.random_ratio(1, 3) {
            random.random_range(1..=12)
        } else {
            0
        };
        let first = Date::constant(2024, 3, 26) + random.random_range(0..7).days();
        let first = match random.random_range(0..4) {
            0 => Date::constant(2024, 10, 24) + random.random_range(0..3).days(),
            _ => first,
        };
        let month = first.first_of_month();
        let (grain, starts): (&'static str, Vec<Date>) = match random.random_range(0..7) {
            0 => (
                "GRAIN_UNSPECIFIED",
                vec![first, first + random.random_range(1..9).days()],
            ),
            1 | 2 => (
                "GRAIN_DAY",
                (0..=random.random_range(1..8))
                    .map(|n| first + n.days())
                    .collect(),
            ),
            3 => {
                let monday = first - i64::from(first.weekday().to_monday_zero_offset()).days();
                (
                    "GRAIN_WEEK",
                    (0..=random.random_range(1..4))
                        .map(|n| monday + (7 * n).days())
                        .collect(),
                )
            }
            4 => (
                "GRAIN_MONTH",
                (0..=random.random_range(1..4))
                    .map(|n| month + n.months())
                    .collect(),
            ),
            5 => {
                // Back to a month that a quarter begins with.
                let begins = fiscal.max(1);
                let back = (i64::from(month.month()) - begins).rem_euclid(3);
                let quarter = month - back.months();
                (
                    "GRAIN_QUARTER",
                    (0..=random.random_range(1..4))
                        .map(|n| quarter + (3 * n).months())
                        .collect(),
                )
            }
            _ => {
                let begins = fiscal.max(1);
                let back = (i64::from(month.month()) - begins).rem_euclid(12);
                let year = month - back.months();
                (
                    "GRAIN_YEAR",
                    (0..=random.random_range(1..3))
                        .map(|n| year + (12 * n).months())
                        .collect(),
                )
            }
        };
        let mut starts = starts;
        let days = |from: Date, to: Date| i64::from(from.until(to).expect("days").get_days());
        if random.random() {
            // The first and the last period are cut off where the span does not begin and end with them.
            let room = days(starts[0], starts[1]);
            starts[0] += random.random_range(0..room).days();
            let last = starts.len() - 1;
            let room = days(starts[last - 1], starts[last]);
            starts[last] -= random.random_range(0..room).days();
        }
        Self::of(grain, zone, fiscal, &starts)
    }

    /// Hours of a day or two; only of rows placed by instants.
    pub(crate) fn hours(random: &mut Random) -> Self {
        let zone = ZONES[random.random_range(0..ZONES.len())];
        let day = Date::constant(2024, 3, 30) + random.random_range(0..2).days();
        let mut span = Self::of("GRAIN_HOUR", zone, 0, &[day, day + 1.days()]);
        let whole = span.periods.remove(0);
        let (from, to) = (whole.from.micros, whole.to.micros);
        let hour = |at: i64| Edge {
            day: None,
            micros: at,
        };
        let begins = (from..to).step_by(3_600_000_000);
        span.periods = begins
            .map(|at| Period {
                from: hour(at),
                to: hour((at + 3_600_000_000).min(to)),
            })
            .collect();
        span
    }

    fn of(grain: &'static str, zone: &'static str, fiscal: i64, starts: &[Date]) -> Self {
        let place = TimeZone::get(if zone.is_empty() { "UTC" } else { zone }).expect("a zone");
        let edge = |day: &Date| Edge {
            day: Some(*day),
            micros: day
                .to_zoned(place.clone())
                .expect("a midnight")
                .timestamp()
                .as_microsecond(),
        };
        let edges: Vec<Edge> = starts.iter().map(edge).collect();
        let periods = edges.windows(2).map(|pair| Period {
            from: pair[0].clone(),
            to: pair[1].clone(),
        });
        Self {
            start: starts[0].to_string(),
            end: starts[starts.len() - 1].to_string(),
            grain,
            zone,
            fiscal,
            periods: periods.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_in_march_is_short() {
        let days: Vec<Date> = (30..32).map(|day| Date::constant(2024, 3, day)).collect();
        let days: Vec<Date> = days
            .into_iter()
            .chain([Date::constant(2024, 4, 1)])
            .collect();
        let span = Span::of("GRAIN_DAY", "Europe/Amsterdam", 0, &days);
        let hours = |period: &Period| (period.to.micros - period.from.micros) / 3_600_000_000;
        assert_eq!(span.periods.iter().map(hours).collect::<Vec<_>>(), [24, 23]);
        assert!(
            span.periods[1].begins("2024-03-31")
                && span.periods[1].begins("2024-03-31T00:00:00+01:00")
        );
        assert_eq!(span.periods[0].of(DataType::Date).0, Moment::Date(19_812));
    }
}
