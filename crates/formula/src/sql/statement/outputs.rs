//! What is selected: the columns that make up the state of a measure, and every value as text in one spelling.

use super::Writer;
use crate::{
    Aggregate, Code, DataType, Measure,
    sql::{Dialect, Refused, refuse},
};

/// How often an argument is written for an aggregate.
pub(super) const fn uses(aggregate: Aggregate) -> usize {
    match aggregate {
        Aggregate::Moments => 20,
        Aggregate::Sum => 2,
        _ => 1,
    }
}

impl Writer<'_> {
    /// The columns that make up the state of a measure; `filter` stands behind each aggregate.
    pub(super) fn outputs(
        &self,
        index: usize,
        measure: &Measure,
        filter: &str,
    ) -> Result<Vec<String>, Refused> {
        let a = self.named(&format!("a{index}"));
        let data_type = measure
            .argument
            .as_ref()
            .map_or(DataType::Null, |argument| argument.data_type);
        let sqlite = self.scalars.dialect == Dialect::Sqlite;
        let number = |x: String| self.text(DataType::Integer, &x);
        let sum = |x: &str, wide: bool| match sqlite && wide {
            // 64 bits are not enough for a sum: its halves are summed apart.
            true => vec![
                number(format!("sum({x} >> 32){filter}")),
                number(format!("sum({x} & 4294967295){filter}")),
            ],
            false => vec![number(format!("sum({x}){filter}"))],
        };
        Ok(match measure.aggregate {
            Aggregate::Count if measure.argument.is_none() => {
                vec![number(format!("count(*){filter}"))]
            }
            Aggregate::Count => vec![number(format!("count({a}){filter}"))],
            Aggregate::Sum if data_type == DataType::Double => {
                vec![self.text(DataType::Double, &format!("sum({a}){filter}"))]
            }
            Aggregate::Sum => sum(&a, !self.narrow),
            Aggregate::Min | Aggregate::Max => {
                let function = if measure.aggregate == Aggregate::Min {
                    "min"
                } else {
                    "max"
                };
                let collate = if data_type == DataType::String && !sqlite {
                    " COLLATE \"C\""
                } else {
                    ""
                };
                vec![self.text(data_type, &format!("{function}({a}{collate}){filter}"))]
            }
            Aggregate::First | Aggregate::Last => {
                let pick = |x: String| {
                    format!("max(CASE WHEN q.r{index} = 1 AND {a} IS NOT NULL THEN {x} END)")
                };
                vec![
                    number(pick(format!("q.t{index}"))),
                    pick(format!("q.i{index}")),
                    pick(self.text(data_type, &a)),
                ]
            }
            Aggregate::Distinct => vec![number(format!("count(DISTINCT {a}){filter}"))],
            Aggregate::Moments => {
                let mut columns = vec![number(format!("count({a}){filter}"))];
                columns.extend(sum(&a, true));
                if !sqlite {
                    columns.push(number(format!("sum({a}::numeric * {a}::numeric){filter}")));
                    return Ok(columns);
                }
                // x = h·2³¹ + l, so x² = h²·2⁶² + 2·h·l·2³¹ + l²; products are halved again before they are summed, and h² is, which
                // for the largest x has 65 bits, made of two products.
                let (h, l) = (format!("({a} >> 31)"), format!("({a} & 2147483647)"));
                let halves = |product: String| {
                    [
                        format!("sum({product} >> 31){filter}"),
                        format!("sum({product} & 2147483647){filter}"),
                    ]
                };
                columns.extend(
                    [
                        format!("sum({h} * ({h} >> 16)){filter}"),
                        format!("sum({h} * ({h} & 65535)){filter}"),
                    ]
                    .into_iter()
                    .chain(halves(format!("({h} * {l})")))
                    .chain(halves(format!("({l} * {l})")))
                    .map(number),
                );
                columns
            }
            Aggregate::Values | Aggregate::Set => {
                return refuse(Code::Unsupported, "this measure has a statement of its own");
            }
        })
    }

    pub(super) fn text(&self, data_type: DataType, x: &str) -> String {
        text(self.scalars.dialect, data_type, x)
    }
}

/// A value in the one spelling that [`Table`](crate::sql::Table) reads as text. SQLite makes a text of a whole number by itself, whenever one
/// is asked for; a cast would only keep it from counting by an index.
pub(in crate::sql) fn text(dialect: Dialect, data_type: DataType, x: &str) -> String {
    match (dialect, data_type) {
        (Dialect::Sqlite, DataType::Double) => {
            format!("CASE WHEN {x} IS NULL THEN NULL ELSE printf('%!.17g', {x}) END")
        }
        // Its `hex` makes an empty text of null.
        (Dialect::Sqlite, DataType::Uuid) => {
            format!("CASE WHEN {x} IS NULL THEN NULL ELSE lower(hex({x})) END")
        }
        (Dialect::Sqlite, _) => x.to_owned(),
        (Dialect::Postgres, DataType::Boolean) => format!("({x})::int::text"),
        (Dialect::Postgres, DataType::Date) => format!("to_char({x}, 'YYYY-MM-DD')"),
        (Dialect::Postgres, DataType::Timestamp) => {
            format!("(extract(epoch from {x}) * 1000000)::bigint::text")
        }
        (Dialect::Postgres, DataType::Uuid) => format!("replace(({x})::text, '-', '')"),
        (Dialect::Postgres, _) => format!("({x})::text"),
    }
}
