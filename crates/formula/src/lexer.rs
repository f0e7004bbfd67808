//! Text into tokens. Comments run from `--` to the end of the line; keywords are words until the parser says otherwise.

use crate::{Code, Number, Problems, Span};

/// A token and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TokenKind {
    /// A name or a keyword, as written.
    Word(String),
    Number(Number),
    Text(String),
    /// `( ) , . + - * / = <> < <= > >=`; `!=` is read as `<>`.
    Symbol(&'static str),
    End,
}

const SYMBOLS: [&str; 17] = [
    "<>", "!=", "<=", ">=", "==", "(", ")", ",", ".", "+", "-", "*", "/", "=", "<", ">", ";",
];

/// Cuts `source` into tokens, the last of which is `End`; what is no token is reported and skipped.
pub(crate) fn tokens(source: &str, problems: &mut Problems) -> Vec<Token> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(first) = source[at..].chars().next() {
        let rest = &source[at..];
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        if rest.starts_with("--") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        let (kind, length) = token(source, at, first, problems);
        let span = Span::new(at, at + length);
        at += length;
        if let Some(kind) = kind {
            out.push(Token { kind, span });
        }
    }
    let end = Span::new(source.len(), source.len());
    out.push(Token {
        kind: TokenKind::End,
        span: end,
    });
    out
}

/// The token at `at` and its length in bytes.
fn token(
    source: &str,
    at: usize,
    first: char,
    problems: &mut Problems,
) -> (Option<TokenKind>, usize) {
    let rest = &source[at..];
    let second = rest[first.len_utf8()..].chars().next();
    let mut report = |code, length, message: String, hint: Option<&str>| {
        let span = Span::new(at, at + length);
        problems.add(source, code, span, message, hint.map(str::to_owned));
    };
    if first.is_ascii_digit() || (first == '.' && second.is_some_and(|c| c.is_ascii_digit())) {
        let length = number_length(rest);
        let text = &rest[..length];
        let glued = rest[length..]
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len() - length);
        if glued > 0 {
            let message = format!("`{}` is no number", &rest[..length + glued]);
            report(
                Code::Syntax,
                length + glued,
                message,
                Some("put an operator between the number and the name"),
            );
        }
        let number = Number::parse(text);
        if number.is_none() {
            report(
                Code::BadNumber,
                length,
                "a number has at most 38 digits".to_owned(),
                None,
            );
        }
        let number = number.unwrap_or(Number::whole(0));
        return (Some(TokenKind::Number(number)), length + glued);
    }
    if first.is_ascii_alphabetic() || first == '_' {
        let length = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        return (Some(TokenKind::Word(rest[..length].to_owned())), length);
    }
    if first == '\'' || first == '"' {
        let (text, length) = quoted(rest, first);
        if text.is_none() {
            report(
                Code::Syntax,
                length,
                "the text has no closing quote".to_owned(),
                Some("close it with the quote it began with"),
            );
        }
        return (Some(TokenKind::Text(text.unwrap_or_default())), length);
    }
    if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
        let kind = match symbol {
            "!=" => TokenKind::Symbol("<>"),
            "==" => TokenKind::Symbol("="),
            other => TokenKind::Symbol(other),
        };
        return (Some(kind), symbol.len());
    }
    let message = format!("`{}` means nothing here", first.escape_debug());
    report(Code::Syntax, first.len_utf8(), message, None);
    (None, first.len_utf8())
}

fn number_length(text: &str) -> usize {
    let digits = |from: usize| {
        text[from..]
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len() - from)
    };
    let whole = digits(0);
    let fraction = text[whole..].starts_with('.')
        && text[whole + 1..].starts_with(|c: char| c.is_ascii_digit());
    if fraction {
        whole + 1 + digits(whole + 1)
    } else {
        whole
    }
}

/// The text between quotes, in which a doubled quote is one; none, and the rest's length, where it does not end.
fn quoted(rest: &str, quote: char) -> (Option<String>, usize) {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != quote {
            text.push(c);
            continue;
        }
        if chars.next_if(|(_, next)| *next == quote).is_none() {
            return (Some(text), at + 1);
        }
        text.push(quote);
    }
    (None, rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(source: &str) -> Vec<TokenKind> {
        let mut problems = Problems::default();
        let tokens = tokens(source, &mut problems);
        assert!(problems.is_empty(), "{problems}");
        tokens.into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn quotes_comments_and_symbols() {
        let found = kinds("a.b!=\"o\"\"k\" -- not this\n<= 'it''s'");
        let word = |text: &str| TokenKind::Word(text.to_owned());
        let text = |text: &str| TokenKind::Text(text.to_owned());
        let expected = [
            word("a"),
            TokenKind::Symbol("."),
            word("b"),
            TokenKind::Symbol("<>"),
            text("o\"k"),
            TokenKind::Symbol("<="),
            text("it's"),
            TokenKind::End,
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_no_token_is_reported_where_it_stands() {
        let mut problems = Problems::default();
        tokens("1 + $ 2x 'open", &mut problems);
        let starts: Vec<_> = problems.as_slice().iter().map(|p| p.span.start).collect();
        assert_eq!(starts, [4, 6, 9]);
    }
}
