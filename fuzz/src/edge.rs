//! The edge's two ways of transcoding side by side, for a message type that the input's first byte picks.

use std::sync::LazyLock;

use gateway::transcode::{MessageId, Transcoder, Way};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};

/// As in the edge's default settings.
const MAX_DEPTH: u32 = 64;

/// Picked by the first byte. New ones go to the end, so that the seeds keep their meaning.
const TYPES: [&str; 16] = [
    "tessera.things.v1.Everything",
    "tessera.metadata.v1.CreateEntityRequest",
    "tessera.metadata.v1.UpdateMetricRequest",
    "tessera.metadata.v1.Metric",
    "tessera.metadata.v1.ListEntitiesRequest",
    "tessera.metadata.v1.ImportOntologyRequest",
    "tessera.metadata.v1.CreateValueChainRequest",
    "tessera.metadata.v1.UpdateDataSourceRequest",
    "tessera.identity.v1.SignInRequest",
    "tessera.identity.v1.CreateUserRequest",
    "tessera.identity.v1.UpdateGroupRequest",
    "tessera.identity.v1.CreateTokenRequest",
    "tessera.identity.v1.GetPolicySnapshotResponse",
    "tessera.things.v1.ListThingsRequest",
    "tessera.metadata.v1.DiffVersionsResponse",
    "tessera.metadata.v1.BatchGetEntitiesRequest",
];

static PAIRS: LazyLock<Vec<Pair>> = LazyLock::new(|| {
    let mut pool = DescriptorPool::new();
    let things = &include_bytes!(concat!(env!("OUT_DIR"), "/things.bin"))[..];
    let contracts = [
        &proto::CONTRACTS,
        &proto_platform::CONTRACTS,
        &proto_meaning::CONTRACTS,
    ];
    for set in contracts
        .map(|it| it.descriptors)
        .into_iter()
        .chain([things])
    {
        pool.decode_file_descriptor_set(set)
            .expect("sound descriptors");
    }
    let made = |way, defaults| {
        let made = Transcoder::new(pool.clone(), MAX_DEPTH, defaults).with_way(way);
        &*Box::leak(Box::new(made))
    };
    let (fast, slow) = (made(Way::Tables, false), made(Way::Dynamic, false));
    let full = made(Way::Tables, true);
    TYPES
        .iter()
        .map(|name| Pair {
            fast,
            slow,
            full,
            id: fast.tables().id(name).expect("the contracts have it"),
            descriptor: pool.get_message_by_name(name).expect("as above"),
        })
        .collect()
});

/// Both ways, for one message type.
pub struct Pair {
    /// By tables, as in production.
    pub fast: &'static Transcoder,
    /// By `DynamicMessage` alone.
    pub slow: &'static Transcoder,
    /// By tables, writing default values too.
    pub full: &'static Transcoder,
    /// The message type.
    pub id: MessageId,
    descriptor: MessageDescriptor,
}

impl Pair {
    /// The pair that the first byte picks, and the rest of the input.
    pub fn pick(data: &[u8]) -> Option<(&'static Self, &[u8])> {
        let (first, rest) = data.split_first()?;
        Some((&PAIRS[usize::from(*first) % PAIRS.len()], rest))
    }

    /// What JSON means, if it is accepted. The wire bytes made of it must always be readable.
    pub fn read(&self, way: &Transcoder, json: &[u8]) -> Option<DynamicMessage> {
        let mut wire = Vec::new();
        way.decode(self.id, None, json, &mut wire).ok()?;
        let message = self.parse(&wire);
        assert!(message.is_some(), "written but not read: {}", text(json));
        message
    }

    /// The JSON of wire bytes, if they are accepted. It must always be well-formed.
    pub fn write(&self, way: &Transcoder, wire: &[u8]) -> Option<Vec<u8>> {
        let mut json = Vec::new();
        way.encode(self.id, None, wire, &mut json).ok()?;
        if let Err(fault) = serde_json::from_slice::<Skip>(&json) {
            panic!("{fault}: {}", text(&json));
        }
        Some(json)
    }

    /// A message of its wire bytes.
    pub fn parse(&self, wire: &[u8]) -> Option<DynamicMessage> {
        DynamicMessage::decode(self.descriptor.clone(), wire).ok()
    }

    /// JSON by the tables of a message that was read by them, which is what the message was.
    pub fn round_trip(&self, message: &DynamicMessage, said: &[u8]) {
        let wire = message.encode_to_vec();
        // without what prost-reflect does not send: a zero below zero
        let sent = self.parse(&wire).expect("its own bytes");
        for way in [self.fast, self.full] {
            let json = self
                .write(way, &wire)
                .unwrap_or_else(|| panic!("read but not written: {}", text(said)));
            let again = self
                .read(self.fast, &json)
                .unwrap_or_else(|| panic!("written but not read: {}", text(&json)));
            assert!(
                same(&sent, &again),
                "changed on the way: {} {}",
                text(said),
                text(&json)
            );
        }
    }
}

type Skip = serde::de::IgnoredAny;

/// Whether two messages are one; one with a NaN in it equals nothing, itself included.
pub fn same(left: &DynamicMessage, right: &DynamicMessage) -> bool {
    left == right || left != left
}

/// For what is said of a finding.
pub fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}
