//! A log that delivers each event until it is settled, in order of its key, and to which an acknowledgement may get lost.

use async_trait::async_trait;
use bus::envelope::{Content, seal};
use bus::{Delivery, Group, Mark, Messaging, Relayed, Sealed, Settled};
use error::{Error, Result, reason};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
    time::Duration,
};
use tokio::sync::watch;
use value::{Id, Time};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Waits,
    Out,
    Done,
    Dead,
}

#[derive(Debug)]
struct Entry {
    lane: (Id, String),
    content: Content,
    attempt: u32,
    place: Place,
}

/// The log.
pub(crate) struct Log {
    entries: Mutex<BTreeMap<u64, Entry>>,
    /// Acknowledgements that get lost, by their number.
    lost: BTreeSet<usize>,
    settlings: Mutex<Vec<Settled>>,
    /// How many events are neither done nor given up.
    open: watch::Sender<usize>,
}

impl Log {
    pub(crate) fn new(events: Vec<(Id, Id, String, Vec<u8>)>, lost: BTreeSet<usize>) -> Self {
        let open = watch::Sender::new(events.len());
        let entries = events.into_iter().map(|(id, tenant, lane, data)| Entry {
            lane: (tenant, lane.clone()),
            content: Content {
                id: id.to_string(),
                tenant,
                topic: "t".into(),
                key: lane,
                time: Time::EPOCH,
                correlation: format!("of {id}"),
                data: data.into(),
                ..Content::default()
            },
            attempt: 0,
            place: Place::Waits,
        });
        Self {
            entries: Mutex::new((1..).zip(entries).collect()),
            lost,
            settlings: Mutex::default(),
            open,
        }
    }

    /// Waits until every event is done or given up.
    pub(crate) async fn settled(&self) {
        let mut open = self.open.subscribe();
        open.wait_for(|open| *open == 0).await.unwrap();
    }

    /// What was said of deliveries, each time.
    pub(crate) fn settlings(&self) -> Vec<Settled> {
        self.settlings.lock().unwrap().clone()
    }

    /// The numbers of the events that were given up.
    pub(crate) fn dead(&self) -> Vec<u64> {
        let entries = self.entries.lock().unwrap();
        let dead = entries.iter().filter(|(_, one)| one.place == Place::Dead);
        dead.map(|(position, _)| *position).collect()
    }

    fn count(&self) {
        let entries = self.entries.lock().unwrap();
        let open = |one: &&Entry| matches!(one.place, Place::Waits | Place::Out);
        self.open
            .send_replace(entries.values().filter(open).count());
    }

    /// Each lane that nobody has, from its oldest event on.
    fn give(&self, most: usize) -> Vec<Delivery> {
        let mut entries = self.entries.lock().unwrap();
        let out: BTreeSet<_> = entries
            .values()
            .filter(|one| one.place == Place::Out)
            .map(|one| one.lane.clone())
            .collect();
        let free = entries.iter_mut().filter(|(_, one)| {
            one.place == Place::Waits && (one.lane.1.is_empty() || !out.contains(&one.lane))
        });
        free.take(most)
            .map(|(position, one)| {
                one.place = Place::Out;
                one.attempt += 1;
                Delivery {
                    mark: Mark {
                        position: *position,
                        attempt: one.attempt,
                    },
                    tenant: one.lane.0,
                    envelope: seal(one.content.clone()),
                }
            })
            .collect()
    }
}

#[async_trait]
impl Messaging for Log {
    async fn publish(&self, _: Vec<Sealed>) -> Result<Relayed> {
        Ok(Relayed::default())
    }

    async fn ensure(&self, _: &Group) -> Result<Id> {
        Ok(Id::NIL)
    }

    async fn fetch(&self, _: Id, most: u32, _: Duration) -> Result<Vec<Delivery>> {
        let mut open = self.open.subscribe();
        loop {
            open.mark_unchanged();
            let given = self.give(most as usize);
            if !given.is_empty() {
                return Ok(given);
            }
            open.changed().await.map_err(Error::internal)?;
        }
    }

    async fn settle(&self, _: Id, settled: Settled) -> Result<()> {
        let number = {
            let mut settlings = self.settlings.lock().unwrap();
            settlings.push(settled.clone());
            settlings.len() - 1
        };
        let lost = self.lost.contains(&number);
        let marks = settled.refused.iter().map(|one| one.mark);
        let marks: Vec<Mark> = settled.done.iter().copied().chain(marks).collect();
        for mark in marks {
            let mut entries = self.entries.lock().unwrap();
            let entry = entries.get_mut(&mark.position).unwrap();
            assert_eq!((entry.place, entry.attempt), (Place::Out, mark.attempt));
            let refusal = settled.refused.iter().find(|one| one.mark == mark);
            entry.place = match refusal {
                // The process ended before it could say so: all of it comes again.
                _ if lost => Place::Waits,
                None => Place::Done,
                Some(refusal) if refusal.fatal => Place::Dead,
                Some(_) => Place::Waits,
            };
            if refusal.is_some_and(|one| one.untried) {
                entry.attempt -= 1;
            }
        }
        self.count();
        match lost {
            true => Err(Error::new(&reason::UNAVAILABLE, "it got lost")),
            false => Ok(()),
        }
    }
}
