//! The canonical form of a formula, and its hash: equal for formulas that must give equal answers by these rules alone.
//!
//! Applied from the leaves up: spelling, white space, comments, quotes and needless parentheses are gone with the tree; numbers lose trailing
//! zeros; the operands of `+`, `*`, `=` and `<>` are put in order; `a > b` is `b < a`, `a >= b` is `b <= a`; chains of `and`
//! and of `or` are flattened, put in order and freed of repetitions (three-valued logic allows all three); lists of `in` are put in
//! order and freed of repetitions. Sums are not re-associated: with floats, and at the edge of 64 bits, that gives other answers.

use crate::{Binary, Expr, Node, print};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// SHA-256 of a canonical form; stable across releases.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FormulaHash([u8; 32]);

impl FormulaHash {
    /// The hash of arbitrary canonical text.
    pub(crate) fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for FormulaHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for FormulaHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The hash of the canonical form.
pub fn hash(expr: &Expr) -> FormulaHash {
    FormulaHash::of(&print(&canonical(expr)))
}

/// The canonical form, see the module.
#[must_use]
pub fn canonical(expr: &Expr) -> Expr {
    keyed(expr).0
}

/// An expression with its spelling, by which operands are put in order.
type Keyed = (Expr, String);

fn keyed(expr: &Expr) -> Keyed {
    let node = match &expr.node {
        Node::Number(number) => Node::Number(number.reduced()),
        Node::Unary(operator, operand) => Node::Unary(*operator, boxed(operand)),
        Node::Binary(operator @ (Binary::And | Binary::Or), ..) => {
            let mut parts = Vec::new();
            flatten(*operator, expr, &mut parts);
            let mut parts = sorted(parts).into_iter();
            let first = parts.next().expect("a chain has operands");
            parts
                .fold(first, |left, right| {
                    let node = Node::Binary(*operator, Box::new(left), Box::new(right));
                    Expr::new(expr.span, node)
                })
                .node
        }
        Node::Binary(operator, left, right) => binary(*operator, keyed(left), keyed(right)),
        Node::In {
            value,
            list,
            negated,
        } => Node::In {
            value: boxed(value),
            list: sorted(list.iter().map(keyed).collect()),
            negated: *negated,
        },
        Node::Between {
            value,
            low,
            high,
            negated,
        } => Node::Between {
            value: boxed(value),
            low: boxed(low),
            high: boxed(high),
            negated: *negated,
        },
        Node::IsNull { value, negated } => Node::IsNull {
            value: boxed(value),
            negated: *negated,
        },
        Node::Case { arms, otherwise } => Node::Case {
            arms: arms
                .iter()
                .map(|(c, r)| (canonical(c), canonical(r)))
                .collect(),
            otherwise: otherwise.as_deref().map(boxed),
        },
        Node::Call {
            function,
            arguments,
            filter,
        } => Node::Call {
            function: function.clone(),
            arguments: arguments.iter().map(canonical).collect(),
            filter: filter.as_deref().map(boxed),
        },
        leaf => leaf.clone(),
    };
    let expr = Expr::new(expr.span, node);
    let key = print(&expr);
    (expr, key)
}

fn boxed(expr: &Expr) -> Box<Expr> {
    Box::new(canonical(expr))
}

fn binary(operator: Binary, left: Keyed, right: Keyed) -> Node {
    use Binary::{Add, Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Multiply, NotEqual};
    let (operator, swap) = match operator {
        Greater => (Less, true),
        GreaterOrEqual => (LessOrEqual, true),
        Add | Multiply | Equal | NotEqual => (operator, right.1 < left.1),
        other => (other, false),
    };
    let (left, right) = if swap { (right, left) } else { (left, right) };
    Node::Binary(operator, Box::new(left.0), Box::new(right.0))
}

fn flatten(operator: Binary, expr: &Expr, parts: &mut Vec<Keyed>) {
    match &expr.node {
        Node::Binary(found, left, right) if *found == operator => {
            flatten(operator, left, parts);
            flatten(operator, right, parts);
        }
        _ => parts.push(keyed(expr)),
    }
}

fn sorted(mut parts: Vec<Keyed>) -> Vec<Expr> {
    parts.sort_by(|a, b| a.1.cmp(&b.1));
    parts.dedup_by(|a, b| a.1 == b.1);
    parts.into_iter().map(|(expr, _)| expr).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    fn same(a: &str, b: &str) -> bool {
        hash(&parse(a).unwrap()) == hash(&parse(b).unwrap())
    }

    #[test]
    fn equal_answers_have_equal_hashes_by_the_rules() {
        assert!(same("a+b", " b + A".to_lowercase().as_str()));
        assert!(same("a > 1.0", "1 < a"));
        assert!(same("x in (2, 1, 2)", "x in (1, 2)"));
        assert!(same("a and b and a", "b AND (a and b)"));
        assert!(same("if(a, 1, 2)", "case when a then 1 else 2 end"));
        assert!(same(
            "sum(c.x where c.a = \"y\")",
            "SUM(c.x where 'y' = c.a)"
        ));
        for (a, b) in [
            ("a - b", "b - a"),
            ("a / b", "b / a"),
            ("a + (b + c)", "(a + b) + c"),
            ("'1'", "1"),
        ] {
            assert!(!same(a, b), "{a} {b}");
        }
    }

    #[test]
    fn the_hash_is_the_one_stored_yesterday() {
        let expected = FormulaHash::of("(end - new) / start");
        assert_eq!(hash(&parse("( end-new )/start").unwrap()), expected);
        assert_eq!(
            hash(&parse("1").unwrap()).to_string(),
            "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"
        );
    }
}
