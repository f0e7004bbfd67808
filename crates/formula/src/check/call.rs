//! Calls: which function, with which arguments; scalars are resolved here, aggregates in their own file.

use super::{
    Checker, Place, boolean,
    operators::{common, decimal, to_double},
};
use crate::{
    Code, DataType, Expr, LIBRARY, Level, Read, Scalar, Span, Unit, function_named,
    problem::did_you_mean,
    typed::{Literal, Typed, TypedNode},
};

/// What a set function reads.
pub(super) fn set_read(name: &str) -> Option<Read> {
    Some(match name {
        "start" => Read::Start,
        "end" => Read::End,
        "new" => Read::New,
        "retained" => Read::Retained,
        "dropped" => Read::Dropped,
        _ => return None,
    })
}

impl Checker<'_> {
    pub(super) fn call(
        &mut self,
        expr: &Expr,
        name: &str,
        arguments: &[Expr],
        filter: Option<&Expr>,
        place: Place<'_>,
    ) -> Option<Typed> {
        let at = expr.name_span();
        let Some(function) = function_named(name) else {
            let names = LIBRARY.iter().map(|function| function.name).chain(["if"]);
            let hint = did_you_mean(name, names);
            return self.fail(
                Code::UnknownFunction,
                at,
                format!("there is no function `{name}`"),
                hint.as_deref(),
            );
        };
        let (least, most) = function.arguments;
        if !(least..=most).contains(&arguments.len()) {
            let takes = if least == most {
                least.to_string()
            } else {
                format!("{least} to {most}")
            };
            let message = format!(
                "`{name}` takes {takes} arguments and is given {}",
                arguments.len()
            );
            return self.fail(Code::Arguments, at, message, Some(function.meaning));
        }
        match (function.level, place) {
            (Level::Scalar, _) if filter.is_some() => self.fail(
                Code::Arguments,
                at,
                format!("`{name}` is no aggregate and has no filter"),
                Some("put the filter into the aggregate"),
            ),
            (Level::Scalar, _) => self.scalar(expr, name, arguments, place),
            (_, Place::Row(_)) => {
                let message =
                    format!("`{name}` reads many rows and stands where one row is looked at");
                self.fail(
                    Code::WrongLevel,
                    at,
                    message,
                    Some("aggregates are not nested"),
                )
            }
            (Level::Aggregate, Place::Total(definition)) => {
                self.aggregate(expr, name, arguments, filter, definition)
            }
            (Level::Set, Place::Total(definition)) => {
                self.set_call(expr, name, &arguments[0], filter, definition)
            }
        }
    }

    fn scalar(
        &mut self,
        expr: &Expr,
        name: &str,
        arguments: &[Expr],
        place: Place<'_>,
    ) -> Option<Typed> {
        let typed: Vec<_> = arguments
            .iter()
            .map(|argument| self.expr(argument, place))
            .collect();
        let typed = typed.into_iter().collect::<Option<Vec<_>>>()?;
        let spans: Vec<_> = arguments.iter().map(|argument| argument.span).collect();
        let row = matches!(place, Place::Row(_));
        match name {
            "coalesce" => {
                let typed = self.alike(typed.into_iter().zip(spans).collect(), expr.span, row)?;
                let (data_type, unit) = common(&typed);
                Some(Typed::new(
                    data_type,
                    unit,
                    TypedNode::Call(Scalar::Coalesce, typed),
                ))
            }
            // `nullif(a, b)` is a case; comparing tells whether both have one type.
            "nullif" => {
                let equal = self.binary(
                    crate::Binary::Equal,
                    &arguments[0],
                    &arguments[1],
                    expr.span,
                    place,
                )?;
                let value = typed.into_iter().next()?;
                let null = super::literal(DataType::Null, Literal::Null);
                let (data_type, unit) = (value.data_type, value.unit.clone());
                let arms = vec![(equal, null)];
                Some(Typed::new(
                    data_type,
                    unit,
                    TypedNode::Case {
                        arms,
                        otherwise: Some(Box::new(value)),
                    },
                ))
            }
            "abs" | "floor" | "ceil" | "round" => self.rounding(name, typed, &spans, row),
            "double" => {
                self.expect(&typed[0], DataType::is_number, "a number", spans[0])?;
                typed.into_iter().next().map(to_double)
            }
            _ => self.plain(name, typed, &spans),
        }
    }

    fn rounding(
        &mut self,
        name: &str,
        typed: Vec<Typed>,
        spans: &[Span],
        row: bool,
    ) -> Option<Typed> {
        let mut typed = typed.into_iter();
        let value = typed.next()?;
        self.expect(&value, DataType::is_number, "a number", spans[0])?;
        let places = match typed.next().map(|places| places.node) {
            None => 0,
            Some(TypedNode::Literal(Literal::Number(number)))
                if number.scale == 0 && (0..=18).contains(&number.digits) =>
            {
                u8::try_from(number.digits).unwrap_or(0)
            }
            Some(_) => {
                return self.fail(
                    Code::Arguments,
                    spans[1],
                    "the digits after the point are a whole number from 0 to 18",
                    None,
                );
            }
        };
        if value.data_type == DataType::Double && name != "abs" {
            return self.fail(
                Code::Unsupported,
                spans[0],
                "floats are not rounded, as they are not exact",
                None,
            );
        }
        let (scale, precision) = (value.data_type.scale(), value.data_type.precision());
        let (scalar, data_type) = match name {
            "abs" => (Scalar::Abs, value.data_type),
            "floor" => (Scalar::Floor, decimal(precision, 0)),
            "ceil" => (Scalar::Ceil, decimal(precision, 0)),
            // Digits that are not there are not added: the value is the same.
            _ if row && places >= scale => return Some(value),
            _ => (Scalar::Round(places), decimal(precision, places)),
        };
        if row && scale == 0 && scalar != Scalar::Abs {
            return Some(value);
        }
        let unit = value.unit.clone();
        Some(Typed::new(
            data_type,
            unit,
            TypedNode::Call(scalar, vec![value]),
        ))
    }

    /// Functions of texts, dates and instants.
    fn plain(&mut self, name: &str, typed: Vec<Typed>, spans: &[Span]) -> Option<Typed> {
        let text = |t: DataType| t == DataType::String;
        let date = |t: DataType| t == DataType::Date;
        let instant = |t: DataType| t == DataType::Timestamp;
        let whole = decimal(18, 0);
        let unit = |name: &str| name.parse::<Unit>().unwrap_or_default();
        let (scalar, takes, wish, data_type, unit): (_, &dyn Fn(DataType) -> bool, _, _, _) =
            match name {
                "lower" => (Scalar::Lower, &text, "a text", DataType::String, Unit::NONE),
                "upper" => (Scalar::Upper, &text, "a text", DataType::String, Unit::NONE),
                "length" => (Scalar::Length, &text, "a text", whole, Unit::NONE),
                "starts_with" => (
                    Scalar::StartsWith,
                    &text,
                    "a text",
                    DataType::Boolean,
                    Unit::NONE,
                ),
                "contains" => (
                    Scalar::Contains,
                    &text,
                    "a text",
                    DataType::Boolean,
                    Unit::NONE,
                ),
                "year" => (Scalar::Year, &date, "a date", whole, Unit::NONE),
                "month" => (Scalar::Month, &date, "a date", whole, Unit::NONE),
                "day" => (Scalar::Day, &date, "a date", whole, Unit::NONE),
                "days_between" => (Scalar::DaysBetween, &date, "a date", whole, unit("day")),
                "seconds_between" => (
                    Scalar::SecondsBetween,
                    &instant,
                    "a timestamp",
                    decimal(18, 6),
                    unit("s"),
                ),
                _ => (
                    Scalar::DateOf,
                    &instant,
                    "a timestamp",
                    DataType::Date,
                    Unit::NONE,
                ),
            };
        for (value, span) in typed.iter().zip(spans) {
            self.expect(value, takes, wish, *span)?;
        }
        let node = TypedNode::Call(scalar, typed);
        match data_type {
            DataType::Boolean => Some(boolean(node)),
            _ => Some(Typed::new(data_type, Some(unit), node)),
        }
    }

    pub(super) fn expect(
        &mut self,
        value: &Typed,
        takes: impl Fn(DataType) -> bool,
        wish: &str,
        span: Span,
    ) -> Option<()> {
        if takes(value.data_type) {
            return Some(());
        }
        let message = format!(
            "{wish} is expected, and this is of type {}",
            value.data_type
        );
        self.fail(Code::WrongType, span, message, None)
    }
}
