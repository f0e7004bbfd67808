//! Refuses work early when there is too much of it, rather than answer all of it late.

use super::{Guards, Limits, Peer};
use error::{Error, Result, reason};
use proto::{Method, method::Visibility};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Calls between services of the process belong to work that was already let in: cutting them wastes
/// more than it saves, so they have this many times the room.
const ROOM_FOR_INNER_CALLS: usize = 8;

/// The calls in work.
pub(super) struct Load {
    in_flight: AtomicUsize,
    /// Those among them that anyone may make: a stranger must not take the room of everybody.
    public: AtomicUsize,
    limits: Limits,
}

impl Load {
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            in_flight: AtomicUsize::new(0),
            public: AtomicUsize::new(0),
            limits,
        })
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }
}

/// A place among the calls in work, given back when dropped.
pub(super) struct Permit {
    load: Arc<Load>,
    public: bool,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.load.in_flight.fetch_sub(1, Ordering::Relaxed);
        if self.public {
            self.load.public.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Takes a place, or refuses.
pub(super) fn admit(guards: &Guards, peer: Peer, method: &Method) -> Result<Permit> {
    let load = &guards.load;
    let room = match peer {
        Peer::Local => load.limits.in_flight.saturating_mul(ROOM_FOR_INNER_CALLS),
        Peer::Edge | Peer::Socket => load.limits.in_flight,
    };
    let public = method.visibility == Visibility::Public;
    let permit = Permit {
        load: load.clone(),
        public,
    };
    let in_time = load.in_flight.fetch_add(1, Ordering::Relaxed) < room;
    let in_turn =
        !public || load.public.fetch_add(1, Ordering::Relaxed) < load.limits.public_in_flight;
    if in_time && in_turn {
        return Ok(permit);
    }
    Err(Error::new(&reason::OVERLOADED, "too much work in hand")
        .with_retry_after(Duration::from_millis(load.limits.retry_after_ms)))
}
