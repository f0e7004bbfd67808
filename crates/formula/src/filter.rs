//! Conditions from parts: an attribute, an operator and plain values, such as the filters of a request, become an expression.
//!
//! Values are read by the attribute's type, so that `"12.50"`, `12.5` and `"2025-01-31"` mean what the attribute holds. Nothing is
//! guessed: a value that is none of the type is refused.

use crate::{
    Binary, DataType, Entity, Expr, Literal, Node, Number, Span, Unary, calendar, check::read_as,
    problem::did_you_mean,
};
use std::fmt;

/// How an attribute is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say how")]
pub enum Operator {
    Equal,
    /// Not true of null.
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    /// Not true of null.
    NotIn,
    /// Both ends included.
    Between,
    IsNull,
    IsNotNull,
    /// By code points.
    StartsWith,
    /// By code points.
    Contains,
}

/// A value to compare with, as JSON knows it.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A text; also a number, a date, an instant or an identifier as text.
    Text(String),
    /// A number. Whole ones beyond 2⁵³ and exact decimals are better sent as text.
    Number(f64),
    /// True or false.
    Boolean(bool),
}

/// Why parts are no condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterProblem {
    /// Index of the value it is about; none where it is about attribute, operator or how many values there are.
    pub value: Option<usize>,
    /// Stable name, `UPPER_SNAKE`.
    pub reason: &'static str,
    /// What is wrong; lower case, without a full stop.
    pub message: String,
}

impl fmt::Display for FilterProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for FilterProblem {}

fn refuse<T>(
    value: Option<usize>,
    reason: &'static str,
    message: String,
) -> Result<T, FilterProblem> {
    Err(FilterProblem {
        value,
        reason,
        message,
    })
}

/// The condition that `attribute` of `entity` compares with `values`; names are explicit, so it also prints as one.
///
/// # Errors
/// Where there is no such attribute, its type has no such comparison, or a value is none of its type.
pub fn filter(
    entity: &Entity,
    attribute: &str,
    operator: Operator,
    values: &[Operand],
) -> Result<Expr, FilterProblem> {
    let Some(found) = entity.attribute(attribute) else {
        let codes = entity.attributes.iter().map(|a| a.code.as_str());
        let hint =
            did_you_mean(attribute, codes).map_or(String::new(), |hint| format!(" ({hint})"));
        let message = format!(
            "the entity `{}` has no attribute `{attribute}`{hint}",
            entity.code
        );
        return refuse(None, "UNKNOWN_ATTRIBUTE", message);
    };
    takes(found.data_type, operator)?;
    counts(operator, values.len())?;
    let column = node(Node::Path {
        entity: entity.code.clone(),
        attribute: attribute.to_owned(),
    });
    let mut literals = values
        .iter()
        .enumerate()
        .map(|(index, value)| literal(found.data_type, value, index))
        .collect::<Result<Vec<_>, _>>()?;
    let negated = matches!(operator, Operator::NotIn | Operator::IsNotNull);
    Ok(node(match operator {
        Operator::In | Operator::NotIn => Node::In {
            value: Box::new(column),
            list: literals,
            negated,
        },
        Operator::IsNull | Operator::IsNotNull => Node::IsNull {
            value: Box::new(column),
            negated,
        },
        Operator::Between => {
            let (high, low) = (literals.pop(), literals.pop());
            Node::Between {
                value: Box::new(column),
                low: Box::new(low.expect("two values")),
                high: Box::new(high.expect("two values")),
                negated: false,
            }
        }
        Operator::StartsWith | Operator::Contains => {
            literals.insert(0, column);
            let function = match operator {
                Operator::StartsWith => "starts_with",
                _ => "contains",
            };
            Node::Call {
                function: function.to_owned(),
                arguments: literals,
                filter: None,
            }
        }
        Operator::Equal => compare(Binary::Equal, column, literals),
        Operator::NotEqual => compare(Binary::NotEqual, column, literals),
        Operator::Less => compare(Binary::Less, column, literals),
        Operator::LessOrEqual => compare(Binary::LessOrEqual, column, literals),
        Operator::Greater => compare(Binary::Greater, column, literals),
        Operator::GreaterOrEqual => compare(Binary::GreaterOrEqual, column, literals),
    }))
}

fn node(node: Node) -> Expr {
    Expr::new(Span::default(), node)
}

fn compare(operator: Binary, column: Expr, mut literals: Vec<Expr>) -> Node {
    let literal = literals.pop().expect("one value");
    Node::Binary(operator, Box::new(column), Box::new(literal))
}

/// Whether values of the type are compared like this.
fn takes(data_type: DataType, operator: Operator) -> Result<(), FilterProblem> {
    use Operator::{Contains, Equal, In, IsNotNull, IsNull, NotEqual, NotIn, StartsWith};
    let fits = match operator {
        IsNull | IsNotNull => true,
        Equal | NotEqual | In | NotIn => data_type != DataType::Json,
        StartsWith | Contains => data_type == DataType::String,
        _ => data_type.is_ordered(),
    };
    if fits {
        return Ok(());
    }
    let message = format!("values of type {data_type} are not compared like this");
    refuse(None, "WRONG_OPERATOR", message)
}

fn counts(operator: Operator, count: usize) -> Result<(), FilterProblem> {
    let (fits, takes) = match operator {
        Operator::IsNull | Operator::IsNotNull => (count == 0, "no value"),
        Operator::In | Operator::NotIn => (count > 0, "one value or more"),
        Operator::Between => (count == 2, "two values"),
        _ => (count == 1, "one value"),
    };
    if fits {
        return Ok(());
    }
    let message = format!("the operator takes {takes} and is given {count}");
    refuse(None, "WRONG_COUNT", message)
}

/// A value as a literal of the type.
fn literal(data_type: DataType, value: &Operand, index: usize) -> Result<Expr, FilterProblem> {
    let wrong = |text: &str| {
        let message = format!("`{}` is no {data_type}", text.escape_debug());
        refuse(Some(index), "WRONG_VALUE", message)
    };
    match (data_type, value) {
        (DataType::String, Operand::Text(text)) if !text.contains('\0') => {
            Ok(node(Node::Text(text.clone())))
        }
        (DataType::Boolean, Operand::Boolean(value)) => Ok(node(Node::Boolean(*value))),
        (DataType::Boolean, Operand::Text(text)) if text == "true" || text == "false" => {
            Ok(node(Node::Boolean(text == "true")))
        }
        (DataType::Date, Operand::Text(text)) => match calendar::parse_date(text) {
            Some(days) => Ok(node(Node::Date(days))),
            None => wrong(text),
        },
        (DataType::Timestamp, Operand::Text(text)) => match calendar::parse_timestamp(text) {
            Some(micros) => Ok(node(Node::Timestamp(micros))),
            None => wrong(text),
        },
        // A text beside a uuid is read as one when it is typed.
        (DataType::Uuid, Operand::Text(text)) => match read_as(text, DataType::Uuid) {
            Some(Literal::Uuid(digits)) => Ok(node(Node::Text(digits))),
            _ => wrong(text),
        },
        (number, Operand::Number(real)) if number.is_number() => {
            // The shortest text that is this float: what was written, up to 15 digits.
            signed(&format!("{real}")).map_or_else(|| wrong(&real.to_string()), Ok)
        }
        (number, Operand::Text(text)) if number.is_number() => {
            signed(text).map_or_else(|| wrong(text), Ok)
        }
        (_, Operand::Text(text)) => wrong(text),
        (_, Operand::Number(real)) => wrong(&real.to_string()),
        (_, Operand::Boolean(value)) => wrong(&value.to_string()),
    }
}

/// A decimal, perhaps with a minus, as a literal; rows hold 18 digits.
fn signed(text: &str) -> Option<Expr> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let number = Number::parse(digits)?;
    i64::try_from(number.digits).ok()?;
    (number.scale <= 18).then_some(())?;
    let literal = node(Node::Number(number));
    Some(if digits.len() < text.len() {
        node(Node::Unary(Unary::Minus, Box::new(literal)))
    } else {
        literal
    })
}
