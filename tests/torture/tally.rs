//! What runs have seen, so that a test that saw nothing does not pass.

use super::question::Told;
use std::iter::Sum;

/// How often something came about.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    answered: usize,
    refused: usize,
    too_large: usize,
    /// Messages that were acknowledged.
    pub(crate) delivered: usize,
    /// Things said to be true of generated worlds that were calculated.
    pub(crate) truths: usize,
    /// Operations that ended well.
    pub(crate) operations: usize,
    /// Jobs that another worker went on with after the first had died.
    pub(crate) taken_over: usize,
}

impl Tally {
    /// Counts how a question went.
    pub(crate) fn count(&mut self, told: Told) {
        match told {
            Told::Answered => self.answered += 1,
            Told::Refused => self.refused += 1,
            Told::TooLarge => self.too_large += 1,
        }
    }

    /// Panics if that many seeds must have seen more.
    pub(crate) fn says_enough(&self, seeds: u64) {
        // Of a few runs nothing follows.
        if seeds < 40 {
            return;
        }
        let questions = self.answered >= self.refused && self.answered >= 10 * self.too_large;
        let work = [
            self.delivered,
            self.truths,
            self.operations,
            self.taken_over,
        ];
        assert!(
            questions && work.iter().all(|count| *count > 0),
            "{seeds} seeds saw too little: {self:?}"
        );
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |all, one| Self {
            answered: all.answered + one.answered,
            refused: all.refused + one.refused,
            too_large: all.too_large + one.too_large,
            delivered: all.delivered + one.delivered,
            truths: all.truths + one.truths,
            operations: all.operations + one.operations,
            taken_over: all.taken_over + one.taken_over,
        })
    }
}
