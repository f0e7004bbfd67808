//! Names, types and units: a tree as written becomes a typed tree over measures, or every reason why not.
//!
//! Scales: `+ -` and comparisons bring exact numbers to the larger scale, `*` adds scales, all in 64 bits in rows and without rounding.
//! Totals are exact fractions, so `/` rounds nothing; rows divide only floats. Exact with float is float. Units: `+ -` and
//! comparisons need like units, `* /` combine them, a literal takes the unit of what it meets.

mod aggregate;
mod call;
mod operators;

use crate::{
    Code, DataType, Definition, Entity, Expr, MAX_EXPANDED, MAX_HEIGHT, MAX_METRIC_DEPTH, Measure,
    Metrics, Node, Number, Ontology, Problems, SetSpec, Span, Unary, Unit, calendar,
    measure::Wording,
    parse, print,
    problem::did_you_mean,
    typed::{Literal, Typed, TypedNode},
};
use std::collections::{BTreeMap, BTreeSet};

/// What a name means at a place.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    /// In an aggregate or a condition: attributes of this entity.
    Row(&'a Entity),
    /// Outside: aggregates and metrics.
    Total(&'a Definition),
}

pub(crate) struct Checker<'a> {
    pub(crate) ontology: &'a Ontology,
    pub(crate) metrics: &'a dyn Metrics,
    pub(crate) source: String,
    pub(crate) problems: Problems,
    pub(crate) measures: Vec<Measure>,
    pub(crate) used: BTreeSet<String>,
    /// Metrics being expanded, outermost first.
    pub(crate) path: Vec<String>,
    /// Metrics expanded before; none where one is wrong, so that it is not looked at again.
    pub(crate) known: BTreeMap<String, Option<Typed>>,
}

impl<'a> Checker<'a> {
    pub(crate) fn new(ontology: &'a Ontology, metrics: &'a dyn Metrics, source: &str) -> Self {
        Self {
            ontology,
            metrics,
            source: source.to_owned(),
            problems: Problems::default(),
            measures: Vec::new(),
            used: BTreeSet::new(),
            path: Vec::new(),
            known: BTreeMap::new(),
        }
    }

    /// The typed form; none where a problem was reported.
    pub(crate) fn expr(&mut self, expr: &Expr, place: Place<'_>) -> Option<Typed> {
        let typed = self.node(expr, place)?;
        if typed.height > MAX_HEIGHT || typed.size > MAX_EXPANDED {
            let message = "what the metrics expand to is too large";
            return self.fail(Code::TooManyTerms, expr.span, message, None);
        }
        Some(typed)
    }

    fn node(&mut self, expr: &Expr, place: Place<'_>) -> Option<Typed> {
        let span = expr.span;
        match &expr.node {
            Node::Number(number) => self.number(*number, span, place),
            Node::Text(text) if text.contains('\0') => self.fail(
                Code::Syntax,
                span,
                "a text has no character of code 0",
                None,
            ),
            Node::Text(text) => Some(literal(DataType::String, Literal::Text(text.clone()))),
            Node::Date(days) => Some(literal(DataType::Date, Literal::Date(*days))),
            Node::Timestamp(micros) => {
                Some(literal(DataType::Timestamp, Literal::Timestamp(*micros)))
            }
            Node::Boolean(value) => Some(literal(DataType::Boolean, Literal::Boolean(*value))),
            Node::Null => Some(literal(DataType::Null, Literal::Null)),
            Node::Star => self.fail(
                Code::Syntax,
                span,
                "`*` stands for all rows, in `count(*)` alone",
                None,
            ),
            Node::Path { entity, attribute } => self.path(entity, attribute, span, place),
            Node::Name(name) => match place {
                Place::Row(entity) => self.column(entity, name, span),
                Place::Total(definition) => self.name(name, definition, span),
            },
            Node::Unary(Unary::Minus, operand) => {
                let operand_typed = self.expr(operand, place)?;
                self.negate(operand_typed, operand.span)
            }
            Node::Unary(Unary::Not, operand) => {
                let typed = self.condition(operand, place)?;
                Some(Typed::new(
                    DataType::Boolean,
                    Some(Unit::NONE),
                    TypedNode::Not(Box::new(typed)),
                ))
            }
            Node::Binary(operator, left, right) => self.binary(*operator, left, right, span, place),
            Node::In {
                value,
                list,
                negated,
            } => self.in_list(value, list, *negated, place),
            Node::Between {
                value,
                low,
                high,
                negated,
            } => self.between([value, low, high], *negated, place),
            Node::IsNull { value, negated } => {
                let value = Box::new(self.expr(value, place)?);
                Some(boolean(TypedNode::IsNull {
                    value,
                    negated: *negated,
                }))
            }
            Node::Case { arms, otherwise } => self.case(arms, otherwise.as_deref(), place),
            Node::Call {
                function,
                arguments,
                filter,
            } => self.call(expr, function, arguments, filter.as_deref(), place),
        }
    }

    fn number(&mut self, number: Number, span: Span, place: Place<'_>) -> Option<Typed> {
        let number = match place {
            // In rows the scale of a literal is part of the type of the result.
            Place::Row(_) if i64::try_from(number.digits).is_err() => {
                return self.fail(
                    Code::Overflow,
                    span,
                    "a number in a row has at most 18 digits",
                    None,
                );
            }
            Place::Row(_) => number,
            Place::Total(_) => number.reduced(),
        };
        let data_type = DataType::Decimal {
            precision: number.precision(),
            scale: number.scale,
        };
        Some(literal(data_type, Literal::Number(number)))
    }

    /// `expr` as a condition.
    pub(crate) fn condition(&mut self, expr: &Expr, place: Place<'_>) -> Option<Typed> {
        let typed = self.expr(expr, place)?;
        if matches!(typed.data_type, DataType::Boolean | DataType::Null) {
            return Some(typed);
        }
        let message = format!(
            "a condition is expected, and this is of type {}",
            typed.data_type
        );
        self.fail(
            Code::WrongType,
            expr.span,
            message,
            Some("compare it with something"),
        )
    }

    fn path(
        &mut self,
        entity: &str,
        attribute: &str,
        span: Span,
        place: Place<'_>,
    ) -> Option<Typed> {
        let found = self.entity(entity, span)?;
        match place {
            Place::Row(at_hand) if at_hand.code == entity => self.column(at_hand, attribute, span),
            Place::Row(at_hand) => {
                let message = format!(
                    "this reads rows of `{}`, and `{entity}` is another entity",
                    at_hand.code
                );
                self.fail(
                    Code::MixedEntities,
                    span,
                    message,
                    Some("one aggregate reads the rows of one entity"),
                )
            }
            Place::Total(_) => {
                self.column(found, attribute, span)?;
                let message = format!(
                    "`{entity}.{attribute}` has a value in each row; say how to make one of them"
                );
                let hint = format!("such as `sum({entity}.{attribute})`");
                self.fail(Code::WrongLevel, span, message, Some(&hint))
            }
        }
    }

    /// The entity of this code, which the formula names at `span`.
    pub(crate) fn entity(&mut self, code: &str, span: Span) -> Option<&'a Entity> {
        let found = self.ontology.entity(code);
        if found.is_none() {
            let hint = did_you_mean(code, self.ontology.codes());
            let message = format!("there is no entity `{code}`");
            return self.fail(Code::UnknownEntity, span, message, hint.as_deref());
        }
        found
    }

    fn column(&mut self, entity: &Entity, code: &str, span: Span) -> Option<Typed> {
        let Some(attribute) = entity.attribute(code) else {
            let codes = entity
                .attributes
                .iter()
                .map(|attribute| attribute.code.as_str());
            let hint = did_you_mean(code, codes);
            let message = format!("the entity `{}` has no attribute `{code}`", entity.code);
            return self.fail(Code::UnknownAttribute, span, message, hint.as_deref());
        };
        if matches!(attribute.data_type, DataType::Decimal { precision, .. } if precision > 18) {
            let message = format!(
                "`{}.{code}` has more than 18 digits, which 64 bits do not hold exactly",
                entity.code
            );
            return self.fail(
                Code::Unsupported,
                span,
                message,
                Some("declare it with at most 18 digits"),
            );
        }
        let node = TypedNode::Column(code.to_owned());
        Some(Typed::new(
            attribute.data_type,
            Some(attribute.unit.clone()),
            node,
        ))
    }

    /// A name outside of aggregates: a set of the definition, or a metric.
    fn name(&mut self, name: &str, definition: &Definition, span: Span) -> Option<Typed> {
        if let Some(read) = call::set_read(name)
            && let Some(set) = &definition.set
        {
            return self.default_set(read, set, span);
        }
        let Some(found) = self.metrics.metric(name) else {
            let codes = self.metrics.codes();
            let hint = did_you_mean(name, codes.iter().map(String::as_str)).or_else(|| match self
                .ontology
                .entity(name)
            {
                Some(_) => Some(format!(
                    "`{name}` is an entity: `count({name})` counts its rows"
                )),
                None => call::set_read(name).map(|_| format!("say of what: `{name}(policy)`")),
            });
            let message = format!("there is no metric `{name}`");
            return self.fail(Code::UnknownMetric, span, message, hint.as_deref());
        };
        self.used.insert(name.to_owned());
        match self.known.get(name) {
            Some(Some(typed)) => return Some(typed.clone()),
            Some(None) => {
                let message = format!("the metric `{name}` is itself wrong");
                return self.fail(Code::BadMetric, span, message, None);
            }
            None => {}
        }
        if self.path.iter().any(|code| code == name) || self.path.len() >= MAX_METRIC_DEPTH {
            let circle = [self.path.as_slice(), &[name.to_owned()]]
                .concat()
                .join("` uses `");
            let message =
                format!("metrics refer to each other in a circle, or too deeply: `{circle}`");
            return self.fail(
                Code::MetricCycle,
                span,
                message,
                Some("remove one of the references"),
            );
        }
        let typed = self.expand(name, &found, span);
        self.known.insert(name.to_owned(), typed.clone());
        typed
    }

    /// The typed form of another metric; its own problems are told at the place that refers to it.
    fn expand(&mut self, name: &str, definition: &Definition, span: Span) -> Option<Typed> {
        let outer = std::mem::take(&mut self.problems);
        let source = std::mem::replace(&mut self.source, definition.formula.clone());
        self.path.push(name.to_owned());
        let typed = match parse(&definition.formula) {
            Ok(expr) => self.expr(&expr, Place::Total(definition)),
            Err(problems) => {
                self.problems = problems;
                None
            }
        };
        self.path.pop();
        self.source = source;
        let inner = std::mem::replace(&mut self.problems, outer);
        let Some(first) = inner.as_slice().first() else {
            return typed;
        };
        // A circle is a circle wherever it is seen from.
        let passed = matches!(first.code, Code::MetricCycle | Code::TooManyTerms);
        let code = if passed { first.code } else { Code::BadMetric };
        self.fail(code, span, format!("in the metric `{name}`, {first}"), None)
    }

    fn default_set(&mut self, read: crate::Read, set: &SetSpec, span: Span) -> Option<Typed> {
        let entity = self.entity(&set.entity, span)?;
        let (filter, written) = match set.filter.trim() {
            "" => (None, None),
            text => match parse(text).and_then(|expr| {
                Ok((
                    typed_condition(self.ontology, &set.entity, text, &expr)?,
                    expr,
                ))
            }) {
                Ok((typed, expr)) => (Some(typed), Some(expr)),
                Err(problems) => {
                    return self.fail(
                        Code::BadMetric,
                        span,
                        format!("in the condition of the set, {problems}"),
                        None,
                    );
                }
            },
        };
        let member = self.column(entity, &set.member, span)?;
        let named = Expr::new(span, Node::Name(set.member.clone()));
        let wording = Wording::new(&entity.code, Some(&named), written.as_ref());
        self.set(entity, member, filter, wording, read, span)
    }

    /// Reports a problem and answers that there is no value.
    pub(crate) fn fail<T>(
        &mut self,
        code: Code,
        span: Span,
        message: impl Into<String>,
        hint: Option<&str>,
    ) -> Option<T> {
        let hint = hint.map(str::to_owned);
        self.problems.add(&self.source, code, span, message, hint);
        None
    }
}

/// A condition on the rows of one entity, such as a caller's row filter or a set's membership.
///
/// # Errors
/// Everything that is wrong with it.
pub fn condition(ontology: &Ontology, entity: &str, source: &str) -> Result<Typed, Problems> {
    typed_condition(ontology, entity, source, &parse(source)?)
}

/// As [`condition`], of an expression that was made, such as by [`filter`](crate::filter).
///
/// # Errors
/// Everything that is wrong with it.
pub fn condition_of(ontology: &Ontology, entity: &str, expr: &Expr) -> Result<Typed, Problems> {
    typed_condition(ontology, entity, &print(expr), expr)
}

fn typed_condition(
    ontology: &Ontology,
    entity: &str,
    source: &str,
    expr: &Expr,
) -> Result<Typed, Problems> {
    let none = BTreeMap::<String, Definition>::new();
    let mut checker = Checker::new(ontology, &none, source);
    let typed = checker
        .entity(entity, expr.span)
        .and_then(|entity| checker.condition(expr, Place::Row(entity)));
    let problems = std::mem::take(&mut checker.problems);
    problems
        .finish(())
        .map(|()| typed.expect("a value or a problem"))
}

pub(crate) fn literal(data_type: DataType, value: Literal) -> Typed {
    Typed::new(data_type, None, TypedNode::Literal(value))
}

pub(crate) fn boolean(node: TypedNode) -> Typed {
    Typed::new(DataType::Boolean, Some(Unit::NONE), node)
}

/// A text as a literal of another type, where a literal of text meets a value of it.
pub(crate) fn read_as(text: &str, data_type: DataType) -> Option<Literal> {
    match data_type {
        DataType::Date => calendar::parse_date(text).map(Literal::Date),
        DataType::Timestamp => calendar::parse_timestamp(text).map(Literal::Timestamp),
        DataType::Uuid => {
            let digits = text.replace('-', "").to_ascii_lowercase();
            let hex = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            hex.then_some(Literal::Uuid(digits))
        }
        _ => None,
    }
}
