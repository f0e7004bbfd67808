//! A portfolio of policies over time. From one snapshot to the next some drop and others are new, so that always
//! end = start − dropped + new; the books say how many in each group, and the rows follow the same course.

use super::{
    dice::Cup,
    insured::{GROUPS, Insured, LINES, REGIONS, member_of, members_of},
    parameter::ONE,
    rows::{Cell, Lane, Row, Rows},
    scenario::TooMany,
};
use std::{collections::VecDeque, sync::Arc};

/// Attributes of `policy`.
const POLICY: &[Lane] = &[
    Lane::Text("policy_id"),
    Lane::Integer("snapshot_date"),
    Lane::Text("member_id"),
    Lane::Text("region_code"),
    Lane::Text("line_of_business"),
    Lane::Text("status"),
    Lane::Integer("start_date"),
    Lane::Integer("end_date"),
    Lane::Integer("monthly_premium"),
];
/// How many days before the first snapshot the oldest policy began: ten years.
const OLDEST: i32 = 3_652;

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

/// The figures of one group at one snapshot, and of the period that ends with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Active.
    pub(crate) active: u64,
    /// Of them, not active at the snapshot before.
    pub(crate) new: u64,
    /// Active at the snapshot before, and no more.
    pub(crate) dropped: u64,
    /// Monthly premiums of the active ones, in cents.
    pub(crate) premium: i64,
}

/// A portfolio, with its books.
#[derive(Clone, Debug)]
pub(crate) struct Portfolio {
    course: Arc<Course>,
    insured: Insured,
    /// By snapshot, then by group.
    pub(crate) books: Vec<[Figures; GROUPS]>,
    /// By group: active at the first snapshot and at the last.
    pub(crate) lasting: [u64; GROUPS],
    /// By group: active at some snapshot.
    pub(crate) ever: [u64; GROUPS],
    /// By snapshot: number of the first policy that was new then.
    firsts: Arc<[u64]>,
    /// All policies, suspended ones too.
    policies: u64,
}

impl Portfolio {
    /// Keeps the books of a course; refuses one of more rows than `most`.
    pub(crate) fn new(course: Course, most: u64) -> Result<Self, TooMany> {
        let insured = Insured::new(course.seed, &course.prefix);
        let course = Arc::new(course);
        if course.start.saturating_add(course.suspended) > most {
            return Err(TooMany(most));
        }
        let mut active = Active::new(&course, insured.clone());
        let mut now = [Figures::default(); GROUPS];
        for number in course.suspended..active.next {
            let policy = insured.policy(number);
            now[policy.group()].active += 1;
            now[policy.group()].premium += policy.premium;
        }
        let (mut lasting, mut ever) =
            (now.map(|group| group.active), now.map(|group| group.active));
        let (mut books, mut firsts) = (vec![now], vec![0]);
        let mut rows = active.next;
        for _ in 1..course.moments.len() {
            now.iter_mut()
                .for_each(|group| (group.new, group.dropped) = (0, 0));
            let next = active.change();
            rows = rows
                .saturating_add(active.total() + next.1)
                .saturating_add(course.suspended);
            if rows.saturating_add(members_of(active.next + next.1)) > most {
                return Err(TooMany(most));
            }
            let period = active.advance(next);
            for number in period.dropped {
                let policy = insured.policy(number);
                let group = &mut now[policy.group()];
                (group.active, group.dropped) = (group.active - 1, group.dropped + 1);
                group.premium -= policy.premium;
                if number < course.suspended + course.start {
                    lasting[policy.group()] -= 1;
                }
            }
            firsts.push(period.new.start);
            for number in period.new {
                let policy = insured.policy(number);
                let group = &mut now[policy.group()];
                (group.active, group.new) = (group.active + 1, group.new + 1);
                group.premium += policy.premium;
                ever[policy.group()] += 1;
            }
            books.push(now);
        }
        let policies = active.next;
        Ok(Self {
            course,
            insured,
            books,
            lasting,
            ever,
            firsts: firsts.into(),
            policies,
        })
    }

    /// How many rows `policy` has.
    pub(crate) fn policy_rows(&self) -> u64 {
        let count = |groups: &[Figures; GROUPS]| -> u64 {
            groups
                .iter()
                .map(|group| group.active + group.dropped)
                .sum::<u64>()
                + self.course.suspended
        };
        self.books.iter().map(count).sum()
    }

    /// How many rows `member` has.
    pub(crate) fn member_rows(&self) -> u64 {
        members_of(self.policies)
    }

    /// The rows of `member`.
    pub(crate) fn members(&self) -> Rows {
        let (course, firsts) = (self.course.clone(), self.firsts.clone());
        self.insured
            .clone()
            .rows(self.policies, move |policy, number| {
                began(&course, &firsts, number, |after, until| {
                    policy.day(after, until)
                })
            })
    }

    /// The rows of `policy`: snapshot by snapshot the active ones, those that just dropped, and the suspended ones.
    pub(crate) fn rows(&self) -> Rows {
        let writer = Writer {
            course: self.course.clone(),
            insured: self.insured.clone(),
            firsts: self.firsts.clone(),
        };
        let mut active = Active::new(&self.course, self.insured.clone());
        let mut waiting: VecDeque<(u64, &'static str)> = VecDeque::new();
        let (mut at, mut walk) = (0, Walk::default());
        let mut started = false;
        let rows = std::iter::from_fn(move || {
            loop {
                if !started {
                    let suspended = 0..writer.course.suspended;
                    waiting.extend(suspended.map(|number| (number, "Suspended")));
                    (started, walk) = (true, Walk::default());
                }
                if let Some(number) = walk.next(&active) {
                    return Some(writer.row(number, at, "Active"));
                }
                if let Some((number, status)) = waiting.pop_front() {
                    return Some(writer.row(number, at, status));
                }
                at += 1;
                if at >= writer.course.moments.len() {
                    return None;
                }
                let period = active.advance(active.change());
                waiting.extend(
                    period
                        .dropped
                        .into_iter()
                        .map(|number| (number, "Terminated")),
                );
                started = false;
            }
        });
        Rows {
            attributes: POLICY,
            rows: Box::new(rows),
        }
    }
}

/// The day that a policy began: of the first ones up to ten years before the first snapshot, of others in the period they are new in.
fn began(course: &Course, firsts: &[u64], number: u64, day: impl Fn(i32, i32) -> i32) -> i32 {
    let first = course.moments[0];
    if number < course.suspended + course.start {
        return day(first - OLDEST, first);
    }
    let at = firsts.partition_point(|new| *new <= number) - 1;
    day(course.moments[at - 1], course.moments[at])
}

/// Makes rows of `policy`.
struct Writer {
    course: Arc<Course>,
    insured: Insured,
    firsts: Arc<[u64]>,
}

impl Writer {
    fn row(&self, number: u64, at: usize, status: &'static str) -> Row {
        let policy = self.insured.policy(number);
        let moments = &self.course.moments;
        let start = began(&self.course, &self.firsts, number, |after, until| {
            policy.day(after, until)
        });
        let end =
            (status == "Terminated").then(|| policy.day(moments[at - 1].max(start), moments[at]));
        vec![
            self.insured.policy_id(number).into(),
            moments[at].into(),
            self.insured.member_id(member_of(number)).into(),
            REGIONS[policy.region].0.into(),
            LINES[policy.line].0.into(),
            status.into(),
            start.into(),
            Cell::from(end),
            policy.premium.into(),
        ]
    }
}

/// A walk through all active policies.
#[derive(Default)]
struct Walk {
    region: usize,
    index: usize,
}

impl Walk {
    fn next(&mut self, active: &Active) -> Option<u64> {
        while let Some(numbers) = active.by_region.get(self.region) {
            if let Some(number) = numbers.get(self.index) {
                self.index += 1;
                return Some((*number).into());
            }
            (self.region, self.index) = (self.region + 1, 0);
        }
        None
    }
}

/// Who is active, by region: four bytes a policy are all that is kept of it.
struct Active {
    course: Arc<Course>,
    insured: Insured,
    chance: Cup,
    by_region: [Vec<u32>; REGIONS.len()],
    next: u64,
    at: usize,
}

/// Who went and who came.
struct Period {
    dropped: Vec<u64>,
    new: std::ops::Range<u64>,
}

impl Active {
    fn new(course: &Arc<Course>, insured: Insured) -> Self {
        let mut active = Self {
            course: course.clone(),
            insured,
            chance: Cup::new(course.seed, "portfolio"),
            by_region: Default::default(),
            next: course.suspended,
            at: 0,
        };
        active.join(course.start);
        active
    }

    fn join(&mut self, count: u64) -> std::ops::Range<u64> {
        let new = self.next..self.next + count;
        for number in new.clone() {
            let region = self.insured.region(member_of(number));
            self.by_region[region].push(u32::try_from(number).expect("fewer rows than that"));
        }
        self.next = new.end;
        new
    }

    fn total(&self) -> u64 {
        self.by_region.iter().map(|numbers| length(numbers)).sum()
    }

    /// How many drop everywhere and are new in the period that comes.
    fn change(&self) -> (u64, u64) {
        let at = self.at + 1;
        let total = self.total();
        if let (Some(first), 1) = (self.course.first, at) {
            return first;
        }
        let mut dice = self.chance.dice(u64::try_from(at).unwrap_or(0) * 2);
        let variation = self.course.variation;
        let mut vary = |rate: i64| rate * (ONE - variation + dice.under(2 * variation + 1)) / ONE;
        let (churn, fresh) = (vary(self.course.churn), vary(self.course.fresh));
        let everywhere = match self.spike() {
            Some(spike) if spike.region.is_none() => times(churn, spike.factor),
            _ => churn,
        };
        (share(total, everywhere).min(total), share(total, fresh))
    }

    fn spike(&self) -> Option<Spike> {
        let at = self.at + 1;
        let on = |spike: &Spike| at >= spike.first && at - spike.first < spike.periods;
        self.course.spike.filter(on)
    }

    fn advance(&mut self, (dropped, new): (u64, u64)) -> Period {
        let at = self.at + 1;
        let mut dice = self.chance.dice(u64::try_from(at).unwrap_or(0) * 2 + 1);
        let usual = |region: usize| share(length(&self.by_region[region]), self.course.churn);
        // More than usual in one region, on top of what drops everywhere.
        let extra = self.spike().and_then(|spike| {
            let region = spike.region?;
            Some((region, share(usual(region), (spike.factor - ONE).max(0))))
        });
        let mut gone = Vec::new();
        for _ in 0..dropped {
            let lengths = self.by_region.each_ref().map(|numbers| length(numbers));
            let region = dice.weighted(lengths.iter().copied());
            gone.extend(take(&mut self.by_region[region], &mut dice));
        }
        if let Some((region, count)) = extra {
            for _ in 0..count {
                gone.extend(take(&mut self.by_region[region], &mut dice));
            }
        }
        self.at = at;
        Period {
            dropped: gone,
            new: self.join(new),
        }
    }
}

fn length(numbers: &[u32]) -> u64 {
    u64::try_from(numbers.len()).unwrap_or(u64::MAX)
}

/// Takes one away by chance; none where there is none left.
fn take(numbers: &mut Vec<u32>, dice: &mut super::dice::Dice) -> Option<u64> {
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

#[cfg(test)]
mod tests;
