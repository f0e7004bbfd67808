//! `google.protobuf.Any`: an object whose `@type` says what its other members are.

use super::{Decoder, Met};
use crate::transcode::fault::Fault;
use crate::transcode::lexer::{Lexer, Result};
use crate::transcode::tables::{Message, MessageId};
use crate::transcode::wire::{put_bytes, put_delimited};

/// Where the type stands.
pub(super) const TYPE: &str = "@type";
/// Under what a message with a JSON form of its own stands.
const VALUE: &str = "value";
/// How deep messages of any type hold each other: each is looked through twice, for its type and for its members.
const MAX_NESTED: u32 = 8;

impl Decoder<'_> {
    pub(super) fn any(&mut self, out: &mut Vec<u8>) -> Result<()> {
        self.lexer.peek();
        let at = self.lexer.at;
        if self.anys == MAX_NESTED {
            return Err(Fault::too_deep(at));
        }
        let Some(url) = self.type_url()? else {
            // as the one without a type is written
            return match self.lexer.open(b'{', b'}')? {
                true => Ok(()),
                false => Err(Fault::malformed(at, format!("needs {TYPE:?}"))),
            };
        };
        // an unknown name, and so one with a dot in front, could not be written back
        let named = url
            .rsplit_once('/')
            .and_then(|(_, name)| self.tables.id(name));
        let id = named.ok_or_else(|| {
            Fault::malformed(at, format!("{url:?} is the type of no known message")).inside(TYPE)
        })?;
        out.push(1 << 3 | 2);
        put_bytes(out, url.as_bytes());
        let start = out.len();
        out.push(2 << 3 | 2);
        self.anys += 1;
        self.nested(|me| put_delimited(out, |out| me.content(id, out)))?;
        self.anys -= 1;
        // nothing in it is nothing at all: the same bytes as prost writes
        if out[start + 1..] == [0] {
            out.truncate(start);
        }
        Ok(())
    }

    /// The type, which may stand anywhere in the object ahead.
    fn type_url(&mut self) -> Result<Option<String>> {
        let mut ahead: Lexer<'_> = self.lexer.ahead();
        let mut done = ahead.open(b'{', b'}')?;
        while !done {
            let key = ahead.string()?;
            let found = ahead.str(&key) == TYPE;
            ahead.expect(b':', "expected ':'")?;
            if found {
                let url = ahead.string()?;
                return Ok(Some(ahead.str(&url).to_owned()));
            }
            ahead.skip()?;
            done = ahead.closed(b'}')?;
        }
        Ok(None)
    }

    /// The members beside the type.
    fn content(&mut self, id: MessageId, out: &mut Vec<u8>) -> Result<()> {
        let message = self.tables.message(id);
        if message.stands_alone() {
            return self.members(message, true, out);
        }
        let mut done = self.lexer.open(b'{', b'}')?;
        let mut met = Met::default();
        while !done {
            let at = self.lexer.at;
            let key = self.lexer.string()?;
            let index = match self.lexer.str(&key) {
                TYPE => 0,
                VALUE => 1,
                other => return Err(unknown(message, other, at)),
            };
            if !met.field(index) {
                return Err(Fault::malformed(at, "the same field twice"));
            }
            self.lexer.expect(b':', "expected ':'")?;
            match index {
                0 => self.lexer.string().map(|_| ())?,
                _ => self.message(id, out).map_err(|fault| fault.inside(VALUE))?,
            }
            done = self.lexer.closed(b'}')?;
        }
        match met.field(1) {
            true => self
                .lexer
                .malformed("a message of this type stands under \"value\""),
            false => Ok(()),
        }
    }
}

fn unknown(message: &Message, name: &str, at: usize) -> Box<Fault> {
    let what = format!(
        "{} stands under {VALUE:?}, not beside it as {name:?}",
        message.name
    );
    Fault::malformed(at, what)
}
