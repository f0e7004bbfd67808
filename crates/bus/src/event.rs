//! What a service says, and putting it into the outbox.

use auth::Scope;
use auth::clearance::{self, Level};
use db::{Conn, Failure, outbox};
use prost::Message;
use value::{Id, Json, Time};

/// Something that happened, as a message of the service's contract.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its id; what consumers recognise a repetition by.
    pub id: Id,
    /// Where it goes: `tessera.<service>.v1.<Message>`.
    pub topic: String,
    /// What it is ordered with: the id of the thing that it is about.
    pub key: String,
    /// Its place among events with this key: the thing's version.
    pub version: i64,
    /// The encoded message.
    pub payload: Vec<u8>,
    /// What else is said about it.
    pub note: outbox::Note,
}

impl Event {
    /// An event of the message, to be published at once.
    pub fn new(
        topic: impl Into<String>,
        key: impl ToString,
        version: i64,
        message: &impl Message,
    ) -> Self {
        Self {
            id: Id::new(),
            topic: topic.into(),
            key: key.to_string(),
            version,
            payload: message.encode_to_vec(),
            note: outbox::Note::default(),
        }
    }

    /// The same event, published at a later time.
    #[must_use]
    pub fn due_at(mut self, time: Time) -> Self {
        self.note.due_at = Some(time);
        self
    }

    /// The same event, belonging to something else than the call or event that the transaction runs for.
    #[must_use]
    pub fn correlated(mut self, id: impl Into<String>) -> Self {
        self.note.correlation = Some(id.into());
        self
    }

    /// The same event, to be read only by who is cleared for a level.
    #[must_use]
    pub fn secured(self, level: Level) -> Self {
        match level {
            Level::Internal => self,
            level => self.with_header(clearance::ATTRIBUTE, level.as_str()),
        }
    }

    /// The same event with more said about it; names are lower-case letters and digits.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        let headers = self
            .note
            .headers
            .get_or_insert_with(|| Json(serde_json::json!({})));
        headers.0[name] = value.into().into();
        self
    }
}

/// Puts events into the outbox, in the transaction that `conn` is in: they are published if it commits. What they
/// belong to is the call or event that the transaction runs for, unless they say otherwise.
pub fn publish(
    conn: &mut Conn,
    scope: &Scope,
    now: Time,
    events: Vec<Event>,
) -> Result<(), Failure> {
    let tenant = scope.tenant();
    let waiting = events.into_iter().map(|event| outbox::Waiting {
        event: outbox::Event {
            id: event.id,
            tenant,
            topic: event.topic,
            lane: event.key,
            version: event.version,
            payload: event.payload,
            created_at: now,
            leased_until: None,
        },
        note: event.note,
    });
    outbox::put_noted(conn, waiting.collect())
}
