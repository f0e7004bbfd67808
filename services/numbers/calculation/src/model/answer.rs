//! The rows of an answer in order, cut into pages, with what their values are over the thresholds.

use super::{
    definitions::{Level, Threshold},
    question::Order,
    rows::Row,
};
use formula::{Binary, DataType, Exact, Missing, Value};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// Where a row stands among the others: what a page token remembers of the last one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Key {
    /// The value, in a spelling that keeps all of it; only where rows are ordered by it.
    value: Option<String>,
    period: usize,
    dimensions: Vec<Option<String>>,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum After {
    /// After the row that stood here, whatever came and went since.
    Row(Key),
    /// After so many rows: where the values of the last one are too long for a token.
    Count(usize),
}

/// Puts rows in order.
#[derive(Clone, Debug)]
pub(crate) struct Sorter {
    order: Order,
    /// Types of the dimensions.
    types: Vec<DataType>,
}

impl Sorter {
    /// By `order`, dimensions of these types.
    pub(crate) const fn new(order: Order, types: Vec<DataType>) -> Self {
        Self { order, types }
    }

    /// The rows in order.
    pub(crate) fn sort<'a>(&self, rows: &'a [Row]) -> Vec<&'a Row> {
        let mut sorted: Vec<_> = rows.iter().collect();
        sorted.sort_by(|a, b| {
            self.compare(
                (&a.value, a.period, &a.dimensions),
                (&b.value, b.period, &b.dimensions),
            )
        });
        sorted
    }

    /// The page from there on, and where the next one begins, where there are more rows.
    pub(crate) fn page<'a>(
        &self,
        sorted: Vec<&'a Row>,
        after: Option<&After>,
        size: usize,
    ) -> (Vec<&'a Row>, Option<[After; 2]>) {
        let row = |key: &Key| {
            let value = key.value.as_deref().map_or(NONE, read);
            sorted.partition_point(|row| {
                let row = (&row.value, row.period, row.dimensions.as_slice());
                self.compare(row, (&value, key.period, &key.dimensions))
                    .is_le()
            })
        };
        let from = match after {
            None => 0,
            Some(After::Row(key)) => row(key),
            Some(After::Count(count)) => *count,
        };
        let end = from.saturating_add(size);
        let more = sorted.len() > end;
        let page: Vec<_> = sorted.into_iter().skip(from).take(size).collect();
        let next = page.last().filter(|_| more);
        let next = next.map(|last| [After::Row(self.key(last)), After::Count(end)]);
        (page, next)
    }

    /// Where a row stands.
    fn key(&self, row: &Row) -> Key {
        Key {
            value: (self.order != Order::Period).then(|| spell(&row.value)),
            period: row.period,
            dimensions: row.dimensions.clone(),
        }
    }

    fn compare(
        &self,
        (a, first, left): (&Value, usize, &[Option<String>]),
        (b, second, right): (&Value, usize, &[Option<String>]),
    ) -> Ordering {
        let value = match self.order {
            Order::Period => Ordering::Equal,
            Order::Ascending => nulls_last(a, b, Ordering::is_lt),
            Order::Descending => nulls_last(a, b, Ordering::is_gt),
        };
        value
            .then_with(|| first.cmp(&second))
            .then_with(|| self.dimensions(left, right))
    }

    /// By what the values are, those without one last.
    fn dimensions(&self, left: &[Option<String>], right: &[Option<String>]) -> Ordering {
        let pairs = left.iter().zip(right).zip(&self.types);
        for ((left, right), data_type) in pairs {
            let order = match (left, right) {
                (None, None) => Ordering::Equal,
                (None, Some(_)) => Ordering::Greater,
                (Some(_), None) => Ordering::Less,
                (Some(left), Some(right)) => {
                    let values = (
                        Value::parse(left, *data_type),
                        Value::parse(right, *data_type),
                    );
                    let typed = match values {
                        (Some(a), Some(b)) => a.compare(&b),
                        _ => None,
                    };
                    typed.unwrap_or_else(|| left.cmp(right))
                }
            };
            if order.is_ne() {
                return order;
            }
        }
        Ordering::Equal
    }
}

const NONE: Value = Value::Null(Missing::Absent);

/// The order of values where `first` says what comes before; what is no value comes last.
fn nulls_last(a: &Value, b: &Value, first: fn(Ordering) -> bool) -> Ordering {
    match (unordered(a), unordered(b)) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => match a.compare(b) {
            None | Some(Ordering::Equal) => Ordering::Equal,
            Some(order) if first(order) => Ordering::Less,
            Some(_) => Ordering::Greater,
        },
    }
}

fn unordered(value: &Value) -> bool {
    value.is_null() || matches!(value, Value::Real(real) if real.is_nan())
}

/// A value so that [`read`] gives it back, whatever it is.
fn spell(value: &Value) -> String {
    match value {
        Value::Null(_) => String::new(),
        Value::Number(exact) => format!("n{}/{}", exact.numerator(), exact.denominator()),
        Value::Real(real) => format!("r{}", real.to_bits()),
        Value::Text(text) => format!("t{text}"),
        Value::Boolean(value) => format!("b{value}"),
        Value::Date(days) => format!("d{days}"),
        Value::Timestamp(micros) => format!("s{micros}"),
        Value::Uuid(digits) => format!("u{digits}"),
    }
}

fn read(text: &str) -> Value {
    let value = match text.split_at_checked(1) {
        Some(("n", text)) => text.split_once('/').and_then(|(above, below)| {
            let below = below.parse().ok().filter(|below| *below != 0)?;
            let exact = Exact::fraction(above.parse().ok()?, below).ok()?;
            Some(Value::Number(exact))
        }),
        Some(("r", text)) => text
            .parse()
            .ok()
            .map(|bits| Value::Real(f64::from_bits(bits))),
        Some(("t", text)) => Some(Value::Text(text.to_owned())),
        Some(("b", text)) => text.parse().ok().map(Value::Boolean),
        Some(("d", text)) => text.parse().ok().map(Value::Date),
        Some(("s", text)) => text.parse().ok().map(Value::Timestamp),
        Some(("u", text)) => Some(Value::Uuid(text.to_owned())),
        _ => None,
    };
    value.unwrap_or(NONE)
}

/// The worst level that the value is beyond.
pub(crate) fn level(value: &Value, thresholds: &[Threshold]) -> Option<Level> {
    let holds = |threshold: &&Threshold| {
        let order = value.compare(&Value::Number(threshold.value));
        order.is_some_and(|order| match threshold.comparison {
            Binary::Less => order.is_lt(),
            Binary::LessOrEqual => order.is_le(),
            Binary::Greater => order.is_gt(),
            _ => order.is_ge(),
        })
    };
    thresholds
        .iter()
        .filter(holds)
        .map(|threshold| threshold.level)
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::definitions::decimal;
    use proptest::prelude::*;

    fn row(period: usize, name: Option<i64>, value: Value) -> Row {
        Row {
            period,
            dimensions: vec![name.map(|name| name.to_string())],
            value,
            states: Vec::new(),
        }
    }

    fn number(text: &str) -> Value {
        Value::Number(decimal(text).unwrap())
    }

    #[test]
    fn rows_are_ordered_by_what_values_are() {
        let rows = [
            row(0, Some(10), number("2")),
            row(0, None, number("-1")),
            row(0, Some(9), Value::Null(Missing::NoRows)),
            row(1, Some(9), number("10")),
        ];
        let sorted = |order| {
            let sorter = Sorter::new(order, vec![DataType::Integer]);
            let sorted = sorter.sort(&rows);
            sorted
                .into_iter()
                .map(|row| rows.iter().position(|other| other == row).unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(sorted(Order::Period), [2, 0, 1, 3]);
        assert_eq!(sorted(Order::Descending), [3, 0, 1, 2]);
        assert_eq!(sorted(Order::Ascending), [1, 0, 3, 2]);
    }

    #[test]
    fn the_worst_level_counts() {
        let threshold = |level, comparison, value| Threshold {
            level,
            comparison,
            value: decimal(value).unwrap(),
        };
        let thresholds = [
            threshold(Level::Critical, Binary::Less, "0.5"),
            threshold(Level::Warning, Binary::Less, "0.85"),
            threshold(Level::Good, Binary::GreaterOrEqual, "0.9"),
        ];
        let level = |value: &Value| super::level(value, &thresholds);
        assert_eq!(level(&number("0.4")), Some(Level::Critical));
        assert_eq!(level(&number("0.5")), Some(Level::Warning));
        assert_eq!(level(&number("0.87")), None);
        assert_eq!(level(&number("0.9")), Some(Level::Good));
        assert_eq!(level(&Value::Real(0.2)), Some(Level::Critical));
        assert_eq!(level(&Value::Null(Missing::NoRows)), None);
        assert_eq!(level(&Value::Text("x".into())), None);
    }

    fn values() -> impl Strategy<Value = Value> {
        prop_oneof![
            (-3..3_i128, 1..4_i128)
                .prop_map(|(a, b)| Value::Number(Exact::fraction(a, b).unwrap())),
            Just(Value::Null(Missing::NoRows)),
        ]
    }

    proptest! {
        #[test]
        fn pages_put_together_are_the_whole(
            rows in proptest::collection::btree_map((0..3_usize, proptest::option::of(-12..12_i64)), values(), 0..30),
            size in 1..7_usize, which in 0..3_usize,
        ) {
            let rows: Vec<_> = rows.into_iter().map(|((period, name), value)| row(period, name, value)).collect();
            let sorter = Sorter::new([Order::Period, Order::Descending, Order::Ascending][which], vec![DataType::Integer]);
            let all = sorter.sort(&rows);
            for kind in 0..2 {
                let (mut found, mut after) = (Vec::new(), None);
                loop {
                    let (page, next) = sorter.page(sorter.sort(&rows), after.as_ref(), size);
                    prop_assert!(page.len() == size || next.is_none());
                    found.extend(page);
                    let Some(next) = next else { break };
                    after = Some(next[kind].clone());
                }
                prop_assert_eq!(&found, &all);
            }
        }

        #[test]
        fn values_are_read_as_they_were_spelled(bits in any::<u64>(), above in any::<i64>(), below in 1..i64::MAX, text in ".{0,9}") {
            for value in [
                Value::Number(Exact::fraction(above.into(), below.into()).unwrap()), Value::Text(text.clone()), Value::Timestamp(above),
                Value::Boolean(above > 0), Value::Date(7), Value::Uuid("ab".into()), NONE,
            ] {
                prop_assert_eq!(read(&spell(&value)), value);
            }
            let Value::Real(real) = read(&spell(&Value::Real(f64::from_bits(bits)))) else { panic!("a float") };
            prop_assert_eq!(real.to_bits(), bits);
        }
    }
}
