//! JSON between protobuf's own messages for it and ours.

use std::collections::BTreeMap;

use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value};
use serde_json::Value as Json;

/// The largest whole number that a double holds exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Reads a value.
pub(crate) fn read(value: Value) -> Json {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Json::Null,
        Some(Kind::BoolValue(value)) => Json::Bool(value),
        Some(Kind::StringValue(text)) => Json::String(text),
        Some(Kind::NumberValue(number)) if number.fract() == 0.0 && number.abs() <= EXACT => {
            Json::from(number as i64)
        }
        Some(Kind::NumberValue(number)) => {
            serde_json::Number::from_f64(number).map_or(Json::Null, Json::Number)
        }
        Some(Kind::ListValue(list)) => list.values.into_iter().map(read).collect(),
        Some(Kind::StructValue(fields)) => {
            let fields = fields.fields.into_iter();
            Json::Object(fields.map(|(name, value)| (name, read(value))).collect())
        }
    }
}

/// Renders a value.
pub(crate) fn render(json: &Json) -> Value {
    let kind = match json {
        Json::Null => Kind::NullValue(0),
        Json::Bool(value) => Kind::BoolValue(*value),
        Json::Number(number) => match number.as_f64() {
            Some(number) => Kind::NumberValue(number),
            None => Kind::StringValue(number.to_string()),
        },
        Json::String(text) => Kind::StringValue(text.clone()),
        Json::Array(items) => Kind::ListValue(ListValue {
            values: items.iter().map(render).collect(),
        }),
        Json::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, value)| (name.clone(), render(value)));
            Kind::StructValue(Struct {
                fields: fields.collect::<BTreeMap<_, _>>(),
            })
        }
    };
    Value { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_round_trips() {
        let json = serde_json::json!({"a": [1, 2.5, null, true, "x"], "b": {"c": -3}});
        assert_eq!(read(render(&json)), json);
    }
}
