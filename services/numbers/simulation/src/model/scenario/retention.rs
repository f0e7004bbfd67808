//! What the scenarios of policies have in common: the world of a portfolio, and what is true of it.

use super::World;
use crate::model::{
    insured::{LINES, REGIONS},
    portfolio::{Figures, Portfolio},
    rows::Rows,
    truth::{Truth, hundredths, ratio, whole},
};
use formula::Exact;

/// What is written and measured.
pub(super) const ONTOLOGY: &str = include_str!("../../../ontologies/retention.yaml");

/// A portfolio as a world.
pub(super) struct Insurer {
    pub(super) portfolio: Portfolio,
    /// Days of the snapshots.
    pub(super) moments: Vec<i32>,
    /// Day after the last.
    pub(super) end: i32,
}

/// Sets at the ends of a period.
#[derive(Clone, Copy)]
struct Sets {
    start: u64,
    end: u64,
    new: u64,
}

impl World for Insurer {
    fn count(&self, entity: &str) -> u64 {
        match entity {
            "policy" => self.portfolio.policy_rows(),
            "member" => self.portfolio.member_rows(),
            _ => 0,
        }
    }

    fn rows(&self, entity: &str) -> Option<Rows> {
        match entity {
            "policy" => Some(self.portfolio.rows()),
            "member" => Some(self.portfolio.members()),
            _ => None,
        }
    }

    fn truths(&self) -> Vec<Truth> {
        let mut out = Vec::new();
        for (dimensions, groups) in slices() {
            self.sets(&dimensions, &groups, &mut out);
            self.snapshots(&dimensions, &groups, &mut out);
        }
        out
    }
}

type Dimensions = Vec<(&'static str, &'static str)>;

/// Everything, each region and each line of business, with the groups that belong to it.
fn slices() -> Vec<(Dimensions, Vec<usize>)> {
    let lines = LINES.len();
    let all = (Vec::new(), (0..REGIONS.len() * lines).collect());
    let region = |at: usize| {
        (
            vec![("region_code", REGIONS[at].0)],
            (at * lines..(at + 1) * lines).collect(),
        )
    };
    let line = |at: usize| {
        let groups = (0..REGIONS.len()).map(|region| region * lines + at);
        (vec![("line_of_business", LINES[at].0)], groups.collect())
    };
    std::iter::once(all)
        .chain((0..REGIONS.len()).map(region))
        .chain((0..lines).map(line))
        .collect()
}

impl Insurer {
    /// Truths of the metrics that compare sets: from each snapshot to the next, and from the first to the last.
    fn sets(&self, dimensions: &Dimensions, groups: &[usize], out: &mut Vec<Truth>) {
        let sum = |at: usize, of: fn(&Figures) -> u64| -> u64 {
            groups
                .iter()
                .map(|group| of(&self.portfolio.books[at][*group]))
                .sum()
        };
        let last = self.moments.len() - 1;
        for at in 1..=last {
            let sets = Sets {
                start: sum(at - 1, |group| group.active),
                end: sum(at, |group| group.active),
                new: sum(at, |group| group.new),
            };
            sets.truths((self.moments[at - 1], self.moments[at]), dimensions, out);
        }
        if last > 1 {
            let lasting: u64 = groups
                .iter()
                .map(|group| self.portfolio.lasting[*group])
                .sum();
            let end = sum(last, |group| group.active);
            let sets = Sets {
                start: sum(0, |group| group.active),
                end,
                new: end - lasting,
            };
            sets.truths((self.moments[0], self.moments[last]), dimensions, out);
        }
    }

    /// Truths of the metrics over snapshots: for each step, and for all of them.
    fn snapshots(&self, dimensions: &Dimensions, groups: &[usize], out: &mut Vec<Truth>) {
        let ends = self.moments.iter().skip(1).copied().chain([self.end]);
        let mut premiums = Exact::ZERO;
        for (at, (start, end)) in self.moments.iter().copied().zip(ends).enumerate() {
            let mine = groups.iter().map(|group| self.portfolio.books[at][*group]);
            let (active, premium) = mine.fold((0, 0), |(count, cents), group| {
                (count + group.active, cents + group.premium)
            });
            premiums = premiums.plus(hundredths(premium)).expect("64 bits fit 128");
            earned((start, end), dimensions, (active, hundredths(premium)), out);
        }
        if self.moments.len() > 1 {
            let ever = groups.iter().map(|group| self.portfolio.ever[*group]).sum();
            earned(
                (self.moments[0], self.end),
                dimensions,
                (ever, premiums),
                out,
            );
        }
    }
}

impl Sets {
    fn truths(self, (start, end): (i32, i32), dimensions: &Dimensions, out: &mut Vec<Truth>) {
        let retained = self.end - self.new;
        let figures = vec![
            ("start", whole(self.start)),
            ("end", whole(self.end)),
            ("new", whole(self.new)),
            ("retained", whole(retained)),
            ("dropped", whole(self.start - retained)),
        ];
        let values = [
            ("policies_at_start", Some(whole(self.start))),
            ("policies_at_end", Some(whole(self.end))),
            ("policies_new", Some(whole(self.new))),
            ("policies_dropped", Some(whole(self.start - retained))),
            ("retention_rate", ratio(whole(retained), whole(self.start))),
            (
                "retention_rate_simple",
                ratio(whole(self.end), whole(self.start)),
            ),
        ];
        out.extend(values.map(|(metric, value)| Truth {
            metric,
            start,
            end,
            dimensions: dimensions.clone(),
            value,
            figures: figures.clone(),
        }));
    }
}

/// Truths of policies and premiums.
fn earned(
    (start, end): (i32, i32),
    dimensions: &Dimensions,
    (active, premium): (u64, Exact),
    out: &mut Vec<Truth>,
) {
    let figures = vec![
        ("policies_active", whole(active)),
        ("premium_earned", premium),
    ];
    // A sum over nothing is no number.
    let earned = (active > 0).then_some(premium);
    let values = [
        ("policies_active", Some(whole(active))),
        ("premium_earned", earned),
        ("premium_per_policy", ratio(premium, whole(active))),
    ];
    out.extend(values.map(|(metric, value)| Truth {
        metric,
        start,
        end,
        dimensions: dimensions.clone(),
        value,
        figures: figures.clone(),
    }));
}
