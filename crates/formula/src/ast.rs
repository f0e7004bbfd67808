//! The tree of a formula as it was written, names not yet resolved.

use crate::{Number, Span};

/// An expression and where it stands; two are equal when they say the same, wherever they stand.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub node: Node,
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

impl Expr {
    /// An expression at `span`.
    pub const fn new(span: Span, node: Node) -> Self {
        Self { span, node }
    }

    /// Where the name of a call stands; the whole of anything else.
    pub fn name_span(&self) -> Span {
        match &self.node {
            Node::Call { function, .. } => {
                let start = self.span.start as usize;
                Span::new(start, start + function.len())
            }
            _ => self.span,
        }
    }
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// `12.50`.
    Number(Number),
    /// `'paid'` or `"paid"`.
    Text(String),
    /// `date '2025-01-31'`: days since 1970-01-01.
    Date(i32),
    /// `timestamp '2025-01-31T12:00:00Z'`: microseconds since 1970-01-01 UTC.
    Timestamp(i64),
    /// `true` or `false`.
    Boolean(bool),
    /// `null`.
    Null,
    /// `policy.status`: an attribute of an entity.
    Path {
        /// The entity's code.
        entity: String,
        /// The attribute's code.
        attribute: String,
    },
    /// A metric, an entity or an attribute of the entity at hand: the place decides.
    Name(String),
    /// `*` in `count(*)`.
    Star,
    /// `-x` and `not x`.
    Unary(Unary, Box<Expr>),
    /// `a + b` and the like.
    Binary(Binary, Box<Expr>, Box<Expr>),
    /// `x in (1, 2)`.
    In {
        /// What is looked for.
        value: Box<Expr>,
        /// Where it is looked for; never empty.
        list: Vec<Expr>,
        /// `not in`.
        negated: bool,
    },
    /// `x between 1 and 2`, both ends included.
    Between {
        /// What is compared.
        value: Box<Expr>,
        /// Lower end.
        low: Box<Expr>,
        /// Upper end.
        high: Box<Expr>,
        /// `not between`.
        negated: bool,
    },
    /// `x is null`.
    IsNull {
        /// What is looked at.
        value: Box<Expr>,
        /// `is not null`.
        negated: bool,
    },
    /// `case when c then x else y end`; `if(c, x, y)` is read as this.
    Case {
        /// Conditions with their results, in order; never empty.
        arms: Vec<(Expr, Expr)>,
        /// The result where none holds; null where not given.
        otherwise: Option<Box<Expr>>,
    },
    /// `sum(claim.amount where claim.status = 'paid')`.
    Call {
        /// The function, lower case.
        function: String,
        /// What it is given.
        arguments: Vec<Expr>,
        /// The filter of an aggregate.
        filter: Option<Box<Expr>>,
    },
}

/// An operator before its operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unary {
    /// `-`.
    Minus,
    /// `not`.
    Not,
}

/// An operator between its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the operators")]
pub enum Binary {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl Binary {
    /// Every operator.
    pub const ALL: [Self; 12] = [
        Self::Or,
        Self::And,
        Self::Equal,
        Self::NotEqual,
        Self::Less,
        Self::LessOrEqual,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::Add,
        Self::Subtract,
        Self::Multiply,
        Self::Divide,
    ];

    /// As it is written.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
        }
    }

    /// How tightly it binds; see [`power`].
    pub(crate) const fn power(self) -> u8 {
        match self {
            Self::Or => power::OR,
            Self::And => power::AND,
            Self::Add | Self::Subtract => power::SUM,
            Self::Multiply | Self::Divide => power::PRODUCT,
            _ => power::COMPARISON,
        }
    }

    /// Whether it compares two values.
    pub const fn compares(self) -> bool {
        self.power() == power::COMPARISON
    }
}

/// Binding powers, loosest first, as in SQL.
pub(crate) mod power {
    pub(crate) const OR: u8 = 1;
    pub(crate) const AND: u8 = 2;
    pub(crate) const NOT: u8 = 3;
    pub(crate) const COMPARISON: u8 = 4;
    pub(crate) const SUM: u8 = 5;
    pub(crate) const PRODUCT: u8 = 6;
    pub(crate) const MINUS: u8 = 7;
    pub(crate) const ATOM: u8 = 8;
}
