//! How a message lies in a record of the log: what delivery looks at, then the envelope, which it does not open.

use auth::clearance::Level;
use bytes::{BufMut, Bytes, BytesMut};
use sha2::{Digest, Sha256};
use value::Id;

const VERSION: u8 = 1;
const DIRECTED: u8 = 1;
const KEYED: u8 = 2;
const SECURED: u8 = 4;

/// A message as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    /// The tenant it belongs to.
    pub(crate) tenant: Id,
    /// Where it goes.
    pub(crate) topic: String,
    /// What it is ordered with, as a number; `None` is nothing.
    pub(crate) lane: Option<u64>,
    /// How secret it is, as its envelope says.
    pub(crate) level: Level,
    /// The one subscription that gets it; `None` is all.
    pub(crate) directed: Option<Id>,
    /// Its envelope.
    pub(crate) envelope: Bytes,
}

/// The number that stands for a key of a tenant. Two keys with the same number would merely wait for one another.
pub(crate) fn lane(tenant: Id, key: &str) -> Option<u64> {
    if key.is_empty() {
        return None;
    }
    let mut hash = Sha256::new();
    hash.update(tenant.as_bytes());
    hash.update(key.as_bytes());
    let bytes: [u8; 32] = hash.finalize().into();
    Some(u64::from_le_bytes(
        bytes[..8].try_into().expect("eight bytes"),
    ))
}

impl Stored {
    /// The body of its record.
    pub(crate) fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(48 + self.topic.len() + self.envelope.len());
        let mut flags = 0;
        flags |= if self.directed.is_some() { DIRECTED } else { 0 };
        flags |= if self.lane.is_some() { KEYED } else { 0 };
        let secured = self.level > Level::Internal;
        flags |= if secured { SECURED } else { 0 };
        out.put_u8(VERSION);
        out.put_u8(flags);
        out.put_slice(self.tenant.as_bytes());
        if let Some(lane) = self.lane {
            out.put_u64_le(lane);
        }
        if let Some(id) = self.directed {
            out.put_slice(id.as_bytes());
        }
        if secured {
            out.put_u8(u8::try_from(self.level.number()).unwrap_or(u8::MAX));
        }
        let topic = self.topic.as_bytes();
        out.put_u16_le(u16::try_from(topic.len()).unwrap_or(u16::MAX));
        out.put_slice(&topic[..topic.len().min(usize::from(u16::MAX))]);
        out.put_slice(&self.envelope);
        out.freeze()
    }

    /// Reads the body of a record; `None` where it is none of this version.
    pub(crate) fn decode(body: &Bytes) -> Option<Self> {
        let mut at = 0;
        let mut take = |count: usize| {
            let part = body.get(at..at + count)?;
            at += count;
            Some(part)
        };
        let id = |part: &[u8]| Some(Id::from_uuid(uuid::Uuid::from_slice(part).ok()?));
        let head = take(2)?;
        let (version, flags) = (head[0], head[1]);
        if version != VERSION || flags & !(DIRECTED | KEYED | SECURED) != 0 {
            return None;
        }
        let tenant = id(take(16)?)?;
        let lane = match flags & KEYED {
            0 => None,
            _ => Some(u64::from_le_bytes(take(8)?.try_into().ok()?)),
        };
        let directed = match flags & DIRECTED {
            0 => None,
            _ => Some(id(take(16)?)?),
        };
        let level = match flags & SECURED {
            0 => Level::Internal,
            _ => Level::of(i32::from(take(1)?[0])),
        };
        let length = u16::from_le_bytes(take(2)?.try_into().ok()?);
        let topic = std::str::from_utf8(take(usize::from(length))?)
            .ok()?
            .to_owned();
        Some(Self {
            tenant,
            topic,
            lane,
            level,
            directed,
            envelope: body.slice(at..),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// What is stored is read back, whatever it is; cut short it is refused or has a shorter envelope.
        #[test]
        fn round_trips(topic in "[a-z.]{0,60}", key in "[a-z]{0,4}", directed in any::<bool>(), level in 1..=3, envelope in prop::collection::vec(any::<u8>(), 0..100), cut in any::<prop::sample::Index>()) {
            let stored = Stored {
                tenant: Id::new(),
                topic,
                lane: lane(Id::NIL, &key),
                level: Level::of(level),
                directed: directed.then(Id::new),
                envelope: envelope.into(),
            };
            let body = stored.encode();
            prop_assert_eq!(Stored::decode(&body), Some(stored.clone()));
            let cut = body.slice(..cut.index(body.len()));
            if let Some(shorter) = Stored::decode(&cut) {
                prop_assert!(shorter.envelope.len() < stored.envelope.len());
            }
        }

        /// Any bytes are refused or read.
        #[test]
        fn any_bytes(body in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = Stored::decode(&body.into());
        }
    }

    #[test]
    fn lanes_are_of_a_tenant() {
        let (one, two) = (Id::new(), Id::new());
        assert_eq!(lane(one, ""), None);
        assert_eq!(lane(one, "a"), lane(one, "a"));
        assert_ne!(lane(one, "a"), lane(two, "a"));
        assert_ne!(lane(one, "a"), lane(one, "b"));
    }
}
