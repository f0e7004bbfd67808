//! Aggregates and sets: which entity they read, and the measure they become.

use super::{Checker, Place, operators::decimal};
use crate::{
    Aggregate, Code, DataType, Definition, Entity, EntityKind, Expr, Measure, Node, Number, Read,
    Span, Unit,
    check::call::set_read,
    measure::Wording,
    typed::{Typed, TypedNode},
};

impl<'a> Checker<'a> {
    pub(super) fn aggregate(
        &mut self,
        expr: &Expr,
        name: &str,
        arguments: &[Expr],
        filter: Option<&Expr>,
        definition: &Definition,
    ) -> Option<Typed> {
        if crate::function_named(name).is_some_and(|function| !function.is_calculated()) {
            let message = format!("`{name}` is not calculated yet");
            let exact = name.trim_start_matches("approx_");
            return self.fail(
                Code::Unsupported,
                expr.name_span(),
                message,
                Some(&format!("`{exact}` is exact")),
            );
        }
        let entity = self.entity_of(expr, arguments.first(), filter, definition)?;
        let place = Place::Row(entity);
        // Both are looked at, so that all problems are told at once.
        let condition = filter.map(|filter| self.condition(filter, place));
        let argument = arguments
            .first()
            .filter(|argument| !names_rows(argument, entity, name == "count"));
        let value = argument.map(|argument| self.expr(argument, place));
        let share = arguments.get(1).map(|share| self.share(share));
        let condition = condition.map_or(Some(None), |condition| condition.map(Some))?;
        let value = value.map_or(Some(None), |value| value.map(Some))?;
        let share = share.map_or(Some(None), |share| share.map(Some))?;
        let span = argument.map_or(expr.span, |argument| argument.span);
        let wording = Wording::new(&entity.code, argument, filter);
        if name == "count" {
            return Some(self.measure(
                entity,
                condition,
                Aggregate::Count,
                value,
                wording,
                Read::Value,
                whole(),
                Unit::NONE,
            ));
        }
        let Some(value) = value else {
            return self.fail(
                Code::WrongType,
                span,
                format!("`{name}` takes an expression, and this names all rows"),
                Some("name an attribute"),
            );
        };
        let unit = value.unit.clone().unwrap_or_default();
        let (data_type, exact) = (value.data_type, value.data_type.is_exact());
        let total = if exact {
            decimal(38, data_type.scale())
        } else {
            data_type
        };
        let squared = unit.times(&unit);
        let (takes, wish, aggregate, read, result, unit) = match name {
            "sum" | "avg" => (
                data_type.is_number(),
                "a number",
                Aggregate::Sum,
                Read::Value,
                total,
                unit,
            ),
            "count_distinct" => (
                !matches!(data_type, DataType::Json | DataType::Null),
                "a value that can be compared",
                Aggregate::Distinct,
                Read::Value,
                whole(),
                Unit::NONE,
            ),
            "min" => (
                data_type.is_ordered(),
                "a value with an order",
                Aggregate::Min,
                Read::Value,
                data_type,
                unit,
            ),
            "max" => (
                data_type.is_ordered(),
                "a value with an order",
                Aggregate::Max,
                Read::Value,
                data_type,
                unit,
            ),
            "first" => (
                data_type != DataType::Json,
                "a plain value",
                Aggregate::First,
                Read::Value,
                data_type,
                unit,
            ),
            "last" => (
                data_type != DataType::Json,
                "a plain value",
                Aggregate::Last,
                Read::Value,
                data_type,
                unit,
            ),
            "variance" => (
                exact,
                "an exact number",
                Aggregate::Moments,
                Read::Variance { sample: true },
                decimal(38, 18),
                squared,
            ),
            "variance_pop" => (
                exact,
                "an exact number",
                Aggregate::Moments,
                Read::Variance { sample: false },
                decimal(38, 18),
                squared,
            ),
            "stddev" => (
                exact,
                "an exact number",
                Aggregate::Moments,
                Read::Deviation { sample: true },
                DataType::Double,
                unit,
            ),
            "stddev_pop" => (
                exact,
                "an exact number",
                Aggregate::Moments,
                Read::Deviation { sample: false },
                DataType::Double,
                unit,
            ),
            _ => {
                let share = share.unwrap_or(Number {
                    digits: 5,
                    scale: 1,
                });
                (
                    exact,
                    "an exact number",
                    Aggregate::Values,
                    Read::Percentile(share),
                    decimal(38, 18),
                    unit,
                )
            }
        };
        if !takes || data_type == DataType::Null {
            let message = format!("`{name}` takes {wish}, and this is of type {data_type}");
            return self.fail(Code::WrongType, span, message, None);
        }
        if matches!(aggregate, Aggregate::First | Aggregate::Last) && entity.time().is_none() {
            let message = format!(
                "`{name}` needs an order in time, and `{}` has no time attribute",
                entity.code
            );
            return self.fail(Code::WrongType, expr.name_span(), message, None);
        }
        let count = (name == "avg").then(|| {
            self.measure(
                entity,
                condition.clone(),
                Aggregate::Count,
                Some(value.clone()),
                wording.clone(),
                Read::Value,
                whole(),
                Unit::NONE,
            )
        });
        let read = self.measure(
            entity,
            condition,
            aggregate,
            Some(value),
            wording,
            read,
            result,
            unit.clone(),
        );
        let Some(count) = count else {
            return Some(read);
        };
        let mean = if exact {
            decimal(38, 18)
        } else {
            DataType::Double
        };
        let node = TypedNode::Binary(crate::Binary::Divide, Box::new(read), Box::new(count));
        Some(Typed::new(mean, Some(unit), node))
    }

    /// The share of a percentile: a constant from 0 to 1.
    fn share(&mut self, expr: &Expr) -> Option<Number> {
        if let Node::Number(number) = expr.node
            && crate::Exact::scaled(number.digits, number.scale)
                .is_ok_and(|share| share <= crate::Exact::whole(1))
        {
            return Some(number.reduced());
        }
        self.fail(
            Code::Arguments,
            expr.span,
            "the share is a number from 0 to 1",
            Some("the 95th percentile is 0.95"),
        )
    }

    pub(super) fn set_call(
        &mut self,
        expr: &Expr,
        name: &str,
        member: &Expr,
        filter: Option<&Expr>,
        definition: &Definition,
    ) -> Option<Typed> {
        let entity = self.entity_of(expr, Some(member), filter, definition)?;
        let place = Place::Row(entity);
        let condition = filter.map(|filter| self.condition(filter, place));
        let condition = condition.map_or(Some(None), |condition| condition.map(Some))?;
        let (value, named) = if names_rows(member, entity, false) {
            let mut keys = entity
                .attributes
                .iter()
                .filter(|attribute| attribute.key && !attribute.time);
            let (Some(key), None) = (keys.next(), keys.next()) else {
                let message = format!("`{}` has no single key besides its time", entity.code);
                return self.fail(
                    Code::NoSnapshot,
                    member.span,
                    message,
                    Some("name the attribute that tells members apart"),
                );
            };
            let named = Expr::new(member.span, Node::Name(key.code.clone()));
            (self.expr(&named, place)?, named)
        } else {
            (self.expr(member, place)?, member.clone())
        };
        let read = set_read(name)?;
        let wording = Wording::new(&entity.code, Some(&named), filter);
        self.set(entity, value, condition, wording, read, member.span)
    }

    pub(super) fn set(
        &mut self,
        entity: &Entity,
        member: Typed,
        filter: Option<Typed>,
        wording: Wording,
        read: Read,
        span: Span,
    ) -> Option<Typed> {
        if entity.kind != EntityKind::Snapshot || entity.time().is_none() {
            let message = format!(
                "`{}` is no snapshot, so that it has no state at the start or the end of a period",
                entity.code
            );
            return self.fail(Code::NoSnapshot, span, message, None);
        }
        if matches!(
            member.data_type,
            DataType::Json | DataType::Double | DataType::Null
        ) {
            let message = format!(
                "a value of type {} does not tell members apart",
                member.data_type
            );
            return self.fail(Code::WrongType, span, message, None);
        }
        Some(self.measure(
            entity,
            filter,
            Aggregate::Set,
            Some(member),
            wording,
            read,
            whole(),
            Unit::NONE,
        ))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "they are the parts of a measure and of what is read"
    )]
    fn measure(
        &mut self,
        entity: &Entity,
        filter: Option<Typed>,
        aggregate: Aggregate,
        argument: Option<Typed>,
        wording: Wording,
        read: Read,
        data_type: DataType,
        unit: Unit,
    ) -> Typed {
        let measure = Measure {
            entity: entity.code.clone(),
            filter,
            aggregate,
            argument,
            wording,
        };
        let known = self.measures.iter().position(|other| *other == measure);
        let index = known.unwrap_or_else(|| {
            self.measures.push(measure);
            self.measures.len() - 1
        });
        Typed::new(data_type, Some(unit), TypedNode::Measure(index, read))
    }

    /// The entity whose rows an aggregate reads: the one it names, or the one meant where it names none.
    fn entity_of(
        &mut self,
        expr: &Expr,
        argument: Option<&Expr>,
        filter: Option<&Expr>,
        definition: &Definition,
    ) -> Option<&'a Entity> {
        let mut found = None;
        for part in argument.into_iter().chain(filter) {
            first_path(part, &mut found);
        }
        if let Some((code, span)) = found {
            return self.entity(&code, span);
        }
        if let Some(Node::Name(name)) = argument.map(|argument| &argument.node)
            && let Some(entity) = self.ontology.entity(name)
        {
            return Some(entity);
        }
        match &definition.entity {
            Some(code) => self.entity(code, expr.span),
            None if matches!(argument.map(|a| &a.node), Some(Node::Name(_))) => {
                let Some(Expr {
                    node: Node::Name(name),
                    span,
                }) = argument
                else {
                    return None;
                };
                self.entity(name, *span)
            }
            None => self.fail(
                Code::UnknownEntity,
                expr.span,
                "this does not say whose rows it reads",
                Some("write attributes as `entity.attribute`"),
            ),
        }
    }
}

fn whole() -> DataType {
    decimal(38, 0)
}

/// Whether the argument stands for the rows themselves: `*`, or the entity's code where it is no attribute; in `count` always.
fn names_rows(argument: &Expr, entity: &Entity, counts: bool) -> bool {
    match &argument.node {
        Node::Star => true,
        Node::Name(name) => *name == entity.code && (counts || entity.attribute(name).is_none()),
        _ => false,
    }
}

/// The first entity that an expression names.
fn first_path(expr: &Expr, found: &mut Option<(String, Span)>) {
    let mut stack = vec![expr];
    while let Some(expr) = stack.pop() {
        match &expr.node {
            Node::Path { entity, .. }
                if found
                    .as_ref()
                    .is_none_or(|(_, span)| expr.span.start < span.start) =>
            {
                *found = Some((entity.clone(), expr.span));
            }
            Node::Unary(_, x) => stack.push(x),
            Node::Binary(_, l, r) => stack.extend([&**l, &**r]),
            Node::In { value, list, .. } => {
                stack.push(value);
                stack.extend(list);
            }
            Node::Between {
                value, low, high, ..
            } => stack.extend([&**value, &**low, &**high]),
            Node::IsNull { value, .. } => stack.push(value),
            Node::Case { arms, otherwise } => {
                stack.extend(
                    arms.iter()
                        .flat_map(|(condition, result)| [condition, result]),
                );
                stack.extend(otherwise.as_deref());
            }
            Node::Call {
                arguments, filter, ..
            } => {
                stack.extend(arguments);
                stack.extend(filter.as_deref());
            }
            _ => {}
        }
    }
}
