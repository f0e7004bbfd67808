//! JSON text, token by token, without a tree: strings are slices of the input where they can be.

use super::fault::Fault;

pub(crate) type Result<T> = std::result::Result<T, Box<Fault>>;

/// A string of the document.
pub(crate) enum Text<'a> {
    /// Stands in the input as it is.
    Plain(&'a str),
    /// Had escapes; it is in the lexer's buffer until the next string is read.
    Unescaped,
}

/// Reads a document from front to back.
pub(crate) struct Lexer<'a> {
    text: &'a str,
    pub(crate) at: usize,
    depth: u32,
    max_depth: u32,
    unescaped: String,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const TOPS: u64 = 0x8080_8080_8080_8080;

/// Index of the first byte at or after `at` that ends or interrupts a string: quote, backslash, control.
#[inline]
pub(crate) fn special(bytes: &[u8], mut at: usize) -> usize {
    // eight at a time; each term has the top bit of a byte set where that byte matches
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let quote = word ^ (ONES * 0x22);
        let slash = word ^ (ONES * 0x5c);
        let found = ((quote.wrapping_sub(ONES) & !quote)
            | (slash.wrapping_sub(ONES) & !slash)
            | (word.wrapping_sub(ONES * 0x20) & !word))
            & TOPS;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while bytes
        .get(at)
        .is_some_and(|&c| c >= 0x20 && c != b'"' && c != b'\\')
    {
        at += 1;
    }
    at
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str, max_depth: u32) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
            max_depth,
            unescaped: String::new(),
        }
    }

    /// A lexer that stands where this one does, to look ahead with.
    pub(crate) fn ahead(&self) -> Self {
        Self {
            depth: self.depth,
            at: self.at,
            ..Self::new(self.text, self.max_depth)
        }
    }

    pub(crate) fn malformed<T>(&self, what: &str) -> Result<T> {
        Err(Fault::malformed(self.at, what))
    }

    /// Skips white space and answers the next byte, 0 at the end.
    #[inline]
    pub(crate) fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(&c) => return c,
                None => return 0,
            }
        }
    }

    #[inline]
    pub(crate) fn expect(&mut self, byte: u8, what: &str) -> Result<()> {
        if self.peek() != byte {
            return self.malformed(what);
        }
        self.at += 1;
        Ok(())
    }

    pub(crate) fn end(&mut self) -> Result<()> {
        self.peek();
        if self.at < self.text.len() {
            self.malformed("text after the document")
        } else {
            Ok(())
        }
    }

    pub(crate) fn literal(&mut self, literal: &str) -> Result<()> {
        if !self.text.as_bytes()[self.at..].starts_with(literal.as_bytes()) {
            return self.malformed("no such literal");
        }
        self.at += literal.len();
        Ok(())
    }

    /// Opens an object or array; `true` when it is empty and already closed.
    #[inline]
    pub(crate) fn open(&mut self, open: u8, close: u8) -> Result<bool> {
        self.expect(
            open,
            if open == b'{' {
                "expected an object"
            } else {
                "expected an array"
            },
        )?;
        self.enter()?;
        if self.peek() == close {
            self.at += 1;
            self.leave();
            return Ok(true);
        }
        Ok(false)
    }

    /// After an element: `false` after a comma, `true` at the end of the object or array.
    #[inline]
    pub(crate) fn closed(&mut self, close: u8) -> Result<bool> {
        let c = self.peek();
        if c == b',' {
            self.at += 1;
            Ok(false)
        } else if c == close {
            self.at += 1;
            self.leave();
            Ok(true)
        } else {
            self.malformed(if close == b'}' {
                "expected ',' or '}'"
            } else {
                "expected ',' or ']'"
            })
        }
    }

    #[inline]
    pub(crate) fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > self.max_depth {
            return Err(Fault::too_deep(self.at));
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// The text of a string that was just read.
    #[inline]
    pub(crate) fn str<'b>(&'b self, text: &Text<'a>) -> &'b str {
        match text {
            Text::Plain(plain) => plain,
            Text::Unescaped => &self.unescaped,
        }
    }

    #[inline]
    pub(crate) fn string(&mut self) -> Result<Text<'a>> {
        self.expect(b'"', "expected a string")?;
        let start = self.at;
        let end = special(self.text.as_bytes(), start);
        if self.text.as_bytes().get(end) == Some(&b'"') {
            self.at = end + 1;
            return Ok(Text::Plain(&self.text[start..end]));
        }
        self.unescape(start, end)?;
        Ok(Text::Unescaped)
    }

    /// The slow way, from the first byte that is not plain.
    fn unescape(&mut self, mut start: usize, mut at: usize) -> Result<()> {
        let bytes = self.text.as_bytes();
        self.unescaped.clear();
        loop {
            self.unescaped.push_str(&self.text[start..at]);
            match bytes.get(at) {
                None => {
                    self.at = at;
                    return self.malformed("string without an end");
                }
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok(());
                }
                Some(b'\\') => at = self.escape(at)?,
                Some(_) => {
                    self.at = at;
                    return self.malformed("control character in a string");
                }
            }
            start = at;
            at = special(bytes, at);
        }
    }

    /// One escape at `at`; answers the position behind it.
    fn escape(&mut self, at: usize) -> Result<usize> {
        let bytes = self.text.as_bytes();
        let bad = || Fault::malformed(at, "no such escape");
        let plain = match bytes.get(at + 1) {
            Some(&c @ (b'"' | b'\\' | b'/')) => char::from(c),
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'u') => {
                let unit = |at: usize| -> Result<u32> {
                    let digits = bytes.get(at..at + 4).ok_or_else(bad)?;
                    digits.iter().try_fold(0, |unit, &c| {
                        char::from(c)
                            .to_digit(16)
                            .map(|d| unit * 16 + d)
                            .ok_or_else(bad)
                    })
                };
                let lone = || Fault::malformed(at, "half of a surrogate pair");
                let (first, mut end) = (unit(at + 2)?, at + 6);
                let mut code = first;
                if (0xD800..0xDC00).contains(&first) {
                    if bytes.get(end..end + 2) != Some(b"\\u") {
                        return Err(lone());
                    }
                    let second = unit(end + 2)?;
                    if !(0xDC00..0xE000).contains(&second) {
                        return Err(lone());
                    }
                    code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                    end += 6;
                }
                self.unescaped.push(char::from_u32(code).ok_or_else(lone)?);
                return Ok(end);
            }
            _ => return Err(bad()),
        };
        self.unescaped.push(plain);
        Ok(at + 2)
    }

    /// A number, as the JSON grammar has it.
    pub(crate) fn number(&mut self) -> Result<&'a str> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut at = start;
        let digits = |at: &mut usize| {
            let from = *at;
            while bytes.get(*at).is_some_and(u8::is_ascii_digit) {
                *at += 1;
            }
            *at - from
        };
        if bytes.get(at) == Some(&b'-') {
            at += 1;
        }
        let leading_zero = bytes.get(at) == Some(&b'0');
        let whole = digits(&mut at);
        let mut sound = whole == 1 || (whole > 1 && !leading_zero);
        if bytes.get(at) == Some(&b'.') {
            at += 1;
            sound &= digits(&mut at) > 0;
        }
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            at += 1;
            if matches!(bytes.get(at), Some(b'+' | b'-')) {
                at += 1;
            }
            sound &= digits(&mut at) > 0;
        }
        if !sound {
            return self.malformed("expected a number");
        }
        self.at = at;
        Ok(&self.text[start..at])
    }

    /// The string at `at` as a segment of a path: `["key"]`.
    pub(crate) fn key_at(&self, at: usize) -> String {
        let mut ahead = Self {
            at,
            ..Self::new(self.text, self.max_depth)
        };
        match ahead.string() {
            Ok(key) => {
                let key: String = ahead.str(&key).chars().take(64).collect();
                format!("[{key:?}]")
            }
            Err(_) => "[*]".into(),
        }
    }

    /// Reads a value of any kind and drops it.
    pub(crate) fn skip(&mut self) -> Result<()> {
        match self.peek() {
            b'"' => self.string().map(drop),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            b'{' => {
                let mut done = self.open(b'{', b'}')?;
                while !done {
                    self.string()?;
                    self.expect(b':', "expected ':'")?;
                    self.skip()?;
                    done = self.closed(b'}')?;
                }
                Ok(())
            }
            b'[' => {
                let mut done = self.open(b'[', b']')?;
                while !done {
                    self.skip()?;
                    done = self.closed(b']')?;
                }
                Ok(())
            }
            _ => self.number().map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcode::fault::FaultKind;
    use proptest::prelude::*;

    fn string(json: &str) -> Option<String> {
        let mut lexer = Lexer::new(json, 8);
        let text = lexer.string().ok()?;
        let text = lexer.str(&text).to_owned();
        lexer.end().ok().map(|()| text)
    }

    fn syntax(json: &str) -> bool {
        let mut lexer = Lexer::new(json, 100);
        lexer.skip().and_then(|()| lexer.end()).is_ok()
    }

    #[test]
    fn strings_and_their_escapes() {
        assert_eq!(string(r#" "plain text" "#).as_deref(), Some("plain text"));
        assert_eq!(
            string(r#""a\n\u00e9\ud83d\ude00\/""#).as_deref(),
            Some("a\né😀/")
        );
        for bad in [
            r#""\ud83d""#,
            r#""\ude00""#,
            r#""\u+0ab""#,
            r#""\x""#,
            "\"a\u{1}\"",
            r#""open"#,
            r#""\u12"#,
        ] {
            assert_eq!(string(bad), None, "{bad}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let mut lexer = Lexer::new("[[[]]]", 2);
        assert_eq!(lexer.skip().unwrap_err().kind, FaultKind::TooDeep);
        assert!(Lexer::new("[[],[]]", 2).skip().is_ok());
    }

    proptest! {
        #[test]
        fn serde_json_agrees_on_syntax(json in r#"[\[\]{}:,"\\ntrue0-9.eE+\- \u{e9}\u{0}]{0,24}"#) {
            prop_assert_eq!(syntax(&json), serde_json::from_str::<serde::de::IgnoredAny>(&json).is_ok());
        }

        #[test]
        fn every_string_is_read_back(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(string(&json), Some(text));
        }
    }
}
