//! The course of a portfolio: how many drop and are new in each period, and who.

use super::Placed;
use crate::model::{
    dice::{Cup, Dice},
    insured::{Insured, REGIONS, member_of},
    parameter::ONE,
    scenario::TooMany,
};
use std::sync::Arc;

/// What is to happen.
#[derive(Clone, Debug)]
pub(crate) struct Course {
    /// Chance.
    pub(crate) seed: u64,
    /// What numbers begin with.
    pub(crate) prefix: String,
    /// Days of the snapshots, at least one.
    pub(crate) moments: Vec<i32>,
    /// Policies at the first snapshot.
    pub(crate) start: u64,
    /// Policies that are suspended throughout, and in no count of active ones.
    pub(crate) suspended: u64,
    /// How many drop and are new in the first period, where that is fixed.
    pub(crate) first: Option<(u64, u64)>,
    /// Share that drops in a period, in millionths.
    pub(crate) churn: i64,
    /// Share that is new in a period, of the policies at its start, in millionths.
    pub(crate) fresh: i64,
    /// How far the shares go up and down by chance, in millionths of them.
    pub(crate) variation: i64,
    /// Periods in which more drop.
    pub(crate) spike: Option<Spike>,
}

/// Periods in which more drop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spike {
    /// First one, from 1.
    pub(crate) first: usize,
    /// How many.
    pub(crate) periods: usize,
    /// How many times the usual, in millionths.
    pub(crate) factor: i64,
    /// In this region alone, by index.
    pub(crate) region: Option<usize>,
}

/// Who is active, by region: four bytes a policy are all that is kept of it.
pub(super) struct Active {
    course: Arc<Course>,
    insured: Insured,
    chance: Cup,
    pub(super) by_region: [Vec<u32>; REGIONS.len()],
    /// Number of the next policy.
    pub(super) next: u64,
    at: usize,
}

impl Active {
    /// The policies of the start; `each` hears of every one.
    pub(super) fn new(
        course: &Arc<Course>,
        insured: Insured,
        each: impl FnMut(usize, u64),
    ) -> Self {
        let mut active = Self {
            course: course.clone(),
            insured,
            chance: course.chance(),
            by_region: Default::default(),
            next: course.suspended,
            at: 0,
        };
        active.join(course.start, each);
        active
    }

    /// Lets new ones in; `each` hears of every one.
    pub(super) fn join(&mut self, count: u64, mut each: impl FnMut(usize, u64)) {
        for number in self.next..self.next + count {
            let region = self.insured.region(member_of(number));
            self.by_region[region].push(u32::try_from(number).expect("fewer rows than that"));
            each(region, number);
        }
        self.next += count;
    }

    /// How many there are.
    pub(super) fn total(&self) -> u64 {
        self.by_region.iter().map(|numbers| length(numbers)).sum()
    }

    /// How many drop everywhere and are new in the period that comes.
    pub(super) fn change(&self) -> (u64, u64) {
        self.course.change(&self.chance, self.at + 1, self.total())
    }

    /// Lets so many drop everywhere, and those of a spike in one region; the next period has begun.
    pub(super) fn drop(&mut self, everywhere: u64) -> Vec<Placed> {
        self.at += 1;
        let mut dice = self.chance.dice(number(self.at) * 2 + 1);
        // More than usual in one region, on top of what drops everywhere.
        let extra = self.course.spike_at(self.at).and_then(|spike| {
            let region = spike.region?;
            let usual = share(length(&self.by_region[region]), self.course.churn);
            Some((region, share(usual, (spike.factor - ONE).max(0))))
        });
        let mut gone = Vec::new();
        for _ in 0..everywhere {
            let lengths = self.by_region.each_ref().map(|numbers| length(numbers));
            let region = dice.weighted(lengths.iter().copied());
            let taken = take(&mut self.by_region[region], &mut dice);
            gone.extend(taken.map(|number| (region, number)));
        }
        let (region, count) = extra.unwrap_or_default();
        for _ in 0..count {
            let taken = take(&mut self.by_region[region], &mut dice);
            gone.extend(taken.map(|number| (region, number)));
        }
        gone
    }
}

impl Course {
    fn chance(&self) -> Cup {
        Cup::new(self.seed, "portfolio")
    }

    fn spike_at(&self, at: usize) -> Option<Spike> {
        let on = |spike: &Spike| at >= spike.first && at - spike.first < spike.periods;
        self.spike.filter(on)
    }

    /// How many of `total` drop everywhere in the period `at`, from 1, and how many are new.
    fn change(&self, chance: &Cup, at: usize, total: u64) -> (u64, u64) {
        if let (Some(first), 1) = (self.first, at) {
            return first;
        }
        let mut dice = chance.dice(number(at) * 2);
        let variation = self.variation;
        let mut vary = |rate: i64| rate * (ONE - variation + dice.under(2 * variation + 1)) / ONE;
        let (churn, fresh) = (vary(self.churn), vary(self.fresh));
        let everywhere = match self.spike_at(at) {
            Some(spike) if spike.region.is_none() => times(churn, spike.factor),
            _ => churn,
        };
        (share(total, everywhere).min(total), share(total, fresh))
    }

    /// Refuses what is too large for sure, before anybody is drawn: counts alone are quick.
    pub(super) fn refuse(&self, most: u64) -> Result<(), TooMany> {
        let chance = self.chance();
        let mut total = self.start;
        let mut rows = total.saturating_add(self.suspended);
        // What drops in one region depends on who lives there.
        let known = self.spike.is_none_or(|spike| spike.region.is_none());
        let periods = if known { self.moments.len() } else { 1 };
        for at in 1..periods {
            if rows > most {
                break;
            }
            let (dropped, new) = self.change(&chance, at, total);
            rows = rows
                .saturating_add(total + new)
                .saturating_add(self.suspended);
            total = total - dropped + new;
        }
        if rows > most {
            Err(TooMany(most))
        } else {
            Ok(())
        }
    }
}

fn number(at: usize) -> u64 {
    u64::try_from(at).unwrap_or(0)
}

fn length(numbers: &[u32]) -> u64 {
    u64::try_from(numbers.len()).unwrap_or(u64::MAX)
}

/// Takes one away by chance; none where there is none left.
fn take(numbers: &mut Vec<u32>, dice: &mut Dice) -> Option<u64> {
    if numbers.is_empty() {
        return None;
    }
    let index = usize::try_from(dice.below(length(numbers))).ok()?;
    Some(numbers.swap_remove(index).into())
}

/// A share, in millionths, of a count, to the nearest whole.
fn share(count: u64, millionths: i64) -> u64 {
    let one = u128::from(ONE.unsigned_abs());
    let wide = u128::from(count) * u128::from(millionths.max(0).unsigned_abs());
    u64::try_from((wide + one / 2) / one).unwrap_or(u64::MAX)
}

/// A product of millionths.
fn times(a: i64, b: i64) -> i64 {
    i64::try_from(i128::from(a) * i128::from(b) / i128::from(ONE)).unwrap_or(i64::MAX)
}
