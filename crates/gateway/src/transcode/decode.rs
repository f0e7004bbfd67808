//! JSON text to wire bytes in one pass, driven by the tables; no tree in between.

mod any;
mod well_known;

use super::fault::{Fault, FaultKind, suggestions};
use super::lexer::{Lexer, Result};
use super::scalar::{put_base64, put_scalar};
use super::tables::{Field, Kind, Message, MessageId, Shape, Tables, WellKnown};
use super::wire::{Raw, Reader, put_bytes, put_delimited, put_varint};

/// How deep messages may hold messages, entries of maps included: prost reads a hundred, and a service puts
/// some around what it was given. A level of JSON in a `google.protobuf.Value` is up to three of messages.
pub(crate) const MAX_MESSAGES: u32 = 90;

/// Appends a document that is a whole message.
pub(crate) fn message(
    tables: &Tables,
    id: MessageId,
    json: &str,
    max_depth: u32,
    out: &mut Vec<u8>,
) -> Result<()> {
    let mut decoder = Decoder::new(tables, json, max_depth);
    decoder.message(id, out)?;
    decoder.lexer.end()
}

/// Appends a document that is the value of one field.
pub(crate) fn field(
    tables: &Tables,
    field: &Field,
    json: &str,
    max_depth: u32,
    out: &mut Vec<u8>,
) -> Result<()> {
    let mut decoder = Decoder::new(tables, json, max_depth);
    decoder
        .field(field, out)
        .map_err(|f| f.inside(&*field.name))?;
    decoder.lexer.end()
}

/// The fields of a message that a document names at its top level, `null` ones too.
pub(crate) fn named_fields(
    tables: &Tables,
    id: MessageId,
    json: &str,
    max_depth: u32,
) -> Result<Vec<usize>> {
    let message = tables.message(id);
    let mut lexer = Lexer::new(json, max_depth);
    let mut found = Vec::new();
    let mut done = lexer.open(b'{', b'}')?;
    while !done {
        let key = lexer.string()?;
        found.extend(message.by_name(lexer.str(&key)));
        lexer.expect(b':', "expected ':'")?;
        lexer.skip()?;
        done = lexer.closed(b'}')?;
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

struct Decoder<'a> {
    tables: &'a Tables,
    lexer: Lexer<'a>,
    /// Messages around what is read now.
    messages: u32,
    /// Messages of any type around it.
    anys: u32,
}

/// Which fields of a message were met; a second one of the same name, or of the same oneof, is refused.
#[derive(Default)]
struct Met {
    first: u128,
    rest: Vec<usize>,
    oneofs: u64,
}

impl Met {
    fn field(&mut self, index: usize) -> bool {
        if index >= 128 {
            let new = !self.rest.contains(&index);
            self.rest.push(index);
            return new;
        }
        let new = self.first >> index & 1 == 0;
        self.first |= 1 << index;
        new
    }

    fn oneof(&mut self, oneof: Option<u8>) -> bool {
        let Some(oneof) = oneof else { return true };
        let new = self.oneofs >> oneof & 1 == 0;
        self.oneofs |= 1 << oneof;
        new
    }
}

impl<'a> Decoder<'a> {
    fn new(tables: &'a Tables, json: &'a str, max_depth: u32) -> Self {
        Self {
            tables,
            lexer: Lexer::new(json, max_depth),
            messages: 0,
            anys: 0,
        }
    }

    /// Reads a message inside the one at hand.
    #[inline]
    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        if self.messages == MAX_MESSAGES {
            return Err(Fault::too_deep(self.lexer.at));
        }
        self.messages += 1;
        read(self)?;
        self.messages -= 1;
        Ok(())
    }

    fn message(&mut self, id: MessageId, out: &mut Vec<u8>) -> Result<()> {
        let tables = self.tables;
        let message = tables.message(id);
        if message.well_known != WellKnown::No {
            return self.well_known(message, out);
        }
        self.members(message, false, out)
    }

    /// The members of an object; `typed` has a `@type` among them, which was read before.
    fn members(&mut self, message: &'a Message, typed: bool, out: &mut Vec<u8>) -> Result<()> {
        let mut types = 0;
        let mut done = self.lexer.open(b'{', b'}')?;
        let mut met = Met::default();
        let mut next = 0;
        while !done {
            let at = self.lexer.at;
            let key = self.lexer.string()?;
            let name = self.lexer.str(&key);
            // keys mostly come in the order of declaration: try the successor before hashing
            let index = match message.fields.get(next) {
                Some(field) if *field.json == *name => next,
                _ if typed && name == any::TYPE => {
                    types += 1;
                    if types > 1 {
                        return Err(Fault::malformed(at, "the same field twice").inside(any::TYPE));
                    }
                    self.lexer.expect(b':', "expected ':'")?;
                    self.lexer.string()?;
                    done = self.lexer.closed(b'}')?;
                    continue;
                }
                _ => message
                    .by_name(name)
                    .ok_or_else(|| unknown(message, name, at))?,
            };
            next = index + 1;
            let field = &message.fields[index];
            if !met.field(index) {
                return Err(Fault::malformed(at, "the same field twice").inside(&*field.name));
            }
            self.lexer.expect(b':', "expected ':'")?;
            if self.lexer.peek() == b'n' && !self.takes_null(field) {
                self.lexer.literal("null")?;
            } else if met.oneof(field.oneof) {
                self.field(field, out).map_err(|f| f.inside(&*field.name))?;
            } else {
                return Err(Fault::malformed(at, "two members of one oneof").inside(&*field.name));
            }
            done = self.lexer.closed(b'}')?;
        }
        Ok(())
    }

    /// Whether `null` is a value of the field, not its absence.
    fn takes_null(&self, field: &Field) -> bool {
        field.shape == Shape::One && self.kind_takes_null(field.kind)
    }

    fn kind_takes_null(&self, kind: Kind) -> bool {
        match kind {
            Kind::Message(id) => self.tables.message(id).well_known == WellKnown::Value,
            Kind::Enum(id) => self.tables.enumeration(id).null,
            _ => false,
        }
    }

    fn field(&mut self, field: &Field, out: &mut Vec<u8>) -> Result<()> {
        match field.shape {
            Shape::One => {
                let at = out.len();
                put_varint(out, u64::from(field.tag));
                let start = out.len();
                self.value(field.kind, out)?;
                // defaults of fields without presence are left out: the same bytes as prost writes
                if !field.presence && out.len() - start <= 8 && out[start..].iter().all(|&b| b == 0)
                {
                    out.truncate(at);
                }
                Ok(())
            }
            Shape::Many => self.list(field, out),
            Shape::Map => self.map(field, out),
        }
    }

    fn list(&mut self, field: &Field, out: &mut Vec<u8>) -> Result<()> {
        if self.lexer.open(b'[', b']')? {
            return Ok(());
        }
        if field.packed {
            put_varint(out, u64::from(field.tag));
            return put_delimited(out, |out| self.elements(field, false, out));
        }
        self.elements(field, true, out)
    }

    fn elements(&mut self, field: &Field, keyed: bool, out: &mut Vec<u8>) -> Result<()> {
        for index in 0.. {
            if keyed {
                put_varint(out, u64::from(field.tag));
            }
            let read = if self.lexer.peek() == b'n' && !self.kind_takes_null(field.kind) {
                self.lexer.malformed("null in a list")
            } else {
                self.value(field.kind, out)
            };
            read.map_err(|f| f.inside(format!("[{index}]")))?;
            if self.lexer.closed(b']')? {
                break;
            }
        }
        Ok(())
    }

    fn map(&mut self, field: &Field, out: &mut Vec<u8>) -> Result<()> {
        let Kind::Message(entry) = field.kind else {
            unreachable!("a map's kind is its entry")
        };
        let entry = self.tables.message(entry);
        let (key_field, value_field) = (&entry.fields[0], &entry.fields[1]);
        let (start, opened_at) = (out.len(), self.lexer.at);
        let mut done = self.lexer.open(b'{', b'}')?;
        let mut entries = 0;
        while !done {
            put_varint(out, u64::from(field.tag));
            let at = self.lexer.at;
            let key = self.lexer.string()?;
            self.nested(|me| {
                put_delimited(out, |out| {
                    put_varint(out, u64::from(key_field.tag));
                    let text = me.lexer.str(&key);
                    put_scalar(me.tables, key_field.kind, text, out).ok_or_else(|| {
                        Fault::malformed(at, format!("{text:?} is no key of this map"))
                    })?;
                    me.lexer.expect(b':', "expected ':'")?;
                    put_varint(out, u64::from(value_field.tag));
                    if me.lexer.peek() == b'n' && !me.kind_takes_null(value_field.kind) {
                        return me.lexer.malformed("null in a map");
                    }
                    me.value(value_field.kind, out)
                })
            })
            .map_err(|f| f.inside(self.lexer.key_at(at)))?;
            entries += 1;
            done = self.lexer.closed(b'}')?;
        }
        if entries > 1 && repeated_key(&out[start..]) {
            return Err(Fault::malformed(opened_at, "the same key twice"));
        }
        Ok(())
    }

    #[inline]
    fn value(&mut self, kind: Kind, out: &mut Vec<u8>) -> Result<()> {
        let next = self.lexer.peek();
        let at = self.lexer.at;
        match kind {
            Kind::Message(id) => self.nested(|me| put_delimited(out, |out| me.message(id, out))),
            Kind::String => {
                let text = self.lexer.string()?;
                put_bytes(out, self.lexer.str(&text).as_bytes());
                Ok(())
            }
            Kind::Bytes => {
                let text = self.lexer.string()?;
                let text = self.lexer.str(&text);
                put_delimited(out, |out| {
                    put_base64(text, out).ok_or_else(|| Fault::malformed(at, "not base64"))
                })
            }
            Kind::Bool => match next {
                b't' => self.lexer.literal("true").map(|()| out.push(1)),
                b'f' => self.lexer.literal("false").map(|()| out.push(0)),
                _ => self.lexer.malformed("expected true or false"),
            },
            Kind::Enum(id) => self.enumeration(id, next, out),
            _ if next == b'"' => {
                let text = self.lexer.string()?;
                let text = self.lexer.str(&text);
                put_scalar(self.tables, kind, text, out)
                    .ok_or_else(|| Fault::malformed(at, format!("{text:?} is no {}", noun(kind))))
            }
            _ => {
                let number = self.lexer.number()?;
                put_scalar(self.tables, kind, number, out)
                    .ok_or_else(|| Fault::malformed(at, format!("{number} is no {}", noun(kind))))
            }
        }
    }

    fn enumeration(&mut self, id: u32, next: u8, out: &mut Vec<u8>) -> Result<()> {
        let values = self.tables.enumeration(id);
        let at = self.lexer.at;
        match next {
            b'"' => {
                let name = self.lexer.string()?;
                let name = self.lexer.str(&name);
                let Some(number) = values.number(name) else {
                    let mut what = format!("no enum value {name:?}");
                    let near = suggestions(name, values.names());
                    if !near.is_empty() {
                        what.push_str(&format!("; did you mean {}?", near.join(" or ")));
                    }
                    return Err(Fault::malformed(at, what));
                };
                put_varint(out, i64::from(number) as u64);
                Ok(())
            }
            b'n' if values.null => self.lexer.literal("null").map(|()| out.push(0)),
            _ => {
                let number = self.lexer.number()?;
                let start = out.len();
                put_scalar(self.tables, Kind::Int32, number, out)
                    // any other number would come back as null
                    .filter(|()| !values.null || out[start..] == [0])
                    .ok_or_else(|| Fault::malformed(at, format!("{number} is no enum number")))
            }
        }
    }
}

fn unknown(message: &Message, name: &str, at: usize) -> Box<Fault> {
    let names = message.fields.iter().map(|f| &*f.json);
    Fault::new(
        at,
        FaultKind::UnknownField {
            message: message.name.to_string(),
            name: name.to_owned(),
            suggestions: suggestions(name, names),
        },
    )
}

/// Whether two of the map entries just written have the same key.
fn repeated_key(entries: &[u8]) -> bool {
    let mut keys = Vec::new();
    let mut reader = Reader::new(entries);
    while let Ok(Some((_, _, Raw::Bytes(entry)))) = reader.next() {
        match Reader::new(entry).next() {
            Ok(Some((1, _, Raw::Bytes(key)))) => keys.push((key, 0)),
            Ok(Some((1, _, Raw::Number(key)))) => keys.push((&[][..], key)),
            _ => {}
        }
    }
    keys.sort_unstable();
    keys.windows(2).any(|pair| pair[0] == pair[1])
}

fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Double | Kind::Float => "number of this size",
        Kind::Uint32 | Kind::Fixed32 => "whole number from 0 to 4294967295",
        Kind::Uint64 | Kind::Fixed64 => "whole number from 0 to 18446744073709551615",
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => "whole number of 64 bits",
        _ => "whole number of 32 bits",
    }
}
