//! The members of a set at the ends of a period: a page of them in the order of their values, and how many there are.

use super::{Code, Dialect, Query, Refused, Statement, refuse, rows::value, statement::Writer};
use crate::{Aggregate, DataType, Entity, Literal, Number, Plan, Read, Refusal, Value};

/// The two statements of a list of members.
#[derive(Clone, Debug, PartialEq)]
pub struct Members {
    /// A page of them: one column.
    pub page: Statement,
    /// How many there are in all: one row of one column.
    pub total: Statement,
    data_type: DataType,
}

impl Members {
    /// The members of the rows of [`page`](Self::page), as values are displayed; the last one is `after` of the next page.
    ///
    /// # Errors
    /// Where a row is none of the statement's.
    pub fn read(&self, rows: &[Vec<Option<String>>]) -> Result<Vec<String>, Refusal> {
        rows.iter()
            .map(|row| match row.as_slice() {
                [member @ Some(_)] => Ok(value(self.data_type, member)?.to_string()),
                _ => Err(Refusal::BadState),
            })
            .collect()
    }

    /// The count of the rows of [`total`](Self::total).
    ///
    /// # Errors
    /// Where a row is none of the statement's.
    pub fn read_total(&self, rows: &[Vec<Option<String>>]) -> Result<i64, Refusal> {
        match rows {
            [row] => match row.as_slice() {
                [Some(count)] => count.parse().map_err(|_| Refusal::BadState),
                _ => Err(Refusal::BadState),
            },
            _ => Err(Refusal::BadState),
        }
    }
}

/// Writes the members in the set `set` of the only measure of `plan`, a set; `query` has period and filters. `after` is the last
/// member of the page before, as it was displayed.
///
/// # Errors
/// Where the measure is no set, the query does not fit the entity, or `after` is no such member.
pub fn members(
    plan: &Plan,
    entity: &Entity,
    set: Read,
    query: &Query,
    after: Option<&str>,
    limit: usize,
    dialect: Dialect,
) -> Result<Members, Refused> {
    let [measure] = plan.measures.as_slice() else {
        return refuse(Code::Arguments, "members are listed of one set");
    };
    let Some(member) = &measure.argument else {
        return refuse(Code::Arguments, "a set has members");
    };
    if measure.aggregate != Aggregate::Set || measure.entity != entity.code {
        return refuse(
            Code::WrongLevel,
            "members are listed of a set of the entity",
        );
    }
    if !(query.dimensions.is_empty() && query.bounds.is_empty()) {
        return refuse(Code::Unsupported, "members are listed without groups");
    }
    let holds = match set {
        Read::Start => "q.s = 1",
        Read::End => "q.e = 1",
        Read::New => "q.e = 1 AND q.s = 0",
        Read::Retained => "q.s = 1 AND q.e = 1",
        Read::Dropped => "q.s = 1 AND q.e = 0",
        _ => return refuse(Code::Arguments, "this is no set"),
    };
    let after = match after {
        None => None,
        Some(text) => {
            match Value::parse(text, member.data_type).and_then(|v| literal(&v, member.data_type)) {
                Some(literal) => Some(literal),
                None => return refuse(Code::Arguments, "the page begins after no such member"),
            }
        }
    };
    let writer = || Writer::new(plan, &plan.fragments[0], entity, query, dialect);
    Ok(Members {
        page: writer().listed(holds, after.as_ref(), Some(limit))?,
        total: writer().listed(holds, None, None)?,
        data_type: member.data_type,
    })
}

/// A value as a constant of its type: numbers at its scale.
fn literal(value: &Value, data_type: DataType) -> Option<Literal> {
    Some(match value {
        Value::Number(number) => {
            let scale = data_type.scale();
            Literal::Number(Number {
                digits: number.digits(scale).ok()?,
                scale,
            })
        }
        Value::Text(text) => Literal::Text(text.clone()),
        Value::Boolean(value) => Literal::Boolean(*value),
        Value::Date(days) => Literal::Date(*days),
        Value::Timestamp(micros) => Literal::Timestamp(*micros),
        Value::Uuid(digits) => Literal::Uuid(digits.clone()),
        Value::Null(_) | Value::Real(_) => return None,
    })
}
