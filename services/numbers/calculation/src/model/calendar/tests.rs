//! Calendars cut days, hours, fiscal quarters and summer time where clocks do.

use super::*;
use proptest::prelude::*;

const ZONES: [&str; 9] = [
    "UTC",
    "Europe/Amsterdam",
    "America/New_York",
    "America/Havana",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "Africa/Monrovia",
];

fn calendar(zone: &str, fiscal_start: i8) -> Calendar {
    Calendar {
        zone: TimeZone::get(zone).unwrap(),
        fiscal_start,
    }
}

fn cut(zone: &str, fiscal: i8, start: &str, end: &str, grain: Grain) -> Vec<String> {
    let calendar = calendar(zone, fiscal);
    let bound = |text| calendar.bound(Place::parse(text).unwrap()).unwrap();
    let bounds = calendar
        .cut(bound(start), bound(end), Some(grain), 1_000)
        .unwrap();
    calendar.texts(&bounds)
}

#[test]
fn periods_follow_the_calendar() {
    assert_eq!(
        cut("UTC", 1, "2025-01-30", "2025-04-02", Grain::Month),
        [
            "2025-01-30",
            "2025-02-01",
            "2025-03-01",
            "2025-04-01",
            "2025-04-02"
        ]
    );
    assert_eq!(
        cut("UTC", 1, "2025-01-01", "2025-01-14", Grain::Week),
        ["2025-01-01", "2025-01-06", "2025-01-13", "2025-01-14"]
    );
    assert_eq!(
        cut("UTC", 1, "2024-12-30", "2025-01-13", Grain::Week),
        ["2024-12-30", "2025-01-06", "2025-01-13"]
    );
    assert_eq!(
        cut("UTC", 4, "2025-01-01", "2026-05-01", Grain::Quarter),
        [
            "2025-01-01",
            "2025-04-01",
            "2025-07-01",
            "2025-10-01",
            "2026-01-01",
            "2026-04-01",
            "2026-05-01"
        ]
    );
    assert_eq!(
        cut("UTC", 2, "2024-06-01", "2026-06-01", Grain::Quarter),
        [
            "2024-06-01",
            "2024-08-01",
            "2024-11-01",
            "2025-02-01",
            "2025-05-01",
            "2025-08-01",
            "2025-11-01",
            "2026-02-01",
            "2026-05-01",
            "2026-06-01"
        ]
    );
    assert_eq!(
        cut("UTC", 10, "2024-03-01", "2026-01-01", Grain::Year),
        ["2024-03-01", "2024-10-01", "2025-10-01", "2026-01-01"]
    );
    assert_eq!(
        cut("UTC", 1, "2024-02-28", "2024-03-02", Grain::Day),
        ["2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02"]
    );
    assert_eq!(
        cut("UTC", 1, "9999-12-29", "9999-12-30", Grain::Year),
        ["9999-12-29", "9999-12-30"]
    );
}

#[test]
fn summer_time_loses_and_doubles_nothing() {
    let day = cut(
        "Europe/Amsterdam",
        1,
        "2025-03-30",
        "2025-03-31",
        Grain::Hour,
    );
    assert_eq!(day.len(), 24);
    assert_eq!(
        day[1..4],
        [
            "2025-03-30T01:00:00+01:00",
            "2025-03-30T03:00:00+02:00",
            "2025-03-30T04:00:00+02:00"
        ]
    );
    let day = cut(
        "Europe/Amsterdam",
        1,
        "2025-10-26",
        "2025-10-27",
        Grain::Hour,
    );
    assert_eq!(day.len(), 26);
    assert_eq!(
        day[2..5],
        [
            "2025-10-26T02:00:00+02:00",
            "2025-10-26T02:00:00+01:00",
            "2025-10-26T03:00:00+01:00"
        ]
    );
    // Half an hour is put back: the hour that is shown again is cut where it begins again.
    let hours = cut(
        "Australia/Lord_Howe",
        1,
        "2025-04-05T14:00:00Z",
        "2025-04-05T17:00:00Z",
        Grain::Hour,
    );
    assert_eq!(
        hours,
        [
            "2025-04-06T01:00:00+11:00",
            "2025-04-06T01:30:00+10:30",
            "2025-04-06T02:00:00+10:30",
            "2025-04-06T03:00:00+10:30",
            "2025-04-06T03:30:00+10:30"
        ]
    );
    // Days of a zone that has no such midnight, or no such day at all.
    let calendar = calendar("America/Sao_Paulo", 1);
    let skipped = calendar.bound(Place::parse("2018-11-04").unwrap()).unwrap();
    assert_eq!(skipped.at.to_string(), "2018-11-04T03:00:00Z");
    assert_eq!(
        cut("Pacific/Apia", 1, "2011-12-29", "2012-01-01", Grain::Day),
        ["2011-12-29", "2011-12-31", "2012-01-01"]
    );
}

#[test]
fn instants_that_begin_a_day_are_days() {
    let calendar = calendar("Europe/Amsterdam", 1);
    let bound = |text| calendar.bound(Place::parse(text).unwrap()).unwrap();
    assert_eq!(bound("2025-06-30T22:00:00Z"), bound("2025-07-01"));
    assert_eq!(bound("2025-07-01T00:00:00+02:00"), bound("2025-07-01"));
    assert_eq!(bound("2025-07-01T00:00:00Z").day, None);
    assert_eq!(instant_text(bound("2025-07-01")), "2025-06-30T22:00:00Z");
    for wrong in [
        "",
        "2025-02-30",
        "2025-7-1",
        "2025-07-01 00:00",
        "10000-01-01",
        "now",
    ] {
        assert_eq!(Place::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn what_cannot_be_cut_is_told() {
    let calendar = calendar("UTC", 1);
    let bound = |text| calendar.bound(Place::parse(text).unwrap()).unwrap();
    let cut = |start, end, most| calendar.cut(bound(start), bound(end), Some(Grain::Day), most);
    let beyond = calendar.bound(Place::parse("9999-12-31").unwrap());
    assert_eq!(beyond, Err(CutError::OutOfRange));
    assert_eq!(cut("2025-01-01", "2025-01-01", 9), Err(CutError::Empty));
    assert_eq!(cut("2025-01-02", "2025-01-01", 9), Err(CutError::Empty));
    assert_eq!(cut("2025-01-01", "2025-01-11", 9), Err(CutError::TooMany));
    assert_eq!(cut("2025-01-01", "2025-01-11", 10).unwrap().len(), 11);
    assert_eq!(
        cut("0001-01-01", "9999-12-30", 10_000),
        Err(CutError::TooMany)
    );
}

fn grains() -> impl Strategy<Value = Grain> {
    prop_oneof![
        Just(Grain::Hour),
        Just(Grain::Day),
        Just(Grain::Week),
        Just(Grain::Month),
        Just(Grain::Quarter),
        Just(Grain::Year)
    ]
}

/// Which period of the clock an instant is in, told independently: two instants of one period have one name.
fn name(calendar: &Calendar, at: Timestamp, grain: Grain) -> String {
    let local = calendar.zone.to_datetime(at);
    let fiscal = local
        .date()
        .first_of_month()
        .saturating_sub(jiff::Span::new().months(calendar.fiscal_start - 1));
    match grain {
        Grain::Hour => format!(
            "{} {} {}",
            local.date(),
            local.hour(),
            calendar.zone.to_offset(at)
        ),
        Grain::Day => local.date().to_string(),
        Grain::Week => format!(
            "{:?}",
            (
                local.date().iso_week_date().year(),
                local.date().iso_week_date().week()
            )
        ),
        Grain::Month => format!("{}-{}", local.year(), local.month()),
        Grain::Quarter => format!("{} {}", fiscal.year(), (fiscal.month() - 1) / 3),
        Grain::Year => fiscal.year().to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever the zone, a period holds the instants of one hour, day and so on of its clock, and all of them that the span has.
    #[test]
    fn a_period_is_one_of_the_clock(
        zone in 0..ZONES.len(), fiscal in 1..=12_i8, grain in grains(), from in 0..1_900_000_000_i64, length in 1..4_000_i64,
        inside in proptest::collection::vec(0.0..1.0_f64, 12),
    ) {
        let calendar = calendar(ZONES[zone], fiscal);
        let unit = match grain { Grain::Hour => 97, Grain::Day => 1_009, Grain::Week => 7_001, _ => 50_021 };
        let (from, to) = (from, from + length * unit);
        let bound = |at| calendar.bound(Place::Moment(Timestamp::from_second(at).unwrap())).unwrap();
        let bounds = calendar.cut(bound(from), bound(to), Some(grain), 10_000).unwrap();
        prop_assert!(bounds.windows(2).all(|pair| pair[0].at < pair[1].at));
        prop_assert_eq!((bounds[0].at.as_second(), bounds[bounds.len() - 1].at.as_second()), (from, to));
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "any instant will do")]
        let mut places: Vec<_> = inside.iter().map(|share| from + ((to - from) as f64 * share) as i64).collect();
        // Both sides of every bound.
        places.extend(bounds.iter().take(40).flat_map(|b| [b.at.as_second() - 1, b.at.as_second()]).filter(|at| (from..to).contains(at)));
        places.sort_unstable();
        let found: Vec<_> = places.into_iter().map(|at| {
            let at = Timestamp::from_second(at).unwrap();
            (bounds.partition_point(|bound| bound.at <= at), name(&calendar, at, grain))
        }).collect();
        for pair in found.windows(2) {
            prop_assert_eq!(pair[0].0 == pair[1].0, pair[0].1 == pair[1].1, "{:?} {:?}", pair, calendar.texts(&bounds));
        }
    }
}

fn latest(zone: &str, fiscal: i8, now: &str, grain: Grain, count: u32) -> (String, String) {
    let (start, end) = calendar(zone, fiscal)
        .latest(now.parse().unwrap(), grain, count)
        .unwrap();
    (start.to_string(), end.to_string())
}

#[test]
fn the_latest_periods_are_full() {
    let now = "2026-11-21T23:30:00Z";
    for (grain, count, start, end) in [
        (Grain::Day, 1, "2026-11-20", "2026-11-21"),
        (Grain::Week, 2, "2026-11-02", "2026-11-16"),
        (Grain::Month, 1, "2026-10-01", "2026-11-01"),
        (Grain::Quarter, 4, "2025-10-01", "2026-10-01"),
        (Grain::Year, 1, "2025-01-01", "2026-01-01"),
        (
            Grain::Hour,
            3,
            "2026-11-21T20:00:00Z",
            "2026-11-21T23:00:00Z",
        ),
    ] {
        let expected = (start.to_owned(), end.to_owned());
        assert_eq!(latest("UTC", 1, now, grain, count), expected, "{grain:?}");
    }
    // In Amsterdam it is the next day already, and in Kolkata clocks show half past five.
    let day = latest("Europe/Amsterdam", 1, now, Grain::Day, 1);
    assert_eq!(day, ("2026-11-21".to_owned(), "2026-11-22".to_owned()));
    let hour = latest("Asia/Kolkata", 1, now, Grain::Hour, 1);
    assert_eq!(hour.1, "2026-11-21T23:30:00Z");
    // A fiscal year from April, and its quarters.
    let year = latest("UTC", 4, now, Grain::Year, 1);
    assert_eq!(year, ("2025-04-01".to_owned(), "2026-04-01".to_owned()));
    let quarter = latest("UTC", 2, now, Grain::Quarter, 1);
    assert_eq!(quarter, ("2026-08-01".to_owned(), "2026-11-01".to_owned()));
    assert!(
        calendar("UTC", 1)
            .latest(now.parse().unwrap(), Grain::Year, 3_000)
            .is_none()
    );
}

proptest! {
    /// As many periods are cut out of the latest ones as were asked for, the last of which is over.
    #[test]
    fn the_latest_periods_are_as_many(seconds in 1_600_000_000_i64..1_900_000_000, grain in 1..6_usize, count in 1..30_u32, fiscal in 1..13_i8, zone in 0..2_usize) {
        let calendar = calendar(ZONES[zone], fiscal);
        let grain = [Grain::Hour, Grain::Day, Grain::Week, Grain::Month, Grain::Quarter, Grain::Year][grain];
        let now = Timestamp::from_second(seconds).unwrap();
        let (start, end) = calendar.latest(now, grain, count).unwrap();
        let (start, end) = (calendar.bound(start).unwrap(), calendar.bound(end).unwrap());
        let bounds = calendar.cut(start, end, Some(grain), 100).unwrap();
        prop_assert_eq!(bounds.len(), count as usize + 1);
        prop_assert!(end.at <= now);
        // The period that now is in is not over.
        let next = calendar.cut(end, calendar.bound(Place::Moment(now + SignedDuration::from_hours(1))).unwrap(), Some(grain), 100).unwrap();
        prop_assert!(next[1].at > now);
    }
}
