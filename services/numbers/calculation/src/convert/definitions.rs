//! What `metadata` says, as formulas need it.

use crate::model::{
    calendar::Grain,
    definitions::{Definitions, Handler, Level, Metric, Named, Threshold, decimal, set},
};
use formula::{Attribute, Binary, DataType, Definition, Entity, EntityKind, Unit};
use proto_meaning::tessera::metadata::v1;

/// The definitions of an answer.
pub(crate) fn definitions(answer: v1::ResolveDefinitionsResponse) -> Definitions {
    let guarded = answer.entities.iter().flat_map(|entity| {
        let attributes = entity.attributes.iter();
        attributes
            .filter(|attribute| {
                attribute.primary_key && !attribute.time_attribute || attribute.sensitive
            })
            .map(|attribute| (entity.code.clone(), attribute.code.clone()))
    });
    let guarded = guarded.collect();
    let entities = answer.entities.into_iter().map(|entity| {
        let named = named(&entity.id, &entity.name, entity.version);
        (named, to_entity(entity))
    });
    let metrics = answer
        .metrics
        .into_iter()
        .map(|metric| (metric.code.clone(), to_metric(metric)));
    Definitions {
        guarded,
        ..Definitions::new(answer.ontology_version, entities, metrics)
    }
}

fn named(id: &str, name: &str, version: i64) -> Named {
    Named {
        id: id.to_owned(),
        name: name.to_owned(),
        version,
    }
}

fn to_entity(entity: v1::Entity) -> Entity {
    let kind = match entity.kind() {
        v1::EntityKind::Event => EntityKind::Event,
        v1::EntityKind::Snapshot => EntityKind::Snapshot,
        v1::EntityKind::Dimension | v1::EntityKind::Unspecified => EntityKind::Dimension,
    };
    Entity {
        kind,
        attributes: entity.attributes.iter().map(attribute).collect(),
        // Rows are elsewhere: formulas are only typed here.
        schema: None,
        table: entity.code.clone(),
        row_id: "_id".to_owned(),
        code: entity.code,
    }
}

fn attribute(attribute: &v1::Attribute) -> Attribute {
    let digits = |digits: i32| u8::try_from(digits).unwrap_or(0);
    let data_type = match attribute.r#type() {
        v1::DataType::String => DataType::String,
        v1::DataType::Integer => DataType::Integer,
        v1::DataType::Decimal => DataType::Decimal {
            precision: digits(attribute.precision),
            scale: digits(attribute.scale),
        },
        v1::DataType::Double => DataType::Double,
        v1::DataType::Boolean => DataType::Boolean,
        v1::DataType::Date => DataType::Date,
        v1::DataType::Timestamp => DataType::Timestamp,
        v1::DataType::Uuid => DataType::Uuid,
        v1::DataType::Json | v1::DataType::Unspecified => DataType::Json,
    };
    let mut out = Attribute::new(&attribute.code, data_type);
    out.unit = Unit::named(&attribute.unit);
    out.key = attribute.primary_key;
    out.time = attribute.time_attribute;
    out
}

fn to_metric(metric: v1::Metric) -> Metric {
    let handler = match metric.r#type() {
        v1::MetricType::Simple => Handler::Simple,
        v1::MetricType::Ratio => Handler::Ratio,
        v1::MetricType::Derived | v1::MetricType::Unspecified => Handler::Derived,
        v1::MetricType::Cumulative => Handler::Cumulative,
        v1::MetricType::Conversion => Handler::Conversion,
        v1::MetricType::SetBased => Handler::SetBased,
    };
    let formula = match (handler, &metric.ratio) {
        (Handler::Cumulative | Handler::Conversion, _) => None,
        (Handler::Ratio, Some(ratio)) => {
            Some(format!("{} / {}", ratio.numerator, ratio.denominator))
        }
        _ => Some(metric.formula.clone()),
    };
    let definition = formula.map(|formula| Definition {
        formula,
        // Where the formula reads one entity, it need not name it.
        entity: match metric.entities.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        },
        set: metric.set.as_ref().and_then(|spec| {
            let member = spec.member.as_ref()?;
            set(&member.entity, &member.attribute, &spec.filter)
        }),
    });
    let finest = grain(metric.grain());
    let thresholds = metric.thresholds.iter().filter_map(threshold).collect();
    let module = metric.module.unwrap_or_default();
    Metric {
        named: named(&metric.id, &metric.name, metric.version),
        handler,
        definition,
        domain: module.value_chain,
        module: module.module,
        unit: metric.unit,
        format: metric.format,
        thresholds,
        finest,
        time: metric.time_attribute.map(|at| (at.entity, at.attribute)),
    }
}

const fn grain(grain: v1::Grain) -> Option<Grain> {
    match grain {
        v1::Grain::Unspecified => None,
        v1::Grain::Hour => Some(Grain::Hour),
        v1::Grain::Day => Some(Grain::Day),
        v1::Grain::Week => Some(Grain::Week),
        v1::Grain::Month => Some(Grain::Month),
        v1::Grain::Quarter => Some(Grain::Quarter),
        v1::Grain::Year => Some(Grain::Year),
    }
}

fn threshold(threshold: &v1::Threshold) -> Option<Threshold> {
    let level = match threshold.level() {
        v1::ThresholdLevel::Unspecified => return None,
        v1::ThresholdLevel::Good => Level::Good,
        v1::ThresholdLevel::Warning => Level::Warning,
        v1::ThresholdLevel::Critical => Level::Critical,
    };
    let comparison = match threshold.comparison() {
        v1::Comparison::Unspecified => return None,
        v1::Comparison::Less => Binary::Less,
        v1::Comparison::LessOrEqual => Binary::LessOrEqual,
        v1::Comparison::Greater => Binary::Greater,
        v1::Comparison::GreaterOrEqual => Binary::GreaterOrEqual,
    };
    // The contract allows 76 digits and 128 bits hold 38: those beyond make no difference to any value.
    let mut text = threshold.value.as_str();
    loop {
        if let Some(value) = decimal(text) {
            return Some(Threshold {
                level,
                comparison,
                value,
            });
        }
        text = text.contains('.').then(|| &text[..text.len() - 1])?;
    }
}
