//! Random formulas and conditions: mostly well typed, of everything the language has.

use super::{
    values::{self, Random},
    world::{Column, Shape},
};
use formula::{DataType, EntityKind};
use rand::Rng;

fn one<'a>(random: &mut Random, of: &[&'a str]) -> &'a str {
    of[random.random_range(0..of.len())]
}

fn path(shape: &Shape, column: &Column) -> String {
    format!("{}.{}", shape.code, column.code)
}

/// A constant as the language writes it.
fn literal(random: &mut Random, data_type: DataType) -> String {
    let value = match data_type {
        DataType::String => {
            let texts = &values::TEXTS[..values::TEXTS.len() - 1];
            formula::Value::Text(one(random, texts).to_owned())
        }
        _ => values::any_of(random, data_type),
    };
    let text = values::text(&value, data_type).unwrap_or_default();
    match data_type {
        DataType::Integer | DataType::Decimal { .. } | DataType::Double => {
            // The largest of all integers is one too many for a literal's sign.
            text.replace("-9223372036854775807", "-9223372036854775806")
        }
        DataType::Boolean => text,
        DataType::Date => format!("date '{text}'"),
        DataType::Timestamp => format!("timestamp '{text}'"),
        _ => format!("'{}'", text.replace('\'', "''")),
    }
}

/// A number for each row.
pub(crate) fn number(random: &mut Random, shape: &Shape, depth: usize) -> String {
    let attribute = |random: &mut Random| {
        let column = shape.pick(random, |column| column.data_type.is_number());
        column.map_or("1".to_owned(), |column| path(shape, column))
    };
    if depth == 0 {
        return match random.random_range(0..5) {
            0 => one(random, &["0", "1", "2.5", "0.01", "100"]).to_owned(),
            1 => match shape.pick(random, |column| column.data_type == DataType::String) {
                Some(column) => format!("length({})", path(shape, column)),
                None => attribute(random),
            },
            2 => match shape.pick(random, |column| column.data_type == DataType::Date) {
                Some(column) => format!(
                    "{}({})",
                    one(random, &["year", "month", "day"]),
                    path(shape, column)
                ),
                None => attribute(random),
            },
            _ => attribute(random),
        };
    }
    let left = number(random, shape, depth - 1);
    let right = number(random, shape, depth - 1);
    match random.random_range(0..10) {
        0 => format!("({left} + {right})"),
        1 => format!("({left} - {right})"),
        2 => format!("({left} * {right})"),
        3 => format!("round({left}, {})", random.random_range(0..3)),
        4 => format!("{}({left})", one(random, &["floor", "ceil", "abs"])),
        5 => format!("coalesce({left}, {right})"),
        6 => format!("if({}, {left}, {right})", any_condition(random, shape, 0)),
        7 => format!("nullif({left}, {right})"),
        8 => format!("-({left})"),
        _ => attribute(random),
    }
}

/// A condition on rows that is right, for those that must be.
pub(crate) fn condition(random: &mut Random, shape: &Shape, depth: usize) -> String {
    let ontology = super::world::ontology(std::slice::from_ref(shape));
    let right = |text: &String| formula::condition(&ontology, &shape.code, text).is_ok();
    let some = (0..20)
        .map(|_| any_condition(random, shape, depth))
        .find(right);
    some.unwrap_or_else(|| "true".to_owned())
}

/// A condition on rows, mostly well typed.
fn any_condition(random: &mut Random, shape: &Shape, depth: usize) -> String {
    if depth > 0 && random.random_ratio(1, 2) {
        let left = any_condition(random, shape, depth - 1);
        let right = any_condition(random, shape, depth - 1);
        return match random.random_range(0..3) {
            0 => format!("({left} and {right})"),
            1 => format!("({left} or {right})"),
            _ => format!("not ({left})"),
        };
    }
    let comparable = |column: &Column| column.data_type != DataType::Json;
    let Some(column) = shape.pick(random, comparable) else {
        return "true".to_owned();
    };
    let (name, data_type) = (path(shape, column), column.data_type);
    let sign = one(random, &["=", "<>", "<", "<=", ">", ">="]);
    let mut value = || literal(random, data_type);
    let (first, second) = (value(), value());
    match (data_type, random.random_range(0..8)) {
        (_, 0) => format!("{name} is null"),
        (_, 1) => format!("{name} is not null"),
        (DataType::Boolean, _) => name,
        (DataType::Uuid, 2 | 3) => format!("{name} in ({first}, {second})"),
        (DataType::Uuid, _) => format!("{name} = {first}"),
        (_, 2) => format!("{name} in ({first}, {second})"),
        (_, 3) => format!("{name} not in ({first}, {second})"),
        (_, 4) => format!("{name} between {first} and {second}"),
        (DataType::String, 5) => format!("starts_with(lower({name}), {first})"),
        (DataType::String, 6) => format!("contains({name}, {first})"),
        (_, _) if data_type.is_number() && depth > 0 => {
            format!(
                "{} {sign} {}",
                number(random, shape, 1),
                number(random, shape, 0)
            )
        }
        _ => format!("{name} {sign} {first}"),
    }
}

/// A condition with bare names, for those that are not of one entity.
pub(crate) fn shared_condition(random: &mut Random) -> String {
    let value = literal(random, DataType::String);
    let sign = one(random, &["=", "<>", "<", ">="]);
    let name = super::world::SHARED;
    match random.random_range(0..4) {
        0 => format!("{name} is not null"),
        1 => format!("n > {} or {name} = {value}", random.random_range(-20..20)),
        2 => format!("contains({name}, {value})"),
        _ => format!("{name} {sign} {value}"),
    }
}

/// An aggregate over the rows of an entity.
fn aggregate(random: &mut Random, shape: &Shape) -> String {
    let filter = match random.random_range(0..3) {
        0 => format!(" where {}", any_condition(random, shape, 1)),
        _ => String::new(),
    };
    let depth = random.random_range(0..3);
    match random.random_range(0..14) {
        0 => format!("count({}{filter})", shape.code),
        1 => {
            let column = shape.pick(random, |_| true).expect("it has attributes");
            format!("count({}{filter})", path(shape, column))
        }
        2 | 3 => {
            let any = |column: &Column| column.data_type != DataType::Json;
            let column = shape.pick(random, any).expect("it has attributes");
            format!("count_distinct({}{filter})", path(shape, column))
        }
        4 | 5 => {
            let any =
                |column: &Column| !matches!(column.data_type, DataType::Json | DataType::Boolean);
            let column = shape.pick(random, any).expect("it has attributes");
            let function = one(random, &["min", "max", "first", "last"]);
            format!("{function}({}{filter})", path(shape, column))
        }
        6 => {
            let share = one(random, &["0", "0.25", "0.5", "0.95", "1"]);
            format!("percentile({}, {share}{filter})", number(random, shape, 0))
        }
        7 => format!("median({}{filter})", number(random, shape, 1)),
        8 => {
            let function = one(
                random,
                &["variance", "variance_pop", "stddev", "stddev_pop"],
            );
            format!("{function}({}{filter})", number(random, shape, 0))
        }
        _ => {
            let function = one(random, &["sum", "sum", "avg", "min", "max", "last"]);
            format!("{function}({}{filter})", number(random, shape, depth))
        }
    }
}

/// A set function over a snapshot entity.
fn set(random: &mut Random, shape: &Shape) -> String {
    let filter = match random.random() {
        true => format!(" where {}", any_condition(random, shape, 1)),
        false => String::new(),
    };
    let function = one(random, &["start", "end", "new", "retained", "dropped"]);
    format!("{function}({}.key{filter})", shape.code)
}

/// A number over totals; `metrics` are codes that it may use.
pub(crate) fn total(
    random: &mut Random,
    shapes: &[Shape],
    metrics: &[String],
    depth: usize,
) -> String {
    let shape = &shapes[random.random_range(0..shapes.len())];
    if depth == 0 {
        return match random.random_range(0..8) {
            0 if !metrics.is_empty() => metrics[random.random_range(0..metrics.len())].clone(),
            1 if shape.kind == EntityKind::Snapshot => set(random, shape),
            _ => aggregate(random, shape),
        };
    }
    // Mostly of one entity, so that it can be grouped by its attributes.
    let around = if random.random_ratio(3, 4) {
        std::slice::from_ref(shape)
    } else {
        shapes
    };
    let left = total(random, around, metrics, depth - 1);
    let right = total(random, around, metrics, depth - 1);
    match random.random_range(0..9) {
        0 => format!("({left} + {right})"),
        1 => format!("({left} - {right})"),
        2 => format!("{left} * {right}"),
        3 | 4 => format!("{left} / {right}"),
        5 => format!("round({left}, 2)"),
        6 => format!("coalesce({left}, 0)"),
        7 => format!("if({left} > {right}, {left}, {right})"),
        _ => format!("100 * {left}"),
    }
}
