//! A definition as one JSON object: what is stored, exported, compared and merged.

use super::{
    Body, Definition, Header, Kind, actor, analytics_strategy, analytics_use_case, data_source,
    entity, metric, relationship, value_chain, value_chain_pattern,
};
use error::{Error, Violations};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

impl Kind {
    /// The fields of its documents that are not in the header.
    pub(crate) const fn fields(self) -> &'static [&'static str] {
        match self {
            Kind::ValueChainPattern => value_chain_pattern::FIELDS,
            Kind::ValueChain => value_chain::FIELDS,
            Kind::Entity => entity::FIELDS,
            Kind::Relationship => relationship::FIELDS,
            Kind::DataSource => data_source::FIELDS,
            Kind::Metric => metric::FIELDS,
            Kind::Actor => actor::FIELDS,
            Kind::AnalyticsStrategy => analytics_strategy::FIELDS,
            Kind::AnalyticsUseCase => analytics_use_case::FIELDS,
        }
    }

    fn read(self, body: Value) -> Result<Body, Error> {
        Ok(match self {
            Kind::ValueChainPattern => Body::ValueChainPattern(read(body)?),
            Kind::ValueChain => Body::ValueChain(read(body)?),
            Kind::Entity => Body::Entity(read(body)?),
            Kind::Relationship => Body::Relationship(read(body)?),
            Kind::DataSource => Body::DataSource(read(body)?),
            Kind::Metric => Body::Metric(read(body)?),
            Kind::Actor => Body::Actor(read(body)?),
            Kind::AnalyticsStrategy => Body::AnalyticsStrategy(read(body)?),
            Kind::AnalyticsUseCase => Body::AnalyticsUseCase(read(body)?),
        })
    }
}

impl Definition {
    /// The document: header and body in one object, without fields that have no value.
    pub(crate) fn document(&self) -> Value {
        let mut all = object(&self.header);
        all.append(&mut object(&self.body));
        let mut document = Value::Object(all);
        prune(&mut document);
        document
    }

    /// Reads a document; what is wrong with it is one violation at its field.
    pub(crate) fn of_document(kind: Kind, document: Value) -> Result<Self, Error> {
        let Value::Object(mut all) = document else {
            return Err(Error::invalid_field(
                "",
                "INVALID_TYPE",
                "a definition is a mapping of fields",
            ));
        };
        let mut header = Map::new();
        for field in Header::FIELDS {
            if let Some(value) = all.remove(field) {
                header.insert(field.to_owned(), value);
            }
        }
        Ok(Self {
            header: read(Value::Object(header))?,
            body: kind.read(Value::Object(all))?,
        })
    }
}

fn object(part: &impl serde::Serialize) -> Map<String, Value> {
    match serde_json::to_value(part) {
        Ok(Value::Object(object)) => object,
        other => unreachable!("a header and a body are objects: {other:?}"),
    }
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = match error.path().to_string() {
            whole if whole == "." => String::new(),
            path => path,
        };
        Error::invalid_field(path, "INVALID_VALUE", error.inner().to_string())
    })
}

/// Removes members that say nothing, as in proto3: a missing field and an empty one are the same.
fn prune(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(prune);
            members.retain(|_, member| !is_empty(member));
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(true) => false,
    }
}

/// Reports text that a database cannot keep or a reader cannot see: control characters.
pub(crate) fn check_text(value: &Value, path: &str, found: &mut Violations) {
    match value {
        Value::String(text) => {
            let hidden = text
                .chars()
                .any(|c| c.is_control() && !matches!(c, '\n' | '\t' | '\r'));
            found.check(
                !hidden,
                path,
                "CONTROL_CHARACTER",
                "text has no control characters",
            );
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                check_text(item, &format!("{path}[{index}]"), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let dot = if path.is_empty() { "" } else { "." };
                check_text(member, &format!("{path}{dot}{name}"), found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_survives_being_read() {
        let document = json!({
            "code": "policy", "name": "Policy", "state": "draft", "kind": "snapshot",
            "attributes": [{"code": "day", "type": "date", "time_attribute": true}],
        });
        let definition = Definition::of_document(Kind::Entity, document.clone()).unwrap();
        assert_eq!(definition.document(), document);
    }

    #[test]
    fn what_is_wrong_is_named_by_its_field() {
        let cases = [
            (
                json!({"code": "a", "colour": "red"}),
                "colour",
                "unknown field",
            ),
            (
                json!({"attributes": [{"code": "a"}, {"type": "number"}]}),
                "attributes[1].type",
                "unknown variant",
            ),
            (json!({"name": 7}), "name", "invalid type"),
            (json!([]), "", "a mapping"),
        ];
        for (document, field, words) in cases {
            let error = Definition::of_document(Kind::Entity, document).unwrap_err();
            assert_eq!(error.violations()[0].field, field);
            assert!(
                error.violations()[0].description.contains(words),
                "{error:?}"
            );
        }
    }

    #[test]
    fn hidden_characters_are_reported_where_they_are() {
        let mut found = Violations::new();
        check_text(
            &json!({"a": ["fine\n", "x\u{0}y"], "b": {"c": "\u{7}"}}),
            "",
            &mut found,
        );
        let fields: Vec<_> = found.as_slice().iter().map(|v| v.field.as_str()).collect();
        assert_eq!(fields, ["a[1]", "b.c"]);
    }
}
