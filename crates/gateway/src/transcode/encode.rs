//! Wire bytes to JSON text in one pass, driven by the tables.
//!
//! It needs each field's elements together and each single field once, as every encoder writes them. Anything else
//! (merged messages, groups) answers [`Failure::Slow`], and the caller takes the dynamic path.

mod put;
mod well_known;

pub(crate) use well_known::typed;

use super::escape::put_string;
use super::tables::{Field, Kind, Message, MessageId, Shape, Tables, WellKnown};
use super::wire::{Raw, Reader, WireFault, unzigzag32, unzigzag64};

/// Why there is no JSON.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Sound perhaps, but not in the order the fast path reads.
    Slow,
    /// Not the message it should be.
    Damaged(&'static str),
}

impl From<WireFault> for Failure {
    fn from(fault: WireFault) -> Self {
        match fault {
            WireFault::Damaged(what) => Failure::Damaged(what),
            WireFault::Group => Failure::Slow,
        }
    }
}

type Result<T = ()> = std::result::Result<T, Failure>;

/// Messages nested more deeply than this are refused, as prost does.
const MAX_DEPTH: u32 = 100;

/// Appends a whole message; with `defaults`, fields that hold their default are written too.
pub(crate) fn message(
    tables: &Tables,
    id: MessageId,
    wire: &[u8],
    defaults: bool,
    out: &mut Vec<u8>,
) -> Result {
    Encoder {
        tables,
        defaults,
        depth: 0,
    }
    .message(id, wire, out)
}

/// Appends the value of one field of a message.
pub(crate) fn field(
    tables: &Tables,
    id: MessageId,
    index: usize,
    wire: &[u8],
    defaults: bool,
    out: &mut Vec<u8>,
) -> Result {
    let mut encoder = Encoder {
        tables,
        defaults,
        depth: 0,
    };
    let field = &tables.message(id).fields[index];
    let mut reader = Reader::new(wire);
    let mut elements = 0;
    while let Some((number, wire_type, raw)) = reader.next()? {
        if number != field.number {
            continue;
        }
        if elements == 0 {
            put::open(field, out);
        } else if field.shape == Shape::One {
            return Err(Failure::Slow);
        }
        encoder.element(field, wire_type, raw, &mut elements, out)?;
    }
    if elements == 0 {
        return encoder.default_field(field, out);
    }
    put::close(field, out);
    Ok(())
}

struct Encoder<'a> {
    tables: &'a Tables,
    defaults: bool,
    depth: u32,
}

impl Encoder<'_> {
    fn message(&mut self, id: MessageId, wire: &[u8], out: &mut Vec<u8>) -> Result {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Failure::Damaged("nested too deeply"));
        }
        let message = self.tables.message(id);
        if message.well_known == WellKnown::No {
            out.push(b'{');
            self.fields(message, wire, true, out)?;
            out.push(b'}');
        } else {
            self.well_known(message, wire, out)?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// The members of an object; `first` when no member stands before them.
    fn fields(
        &mut self,
        message: &Message,
        wire: &[u8],
        mut first: bool,
        out: &mut Vec<u8>,
    ) -> Result {
        let mut reader = Reader::new(wire);
        let (mut seen, mut oneofs) = (0u128, 0u64);
        let mut current: Option<(usize, &Field)> = None;
        let mut elements = 0usize;
        while let Some((number, wire_type, raw)) = reader.next()? {
            let same = current.filter(|(_, field)| field.number == number);
            let field = match same {
                Some((_, field)) if field.shape == Shape::One => return Err(Failure::Slow),
                Some((_, field)) => field,
                None => {
                    let Some(index) = message.by_number(number) else {
                        continue;
                    };
                    let field = &message.fields[index];
                    if let (Raw::Bytes([]), Shape::Many, 0 | 1 | 5) =
                        (raw, field.shape, field.kind.wire_type())
                    {
                        continue; // an empty packed block
                    }
                    if let Some((_, before)) = current.replace((index, field)) {
                        put::close(before, out);
                    }
                    if index >= 128 || seen >> index & 1 == 1 {
                        return Err(Failure::Slow);
                    }
                    seen |= 1 << index;
                    if let Some(oneof) = field.oneof {
                        if oneofs >> oneof & 1 == 1 {
                            return Err(Failure::Slow);
                        }
                        oneofs |= 1 << oneof;
                    }
                    put::key(field, &mut first, out);
                    put::open(field, out);
                    elements = 0;
                    field
                }
            };
            self.element(field, wire_type, raw, &mut elements, out)?;
        }
        if let Some((_, last)) = current {
            put::close(last, out);
        }
        if self.defaults {
            for (index, field) in message.fields.iter().enumerate() {
                let absent = index >= 128 || seen >> index & 1 == 0;
                if absent && !field.presence && field.oneof.is_none() {
                    put::key(field, &mut first, out);
                    self.default_field(field, out)?;
                }
            }
        }
        Ok(())
    }

    #[inline]
    fn element(
        &mut self,
        field: &Field,
        wire_type: u32,
        raw: Raw<'_>,
        elements: &mut usize,
        out: &mut Vec<u8>,
    ) -> Result {
        let of_kind = field.kind.wire_type();
        match (field.shape, raw) {
            (Shape::Many, Raw::Bytes(block)) if of_kind != 2 => {
                let mut reader = Reader::new(block);
                while !reader.is_empty() {
                    put::comma(elements, out);
                    let raw = reader.value(of_kind)?;
                    self.value(field.kind, of_kind, raw, out)?;
                }
                Ok(())
            }
            (Shape::Map, Raw::Bytes(entry)) => {
                put::comma(elements, out);
                self.entry(field, entry, out)
            }
            (Shape::Map, Raw::Number(_)) => Err(Failure::Slow),
            (Shape::Many, _) => {
                put::comma(elements, out);
                self.value(field.kind, wire_type, raw, out)
            }
            (Shape::One, _) => {
                *elements += 1;
                self.value(field.kind, wire_type, raw, out)
            }
        }
    }

    fn entry(&mut self, field: &Field, entry: &[u8], out: &mut Vec<u8>) -> Result {
        let Kind::Message(id) = field.kind else {
            unreachable!("a map's kind is its entry")
        };
        let message = self.tables.message(id);
        let (key_kind, value_kind) = (message.fields[0].kind, message.fields[1].kind);
        let (mut key, mut value) = (None, None);
        let mut reader = Reader::new(entry);
        while let Some((number, wire_type, raw)) = reader.next()? {
            let slot = match number {
                1 => &mut key,
                2 => &mut value,
                _ => continue,
            };
            if slot.replace((wire_type, raw)).is_some() {
                return Err(Failure::Slow);
            }
        }
        let at = out.len();
        match key {
            Some((wire_type, raw)) => self.value(key_kind, wire_type, raw, out)?,
            None => self.default_value(key_kind, out)?,
        }
        if out[at] != b'"' {
            out.insert(at, b'"');
            out.push(b'"');
        }
        out.push(b':');
        match value {
            Some((wire_type, raw)) => self.value(value_kind, wire_type, raw, out),
            None => self.default_value(value_kind, out),
        }
    }

    #[inline]
    fn value(&mut self, kind: Kind, wire_type: u32, raw: Raw<'_>, out: &mut Vec<u8>) -> Result {
        if wire_type != kind.wire_type() {
            return Err(Failure::Slow);
        }
        let mut digits = itoa::Buffer::new();
        match (kind, raw) {
            (Kind::String, Raw::Bytes(bytes)) => {
                let text = std::str::from_utf8(bytes)
                    .map_err(|_| Failure::Damaged("a string that is not UTF-8"))?;
                put_string(text, out);
            }
            (Kind::Message(id), Raw::Bytes(bytes)) => return self.message(id, bytes, out),
            (Kind::Bytes, Raw::Bytes(bytes)) => put::base64(bytes, out),
            (Kind::Int32 | Kind::Sfixed32, Raw::Number(n)) => {
                put::text(out, digits.format(n as i32))
            }
            (Kind::Uint32 | Kind::Fixed32, Raw::Number(n)) => {
                put::text(out, digits.format(n as u32))
            }
            (Kind::Sint32, Raw::Number(n)) => put::text(out, digits.format(unzigzag32(n as u32))),
            (Kind::Int64 | Kind::Sfixed64, Raw::Number(n)) => {
                put::quoted(out, digits.format(n as i64))
            }
            (Kind::Uint64 | Kind::Fixed64, Raw::Number(n)) => put::quoted(out, digits.format(n)),
            (Kind::Sint64, Raw::Number(n)) => put::quoted(out, digits.format(unzigzag64(n))),
            (Kind::Bool, Raw::Number(n)) => put::text(out, if n != 0 { "true" } else { "false" }),
            (Kind::Double, Raw::Number(n)) => {
                let value = f64::from_bits(n);
                match put::not_finite(value) {
                    Some(name) => put::quoted(out, name),
                    None => put::number(out, zmij::Buffer::new().format_finite(value)),
                }
            }
            (Kind::Float, Raw::Number(n)) => {
                let value = f32::from_bits(n as u32);
                match put::not_finite(f64::from(value)) {
                    Some(name) => put::quoted(out, name),
                    None => put::number(out, zmij::Buffer::new().format_finite(value)),
                }
            }
            (Kind::Enum(id), Raw::Number(n)) => {
                let values = self.tables.enumeration(id);
                match values.name(n as i32) {
                    _ if values.null => put::text(out, "null"),
                    Some(name) => put::quoted(out, name),
                    None => put::text(out, digits.format(n as i32)),
                }
            }
            _ => return Err(Failure::Slow),
        }
        Ok(())
    }

    fn default_field(&mut self, field: &Field, out: &mut Vec<u8>) -> Result {
        match field.shape {
            Shape::Many => put::text(out, "[]"),
            Shape::Map => put::text(out, "{}"),
            Shape::One => return self.default_value(field.kind, out),
        }
        Ok(())
    }

    fn default_value(&mut self, kind: Kind, out: &mut Vec<u8>) -> Result {
        match kind.wire_type() {
            2 => self.value(kind, 2, Raw::Bytes(&[]), out),
            wire_type => self.value(kind, wire_type, Raw::Number(0), out),
        }
    }
}
