//! Operators: which types and units they take, and what comes of them.

use super::{Checker, Place, boolean, literal, read_as};
use crate::{
    Binary, Code, DataType, Expr, Number, Span, Unit,
    exact::power_of_ten,
    typed::{Literal, Typed, TypedNode},
};

impl Checker<'_> {
    pub(super) fn binary(
        &mut self,
        operator: Binary,
        left: &Expr,
        right: &Expr,
        span: Span,
        place: Place<'_>,
    ) -> Option<Typed> {
        if matches!(operator, Binary::And | Binary::Or) {
            // Both sides are looked at, so that all problems are told at once.
            let sides = (self.condition(left, place), self.condition(right, place));
            let (Some(l), Some(r)) = sides else {
                return None;
            };
            return Some(boolean(TypedNode::Binary(
                operator,
                Box::new(l),
                Box::new(r),
            )));
        }
        let sides = (self.expr(left, place), self.expr(right, place));
        let (Some(l), Some(r)) = sides else {
            return None;
        };
        let row = matches!(place, Place::Row(_));
        if operator.compares() {
            let mut both = self
                .alike(vec![(l, left.span), (r, right.span)], span, row)?
                .into_iter();
            let (l, r) = (both.next()?, both.next()?);
            let equality = matches!(operator, Binary::Equal | Binary::NotEqual);
            let comparable = [&l, &r].iter().all(|side| match side.data_type {
                DataType::Null => true,
                DataType::Boolean | DataType::Uuid => equality,
                other => other.is_ordered(),
            });
            if !comparable {
                let message = format!(
                    "values of type {} have no `{}`",
                    l.data_type,
                    operator.symbol()
                );
                return self.fail(Code::WrongType, span, message, None);
            }
            return Some(boolean(TypedNode::Binary(
                operator,
                Box::new(l),
                Box::new(r),
            )));
        }
        for (side, at) in [(&l, left.span), (&r, right.span)] {
            if !(side.data_type.is_number() || side.data_type == DataType::Null) {
                let message = format!(
                    "`{}` takes numbers, and this is of type {}",
                    operator.symbol(),
                    side.data_type
                );
                return self.fail(Code::WrongType, at, message, None);
            }
        }
        match operator {
            Binary::Add | Binary::Subtract => {
                let mut both = self
                    .alike(vec![(l, left.span), (r, right.span)], span, row)?
                    .into_iter();
                let (l, r) = (both.next()?, both.next()?);
                let data_type = match (l.data_type, r.data_type) {
                    (DataType::Double, _) | (_, DataType::Double) => DataType::Double,
                    (DataType::Null, other) | (other, DataType::Null) => other,
                    (a, b) => decimal(
                        a.precision().max(b.precision()).saturating_add(1),
                        a.scale(),
                    ),
                };
                let unit = l.unit.clone().or_else(|| r.unit.clone());
                Some(Typed::new(
                    data_type,
                    unit,
                    TypedNode::Binary(operator, Box::new(l), Box::new(r)),
                ))
            }
            _ => self.product(operator, l, r, span, row),
        }
    }

    fn product(
        &mut self,
        operator: Binary,
        l: Typed,
        r: Typed,
        span: Span,
        row: bool,
    ) -> Option<Typed> {
        let divides = operator == Binary::Divide;
        let unit = match (&l.unit, &r.unit) {
            (None, None) => None,
            (l, r) => {
                let (l, r) = (l.clone().unwrap_or_default(), r.clone().unwrap_or_default());
                Some(if divides { l.per(&r) } else { l.times(&r) })
            }
        };
        let float = l.data_type == DataType::Double || r.data_type == DataType::Double;
        if divides && row && !float {
            let hint = "divide the aggregates, or make floats of rows with `double(…)`";
            return self.fail(Code::Unsupported, span, "exact numbers of a row are not divided, as the result would be rounded in each row", Some(hint));
        }
        let (l, r) = if float {
            (to_double(l), to_double(r))
        } else {
            (l, r)
        };
        let data_type = match (l.data_type, r.data_type) {
            _ if float => DataType::Double,
            (DataType::Null, DataType::Null) => DataType::Null,
            _ if divides => decimal(38, 18),
            (a, b) => {
                let scale = a.scale().saturating_add(b.scale());
                if row && scale > 18 {
                    return self.fail(
                        Code::Overflow,
                        span,
                        "the product has more than 18 digits after the point",
                        Some("round the factors"),
                    );
                }
                decimal(a.precision().saturating_add(b.precision()), scale)
            }
        };
        Some(Typed::new(
            data_type,
            unit,
            TypedNode::Binary(operator, Box::new(l), Box::new(r)),
        ))
    }

    pub(super) fn negate(&mut self, operand: Typed, span: Span) -> Option<Typed> {
        match (&operand.node, operand.data_type) {
            (TypedNode::Literal(Literal::Number(number)), data_type) => {
                let number = Number {
                    digits: -number.digits,
                    scale: number.scale,
                };
                Some(literal(data_type, Literal::Number(number)))
            }
            (_, data_type) if data_type.is_number() || data_type == DataType::Null => {
                Some(Typed::new(
                    data_type,
                    operand.unit.clone(),
                    TypedNode::Negate(Box::new(operand)),
                ))
            }
            (_, other) => self.fail(
                Code::WrongType,
                span,
                format!("`-` takes a number, and this is of type {other}"),
                None,
            ),
        }
    }

    pub(super) fn in_list(
        &mut self,
        value: &Expr,
        list: &[Expr],
        negated: bool,
        place: Place<'_>,
    ) -> Option<Typed> {
        let all: Vec<_> = std::iter::once(value)
            .chain(list)
            .map(|expr| (self.expr(expr, place), expr.span))
            .collect();
        let all = all
            .into_iter()
            .map(|(typed, at)| Some((typed?, at)))
            .collect::<Option<Vec<_>>>()?;
        let mut all = self
            .alike(all, value.span, matches!(place, Place::Row(_)))?
            .into_iter();
        let value = Box::new(all.next()?);
        if value.data_type == DataType::Json {
            return self.fail(
                Code::WrongType,
                Span::default(),
                "values of type json are not compared",
                None,
            );
        }
        Some(boolean(TypedNode::In {
            value,
            list: all.collect(),
            negated,
        }))
    }

    pub(super) fn between(
        &mut self,
        parts: [&Expr; 3],
        negated: bool,
        place: Place<'_>,
    ) -> Option<Typed> {
        let all: Vec<_> = parts
            .iter()
            .map(|expr| (self.expr(expr, place), expr.span))
            .collect();
        let all = all
            .into_iter()
            .map(|(typed, at)| Some((typed?, at)))
            .collect::<Option<Vec<_>>>()?;
        let mut all = self
            .alike(all, parts[0].span, matches!(place, Place::Row(_)))?
            .into_iter();
        let mut next = || all.next().map(Box::new);
        let (value, low, high) = (next()?, next()?, next()?);
        if !(value.data_type.is_ordered() || value.data_type == DataType::Null) {
            let message = format!("values of type {} have no order", value.data_type);
            return self.fail(Code::WrongType, parts[0].span, message, None);
        }
        Some(boolean(TypedNode::Between {
            value,
            low,
            high,
            negated,
        }))
    }

    pub(super) fn case(
        &mut self,
        arms: &[(Expr, Expr)],
        otherwise: Option<&Expr>,
        place: Place<'_>,
    ) -> Option<Typed> {
        let conditions: Vec<_> = arms
            .iter()
            .map(|(condition, _)| self.condition(condition, place))
            .collect();
        let results = arms.iter().map(|(_, result)| result).chain(otherwise);
        let results: Vec<_> = results
            .map(|expr| (self.expr(expr, place), expr.span))
            .collect();
        let conditions = conditions.into_iter().collect::<Option<Vec<_>>>()?;
        let results = results
            .into_iter()
            .map(|(typed, at)| Some((typed?, at)))
            .collect::<Option<Vec<_>>>()?;
        let span = results[0].1;
        let mut results = self.alike(results, span, matches!(place, Place::Row(_)))?;
        let (data_type, unit) = common(&results);
        let otherwise = otherwise.and_then(|_| results.pop()).map(Box::new);
        let arms = conditions.into_iter().zip(results).collect();
        Some(Typed::new(
            data_type,
            unit,
            TypedNode::Case { arms, otherwise },
        ))
    }

    /// The values as of one type, scale and unit, or why they are none.
    pub(super) fn alike(
        &mut self,
        values: Vec<(Typed, Span)>,
        span: Span,
        row: bool,
    ) -> Option<Vec<Typed>> {
        let known = values.iter().map(|(value, _)| value);
        let guide = known
            .clone()
            .find(|value| !value.is_literal())
            .or_else(|| known.clone().next())?
            .data_type;
        let float = known
            .clone()
            .any(|value| value.data_type == DataType::Double);
        let scale = known
            .clone()
            .filter(|v| v.data_type.is_exact())
            .map(|v| v.data_type.scale())
            .max()
            .unwrap_or(0);
        let unit = known.clone().find_map(|value| value.unit.clone());
        let mut out = Vec::new();
        for (value, at) in values {
            if let (Some(found), Some(expected)) = (&value.unit, &unit)
                && found != expected
            {
                let name = |unit: &Unit| {
                    if unit.is_none() {
                        "no unit".to_owned()
                    } else {
                        format!("`{unit}`")
                    }
                };
                let message = format!("{} does not go with {}", name(found), name(expected));
                return self.fail(
                    Code::WrongUnit,
                    at,
                    message,
                    Some("units are not converted; multiply by a factor with a unit, or divide"),
                );
            }
            let value = match &value.node {
                TypedNode::Literal(Literal::Text(text))
                    if matches!(guide, DataType::Date | DataType::Timestamp | DataType::Uuid) =>
                {
                    let Some(read) = read_as(text, guide) else {
                        let message = format!("`{}` is no {guide}", text.escape_debug());
                        return self.fail(Code::BadDate, at, message, None);
                    };
                    literal(guide, read)
                }
                _ => value,
            };
            let same = match (value.data_type, guide) {
                (DataType::Null, _) | (_, DataType::Null) => true,
                (a, b) if a.is_number() && b.is_number() => true,
                (a, b) => a == b,
            };
            if !same {
                let message = format!(
                    "a value of type {} does not go with one of type {guide}",
                    value.data_type
                );
                return self.fail(Code::WrongType, at, message, None);
            }
            let value = match value.data_type {
                exact if exact.is_exact() && float => to_double(value),
                exact if exact.is_exact() && row => match rescale(value, scale) {
                    Some(value) => value,
                    None => {
                        return self.fail(
                            Code::Overflow,
                            span,
                            "brought to one scale, the numbers have more than 18 digits",
                            None,
                        );
                    }
                },
                _ => value,
            };
            out.push(value);
        }
        Some(out)
    }
}

/// The type and unit of values that are alike.
pub(super) fn common(values: &[Typed]) -> (DataType, Option<Unit>) {
    let mut types = values
        .iter()
        .map(|value| value.data_type)
        .filter(|t| *t != DataType::Null);
    let first = types.next().unwrap_or(DataType::Null);
    let data_type = types.fold(first, |a, b| match (a, b) {
        (DataType::Integer, DataType::Integer) => a,
        (a, b) if a.is_exact() && b.is_exact() => {
            decimal(a.precision().max(b.precision()), a.scale().max(b.scale()))
        }
        _ => a,
    });
    (
        data_type,
        values.iter().find_map(|value| value.unit.clone()),
    )
}

pub(super) fn decimal(precision: u8, scale: u8) -> DataType {
    DataType::Decimal {
        precision: precision.min(38),
        scale: scale.min(38),
    }
}

pub(super) fn to_double(value: Typed) -> Typed {
    if !value.data_type.is_exact() {
        return value;
    }
    let unit = value.unit.clone();
    Typed::new(DataType::Double, unit, TypedNode::ToDouble(Box::new(value)))
}

/// The number with `scale` digits after the point; none where 64 bits cannot hold such numbers at all.
fn rescale(value: Typed, scale: u8) -> Option<Typed> {
    let by = scale.saturating_sub(value.data_type.scale());
    if by == 0 {
        return Some(value);
    }
    let data_type = decimal(value.data_type.precision().saturating_add(by), scale);
    if let TypedNode::Literal(Literal::Number(number)) = value.node {
        let digits = number.digits.checked_mul(power_of_ten(by).ok()?)?;
        i64::try_from(digits).ok()?;
        return Some(literal(
            data_type,
            Literal::Number(Number { digits, scale }),
        ));
    }
    (by <= 18).then_some(())?;
    let unit = value.unit.clone();
    Some(Typed::new(
        data_type,
        unit,
        TypedNode::Rescale(Box::new(value)),
    ))
}
