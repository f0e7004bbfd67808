//! The relay of one service: takes events from its outbox, hands them to `messaging` in bulk, deletes them. Events
//! wait where `messaging` is away; what was handed on and not deleted is recognised there by its id.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use auth::Scope;
use auth::clearance::{self, Level};
use db::outbox::LONGEST_LEASE;
use db::{Db, outbox};
use error::{Error, Kind, Result};
use futures::future::BoxFuture;
use value::{Clock, Id, Json, Time};

use crate::envelope::{self, Content, PROTOBUF};
use crate::messaging::{Messaging, Sealed};

/// Events of one hand-over at most.
const BATCH: i64 = 500;
/// Bytes of one hand-over, but for a single event that is longer.
const BYTES: usize = 2 << 20;
/// How long a batch is nobody else's.
const LEASE: Duration = Duration::from_secs(30);
/// How often the outbox is looked into though nothing rang: another process may have put something in.
const POLL: Duration = Duration::from_secs(1);
/// The longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The relay of one service's outbox.
#[derive(Clone)]
pub struct Relay {
    db: Db,
    clock: Arc<dyn Clock>,
    messaging: Arc<dyn Messaging>,
}

impl Relay {
    /// From a service's database to `messaging`.
    pub fn new(db: Db, clock: Arc<dyn Clock>, messaging: Arc<dyn Messaging>) -> Self {
        Self {
            db,
            clock,
            messaging,
        }
    }

    /// Goes on until `stop`.
    pub async fn run(self, mut stop: BoxFuture<'static, ()>) {
        let mut pause = Duration::ZERO;
        loop {
            let more = match self.once().await {
                Ok(count) => {
                    if !pause.is_zero() {
                        tracing::info!(service = self.db.service(), "events are relayed again");
                    }
                    pause = Duration::ZERO;
                    count > 0
                }
                Err(error) => {
                    // One line for a failure that goes on.
                    if pause.is_zero() {
                        tracing::warn!(service = self.db.service(), %error, "events wait in the outbox");
                    }
                    pause = (pause * 2).clamp(POLL / 4, LONGEST_PAUSE);
                    false
                }
            };
            if more {
                continue;
            }
            let wait = async {
                if pause.is_zero() {
                    let _ = tokio::time::timeout(POLL, self.db.events_put()).await;
                } else {
                    tokio::time::sleep(pause).await;
                }
            };
            tokio::select! {
                () = wait => {}
                () = &mut stop => return,
            }
        }
    }

    /// Hands on one batch; how many events it had.
    pub async fn once(&self) -> Result<usize> {
        let scope = Scope::system_all("relay events");
        if !self.db.read(&scope, outbox::has_some).await? {
            return Ok(0);
        }
        let now = self.clock.now();
        let claimed = self
            .db
            .claim(&scope, move |c| outbox::claim_noted(c, now, LEASE, BATCH));
        let claimed = in_order_of_birth(claimed.await?);
        let all: Vec<Id> = claimed.iter().map(|waiting| waiting.event.id).collect();
        if all.is_empty() {
            return Ok(0);
        }
        let handed = self.hand_on(claimed).await;
        let count = handed.done.len();
        if count > 0 {
            metrics::counter!("tessera_events_relayed_total", "service" => self.db.service().to_owned())
                .increment(count as u64);
        }
        let Handed {
            done,
            refused,
            left,
            failure,
            ..
        } = handed;
        self.db
            .append(&scope, move |c| {
                outbox::delete(c, &done)?;
                outbox::put_off(c, &refused, now + LONGEST_LEASE)?;
                outbox::release(c, &left)
            })
            .await?;
        failure.map_or(Ok(count), Err)
    }

    /// Publishes events part by part, up to the first failure. One that `messaging` does not take as it is holds up
    /// its own lane only.
    async fn hand_on(&self, claimed: Vec<outbox::Waiting>) -> Handed {
        let source = format!("/services/{}", self.db.service());
        let mut sealed: Vec<Sealed> = claimed
            .into_iter()
            .map(|waiting| seal(waiting, &source))
            .collect();
        let mut handed = Handed::default();
        while !sealed.is_empty() && handed.failure.is_none() {
            let mut bytes = 0;
            let fits = sealed.iter().take_while(|event| {
                bytes += event.envelope.len();
                bytes <= BYTES
            });
            let rest = sealed.split_off(fits.count().max(1));
            self.hand_on_part(sealed, &mut handed).await;
            sealed = rest;
        }
        handed.left.extend(ids(&sealed));
        handed
    }

    async fn hand_on_part(&self, part: Vec<Sealed>, handed: &mut Handed) {
        let (behind, part): (Vec<_>, Vec<_>) = part
            .into_iter()
            .partition(|event| handed.held.contains(&event.key));
        handed.left.extend(ids(&behind));
        if part.is_empty() {
            return;
        }
        let all = ids(&part);
        let failure = match self.messaging.publish(part.clone()).await {
            Ok(_) => return handed.done.extend(all),
            Err(failure) => failure,
        };
        if failure.kind() != Kind::InvalidArgument {
            handed.left.extend(all);
            handed.failure = Some(failure);
            return;
        }
        // One of them is not as it should be: each by itself, so that only that one waits.
        for event in part {
            let (id, key) = (event.id, event.key.clone());
            if handed.failure.is_some() || handed.held.contains(&key) {
                handed.left.push(id);
                continue;
            }
            match self.messaging.publish(vec![event]).await {
                Ok(_) => handed.done.push(id),
                Err(failure) if failure.kind() == Kind::InvalidArgument => {
                    tracing::error!(service = self.db.service(), event = %id, %failure, "an event is not taken; it and what follows it wait in the outbox");
                    handed.held.insert(key);
                    handed.refused.push(id);
                }
                Err(failure) => {
                    handed.left.push(id);
                    handed.failure = Some(failure);
                }
            }
        }
    }
}

/// What became of claimed events.
#[derive(Debug, Default)]
struct Handed {
    /// Those that are through.
    done: Vec<Id>,
    /// Those that are not taken as they are.
    refused: Vec<Id>,
    /// Lanes of those.
    held: BTreeSet<String>,
    /// Those that were not tried, or could not be published now.
    left: Vec<Id>,
    /// Why.
    failure: Option<Error>,
}

fn ids(events: &[Sealed]) -> Vec<Id> {
    events.iter().map(|event| event.id).collect()
}

/// Events by when they were put, as far as the order in each lane allows it: the order that people expect to see.
fn in_order_of_birth(claimed: Vec<outbox::Waiting>) -> Vec<outbox::Waiting> {
    let mut latest: BTreeMap<String, Id> = BTreeMap::new();
    let mut keyed: Vec<(Id, outbox::Waiting)> = claimed
        .into_iter()
        .map(|waiting| {
            let latest = latest.entry(waiting.event.lane.clone()).or_default();
            *latest = (*latest).max(waiting.event.id);
            (*latest, waiting)
        })
        .collect();
    keyed.sort_by_key(|(born, _)| *born);
    keyed.into_iter().map(|(_, waiting)| waiting).collect()
}

/// How secret an event is, by what is said about it.
fn said_level(headers: &Json) -> Level {
    let said = headers.0.get(clearance::ATTRIBUTE);
    said.map_or(Level::Internal, |name| {
        Level::named(name.as_str().unwrap_or_default())
    })
}

fn seal(waiting: outbox::Waiting, source: &str) -> Sealed {
    let outbox::Waiting { event, note } = waiting;
    let level = note.headers.as_ref().map_or(Level::Internal, said_level);
    let headers = note.headers.and_then(|headers| headers.read().ok());
    let mut headers: BTreeMap<String, String> = headers.unwrap_or_default();
    headers.remove(clearance::ATTRIBUTE);
    let content = Content {
        id: event.id.to_string(),
        tenant: event.tenant,
        topic: event.topic.clone(),
        key: event.lane.clone(),
        source: source.to_owned(),
        time: event.created_at,
        // What nothing was said about begins something of its own.
        correlation: note.correlation.unwrap_or_else(|| event.id.to_string()),
        causation: note.causation.unwrap_or_default(),
        level,
        content_type: PROTOBUF.to_owned(),
        headers,
        data: event.payload.into(),
    };
    Sealed {
        id: event.id,
        tenant: event.tenant,
        topic: event.topic,
        key: event.lane,
        envelope: envelope::seal(content),
        publish_at: note.due_at.filter(|due| *due > Time::EPOCH),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(lane: &str, id: Id) -> outbox::Waiting {
        outbox::Waiting {
            event: outbox::Event {
                id,
                tenant: Id::NIL,
                topic: "t".into(),
                lane: lane.into(),
                version: 1,
                payload: Vec::new(),
                created_at: Time::EPOCH,
                leased_until: None,
            },
            note: outbox::Note::default(),
        }
    }

    /// Its level travels in the envelope whatever else is said about it, and is none of its headers there.
    #[test]
    fn how_secret_an_event_is_reaches_its_envelope() {
        let sealed = |headers: serde_json::Value| {
            let mut one = waiting("a", Id::new());
            one.note.headers = Some(Json(headers));
            envelope::open(seal(one, "/services/test").envelope)
                .unwrap()
                .content
        };
        for level in Level::ALL {
            let said = crate::Event::new("t", "k", 1, &()).secured(level);
            let mut one = waiting("a", Id::new());
            one.note = said.with_header("priority", "high").note;
            let got = envelope::open(seal(one, "/services/test").envelope)
                .unwrap()
                .content;
            assert_eq!(got.level, level);
            assert_eq!(got.headers.into_keys().collect::<Vec<_>>(), ["priority"]);
        }
        let name = clearance::ATTRIBUTE;
        for odd in [
            serde_json::json!({ name: 3 }),
            serde_json::json!({ name: "confidential", "nested": {} }),
        ] {
            assert!(sealed(odd).level > Level::Internal);
        }
    }

    #[test]
    fn a_lane_keeps_its_order_and_lanes_follow_in_time() {
        let ids: Vec<Id> = (0..5).map(|_| Id::new()).collect();
        // In lane `a` the event that was put last comes first.
        let claimed = vec![
            waiting("a", ids[3]),
            waiting("a", ids[1]),
            waiting("b", ids[0]),
            waiting("b", ids[4]),
            waiting("c", ids[2]),
        ];
        let ordered: Vec<_> = in_order_of_birth(claimed)
            .into_iter()
            .map(|waiting| waiting.event.id)
            .collect();
        assert_eq!(ordered, [ids[0], ids[2], ids[3], ids[1], ids[4]]);
    }
}
