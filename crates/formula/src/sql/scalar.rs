//! Expressions over one row. Exact numbers are whole numbers of 64 bits at the scale of their type.
//!
//! PostgreSQL refuses what leaves 64 bits by itself. SQLite makes a float of it, which is found by its type wherever a number is used up,
//! and refused by a function that is known to fail on it.

use super::{Bind, Code, Dialect, Moment, Refused, refuse};
use crate::{
    Attribute, Binary, DataType, Entity, calendar,
    exact::power_of_ten,
    typed::{Literal, Scalar, Typed, TypedNode},
};

/// The text of one statement may have so many bytes: a rounded number is written more than once.
const MAX_SQL: usize = 1 << 18;

/// Writes expressions and collects their constants.
pub(super) struct Scalars<'a> {
    pub(super) entity: &'a Entity,
    pub(super) dialect: Dialect,
    pub(super) binds: Vec<Bind>,
}

/// A name in quotes.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The table of an entity, with its schema.
pub(super) fn table(entity: &Entity) -> String {
    let schema = entity
        .schema
        .iter()
        .map(|schema| quoted(schema) + ".")
        .collect::<String>();
    schema + &quoted(&entity.table)
}

impl<'a> Scalars<'a> {
    /// The attribute that places rows in time.
    pub(super) fn time(&self) -> Result<&'a Attribute, Refused> {
        let entity = self.entity;
        entity.time().map_or_else(
            || {
                refuse(
                    Code::WrongType,
                    format!("`{}` has no time attribute", entity.code),
                )
            },
            Ok,
        )
    }

    /// A parameter for a moment of the entity's time.
    pub(super) fn moment(&mut self, moment: Moment) -> Result<String, Refused> {
        let time = self.time()?;
        let sqlite = self.dialect == Dialect::Sqlite;
        Ok(match (moment, time.data_type) {
            (Moment::Date(days), DataType::Date) => {
                self.bind(Bind::Text(calendar::date_text(days)), "text::date")
            }
            (Moment::Timestamp(micros), DataType::Timestamp) if sqlite => {
                self.bind(Bind::Int(micros), "")
            }
            (Moment::Timestamp(micros), DataType::Timestamp) => self.bind(
                Bind::Text(calendar::timestamp_text(micros)),
                "text::timestamptz",
            ),
            _ => {
                return refuse(
                    Code::WrongType,
                    format!(
                        "the time of `{}` is of type {}",
                        self.entity.code, time.data_type
                    ),
                );
            }
        })
    }

    /// A parameter for `bind`; on PostgreSQL cast to `postgres`.
    pub(super) fn bind(&mut self, bind: Bind, postgres: &str) -> String {
        self.binds.push(bind);
        let number = self.binds.len();
        match self.dialect {
            Dialect::Sqlite => format!("?{number}"),
            Dialect::Postgres => format!("${number}::{postgres}"),
        }
    }

    /// The column of an attribute.
    pub(super) fn column(&self, code: &str) -> Result<String, Refused> {
        match self.entity.attribute(code) {
            Some(attribute) => Ok(format!("t.{}", quoted(&attribute.column))),
            None => refuse(
                Code::UnknownAttribute,
                format!(
                    "the entity `{}` has no attribute `{code}`",
                    self.entity.code
                ),
            ),
        }
    }

    /// An expression whose value is used up: compared, counted, summed.
    pub(super) fn used(&mut self, typed: &Typed) -> Result<String, Refused> {
        let text = self.expression(typed)?;
        if !typed.wide || self.dialect == Dialect::Postgres {
            return Ok(text);
        }
        // `min` makes the failing call depend on the row, so that it is not computed ahead.
        self.short(format!(
            "(CASE WHEN typeof({text}) = 'real' THEN abs(min(CAST({text} AS INTEGER), -9223372036854775807 - 1)) ELSE {text} END)"
        ))
    }

    /// As [`used`](Self::used), with text in the order of its code points.
    fn ordered(&mut self, typed: &Typed) -> Result<String, Refused> {
        let text = self.used(typed)?;
        let collate = typed.data_type == DataType::String && self.dialect == Dialect::Postgres;
        Ok(if collate {
            // In brackets: the bounds of BETWEEN take no other expression with COLLATE.
            format!("({text} COLLATE \"C\")")
        } else {
            text
        })
    }

    fn short(&self, text: String) -> Result<String, Refused> {
        if text.len() > MAX_SQL {
            return refuse(
                Code::TooLong,
                format!("the SQL would have more than {MAX_SQL} bytes"),
            );
        }
        Ok(text)
    }

    fn literal(&mut self, literal: &Literal) -> Result<String, Refused> {
        let sqlite = self.dialect == Dialect::Sqlite;
        Ok(match literal {
            Literal::Null => "NULL".to_owned(),
            Literal::Number(number) => match i64::try_from(number.digits) {
                Ok(digits) => self.bind(Bind::Int(digits), "bigint"),
                Err(_) => return refuse(Code::Overflow, "a number in a row has at most 18 digits"),
            },
            Literal::Text(text) => self.bind(Bind::Text(text.clone()), "text"),
            Literal::Boolean(value) if sqlite => self.bind(Bind::Int((*value).into()), ""),
            Literal::Boolean(value) => if *value { "TRUE" } else { "FALSE" }.to_owned(),
            Literal::Date(days) => self.bind(Bind::Text(calendar::date_text(*days)), "text::date"),
            Literal::Timestamp(micros) if sqlite => self.bind(Bind::Int(*micros), ""),
            Literal::Timestamp(micros) => self.bind(
                Bind::Text(calendar::timestamp_text(*micros)),
                "text::timestamptz",
            ),
            Literal::Uuid(text) if sqlite => {
                format!("unhex({})", self.bind(Bind::Text(text.clone()), ""))
            }
            Literal::Uuid(text) => self.bind(Bind::Text(text.clone()), "text::uuid"),
        })
    }

    /// An expression; a number that is too wide is not looked at yet.
    pub(super) fn expression(&mut self, typed: &Typed) -> Result<String, Refused> {
        let text = match &typed.node {
            TypedNode::Column(code) => self.column(code)?,
            TypedNode::Measure(..) => {
                return refuse(Code::WrongLevel, "a total is no value of a row");
            }
            TypedNode::Literal(literal) => self.literal(literal)?,
            TypedNode::Rescale(x) => {
                let by = typed.data_type.scale() - x.data_type.scale();
                format!("({} * {})", self.expression(x)?, power(by)?)
            }
            TypedNode::ToDouble(x) => {
                let scale = power(x.data_type.scale())?;
                let real = if self.dialect == Dialect::Sqlite {
                    "REAL"
                } else {
                    "double precision"
                };
                format!(
                    "(CAST({} AS {real}) / CAST({scale} AS {real}))",
                    self.used(x)?
                )
            }
            TypedNode::Negate(x) => format!("(-{})", self.expression(x)?),
            TypedNode::Not(x) => format!("(NOT {})", self.expression(x)?),
            TypedNode::Binary(operator, l, r) => self.binary(*operator, l, r)?,
            TypedNode::In {
                value,
                list,
                negated,
            } => {
                let value = self.used(value)?;
                let list = list
                    .iter()
                    .map(|item| self.used(item))
                    .collect::<Result<Vec<_>, _>>()?;
                let not = if *negated { "NOT " } else { "" };
                format!("({value} {not}IN ({}))", list.join(", "))
            }
            TypedNode::Between {
                value,
                low,
                high,
                negated,
            } => {
                let (value, low, high) = (
                    self.ordered(value)?,
                    self.ordered(low)?,
                    self.ordered(high)?,
                );
                let not = if *negated { "NOT " } else { "" };
                format!("({value} {not}BETWEEN {low} AND {high})")
            }
            TypedNode::IsNull { value, negated } => {
                let not = if *negated { "NOT " } else { "" };
                format!("({} IS {not}NULL)", self.used(value)?)
            }
            TypedNode::Case { arms, otherwise } => {
                let mut text = "(CASE".to_owned();
                for (condition, result) in arms {
                    let arm = format!(
                        " WHEN {} THEN {}",
                        self.expression(condition)?,
                        self.expression(result)?
                    );
                    text = self.short(text + &arm)?;
                }
                if let Some(result) = otherwise {
                    text = format!("{text} ELSE {}", self.expression(result)?);
                }
                text + " END)"
            }
            TypedNode::Call(scalar, arguments) => self.call(*scalar, arguments)?,
        };
        self.short(text)
    }

    fn binary(&mut self, operator: Binary, l: &Typed, r: &Typed) -> Result<String, Refused> {
        let symbol = operator.symbol().to_uppercase();
        if operator.compares() {
            let equality = matches!(operator, Binary::Equal | Binary::NotEqual);
            let (l, r) = if equality {
                (self.used(l)?, self.used(r)?)
            } else {
                (self.ordered(l)?, self.ordered(r)?)
            };
            return Ok(format!("({l} {symbol} {r})"));
        }
        let (l, r) = (self.expression(l)?, self.expression(r)?);
        Ok(match operator {
            // Only floats are divided in rows; PostgreSQL would fail on zero.
            Binary::Divide => format!("({l} / NULLIF({r}, 0))"),
            _ => format!("({l} {symbol} {r})"),
        })
    }

    fn call(&mut self, scalar: Scalar, arguments: &[Typed]) -> Result<String, Refused> {
        let sqlite = self.dialect == Dialect::Sqlite;
        let first = &arguments[0];
        let part = |at: usize, length: usize, field: &str, x: &str| match sqlite {
            true => format!("CAST(substr({x}, {at}, {length}) AS INTEGER)"),
            false => format!("extract({field} from {x})::bigint"),
        };
        if scalar == Scalar::Coalesce {
            let list = arguments
                .iter()
                .map(|x| self.expression(x))
                .collect::<Result<Vec<_>, _>>()?;
            // SQLite's takes two or more.
            return Ok(if list.len() == 1 {
                list.concat()
            } else {
                format!("COALESCE({})", list.join(", "))
            });
        }
        let x = match scalar {
            Scalar::Abs | Scalar::Round(_) | Scalar::Floor | Scalar::Ceil => {
                self.expression(first)?
            }
            _ => self.used(first)?,
        };
        let y = match arguments.get(1) {
            Some(second) => self.used(second)?,
            None => String::new(),
        };
        let scale = first.data_type.scale();
        Ok(match scalar {
            // SQLite's `abs` of the smallest number fails, as it should.
            Scalar::Abs => format!("abs({x})"),
            // Both databases cut towards zero when they divide whole numbers.
            Scalar::Round(places) => {
                let unit = power(scale.saturating_sub(places))?;
                let half = unit / 2;
                format!("(({x} + CASE WHEN {x} < 0 THEN -{half} ELSE {half} END) / {unit})")
            }
            Scalar::Floor => {
                let unit = power(scale)?;
                format!(
                    "(({x} - CASE WHEN {x} < 0 THEN {} ELSE 0 END) / {unit})",
                    unit - 1
                )
            }
            Scalar::Ceil => {
                let unit = power(scale)?;
                format!(
                    "(({x} + CASE WHEN {x} > 0 THEN {} ELSE 0 END) / {unit})",
                    unit - 1
                )
            }
            // With the collation "C" only A to Z have another case, as on SQLite.
            Scalar::Lower if sqlite => format!("lower({x})"),
            Scalar::Lower => format!("lower({x} COLLATE \"C\")"),
            Scalar::Upper if sqlite => format!("upper({x})"),
            Scalar::Upper => format!("upper({x} COLLATE \"C\")"),
            Scalar::Length if sqlite => format!("length({x})"),
            Scalar::Length => format!("length({x})::bigint"),
            Scalar::StartsWith => format!("(substr({x}, 1, length({y})) = {y})"),
            Scalar::Contains if sqlite => format!("(instr({x}, {y}) > 0)"),
            Scalar::Contains => format!("(strpos({x}, {y}) > 0)"),
            Scalar::Year => part(1, 4, "year", &x),
            Scalar::Month => part(6, 2, "month", &x),
            Scalar::Day => part(9, 2, "day", &x),
            Scalar::DaysBetween if sqlite => {
                format!("CAST(julianday({y}) - julianday({x}) AS INTEGER)")
            }
            Scalar::DaysBetween => format!("({y} - {x})::bigint"),
            Scalar::SecondsBetween if sqlite => format!("({y} - {x})"),
            Scalar::SecondsBetween => {
                format!("(extract(epoch from ({y} - {x})) * 1000000)::bigint")
            }
            // Whole division cuts towards zero; the day before 1970 needs the floor.
            Scalar::DateOf if sqlite => {
                format!(
                    "date(({x} - CASE WHEN {x} < 0 THEN 999999 ELSE 0 END) / 1000000, 'unixepoch')"
                )
            }
            Scalar::DateOf => format!("({x} AT TIME ZONE 'UTC')::date"),
            Scalar::Coalesce => x,
        })
    }
}

fn power(exponent: u8) -> Result<i64, Refused> {
    let power = power_of_ten(exponent)
        .ok()
        .and_then(|power| i64::try_from(power).ok());
    power.map_or_else(
        || refuse(Code::Overflow, "a scale has at most 18 digits"),
        Ok,
    )
}
