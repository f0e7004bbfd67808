//! The newest records in memory, so that those who read as they come do not read files.

use std::collections::VecDeque;

use crate::backend::{Batch, Limit, Record};

/// The newest records, without a gap, up to so many bytes.
#[derive(Debug)]
pub(crate) struct Recent {
    records: VecDeque<Record>,
    bytes: usize,
    most: usize,
}

impl Recent {
    /// Room for so many bytes.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            records: VecDeque::new(),
            bytes: 0,
            most,
        }
    }

    /// Adds the record that follows the last one.
    pub(crate) fn push(&mut self, record: Record) {
        self.bytes += weight(&record);
        self.records.push_back(record);
        while self.bytes > self.most {
            let Some(old) = self.records.pop_front() else {
                break;
            };
            self.bytes -= weight(&old);
        }
    }

    /// Records from a position on, if the first of them is here.
    pub(crate) fn read(&self, from: u64, limit: Limit) -> Option<Batch> {
        let first = self.records.front()?.position;
        let skip = usize::try_from(from.checked_sub(first)?).ok()?;
        if skip >= self.records.len() {
            return None;
        }
        let mut bytes = 0;
        let fits = |record: &&Record| {
            let first = bytes == 0;
            bytes += record.body.len();
            first || bytes <= limit.bytes
        };
        let records: Vec<_> = self
            .records
            .range(skip..)
            .take(limit.records.max(1))
            .take_while(fits)
            .cloned()
            .collect();
        let next = records.last()?.position + 1;
        Some(Batch {
            records,
            next,
            damaged: 0,
        })
    }
}

fn weight(record: &Record) -> usize {
    record.body.len() + size_of::<Record>()
}
