//! Entities and their attributes.

use super::{message, resource, shared::Wire};
use crate::model::{
    Record,
    entity::{Attribute, DataType, Entity},
};
use error::Violations;
use proto_meaning::tessera::metadata::v1;

resource!(Entity, Entity, parse, render);

fn parse(wire: v1::Entity, found: &mut Violations) -> Entity {
    let attributes = wire.attributes.into_iter().enumerate();
    Entity {
        kind: Wire::of_wire(wire.kind),
        attributes: attributes
            .map(|(index, wire)| attribute(&format!("attributes[{index}]"), wire, found))
            .collect(),
    }
}

fn render(record: Record, entity: Entity) -> v1::Entity {
    message!(
        Entity,
        record {
            kind: entity.kind.wire(),
            attributes: entity.attributes.into_iter().map(wire_attribute).collect(),
        }
    )
}

fn attribute(path: &str, wire: v1::Attribute, found: &mut Violations) -> Attribute {
    let data_type = v1::DataType::try_from(wire.r#type).unwrap_or_default();
    if data_type != v1::DataType::Decimal {
        let plain = wire.precision == 0 && wire.scale == 0;
        found.check(
            plain,
            format!("{path}.precision"),
            "OTHER_TYPE",
            "only a decimal has precision and scale",
        );
    }
    let data_type = match data_type {
        v1::DataType::Unspecified => None,
        v1::DataType::String => Some(DataType::String),
        v1::DataType::Integer => Some(DataType::Integer),
        // The contract allows 0 to 38.
        v1::DataType::Decimal => Some(DataType::Decimal {
            precision: u8::try_from(wire.precision).unwrap_or(0),
            scale: u8::try_from(wire.scale).unwrap_or(0),
        }),
        v1::DataType::Double => Some(DataType::Double),
        v1::DataType::Boolean => Some(DataType::Boolean),
        v1::DataType::Date => Some(DataType::Date),
        v1::DataType::Timestamp => Some(DataType::Timestamp),
        v1::DataType::Json => Some(DataType::Json),
        v1::DataType::Uuid => Some(DataType::Uuid),
    };
    Attribute {
        code: wire.code,
        name: wire.name,
        description: wire.description,
        data_type,
        unit: wire.unit,
        nullable: wire.nullable,
        primary_key: wire.primary_key,
        time_attribute: wire.time_attribute,
        sensitive: wire.sensitive,
        allowed_values: wire.allowed_values,
    }
}

fn wire_attribute(attribute: Attribute) -> v1::Attribute {
    let (data_type, precision, scale) = match attribute.data_type {
        None => (v1::DataType::Unspecified, 0, 0),
        Some(DataType::String) => (v1::DataType::String, 0, 0),
        Some(DataType::Integer) => (v1::DataType::Integer, 0, 0),
        Some(DataType::Decimal { precision, scale }) => (v1::DataType::Decimal, precision, scale),
        Some(DataType::Double) => (v1::DataType::Double, 0, 0),
        Some(DataType::Boolean) => (v1::DataType::Boolean, 0, 0),
        Some(DataType::Date) => (v1::DataType::Date, 0, 0),
        Some(DataType::Timestamp) => (v1::DataType::Timestamp, 0, 0),
        Some(DataType::Json) => (v1::DataType::Json, 0, 0),
        Some(DataType::Uuid) => (v1::DataType::Uuid, 0, 0),
    };
    v1::Attribute {
        code: attribute.code,
        name: attribute.name,
        description: attribute.description,
        r#type: data_type as i32,
        precision: precision.into(),
        scale: scale.into(),
        unit: attribute.unit,
        nullable: attribute.nullable,
        primary_key: attribute.primary_key,
        time_attribute: attribute.time_attribute,
        sensitive: attribute.sensitive,
        allowed_values: attribute.allowed_values,
    }
}
