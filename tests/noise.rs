//! Noise on every RPC: bytes that mean nothing, and messages that are well made but mean nothing. A
//! caller's nonsense is the caller's fault: no service may answer that something broke inside it.

use crate::{platform::stories, raw};
use prost::Message;
use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor,
    Value,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::collections::HashMap;
use tonic::Code;

const SEED: u64 = 0x6e01_5e00;
/// How deep messages hold messages.
const DEPTH: usize = 3;

/// Random bytes, short more often than long.
fn bytes(random: &mut StdRng) -> Vec<u8> {
    let length = 1 << random.random_range(0..9);
    (0..length).map(|_| random.random()).collect()
}

/// Text of the kinds that services take apart, and of those that break what takes text apart.
fn text(random: &mut StdRng) -> String {
    match random.random_range(0..9) {
        0 => String::new(),
        1 => value::Id::new().to_string(),
        2 => "policy".to_owned(),
        3 => "name desc".to_owned(),
        4 => "a'; DROP TABLE definitions; --".to_owned(),
        5 => "\u{0}\u{202e}\u{7f}%_*\\\"{[(".to_owned(),
        6 => "ß𝔘💥".repeat(random.random_range(1..200)),
        7 => "2026-02-30T25:61:61Z".to_owned(),
        _ => (0..random.random_range(1..40))
            .map(|_| random.random_range('\u{20}'..'\u{7f}'))
            .collect(),
    }
}

fn value(random: &mut StdRng, kind: &Kind, depth: usize) -> Value {
    let integers = [0, 1, -1, 7, 1000, i64::from(i32::MAX), i64::MIN, i64::MAX];
    let integer = integers[random.random_range(0..integers.len())];
    let floats = [0.0, -0.0, 1.5, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE];
    let float = floats[random.random_range(0..floats.len())];
    match kind {
        Kind::Bool => Value::Bool(random.random()),
        Kind::Double => Value::F64(float),
        Kind::Float => Value::F32(float as f32),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(integer as i32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(integer),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(integer as u32),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(integer as u64),
        Kind::String => Value::String(text(random)),
        Kind::Bytes => Value::Bytes(bytes(random).into()),
        Kind::Enum(_) => Value::EnumNumber(random.random_range(-1..6)),
        Kind::Message(message) => Value::Message(nonsense(random, message, depth)),
    }
}

fn field(random: &mut StdRng, field: &FieldDescriptor, depth: usize) -> Value {
    if field.is_map() {
        let Kind::Message(entry) = field.kind() else {
            unreachable!("a map's entry is a message")
        };
        let kind = entry.map_entry_value_field().kind();
        let (key, value) = (text(random), value(random, &kind, depth));
        return match entry.map_entry_key_field().kind() {
            Kind::String => Value::Map(HashMap::from([(MapKey::String(key), value)])),
            _ => Value::Map(HashMap::new()),
        };
    }
    if field.cardinality() == Cardinality::Repeated {
        let count = random.random_range(0..4);
        return Value::List(
            (0..count)
                .map(|_| value(random, &field.kind(), depth))
                .collect(),
        );
    }
    value(random, &field.kind(), depth)
}

/// A message of this type with most of its fields set to anything.
fn nonsense(random: &mut StdRng, of: &MessageDescriptor, depth: usize) -> DynamicMessage {
    let mut message = DynamicMessage::new(of.clone());
    for one in of.fields() {
        let nests = matches!(one.kind(), Kind::Message(_));
        if random.random_ratio(2, 3) && !(nests && depth == 0) {
            let value = field(random, &one, depth.saturating_sub(1));
            message.set_field(&one, value);
        }
    }
    message
}

fn pool() -> DescriptorPool {
    let mut pool = DescriptorPool::new();
    for set in server::descriptors() {
        pool.decode_file_descriptor_set(set)
            .expect("our own descriptors");
    }
    pool
}

stories! {
    /// Random bytes and random messages, seeded, to every unary RPC by one who may call them all.
    async fn nonsense_breaks_nothing(platform: &Platform) {
        let pool = pool();
        let mut random = StdRng::seed_from_u64(SEED);
        let mut tried = 0;
        for (channel, method) in platform.served().await {
            // Signing out would end the administrator's own session.
            if method.client_streaming || method.server_streaming || method.name == "SignOut" {
                continue;
            }
            let service = pool.get_service_by_name(method.grpc_service).expect("a service");
            let input = service.methods().find(|one| one.name() == method.name).expect("a method").input();
            let mut bodies = vec![bytes(&mut random)];
            bodies.extend((0..3).map(|_| nonsense(&mut random, &input, DEPTH).encode_to_vec()));
            for body in bodies {
                tried += 1;
                let Err(status) = raw::call(&channel, method.path, Some(&platform.token), &body).await else {
                    continue;
                };
                let reason = raw::reason(&status);
                assert!(
                    ![Code::Internal, Code::Unknown, Code::DataLoss, Code::Unavailable].contains(&status.code())
                        && !reason.is_empty(),
                    "{} case {tried}: {status:?} to {:?}",
                    method.path,
                    DynamicMessage::decode(input.clone(), &body[..]).map(|message| message.to_string()),
                );
            }
        }
        assert!(tried > 400, "{tried}");
        let (status, answer) = platform.json(reqwest::Method::GET, "/readyz", None).await;
        assert_eq!(status, 200, "{answer}");
    }
}
