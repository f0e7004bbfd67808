//! Descriptors boiled down to flat tables: no hashing per value, no dynamic message on the way through.

use std::collections::HashMap;

use prost_reflect::{
    DescriptorPool, EnumDescriptor, FieldDescriptor, Kind as Reflected, MessageDescriptor,
};

/// Index of a message in [`Tables`].
pub type MessageId = u32;

/// Type of a field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `double`.
    Double,
    /// `float`.
    Float,
    /// `int32`.
    Int32,
    /// `int64`.
    Int64,
    /// `uint32`.
    Uint32,
    /// `uint64`.
    Uint64,
    /// `sint32`.
    Sint32,
    /// `sint64`.
    Sint64,
    /// `fixed32`.
    Fixed32,
    /// `fixed64`.
    Fixed64,
    /// `sfixed32`.
    Sfixed32,
    /// `sfixed64`.
    Sfixed64,
    /// `bool`.
    Bool,
    /// `string`.
    String,
    /// `bytes`.
    Bytes,
    /// An enum, by its index.
    Enum(u32),
    /// A message, by its index.
    Message(MessageId),
}

impl Kind {
    /// How one value is laid out on the wire.
    pub(crate) fn wire_type(self) -> u32 {
        match self {
            Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => 1,
            Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => 5,
            Kind::String | Kind::Bytes | Kind::Message(_) => 2,
            _ => 0,
        }
    }
}

/// How many values a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One, or none.
    One,
    /// A list.
    Many,
    /// A map; the kind is the entry message.
    Map,
}

/// Messages with a JSON form of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WellKnown {
    /// An ordinary message.
    No,
    /// RFC 3339 text.
    Timestamp,
    /// Seconds with an `s`.
    Duration,
    /// Comma-separated camel-case paths.
    FieldMask,
    /// A JSON object.
    Struct,
    /// Any JSON value.
    Value,
    /// A JSON array.
    ListValue,
    /// The wrapped scalar.
    Wrapper,
    /// An object with `@type`.
    Any,
}

/// One field of a message.
#[derive(Debug)]
pub struct Field {
    /// Field number.
    pub number: u32,
    /// Type of each value.
    pub kind: Kind,
    /// One, list or map.
    pub shape: Shape,
    /// Whether a list is written as one block.
    pub packed: bool,
    /// Whether absent and default differ.
    pub presence: bool,
    /// The oneof it belongs to, by index; `proto3_optional` does not count.
    pub oneof: Option<u8>,
    /// Key as written before a value, or before the packed block.
    pub(crate) tag: u32,
    /// Name in the contract.
    pub name: Box<str>,
    /// Name in JSON.
    pub json: Box<str>,
    /// `"json":`, ready to be written.
    pub(crate) key: Box<[u8]>,
}

type Names<T> = HashMap<Box<str>, T, foldhash::fast::FixedState>;

/// One message.
#[derive(Debug)]
pub struct Message {
    /// Full name.
    pub name: Box<str>,
    /// Whether its JSON form is special.
    pub well_known: WellKnown,
    /// Fields by rising number.
    pub fields: Vec<Field>,
    names: Names<u16>,
    numbers: Vec<u16>,
}

impl Message {
    /// Index of a field by its JSON or contract name.
    #[inline]
    pub fn by_name(&self, name: &str) -> Option<usize> {
        self.names.get(name).map(|&i| usize::from(i))
    }

    /// Whether its members stand beside `@type` in an `Any`, not in a JSON form of its own under `value`.
    pub(crate) fn stands_alone(&self) -> bool {
        self.well_known == WellKnown::No && &*self.name != "google.protobuf.Empty"
    }

    /// Index of a field by number.
    #[inline]
    pub(crate) fn by_number(&self, number: u32) -> Option<usize> {
        match self.numbers.get(number as usize) {
            Some(0) => None,
            Some(&i) => Some(usize::from(i) - 1),
            None => self.fields.iter().position(|f| f.number == number),
        }
    }
}

/// One enum.
#[derive(Debug)]
pub(crate) struct Enum {
    by_name: Names<i32>,
    by_number: HashMap<i32, Box<str>, foldhash::fast::FixedState>,
    dense: Vec<Option<Box<str>>>,
    /// Whether it is `google.protobuf.NullValue`, which is `null` in JSON.
    pub(crate) null: bool,
}

impl Enum {
    /// Number of a value's name.
    pub(crate) fn number(&self, name: &str) -> Option<i32> {
        self.by_name.get(name).copied()
    }

    /// Name of a number, the first declared where there are aliases.
    pub(crate) fn name(&self, number: i32) -> Option<&str> {
        usize::try_from(number)
            .ok()
            .and_then(|n| self.dense.get(n))
            .and_then(|n| n.as_deref())
            .or_else(|| self.by_number.get(&number).map(|n| &**n))
    }

    /// All names, for suggestions.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(|n| &**n)
    }
}

/// Every message and enum of a descriptor pool.
#[derive(Debug, Default)]
pub struct Tables {
    messages: Vec<Message>,
    enums: Vec<Enum>,
    message_ids: HashMap<String, MessageId>,
    enum_ids: HashMap<String, u32>,
}

impl Tables {
    /// Builds the tables of all messages in the pool.
    pub fn new(pool: &DescriptorPool) -> Self {
        let mut tables = Self::default();
        for message in pool.all_messages() {
            tables.add_message(&message);
        }
        tables
    }

    /// Index of a message by full name.
    pub fn id(&self, full_name: &str) -> Option<MessageId> {
        self.message_ids.get(full_name).copied()
    }

    /// A message by index.
    #[inline]
    pub fn message(&self, id: MessageId) -> &Message {
        &self.messages[id as usize]
    }

    /// An enum by index.
    #[inline]
    pub(crate) fn enumeration(&self, id: u32) -> &Enum {
        &self.enums[id as usize]
    }

    fn add_enum(&mut self, descriptor: &EnumDescriptor) -> u32 {
        if let Some(&id) = self.enum_ids.get(descriptor.full_name()) {
            return id;
        }
        let mut by_number = HashMap::with_hasher(foldhash::fast::FixedState::default());
        let mut by_name = Names::default();
        for value in descriptor.values() {
            by_number
                .entry(value.number())
                .or_insert_with(|| value.name().into());
            by_name.insert(value.name().into(), value.number());
        }
        let last = by_number
            .keys()
            .copied()
            .filter(|n| (0..256).contains(n))
            .max()
            .unwrap_or(0);
        let dense = (0..=last).map(|n| by_number.get(&n).cloned()).collect();
        let null = descriptor.full_name() == "google.protobuf.NullValue";
        self.enums.push(Enum {
            by_name,
            by_number,
            dense,
            null,
        });
        let id = self.enums.len() as u32 - 1;
        self.enum_ids.insert(descriptor.full_name().into(), id);
        id
    }

    fn add_message(&mut self, descriptor: &MessageDescriptor) -> MessageId {
        if let Some(&id) = self.message_ids.get(descriptor.full_name()) {
            return id;
        }
        let id = self.messages.len() as MessageId;
        self.message_ids.insert(descriptor.full_name().into(), id);
        // stands in while the fields, which may refer to this message, are added
        self.messages.push(Message {
            name: descriptor.full_name().into(),
            well_known: well_known(descriptor.full_name()),
            fields: Vec::new(),
            names: Names::default(),
            numbers: Vec::new(),
        });
        let mut fields: Vec<Field> = descriptor.fields().map(|f| self.field(&f)).collect();
        fields.sort_by_key(|f| f.number);
        let mut names = Names::default();
        for (i, field) in fields.iter().enumerate() {
            names.insert(field.json.clone(), i as u16);
        }
        for (i, field) in fields.iter().enumerate() {
            names.entry(field.name.clone()).or_insert(i as u16);
        }
        let last = fields
            .iter()
            .map(|f| f.number)
            .filter(|&n| n < 512)
            .max()
            .unwrap_or(0);
        let mut numbers = vec![0u16; last as usize + 1];
        for (i, field) in fields.iter().enumerate().filter(|(_, f)| f.number < 512) {
            numbers[field.number as usize] = i as u16 + 1;
        }
        let message = &mut self.messages[id as usize];
        message.fields = fields;
        message.names = names;
        message.numbers = numbers;
        id
    }

    fn field(&mut self, descriptor: &FieldDescriptor) -> Field {
        let kind = match descriptor.kind() {
            Reflected::Double => Kind::Double,
            Reflected::Float => Kind::Float,
            Reflected::Int32 => Kind::Int32,
            Reflected::Int64 => Kind::Int64,
            Reflected::Uint32 => Kind::Uint32,
            Reflected::Uint64 => Kind::Uint64,
            Reflected::Sint32 => Kind::Sint32,
            Reflected::Sint64 => Kind::Sint64,
            Reflected::Fixed32 => Kind::Fixed32,
            Reflected::Fixed64 => Kind::Fixed64,
            Reflected::Sfixed32 => Kind::Sfixed32,
            Reflected::Sfixed64 => Kind::Sfixed64,
            Reflected::Bool => Kind::Bool,
            Reflected::String => Kind::String,
            Reflected::Bytes => Kind::Bytes,
            Reflected::Enum(e) => Kind::Enum(self.add_enum(&e)),
            Reflected::Message(m) => Kind::Message(self.add_message(&m)),
        };
        let shape = if descriptor.is_map() {
            Shape::Map
        } else if descriptor.is_list() {
            Shape::Many
        } else {
            Shape::One
        };
        let packed = shape == Shape::Many && descriptor.is_packed();
        let wire_type = if packed { 2 } else { kind.wire_type() };
        let oneof = descriptor
            .containing_oneof()
            .filter(|o| !o.is_synthetic())
            .and_then(|o| o.path().last().and_then(|&i| u8::try_from(i).ok()))
            .filter(|&i| i < 64);
        Field {
            number: descriptor.number(),
            kind,
            shape,
            packed,
            presence: descriptor.supports_presence(),
            oneof,
            tag: descriptor.number() << 3 | wire_type,
            name: descriptor.name().into(),
            json: descriptor.json_name().into(),
            key: format!("\"{}\":", descriptor.json_name())
                .into_bytes()
                .into(),
        }
    }
}

fn well_known(full_name: &str) -> WellKnown {
    match full_name.strip_prefix("google.protobuf.") {
        Some("Timestamp") => WellKnown::Timestamp,
        Some("Duration") => WellKnown::Duration,
        Some("FieldMask") => WellKnown::FieldMask,
        Some("Struct") => WellKnown::Struct,
        Some("Value") => WellKnown::Value,
        Some("ListValue") => WellKnown::ListValue,
        Some("Any") => WellKnown::Any,
        Some(
            "DoubleValue" | "FloatValue" | "Int64Value" | "UInt64Value" | "Int32Value"
            | "UInt32Value" | "BoolValue" | "StringValue" | "BytesValue",
        ) => WellKnown::Wrapper,
        _ => WellKnown::No,
    }
}
