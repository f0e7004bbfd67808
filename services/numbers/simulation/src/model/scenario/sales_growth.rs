//! `sales_growth`: orders that grow from month to month, with weekly and yearly seasons, and a sales staff that grows with them.

use super::{ID_PREFIX, Order, Scenario, TooMany, World};
use crate::model::{
    cells::{Cells, Side, Total},
    dice::Cup,
    parameter::{Choices, Kind, ONE, Parameter},
    people,
    rows::{Cell, Lane, Row, Rows},
    series::{Season, Spec, Trend},
    span::{Reach, Span, Step, mid_month, weekday},
    truth::{Truth, hundredths, ratio, whole},
};
use error::Violations;
use std::sync::Arc;

const REGIONS: &[Side] = &[
    ("North", 350_000, ONE),
    ("South", 280_000, 950_000),
    ("East", 210_000, 1_050_000),
    ("West", 160_000, 1_100_000),
];
const PRODUCTS: &[Side] = &[
    ("Basic", 400_000, 250_000),
    ("Standard", 300_000, 600_000),
    ("Premium", 150_000, 1_400_000),
    ("Enterprise", 50_000, 8_000_000),
    ("Services", 100_000, 1_100_000),
];
const ORDERS: &[Lane] = &[
    Lane::Text("order_id"),
    Lane::Integer("date"),
    Lane::Text("region"),
    Lane::Text("product"),
    Lane::Text("person_id"),
    Lane::Integer("amount"),
];
const PEOPLE: &[Lane] = &[
    Lane::Text("person_id"),
    Lane::Integer("snapshot_date"),
    Lane::Text("full_name"),
    Lane::Text("region"),
    Lane::Integer("hired_on"),
];

/// The scenario.
pub(super) static SCENARIO: Scenario = Scenario {
    code: "sales_growth",
    name: "Sales growth",
    description: "A year of orders by region and product, more of them each month, with a weekly and a yearly season and noise, and \
                  snapshots of the people who take them. Revenue, orders and headcount are known for each month, region and product.",
    ontology: include_str!("../../../ontologies/sales_growth.yaml"),
    parameters: &[
        Parameter {
            name: "orders_per_day",
            description: "Orders expected on the first day, seasons left out",
            kind: Kind::Decimal(0, 1_000_000 * ONE),
            default: "20",
        },
        Parameter {
            name: "growth_rate",
            description: "Growth of the orders in 30 days, as a share",
            kind: Kind::Decimal(-ONE / 2, ONE),
            default: "0.03",
        },
        Parameter {
            name: "weekly_amplitude",
            description: "How far the orders go up midweek and down at the weekend, as a share",
            kind: Kind::Decimal(0, ONE),
            default: "0.25",
        },
        Parameter {
            name: "yearly_amplitude",
            description: "How far the orders go up in November and down in May, as a share",
            kind: Kind::Decimal(0, ONE),
            default: "0.15",
        },
        Parameter {
            name: "noise",
            description: "Standard deviation of the orders of a day, as a share",
            kind: Kind::Decimal(0, ONE),
            default: "0.08",
        },
        Parameter {
            name: "mean_amount",
            description: "Mean amount of an order, in EUR, before region and product",
            kind: Kind::Decimal(ONE, 1_000_000 * ONE),
            default: "250",
        },
        Parameter {
            name: "headcount",
            description: "People employed at the first snapshot",
            kind: Kind::Integer(1, 100_000),
            default: "12",
        },
        Parameter {
            name: "hiring_rate",
            description: "Growth of the people employed from one snapshot to the next, as a share; who came last goes first",
            kind: Kind::Decimal(-ONE / 2, ONE),
            default: "0.02",
        },
        ID_PREFIX,
    ],
    step: Step::Month,
    steps: (12, Reach::Covers),
    check: |_: &Choices, _: &mut Violations| {},
    make,
};

struct Company {
    prefix: String,
    span: Span,
    cells: Cells,
    orders: u64,
    staff: Arc<Staff>,
}

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

fn make(order: &Order) -> Result<Box<dyn World>, TooMany> {
    let Order { choices, span, .. } = order;
    let prefix = order.prefix(SCENARIO.code);
    let staff = Staff::new(order, &prefix)?;
    let series = Spec {
        seed: order.seed,
        start: span.start,
        points: span.days(),
        step: Step::Day,
        base: choices.share("orders_per_day"),
        trend: Trend::Share(libm::pow(1.0 + choices.share("growth_rate"), 1.0 / 30.0) - 1.0),
        seasons: vec![
            // The peak is on the first Wednesday.
            Season {
                period: 7,
                amplitude: choices.share("weekly_amplitude"),
                peak: f64::from((2 - weekday(span.start)).rem_euclid(7)),
            },
            Season {
                period: 365,
                amplitude: choices.share("yearly_amplitude"),
                peak: f64::from(mid_month(span.start, 11) - span.start),
            },
        ],
        noise: choices.share("noise"),
        events: Vec::new(),
    };
    // Millionths of a euro become cents.
    let mean = choices.number("mean_amount") / (ONE / 100);
    let left = order.most_rows - staff.rows();
    let (cells, orders) = Cells::new(&series, "orders", mean, (REGIONS, PRODUCTS), left)?;
    Ok(Box::new(Company {
        prefix,
        span: *span,
        cells,
        orders,
        staff: Arc::new(staff),
    }))
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

impl World for Company {
    fn count(&self, entity: &str) -> u64 {
        match entity {
            "sales_orders" => self.orders,
            "sales_people" => self.staff.rows(),
            _ => 0,
        }
    }

    fn rows(&self, entity: &str) -> Option<Rows> {
        match entity {
            "sales_orders" => Some(self.order_rows()),
            "sales_people" => {
                let staff = self.staff.clone();
                let people = (0..staff.moments.len()).flat_map(move |at| {
                    let staff = staff.clone();
                    (0..staff.counts[at]).map(move |number| staff.row(at, number))
                });
                Some(Rows {
                    attributes: PEOPLE,
                    rows: Box::new(people),
                })
            }
            _ => None,
        }
    }

    fn truths(&self) -> Vec<Truth> {
        let mut out = Vec::new();
        let periods = self.span.periods();
        let mut sum = vec![vec![Total::default(); PRODUCTS.len()]; REGIONS.len()];
        for (at, (from, to)) in periods.iter().copied().enumerate() {
            let index = |day: i32| usize::try_from(day - self.span.start).unwrap_or(0);
            let totals = self.cells.totals(index(from), index(to));
            for (all, part) in sum.iter_mut().flatten().zip(totals.iter().flatten()) {
                *all = all.plus(*part);
            }
            self.period((from, to), &totals, self.staff.counts[at], &mut out);
        }
        if periods.len() > 1 {
            let ever = u64::try_from(self.staff.regions.len()).unwrap_or(u64::MAX);
            self.period((self.span.start, self.span.end + 1), &sum, ever, &mut out);
        }
        out
    }
}

impl Company {
    fn order_rows(&self) -> Rows {
        let (cells, staff) = (self.cells.clone(), self.staff.clone());
        let (prefix, start) = (self.prefix.clone(), self.span.start);
        let days = cells.days();
        let of_cells = (0..days).flat_map(move |day| cells.of_day(day));
        let orders = of_cells.flat_map(move |mut cell| {
            let day = start + i32::try_from(cell.day).unwrap_or(0);
            let at = staff.moments.partition_point(|moment| *moment <= day) - 1;
            let here = staff.count(staff.counts[at], Some(cell.row));
            let amounts = cell.amounts();
            let staff = staff.clone();
            amounts.into_iter().map(move |amount| {
                let index = usize::try_from(cell.dice.below(here)).unwrap_or(0);
                let person = (here > 0).then(|| staff.id(staff.of_region[cell.row][index].into()));
                (
                    day,
                    REGIONS[cell.row].0,
                    PRODUCTS[cell.column].0,
                    person,
                    amount,
                )
            })
        });
        let numbered = orders.zip(1_u64..);
        let rows = numbered.map(move |((day, region, product, person, amount), number)| {
            vec![
                format!("{prefix}-O{number:08}").into(),
                day.into(),
                region.into(),
                product.into(),
                Cell::from(person),
                amount.into(),
            ]
        });
        Rows {
            attributes: ORDERS,
            rows: Box::new(rows),
        }
    }

    /// Truths of one period: over all, by region, and by product where people do not matter.
    fn period(&self, period: (i32, i32), totals: &[Vec<Total>], staff: u64, out: &mut Vec<Truth>) {
        let all = totals
            .iter()
            .flatten()
            .fold(Total::default(), |sum, part| sum.plus(*part));
        sold(period, &[], all, out);
        employed(period, &[], all, self.staff.count(staff, None), out);
        for (at, (region, ..)) in REGIONS.iter().enumerate() {
            let total = totals[at]
                .iter()
                .fold(Total::default(), |sum, part| sum.plus(*part));
            let dimensions = [("region", *region)];
            sold(period, &dimensions, total, out);
            employed(
                period,
                &dimensions,
                total,
                self.staff.count(staff, Some(at)),
                out,
            );
        }
        for (at, (product, ..)) in PRODUCTS.iter().enumerate() {
            let total = totals
                .iter()
                .fold(Total::default(), |sum, row| sum.plus(row[at]));
            sold(period, &[("product", *product)], total, out);
        }
    }
}

type Dimensions = [(&'static str, &'static str)];

/// Truths of what was ordered.
fn sold((start, end): (i32, i32), dimensions: &Dimensions, total: Total, out: &mut Vec<Truth>) {
    let (orders, revenue) = (whole(total.count), hundredths(total.cents));
    let values = [
        ("orders", Some(orders)),
        // A sum over nothing is no number.
        ("revenue", (total.count > 0).then_some(revenue)),
        ("average_order_value", ratio(revenue, orders)),
    ];
    out.extend(values.map(|(metric, value)| Truth {
        metric,
        start,
        end,
        dimensions: dimensions.to_vec(),
        value,
        figures: vec![("orders", orders), ("revenue", revenue)],
    }));
}

/// Truths of who took it.
fn employed(
    (start, end): (i32, i32),
    dimensions: &Dimensions,
    total: Total,
    people: u64,
    out: &mut Vec<Truth>,
) {
    let (headcount, revenue) = (whole(people), hundredths(total.cents));
    let efficiency = (total.count > 0)
        .then_some(revenue)
        .and_then(|revenue| ratio(revenue, headcount));
    let values = [
        ("headcount", Some(headcount)),
        ("sales_efficiency", efficiency),
    ];
    out.extend(values.map(|(metric, value)| Truth {
        metric,
        start,
        end,
        dimensions: dimensions.to_vec(),
        value,
        figures: vec![("headcount", headcount), ("revenue", revenue)],
    }));
}
