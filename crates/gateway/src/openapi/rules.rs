//! `buf.validate` rules, as far as JSON Schema can say them.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, Value as Reflected};
use serde_json::{Value, json};

/// Adds the field's rules to its schema; answers whether the field must be there.
pub(crate) fn add(field: &FieldDescriptor, schema: &mut Value) -> bool {
    let Some(extension) = field
        .parent_pool()
        .get_extension_by_name("buf.validate.field")
    else {
        return false;
    };
    let options = field.options();
    if !options.has_extension(&extension) {
        return false;
    }
    let value = options.get_extension(&extension);
    let Some(rules) = value.as_message() else {
        return false;
    };
    constrain(rules, &field.kind(), schema);
    rules
        .get_field_by_name("required")
        .and_then(|v| v.as_bool())
        .unwrap_or(false)
}

fn constrain(rules: &DynamicMessage, kind: &Kind, schema: &mut Value) {
    // 64-bit numbers are strings in JSON, where a minimum means nothing
    let numeric = schema["type"] == "integer" || schema["type"] == "number";
    for (sort, rule) in rules.fields() {
        let Reflected::Message(rule) = rule else {
            continue;
        };
        for (name, value) in rule.fields() {
            match (sort.name(), name.name()) {
                ("string", "len") => {
                    set(schema, "minLength", value);
                    set(schema, "maxLength", value);
                }
                ("string", "min_len") => set(schema, "minLength", value),
                ("string", "max_len") => set(schema, "maxLength", value),
                ("string", "pattern") => set(schema, "pattern", value),
                ("string", format @ ("uuid" | "email" | "uri" | "hostname" | "ipv4" | "ipv6"))
                    if value.as_bool() == Some(true) =>
                {
                    schema["format"] = format.into();
                }
                ("string", "prefix") => {
                    if let Some(prefix) = value.as_str() {
                        schema["pattern"] = format!("^{}", escape(prefix)).into();
                    }
                }
                ("string", "const") => set(schema, "const", value),
                ("string", "in") => {
                    let values = value.as_list().unwrap_or_default();
                    schema["enum"] = values.iter().filter_map(Reflected::as_str).collect();
                }
                ("repeated", "min_items") => set(schema, "minItems", value),
                ("repeated", "max_items") => set(schema, "maxItems", value),
                ("repeated", "unique") => {
                    schema["uniqueItems"] = value.as_bool().unwrap_or(false).into()
                }
                ("repeated", "items") => nested(value, kind, &mut schema["items"]),
                ("map", "min_pairs") => set(schema, "minProperties", value),
                ("map", "max_pairs") => set(schema, "maxProperties", value),
                ("map", "values") => nested(value, kind, &mut schema["additionalProperties"]),
                ("map", "keys") => {
                    let mut names = json!({"type": "string"});
                    nested(value, kind, &mut names);
                    schema["propertyNames"] = names;
                }
                (
                    "string" | "bytes" | "enum" | "repeated" | "map" | "duration" | "timestamp",
                    _,
                ) => {}
                (_, "gte") if numeric => set(schema, "minimum", value),
                (_, "lte") if numeric => set(schema, "maximum", value),
                (_, "gt") if numeric => set(schema, "exclusiveMinimum", value),
                (_, "lt") if numeric => set(schema, "exclusiveMaximum", value),
                _ => {}
            }
        }
    }
}

fn nested(rules: &Reflected, kind: &Kind, schema: &mut Value) {
    // what stands behind a reference is described where it is defined
    if let Some(rules) = rules.as_message()
        && schema.is_object()
        && schema.get("$ref").is_none()
    {
        constrain(rules, kind, schema);
    }
}

fn set(schema: &mut Value, key: &str, value: &Reflected) {
    schema[key] = match value {
        Reflected::U64(n) => (*n).into(),
        Reflected::I64(n) => (*n).into(),
        Reflected::U32(n) => (*n).into(),
        Reflected::I32(n) => (*n).into(),
        Reflected::F64(n) => (*n).into(),
        Reflected::F32(n) => f64::from(*n).into(),
        Reflected::String(text) => text.clone().into(),
        _ => return,
    };
}

/// Plain text as a regular expression.
fn escape(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            ("\\^$.|?*+()[]{}/".contains(c))
                .then_some('\\')
                .into_iter()
                .chain([c])
        })
        .collect()
}
