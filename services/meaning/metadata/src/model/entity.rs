//! Entities: things the business knows of and keeps rows about, with their attributes.

use super::{
    References, Rules,
    parts::{check_codes, check_unit},
};
use error::Violations;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};

pub(super) const FIELDS: &[&str] = &["kind", "attributes"];

/// A thing of the business.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Entity {
    pub(crate) kind: Option<EntityKind>,
    pub(crate) attributes: Vec<Attribute>,
}

/// How the rows of an entity behave in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EntityKind {
    Event,
    Snapshot,
    Dimension,
}

/// One column of an entity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Attribute {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) description: String,
    #[serde(rename = "type")]
    pub(crate) data_type: Option<DataType>,
    pub(crate) unit: String,
    pub(crate) nullable: bool,
    pub(crate) primary_key: bool,
    pub(crate) time_attribute: bool,
    pub(crate) sensitive: bool,
    pub(crate) allowed_values: Vec<String>,
}

/// What the values of an attribute are; written `decimal(18, 2)`, `string` and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataType {
    String,
    Integer,
    Decimal { precision: u8, scale: u8 },
    Double,
    Boolean,
    Date,
    Timestamp,
    Json,
    Uuid,
}

impl DataType {
    const PLAIN: [(DataType, &'static str); 8] = [
        (DataType::String, "string"),
        (DataType::Integer, "integer"),
        (DataType::Double, "double"),
        (DataType::Boolean, "boolean"),
        (DataType::Date, "date"),
        (DataType::Timestamp, "timestamp"),
        (DataType::Json, "json"),
        (DataType::Uuid, "uuid"),
    ];
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let DataType::Decimal { precision, scale } = self {
            return write!(f, "decimal({precision}, {scale})");
        }
        let (_, name) = Self::PLAIN
            .iter()
            .find(|(plain, _)| plain == self)
            .expect("all but decimal are plain");
        f.write_str(name)
    }
}

impl FromStr for DataType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((plain, _)) = Self::PLAIN.iter().find(|(_, name)| *name == text) {
            return Ok(*plain);
        }
        let digits = text
            .strip_prefix("decimal(")
            .and_then(|rest| rest.strip_suffix(')'));
        let pair = digits.and_then(|digits| digits.split_once(','));
        match pair.map(|(precision, scale)| (precision.trim().parse(), scale.trim().parse())) {
            Some((Ok(precision), Ok(scale))) => Ok(DataType::Decimal { precision, scale }),
            _ => Err(format!(
                "unknown variant `{text}`, expected string, integer, decimal(PRECISION, SCALE), double, boolean, \
                 date, timestamp, json or uuid"
            )),
        }
    }
}

impl Serialize for DataType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DataType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

impl Rules for Entity {
    fn check(&self, found: &mut Violations) {
        found.check(
            self.kind.is_some(),
            "kind",
            "REQUIRED",
            "an entity is an event, a snapshot or a dimension",
        );
        check_codes(
            "attributes",
            self.attributes
                .iter()
                .map(|attribute| attribute.code.as_str()),
            found,
        );
        for (index, attribute) in self.attributes.iter().enumerate() {
            attribute.check(&format!("attributes[{index}]"), found);
        }
        let times = self
            .attributes
            .iter()
            .filter(|attribute| attribute.time_attribute)
            .count();
        let (fits, wish) = match self.kind {
            Some(EntityKind::Event | EntityKind::Snapshot) => {
                (times == 1, "exactly one time attribute")
            }
            _ => (times <= 1, "at most one time attribute"),
        };
        found.check(
            fits,
            "attributes",
            "TIME_ATTRIBUTE",
            format!("an entity of this kind has {wish}"),
        );
    }

    fn refer(&self, _: &mut References) {}

    fn parts(&self) -> Vec<&str> {
        self.attributes
            .iter()
            .map(|attribute| attribute.code.as_str())
            .collect()
    }
}

impl Attribute {
    fn check(&self, path: &str, found: &mut Violations) {
        let field = |name: &str| format!("{path}.{name}");
        check_unit(&field("unit"), &self.unit, found);
        let Some(data_type) = self.data_type else {
            return found.add(field("type"), "REQUIRED", "an attribute has a type");
        };
        if let DataType::Decimal { precision, scale } = data_type {
            let digits = (1..=38).contains(&precision);
            found.check(
                digits,
                field("precision"),
                "OUT_OF_RANGE",
                "a decimal has 1 to 38 digits",
            );
            let fits = scale <= precision;
            found.check(
                fits,
                field("scale"),
                "OUT_OF_RANGE",
                "a decimal has no more places than digits",
            );
        }
        if self.primary_key {
            let keyed = !matches!(data_type, DataType::Json | DataType::Double);
            found.check(
                keyed,
                field("primary_key"),
                "KEY_TYPE",
                format!("a {data_type} is no key"),
            );
            found.check(
                !self.nullable,
                field("nullable"),
                "KEY_NULLABLE",
                "a key is never absent",
            );
        }
        if self.time_attribute {
            let timed = matches!(data_type, DataType::Date | DataType::Timestamp);
            found.check(
                timed,
                field("time_attribute"),
                "TIME_TYPE",
                "a time attribute is a date or a timestamp",
            );
            found.check(
                !self.nullable,
                field("nullable"),
                "TIME_NULLABLE",
                "a time attribute is never absent",
            );
        }
        let listed = self.allowed_values.is_empty() || data_type == DataType::String;
        found.check(
            listed,
            field("allowed_values"),
            "VALUES_TYPE",
            "only a string has a list of values",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn attribute(code: &str, data_type: DataType) -> Attribute {
        Attribute {
            code: code.into(),
            data_type: Some(data_type),
            ..Attribute::default()
        }
    }

    fn fields(entity: &Entity) -> Vec<String> {
        let mut found = Violations::new();
        entity.check(&mut found);
        found
            .as_slice()
            .iter()
            .map(|violation| violation.field.clone())
            .collect()
    }

    #[test]
    fn an_event_says_when_it_happened() {
        let mut day = attribute("day", DataType::Date);
        let mut event = Entity {
            kind: Some(EntityKind::Event),
            attributes: vec![day.clone()],
        };
        assert_eq!(fields(&event), ["attributes"]);
        day.time_attribute = true;
        event.attributes = vec![day.clone()];
        assert!(fields(&event).is_empty());
        day.nullable = true;
        event.attributes = vec![
            day,
            Attribute {
                time_attribute: true,
                ..attribute("n", DataType::Integer)
            },
        ];
        assert_eq!(
            fields(&event),
            [
                "attributes[0].nullable",
                "attributes[1].time_attribute",
                "attributes"
            ]
        );
    }

    #[test]
    fn everything_wrong_with_an_attribute_is_reported_at_once() {
        let wrong = Attribute {
            primary_key: true,
            nullable: true,
            allowed_values: vec!["a".into()],
            ..attribute(
                "amount",
                DataType::Decimal {
                    precision: 40,
                    scale: 41,
                },
            )
        };
        let entity = Entity {
            kind: None,
            attributes: vec![wrong, Attribute::default()],
        };
        let expected = [
            "kind",
            "attributes[1].code",
            "attributes[0].precision",
            "attributes[0].scale",
            "attributes[0].nullable",
            "attributes[0].allowed_values",
            "attributes[1].type",
        ];
        assert_eq!(fields(&entity), expected);
    }

    proptest! {
        #[test]
        fn types_survive_being_written(precision: u8, scale: u8, plain in 0usize..8) {
            for data_type in [DataType::Decimal { precision, scale }, DataType::PLAIN[plain].0] {
                prop_assert_eq!(data_type.to_string().parse(), Ok(data_type));
            }
        }

        #[test]
        fn no_text_panics(text in ".{0,30}") {
            let _ = text.parse::<DataType>();
        }
    }
}
