//! The slow path: the same transcoding by way of `DynamicMessage`, for answers that the tables do not write, and
//! to hold the tables against.

use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor, ReflectMessage,
    SerializeOptions, Value,
};

use super::decode::MAX_MESSAGES;
use super::fault::{Fault, FaultKind};
use super::scalar::put_field_mask;
use super::tables::{Field, Kind, MessageId, Shape, Tables};
use super::wire::{put_bytes, put_varint};

fn descriptor(pool: &DescriptorPool, tables: &Tables, id: MessageId) -> MessageDescriptor {
    pool.get_message_by_name(&tables.message(id).name)
        .expect("the tables are made from this pool")
}

fn parse(descriptor: MessageDescriptor, json: &str) -> Result<DynamicMessage, Box<Fault>> {
    let refused =
        |e: serde_json::Error| Fault::malformed(offset(json, e.line(), e.column()), e.to_string());
    let mut source = serde_json::Deserializer::from_str(json);
    let options = DeserializeOptions::new().deny_unknown_fields(true);
    let message = DynamicMessage::deserialize_with_options(descriptor, &mut source, &options)
        .map_err(refused)?;
    source.end().map_err(refused)?;
    sound(&message, 0).map_err(Fault::somewhere)?;
    Ok(message)
}

/// Refuses what prost-reflect reads and nobody reads back: messages nested too deeply, any message whose type's
/// name has a dot in front, masks that no camel case stands for.
fn sound(message: &DynamicMessage, depth: u32) -> Result<(), FaultKind> {
    if depth > MAX_MESSAGES {
        return Err(FaultKind::TooDeep);
    }
    let unreadable = |what: &str| Err(FaultKind::Malformed(what.into()));
    match message.descriptor().full_name() {
        "google.protobuf.Any" => {
            let any: prost_types::Any = message
                .transcode_to()
                .map_err(|e| FaultKind::Malformed(e.to_string()))?;
            let name = any.type_url.rsplit('/').next().unwrap_or_default();
            let pool = message.descriptor().parent_pool().clone();
            return match pool.get_message_by_name(name) {
                Some(found) if !name.starts_with('.') => {
                    let inner = DynamicMessage::decode(found, &any.value[..])
                        .map_err(|_| FaultKind::TooDeep)?;
                    sound(&inner, depth + 1)
                }
                _ => unreadable("the type of no known message"),
            };
        }
        "google.protobuf.FieldMask" => {
            let mask: prost_types::FieldMask = message
                .transcode_to()
                .map_err(|e| FaultKind::Malformed(e.to_string()))?;
            let again = |path: &String| {
                let mut wire = Vec::new();
                put_field_mask(&camel(path), &mut wire)?;
                let read = prost_types::FieldMask::decode(&wire[..]).ok()?;
                (read.paths == [path.as_str()]).then_some(())
            };
            if mask.paths.iter().any(|path| again(path).is_none()) {
                return unreadable("no field mask that can be written back");
            }
        }
        _ => {}
    }
    for (field, value) in message.fields() {
        // prost-reflect takes `null` for a list of `google.protobuf.Value` as one of them, outside a list
        if field.is_list() != matches!(value, Value::List(_)) {
            return unreadable("null for a list of any JSON");
        }
        match value {
            Value::Message(inner) => sound(inner, depth + 1)?,
            Value::List(items) => {
                for item in items.iter().filter_map(Value::as_message) {
                    sound(item, depth + 1)?;
                }
            }
            // an entry is a message too
            Value::Map(_) if depth + 1 > MAX_MESSAGES => return Err(FaultKind::TooDeep),
            Value::Map(entries) => {
                for item in entries.values().filter_map(Value::as_message) {
                    sound(item, depth + 2)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// `display_name` as `displayName`.
fn camel(path: &str) -> String {
    let mut upper = false;
    let letters = path.chars().filter_map(|c| match c {
        '_' => {
            upper = true;
            None
        }
        c if std::mem::take(&mut upper) => Some(c.to_ascii_uppercase()),
        c => Some(c),
    });
    letters.collect()
}

/// Appends a document that is a whole message.
pub(crate) fn decode(
    pool: &DescriptorPool,
    tables: &Tables,
    id: MessageId,
    json: &str,
    out: &mut Vec<u8>,
) -> Result<(), Box<Fault>> {
    let message = parse(descriptor(pool, tables, id), json)?;
    message.encode(out).expect("a vector grows");
    Ok(())
}

/// Appends a document that is the value of a field: a message; lists and maps go through the tables only.
pub(crate) fn decode_field(
    pool: &DescriptorPool,
    tables: &Tables,
    field: &Field,
    json: &str,
    out: &mut Vec<u8>,
) -> Result<(), Box<Fault>> {
    let (Kind::Message(id), Shape::One) = (field.kind, field.shape) else {
        return Err(Fault::new(0, FaultKind::Unsupported).inside(&*field.name));
    };
    let message = parse(descriptor(pool, tables, id), json).map_err(|f| f.inside(&*field.name))?;
    put_varint(out, u64::from(field.tag));
    put_bytes(out, &message.encode_to_vec());
    Ok(())
}

/// Appends a message as JSON.
pub(crate) fn encode(
    pool: &DescriptorPool,
    tables: &Tables,
    id: MessageId,
    wire: &[u8],
    defaults: bool,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let message =
        DynamicMessage::decode(descriptor(pool, tables, id), wire).map_err(|e| e.to_string())?;
    let options = SerializeOptions::new().skip_default_fields(!defaults);
    message
        .serialize_with_options(&mut serde_json::Serializer::new(out), &options)
        .map_err(|e| e.to_string())
}

/// Appends the value of one field of a message.
pub(crate) fn encode_field(
    pool: &DescriptorPool,
    tables: &Tables,
    id: MessageId,
    index: usize,
    wire: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let mut whole = Vec::new();
    // with defaults, so that the field is there
    encode(pool, tables, id, wire, true, &mut whole)?;
    let mut members: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&whole).map_err(|e| e.to_string())?;
    let value = members
        .remove(&*tables.message(id).fields[index].json)
        .unwrap_or_default();
    serde_json::to_writer(out, &value).map_err(|e| e.to_string())
}

/// Byte offset of serde_json's line and column, both from 1.
fn offset(json: &str, line: usize, column: usize) -> usize {
    let lines: usize = json
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    (lines + column.saturating_sub(1)).min(json.len())
}
