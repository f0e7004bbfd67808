//! `seasonal_peak`: claims that come in waves, over the week and over the year.

use super::{ID_PREFIX, Order, Scenario, TooMany, World};
use crate::model::{
    cells::{Cells, Side, Total},
    insured::{Insured, REGIONS, member_of, members_of},
    parameter::{Choices, Kind, ONE, Parameter},
    rows::{Lane, Rows},
    series::{Season, Spec, Trend},
    span::{Reach, Span, Step, mid_month, weekday},
    truth::{Truth, hundredths, ratio, whole},
};
use error::Violations;
use std::sync::Arc;

const MICROS_PER_DAY: i64 = 86_400_000_000;
const MICROS_PER_SECOND: i64 = 1_000_000;
const BY_REGION: &[Side] = &[
    (REGIONS[0].0, 350_000, ONE),
    (REGIONS[1].0, 300_000, 1_050_000),
    (REGIONS[2].0, 200_000, 900_000),
    (REGIONS[3].0, 150_000, 1_100_000),
];
const BY_LINE: &[Side] = &[
    ("Health", 650_000, ONE),
    ("Dental", 270_000, 700_000),
    ("Travel", 80_000, 1_600_000),
];
const CLAIM: &[Lane] = &[
    Lane::Text("claim_id"),
    Lane::Text("policy_id"),
    Lane::Text("member_id"),
    Lane::Integer("filed_at"),
    Lane::Integer("settled_at"),
    Lane::Text("region_code"),
    Lane::Text("line_of_business"),
    Lane::Integer("amount"),
    Lane::Integer("paid_amount"),
];

/// The scenario.
pub(super) static SCENARIO: Scenario = Scenario {
    code: "seasonal_peak",
    name: "Seasonal peak",
    description: "A year of claims by region and line of business. There are more on Mondays than at the weekend, and more around the \
                  middle of one month, by default February, than half a year later. How many claims there are and what is paid for them \
                  is known for each period, region and line of business.",
    ontology: include_str!("../../../ontologies/seasonal_peak.yaml"),
    parameters: &[
        Parameter {
            name: "claims_per_day",
            description: "Claims expected on the first day, seasons left out",
            kind: Kind::Decimal(0, 1_000_000 * ONE),
            default: "40",
        },
        Parameter {
            name: "growth_rate",
            description: "Growth of the claims in 30 days, as a share",
            kind: Kind::Decimal(-ONE / 2, ONE),
            default: "0",
        },
        Parameter {
            name: "weekly_amplitude",
            description: "How far the claims go up on Mondays and down towards the weekend, as a share",
            kind: Kind::Decimal(0, ONE),
            default: "0.3",
        },
        Parameter {
            name: "yearly_amplitude",
            description: "How far the claims go up in `peak_month` and down half a year later, as a share",
            kind: Kind::Decimal(0, ONE),
            default: "0.5",
        },
        Parameter {
            name: "peak_month",
            description: "Month in whose middle most claims are filed, 1 to 12",
            kind: Kind::Integer(1, 12),
            default: "2",
        },
        Parameter {
            name: "noise",
            description: "Standard deviation of the claims of a day, as a share",
            kind: Kind::Decimal(0, ONE),
            default: "0.1",
        },
        Parameter {
            name: "mean_paid",
            description: "Mean amount paid for a claim, in EUR, before region and line of business",
            kind: Kind::Decimal(ONE, 1_000_000 * ONE),
            default: "180",
        },
        Parameter {
            name: "policy_count",
            description: "Policies that claims are filed under",
            kind: Kind::Integer(10, 5_000_000),
            default: "2000",
        },
        ID_PREFIX,
    ],
    step: Step::Month,
    steps: (12, Reach::Covers),
    check: |_: &Choices, _: &mut Violations| {},
    make,
};

struct Claims {
    prefix: String,
    span: Span,
    insured: Insured,
    policies: u64,
    cells: Cells,
    claims: u64,
}

fn make(order: &Order) -> Result<Box<dyn World>, TooMany> {
    let Order { choices, span, .. } = order;
    let policies = choices.count("policy_count");
    let left = order
        .most_rows
        .checked_sub(members_of(policies))
        .ok_or(TooMany(order.most_rows))?;
    let series = Spec {
        seed: order.seed,
        start: span.start,
        points: span.days(),
        step: Step::Day,
        base: choices.share("claims_per_day"),
        trend: Trend::Share(libm::pow(1.0 + choices.share("growth_rate"), 1.0 / 30.0) - 1.0),
        seasons: vec![
            // The peak is on the first Monday.
            Season {
                period: 7,
                amplitude: choices.share("weekly_amplitude"),
                peak: f64::from((-weekday(span.start)).rem_euclid(7)),
            },
            Season {
                period: 365,
                amplitude: choices.share("yearly_amplitude"),
                peak: f64::from(mid_month(span.start, choices.number("peak_month")) - span.start),
            },
        ],
        noise: choices.share("noise"),
        events: Vec::new(),
    };
    let mean = choices.number("mean_paid") / (ONE / 100);
    let (cells, claims) = Cells::new(&series, "claims", mean, (BY_REGION, BY_LINE), left)
        .map_err(|TooMany(_)| TooMany(order.most_rows))?;
    let prefix = order.prefix(SCENARIO.code);
    let insured = Insured::new(order.seed, &prefix);
    Ok(Box::new(Claims {
        prefix,
        span: *span,
        insured,
        policies,
        cells,
        claims,
    }))
}

impl World for Claims {
    fn count(&self, entity: &str) -> u64 {
        match entity {
            "claim" => self.claims,
            "member" => members_of(self.policies),
            _ => 0,
        }
    }

    fn rows(&self, entity: &str) -> Option<Rows> {
        let start = self.span.start;
        match entity {
            "claim" => Some(self.claim_rows()),
            // All were members before the first claim.
            "member" => Some(self.insured.clone().rows(self.policies, move |policy, _| {
                policy.day(start - 3_652, start)
            })),
            _ => None,
        }
    }

    fn truths(&self) -> Vec<Truth> {
        let mut out = Vec::new();
        let periods = self.span.periods();
        let mut sum = vec![vec![Total::default(); BY_LINE.len()]; BY_REGION.len()];
        for (from, to) in periods.iter().copied() {
            let index = |day: i32| usize::try_from(day - self.span.start).unwrap_or(0);
            let totals = self.cells.totals(index(from), index(to));
            for (all, part) in sum.iter_mut().flatten().zip(totals.iter().flatten()) {
                *all = all.plus(*part);
            }
            of_period((from, to), &totals, &mut out);
        }
        if periods.len() > 1 {
            of_period((self.span.start, self.span.end + 1), &sum, &mut out);
        }
        out
    }
}

impl Claims {
    fn claim_rows(&self) -> Rows {
        let (cells, insured) = (self.cells.clone(), self.insured.clone());
        let (prefix, start) = (self.prefix.clone(), i64::from(self.span.start));
        let by_region = Arc::new(policies_by_region(&insured, self.policies));
        let days = cells.days();
        let claims = (0..days)
            .flat_map(move |day| cells.of_day(day))
            .flat_map(move |mut cell| {
                let amounts = cell.amounts();
                let by_region = by_region.clone();
                amounts.into_iter().map(move |paid| {
                    let of_region = &by_region[cell.row];
                    let many = u64::try_from(of_region.len()).unwrap_or(0);
                    let index = usize::try_from(cell.dice.below(many)).unwrap_or(0);
                    let policy = of_region.get(index).copied().unwrap_or(0);
                    let day = start + i64::try_from(cell.day).unwrap_or(0);
                    let filed = day * MICROS_PER_DAY + cell.dice.under(86_400) * MICROS_PER_SECOND;
                    // Between an hour and three weeks later.
                    let settled =
                        filed + (3_600 + cell.dice.under(21 * 86_400)) * MICROS_PER_SECOND;
                    // What the member pays comes on top.
                    let amount = paid + cell.dice.under(5_000);
                    (
                        u64::from(policy),
                        filed,
                        settled,
                        cell.row,
                        cell.column,
                        amount,
                        paid,
                    )
                })
            });
        let rows = claims.zip(1_u64..).map(
            move |((policy, filed, settled, region, line, amount, paid), number)| {
                vec![
                    format!("{prefix}-C{number:08}").into(),
                    insured.policy_id(policy).into(),
                    insured.member_id(member_of(policy)).into(),
                    filed.into(),
                    settled.into(),
                    BY_REGION[region].0.into(),
                    BY_LINE[line].0.into(),
                    amount.into(),
                    paid.into(),
                ]
            },
        );
        Rows {
            attributes: CLAIM,
            rows: Box::new(rows),
        }
    }
}

/// The policies of each region. A region that nobody lives in has all of them, so that every claim has one.
fn policies_by_region(insured: &Insured, policies: u64) -> Vec<Vec<u32>> {
    let mut out = vec![Vec::new(); BY_REGION.len()];
    for (number, index) in (0..policies).zip(0_u32..) {
        out[insured.region(member_of(number))].push(index);
    }
    for region in &mut out {
        if region.is_empty() {
            region.extend((0..policies).zip(0_u32..).map(|(_, index)| index));
        }
    }
    out
}

fn of_period(period: (i32, i32), totals: &[Vec<Total>], out: &mut Vec<Truth>) {
    let all = totals
        .iter()
        .flatten()
        .fold(Total::default(), |sum, part| sum.plus(*part));
    truths(period, &[], all, out);
    for (at, (region, ..)) in BY_REGION.iter().enumerate() {
        let total = totals[at]
            .iter()
            .fold(Total::default(), |sum, part| sum.plus(*part));
        truths(period, &[("region_code", *region)], total, out);
    }
    for (at, (line, ..)) in BY_LINE.iter().enumerate() {
        let total = totals
            .iter()
            .fold(Total::default(), |sum, row| sum.plus(row[at]));
        truths(period, &[("line_of_business", *line)], total, out);
    }
}

fn truths(
    (start, end): (i32, i32),
    dimensions: &[(&'static str, &'static str)],
    total: Total,
    out: &mut Vec<Truth>,
) {
    let (count, paid) = (whole(total.count), hundredths(total.cents));
    let values = [
        ("claims_count", Some(count)),
        // A sum over nothing is no number.
        ("claims_paid", (total.count > 0).then_some(paid)),
        ("average_claim_cost", ratio(paid, count)),
    ];
    out.extend(values.map(|(metric, value)| Truth {
        metric,
        start,
        end,
        dimensions: dimensions.to_vec(),
        value,
        figures: vec![("claims_count", count), ("claims_paid", paid)],
    }));
}
