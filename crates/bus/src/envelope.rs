//! Envelopes: CloudEvents 1.0 in their protobuf format. Attributes are named as the specification wants it, payloads
//! above a kibibyte are compressed, and that is said in the envelope.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use auth::clearance::{ATTRIBUTE as SECURITY_LEVEL, Level};
use bytes::Bytes;
use error::{Error, Result};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use prost::Message;
use proto::io::cloudevents::v1::CloudEvent;
use proto::io::cloudevents::v1::cloud_event::cloud_event_attribute_value::Attr;
use proto::io::cloudevents::v1::cloud_event::{CloudEventAttributeValue, Data};
use value::{Id, Time};

/// Payloads longer than this are compressed, where that makes them shorter.
pub const COMPRESS_ABOVE: usize = 1024;
/// The longest payload that is unpacked.
pub const LONGEST: usize = 16 << 20;
/// What a payload of a contract's message is.
pub const PROTOBUF: &str = "application/protobuf";

const SPEC_VERSION: &str = "1.0";
const KEY: &str = "partitionkey";
const TENANT: &str = "tenantid";
const CORRELATION: &str = "correlationid";
const CAUSATION: &str = "causationid";
const CONTENT_TYPE: &str = "datacontenttype";
const ENCODING: &str = "contentencoding";
const TIME: &str = "time";
const GZIP: &str = "gzip";
/// Names that headers cannot have: they say something of their own.
pub const RESERVED: [&str; 16] = [
    KEY,
    TENANT,
    SECURITY_LEVEL,
    CORRELATION,
    CAUSATION,
    CONTENT_TYPE,
    ENCODING,
    TIME,
    "id",
    "source",
    "specversion",
    "type",
    "data",
    "subject",
    "dataschema",
    "sequence",
];

/// A message outside its envelope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// Its id.
    pub id: String,
    /// The tenant it belongs to.
    pub tenant: Id,
    /// Where it goes.
    pub topic: String,
    /// What it is ordered with; empty is nothing.
    pub key: String,
    /// Who says it.
    pub source: String,
    /// When it happened.
    pub time: Time,
    /// What it belongs to; empty is nothing.
    pub correlation: String,
    /// The message that caused it; empty is none.
    pub causation: String,
    /// How secret it is; only who is cleared for that reads it.
    pub level: Level,
    /// What the payload is.
    pub content_type: String,
    /// What else is said about it.
    pub headers: BTreeMap<String, String>,
    /// The payload.
    pub data: Bytes,
}

/// A message that was in an envelope, and how it lay there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received {
    /// The message.
    pub content: Content,
    /// Whether its payload was compressed.
    pub compressed: bool,
    /// Bytes of the payload as it lay in the envelope.
    pub stored: usize,
}

impl Received {
    /// The payload as a message of a contract.
    ///
    /// # Errors
    /// `MALFORMED_MESSAGE` where it is none.
    pub fn decode<M: Message + Default>(&self) -> Result<M> {
        M::decode(self.content.data.clone()).map_err(|cause| {
            let text = format!("the payload of {} cannot be read", self.content.topic);
            Error::new(&error::reason::MALFORMED_MESSAGE, text).with_source(cause)
        })
    }

    /// The id as one of ours.
    ///
    /// # Errors
    /// `MALFORMED_MESSAGE` where a program of strangers gave it another id.
    pub fn event_id(&self) -> Result<Id> {
        self.content.id.parse().map_err(|cause| {
            Error::new(
                &error::reason::MALFORMED_MESSAGE,
                "the id of the event is no UUID",
            )
            .with_source(Box::<dyn std::error::Error + Send + Sync>::from(cause))
        })
    }
}

/// Puts a message into its envelope, encoded.
pub fn seal(content: Content) -> Bytes {
    let (data, compressed) = match compress(&content.data) {
        Some(shorter) => (shorter, true),
        None => (content.data, false),
    };
    let text = |value: String| CloudEventAttributeValue {
        attr: Some(Attr::CeString(value)),
    };
    let mut attributes = BTreeMap::new();
    for (name, value) in content.headers {
        attributes.insert(name, text(value));
    }
    for (name, value) in [
        (KEY, content.key),
        (CORRELATION, content.correlation),
        (CAUSATION, content.causation),
        (CONTENT_TYPE, content.content_type),
    ] {
        if !value.is_empty() {
            attributes.insert(name.to_owned(), text(value));
        }
    }
    attributes.insert(TENANT.to_owned(), text(content.tenant.to_string()));
    if content.level > Level::Internal {
        let name = content.level.as_str().to_owned();
        attributes.insert(SECURITY_LEVEL.to_owned(), text(name));
    }
    let time = CloudEventAttributeValue {
        attr: Some(Attr::CeTimestamp(proto::time::to_proto(content.time))),
    };
    attributes.insert(TIME.to_owned(), time);
    if compressed {
        attributes.insert(ENCODING.to_owned(), text(GZIP.to_owned()));
    }
    let event = CloudEvent {
        id: content.id,
        source: content.source,
        spec_version: SPEC_VERSION.to_owned(),
        r#type: content.topic,
        attributes,
        data: Some(Data::BinaryData(data)),
    };
    event.encode_to_vec().into()
}

/// Takes a message out of its envelope.
///
/// # Errors
/// `MALFORMED_MESSAGE` where the bytes are no envelope, or its payload does not unpack.
pub fn open(envelope: Bytes) -> Result<Received> {
    let event = CloudEvent::decode(envelope)
        .map_err(|cause| malformed("it is no CloudEvent").with_source(cause))?;
    let mut content = Content {
        id: event.id,
        topic: event.r#type,
        source: event.source,
        ..Content::default()
    };
    let mut compressed = false;
    for (name, value) in event.attributes {
        let value = match value.attr {
            Some(Attr::CeTimestamp(time)) if name == TIME => {
                let time = proto::time::from_proto(&time);
                content.time = time.ok_or_else(|| malformed("its time is none"))?;
                continue;
            }
            Some(attr) => as_text(attr),
            None => continue,
        };
        match name.as_str() {
            KEY => content.key = value,
            TENANT => {
                content.tenant = value
                    .parse()
                    .map_err(|_| malformed("its tenant is no UUID"))?
            }
            SECURITY_LEVEL => content.level = Level::named(&value),
            CORRELATION => content.correlation = value,
            CAUSATION => content.causation = value,
            CONTENT_TYPE => content.content_type = value,
            ENCODING if value == GZIP => compressed = true,
            ENCODING => return Err(malformed("its payload is encoded in an unknown way")),
            _ => {
                content.headers.insert(name, value);
            }
        }
    }
    let data = match event.data {
        Some(Data::BinaryData(data)) => data,
        Some(Data::TextData(text)) => text.into_bytes().into(),
        Some(Data::ProtoData(any)) => any.value.into(),
        None => Bytes::new(),
    };
    let stored = data.len();
    content.data = if compressed { unpack(&data)? } else { data };
    Ok(Received {
        content,
        compressed,
        stored,
    })
}

/// How secret the message in an envelope is. One that cannot be read may be anything, so it is the most secret.
pub fn level(envelope: Bytes) -> Level {
    let Ok(mut event) = CloudEvent::decode(envelope) else {
        return Level::Restricted;
    };
    match event.attributes.remove(SECURITY_LEVEL) {
        None => Level::Internal,
        Some(value) => Level::named(&value.attr.map(as_text).unwrap_or_default()),
    }
}

/// The bytes in a shorter form, where they are long enough for that and there is one.
fn compress(data: &[u8]) -> Option<Bytes> {
    if data.len() <= COMPRESS_ABOVE {
        return None;
    }
    let mut packed = GzEncoder::new(Vec::with_capacity(data.len() / 2), Compression::fast());
    packed.write_all(data).ok()?;
    let packed = packed.finish().ok()?;
    (packed.len() < data.len()).then(|| packed.into())
}

fn unpack(data: &[u8]) -> Result<Bytes> {
    let mut bytes = Vec::new();
    let most = LONGEST as u64 + 1;
    let read = GzDecoder::new(data).take(most).read_to_end(&mut bytes);
    read.map_err(|cause| malformed("its payload does not unpack").with_source(cause))?;
    if bytes.len() > LONGEST {
        return Err(malformed("its payload is too long when it is unpacked"));
    }
    Ok(bytes.into())
}

fn as_text(attr: Attr) -> String {
    match attr {
        Attr::CeBoolean(value) => value.to_string(),
        Attr::CeInteger(value) => value.to_string(),
        Attr::CeString(text) | Attr::CeUri(text) | Attr::CeUriRef(text) => text,
        Attr::CeBytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Attr::CeTimestamp(time) => {
            proto::time::from_proto(&time).map_or_else(String::new, |time| time.to_string())
        }
    }
}

fn malformed(why: &str) -> Error {
    Error::new(
        &error::reason::MALFORMED_MESSAGE,
        format!("the envelope cannot be read: {why}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn content(data: Vec<u8>) -> Content {
        Content {
            id: "m1".into(),
            tenant: Id::new(),
            topic: "ingestion.completed".into(),
            key: "file-7".into(),
            source: "user:x".into(),
            time: Time::from_micros(1_767_225_600_000_001),
            correlation: "c".into(),
            causation: String::new(),
            level: Level::Internal,
            content_type: "application/json".into(),
            headers: [("priority".to_owned(), "high".to_owned())].into(),
            data: data.into(),
        }
    }

    /// Proves: MSG-06, MSG-07
    #[test]
    fn payloads_above_a_kibibyte_are_compressed_and_arrive_intact() {
        for (size, compressed) in [
            (0, false),
            (500, false),
            (1023, false),
            (1024, false),
            (1025, true),
            (5120, true),
        ] {
            let data: Vec<u8> = b"{\"value\": 17} "
                .iter()
                .copied()
                .cycle()
                .take(size)
                .collect();
            let sent = content(data);
            let wire = seal(sent.clone());
            let event = CloudEvent::decode(wire.clone()).unwrap();
            assert_eq!(
                event.attributes.contains_key("contentencoding"),
                compressed,
                "{size}"
            );
            let received = open(wire).unwrap();
            assert_eq!(
                (received.compressed, received.content),
                (compressed, sent),
                "{size}"
            );
            assert_eq!(received.stored < size, compressed, "{size}");
        }
    }

    #[test]
    fn how_secret_a_message_is_stands_in_its_envelope() {
        for level in Level::ALL {
            let sent = Content {
                level,
                ..content(b"x".to_vec())
            };
            let wire = seal(sent.clone());
            assert_eq!(super::level(wire.clone()), level);
            let event = CloudEvent::decode(wire.clone()).unwrap();
            let said = event.attributes.contains_key(SECURITY_LEVEL);
            assert_eq!(said, level > Level::Internal, "absent is internal");
            assert_eq!(open(wire).unwrap().content, sent);
        }
        let garbage = Bytes::from_static(b"\xff\xff");
        assert_eq!(super::level(garbage), Level::Restricted);
        let mut event = CloudEvent::decode(seal(content(Vec::new()))).unwrap();
        let empty = CloudEventAttributeValue { attr: None };
        event.attributes.insert(SECURITY_LEVEL.to_owned(), empty);
        let wire: Bytes = event.encode_to_vec().into();
        assert_eq!(super::level(wire), Level::Restricted, "a level of nothing");
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let mut event = CloudEvent::decode(seal(content(vec![1; 2000]))).unwrap();
        event.data = Some(Data::BinaryData(Bytes::from_static(b"not packed")));
        let refused = open(event.encode_to_vec().into()).unwrap_err();
        assert!(refused.message().contains("does not unpack"), "{refused}");
        assert!(open(Bytes::from_static(b"\xff\xff")).is_err());
        // A bomb: 64 MiB of zeros.
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&vec![0; 64 << 20]).unwrap();
        event.data = Some(Data::BinaryData(packed.finish().unwrap().into()));
        let refused = open(event.encode_to_vec().into()).unwrap_err();
        assert!(refused.message().contains("too long"), "{refused}");
    }

    proptest! {
        /// Proves: MSG-07
        #[test]
        fn any_payload_arrives(data in prop::collection::vec(any::<u8>(), 900..1200)) {
            let sent = content(data);
            prop_assert_eq!(open(seal(sent.clone())).unwrap().content, sent);
        }

        /// Any bytes are refused or read, and never panic.
        #[test]
        fn any_bytes(data in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = open(data.into());
        }
    }
}
