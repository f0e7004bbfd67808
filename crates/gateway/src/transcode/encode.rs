//! Wire bytes to JSON text in one pass, driven by the tables.
//!
//! It needs each field's elements together and each single field once, as every encoder writes them. Anything else
//! (merged messages, groups) answers [`Failure::Slow`], and the caller takes the dynamic path.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::escape::put_string;
use super::tables::{Field, Kind, Message, MessageId, Shape, Tables, WellKnown};
use super::time;
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
            open(field, out);
        } else if field.shape == Shape::One {
            return Err(Failure::Slow);
        }
        encoder.element(field, wire_type, raw, &mut elements, out)?;
    }
    if elements == 0 {
        return encoder.default_field(field, out);
    }
    close(field, out);
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
                        close(before, out);
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
                    key(field, &mut first, out);
                    open(field, out);
                    elements = 0;
                    field
                }
            };
            self.element(field, wire_type, raw, &mut elements, out)?;
        }
        if let Some((_, last)) = current {
            close(last, out);
        }
        if self.defaults {
            for (index, field) in message.fields.iter().enumerate() {
                let absent = index >= 128 || seen >> index & 1 == 0;
                if absent && !field.presence && field.oneof.is_none() {
                    key(field, &mut first, out);
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
                    comma(elements, out);
                    let raw = reader.value(of_kind)?;
                    self.value(field.kind, of_kind, raw, out)?;
                }
                Ok(())
            }
            (Shape::Map, Raw::Bytes(entry)) => {
                comma(elements, out);
                self.entry(field, entry, out)
            }
            (Shape::Map, Raw::Number(_)) => Err(Failure::Slow),
            (Shape::Many, _) => {
                comma(elements, out);
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
            (Kind::Bytes, Raw::Bytes(bytes)) => put_base64(bytes, out),
            (Kind::Int32 | Kind::Sfixed32, Raw::Number(n)) => put(out, digits.format(n as i32)),
            (Kind::Uint32 | Kind::Fixed32, Raw::Number(n)) => put(out, digits.format(n as u32)),
            (Kind::Sint32, Raw::Number(n)) => put(out, digits.format(unzigzag32(n as u32))),
            (Kind::Int64 | Kind::Sfixed64, Raw::Number(n)) => {
                put_quoted(out, digits.format(n as i64))
            }
            (Kind::Uint64 | Kind::Fixed64, Raw::Number(n)) => put_quoted(out, digits.format(n)),
            (Kind::Sint64, Raw::Number(n)) => put_quoted(out, digits.format(unzigzag64(n))),
            (Kind::Bool, Raw::Number(n)) => put(out, if n != 0 { "true" } else { "false" }),
            (Kind::Double, Raw::Number(n)) => {
                let value = f64::from_bits(n);
                match not_finite(value) {
                    Some(name) => put_quoted(out, name),
                    None => put_number(out, zmij::Buffer::new().format_finite(value)),
                }
            }
            (Kind::Float, Raw::Number(n)) => {
                let value = f32::from_bits(n as u32);
                match not_finite(f64::from(value)) {
                    Some(name) => put_quoted(out, name),
                    None => put_number(out, zmij::Buffer::new().format_finite(value)),
                }
            }
            (Kind::Enum(id), Raw::Number(n)) => {
                let values = self.tables.enumeration(id);
                match values.name(n as i32) {
                    _ if values.null => put(out, "null"),
                    Some(name) => put_quoted(out, name),
                    None => put(out, digits.format(n as i32)),
                }
            }
            _ => return Err(Failure::Slow),
        }
        Ok(())
    }

    fn default_field(&mut self, field: &Field, out: &mut Vec<u8>) -> Result {
        match field.shape {
            Shape::Many => put(out, "[]"),
            Shape::Map => put(out, "{}"),
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

    fn well_known(&mut self, message: &Message, wire: &[u8], out: &mut Vec<u8>) -> Result {
        let mut reader = Reader::new(wire);
        match message.well_known {
            WellKnown::Timestamp | WellKnown::Duration => {
                let (mut seconds, mut nanos) = (0, 0);
                while let Some((number, _, raw)) = reader.next()? {
                    match (number, raw) {
                        (1, Raw::Number(n)) => seconds = n as i64,
                        (2, Raw::Number(n)) => nanos = n as i32,
                        _ => {}
                    }
                }
                out.push(b'"');
                let sound = if message.well_known == WellKnown::Timestamp {
                    time::put_timestamp(out, seconds, nanos)
                } else {
                    time::put_duration(out, seconds, nanos)
                };
                if !sound {
                    return Err(Failure::Damaged("a time out of range"));
                }
                out.push(b'"');
            }
            WellKnown::FieldMask => put_field_mask(reader, out)?,
            WellKnown::Wrapper => {
                let field = &message.fields[0];
                let mut elements = 0;
                while let Some((number, wire_type, raw)) = reader.next()? {
                    if number == field.number {
                        if elements > 0 {
                            return Err(Failure::Slow);
                        }
                        self.element(field, wire_type, raw, &mut elements, out)?;
                    }
                }
                if elements == 0 {
                    self.default_value(field.kind, out)?;
                }
            }
            WellKnown::Struct | WellKnown::ListValue => {
                let field = &message.fields[0];
                let mut elements = 0;
                open(field, out);
                while let Some((number, wire_type, raw)) = reader.next()? {
                    if number == field.number {
                        self.element(field, wire_type, raw, &mut elements, out)?;
                    }
                }
                close(field, out);
            }
            WellKnown::Value => {
                let mut found = false;
                while let Some((number, wire_type, raw)) = reader.next()? {
                    let Some(index) = message.by_number(number) else {
                        continue;
                    };
                    if std::mem::replace(&mut found, true) {
                        return Err(Failure::Slow);
                    }
                    self.value(message.fields[index].kind, wire_type, raw, out)?;
                }
                if !found {
                    put(out, "null");
                }
            }
            WellKnown::Any | WellKnown::No => return self.any(reader, out),
        }
        Ok(())
    }

    fn any(&mut self, mut reader: Reader<'_>, out: &mut Vec<u8>) -> Result {
        let (mut url, mut wire) = (&[][..], &[][..]);
        while let Some((number, _, raw)) = reader.next()? {
            match (number, raw) {
                (1, Raw::Bytes(bytes)) => url = bytes,
                (2, Raw::Bytes(bytes)) => wire = bytes,
                _ => {}
            }
        }
        if url.is_empty() && wire.is_empty() {
            put(out, "{}");
            return Ok(());
        }
        let url = std::str::from_utf8(url)
            .map_err(|_| Failure::Damaged("a type URL that is not UTF-8"))?;
        self.typed(url, wire, out)
    }

    /// `{"@type": url, ...}`; a message with a JSON form of its own goes under `value`, and so, as base64, do the
    /// bytes of a type that this process does not know.
    fn typed(&mut self, url: &str, wire: &[u8], out: &mut Vec<u8>) -> Result {
        put(out, "{\"@type\":");
        put_string(url, out);
        match self.tables.id(url.rsplit('/').next().unwrap_or_default()) {
            Some(id) if self.tables.message(id).well_known == WellKnown::No => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(Failure::Damaged("nested too deeply"));
                }
                self.fields(self.tables.message(id), wire, false, out)?;
                self.depth -= 1;
            }
            Some(id) => {
                put(out, ",\"value\":");
                self.message(id, wire, out)?;
            }
            None => {
                put(out, ",\"value\":");
                put_base64(wire, out);
            }
        }
        out.push(b'}');
        Ok(())
    }
}

/// Appends the JSON form of an `Any` with this type and value; damaged values are kept as base64.
pub(crate) fn typed(tables: &Tables, url: &str, wire: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let mut encoder = Encoder {
        tables,
        defaults: false,
        depth: 0,
    };
    if encoder.typed(url, wire, out).is_err() {
        out.truncate(start);
        put(out, "{\"@type\":");
        put_string(url, out);
        put(out, ",\"value\":");
        put_base64(wire, out);
        out.push(b'}');
    }
}

/// Paths in camel case; one that would need escaping is refused.
fn put_field_mask(mut reader: Reader<'_>, out: &mut Vec<u8>) -> Result {
    out.push(b'"');
    let mut paths = 0;
    while let Some((number, _, raw)) = reader.next()? {
        let (1, Raw::Bytes(path)) = (number, raw) else {
            continue;
        };
        comma(&mut paths, out);
        let mut upper = false;
        for &c in path {
            match c {
                b'_' => upper = true,
                b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                    out.push(if upper { c.to_ascii_uppercase() } else { c });
                    upper = false;
                }
                _ => return Err(Failure::Damaged("a field mask path")),
            }
        }
    }
    out.push(b'"');
    Ok(())
}

fn put_base64(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let at = out.len();
    out.resize(at + bytes.len().div_ceil(3) * 4, 0);
    STANDARD
        .encode_slice(bytes, &mut out[at..])
        .expect("the room was made for it");
    out.push(b'"');
}

fn not_finite(value: f64) -> Option<&'static str> {
    if value.is_finite() {
        None
    } else if value.is_nan() {
        Some("NaN")
    } else if value > 0.0 {
        Some("Infinity")
    } else {
        Some("-Infinity")
    }
}

#[inline]
fn put(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// For text that needs no escapes.
#[inline]
fn put_quoted(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    put(out, text);
    out.push(b'"');
}

/// `10.0` is written `10`, as other languages do.
#[inline]
fn put_number(out: &mut Vec<u8>, text: &str) {
    put(out, text.strip_suffix(".0").unwrap_or(text));
}

#[inline]
fn comma(elements: &mut usize, out: &mut Vec<u8>) {
    if *elements > 0 {
        out.push(b',');
    }
    *elements += 1;
}

#[inline]
fn key(field: &Field, first: &mut bool, out: &mut Vec<u8>) {
    if !std::mem::replace(first, false) {
        out.push(b',');
    }
    out.extend_from_slice(&field.key);
}

#[inline]
fn open(field: &Field, out: &mut Vec<u8>) {
    match field.shape {
        Shape::Many => out.push(b'['),
        Shape::Map => out.push(b'{'),
        Shape::One => {}
    }
}

#[inline]
fn close(field: &Field, out: &mut Vec<u8>) {
    match field.shape {
        Shape::Many => out.push(b']'),
        Shape::Map => out.push(b'}'),
        Shape::One => {}
    }
}
