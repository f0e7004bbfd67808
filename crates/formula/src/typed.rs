//! The typed tree: of one row of an entity (leaves are columns), or of a total (leaves are measures over rows).

use crate::{Binary, DataType, Number, Unit};

/// An expression whose names are resolved and whose type is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Typed {
    /// What its value is.
    pub data_type: DataType,
    /// Its unit; none is a literal that takes the unit of what it meets.
    pub unit: Option<Unit>,
    /// Whether 64 bits may not hold it: SQL then checks, and an overflow is an error and never a wrong number.
    pub(crate) wide: bool,
    /// Height of the tree.
    pub(crate) height: u32,
    /// How many nodes it has.
    pub(crate) size: u32,
    /// What it is.
    pub node: TypedNode,
}

/// What a typed expression is.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the shapes are those of the tree as written")]
pub enum TypedNode {
    /// An attribute of the row, by code.
    Column(String),
    /// What is read from a measure of the plan, by index.
    Measure(usize, Read),
    Literal(Literal),
    /// The same number with more digits after the point; only in rows, where numbers are whole.
    Rescale(Box<Typed>),
    /// An exact number as a float.
    ToDouble(Box<Typed>),
    Negate(Box<Typed>),
    Not(Box<Typed>),
    Binary(Binary, Box<Typed>, Box<Typed>),
    In {
        value: Box<Typed>,
        list: Vec<Typed>,
        negated: bool,
    },
    Between {
        value: Box<Typed>,
        low: Box<Typed>,
        high: Box<Typed>,
        negated: bool,
    },
    IsNull {
        value: Box<Typed>,
        negated: bool,
    },
    Case {
        arms: Vec<(Typed, Typed)>,
        otherwise: Option<Box<Typed>>,
    },
    Call(Scalar, Vec<Typed>),
}

/// A constant.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the types")]
pub enum Literal {
    Null,
    /// `digits` × 10^-`scale`, with a sign.
    Number(Number),
    Text(String),
    Boolean(bool),
    Date(i32),
    Timestamp(i64),
    Uuid(String),
}

/// A function of one value for each value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the library says what they do")]
pub enum Scalar {
    Abs,
    /// To so many digits after the point, halves away from zero.
    Round(u8),
    Floor,
    Ceil,
    Coalesce,
    Lower,
    Upper,
    Length,
    StartsWith,
    Contains,
    Year,
    Month,
    Day,
    DaysBetween,
    SecondsBetween,
    DateOf,
}

/// What is read from the state of a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the functions")]
pub enum Read {
    /// The one value of a count, a sum, an extreme, a first or last, a distinct count.
    Value,
    Variance {
        sample: bool,
    },
    Deviation {
        sample: bool,
    },
    /// A percentile, from 0 to 1.
    Percentile(Number),
    Start,
    End,
    New,
    Retained,
    Dropped,
}

impl Typed {
    /// An expression above `children`.
    pub(crate) fn new(data_type: DataType, unit: Option<Unit>, node: TypedNode) -> Self {
        let (mut height, mut size, mut wide) = (0, 1_u32, false);
        node.children(&mut |child| {
            height = height.max(child.height);
            size = size.saturating_add(child.size);
            wide |= child.wide;
        });
        // Only what hands its operands' numbers on can hand on that they are too wide.
        let passes = match &node {
            TypedNode::Rescale(_)
            | TypedNode::Negate(_)
            | TypedNode::Case { .. }
            | TypedNode::Binary(..) => data_type.is_exact(),
            TypedNode::Call(
                Scalar::Abs | Scalar::Round(_) | Scalar::Floor | Scalar::Ceil | Scalar::Coalesce,
                _,
            ) => data_type.is_exact(),
            _ => false,
        };
        let grows = matches!(
            node,
            TypedNode::Rescale(_)
                | TypedNode::Negate(_)
                | TypedNode::Binary(..)
                | TypedNode::Call(Scalar::Abs, _)
        );
        let wide = data_type.is_exact() && passes && (wide || grows && data_type.precision() > 18);
        Self {
            data_type,
            unit,
            wide,
            height: height + 1,
            size,
            node,
        }
    }

    /// Whether it is a constant.
    pub(crate) const fn is_literal(&self) -> bool {
        matches!(self.node, TypedNode::Literal(_))
    }

    /// Calls `visit` with every attribute it reads.
    pub fn columns(&self, visit: &mut impl FnMut(&str)) {
        if let TypedNode::Column(code) = &self.node {
            visit(code);
        }
        let mut children = Vec::new();
        self.node.children(&mut |child| children.push(child));
        children.into_iter().for_each(|child| child.columns(visit));
    }
}

impl TypedNode {
    /// Calls `visit` with each operand.
    pub(crate) fn children<'a>(&'a self, visit: &mut impl FnMut(&'a Typed)) {
        match self {
            Self::Column(_) | Self::Measure(..) | Self::Literal(_) => {}
            Self::Rescale(x) | Self::ToDouble(x) | Self::Negate(x) | Self::Not(x) => visit(x),
            Self::Binary(_, l, r) => [l, r].into_iter().for_each(|x| visit(x)),
            Self::In { value, list, .. } => {
                visit(value);
                list.iter().for_each(visit);
            }
            Self::Between {
                value, low, high, ..
            } => [value, low, high].into_iter().for_each(|x| visit(x)),
            Self::IsNull { value, .. } => visit(value),
            Self::Case { arms, otherwise } => {
                for (condition, result) in arms {
                    visit(condition);
                    visit(result);
                }
                otherwise.iter().for_each(|x| visit(x));
            }
            Self::Call(_, arguments) => arguments.iter().for_each(visit),
        }
    }
}
