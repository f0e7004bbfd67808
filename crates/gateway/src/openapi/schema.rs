//! Messages and enums as JSON Schema, with the contract's comments.

use std::collections::{BTreeMap, HashMap};

use prost_reflect::{
    DescriptorPool, EnumDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor,
};
use serde_json::{Map, Value, json};

use super::rules;
use crate::route::binding::{INPUT_ONLY, OUTPUT_ONLY, REQUIRED, behaviours};

/// The schemas met so far.
pub(crate) struct Schemas {
    /// By file and path in it.
    comments: HashMap<String, HashMap<Vec<i32>, String>>,
    schemas: BTreeMap<String, Value>,
}

impl Schemas {
    pub(crate) fn new(pool: &DescriptorPool) -> Self {
        let mut comments: HashMap<String, HashMap<Vec<i32>, String>> = HashMap::new();
        for file in pool.files() {
            let of_file = comments.entry(file.name().to_owned()).or_default();
            let locations = file
                .file_descriptor_proto()
                .source_code_info
                .iter()
                .flat_map(|info| &info.location);
            for location in locations.filter(|l| !l.leading_comments().is_empty()) {
                of_file.insert(location.path.clone(), plain(location.leading_comments()));
            }
        }
        Self {
            comments,
            schemas: BTreeMap::new(),
        }
    }

    /// The comment of a thing in a contract.
    pub(crate) fn comment(&self, file: &FileDescriptor, path: &[i32]) -> String {
        self.comments
            .get(file.name())
            .and_then(|of_file| of_file.get(path))
            .cloned()
            .unwrap_or_default()
    }

    pub(crate) fn insert(&mut self, name: &str, schema: Value) {
        self.schemas.insert(name.to_owned(), schema);
    }

    pub(crate) fn into_map(self) -> Map<String, Value> {
        self.schemas.into_iter().collect()
    }

    /// A message, by reference; those with a JSON form of their own in place.
    pub(crate) fn message(&mut self, message: &MessageDescriptor) -> Value {
        if let Some(schema) = self.well_known(message) {
            return schema;
        }
        let name = message.full_name();
        if !self.schemas.contains_key(name) {
            // stands in while the fields, which may refer to this message, are described
            self.insert(name, Value::Null);
            let schema = self.object(message);
            self.insert(name, schema);
        }
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    fn object(&mut self, message: &MessageDescriptor) -> Value {
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for field in message.fields() {
            let mut schema = self.field(&field);
            let about = self.comment(&field.parent_file(), field.path());
            if !about.is_empty() {
                schema["description"] = about.into();
            }
            for behaviour in behaviours(&field) {
                match behaviour {
                    REQUIRED => required.push(Value::from(field.json_name())),
                    OUTPUT_ONLY => schema["readOnly"] = true.into(),
                    INPUT_ONLY => schema["writeOnly"] = true.into(),
                    _ => {}
                }
            }
            if rules::add(&field, &mut schema) && !required.iter().any(|r| r == field.json_name()) {
                required.push(field.json_name().into());
            }
            properties.insert(field.json_name().to_owned(), schema);
        }
        let mut object =
            json!({"type": "object", "properties": properties, "additionalProperties": false});
        if !required.is_empty() {
            object["required"] = required.into();
        }
        let about = self.comment(&message.parent_file(), message.path());
        if !about.is_empty() {
            object["description"] = about.into();
        }
        object
    }

    fn well_known(&mut self, message: &MessageDescriptor) -> Option<Value> {
        let name = message.full_name().strip_prefix("google.protobuf.")?;
        Some(match name {
            "Timestamp" => json!({"type": "string", "format": "date-time"}),
            "Duration" => json!({"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]{1,9})?s$"}),
            "FieldMask" => json!({"type": "string", "examples": ["displayName,description"]}),
            "Struct" => json!({"type": "object", "additionalProperties": true}),
            "Value" => json!({}),
            "ListValue" => json!({"type": "array", "items": {}}),
            "Empty" => json!({"type": "object"}),
            "Any" => {
                json!({"type": "object", "properties": {"@type": {"type": "string"}}, "additionalProperties": true})
            }
            _ if name.ends_with("Value") => {
                let wrapped = self.kind(&message.get_field(1)?.kind());
                json!({"anyOf": [wrapped, {"type": "null"}]})
            }
            _ => return None,
        })
    }

    fn enumeration(&mut self, descriptor: &EnumDescriptor) -> Value {
        let name = descriptor.full_name();
        if name == "google.protobuf.NullValue" {
            return json!({"type": "null"});
        }
        if !self.schemas.contains_key(name) {
            let mut about = self.comment(&descriptor.parent_file(), descriptor.path());
            let mut names = Vec::new();
            for value in descriptor.values() {
                names.push(value.name().to_owned());
                let of_value = self.comment(&descriptor.parent_file(), value.path());
                if !of_value.is_empty() {
                    about.push_str(&format!(
                        "\n- `{}`: {}",
                        value.name(),
                        of_value.replace('\n', " ")
                    ));
                }
            }
            self.insert(
                name,
                json!({"type": "string", "enum": names, "description": about}),
            );
        }
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    fn kind(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::Double | Kind::Float => json!({"type": "number"}),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
                json!({"type": "integer", "format": "int32"})
            }
            Kind::Uint32 | Kind::Fixed32 => {
                json!({"type": "integer", "format": "uint32", "minimum": 0})
            }
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
                json!({"type": "string", "format": "int64"})
            }
            Kind::Uint64 | Kind::Fixed64 => json!({"type": "string", "format": "uint64"}),
            Kind::Bool => json!({"type": "boolean"}),
            Kind::String => json!({"type": "string"}),
            Kind::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
            Kind::Message(message) => self.message(message),
            Kind::Enum(descriptor) => self.enumeration(descriptor),
        }
    }

    /// A field's values: one, a list or a map.
    pub(crate) fn field(&mut self, field: &FieldDescriptor) -> Value {
        match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                let values = self.kind(&entry.map_entry_value_field().kind());
                json!({"type": "object", "additionalProperties": values})
            }
            kind if field.is_list() => {
                let items = self.kind(&kind);
                json!({"type": "array", "items": items})
            }
            kind => self.kind(&kind),
        }
    }
}

/// A comment without the space that follows `//`.
fn plain(comment: &str) -> String {
    let lines: Vec<&str> = comment
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    lines.join("\n").trim().to_owned()
}
