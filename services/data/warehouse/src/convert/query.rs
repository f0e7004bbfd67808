//! Queries and commands between messages and the model.

use super::{
    change::{delete, update, write, written},
    record::{cell, given, plain},
};
use crate::{
    model::{
        filter::Filter,
        outcome::Changed,
        value::{Given, Plain, sure},
    },
    store::{
        change::Change,
        figures::{Figures, FiguresAsk, Limits},
        records::{Rows, RowsAsk},
    },
};
use error::{Error, Result, Violation};
use formula::{Operand, Operator, Value};
use prost_types::ListValue;
use proto_data::tessera::warehouse::v1::{self, command::Command, command_result};

/// The largest whole number that a double holds like all smaller ones.
const SAFE_INTEGER: i128 = 9_007_199_254_740_991;

fn operator(operator: v1::FilterOperator) -> Option<Operator> {
    use v1::FilterOperator as Wire;
    Some(match operator {
        Wire::Unspecified => return None,
        Wire::Equal => Operator::Equal,
        Wire::NotEqual => Operator::NotEqual,
        Wire::Less => Operator::Less,
        Wire::LessOrEqual => Operator::LessOrEqual,
        Wire::Greater => Operator::Greater,
        Wire::GreaterOrEqual => Operator::GreaterOrEqual,
        Wire::In => Operator::In,
        Wire::NotIn => Operator::NotIn,
        Wire::Between => Operator::Between,
        Wire::IsNull => Operator::IsNull,
        Wire::IsNotNull => Operator::IsNotNull,
        Wire::StartsWith => Operator::StartsWith,
        Wire::Contains => Operator::Contains,
    })
}

/// Reads filters; everything wrong with them at once.
fn filters(filters: Vec<v1::Filter>) -> Result<Vec<Filter>> {
    let (mut read, mut violations) = (Vec::with_capacity(filters.len()), Vec::new());
    for (at, filter) in filters.into_iter().enumerate() {
        let Some(operator) = operator(filter.operator()) else {
            let field = format!("filters[{at}].operator");
            violations.push(Violation::new(field, "ENUM_NOT_IN", "must be given"));
            continue;
        };
        let mut values = Vec::with_capacity(filter.values.len());
        for (place, value) in filter.values.into_iter().enumerate() {
            let refused = |reason: &str, words: &str| {
                let field = format!("filters[{at}].values[{place}]");
                Violation::new(field, reason, words)
            };
            match given(value) {
                Some(Given::Text(text)) => values.push(Operand::Text(text)),
                Some(Given::Boolean(value)) => values.push(Operand::Boolean(value)),
                Some(Given::Number(number)) if sure(number) => {
                    values.push(Operand::Number(number));
                }
                Some(Given::Number(_)) => violations.push(refused(
                    "INEXACT",
                    "a number of more than 15 digits may not be the one that was meant: send it as text",
                )),
                Some(Given::Nested(_)) => violations.push(refused(
                    "WRONG_TYPE",
                    "must be a text, a number or a boolean",
                )),
                None => violations.push(refused(
                    "WRONG_TYPE",
                    "nothing is equal to null: use IS_NULL or IS_NOT_NULL",
                )),
            }
        }
        read.push(Filter {
            attribute: filter.attribute,
            operator,
            values,
        });
    }
    if violations.is_empty() {
        Ok(read)
    } else {
        Err(Error::invalid(violations))
    }
}

/// What a query asks for.
pub(crate) enum Asked {
    Rows(RowsAsk),
    Figures(FiguresAsk),
}

/// Reads a query: rows, or figures where it has measures.
pub(crate) fn query(ask: v1::ExecuteQueryRequest, size: usize, limits: Limits) -> Result<Asked> {
    let refuse = |field: &str, words: &str| Err(Error::invalid_field(field, "NOT_TOGETHER", words));
    let filters = filters(ask.filters)?;
    if ask.measures.is_empty() {
        if !ask.group_by.is_empty() {
            return refuse("group_by", "needs `measures`: rows are not grouped");
        }
        return Ok(Asked::Rows(RowsAsk {
            entity: ask.entity,
            filters,
            condition: ask.r#where,
            order_by: ask.order_by,
            attributes: ask.attributes,
            size,
            token: ask.page_token,
            count_total: ask.count_total,
        }));
    }
    if !ask.attributes.is_empty() {
        return refuse("attributes", "does not go with `measures`: use `group_by`");
    }
    if !ask.order_by.trim().is_empty() {
        let words = "does not go with `measures`: groups are in the order of their attributes";
        return refuse("order_by", words);
    }
    Ok(Asked::Figures(FiguresAsk {
        entity: ask.entity,
        measures: ask.measures,
        group_by: ask.group_by,
        filters,
        condition: ask.r#where,
        size,
        token: ask.page_token,
        limits,
    }))
}

/// Rows as an answer.
pub(crate) fn rows(rows: Rows, explain: bool) -> v1::ExecuteQueryResponse {
    let Rows {
        attributes,
        rows,
        next,
        total,
        sql,
    } = rows;
    let ids = rows.iter().map(|row| row.id.to_string()).collect();
    let rows = rows.into_iter().map(|row| {
        let cells = row.cells.into_iter().zip(&attributes);
        ListValue {
            values: cells
                .map(|(own, (_, data_type))| cell(own, *data_type))
                .collect(),
        }
    });
    v1::ExecuteQueryResponse {
        rows: rows.collect(),
        columns: attributes.iter().map(|(code, _)| code.clone()).collect(),
        ids,
        next_page_token: next,
        total_size: total,
        sql: if explain { sql } else { String::new() },
    }
}

/// Figures as an answer.
pub(crate) fn figures(
    figures: Figures,
    columns: Vec<String>,
    count_total: bool,
    explain: bool,
) -> v1::ExecuteQueryResponse {
    let Figures {
        types,
        groups,
        next,
        total,
        sql,
    } = figures;
    let rows = groups.into_iter().map(|(cells, answers)| {
        let own = cells.into_iter().zip(&types);
        let own = own.map(|(own, data_type)| cell(own, *data_type));
        ListValue {
            values: own
                .chain(answers.iter().map(|value| plain(answered(value))))
                .collect(),
        }
    });
    v1::ExecuteQueryResponse {
        rows: rows.collect(),
        columns,
        ids: Vec::new(),
        next_page_token: next,
        total_size: if count_total { total } else { 0 },
        sql: if explain { sql } else { String::new() },
    }
}

/// How many digits of a figure are shown where it has more: as many as CalculationService shows.
const DIGITS: usize = 34;

/// A figure: whole numbers that a double holds are numbers, others texts in decimal notation of up to 34 digits.
fn answered(value: &Value) -> Plain {
    match value {
        Value::Null(_) => Plain::Null,
        #[expect(clippy::cast_precision_loss, reason = "these are held exactly")]
        Value::Number(number)
            if number.denominator() == 1 && number.numerator().abs() <= SAFE_INTEGER =>
        {
            Plain::Number(number.numerator() as f64)
        }
        Value::Number(number) => Plain::Text(number.significant(DIGITS).0),
        Value::Real(number) => Plain::Number(*number),
        Value::Boolean(value) => Plain::Boolean(*value),
        Value::Uuid(digits) => match uuid::Uuid::try_parse(digits) {
            Ok(uuid) => Plain::Text(uuid.hyphenated().to_string()),
            Err(_) => Plain::Text(digits.clone()),
        },
        Value::Text(_) | Value::Date(_) | Value::Timestamp(_) => Plain::Text(value.to_string()),
    }
}

/// The changes of a command.
pub(crate) fn changes(commands: Vec<v1::Command>) -> Result<Vec<Change>> {
    let (mut changes, mut violations) = (Vec::with_capacity(commands.len()), Vec::new());
    for (at, command) in commands.into_iter().enumerate() {
        let prefix = |what: &str| format!("commands[{at}].{what}.");
        let (entity, prefix, action) = match command.command {
            Some(Command::Write(ask)) => {
                (ask.entity.clone(), prefix("write"), Ok(write(ask, true)))
            }
            Some(Command::Update(ask)) => {
                let prefix = prefix("update");
                (ask.entity.clone(), prefix.clone(), update(&prefix, ask))
            }
            Some(Command::Delete(ask)) => {
                let prefix = prefix("delete");
                (ask.entity.clone(), prefix.clone(), delete(&prefix, &ask))
            }
            None => {
                let words = "must be one of `write`, `update` and `delete`";
                violations.push(Violation::new(format!("commands[{at}]"), "REQUIRED", words));
                continue;
            }
        };
        match action {
            Ok(action) => changes.push(Change {
                entity,
                action,
                prefix,
            }),
            Err(error) if error.violations().is_empty() => return Err(error),
            Err(error) => violations.extend(error.violations().iter().cloned()),
        }
    }
    if violations.is_empty() {
        Ok(changes)
    } else {
        Err(Error::invalid(violations))
    }
}

/// What the changes of a command did. Deletions and updates both count rows: `deletes` says which is which.
pub(crate) fn results(done: Vec<Changed>, deletes: &[bool]) -> v1::ExecuteCommandResponse {
    let results = done.into_iter().zip(deletes).map(|(changed, delete)| {
        let result = match changed {
            Changed::Written(done) => command_result::Result::Write(written(done)),
            Changed::Rows(deleted) if *delete => {
                command_result::Result::Delete(v1::DeleteRecordsResponse { deleted })
            }
            Changed::Rows(updated) => {
                command_result::Result::Update(v1::UpdateRecordsResponse { updated })
            }
        };
        v1::CommandResult {
            result: Some(result),
        }
    });
    v1::ExecuteCommandResponse {
        results: results.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use formula::Exact;

    #[test]
    fn figures_are_those_of_calculation() {
        let shown = |digits: i128, scale: u8| {
            answered(&Value::Number(Exact::scaled(digits, scale).unwrap()))
        };
        assert_eq!(shown(-12, 0), Plain::Number(-12.0));
        assert_eq!(shown(1, 20), Plain::Text("0.00000000000000000001".into()));
        assert_eq!(
            shown(i128::MAX, 0),
            Plain::Text("170141183460469231731687303715884105727".into())
        );
        let third = Exact::whole(1).divide(Exact::whole(3)).unwrap().unwrap();
        let digits = "3".repeat(34);
        assert_eq!(
            answered(&Value::Number(third)),
            Plain::Text(format!("0.{digits}"))
        );
    }
}
