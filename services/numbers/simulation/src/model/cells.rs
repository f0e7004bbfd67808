//! Events from the top down: for each day and group first how many there are and what they come to, then the single amounts, which
//! add up to it to the cent. So the truth of a sum needs no look at what it sums.

use super::{
    dice::{Cup, Dice},
    parameter::ONE,
    scenario::TooMany,
    series::{Spec, generate},
};
use std::sync::Arc;

/// One value of a dimension: its name, how much of the whole it takes, and how its amounts compare with the mean, both in millionths.
pub(crate) type Side = (&'static str, i64, i64);

/// Days × groups, drawn one cell at a time.
#[derive(Clone, Debug)]
pub(crate) struct Cells {
    chance: Cup,
    /// Events expected on each day.
    levels: Arc<[f64]>,
    /// Mean amount in cents.
    mean: i64,
    rows: &'static [Side],
    columns: &'static [Side],
}

/// The events of one day in one group.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    /// Day of the span, from 0.
    pub(crate) day: usize,
    /// Index of the first dimension's value.
    pub(crate) row: usize,
    /// Index of the second dimension's value.
    pub(crate) column: usize,
    /// How many events.
    pub(crate) count: u64,
    /// What they come to, in cents.
    pub(crate) cents: i64,
    /// Chance for the single events.
    pub(crate) dice: Dice,
}

/// Counts and sums of the cells of some days in one group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Total {
    /// How many events.
    pub(crate) count: u64,
    /// What they come to, in cents.
    pub(crate) cents: i64,
}

impl Total {
    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            cents: self.cents + other.cents,
        }
    }
}

impl Cells {
    /// Events at the levels of a series of days; refused where there are more than `most`.
    pub(crate) fn new(
        series: &Spec,
        subject: &str,
        mean: i64,
        (rows, columns): (&'static [Side], &'static [Side]),
        most: u64,
    ) -> Result<(Self, u64), TooMany> {
        let levels = generate(series).map(|point| point.value.max(0.0));
        let cells = Self {
            chance: Cup::new(series.seed, subject),
            levels: levels.collect(),
            mean,
            rows,
            columns,
        };
        // Before anything is counted: a series may rise beyond all numbers.
        #[expect(clippy::cast_precision_loss, reason = "a limit, not a count")]
        let limit = most as f64;
        if cells.levels.iter().sum::<f64>() > limit * 2.0 {
            return Err(TooMany(most));
        }
        let mut count = 0_u64;
        for day in 0..cells.levels.len() {
            count += cells.of_day(day).map(|cell| cell.count).sum::<u64>();
            if count > most {
                return Err(TooMany(most));
            }
        }
        Ok((cells, count))
    }

    /// How many days there are.
    pub(crate) fn days(&self) -> usize {
        self.levels.len()
    }

    /// The cells of a day.
    pub(crate) fn of_day(&self, day: usize) -> impl Iterator<Item = Cell> + use<> {
        let this = self.clone();
        let (rows, columns) = (self.rows.len(), self.columns.len());
        (0..rows * columns).map(move |group| this.cell(day, group / columns, group % columns))
    }

    fn cell(&self, day: usize, row: usize, column: usize) -> Cell {
        let group = row * self.columns.len() + column;
        let number = day * self.rows.len() * self.columns.len() + group;
        let mut dice = self.chance.dice(u64::try_from(number).unwrap_or(0));
        let (row_side, column_side) = (self.rows[row], self.columns[column]);
        let part = |millionths: i64| {
            #[expect(clippy::cast_precision_loss, reason = "at most a million")]
            let part = millionths as f64;
            part / 1e6
        };
        let expected = self.levels[day] * part(row_side.1) * part(column_side.1);
        // The next whole number with the chance that is left of it, so that small groups are not lost.
        let whole = libm::floor(expected + dice.unit());
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "neither negative nor above the limit"
        )]
        let count = whole as u64;
        let spread = 800_000 + dice.under(400_001);
        let cents = [row_side.2, column_side.2, spread]
            .iter()
            .fold(i128::from(self.mean), |cents, by| {
                cents * i128::from(*by) / i128::from(ONE)
            });
        let cents = i64::try_from(cents).unwrap_or(i64::MAX / ONE).max(1);
        let cents = cents.saturating_mul(i64::try_from(count).unwrap_or(0));
        Cell {
            day,
            row,
            column,
            count,
            cents,
            dice,
        }
    }

    /// Totals of the days from the first to before the second, by both dimensions.
    pub(crate) fn totals(&self, from: usize, to: usize) -> Vec<Vec<Total>> {
        let mut totals = vec![vec![Total::default(); self.columns.len()]; self.rows.len()];
        for cell in (from..to.min(self.days())).flat_map(|day| self.of_day(day)) {
            let total = &mut totals[cell.row][cell.column];
            *total = total.plus(Total {
                count: cell.count,
                cents: cell.cents,
            });
        }
        totals
    }
}

impl Cell {
    /// The single amounts: as many as there are events, each at least a cent, all of them the total.
    pub(crate) fn amounts(&mut self) -> Vec<i64> {
        let weights: Vec<u64> = (0..self.count)
            .map(|_| 500 + self.dice.below(1_001))
            .collect();
        let whole: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
        let spare = self.cents - i64::try_from(self.count).unwrap_or(0);
        let up_to = |weight: u128| {
            let share = u128::from(spare.unsigned_abs()) * weight / whole.max(1);
            i64::try_from(share).unwrap_or(i64::MAX)
        };
        let (mut weight, mut before) = (0, 0);
        let amount = |next: u64| {
            weight += u128::from(next);
            let here = up_to(weight);
            1 + here - std::mem::replace(&mut before, here)
        };
        weights.into_iter().map(amount).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{series::Trend, span::Step};
    use proptest::prelude::*;

    const ROWS: &[Side] = &[("a", 600_000, ONE), ("b", 400_000, 2 * ONE)];
    const COLUMNS: &[Side] = &[
        ("x", 500_000, ONE),
        ("y", 300_000, ONE / 2),
        ("z", 200_000, ONE / 100),
    ];

    fn spec(seed: u64, points: u32, base: f64, noise: f64) -> Spec {
        let trend = Trend::Share(0.01);
        let (seasons, events) = (Vec::new(), Vec::new());
        Spec {
            seed,
            start: 0,
            points,
            step: Step::Day,
            base,
            trend,
            seasons,
            noise,
            events,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn amounts_add_up_to_the_cent(seed: u64, base in 0.0..60.0_f64, mean in 1..100_000_i64) {
            let (cells, count) = Cells::new(&spec(seed, 20, base, 0.3), "x", mean, (ROWS, COLUMNS), 1_000_000).unwrap();
            let mut all = Total::default();
            for mut cell in (0..20).flat_map(|day| cells.of_day(day)) {
                let amounts = cell.amounts();
                prop_assert_eq!(u64::try_from(amounts.len()).unwrap(), cell.count);
                prop_assert_eq!(amounts.iter().sum::<i64>(), cell.cents);
                prop_assert!(amounts.iter().all(|cents| *cents > 0));
                all = all.plus(Total { count: cell.count, cents: cell.cents });
            }
            prop_assert_eq!(all.count, count);
            let parts = [cells.totals(0, 7), cells.totals(7, 99)];
            let sum = parts.iter().flatten().flatten().fold(Total::default(), |sum, part| sum.plus(*part));
            prop_assert_eq!(sum, all);
        }
    }

    #[test]
    fn the_level_is_kept_and_too_much_is_refused() {
        let (_, count) = Cells::new(
            &spec(3, 200, 50.0, 0.0),
            "x",
            100,
            (ROWS, COLUMNS),
            1_000_000,
        )
        .unwrap();
        let expected: f64 = generate(&spec(3, 200, 50.0, 0.0))
            .map(|point| point.value)
            .sum();
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let share = count as f64 / expected;
        assert!((share - 1.0).abs() < 0.02, "{share}");
        let endless = Spec {
            trend: Trend::Share(5.0),
            ..spec(3, 3_000, 50.0, 0.0)
        };
        assert_eq!(
            Cells::new(&endless, "x", 100, (ROWS, COLUMNS), 1_000).unwrap_err(),
            TooMany(1_000)
        );
    }
}
