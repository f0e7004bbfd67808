//! The protobuf wire format: varints, keys, length-delimited values, read and written.

/// A value as it stands on the wire, before its field's type is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Raw<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Why bytes could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireFault {
    /// Not a protobuf message.
    Damaged(&'static str),
    /// A group; the table path does not read those.
    Group,
}

/// Reads fields one after another.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// The next field's number, wire type and value; `None` at the end.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<(u32, u32, Raw<'a>)>, WireFault> {
        if self.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let Ok(key) = u32::try_from(key) else {
            return Err(WireFault::Damaged("field key"));
        };
        if key < 8 {
            return Err(WireFault::Damaged("field number 0"));
        }
        Ok(Some((key >> 3, key & 7, self.value(key & 7)?)))
    }

    /// A bare value of the given wire type, as in a packed block.
    #[inline]
    pub(crate) fn value(&mut self, wire_type: u32) -> Result<Raw<'a>, WireFault> {
        const CUT: WireFault = WireFault::Damaged("cut short");
        Ok(match wire_type {
            0 => Raw::Number(self.varint()?),
            1 => {
                let bytes = self.bytes[self.at..].first_chunk::<8>().ok_or(CUT)?;
                self.at += 8;
                Raw::Number(u64::from_le_bytes(*bytes))
            }
            5 => {
                let bytes = self.bytes[self.at..].first_chunk::<4>().ok_or(CUT)?;
                self.at += 4;
                Raw::Number(u64::from(u32::from_le_bytes(*bytes)))
            }
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| CUT)?;
                let bytes = self.bytes[self.at..].get(..length).ok_or(CUT)?;
                self.at += length;
                Raw::Bytes(bytes)
            }
            3 | 4 => return Err(WireFault::Group),
            _ => return Err(WireFault::Damaged("wire type")),
        })
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, WireFault> {
        if let Some(&byte) = self.bytes.get(self.at)
            && byte < 0x80
        {
            self.at += 1;
            return Ok(u64::from(byte));
        }
        let (mut value, mut shift) = (0u64, 0);
        loop {
            let Some(&byte) = self.bytes.get(self.at) else {
                return Err(WireFault::Damaged("cut short"));
            };
            self.at += 1;
            // the tenth byte has room for one bit only
            if shift == 63 && byte > 1 {
                return Err(WireFault::Damaged("number longer than 64 bits"));
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
            shift += 7;
        }
    }
}

/// Appends a varint.
#[inline]
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a length and the bytes.
#[inline]
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends what `write` writes behind its length: one byte is kept free for it and widened when needed.
#[inline]
pub(crate) fn put_delimited<E>(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let at = out.len();
    out.push(0);
    write(out)?;
    let length = out.len() - at - 1;
    if length < 0x80 {
        out[at] = length as u8;
        return Ok(());
    }
    let extra = (63 - (length as u64).leading_zeros() as usize) / 7;
    let end = out.len();
    out.resize(end + extra, 0);
    out.copy_within(at + 1..end, at + 1 + extra);
    let (mut rest, mut i) = (length, at);
    while rest >= 0x80 {
        out[i] = rest as u8 | 0x80;
        rest >>= 7;
        i += 1;
    }
    out[i] = rest as u8;
    Ok(())
}

pub(crate) fn zigzag32(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)) as u32
}

pub(crate) fn zigzag64(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

pub(crate) fn unzigzag32(value: u32) -> i32 {
    (value >> 1) as i32 ^ -((value & 1) as i32)
}

pub(crate) fn unzigzag64(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Whether a message's bytes hold a value of the field at the top level; an empty text or message is
/// none. Damaged bytes hold nothing.
pub(crate) fn has_value(message: &[u8], number: u32) -> bool {
    let mut reader = Reader::new(message);
    while let Ok(Some((found, _, value))) = reader.next() {
        if found == number && !matches!(value, Raw::Bytes([])) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_widened_in_place() {
        for length in [0usize, 1, 127, 128, 16_383, 16_384, 2_097_152] {
            let mut out = vec![9];
            put_delimited(&mut out, |o| {
                o.resize(o.len() + length, 7);
                Ok::<(), ()>(())
            })
            .unwrap();
            let mut plain = vec![9];
            put_bytes(&mut plain, &vec![7; length]);
            assert!(out == plain, "length {length}");
        }
    }

    #[test]
    fn numbers_survive_and_too_long_ones_do_not() {
        for value in [0, 1, 127, 128, u64::from(u32::MAX), u64::MAX] {
            let mut out = vec![8];
            put_varint(&mut out, value);
            let mut reader = Reader::new(&out);
            assert!(matches!(reader.next(), Ok(Some((1, 0, Raw::Number(v)))) if v == value));
        }
        let long = [8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2];
        assert!(Reader::new(&long).next().is_err());
        assert_eq!(unzigzag32(zigzag32(i32::MIN)), i32::MIN);
        assert_eq!(unzigzag64(zigzag64(i64::MIN)), i64::MIN);
    }
}
