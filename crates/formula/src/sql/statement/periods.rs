//! Rows by sub-period: each sub-period read by itself, or all in one pass in which each row says where it belongs.

use super::Writer;
use crate::{
    Code, DataType,
    sql::{Dialect, Refused, refuse},
};

/// SQLite takes 500 selects in one statement.
const MOST_APART: usize = 400;

/// How rows are placed in sub-periods.
pub(super) enum Periods {
    /// There is but one, of all rows.
    All,
    /// Each is read by itself: its condition.
    Apart(Vec<String>),
    /// Rows are grouped by an expression.
    Expression,
}

impl Periods {
    pub(super) const fn is_expression(&self) -> bool {
        matches!(self, Self::Expression)
    }
}

impl Writer<'_> {
    /// The rows of the period, and which sub-period each is in.
    pub(super) fn period(&mut self) -> Result<(), Refused> {
        if let Some((from, to)) = self.query.period {
            let column = self.scalars.column(&self.time()?.code)?;
            let (from, to) = (self.moment(from)?, self.moment(to)?);
            self.conditions
                .push(format!("{column} >= {from} AND {column} < {to}"));
        }
        let bounds = self.query.bounds.as_slice();
        if bounds.is_empty() {
            return Ok(());
        }
        if bounds.len() < 2 || bounds.windows(2).any(|pair| pair[0] >= pair[1]) {
            return refuse(
                Code::Arguments,
                "the bounds of periods are two or more and ascend",
            );
        }
        let column = self.scalars.column(&self.time()?.code)?;
        let moments = bounds.iter().map(|bound| self.moment(*bound));
        let moments = moments.collect::<Result<Vec<_>, _>>()?;
        let within = |from: &str, to: &str| format!("{column} >= {from} AND {column} < {to}");
        let count = moments.len() - 1;
        if count == 1 || (self.apart && count <= MOST_APART) {
            let each = moments.windows(2).map(|pair| within(&pair[0], &pair[1]));
            self.periods = Periods::Apart(each.collect());
            return Ok(());
        }
        self.conditions.push(within(&moments[0], &moments[count]));
        let inner = &moments[1..count];
        let expression = match self.scalars.dialect {
            Dialect::Postgres => format!("width_bucket({column}, ARRAY[{}])", inner.join(", ")),
            Dialect::Sqlite => searched(&column, inner, 0),
        };
        self.name(expression, "b");
        self.groups.push(("b".to_owned(), DataType::Integer));
        self.periods = Periods::Expression;
        Ok(())
    }
}

/// Binary search, as nested cases: how many of `bounds` a row is not before, and `first`.
fn searched(column: &str, bounds: &[String], first: usize) -> String {
    let Some(bound) = bounds.get(bounds.len() / 2) else {
        return first.to_string();
    };
    let middle = bounds.len() / 2;
    let low = searched(column, &bounds[..middle], first);
    let high = searched(column, &bounds[middle + 1..], first + middle + 1);
    format!("CASE WHEN {column} < {bound} THEN {low} ELSE {high} END")
}
