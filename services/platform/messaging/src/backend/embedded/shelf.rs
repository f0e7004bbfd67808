//! The files of the log together: which there are, what they hold, and reading across them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock};

use bytes::Bytes;
use value::Time;

use super::recent::Recent;
use super::segment::Segment;
use crate::backend::{Batch, Limit, Record};

/// Damaged positions that are remembered, so that each is told once.
const TOLD: usize = 100_000;

/// The files of the log. There is always a newest one, which is written to.
#[derive(Debug)]
pub(crate) struct Shelf {
    folder: PathBuf,
    segments: RwLock<BTreeMap<u64, Arc<Segment>>>,
    recent: Mutex<Recent>,
    /// Positions found damaged, up to [`TOLD`] of them.
    damaged: Mutex<BTreeSet<u64>>,
    problem: Mutex<Option<String>>,
}

impl Shelf {
    /// Opens what is in the folder; a log that is new begins at 1.
    pub(crate) fn open(folder: &Path, recent_bytes: usize) -> io::Result<Self> {
        let mut bases: Vec<u64> = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let name = entry?.file_name();
            let base = name.to_str().and_then(|name| name.strip_suffix(".log"));
            bases.extend(base.and_then(|base| base.parse::<u64>().ok()));
        }
        bases.sort_unstable();
        let (mut segments, mut damaged) = (BTreeMap::new(), BTreeSet::new());
        let last = bases.pop();
        for base in bases {
            let (segment, found) = Segment::open_full(folder, base)?;
            damaged.extend(found);
            segments.insert(base, Arc::new(segment));
        }
        let newest = match last {
            Some(base) => {
                let (segment, found) = Segment::open_last(folder, base)?;
                damaged.extend(found);
                segment
            }
            None => Segment::create(folder, 1, Time::EPOCH)?,
        };
        segments.insert(newest.base, Arc::new(newest));
        Ok(Self {
            folder: folder.to_owned(),
            segments: RwLock::new(segments),
            recent: Mutex::new(Recent::new(recent_bytes)),
            damaged: Mutex::new(damaged),
            problem: Mutex::default(),
        })
    }

    /// The file that is written to.
    pub(crate) fn newest(&self) -> Arc<Segment> {
        self.with(|segments| {
            let (_, newest) = segments
                .last_key_value()
                .expect("there is always a newest file");
            Arc::clone(newest)
        })
    }

    /// The time of the newest record; that of the beginning of times without any.
    pub(crate) fn last_time(&self) -> Time {
        self.with(|segments| {
            let times = segments.values().map(|segment| segment.last_time());
            times.max().unwrap_or(Time::EPOCH)
        })
    }

    /// From the oldest record's position to the next record's.
    pub(crate) fn bounds(&self) -> Range<u64> {
        self.with(|segments| {
            let first = segments.first_key_value().map_or(1, |(base, _)| *base);
            let next = segments.last_key_value().map_or(1, |(_, last)| last.next());
            first..next
        })
    }

    /// Bytes and files.
    pub(crate) fn size(&self) -> (u64, u32) {
        self.with(|segments| {
            let bytes = segments.values().map(|segment| segment.bytes()).sum();
            (bytes, u32::try_from(segments.len()).unwrap_or(u32::MAX))
        })
    }

    /// Records found damaged, of those that are not dropped since.
    pub(crate) fn damaged(&self) -> u64 {
        let first = self.bounds().start;
        let mut damaged = self.damaged.lock().expect("no holder of this lock panics");
        *damaged = damaged.split_off(&first);
        damaged.len() as u64
    }

    /// Notes positions that a read passed over; what is new is told.
    fn note_damage(&self, passed: impl Iterator<Item = u64>) {
        let mut damaged = self.damaged.lock().expect("no holder of this lock panics");
        let room = TOLD.saturating_sub(damaged.len());
        let new = passed.filter(|position| !damaged.contains(position));
        let new: Vec<u64> = new.take(room).collect();
        if let (Some(first), Some(last)) = (new.first(), new.last()) {
            tracing::error!(
                first,
                last,
                "records of the log are damaged and are passed over"
            );
        }
        damaged.extend(new);
    }

    /// What keeps the log from taking records.
    pub(crate) fn problem(&self) -> Option<String> {
        self.problem
            .lock()
            .expect("no holder of this lock panics")
            .clone()
    }

    /// Says what keeps the log from taking records, or that nothing does.
    pub(crate) fn set_problem(&self, problem: Option<String>) {
        *self.problem.lock().expect("no holder of this lock panics") = problem;
    }

    /// Begins a new file.
    pub(crate) fn roll(&self) -> io::Result<()> {
        let full = self.newest();
        if full.bytes() == 0 {
            return Ok(());
        }
        full.finish()?;
        let next = Segment::create(&self.folder, full.next(), full.last_time())?;
        let mut segments = self
            .segments
            .write()
            .expect("no holder of this lock panics");
        segments.insert(next.base, Arc::new(next));
        Ok(())
    }

    /// Drops the oldest files as long as `old` says so, never the newest; the oldest position there is then.
    pub(crate) fn drop_while(&self, old: impl Fn(&Segment, u64) -> bool) -> io::Result<u64> {
        loop {
            let (bytes, _) = self.size();
            let oldest = self.with(|segments| match segments.len() {
                0 | 1 => None,
                _ => segments
                    .first_key_value()
                    .map(|(_, oldest)| Arc::clone(oldest)),
            });
            match oldest {
                Some(oldest) if old(&oldest, bytes) => {
                    oldest.remove()?;
                    let mut segments = self
                        .segments
                        .write()
                        .expect("no holder of this lock panics");
                    segments.remove(&oldest.base);
                }
                _ => return Ok(self.bounds().start),
            }
        }
    }

    /// Keeps records that were shown in memory.
    pub(crate) fn remember(&self, records: impl Iterator<Item = (u64, Time, Bytes)>) {
        let mut recent = self.recent.lock().expect("no holder of this lock panics");
        for (position, time, body) in records {
            recent.push(Record {
                position,
                time,
                body,
            });
        }
    }

    /// Records from a position on, if no file is needed for it.
    pub(crate) fn read_recent(&self, from: u64, limit: Limit) -> Option<Batch> {
        let bounds = self.bounds();
        if from >= bounds.end {
            return Some(Batch {
                next: from,
                ..Batch::default()
            });
        }
        let recent = self.recent.lock().expect("no holder of this lock panics");
        recent.read(from.max(bounds.start), limit)
    }

    /// Records from a position on.
    pub(crate) fn read(&self, from: u64, limit: Limit) -> io::Result<Batch> {
        let bounds = self.bounds();
        let from = match from {
            behind if behind >= bounds.end => {
                return Ok(Batch {
                    next: behind,
                    ..Batch::default()
                });
            }
            from => from.max(bounds.start),
        };
        let (mut at, mut damaged) = (from, 0);
        while at < bounds.end {
            let segment = self.with(|segments| {
                segments
                    .range(..=at)
                    .next_back()
                    .map(|(_, segment)| Arc::clone(segment))
            });
            let Some(segment) = segment else {
                // Its file was dropped just now.
                at = self.bounds().start;
                continue;
            };
            let end = segment.next().min(bounds.end);
            let mut part = segment.read(at, limit)?;
            // What came since is for the next read.
            part.records.retain(|record| record.position < bounds.end);
            let next = match part.records.last() {
                Some(last) => last.position + 1,
                None => end,
            };
            let passed = next - at - part.records.len() as u64;
            if passed > 0 {
                let there: BTreeSet<u64> =
                    part.records.iter().map(|record| record.position).collect();
                self.note_damage((at..next).filter(|position| !there.contains(position)));
            }
            damaged += passed;
            at = next;
            if !part.records.is_empty() {
                return Ok(Batch {
                    records: part.records,
                    next,
                    damaged,
                });
            }
            if end <= at && end == segment.next() && !self.is_newest(&segment) {
                at = at.max(self.after(&segment));
            }
        }
        Ok(Batch {
            records: Vec::new(),
            next: at,
            damaged,
        })
    }

    /// The position of the first record at a time or later.
    pub(crate) fn find(&self, time: Time) -> io::Result<u64> {
        let segments: Vec<_> = self.with(|segments| segments.values().cloned().collect());
        for segment in segments {
            if segment.bytes() > 0 && segment.last_time() >= time {
                return segment.find(time);
            }
        }
        Ok(self.bounds().end)
    }

    fn is_newest(&self, segment: &Segment) -> bool {
        self.newest().base == segment.base
    }

    /// The first position of the file behind this one.
    fn after(&self, segment: &Segment) -> u64 {
        self.with(|segments| {
            let mut later = segments.range(segment.base + 1..);
            later.next().map_or(segment.next(), |(base, _)| *base)
        })
    }

    fn with<T>(&self, look: impl FnOnce(&BTreeMap<u64, Arc<Segment>>) -> T) -> T {
        look(&self.segments.read().expect("no holder of this lock panics"))
    }
}
