//! Messages: what publishers give, and what readers get.

use auth::Scope;
use auth::clearance::{Clearance, Level};
use bus::envelope::{self, Content, PROTOBUF, RESERVED};
use bus::topic::{self, Pattern};
use bytes::Bytes;
use error::{Error, Result, Violations, reason};
use proto_platform::tessera::messaging::v1 as pb;
use value::{Id, Time};

use super::known::Known;
use super::{json, time};
use crate::broker::{Filter, Outgoing, Seen};
use crate::model::stored::{self, Stored};
use crate::reasons::{MESSAGE_UNREADABLE, TOPIC_RESERVED};

/// What JSON is.
const JSON: &str = "application/json";
const BYTES: &str = "application/octet-stream";
/// The longest payload.
const LONGEST: usize = 1 << 20;

/// Who publishes, and when.
pub(crate) struct Publisher<'a> {
    /// The scope of the call.
    pub(crate) scope: &'a Scope,
    /// The time.
    pub(crate) now: Time,
    /// The id of the call.
    pub(crate) request_id: String,
}

/// A message of a publisher, sealed.
pub(crate) fn outgoing(
    field: &str,
    message: pb::Message,
    by: &Publisher<'_>,
    publish_at: Option<Time>,
) -> Result<Outgoing> {
    if message.topic.starts_with(topic::PLATFORM) || message.topic.starts_with(topic::COMMANDS) {
        let text = format!("`{}` is not for publishers", message.topic);
        return Err(Error::new(&TOPIC_RESERVED, text).with_metadata("topic", message.topic));
    }
    if message.topic.starts_with(topic::RECORDS) {
        may_write_records(by.scope, &message.topic)?;
    }
    let mut found = Violations::new();
    found.check(
        !message.topic.is_empty(),
        format!("{field}.topic"),
        "REQUIRED",
        "a message has a topic",
    );
    // Quietly giving up what somebody thinks is kept secret would be worse.
    found.check(
        Level::of(message.security_level) == Level::Internal,
        format!("{field}.security_level"),
        "OF_SERVICES",
        "only what services say is above internal",
    );
    let both = message.json.is_some() && !message.data.is_empty();
    found.check(
        !both,
        format!("{field}.data"),
        "ONE_OF",
        "give `json` or `data`, not both",
    );
    for name in message.metadata.keys() {
        let free = !RESERVED.contains(&name.as_str());
        let text = "this name has a meaning of its own";
        found.check(free, format!("{field}.metadata[{name}]"), "RESERVED", text);
    }
    let (data, usual) = match message.json {
        Some(value) => (
            serde_json::to_vec(&json::read(value))
                .map_err(Error::internal)?
                .into(),
            JSON,
        ),
        None => (message.data, BYTES),
    };
    found.check(
        data.len() <= LONGEST,
        format!("{field}.json"),
        "MAX_LEN",
        "must have at most 1 MiB",
    );
    let event_time = time(&format!("{field}.event_time"), message.event_time.as_ref())?;
    found.finish()?;
    let given = |text: String, other: &str| {
        if text.is_empty() {
            other.to_owned()
        } else {
            text
        }
    };
    let content = Content {
        id: given(message.id, &Id::new().to_string()),
        tenant: by.scope.tenant(),
        topic: message.topic,
        key: message.key,
        source: by.scope.actor(),
        time: event_time.unwrap_or(by.now),
        correlation: given(message.correlation_id, &by.request_id),
        causation: message.causation_id,
        level: Level::Internal,
        content_type: given(message.content_type, usual),
        headers: message.metadata,
        data,
    };
    Ok(seal(content, publish_at))
}

/// What is published as a record becomes a row: who publishes it may do as much as who writes it.
fn may_write_records(scope: &Scope, topic: &str) -> Result<()> {
    const NEEDED: &str = "warehouse.records.write";
    let entity = topic.strip_prefix(topic::RECORDS).unwrap_or_default();
    if !scope.allows(NEEDED) {
        let text = format!("messages to `{topic}` write rows and need the permission {NEEDED}");
        return Err(
            Error::new(&reason::PERMISSION_DENIED, text).with_metadata("permission", NEEDED)
        );
    }
    if scope.row_filters().of(entity).is_some() {
        let text =
            format!("who sees only some rows of `{entity}` writes them through the warehouse");
        return Err(
            Error::new(&reason::PERMISSION_DENIED, text).with_metadata("permission", NEEDED)
        );
    }
    Ok(())
}

/// A message in its envelope, ready for the log.
pub(crate) fn seal(content: Content, publish_at: Option<Time>) -> Outgoing {
    Outgoing {
        id: content.id.clone(),
        stored: Stored {
            tenant: content.tenant,
            topic: content.topic.clone(),
            lane: stored::lane(content.tenant, &content.key),
            level: content.level,
            directed: None,
            envelope: envelope::seal(content),
        },
        publish_at,
    }
}

/// A message for readers.
pub(crate) fn render(seen: Seen, known: &Known) -> pb::Message {
    let Seen {
        position,
        time,
        received,
    } = seen;
    let content = received.content;
    let json = match content.content_type.as_str() {
        PROTOBUF => known.json(&content.topic, &content.data),
        kind if kind == JSON || kind.ends_with("+json") => {
            serde_json::from_slice(&content.data).ok()
        }
        _ => None,
    };
    pb::Message {
        id: content.id,
        topic: content.topic,
        key: content.key,
        json: json.as_ref().map(json::render),
        data: content.data,
        content_type: content.content_type,
        metadata: content.headers,
        correlation_id: content.correlation,
        causation_id: content.causation,
        source: content.source,
        position,
        event_time: Some(proto::time::to_proto(content.time)),
        publish_time: (time != Time::EPOCH).then(|| proto::time::to_proto(time)),
        compressed: received.compressed,
        stored_bytes: super::number(received.stored),
        security_level: content.level.number(),
    }
}

/// A message for readers, from what was stored of it.
pub(crate) fn render_stored(
    stored: Stored,
    position: u64,
    time: Time,
    known: &Known,
) -> Result<pb::Message> {
    let received = envelope::open(stored.envelope)?;
    Ok(render(
        Seen {
            position,
            time,
            received,
        },
        known,
    ))
}

/// A message for readers, from the body of its record.
pub(crate) fn render_body(body: Vec<u8>, position: u64, known: &Known) -> Result<pb::Message> {
    let body = Bytes::from(body);
    let stored = Stored::decode(&body).ok_or_else(unreadable)?;
    render_stored(stored, position, Time::EPOCH, known)
}

/// What is stored is no message of this version.
pub(crate) fn unreadable() -> Error {
    Error::new(
        &MESSAGE_UNREADABLE,
        "what is stored is no message of this version",
    )
}

/// Where a filter begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    /// At this position.
    pub(crate) position: Option<u64>,
    /// At this time.
    pub(crate) time: Option<Time>,
}

/// Reads a filter.
pub(crate) fn filter(scope: &Scope, filter: Option<pb::MessageFilter>) -> Result<(Filter, Start)> {
    let filter = filter.unwrap_or_default();
    let start = Start {
        position: (filter.start_position > 0).then_some(filter.start_position),
        time: time("filter.start_time", filter.start_time.as_ref())?,
    };
    let until = time("filter.end_time", filter.end_time.as_ref())?;
    Ok((
        Filter {
            tenant: scope.tenant(),
            pattern: Pattern::new(&filter.pattern),
            sees_private: sees_private(scope),
            clearance: Clearance::of_scope(scope),
            key: filter.key,
            correlation: filter.correlation_id,
            until,
            before: if filter.end_position == 0 {
                u64::MAX
            } else {
                filter.end_position
            },
        },
        start,
    ))
}

/// The permission to see what tells of accounts and of work.
pub(crate) const SEES_PRIVATE: &str = "messaging.messages.admin";

/// Whether a caller may see what tells of accounts and of work.
pub(crate) fn sees_private(scope: &Scope) -> bool {
    scope.allows(SEES_PRIVATE)
}
