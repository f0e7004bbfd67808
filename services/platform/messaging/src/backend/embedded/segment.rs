//! One file of the log: records at consecutive positions, read by offset through a sparse index of positions and
//! times that is kept in memory, and beside files that are full.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::RwLock;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use value::Time;

use super::index::{self, Index};
use super::record::{self, Found, HEADER};
use crate::backend::{Limit, Record};

/// Bytes read at once when a file is gone through.
const CHUNK: usize = 1 << 20;
/// Bytes read at first when records are asked for, beside what is asked for.
const AHEAD: usize = index::STEP + 4096;

/// One file of the log.
#[derive(Debug)]
pub(crate) struct Segment {
    /// Position of its first record.
    pub(crate) base: u64,
    path: PathBuf,
    file: File,
    /// Bytes that hold records which may be read.
    length: AtomicU64,
    index: RwLock<Index>,
}

/// What a read of one file gave.
#[derive(Debug, Default)]
pub(crate) struct Part {
    /// The records.
    pub(crate) records: Vec<Record>,
}

/// The name of the file whose first record has this position.
pub(crate) fn file_name(base: u64) -> String {
    format!("{base:020}.log")
}

impl Segment {
    /// Makes an empty file for records from `base` on.
    pub(crate) fn create(folder: &Path, base: u64, time: Time) -> io::Result<Self> {
        let path = folder.join(file_name(base));
        let mut options = OpenOptions::new();
        options
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600);
        let file = options.open(&path)?;
        file.sync_all()?;
        File::open(folder)?.sync_all()?;
        Ok(Self::over(base, path, file, Index::empty(base, time)))
    }

    /// Opens a file that is full: by the index beside it, or by going through it where that is missing. Answers
    /// the file and the positions of what is damaged.
    pub(crate) fn open_full(folder: &Path, base: u64) -> io::Result<(Self, Vec<u64>)> {
        let path = folder.join(file_name(base));
        let file = File::open(&path)?;
        let size = file.metadata()?.len();
        if let Some(index) = Index::load(&path, base, size) {
            return Ok((Self::over(base, path, file, index), Vec::new()));
        }
        let (index, damaged) = scan(&file, base, size)?;
        index.save(&path)?;
        Ok((Self::over(base, path, file, index), damaged))
    }

    /// Opens the newest file, to go on writing behind its last whole record. What a crash left of an append that
    /// was never acknowledged is cut off; damage with whole records behind it is told and stays.
    pub(crate) fn open_last(folder: &Path, base: u64) -> io::Result<(Self, Vec<u64>)> {
        let path = folder.join(file_name(base));
        let file = OpenOptions::new().read(true).write(true).open(&path)?;
        let size = file.metadata()?.len();
        let (index, damaged) = scan(&file, base, size)?;
        if index.length < size {
            tracing::warn!(path = %path.display(), bytes = size - index.length, "cut off an append that was never acknowledged");
            file.set_len(index.length)?;
            file.sync_all()?;
        }
        Ok((Self::over(base, path, file, index), damaged))
    }

    fn over(base: u64, path: PathBuf, file: File, index: Index) -> Self {
        Self {
            base,
            path,
            file,
            length: AtomicU64::new(index.length),
            index: RwLock::new(index),
        }
    }

    /// Position behind its last record.
    pub(crate) fn next(&self) -> u64 {
        self.indexed(|index| index.next)
    }

    /// Time of its last record, or of its making while it has none.
    pub(crate) fn last_time(&self) -> Time {
        self.indexed(|index| index.last_time)
    }

    /// Time of its first record, or of its making while it has none.
    pub(crate) fn first_time(&self) -> Time {
        self.indexed(|index| {
            index
                .marks
                .first()
                .map_or(index.last_time, |mark| mark.time)
        })
    }

    /// Bytes it holds.
    pub(crate) fn bytes(&self) -> u64 {
        self.length.load(Ordering::Acquire)
    }

    /// Writes records behind the last ones, without showing them to readers; see [`Segment::show`].
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, self.bytes())
    }

    /// Brings what was written to disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Lets readers see records that were written: position, time and length in the file of each.
    pub(crate) fn show(&self, records: &[(u64, Time, usize)]) {
        let mut index = self.index.write().expect("no holder of this lock panics");
        for (position, time, length) in records {
            index.note(*position, *time, *length as u64);
        }
        self.length.store(index.length, Ordering::Release);
    }

    /// Takes back what was written and not shown.
    pub(crate) fn take_back(&self) -> io::Result<()> {
        self.file.set_len(self.bytes())?;
        self.file.sync_data()
    }

    /// Writes the index beside the file, which is full now.
    pub(crate) fn finish(&self) -> io::Result<()> {
        self.file.sync_all()?;
        self.indexed(|index| index.save(&self.path))
    }

    /// Deletes the file; who reads it goes on reading.
    pub(crate) fn remove(&self) -> io::Result<()> {
        std::fs::remove_file(&self.path)?;
        match std::fs::remove_file(index::path(&self.path)) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
            _ => Ok(()),
        }
    }

    /// Records from a position on, within the limit.
    pub(crate) fn read(&self, from: u64, limit: Limit) -> io::Result<Part> {
        let end = self.bytes();
        let mut at = self.indexed(|index| index.before(from).offset);
        let mut part = Part::default();
        let mut left = limit;
        while at < end && left.records > 0 && (left.bytes > 0 || part.records.is_empty()) {
            let ask = left.bytes.min(CHUNK * 4) + AHEAD;
            let bytes = self.chunk(at, ask, end)?;
            let used = take(&bytes, from, &mut left, &mut part);
            match used {
                Taken::Some(used) => at += used as u64,
                // One record is longer than what was read.
                Taken::Needs(length) => {
                    let bytes = self.chunk(at, length, end)?;
                    match take(&bytes, from, &mut left, &mut part) {
                        Taken::Some(used) => at += used as u64,
                        Taken::Needs(_) | Taken::Damaged => at = self.behind_damage(at, end)?,
                    }
                }
                Taken::Damaged => at = self.behind_damage(at, end)?,
            }
        }
        Ok(part)
    }

    /// Position of the first record at `time` or later; that behind the last if there is none.
    pub(crate) fn find(&self, time: Time) -> io::Result<u64> {
        let mut from = self.indexed(|index| index.before_time(time).position);
        let limit = Limit {
            records: 1024,
            bytes: CHUNK,
        };
        loop {
            let part = self.read(from, limit)?;
            let Some(last) = part.records.last() else {
                return Ok(self.next());
            };
            if let Some(found) = part.records.iter().find(|record| record.time >= time) {
                return Ok(found.position);
            }
            from = last.position + 1;
        }
    }

    fn indexed<T>(&self, look: impl FnOnce(&Index) -> T) -> T {
        look(&self.index.read().expect("no holder of this lock panics"))
    }

    fn chunk(&self, at: u64, ask: usize, end: u64) -> io::Result<Bytes> {
        let length = usize::try_from(end - at).unwrap_or(usize::MAX).min(ask);
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, at)?;
        Ok(bytes.into())
    }

    /// The offset of the next whole record behind the damage at `at`.
    fn behind_damage(&self, at: u64, end: u64) -> io::Result<u64> {
        let read = |at: u64, ask: usize| self.chunk(at, ask, end);
        next_whole(at + 1, end, read).map(|found| found.unwrap_or(end))
    }
}

/// How far a buffer could be used.
enum Taken {
    /// So many bytes.
    Some(usize),
    /// Its first record has so many bytes.
    Needs(usize),
    /// It begins with no record.
    Damaged,
}

fn take(bytes: &Bytes, from: u64, left: &mut Limit, part: &mut Part) -> Taken {
    let mut at = 0;
    loop {
        match record::read(bytes, at) {
            Found::Whole(frame) => {
                if frame.position >= from {
                    let size = frame.body.len();
                    let first = part.records.is_empty();
                    if left.records == 0 || (left.bytes < size && !first) {
                        left.bytes = 0;
                        return Taken::Some(at);
                    }
                    left.records -= 1;
                    left.bytes = left.bytes.saturating_sub(size);
                    part.records.push(Record {
                        position: frame.position,
                        time: frame.time,
                        body: bytes.slice(frame.body.clone()),
                    });
                }
                at = frame.body.end;
            }
            Found::Short(more) if at == 0 => return Taken::Needs(bytes.len() + more),
            Found::Damaged if at == 0 => return Taken::Damaged,
            Found::Short(_) | Found::Damaged | Found::End => return Taken::Some(at),
        }
    }
}

/// Goes through a file: its index up to the last whole record, and the positions of what is damaged before that.
fn scan(file: &File, base: u64, size: u64) -> io::Result<(Index, Vec<u64>)> {
    let mut index = Index::empty(base, Time::EPOCH);
    let (mut at, mut damaged) = (0_u64, Vec::new());
    let read = |at: u64, ask: usize| {
        let length = usize::try_from(size - at).unwrap_or(usize::MAX).min(ask);
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, at)
            .map(|()| Bytes::from(bytes))
    };
    let mut ask = CHUNK;
    while at < size {
        let bytes = read(at, ask)?;
        let mut used = 0;
        let stopped = loop {
            match record::read(&bytes, used) {
                Found::Whole(frame) if frame.position >= index.next => {
                    index.skip_to(at + used as u64);
                    damaged.extend(index.next..frame.position);
                    index.note(
                        frame.position,
                        frame.time,
                        (HEADER + frame.body.len()) as u64,
                    );
                    used = frame.body.end;
                }
                other => break other,
            }
        };
        at += used as u64;
        let whole_file_read = at - used as u64 + bytes.len() as u64 == size;
        match stopped {
            Found::Short(more) if !whole_file_read => ask = CHUNK.max(bytes.len() - used + more),
            Found::End => ask = CHUNK,
            _ => match next_whole(at + 1, size, read)? {
                Some(next) => (at, ask) = (next, CHUNK),
                None => break,
            },
        }
    }
    Ok((index, damaged))
}

/// The offset of the next whole record at `from` or behind, reading by pieces that overlap.
fn next_whole(
    mut from: u64,
    end: u64,
    read: impl Fn(u64, usize) -> io::Result<Bytes>,
) -> io::Result<Option<u64>> {
    while from < end {
        let mut ask = CHUNK;
        loop {
            let bytes = read(from, ask)?;
            if let Some(found) = record::next_whole(&bytes, 0) {
                return Ok(Some(from + found as u64));
            }
            // A record may begin here and end behind what was read.
            match first_short(&bytes) {
                Some(needed) if (bytes.len() as u64) < end - from && ask < needed => ask = needed,
                _ => break,
            }
        }
        from += CHUNK as u64 - HEADER as u64;
    }
    Ok(None)
}

/// How many bytes the longest thing needs that may be a record and is cut by the end.
fn first_short(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(bytes, b"TLr1")
        .filter_map(|at| match record::read(bytes, at) {
            Found::Short(more) => Some(bytes.len() + more),
            _ => None,
        })
        .max()
}
