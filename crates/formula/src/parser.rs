//! Tokens into a tree: a Pratt parser (V. Pratt, "Top down operator precedence", POPL 1973), so that precedence is a table.
//!
//! Loosest first: `or`, `and`, `not`, comparisons (which do not chain), `+ -`, `* /`, unary minus. Keywords are words in
//! any case and only keywords where an operator or operand may stand: `policy.end` and `end(policy)` are names.

mod prefix;

use crate::{
    Binary, Code, Expr, MAX_DEPTH, MAX_LENGTH, MAX_TERMS, Node, Problems, Span,
    ast::power,
    lexer::{Token, TokenKind, tokens},
};

/// An expression with the height of its tree, which no later step may exceed.
type Parsed = (Expr, usize);

/// A refusal that ends the parse; the problem is already noted.
struct Stop;

type Result<T> = std::result::Result<T, Stop>;

/// Reads a formula.
///
/// # Errors
/// Everything that could be found wrong with its text at once.
pub fn parse(source: &str) -> std::result::Result<Expr, Problems> {
    let mut problems = Problems::default();
    if source.len() > MAX_LENGTH {
        let message = format!(
            "a formula has at most {MAX_LENGTH} bytes, this one {}",
            source.len()
        );
        problems.add(source, Code::TooLong, Span::new(0, 0), message, None);
        return Err(problems);
    }
    let tokens = tokens(source, &mut problems);
    let mut parser = Parser {
        source,
        tokens,
        at: 0,
        depth: 0,
        terms: 0,
        problems,
    };
    let parsed = parser.whole();
    let Parser { problems, .. } = parser;
    match parsed {
        Ok(expr) => problems.finish(expr),
        // What stopped it is among the problems.
        Err(Stop) => Err(problems.finish(()).expect_err("a stop is noted")),
    }
}

struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    terms: usize,
    problems: Problems,
}

impl Parser<'_> {
    fn whole(&mut self) -> Result<Expr> {
        let (expr, _) = self.expression(0)?;
        if *self.kind() != TokenKind::End {
            let message = format!("{} is not expected here", self.found());
            let hint = "the formula is complete before it; is an operator missing?";
            self.report(Code::Syntax, self.span(), message, Some(hint));
        }
        Ok(expr)
    }

    /// An expression whose operators all bind at least as tightly as `least`.
    fn expression(&mut self, least: u8) -> Result<Parsed> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.stop(
                Code::TooDeep,
                format!("expressions nest at most {MAX_DEPTH} deep"),
            );
        }
        let mut left = self.prefix()?;
        let mut compared = false;
        while let Some(power) = self.infix_power() {
            if power < least {
                break;
            }
            if power == power::COMPARISON && compared {
                let hint = "put parentheses around one of them, or join two with `and`";
                let message = "comparisons do not chain";
                self.report(Code::Syntax, self.span(), message, Some(hint));
            }
            compared = power == power::COMPARISON;
            left = self.infix(left, power)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    /// How tightly the operator at hand binds; none where there is no operator.
    fn infix_power(&self) -> Option<u8> {
        if let Some(operator) = self.binary() {
            return Some(operator.power());
        }
        let negated =
            self.is_word("not") && (self.word_follows("in") || self.word_follows("between"));
        let postfix = ["in", "between", "is"]
            .iter()
            .any(|word| self.is_word(word));
        (negated || postfix).then_some(power::COMPARISON)
    }

    fn binary(&self) -> Option<Binary> {
        Binary::ALL.into_iter().find(|operator| match self.kind() {
            TokenKind::Symbol(symbol) => *symbol == operator.symbol(),
            TokenKind::Word(word) => word.eq_ignore_ascii_case(operator.symbol()),
            _ => false,
        })
    }

    fn infix(&mut self, (left, height): Parsed, power: u8) -> Result<Parsed> {
        if let Some(operator) = self.binary() {
            self.advance();
            let (right, other) = self.expression(power + 1)?;
            let span = left.span.to(right.span);
            let node = Node::Binary(operator, Box::new(left), Box::new(right));
            return self.grown(span, node, height.max(other));
        }
        let negated = self.take_word("not");
        if self.take_word("between") {
            let (low, first) = self.expression(power::SUM)?;
            self.expect_word("and", "`between` has two ends: `between 1 and 2`");
            let (high, second) = self.expression(power::SUM)?;
            let span = left.span.to(high.span);
            let node = Node::Between {
                value: Box::new(left),
                low: Box::new(low),
                high: Box::new(high),
                negated,
            };
            return self.grown(span, node, height.max(first).max(second));
        }
        if self.take_word("in") {
            self.expect_symbol("(", "a list stands in parentheses: `in (1, 2)`");
            let (list, other) = self.list()?;
            let span = left.span.to(self.previous());
            if list.is_empty() {
                self.report(Code::Syntax, span, "the list is empty", None);
            }
            let value = Box::new(left);
            let node = Node::In {
                value,
                list,
                negated,
            };
            return self.grown(span, node, height.max(other));
        }
        self.advance();
        let negated = self.take_word("not");
        self.expect_word("null", "only `is null` and `is not null`");
        let span = left.span.to(self.previous());
        let value = Box::new(left);
        self.grown(span, Node::IsNull { value, negated }, height)
    }

    /// Expressions between commas up to the closing parenthesis, which is taken.
    fn list(&mut self) -> Result<(Vec<Expr>, usize)> {
        let (mut list, mut height) = (Vec::new(), 0);
        if self.take_symbol(")") {
            return Ok((list, height));
        }
        loop {
            let (item, other) = self.expression(0)?;
            height = height.max(other);
            list.push(item);
            if !self.take_symbol(",") {
                break;
            }
        }
        self.close();
        Ok((list, height))
    }

    /// Takes the closing parenthesis, skipping what cannot stand before it.
    fn close(&mut self) {
        if self.take_symbol(")") {
            return;
        }
        let message = format!("{} where `)` is expected", self.found());
        self.report(
            Code::Syntax,
            self.span(),
            message,
            Some("close the parenthesis"),
        );
        let mut open = 0_usize;
        while *self.kind() != TokenKind::End {
            match self.kind() {
                TokenKind::Symbol("(") => open += 1,
                TokenKind::Symbol(")") if open == 0 => break,
                TokenKind::Symbol(")") => open -= 1,
                _ => {}
            }
            self.advance();
        }
        self.take_symbol(")");
    }

    /// A node above trees of height `below`.
    fn grown(&mut self, span: Span, node: Node, below: usize) -> Result<Parsed> {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return self.stop(
                Code::TooManyTerms,
                format!("a formula has at most {MAX_TERMS} terms"),
            );
        }
        if below >= MAX_DEPTH {
            let message = format!("a chain of operators has at most {MAX_DEPTH} of them");
            return self.stop(Code::TooDeep, message);
        }
        Ok((Expr::new(span, node), below + 1))
    }

    fn stop<T>(&mut self, code: Code, message: String) -> Result<T> {
        let hint = "define parts of it as metrics of their own";
        // A problem at the same place must not hide why the parse ends.
        self.report(code, self.span(), message, Some(hint));
        Err(Stop)
    }

    fn report(&mut self, code: Code, span: Span, message: impl Into<String>, hint: Option<&str>) {
        let hint = hint.map(str::to_owned);
        self.problems.add(self.source, code, span, message, hint);
    }

    fn kind(&self) -> &TokenKind {
        &self.tokens[self.at].kind
    }

    fn span(&self) -> Span {
        self.tokens[self.at].span
    }

    fn previous(&self) -> Span {
        self.tokens[self.at.saturating_sub(1)].span
    }

    fn next(&self) -> &TokenKind {
        &self.tokens[(self.at + 1).min(self.tokens.len() - 1)].kind
    }

    fn advance(&mut self) {
        // The last token is the end, and stays.
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    fn found(&self) -> String {
        match self.kind() {
            TokenKind::End => "the end of the formula".to_owned(),
            _ => format!("`{}`", &self.source[self.span().range()]),
        }
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.kind(), TokenKind::Word(found) if found.eq_ignore_ascii_case(word))
    }

    fn word_follows(&self, word: &str) -> bool {
        matches!(self.next(), TokenKind::Word(found) if found.eq_ignore_ascii_case(word))
    }

    fn take_word(&mut self, word: &str) -> bool {
        let taken = self.is_word(word);
        if taken {
            self.advance();
        }
        taken
    }

    fn take_symbol(&mut self, symbol: &str) -> bool {
        let taken = matches!(self.kind(), TokenKind::Symbol(found) if *found == symbol);
        if taken {
            self.advance();
        }
        taken
    }

    fn expect_word(&mut self, word: &str, hint: &str) {
        if !self.take_word(word) {
            let message = format!("{} where `{word}` is expected", self.found());
            self.report(Code::Syntax, self.span(), message, Some(hint));
        }
    }

    fn expect_symbol(&mut self, symbol: &str, hint: &str) {
        if !self.take_symbol(symbol) {
            let message = format!("{} where `{symbol}` is expected", self.found());
            self.report(Code::Syntax, self.span(), message, Some(hint));
        }
    }
}
