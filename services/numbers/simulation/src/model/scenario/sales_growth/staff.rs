//! The people who take orders, as employed at each snapshot.

use super::REGIONS;
use crate::model::{
    dice::{Cup, Dice},
    parameter::ONE,
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
struct Staff {
    prefix: String,
    moments: Vec<i32>,
    /// How many, exactly, in millionths; and how many they are.
    counts: Vec<u64>,
    /// Index of the region of each person ever employed.
    regions: Vec<u8>,
    /// Numbers of the people of each region, ascending.
    of_region: Vec<Vec<u32>>,
    chance: Cup,
}

impl Staff {
    fn new(order: &Order, prefix: &str) -> Result<Self, TooMany> {
        let moments = order.span.moments();
        let rate = i128::from(ONE + order.choices.number("hiring_rate"));
        let mut exact = i128::from(order.choices.number("headcount")) * i128::from(ONE);
        let (mut counts, mut rows) = (Vec::new(), 0_u64);
        for _ in &moments {
            // Somebody always stays.
            let count = ((exact + i128::from(ONE / 2)) / i128::from(ONE)).max(1);
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            rows = rows.saturating_add(count);
            if rows > order.most_rows {
                return Err(TooMany(order.most_rows));
            }
            counts.push(count);
            exact = exact * rate / i128::from(ONE);
        }
        let chance = Cup::new(order.seed, "staff");
        let ever = counts.iter().copied().max().unwrap_or(0);
        let regions: Vec<u8> = (0..ever)
            .map(|number| u8::try_from(region(&mut chance.dice(number))).unwrap_or(0))
            .collect();
        let mut of_region = vec![Vec::new(); REGIONS.len()];
        for (number, region) in (0_u32..).zip(&regions) {
            of_region[usize::from(*region)].push(number);
        }
        let prefix = prefix.to_owned();
        Ok(Self {
            prefix,
            moments,
            counts,
            regions,
            of_region,
            chance,
        })
    }

    fn rows(&self) -> u64 {
        self.counts.iter().sum()
    }

    fn id(&self, number: u64) -> String {
        format!("{}-S{number:05}", self.prefix)
    }

    /// How many people of a region, or of all, are employed where there are `count` in all.
    fn count(&self, count: u64, region: Option<usize>) -> u64 {
        let Some(region) = region else { return count };
        let employed = |number: &u32| u64::from(*number) < count;
        let people = self.of_region[region].partition_point(employed);
        u64::try_from(people).unwrap_or(u64::MAX)
    }

    fn row(&self, at: usize, number: u64) -> Row {
        let mut dice = self.chance.dice(number);
        let region = region(&mut dice);
        let name = people::full_name(&mut dice);
        // When there were enough for this one for the first time; of the first people up to eight years before.
        let first = self
            .counts
            .iter()
            .position(|count| *count > number)
            .unwrap_or(0);
        let hired = match first {
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

fn region(dice: &mut crate::model::dice::Dice) -> usize {
    dice.weighted(REGIONS.iter().map(|side| side.1.unsigned_abs()))
}

