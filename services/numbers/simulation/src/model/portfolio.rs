//! A portfolio of policies over time. From one snapshot to the next some drop and others are new, so that always
//! end = start − dropped + new; the books say how many in each group, and the rows follow the same course.

mod course;
#[cfg(test)]
mod tests;

pub(crate) use course::{Course, Spike};

use super::{
    insured::{GROUPS, Insured, LINES, REGIONS, member_of, members_of},
    rows::{Cell, Lane, Row, Rows},
    scenario::TooMany,
};
use course::Active;
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
        course.refuse(most)?;
        let insured = Insured::new(course.seed, &course.prefix);
        let course = Arc::new(course);
        let mut now = [Figures::default(); GROUPS];
        let mut active = Active::new(&course, insured.clone(), |region, number| {
            let policy = insured.policy(number);
            let group = &mut now[group(region, policy.line)];
            group.active += 1;
            group.premium += policy.premium;
        });
        let mut lasting = now.map(|group| group.active);
        let mut ever = lasting;
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
            firsts.push(active.next);
            let before = course.suspended + course.start;
            let gone = active.drop(next.0);
            for (region, number) in gone {
                let policy = insured.policy(number);
                let at = group(region, policy.line);
                (now[at].active, now[at].dropped) = (now[at].active - 1, now[at].dropped + 1);
                now[at].premium -= policy.premium;
                if number < before {
                    lasting[at] -= 1;
                }
            }
            active.join(next.1, |region, number| {
                let policy = insured.policy(number);
                let at = group(region, policy.line);
                (now[at].active, now[at].new) = (now[at].active + 1, now[at].new + 1);
                now[at].premium += policy.premium;
                ever[at] += 1;
            });
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
        let mut active = Active::new(&self.course, self.insured.clone(), |_, _| {});
        let mut waiting = writer.suspended();
        let (mut at, mut walk) = (0, Walk::default());
        let rows = std::iter::from_fn(move || {
            loop {
                if let Some(policy) = walk.next(&active) {
                    return Some(writer.row(policy, at, "Active"));
                }
                if let Some((policy, status)) = waiting.pop_front() {
                    return Some(writer.row(policy, at, status));
                }
                at += 1;
                if at >= writer.course.moments.len() {
                    return None;
                }
                let (dropped, new) = active.change();
                let gone = active.drop(dropped);
                active.join(new, |_, _| {});
                waiting.extend(gone.into_iter().map(|policy| (policy, "Terminated")));
                waiting.extend(writer.suspended());
                walk = Walk::default();
            }
        });
        Rows {
            attributes: POLICY,
            rows: Box::new(rows),
        }
    }
}

/// A policy by the index of its region and its number.
type Placed = (usize, u64);

/// Index of a group.
const fn group(region: usize, line: usize) -> usize {
    region * LINES.len() + line
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
    /// Those that are suspended throughout.
    fn suspended(&self) -> VecDeque<(Placed, &'static str)> {
        let placed = |number| (self.insured.region(member_of(number)), number);
        let numbers = 0..self.course.suspended;
        numbers
            .map(|number| (placed(number), "Suspended"))
            .collect()
    }

    fn row(&self, (region, number): Placed, at: usize, status: &'static str) -> Row {
        let policy = self.insured.policy(number);
        let moments = &self.course.moments;
        let day = |after, until| policy.day(after, until);
        let start = began(&self.course, &self.firsts, number, day);
        let end = (status == "Terminated").then(|| day(moments[at - 1].max(start), moments[at]));
        vec![
            self.insured.policy_id(number).into(),
            moments[at].into(),
            self.insured.member_id(member_of(number)).into(),
            REGIONS[region].0.into(),
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
    fn next(&mut self, active: &Active) -> Option<Placed> {
        while let Some(numbers) = active.by_region.get(self.region) {
            if let Some(number) = numbers.get(self.index) {
                self.index += 1;
                return Some((self.region, (*number).into()));
            }
            (self.region, self.index) = (self.region + 1, 0);
        }
        None
    }
}
