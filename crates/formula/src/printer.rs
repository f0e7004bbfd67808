//! A tree back into text: one spelling for each tree, with no more parentheses than it needs, and read back as the same tree.

use crate::{Expr, Node, Unary, ast::power, calendar};
use std::fmt::{self, Write as _};

/// The one spelling of a formula: `parse(&print(x)) == x`.
pub fn print(expr: &Expr) -> String {
    let mut out = String::new();
    write(expr, 0, &mut out);
    out
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&print(self))
    }
}

fn power_of(node: &Node) -> u8 {
    match node {
        Node::Unary(Unary::Minus, _) => power::MINUS,
        Node::Unary(Unary::Not, _) => power::NOT,
        Node::Binary(operator, ..) => operator.power(),
        Node::In { .. } | Node::Between { .. } | Node::IsNull { .. } => power::COMPARISON,
        _ => power::ATOM,
    }
}

/// Writes `expr` where operators must bind at least as tightly as `least`.
fn write(expr: &Expr, least: u8, out: &mut String) {
    let open = power_of(&expr.node) < least;
    if open {
        out.push('(');
    }
    write_node(&expr.node, out);
    if open {
        out.push(')');
    }
}

fn write_node(node: &Node, out: &mut String) {
    match node {
        Node::Number(number) => push(out, format_args!("{number}")),
        Node::Text(text) => quote(text, out),
        Node::Date(days) => push(out, format_args!("date '{}'", calendar::date_text(*days))),
        Node::Timestamp(micros) => push(
            out,
            format_args!("timestamp '{}'", calendar::timestamp_text(*micros)),
        ),
        Node::Boolean(value) => push(out, format_args!("{value}")),
        Node::Null => out.push_str("null"),
        Node::Path { entity, attribute } => push(out, format_args!("{entity}.{attribute}")),
        Node::Name(name) => out.push_str(name),
        Node::Star => out.push('*'),
        Node::Unary(Unary::Not, operand) => {
            out.push_str("not ");
            write(operand, power::NOT, out);
        }
        Node::Unary(Unary::Minus, operand) => {
            out.push('-');
            // `--` begins a comment.
            write(operand, power::ATOM, out);
        }
        Node::Binary(operator, left, right) => {
            let power = operator.power();
            // Operators lean to the left; comparisons do not lean.
            write(left, power + u8::from(operator.compares()), out);
            push(out, format_args!(" {} ", operator.symbol()));
            write(right, power + 1, out);
        }
        Node::In {
            value,
            list,
            negated,
        } => {
            write(value, power::SUM, out);
            out.push_str(if *negated { " not in (" } else { " in (" });
            write_list(list, out);
            out.push(')');
        }
        Node::Between {
            value,
            low,
            high,
            negated,
        } => {
            write(value, power::SUM, out);
            out.push_str(if *negated {
                " not between "
            } else {
                " between "
            });
            write(low, power::SUM, out);
            out.push_str(" and ");
            write(high, power::SUM, out);
        }
        Node::IsNull { value, negated } => {
            write(value, power::SUM, out);
            out.push_str(if *negated { " is not null" } else { " is null" });
        }
        Node::Case { arms, otherwise } => {
            out.push_str("case");
            for (condition, result) in arms {
                out.push_str(" when ");
                write(condition, 0, out);
                out.push_str(" then ");
                write(result, 0, out);
            }
            if let Some(result) = otherwise {
                out.push_str(" else ");
                write(result, 0, out);
            }
            out.push_str(" end");
        }
        Node::Call {
            function,
            arguments,
            filter,
            ..
        } => {
            push(out, format_args!("{function}("));
            write_list(arguments, out);
            if let Some(filter) = filter {
                out.push_str(if arguments.is_empty() {
                    "where "
                } else {
                    " where "
                });
                write(filter, 0, out);
            }
            out.push(')');
        }
    }
}

fn write_list(list: &[Expr], out: &mut String) {
    for (index, item) in list.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write(item, 0, out);
    }
}

fn quote(text: &str, out: &mut String) {
    out.push('\'');
    out.push_str(&text.replace('\'', "''"));
    out.push('\'');
}

fn push(out: &mut String, text: fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a string takes all text");
}
