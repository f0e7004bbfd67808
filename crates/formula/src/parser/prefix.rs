//! What an expression begins with: literals, names, calls, parentheses, `case`, and the operators before an operand.

use super::{Parsed, Parser, Result};
use crate::{Code, Expr, Node, Number, Span, Unary, ast::power, calendar, lexer::TokenKind};

impl Parser<'_> {
    /// An operand, with the operators before it.
    pub(super) fn prefix(&mut self) -> Result<Parsed> {
        let span = self.span();
        match self.kind().clone() {
            TokenKind::Number(number) => self.leaf(Node::Number(number)),
            TokenKind::Text(text) => self.leaf(Node::Text(text)),
            TokenKind::Symbol("-") => self.unary(Unary::Minus, power::MINUS),
            TokenKind::Symbol("(") => {
                self.advance();
                let inner = self.expression(0)?;
                self.close();
                Ok(inner)
            }
            TokenKind::Word(word) => self.word(&word),
            TokenKind::Symbol(_) | TokenKind::End => {
                let message = format!("{} where a value is expected", self.found());
                self.report(Code::Syntax, span, message, None);
                // Closing symbols belong to whoever opened them; other symbols are skipped up to an operand.
                while let TokenKind::Symbol(symbol) = self.kind()
                    && !matches!(*symbol, "(" | ")" | "," | "-")
                {
                    self.advance();
                }
                if matches!(
                    self.kind(),
                    TokenKind::Symbol("(" | "-")
                        | TokenKind::Word(_)
                        | TokenKind::Number(_)
                        | TokenKind::Text(_)
                ) {
                    return self.prefix();
                }
                self.grown(span, Node::Number(Number::whole(0)), 0)
            }
        }
    }

    fn leaf(&mut self, node: Node) -> Result<Parsed> {
        let span = self.span();
        self.advance();
        self.grown(span, node, 0)
    }

    fn unary(&mut self, operator: Unary, least: u8) -> Result<Parsed> {
        let span = self.span();
        self.advance();
        let (operand, height) = self.expression(least)?;
        let span = span.to(operand.span);
        self.grown(span, Node::Unary(operator, Box::new(operand)), height)
    }

    fn word(&mut self, word: &str) -> Result<Parsed> {
        if matches!(self.next(), TokenKind::Symbol(".")) {
            return self.path(word);
        }
        let lower = word.to_ascii_lowercase();
        match lower.as_str() {
            "not" => return self.unary(Unary::Not, power::NOT),
            "null" => return self.leaf(Node::Null),
            "true" => return self.leaf(Node::Boolean(true)),
            "false" => return self.leaf(Node::Boolean(false)),
            "case" => return self.case(),
            "date" | "timestamp" if matches!(self.next(), TokenKind::Text(_)) => {
                return self.moment(&lower);
            }
            "and" | "or" | "in" | "between" | "is" | "when" | "then" | "else" | "where" => {
                let message = format!("`{word}` where a value is expected");
                self.report(Code::Syntax, self.span(), message, None);
                let span = self.span();
                return self.grown(span, Node::Number(Number::whole(0)), 0);
            }
            _ => {}
        }
        if matches!(self.next(), TokenKind::Symbol("(")) {
            return self.call(lower);
        }
        self.leaf(Node::Name(word.to_owned()))
    }

    fn path(&mut self, entity: &str) -> Result<Parsed> {
        let start = self.span();
        self.advance();
        self.advance();
        let TokenKind::Word(attribute) = self.kind().clone() else {
            let message = format!("{} where an attribute is expected", self.found());
            let hint = "an attribute is written `entity.attribute`";
            self.report(Code::Syntax, self.span(), message, Some(hint));
            return self.grown(start, Node::Name(entity.to_owned()), 0);
        };
        let span = start.to(self.span());
        self.advance();
        let entity = entity.to_owned();
        self.grown(span, Node::Path { entity, attribute }, 0)
    }

    /// `date '…'` or `timestamp '…'`.
    fn moment(&mut self, keyword: &str) -> Result<Parsed> {
        let start = self.span();
        self.advance();
        let span = start.to(self.span());
        let TokenKind::Text(text) = self.kind().clone() else {
            return self.grown(span, Node::Null, 0);
        };
        self.advance();
        let node = match keyword {
            "date" => calendar::parse_date(&text).map(Node::Date),
            _ => calendar::parse_timestamp(&text).map(Node::Timestamp),
        };
        if node.is_none() {
            let hint = match keyword {
                "date" => "write it as `date '2025-01-31'`",
                _ => "write it as `timestamp '2025-01-31T12:00:00Z'`",
            };
            let message = format!("`{}` is no {keyword}", text.escape_debug());
            self.report(Code::BadDate, span, message, Some(hint));
        }
        self.grown(span, node.unwrap_or(Node::Null), 0)
    }

    fn case(&mut self) -> Result<Parsed> {
        let start = self.span();
        self.advance();
        let (mut arms, mut height) = (Vec::new(), 0);
        while self.take_word("when") {
            let (condition, first) = self.expression(0)?;
            self.expect_word("then", "`case when … then … else … end`");
            let (result, second) = self.expression(0)?;
            height = height.max(first).max(second);
            arms.push((condition, result));
        }
        let mut otherwise = None;
        if self.take_word("else") {
            let (result, other) = self.expression(0)?;
            height = height.max(other);
            otherwise = Some(Box::new(result));
        }
        self.expect_word("end", "`case when … then … else … end`");
        let span = start.to(self.previous());
        if arms.is_empty() {
            let hint = "`case when … then … else … end`";
            self.report(Code::Syntax, start, "`case` has no `when`", Some(hint));
        }
        self.grown(span, Node::Case { arms, otherwise }, height)
    }

    fn call(&mut self, function: String) -> Result<Parsed> {
        let name_span = self.span();
        self.advance();
        self.advance();
        let (mut arguments, mut filter, mut height) = (Vec::new(), None, 0);
        if !self.take_symbol(")") {
            let star = matches!(self.kind(), TokenKind::Symbol("*"));
            if star && (matches!(self.next(), TokenKind::Symbol(")")) || self.word_follows("where"))
            {
                let (rows, other) = self.leaf(Node::Star)?;
                height = other;
                arguments.push(rows);
            // An entity may have this name: `sum(where.amount)`.
            } else if !self.is_word("where") || matches!(self.next(), TokenKind::Symbol(".")) {
                loop {
                    let (argument, other) = self.expression(0)?;
                    height = height.max(other);
                    arguments.push(argument);
                    if !self.take_symbol(",") {
                        break;
                    }
                }
            }
            if self.take_word("where") {
                let (condition, other) = self.expression(0)?;
                height = height.max(other);
                filter = Some(Box::new(condition));
            }
            self.close();
        }
        let span = name_span.to(self.previous());
        if function == "if" {
            return self.conditional(span, arguments, filter.as_deref(), height);
        }
        let node = Node::Call {
            function,
            arguments,
            filter,
        };
        self.grown(span, node, height)
    }

    /// `if(condition, then, else)` is a `case` with one arm.
    fn conditional(
        &mut self,
        span: Span,
        arguments: Vec<Expr>,
        filter: Option<&Expr>,
        height: usize,
    ) -> Result<Parsed> {
        let mut arguments = arguments.into_iter();
        let parts = (arguments.next(), arguments.next(), arguments.next());
        let (Some(condition), Some(result), otherwise) = parts else {
            self.report(
                Code::Arguments,
                span,
                "`if` takes a condition and one or two values",
                Some("`if(a > 0, a, 0)`"),
            );
            return self.grown(span, Node::Null, height);
        };
        if arguments.next().is_some() || filter.is_some() {
            self.report(
                Code::Arguments,
                span,
                "`if` takes a condition and one or two values",
                Some("`if(a > 0, a, 0)`"),
            );
        }
        let arms = vec![(condition, result)];
        let otherwise = otherwise.map(Box::new);
        self.grown(span, Node::Case { arms, otherwise }, height)
    }
}
