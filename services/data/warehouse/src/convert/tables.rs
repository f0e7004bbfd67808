//! Tables, chunks, changes and drifts as messages; definitions of `metadata` as the model has them.

use crate::{
    model::{
        change::{ChangeKind, Plan},
        chunk::{Chunk, Interval},
        definition::{Attribute, Definition},
        drift::{DriftKind, DriftState},
        table::{Column, TableShape, TableState},
    },
    store::{drift::Drift, tables::TableOrder},
};
use error::{Error, Result};
use formula::{DataType, EntityKind, Unit};
use prost::Message;
use proto::time::to_proto;
use proto_data::tessera::warehouse::v1;
use proto_meaning::tessera::metadata::v1 as metadata;

/// Topic of what happened to tables.
pub(crate) const TABLE_CHANGED: &str = "tessera.warehouse.v1.TableChanged";
/// Topic of what was found wrong with tables.
pub(crate) const DRIFT_FOUND: &str = "tessera.warehouse.v1.DriftFound";

/// The definition of an entity. What `metadata` lets nobody say is its defect, not the caller's.
pub(crate) fn definition(entity: metadata::Entity) -> Result<Definition> {
    let kind = match entity.kind() {
        metadata::EntityKind::Event => EntityKind::Event,
        metadata::EntityKind::Snapshot => EntityKind::Snapshot,
        metadata::EntityKind::Dimension => EntityKind::Dimension,
        metadata::EntityKind::Unspecified => {
            return Err(Error::internal(format!(
                "entity `{}` has no kind",
                entity.code
            )));
        }
    };
    let attributes = entity.attributes.into_iter().map(attribute);
    Ok(Definition {
        id: entity.id.parse().map_err(Error::internal)?,
        code: plain(entity.code)?,
        kind,
        version: entity.version,
        attributes: attributes.collect::<Result<_>>()?,
    })
}

/// Codes become names in the database: nothing else than what the contract allows gets there.
fn plain(code: String) -> Result<String> {
    let fits = code.len() <= 60
        && code.starts_with(|c: char| c.is_ascii_lowercase())
        && code
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    match fits {
        true => Ok(code),
        false => Err(Error::internal(format!("`{code}` is no code"))),
    }
}

fn attribute(attribute: metadata::Attribute) -> Result<Attribute> {
    let digits = |number: i32| u8::try_from(number).map_err(Error::internal);
    let data_type = match attribute.r#type() {
        metadata::DataType::String => DataType::String,
        metadata::DataType::Integer => DataType::Integer,
        metadata::DataType::Decimal => DataType::Decimal {
            precision: digits(attribute.precision)?,
            scale: digits(attribute.scale)?,
        },
        metadata::DataType::Double => DataType::Double,
        metadata::DataType::Boolean => DataType::Boolean,
        metadata::DataType::Date => DataType::Date,
        metadata::DataType::Timestamp => DataType::Timestamp,
        metadata::DataType::Json => DataType::Json,
        metadata::DataType::Uuid => DataType::Uuid,
        metadata::DataType::Unspecified => {
            return Err(Error::internal(format!(
                "attribute `{}` has no type",
                attribute.code
            )));
        }
    };
    Ok(Attribute {
        data_type,
        // What is no product of units cannot be calculated with; rows are kept all the same.
        unit: attribute.unit.parse().unwrap_or(Unit::NONE),
        nullable: attribute.nullable,
        key: attribute.primary_key,
        time: attribute.time_attribute,
        allowed_values: attribute.allowed_values,
        code: plain(attribute.code)?,
    })
}

/// A table as a message.
pub(crate) fn table(shape: &TableShape) -> v1::Table {
    v1::Table {
        id: shape.id.to_string(),
        entity: shape.entity.clone(),
        name: shape.name.clone(),
        state: match shape.shown_state() {
            TableState::Current => v1::TableState::Current,
            TableState::Incompatible => v1::TableState::Incompatible,
            TableState::Orphaned => v1::TableState::Orphaned,
            TableState::Damaged => v1::TableState::Damaged,
        } as i32,
        entity_version: shape.entity_version,
        columns: shape.columns.iter().map(column).collect(),
        chunk_interval: match shape.chunk_interval {
            None => v1::ChunkInterval::Unspecified,
            Some(Interval::Day) => v1::ChunkInterval::Day,
            Some(Interval::Month) => v1::ChunkInterval::Month,
            Some(Interval::Year) => v1::ChunkInterval::Year,
        } as i32,
        rows: shape.rows,
        data_version: shape.data_version,
        etag: db::etag::format(shape.version),
        create_time: Some(to_proto(shape.created)),
        update_time: Some(to_proto(shape.updated)),
        problems: shape
            .damage
            .iter()
            .chain(&shape.problems)
            .cloned()
            .collect(),
    }
}

fn column(column: &Column) -> v1::Column {
    v1::Column {
        attribute: column.attribute.clone(),
        name: column.name.clone(),
        r#type: column.data_type.to_string(),
        unit: column.unit.to_string(),
        nullable: column.nullable,
        key: column.key,
        time: column.time,
        drop_time: column.dropped_at.map(to_proto),
        allowed_values: column.allowed_values.clone(),
    }
}

/// A chunk as a message.
pub(crate) fn chunk(entity: &str, chunk: &Chunk) -> v1::Chunk {
    v1::Chunk {
        id: chunk.id.to_string(),
        entity: entity.to_owned(),
        start_time: chunk.span.map(|(start, _)| to_proto(start)),
        end_time: chunk.span.map(|(_, end)| to_proto(end)),
        rows: chunk.rows,
        data_version: chunk.data_version,
        create_time: Some(to_proto(chunk.created)),
        update_time: Some(to_proto(chunk.updated)),
    }
}

/// What would have to be done, as a message.
pub(crate) fn plan(plan: &Plan) -> v1::PlanTableResponse {
    let change = |change: &crate::model::change::Change| v1::SchemaChange {
        kind: match change.kind {
            ChangeKind::CreateTable => v1::SchemaChangeKind::CreateTable,
            ChangeKind::AddColumn => v1::SchemaChangeKind::AddColumn,
            ChangeKind::WidenColumn => v1::SchemaChangeKind::WidenColumn,
            ChangeKind::DropColumn => v1::SchemaChangeKind::DropColumn,
            ChangeKind::RestoreColumn => v1::SchemaChangeKind::RestoreColumn,
            ChangeKind::Index => v1::SchemaChangeKind::Index,
            ChangeKind::Incompatible => v1::SchemaChangeKind::Incompatible,
            ChangeKind::Rules => v1::SchemaChangeKind::Rules,
        } as i32,
        attribute: change.attribute.clone(),
        description: change.description.clone(),
        sql: change.sql.clone(),
        problem: change.problem.clone(),
    };
    v1::PlanTableResponse {
        changes: plan.changes.iter().map(change).collect(),
        compatible: plan.is_compatible(),
    }
}

/// The state that a list asks for; unspecified is any.
pub(crate) fn table_state(state: v1::TableState) -> Option<TableState> {
    match state {
        v1::TableState::Unspecified => None,
        v1::TableState::Current => Some(TableState::Current),
        v1::TableState::Incompatible => Some(TableState::Incompatible),
        v1::TableState::Orphaned => Some(TableState::Orphaned),
        v1::TableState::Damaged => Some(TableState::Damaged),
    }
}

/// What a list of tables is sorted by, and whether downwards. The contract allows nothing else.
pub(crate) fn table_order(order_by: &str) -> (TableOrder, bool) {
    let (name, descending) = match order_by.strip_suffix(" desc") {
        Some(name) => (name, true),
        None => (order_by, false),
    };
    let order = match name {
        "rows" => TableOrder::Rows,
        "update_time" => TableOrder::Updated,
        _ => TableOrder::Entity,
    };
    (order, descending)
}

/// A drift as a message.
pub(crate) fn drift(drift: &Drift) -> v1::Drift {
    v1::Drift {
        id: drift.id.to_string(),
        entity: drift.entity.clone(),
        attribute: drift.attribute.clone(),
        kind: match drift.kind {
            DriftKind::MissingTable => v1::DriftKind::MissingTable,
            DriftKind::MissingColumn => v1::DriftKind::MissingColumn,
            DriftKind::WrongType => v1::DriftKind::WrongType,
            DriftKind::UnknownColumn => v1::DriftKind::UnknownColumn,
            DriftKind::MissingIndex => v1::DriftKind::MissingIndex,
            DriftKind::BehindDefinition => v1::DriftKind::BehindDefinition,
            DriftKind::WrongCount => v1::DriftKind::WrongCount,
            DriftKind::WrongNullability => v1::DriftKind::WrongNullability,
        } as i32,
        description: drift.description.clone(),
        sql: drift.sql.clone(),
        state: match drift.state {
            DriftState::Found => v1::DriftState::Found,
            DriftState::Repaired => v1::DriftState::Repaired,
            DriftState::NeedsAttention => v1::DriftState::NeedsAttention,
        } as i32,
        create_time: Some(to_proto(drift.created)),
        repair_time: drift.repaired.map(to_proto),
        actor: drift.actor.clone(),
        loss: drift.loss.clone(),
    }
}

/// The state of drifts that a list asks for; unspecified is any.
pub(crate) fn drift_state(state: v1::DriftState) -> Option<DriftState> {
    match state {
        v1::DriftState::Unspecified => None,
        v1::DriftState::Found => Some(DriftState::Found),
        v1::DriftState::Repaired => Some(DriftState::Repaired),
        v1::DriftState::NeedsAttention => Some(DriftState::NeedsAttention),
    }
}

/// What is told of a table that was made or changed.
pub(crate) fn table_changed(shape: &TableShape, changes: Vec<String>, actor: &str) -> Vec<u8> {
    v1::TableChanged {
        id: shape.id.to_string(),
        entity: shape.entity.clone(),
        entity_version: shape.entity_version,
        changes,
        actor: actor.to_owned(),
    }
    .encode_to_vec()
}

/// What is told of something wrong with a table.
pub(crate) fn drift_found(drift: &Drift) -> Vec<u8> {
    v1::DriftFound {
        id: drift.id.to_string(),
        entity: drift.entity.clone(),
        description: drift.description.clone(),
        repaired: drift.state == DriftState::Repaired,
    }
    .encode_to_vec()
}
