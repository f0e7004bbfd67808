//! Definitions of `metadata` as far as a world depends on them.

use crate::model::ontology::{
    Attribute, AttributeRef, Entity, Metric, Ontology, Ratio, Relationship, Set,
};
use proto_meaning::tessera::metadata::v1;

/// What `metadata` has.
pub(crate) fn ontology(found: v1::ResolveDefinitionsResponse) -> Ontology {
    Ontology {
        entities: found.entities.into_iter().map(entity).collect(),
        relationships: found.relationships.into_iter().map(relationship).collect(),
        metrics: found.metrics.into_iter().map(metric).collect(),
    }
}

fn entity(entity: v1::Entity) -> Entity {
    let kind = match entity.kind() {
        v1::EntityKind::Event => "event",
        v1::EntityKind::Snapshot => "snapshot",
        v1::EntityKind::Dimension => "dimension",
        v1::EntityKind::Unspecified => "unknown",
    };
    Entity {
        code: entity.code,
        kind: kind.to_owned(),
        attributes: entity.attributes.into_iter().map(attribute).collect(),
    }
}

fn attribute(attribute: v1::Attribute) -> Attribute {
    let data_type = match attribute.r#type() {
        v1::DataType::String => "string".to_owned(),
        v1::DataType::Integer => "integer".to_owned(),
        v1::DataType::Decimal => format!("decimal({}, {})", attribute.precision, attribute.scale),
        v1::DataType::Double => "double".to_owned(),
        v1::DataType::Boolean => "boolean".to_owned(),
        v1::DataType::Date => "date".to_owned(),
        v1::DataType::Timestamp => "timestamp".to_owned(),
        v1::DataType::Json => "json".to_owned(),
        v1::DataType::Uuid => "uuid".to_owned(),
        v1::DataType::Unspecified => "unknown".to_owned(),
    };
    Attribute {
        code: attribute.code,
        data_type,
        unit: attribute.unit,
        nullable: attribute.nullable,
        primary_key: attribute.primary_key,
        time_attribute: attribute.time_attribute,
        allowed_values: attribute.allowed_values,
    }
}

fn reference(reference: Option<v1::AttributeRef>) -> AttributeRef {
    let v1::AttributeRef { entity, attribute } = reference.unwrap_or_default();
    AttributeRef { entity, attribute }
}

fn relationship(relationship: v1::Relationship) -> Relationship {
    Relationship {
        code: relationship.code,
        from: reference(relationship.from),
        to: reference(relationship.to),
    }
}

fn metric(metric: v1::Metric) -> Metric {
    let metric_type = match metric.r#type() {
        v1::MetricType::Simple => "simple",
        v1::MetricType::Ratio => "ratio",
        v1::MetricType::Derived => "derived",
        v1::MetricType::Cumulative => "cumulative",
        v1::MetricType::Conversion => "conversion",
        v1::MetricType::SetBased => "set_based",
        v1::MetricType::Unspecified => "unknown",
    };
    let ratio = metric.ratio.map(|ratio| Ratio {
        numerator: ratio.numerator,
        denominator: ratio.denominator,
    });
    let set = metric.set.map(|set| Set {
        member: reference(set.member),
        filter: set.filter,
    });
    Metric {
        code: metric.code,
        metric_type: metric_type.to_owned(),
        formula: metric.formula,
        ratio,
        set,
    }
}
