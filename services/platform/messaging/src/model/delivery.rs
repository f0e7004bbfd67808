//! How far a subscription is: what is looked at, out, waiting. Messages with the same key go out together or one
//! after the other, never while an earlier one is out elsewhere or waits to be tried again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use value::Time;

/// How messages are given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terms {
    /// How long one may be worked on.
    pub(crate) ack_wait: Duration,
    /// How often one goes out.
    pub(crate) max_attempts: u32,
    /// How many may be out.
    pub(crate) max_in_flight: usize,
}

/// Where a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It waits for its turn.
    Parked,
    /// It is being worked on until then.
    Out(Time),
    /// It is tried again then.
    Delayed(Time),
}

#[derive(Debug, Clone)]
struct Entry {
    lane: Option<u64>,
    attempt: u32,
    phase: Phase,
    time: Time,
}

#[derive(Debug, Default)]
struct Lane {
    positions: BTreeSet<u64>,
    out: usize,
}

/// What is kept of it across a restart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    /// What lies before is looked at.
    pub(crate) cursor: u64,
    /// Messages that are not done.
    #[serde(default)]
    pub(crate) pending: Vec<Pending>,
}

/// A message that is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// Where it is in the log.
    #[serde(rename = "p")]
    pub(crate) position: u64,
    /// How often it was out.
    #[serde(rename = "a")]
    pub(crate) attempt: u32,
    /// What it is ordered with.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub(crate) lane: Option<u64>,
    /// When it is tried again, in microseconds.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<i64>,
    /// When it was published, in microseconds.
    #[serde(rename = "t")]
    pub(crate) time: i64,
}

/// What becomes of a delivery that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It goes out again.
    Again,
    /// It was out often enough.
    Dead,
}

/// How far a subscription is.
#[derive(Debug, Default)]
pub(crate) struct Delivery {
    /// What lies before is looked at.
    pub(crate) cursor: u64,
    pending: BTreeMap<u64, Entry>,
    lanes: HashMap<u64, Lane>,
    ready: BTreeSet<u64>,
    timers: BTreeSet<(Time, u64)>,
    out: usize,
}

impl Delivery {
    /// Goes on where the snapshot was taken; what was out then goes out again.
    pub(crate) fn restore(snapshot: Snapshot) -> Self {
        let mut delivery = Self {
            cursor: snapshot.cursor,
            ..Self::default()
        };
        for pending in snapshot.pending {
            delivery.take_in(
                pending.position,
                pending.lane,
                Time::from_micros(pending.time),
            );
            let phase = match pending.until {
                Some(until) => Phase::Delayed(Time::from_micros(until)),
                None => Phase::Parked,
            };
            let entry = delivery.pending.get_mut(&pending.position);
            entry.expect("taken in above").attempt = pending.attempt;
            delivery.set(pending.position, phase);
        }
        delivery
    }

    /// What is to be kept of it.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let pending = self.pending.iter().map(|(position, entry)| Pending {
            position: *position,
            attempt: entry.attempt,
            lane: entry.lane,
            until: match entry.phase {
                Phase::Delayed(until) => Some(until.micros()),
                Phase::Parked | Phase::Out(_) => None,
            },
            time: entry.time.micros(),
        });
        Snapshot {
            cursor: self.cursor,
            pending: pending.collect(),
        }
    }

    /// A message that was looked at and is to be delivered.
    pub(crate) fn take_in(&mut self, position: u64, lane: Option<u64>, time: Time) {
        let entry = Entry {
            lane,
            attempt: 0,
            phase: Phase::Parked,
            time,
        };
        if self.pending.insert(position, entry).is_some() {
            return;
        }
        if let Some(lane) = lane {
            self.lanes
                .entry(lane)
                .or_default()
                .positions
                .insert(position);
        }
        self.consider(position);
    }

    /// Messages that can go out at once, or at least so many of which each begins a lane.
    pub(crate) fn ready(&self) -> usize {
        self.ready.len()
    }

    /// Messages that are not done.
    pub(crate) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Messages that are out.
    pub(crate) fn out(&self) -> usize {
        self.out
    }

    /// Everything before is done.
    pub(crate) fn floor(&self) -> u64 {
        let first = self.pending.first_key_value();
        first.map_or(self.cursor, |(position, _)| *position)
    }

    /// When the oldest message that is not done was published.
    pub(crate) fn oldest(&self) -> Option<Time> {
        self.pending.first_key_value().map(|(_, entry)| entry.time)
    }

    /// When something changes by itself.
    pub(crate) fn next_timer(&self) -> Option<Time> {
        self.timers.first().map(|(time, _)| *time)
    }

    /// Lets time pass: what was out too long or was delayed long enough; those of it that were out often enough.
    pub(crate) fn pass(&mut self, now: Time, terms: &Terms) -> Vec<u64> {
        let mut dead = Vec::new();
        while let Some((time, position)) = self.timers.first().copied() {
            if time > now {
                break;
            }
            self.set(position, Phase::Parked);
            let attempt = self.pending.get(&position).map_or(0, |entry| entry.attempt);
            if attempt >= terms.max_attempts {
                dead.push(position);
            }
        }
        dead
    }

    /// Gives out messages, at most so many, the oldest first: position and attempt of each.
    pub(crate) fn hand_out(&mut self, now: Time, most: usize, terms: &Terms) -> Vec<(u64, u32)> {
        let mut given = Vec::new();
        while given.len() < most && self.out < terms.max_in_flight {
            let Some(first) = self.ready.first().copied() else {
                break;
            };
            let lane = self.pending.get(&first).and_then(|entry| entry.lane);
            let run: Vec<u64> = match lane.and_then(|lane| self.lanes.get(&lane)) {
                Some(lane) => lane
                    .positions
                    .iter()
                    .copied()
                    .take(most - given.len())
                    .collect(),
                None => vec![first],
            };
            for position in run {
                let parked = self
                    .pending
                    .get(&position)
                    .is_some_and(|entry| entry.phase == Phase::Parked);
                if !parked || self.out >= terms.max_in_flight {
                    break;
                }
                self.set(position, Phase::Out(now + terms.ack_wait));
                let entry = self.pending.get_mut(&position).expect("it is parked");
                entry.attempt += 1;
                given.push((position, entry.attempt));
            }
            self.ready.remove(&first);
        }
        given
    }

    /// A delivery is done; false where it is not known any more.
    pub(crate) fn done(&mut self, position: u64, attempt: u32) -> bool {
        let known = self.is_out(position, attempt);
        if known {
            self.remove(position);
        }
        known
    }

    /// A delivery could not be done; `None` where it is not known any more.
    pub(crate) fn refused(
        &mut self,
        position: u64,
        attempt: u32,
        refusal: Refusal,
        terms: &Terms,
    ) -> Option<Fate> {
        if !self.is_out(position, attempt) {
            return None;
        }
        let entry = self.pending.get_mut(&position).expect("it is out");
        if refusal.untried {
            entry.attempt -= 1;
        }
        let dead = !refusal.untried && (refusal.fatal || entry.attempt >= terms.max_attempts);
        if dead {
            // Until the dead letter is written it is not given out.
            entry.attempt = entry.attempt.max(terms.max_attempts);
        }
        self.set(position, Phase::Delayed(refusal.until));
        Some(if dead { Fate::Dead } else { Fate::Again })
    }

    /// A delivery is still worked on; false where it is not known any more.
    pub(crate) fn extend(&mut self, position: u64, attempt: u32, now: Time, terms: &Terms) -> bool {
        let known = self.is_out(position, attempt);
        if known {
            self.set(position, Phase::Out(now + terms.ack_wait));
        }
        known
    }

    /// A message is nothing to be delivered any more.
    pub(crate) fn remove(&mut self, position: u64) {
        if !self.pending.contains_key(&position) {
            return;
        }
        self.set(position, Phase::Parked);
        self.ready.remove(&position);
        let entry = self.pending.remove(&position).expect("looked for above");
        if let Some(lane) = entry.lane
            && let Some(found) = self.lanes.get_mut(&lane)
        {
            found.positions.remove(&position);
            match found.positions.first().copied() {
                Some(next) => self.consider(next),
                None => {
                    self.lanes.remove(&lane);
                }
            }
        }
    }

    /// Puts a message off: what was to be done with it could not be.
    pub(crate) fn put_off(&mut self, position: u64, until: Time) {
        if self.pending.contains_key(&position) {
            self.set(position, Phase::Delayed(until));
        }
    }

    /// How often a message was out.
    pub(crate) fn attempts(&self, position: u64) -> u32 {
        self.pending.get(&position).map_or(0, |entry| entry.attempt)
    }

    /// Whether a delivery is out.
    pub(crate) fn is_out(&self, position: u64, attempt: u32) -> bool {
        let entry = self.pending.get(&position);
        entry.is_some_and(|entry| entry.attempt == attempt && matches!(entry.phase, Phase::Out(_)))
    }

    /// Moves a message to a phase, and keeps all that is known by phase in line.
    fn set(&mut self, position: u64, phase: Phase) {
        let Some(entry) = self.pending.get_mut(&position) else {
            return;
        };
        let lane = entry.lane;
        let before = std::mem::replace(&mut entry.phase, phase);
        match before {
            Phase::Out(time) => {
                self.timers.remove(&(time, position));
                self.out -= 1;
            }
            Phase::Delayed(time) => {
                self.timers.remove(&(time, position));
            }
            Phase::Parked => {
                self.ready.remove(&position);
            }
        }
        match phase {
            Phase::Out(time) => {
                self.timers.insert((time, position));
                self.out += 1;
            }
            Phase::Delayed(time) => {
                self.timers.insert((time, position));
            }
            Phase::Parked => {}
        }
        if let Some(found) = lane.and_then(|lane| self.lanes.get_mut(&lane)) {
            found.out -= usize::from(matches!(before, Phase::Out(_)));
            found.out += usize::from(matches!(phase, Phase::Out(_)));
        }
        self.consider(position);
    }

    /// Whether the lane of a message, or the message alone, can go out now.
    fn consider(&mut self, position: u64) {
        let Some(entry) = self.pending.get(&position) else {
            return;
        };
        let first = match entry.lane.and_then(|lane| self.lanes.get(&lane)) {
            Some(lane) if lane.out > 0 => return,
            Some(lane) => lane.positions.first().copied().unwrap_or(position),
            None => position,
        };
        if self
            .pending
            .get(&first)
            .is_some_and(|entry| entry.phase == Phase::Parked)
        {
            self.ready.insert(first);
        }
    }
}

/// Why and for how long a delivery is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// When it is tried again.
    pub(crate) until: Time,
    /// It is of no use to try again.
    pub(crate) fatal: bool,
    /// It was not tried.
    pub(crate) untried: bool,
}

impl Refusal {
    /// It was not tried, and can be at once.
    pub(crate) fn untried(now: Time) -> Self {
        Self {
            until: now,
            fatal: false,
            untried: true,
        }
    }
}

#[cfg(test)]
mod tests;
