//! What goes into a cache, and what comes out of it.

use crate::Tag;
use std::{sync::Arc, time::Duration};

/// A value to be kept.
#[derive(Debug, Clone)]
pub struct Entry<V> {
    pub(crate) value: V,
    pub(crate) tags: Vec<Tag>,
    pub(crate) ttl: Option<Duration>,
    pub(crate) keep: bool,
}

impl<V> Entry<V> {
    /// A value that is kept as long as the cache keeps values.
    pub fn new(value: V) -> Self {
        Self {
            value,
            tags: Vec::new(),
            ttl: None,
            keep: true,
        }
    }

    /// A value for those who wait for it now, that is not kept.
    pub fn passing(value: V) -> Self {
        Self {
            keep: false,
            ..Self::new(value)
        }
    }

    /// Adds something that the value depends on.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<Tag>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Adds all that the value depends on.
    #[must_use]
    pub fn tags(mut self, tags: impl IntoIterator<Item = Tag>) -> Self {
        self.tags.extend(tags);
        self
    }

    /// Keeps the value for a time of its own.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The memory of this process.
    Memory,
    /// The Redis that processes share.
    Redis,
    /// It was loaded for this call.
    Loaded,
    /// It was loaded, or looked for, for another call that had begun; this one waited for it.
    Joined,
}

/// A value, and where it came from.
#[derive(Debug)]
pub struct Found<V> {
    /// The value.
    pub value: Arc<V>,
    /// Where it came from.
    pub source: Source,
}

/// What is known of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// How long it still lives, if nothing invalidates it.
    pub left: Duration,
    /// What it depends on.
    pub tags: Vec<Tag>,
    /// Where it was found.
    pub source: Source,
}
