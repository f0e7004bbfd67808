//! Insured people and their policies: each is drawn by its number, alone, so that no table of them is kept.

use super::{
    dice::{Cup, Dice},
    people,
    rows::{Cell, Lane, Rows},
};

/// Regions, with how many of a hundred live there.
pub(crate) const REGIONS: [(&str, u64); 4] =
    [("North", 35), ("South", 30), ("East", 20), ("West", 15)];
/// Lines of business, with how many of a hundred policies are of it, and the usual premium in cents.
pub(crate) const LINES: [(&str, u64, i64); 3] = [
    ("Health", 60, 32_000),
    ("Dental", 25, 2_800),
    ("Travel", 15, 1_250),
];
/// How many groups there are: region × line of business.
pub(crate) const GROUPS: usize = REGIONS.len() * LINES.len();

/// Attributes of `member`.
const MEMBER: &[Lane] = &[
    Lane::Text("member_id"),
    Lane::Text("full_name"),
    Lane::Integer("birth_date"),
    Lane::Integer("joined_on"),
    Lane::Text("region_code"),
];

/// Everybody.
#[derive(Clone, Debug)]
pub(crate) struct Insured {
    prefix: String,
    members: Cup,
    policies: Cup,
}

/// What never changes of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    /// Index of its line of business.
    pub(crate) line: usize,
    /// Monthly premium in cents.
    pub(crate) premium: i64,
    /// How many days, of so many, it began before the last of them.
    age: u64,
}

impl Policy {
    /// A day after `after` and not after `until`, always the same one.
    pub(crate) fn day(&self, after: i32, until: i32) -> i32 {
        let days = u64::try_from(until - after).unwrap_or(1).max(1);
        until - i32::try_from(self.age % days).unwrap_or(0)
    }
}

impl Insured {
    /// The people of a seed; their numbers begin with `prefix`.
    pub(crate) fn new(seed: u64, prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            members: Cup::new(seed, "members"),
            policies: Cup::new(seed, "policies"),
        }
    }

    /// A policy. It is in the region of its member, which is drawn with the member.
    pub(crate) fn policy(&self, number: u64) -> Policy {
        let mut dice = self.policies.dice(number);
        let line = dice.weighted(LINES.iter().map(|line| line.1));
        let share = 70 + dice.under(61);
        Policy {
            line,
            premium: LINES[line].2 * share / 100,
            age: dice.below(1 << 40),
        }
    }

    /// Index of the region that a member lives in.
    pub(crate) fn region(&self, member: u64) -> usize {
        region(&mut self.members.dice(member))
    }

    /// Number of a policy as people write it.
    pub(crate) fn policy_id(&self, number: u64) -> String {
        format!("{}-P{number:07}", self.prefix)
    }

    /// Number of a member as people write it.
    pub(crate) fn member_id(&self, member: u64) -> String {
        format!("{}-M{member:07}", self.prefix)
    }

    /// The members of the policies from 0 to before `policies`; `joined` is the day that a policy began.
    pub(crate) fn rows(
        self,
        policies: u64,
        joined: impl Fn(&Policy, u64) -> i32 + Send + 'static,
    ) -> Rows {
        let member = move |number: u64| {
            let mut dice = self.members.dice(number);
            let region = region(&mut dice);
            let name = people::full_name(&mut dice);
            let joined = joined(&self.policy(number), number);
            let born = people::birth_date(&mut dice, joined);
            let id = self.member_id(number);
            vec![
                id.into(),
                Cell::Text(name),
                born.into(),
                joined.into(),
                REGIONS[region].0.into(),
            ]
        };
        let numbers = (0..policies).filter(|number| member_of(*number) == *number);
        Rows {
            attributes: MEMBER,
            rows: Box::new(numbers.map(member)),
        }
    }
}

fn region(dice: &mut Dice) -> usize {
    dice.weighted(REGIONS.iter().map(|region| region.1))
}

/// The member who holds a policy: the one of the same number, or of every fifth the one before.
pub(crate) const fn member_of(policy: u64) -> u64 {
    if policy % 5 == 4 { policy - 1 } else { policy }
}

/// How many members hold the policies from 0 to before `policies`.
pub(crate) const fn members_of(policies: u64) -> u64 {
    policies - policies / 5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_drawn_alone_and_members_hold_one_or_two() {
        let insured = Insured::new(7, "x");
        for number in 0..500 {
            let policy = insured.policy(number);
            assert_eq!(policy, insured.policy(number));
            assert!(member_of(number) == number || number % 5 == 4);
            assert!((100..=101).contains(&policy.day(99, 101)));
            assert_eq!(policy.day(99, 100), 100);
        }
        for policies in 0..30 {
            let rows = insured.clone().rows(policies, |_, _| 0).rows.count();
            assert_eq!(u64::try_from(rows).unwrap(), members_of(policies));
        }
    }
}
