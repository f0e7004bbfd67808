//! `sales_growth`: orders that grow from month to month, with weekly and yearly seasons, and a sales staff that grows with them.

mod staff;

use super::{ID_PREFIX, Order, Scenario, TooMany, World};
use crate::model::{
    cells::{Cells, Side, Total},
    parameter::{Choices, Kind, ONE, Parameter},
    rows::{Cell, Lane, Rows},
    series::{Season, Spec, Trend},
    span::{Reach, Span, Step, mid_month, weekday},
    truth::{Truth, hundredths, ratio, whole},
};
use error::Violations;
use staff::Staff;
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
            description: "Growth of the people employed in 30 days, as a share; who came last goes first",
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
            "sales_people" => Some(self.staff.clone().people()),
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
            let ever = self.staff.ever();
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
            let amounts = cell.amounts();
            let staff = staff.clone();
            amounts.into_iter().map(move |amount| {
                let person = staff.somebody(day, cell.row, &mut cell.dice);
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
        employed(period, &[], all, staff, out);
        for (at, (region, ..)) in REGIONS.iter().enumerate() {
            let total = totals[at]
                .iter()
                .fold(Total::default(), |sum, part| sum.plus(*part));
            let dimensions = [("region", *region)];
            sold(period, &dimensions, total, out);
            let people = self.staff.in_region(at, staff);
            employed(period, &dimensions, total, people, out);
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
