//! The two ways of transcoding, tables and `DynamicMessage`, held together: on random messages they agree, on damaged
//! input they agree wherever both accept it, and nothing panics.

use std::collections::HashMap;

use proptest::prelude::*;
use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};

use super::fixture::transcoder;
use crate::transcode::{Transcoder, Way};

const EVERYTHING: &str = "tessera.things.v1.Everything";

/// Small, seeded, good enough to draw fields from.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20) % sides
    }

    fn bits(&mut self) -> u64 {
        let shift = self.roll(64);
        (self.roll(1 << 32) << 32 | self.roll(1 << 32)) >> shift
    }

    fn text(&mut self) -> String {
        const ALPHABET: [&str; 12] = [
            "a",
            "Z",
            "0",
            "\"",
            "\\",
            "\n",
            "\u{1}",
            "é",
            "😀",
            "/",
            "plain text ",
            "\u{7f}",
        ];
        (0..self.roll(6))
            .map(|_| ALPHABET[self.roll(12) as usize])
            .collect()
    }

    fn double(&mut self) -> f64 {
        match self.roll(5) {
            0 => 0.1 * self.roll(100) as f64,
            1 => f64::INFINITY,
            2 => -(self.roll(1000) as f64),
            _ => Some(f64::from_bits(self.bits()))
                .filter(|f| !f.is_nan())
                .unwrap_or(1.5),
        }
    }

    fn scalar(&mut self, kind: &Kind, depth: u32) -> Value {
        match kind {
            Kind::Double => Value::F64(self.double()),
            Kind::Float => Value::F32(self.double() as f32),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(self.bits() as i32),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(self.bits() as i64),
            Kind::Uint32 | Kind::Fixed32 => Value::U32(self.bits() as u32),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(self.bits()),
            Kind::Bool => Value::Bool(self.roll(2) == 1),
            Kind::String => Value::String(self.text()),
            Kind::Bytes => Value::Bytes(self.text().into_bytes().into()),
            Kind::Enum(e) if e.full_name() == "google.protobuf.NullValue" => Value::EnumNumber(0),
            Kind::Enum(_) => Value::EnumNumber(self.roll(4) as i32),
            Kind::Message(m) => Value::Message(self.message(m, depth + 1)),
        }
    }

    fn field(&mut self, field: &FieldDescriptor, depth: u32) -> Value {
        let count = 1 + self.roll(3);
        match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
                let map: HashMap<MapKey, Value> = (0..count)
                    .map(|_| {
                        let key = self
                            .scalar(&key.kind(), depth)
                            .into_map_key()
                            .expect("keys are scalars");
                        (key, self.scalar(&value.kind(), depth))
                    })
                    .collect();
                Value::Map(map)
            }
            kind if field.is_list() => {
                Value::List((0..count).map(|_| self.scalar(&kind, depth)).collect())
            }
            kind => self.scalar(&kind, depth),
        }
    }

    fn message(&mut self, descriptor: &MessageDescriptor, depth: u32) -> DynamicMessage {
        let mut message = DynamicMessage::new(descriptor.clone());
        match descriptor.full_name() {
            "google.protobuf.Timestamp" => {
                message.set_field_by_name(
                    "seconds",
                    Value::I64(self.roll(250_000_000_000) as i64 - 60_000_000_000),
                );
                message.set_field_by_name("nanos", Value::I32(self.roll(1_000_000_000) as i32));
            }
            "google.protobuf.Duration" => {
                let sign = 1 - 2 * self.roll(2) as i64;
                message.set_field_by_name("seconds", Value::I64(sign * self.roll(1 << 30) as i64));
                message.set_field_by_name(
                    "nanos",
                    Value::I32(sign as i32 * self.roll(1_000_000_000) as i32),
                );
            }
            "google.protobuf.FieldMask" => {
                let paths = ["display_name", "a.b_c", "x"].map(|p| Value::String(p.into()));
                message.set_field_by_name(
                    "paths",
                    Value::List(paths[..self.roll(4) as usize].to_vec()),
                );
            }
            "google.protobuf.Value" => {
                // one member; no infinity, which JSON cannot hold here
                let member = if depth > 6 {
                    3
                } else {
                    [1, 2, 3, 4, 5, 6][self.roll(6) as usize]
                };
                let field = descriptor.get_field(member).expect("six members");
                let value = match member {
                    2 => Value::F64(self.roll(1 << 30) as f64 / 8.0),
                    _ => self.scalar(&field.kind(), depth),
                };
                message.set_field(&field, value);
            }
            // prost-reflect writes a wrapped infinity as null, so it stays finite here
            "google.protobuf.DoubleValue" => {
                message.set_field_by_name("value", Value::F64(self.roll(1 << 30) as f64 / 8.0));
            }
            // only the tables write types they do not know
            "google.protobuf.Any" => {
                message.set_field_by_name(
                    "type_url",
                    Value::String("type.googleapis.com/tessera.things.v1.Part".into()),
                );
                message.set_field_by_name("value", Value::Bytes(vec![0x0a, 1, b'x'].into()));
            }
            _ => {
                for field in descriptor.fields() {
                    let nested = field.kind().as_message().is_some();
                    if self.roll(8) == 0 && !(nested && depth > 3) {
                        let value = self.field(&field, depth);
                        message.set_field(&field, value);
                    }
                }
            }
        }
        message
    }
}

struct Pair {
    fast: Transcoder,
    slow: Transcoder,
    id: u32,
}

impl Pair {
    fn new() -> Self {
        let (fast, slow) = (transcoder(), transcoder().with_way(Way::Dynamic));
        let id = fast.tables().id(EVERYTHING).expect("the contract has it");
        Self { fast, slow, id }
    }

    fn descriptor(&self) -> MessageDescriptor {
        self.fast
            .pool()
            .get_message_by_name(EVERYTHING)
            .expect("the contract has it")
    }

    fn decode(&self, t: &Transcoder, json: &[u8]) -> Option<DynamicMessage> {
        let mut wire = Vec::new();
        t.decode(self.id, None, json, &mut wire).ok()?;
        Some(
            DynamicMessage::decode(self.descriptor(), &wire[..])
                .expect("what was written can be read"),
        )
    }

    fn encode(&self, t: &Transcoder, wire: &[u8]) -> Option<Vec<u8>> {
        let mut json = Vec::new();
        t.encode(self.id, None, wire, &mut json).ok().map(|()| json)
    }
}

/// JSON with numbers by value: `10` and `10.0` are one.
fn plain(json: &[u8]) -> serde_json::Value {
    fn walk(value: serde_json::Value) -> serde_json::Value {
        match value {
            serde_json::Value::Number(n) => serde_json::json!(n.as_f64().expect("a finite number")),
            serde_json::Value::Array(items) => items.into_iter().map(walk).collect(),
            serde_json::Value::Object(members) => {
                members.into_iter().map(|(k, v)| (k, walk(v))).collect()
            }
            other => other,
        }
    }
    walk(
        serde_json::from_slice(json)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(json))),
    )
}

thread_local! {
    static PAIR: Pair = Pair::new();
}

/// Overwrites, drops or doubles a few bytes.
fn damage(bytes: &mut Vec<u8>, dice: &mut Dice) {
    for _ in 0..=dice.roll(3) {
        if bytes.is_empty() {
            return;
        }
        let at = dice.roll(bytes.len() as u64) as usize;
        match dice.roll(4) {
            0 => drop(bytes.remove(at)),
            1 => bytes.insert(at, b"\"{}[]:,0e-.nt\\ u"[dice.roll(16) as usize]),
            2 => bytes.truncate(at),
            _ => bytes[at] = dice.roll(256) as u8,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_ways_agree_on_every_message(seed in 1u64..) {
        PAIR.with(|pair| {
            let message = Dice(seed).message(&pair.descriptor(), 0);
            let wire = message.encode_to_vec();
            let fast = pair.encode(&pair.fast, &wire).expect("a sound message");
            let slow = pair.encode(&pair.slow, &wire).expect("a sound message");
            prop_assert_eq!(plain(&fast), plain(&slow));
            let message = DynamicMessage::decode(pair.descriptor(), &wire[..]).expect("a sound message");
            for json in [&fast, &slow] {
                prop_assert!(pair.decode(&pair.fast, json).as_ref() == Some(&message));
                prop_assert!(pair.decode(&pair.slow, json).as_ref() == Some(&message));
            }
            Ok(())
        })?;
    }

    #[test]
    fn damaged_json_is_refused_or_read_alike(seed in 1u64..) {
        PAIR.with(|pair| {
            let mut dice = Dice(seed);
            let wire = dice.message(&pair.descriptor(), 1).encode_to_vec();
            let mut json = pair.encode(&pair.fast, &wire).expect("a sound message");
            damage(&mut json, &mut dice);
            if let (Some(fast), Some(slow)) = (pair.decode(&pair.fast, &json), pair.decode(&pair.slow, &json)) {
                prop_assert!(fast == slow, "{}", String::from_utf8_lossy(&json));
            }
            Ok(())
        })?;
    }

    #[test]
    fn damaged_wire_is_refused_or_written_alike(seed in 1u64..) {
        PAIR.with(|pair| {
            let mut dice = Dice(seed);
            let mut wire = dice.message(&pair.descriptor(), 1).encode_to_vec();
            damage(&mut wire, &mut dice);
            let (fast, slow) = (pair.encode(&pair.fast, &wire), pair.encode(&pair.slow, &wire));
            if let (Some(fast), Some(slow)) = (&fast, &slow) {
                // what is not there and what is zero are one: compare what they mean
                let meaning = |json: &[u8]| pair.decode(&pair.slow, json);
                if let (Some(left), Some(right)) = (meaning(fast), meaning(slow)) {
                    let texts = (String::from_utf8_lossy(fast), String::from_utf8_lossy(slow));
                    // NaN equals nothing, itself included
                    prop_assert!(left == right || texts.0.contains("NaN"), "{texts:?}");
                }
            }
            Ok(())
        })?;
    }
}
