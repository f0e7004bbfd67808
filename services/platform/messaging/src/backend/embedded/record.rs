//! How a record lies in a file: a mark, a checksum, length, position and time, then the body. What a crash or a
//! bad disk did to the bytes is found here and nowhere guessed away.

use std::ops::Range;

use value::Time;

/// Where a record begins; looked for behind damage.
const MARK: [u8; 4] = *b"TLr1";
/// Bytes before the body: mark, checksum, length, position, time.
pub(crate) const HEADER: usize = 28;
/// No body is longer: a length beyond it is damage.
pub(crate) const MAX_BODY: usize = 64 << 20;

/// A record found in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Its place in the log.
    pub(crate) position: u64,
    /// When it was appended.
    pub(crate) time: Time,
    /// Where its body lies in the bytes.
    pub(crate) body: Range<usize>,
}

/// What lies at an offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// A whole record.
    Whole(Frame),
    /// Nothing: the bytes end here.
    End,
    /// The beginning of something that needs so many bytes more than there are; whether it is a record is
    /// not known yet.
    Short(usize),
    /// No record.
    Damaged,
}

/// Writes a record behind what is in `out`.
pub(crate) fn write(out: &mut Vec<u8>, position: u64, time: Time, body: &[u8]) {
    let start = out.len();
    out.reserve(HEADER + body.len());
    out.extend_from_slice(&MARK);
    out.extend_from_slice(&[0; 4]);
    let length = u32::try_from(body.len()).expect("bodies are checked before they come here");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&position.to_le_bytes());
    out.extend_from_slice(&time.micros().to_le_bytes());
    out.extend_from_slice(body);
    let sum = crc32fast::hash(&out[start + 8..]);
    out[start + 4..start + 8].copy_from_slice(&sum.to_le_bytes());
}

/// Looks at what lies at `at`.
pub(crate) fn read(bytes: &[u8], at: usize) -> Found {
    let rest = bytes.get(at..).unwrap_or_default();
    if rest.is_empty() {
        return Found::End;
    }
    if rest.len() < HEADER {
        let known = rest.len().min(MARK.len());
        return match rest[..known] == MARK[..known] {
            true => Found::Short(HEADER - rest.len()),
            false => Found::Damaged,
        };
    }
    let length = number(&rest[8..12]) as usize;
    if rest[..4] != MARK || length > MAX_BODY {
        return Found::Damaged;
    }
    let end = HEADER + length;
    if rest.len() < end {
        return Found::Short(end - rest.len());
    }
    if u64::from(crc32fast::hash(&rest[8..end])) != number(&rest[4..8]) {
        return Found::Damaged;
    }
    Found::Whole(Frame {
        position: number(&rest[12..20]),
        time: Time::from_micros(number(&rest[20..28]).cast_signed()),
        body: at + HEADER..at + end,
    })
}

/// The offset of the next whole record behind `from`, if there is one in the bytes.
pub(crate) fn next_whole(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    memchr::memmem::find_iter(rest, &MARK)
        .map(|at| from + at)
        .find(|at| matches!(read(bytes, *at), Found::Whole(_)))
}

/// A number of up to eight bytes, little endian.
fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frames(bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
        let (mut at, mut found) = (0, Vec::new());
        loop {
            match read(bytes, at) {
                Found::Whole(frame) => {
                    found.push((frame.position, bytes[frame.body.clone()].to_vec()));
                    at = frame.body.end;
                }
                Found::End => return found,
                Found::Short(_) | Found::Damaged => match next_whole(bytes, at + 1) {
                    Some(next) => at = next,
                    None => return found,
                },
            }
        }
    }

    fn written(bodies: &[Vec<u8>]) -> (Vec<u8>, Vec<usize>) {
        let (mut out, mut ends) = (Vec::new(), Vec::new());
        for (position, body) in (1..).zip(bodies) {
            write(&mut out, position, Time::from_micros(7), body);
            ends.push(out.len());
        }
        (out, ends)
    }

    fn some_bodies() -> impl Strategy<Value = Vec<Vec<u8>>> {
        prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..12)
    }

    proptest! {
        /// What was written is read, whatever it is.
        #[test]
        fn round_trips(bodies in some_bodies()) {
            let (out, _) = written(&bodies);
            let expected: Vec<_> = (1..).zip(bodies).collect();
            prop_assert_eq!(frames(&out), expected);
        }

        /// A file cut anywhere gives exactly the records that are whole.
        #[test]
        fn a_torn_tail_loses_only_the_torn(bodies in some_bodies(), cut in any::<prop::sample::Index>()) {
            let (out, ends) = written(&bodies);
            let cut = cut.index(out.len() + 1);
            let whole = ends.iter().filter(|end| **end <= cut).count();
            let expected: Vec<_> = (1..).zip(bodies).take(whole).collect();
            prop_assert_eq!(frames(&out[..cut]), expected);
        }

        /// A flipped bit costs the record it is in and no other, and is never read as something else.
        #[test]
        fn a_flipped_bit_costs_one_record(bodies in some_bodies(), bit in any::<prop::sample::Index>()) {
            let (mut out, ends) = written(&bodies);
            let bit = bit.index(out.len() * 8);
            out[bit / 8] ^= 1 << (bit % 8);
            let hit = ends.iter().position(|end| bit / 8 < *end).unwrap();
            let expected: Vec<_> = (1..)
                .zip(bodies)
                .enumerate()
                .filter(|(index, _)| *index != hit)
                .map(|(_, record)| record)
                .collect();
            prop_assert_eq!(frames(&out), expected);
        }

        /// Any bytes at all are read without a panic, and offsets stay inside.
        #[test]
        fn anything_is_read(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            frames(&bytes);
        }
    }
}
