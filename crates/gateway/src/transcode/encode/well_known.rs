//! Messages of Google's that have a JSON form of their own: times, masks, wrappers, any JSON, any message.

use super::{Encoder, Failure, MAX_DEPTH, Result, put};
use crate::transcode::escape::put_string;
use crate::transcode::tables::{Message, Tables, WellKnown};
use crate::transcode::time;
use crate::transcode::wire::{Raw, Reader};

impl Encoder<'_> {
    pub(super) fn well_known(
        &mut self,
        message: &Message,
        wire: &[u8],
        out: &mut Vec<u8>,
    ) -> Result {
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
                put::open(field, out);
                while let Some((number, wire_type, raw)) = reader.next()? {
                    if number == field.number {
                        self.element(field, wire_type, raw, &mut elements, out)?;
                    }
                }
                put::close(field, out);
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
                    if let (2, Raw::Number(bits)) = (number, raw)
                        && !f64::from_bits(bits).is_finite()
                    {
                        return Err(Failure::Damaged("a number that JSON does not have"));
                    }
                    self.value(message.fields[index].kind, wire_type, raw, out)?;
                }
                if !found {
                    put::text(out, "null");
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
            put::text(out, "{}");
            return Ok(());
        }
        let url = std::str::from_utf8(url)
            .map_err(|_| Failure::Damaged("a type URL that is not UTF-8"))?;
        self.typed(url, wire, out)
    }

    /// `{"@type": url, ...}`; a message with a JSON form of its own goes under `value`, and so, as base64, do the
    /// bytes of a type that this process does not know.
    fn typed(&mut self, url: &str, wire: &[u8], out: &mut Vec<u8>) -> Result {
        put::text(out, "{\"@type\":");
        put_string(url, out);
        match self.tables.id(url.rsplit('/').next().unwrap_or_default()) {
            Some(id) if self.tables.message(id).stands_alone() => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(Failure::Damaged("nested too deeply"));
                }
                self.fields(self.tables.message(id), wire, false, out)?;
                self.depth -= 1;
            }
            Some(id) => {
                put::text(out, ",\"value\":");
                self.message(id, wire, out)?;
            }
            None => {
                put::text(out, ",\"value\":");
                put::base64(wire, out);
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
        put::text(out, "{\"@type\":");
        put_string(url, out);
        put::text(out, ",\"value\":");
        put::base64(wire, out);
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
        put::comma(&mut paths, out);
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
