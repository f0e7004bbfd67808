//! The books of portfolios add up, and the rows are what the books say.

use super::*;
use crate::model::{parameter::ONE, rows::Values};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn course(seed: u64, moments: i32) -> Course {
    Course {
        seed,
        prefix: "x".to_owned(),
        moments: (0..moments).map(|n| 20_000 + 30 * n).collect(),
        start: 200,
        suspended: 7,
        first: None,
        churn: 50_000,
        fresh: 60_000,
        variation: 200_000,
        spike: None,
    }
}

fn any_course() -> impl Strategy<Value = Course> {
    let spike = (
        1..6_usize,
        1..4_usize,
        1..20_i64,
        proptest::option::of(0..4_usize),
    );
    let spike = spike.prop_map(|(first, periods, factor, region)| Spike {
        first,
        periods,
        factor: factor * ONE / 2,
        region,
    });
    (
        (any::<u64>(), 1..8_i32, 0..200_u64, 0..20_u64),
        (0..=ONE, 0..=ONE / 2, 0..=ONE),
        proptest::option::of(spike),
    )
        .prop_map(
            |((seed, moments, start, suspended), (churn, fresh, variation), spike)| Course {
                start,
                suspended,
                churn,
                fresh,
                variation,
                spike,
                ..course(seed, moments)
            },
        )
}

/// One row of `policy`: id, day, region, line, status, start, premium.
type Seen = (String, i64, String, String, String, i64, i64);

fn seen(portfolio: &Portfolio) -> Vec<Seen> {
    let text = |cell: &Cell| match cell {
        Cell::Text(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    let number = |cell: &Cell| match cell {
        Cell::Integer(number) => *number,
        other => panic!("{other:?}"),
    };
    let row = |row: Row| {
        (
            text(&row[0]),
            number(&row[1]),
            text(&row[3]),
            text(&row[4]),
            text(&row[5]),
            number(&row[6]),
            number(&row[8]),
        )
    };
    portfolio.rows().rows.map(row).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Proves: SIM-04
    #[test]
    fn end_is_start_less_dropped_and_new(course in any_course()) {
        let portfolio = Portfolio::new(course, 1_000_000).unwrap();
        for pair in portfolio.books.windows(2) {
            for (before, after) in pair[0].iter().zip(&pair[1]) {
                prop_assert_eq!(after.active, before.active - after.dropped + after.new);
            }
        }
    }

    /// Proves: SIM-04
    #[test]
    fn the_rows_are_what_the_books_say(course in any_course()) {
        let portfolio = Portfolio::new(course.clone(), 1_000_000).unwrap();
        let rows = seen(&portfolio);
        prop_assert_eq!(u64::try_from(rows.len()).unwrap(), portfolio.policy_rows());
        let keys: BTreeSet<_> = rows.iter().map(|row| (&row.0, row.1)).collect();
        prop_assert_eq!(keys.len(), rows.len());
        let mut before: BTreeSet<&str> = BTreeSet::new();
        for (at, moment) in course.moments.iter().enumerate() {
            let here: Vec<&Seen> = rows.iter().filter(|row| row.1 == i64::from(*moment)).collect();
            let active: BTreeSet<&str> = here.iter().filter(|row| row.4 == "Active").map(|row| row.0.as_str()).collect();
            for (group, figures) in portfolio.books[at].iter().enumerate() {
                let (region, line) = (REGIONS[group / LINES.len()].0, LINES[group % LINES.len()].0);
                let of = |status: &str| here.iter().filter(|row| row.2 == region && row.3 == line && row.4 == status).collect::<Vec<_>>();
                let mine = of("Active");
                prop_assert_eq!(u64::try_from(mine.len()).unwrap(), figures.active);
                prop_assert_eq!(mine.iter().map(|row| row.6).sum::<i64>(), figures.premium);
                if at > 0 {
                    let new = mine.iter().filter(|row| !before.contains(row.0.as_str())).count();
                    prop_assert_eq!(u64::try_from(new).unwrap(), figures.new);
                    // As the story asks for it: by the day that the policy began.
                    let began = mine.iter().filter(|row| row.5 > i64::from(course.moments[at - 1])).count();
                    prop_assert_eq!(began, new);
                    prop_assert_eq!(u64::try_from(of("Terminated").len()).unwrap(), figures.dropped);
                }
            }
            if at > 0 {
                let gone: BTreeSet<&str> = here.iter().filter(|row| row.4 == "Terminated").map(|row| row.0.as_str()).collect();
                prop_assert_eq!(gone, before.difference(&active).copied().collect::<BTreeSet<_>>());
            }
            let suspended = here.iter().filter(|row| row.4 == "Suspended").count();
            prop_assert_eq!(u64::try_from(suspended).unwrap(), course.suspended);
            before = active;
        }
        let of_day = |day: i32| rows.iter().filter(move |row| row.4 == "Active" && row.1 == i64::from(day)).map(|row| &row.0);
        let first: BTreeSet<_> = of_day(course.moments[0]).collect();
        let last: BTreeSet<_> = of_day(course.moments[course.moments.len() - 1]).collect();
        prop_assert_eq!(u64::try_from(first.intersection(&last).count()).unwrap(), portfolio.lasting.iter().sum::<u64>());
        let ever: BTreeSet<_> = rows.iter().filter(|row| row.4 == "Active").map(|row| &row.0).collect();
        prop_assert_eq!(u64::try_from(ever.len()).unwrap(), portfolio.ever.iter().sum::<u64>());
    }

    #[test]
    fn the_same_course_gives_the_same_rows_and_members(course in any_course()) {
        let (a, b) = (Portfolio::new(course.clone(), 1_000_000).unwrap(), Portfolio::new(course, 1_000_000).unwrap());
        prop_assert_eq!(a.rows().rows.collect::<Vec<_>>(), b.rows().rows.collect::<Vec<_>>());
        let members: Vec<_> = a.members().rows.collect();
        prop_assert_eq!(u64::try_from(members.len()).unwrap(), a.member_rows());
        prop_assert_eq!(&members, &b.members().rows.collect::<Vec<_>>());
        let ids: BTreeSet<_> = members.iter().map(|row| format!("{:?}", row[0])).collect();
        let named: BTreeSet<_> = a.rows().rows.map(|row| format!("{:?}", row[2])).collect();
        prop_assert!(named.is_subset(&ids));
    }
}

#[test]
fn a_spike_hits_the_region_it_is_meant_for() {
    let spike = Some(Spike {
        first: 2,
        periods: 1,
        factor: 6 * ONE,
        region: Some(0),
    });
    let of = |spike| {
        let course = Course {
            start: 4_000,
            variation: 0,
            spike,
            ..course(3, 4)
        };
        Portfolio::new(course, 1_000_000).unwrap()
    };
    let (calm, hit) = (of(None), of(spike));
    let dropped = |portfolio: &Portfolio, at: usize, region: usize| {
        let groups = &portfolio.books[at][region * LINES.len()..(region + 1) * LINES.len()];
        groups.iter().map(|group| group.dropped).sum::<u64>()
    };
    assert_eq!(dropped(&calm, 1, 0), dropped(&hit, 1, 0));
    assert!(dropped(&hit, 2, 0) > 4 * dropped(&calm, 2, 0));
    assert_eq!(dropped(&hit, 2, 1), dropped(&calm, 2, 1));
}

#[test]
fn what_is_too_large_is_refused_before_it_is_made() {
    let course = Course {
        start: 1_000,
        fresh: ONE,
        ..course(1, 40)
    };
    assert_eq!(
        Portfolio::new(course, 1_000_000).unwrap_err(),
        TooMany(1_000_000)
    );
}

#[test]
fn batches_are_the_rows_in_order() {
    let portfolio = Portfolio::new(course(1, 3), 1_000_000).unwrap();
    let sizes: Vec<u32> = portfolio
        .rows()
        .batches(100)
        .map(|batch| batch.rows)
        .collect();
    assert_eq!(
        sizes.iter().map(|n| u64::from(*n)).sum::<u64>(),
        portfolio.policy_rows()
    );
    assert!(sizes[..sizes.len() - 1].iter().all(|n| *n == 100));
    let first = portfolio.rows().batches(100).next().unwrap();
    let ends = first
        .columns
        .iter()
        .find(|column| column.attribute == "end_date")
        .unwrap();
    assert_eq!(
        (ends.absent.len(), &ends.values),
        (100, &Values::Integers(vec![0; 100]))
    );
}
