//! The people who take orders, as employed at each snapshot.

use super::REGIONS;
use crate::model::{
    dice::{Cup, Dice},
    people,
    rows::{Cell, Lane, Row, Rows},
    scenario::{Order, TooMany},
};
use std::sync::Arc;

const PEOPLE: &[Lane] = &[
    Lane::Text("person_id"),
    Lane::Integer("snapshot_date"),
    Lane::Text("full_name"),
    Lane::Text("region"),
    Lane::Integer("hired_on"),
];

/// The people employed, by snapshot: those of the lowest numbers.
pub(super) struct Staff {
    prefix: String,
    moments: Vec<i32>,
    /// How many, by snapshot.
    pub(super) counts: Vec<u64>,
    /// Numbers of the people of each region ever employed, ascending.
    of_region: Vec<Vec<u32>>,
    chance: Cup,
}

impl Staff {
    /// A staff that grows from snapshot to snapshot.
    pub(super) fn new(order: &Order, prefix: &str) -> Result<Self, TooMany> {
        let moments = order.span.moments();
        let growth = 1.0 + order.choices.share("hiring_rate");
        #[expect(clippy::cast_precision_loss, reason = "at most 100,000")]
        let first = order.choices.count("headcount") as f64;
        let (mut counts, mut rows) = (Vec::new(), 0_u64);
        for moment in &moments {
            let months = f64::from(moment - order.span.start) / 30.0;
            // Somebody always stays.
            let people = libm::floor(first * libm::pow(growth, months) + 0.5).max(1.0);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "at least one; what is too large is refused"
            )]
            let count = people as u64;
            rows = rows.saturating_add(count);
            if rows > order.most_rows {
                return Err(TooMany(order.most_rows));
            }
            counts.push(count);
        }
        let chance = Cup::new(order.seed, "staff");
        let ever = counts.iter().copied().max().unwrap_or(0);
        let mut of_region = vec![Vec::new(); REGIONS.len()];
        for (number, index) in (0..ever).zip(0_u32..) {
            of_region[region(&mut chance.dice(number))].push(index);
        }
        Ok(Self {
            prefix: prefix.to_owned(),
            moments,
            counts,
            of_region,
            chance,
        })
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How many people were employed at some snapshot.
    pub(super) fn ever(&self) -> u64 {
        self.counts.iter().copied().max().unwrap_or(0)
    }

    /// How many people of a region are employed where there are `count` in all.
    pub(super) fn in_region(&self, region: usize, count: u64) -> u64 {
        let employed = |number: &u32| u64::from(*number) < count;
        let people = self.of_region[region].partition_point(employed);
        u64::try_from(people).unwrap_or(u64::MAX)
    }

    /// Somebody of a region, by chance, employed on a day; none where nobody is.
    pub(super) fn somebody(&self, day: i32, region: usize, dice: &mut Dice) -> Option<String> {
        let at = self.moments.partition_point(|moment| *moment <= day) - 1;
        let index = dice.below(self.in_region(region, self.counts[at]));
        let number = self.of_region[region].get(usize::try_from(index).ok()?)?;
        let employed = u64::from(*number) < self.counts[at];
        employed.then(|| self.id((*number).into()))
    }

    /// The rows of `sales_people`, snapshot by snapshot.
    pub(super) fn people(self: Arc<Self>) -> Rows {
        let people = (0..self.moments.len()).flat_map(move |at| {
            let staff = self.clone();
            (0..staff.counts[at]).map(move |number| staff.row(at, number))
        });
        Rows {
            attributes: PEOPLE,
            rows: Box::new(people),
        }
    }

    fn id(&self, number: u64) -> String {
        format!("{}-S{number:05}", self.prefix)
    }

    fn row(&self, at: usize, number: u64) -> Row {
        let mut dice = self.chance.dice(number);
        let region = region(&mut dice);
        let name = people::full_name(&mut dice);
        // When there were enough for this one for the first time; of the first people up to eight years before.
        let enough = |count: &u64| *count > number;
        let hired = match self.counts.iter().position(enough).unwrap_or(0) {
            0 => self.moments[0] - i32::try_from(dice.below(2_922)).unwrap_or(0),
            later => self.moments[later],
        };
        vec![
            self.id(number).into(),
            self.moments[at].into(),
            Cell::Text(name),
            REGIONS[region].0.into(),
            hired.into(),
        ]
    }
}

fn region(dice: &mut Dice) -> usize {
    dice.weighted(REGIONS.iter().map(|side| side.1.unsigned_abs()))
}
