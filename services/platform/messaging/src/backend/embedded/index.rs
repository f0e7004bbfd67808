//! Where records lie in a file, roughly: a mark every so many bytes. Kept in memory for every file, and beside
//! full files so that a start does not read them.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use value::Time;

/// Bytes between marks.
pub(crate) const STEP: usize = 64 << 10;
const HEAD: [u8; 8] = *b"TLindex1";

/// Where one record lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Its position.
    pub(crate) position: u64,
    /// Its time.
    pub(crate) time: Time,
    /// Where it begins in the file.
    pub(crate) offset: u64,
}

/// What is known of a file without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Index {
    /// The first record and one every [`STEP`] bytes.
    pub(crate) marks: Vec<Mark>,
    /// Position behind the last record.
    pub(crate) next: u64,
    /// Time of the last record.
    pub(crate) last_time: Time,
    /// Offset behind the last record.
    pub(crate) length: u64,
}

/// Where the index of a file lies.
pub(crate) fn path(log: &Path) -> PathBuf {
    log.with_extension("index")
}

impl Index {
    /// That of a file without records.
    pub(crate) fn empty(base: u64, time: Time) -> Self {
        Self {
            marks: Vec::new(),
            next: base,
            last_time: time,
            length: 0,
        }
    }

    /// Notes the record that lies behind the last one.
    pub(crate) fn note(&mut self, position: u64, time: Time, length: u64) {
        let far = |mark: &Mark| self.length >= mark.offset + STEP as u64;
        if self.marks.last().is_none_or(far) {
            self.marks.push(Mark {
                position,
                time,
                offset: self.length,
            });
        }
        self.next = position + 1;
        self.last_time = time;
        self.length += length;
    }

    /// The next record begins here: what lies before is damaged.
    pub(crate) fn skip_to(&mut self, offset: u64) {
        self.length = offset;
    }

    /// The last mark at or before a position.
    pub(crate) fn before(&self, position: u64) -> Mark {
        let at = self.marks.partition_point(|mark| mark.position <= position);
        self.mark(at)
    }

    /// The last mark before a time: no record before it has that time.
    pub(crate) fn before_time(&self, time: Time) -> Mark {
        let at = self.marks.partition_point(|mark| mark.time < time);
        self.mark(at)
    }

    fn mark(&self, behind: usize) -> Mark {
        let first = Mark {
            position: 0,
            time: self.last_time,
            offset: 0,
        };
        self.marks
            .get(behind.saturating_sub(1))
            .copied()
            .unwrap_or(first)
    }

    /// Writes it beside its file: a new file in place of the old, so that there is never half of one.
    pub(crate) fn save(&self, log: &Path) -> io::Result<()> {
        let mut bytes = HEAD.to_vec();
        bytes.extend_from_slice(&[0; 4]);
        for number in [
            self.next,
            self.last_time.micros().cast_unsigned(),
            self.length,
        ] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        for mark in &self.marks {
            for number in [
                mark.position,
                mark.time.micros().cast_unsigned(),
                mark.offset,
            ] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
        }
        let sum = crc32fast::hash(&bytes[12..]);
        bytes[8..12].copy_from_slice(&sum.to_le_bytes());
        let (path, fresh) = (path(log), log.with_extension("index.new"));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&fresh)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        std::fs::rename(fresh, path)
    }

    /// Reads the one beside a file of this size; `None` where there is none that can be trusted.
    pub(crate) fn load(log: &Path, base: u64, size: u64) -> Option<Self> {
        let bytes = std::fs::read(path(log)).ok()?;
        Self::parse(&bytes).filter(|index| {
            let first = index.marks.first().map_or(base, |mark| mark.position);
            index.length <= size && first >= base && index.next >= first
        })
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&HEAD)?;
        let (sum, rest) = rest.split_at_checked(4)?;
        if crc32fast::hash(rest).to_le_bytes() != sum || rest.len() < 24 || rest.len() % 24 != 0 {
            return None;
        }
        let mut numbers = rest
            .chunks_exact(8)
            .map(|part| u64::from_le_bytes(part.try_into().expect("eight bytes")));
        let mut three = || Some((numbers.next()?, numbers.next()?, numbers.next()?));
        let (next, last_time, length) = three()?;
        let marks = std::iter::from_fn(three)
            .map(|(position, time, offset)| Mark {
                position,
                time: Time::from_micros(time.cast_signed()),
                offset,
            })
            .collect();
        Some(Self {
            marks,
            next,
            last_time: Time::from_micros(last_time.cast_signed()),
            length,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample(records: u64) -> Index {
        let mut index = Index::empty(5, Time::EPOCH);
        for number in 0..records {
            index.note(5 + number, Time::from_micros(number.cast_signed()), 10_000);
        }
        index
    }

    #[test]
    fn marks_are_a_step_apart_and_found() {
        let index = sample(100);
        assert_eq!(index.marks.len(), 15);
        assert_eq!((index.next, index.length), (105, 1_000_000));
        assert_eq!(index.before(5).offset, 0);
        assert_eq!(index.before(0).offset, 0);
        assert_eq!(index.before(12), index.marks[1]);
        assert_eq!(index.before(1000), index.marks[14]);
        assert_eq!(index.before_time(Time::from_micros(7)).position, 5);
        assert_eq!(index.before_time(Time::from_micros(8)).position, 12);
        assert_eq!(sample(0).before(9).offset, 0);
    }

    proptest! {
        /// What was saved is loaded; a file with a bit flipped is not believed.
        #[test]
        fn is_saved_and_checked(records in 0_u64..200, bit in any::<prop::sample::Index>()) {
            let folder = tempfile::tempdir().unwrap();
            let log = folder.path().join("5.log");
            let index = sample(records);
            index.save(&log).unwrap();
            prop_assert_eq!(Index::load(&log, 5, 10_000_000), Some(index.clone()));
            if records > 0 {
                prop_assert_eq!(Index::load(&log, 5, 9), None);
            }
            let mut bytes = std::fs::read(path(&log)).unwrap();
            let bit = bit.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(Index::parse(&bytes), None);
        }
    }
}
