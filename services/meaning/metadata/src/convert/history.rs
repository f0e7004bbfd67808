//! Versions and what differs between them.

use super::{
    definition,
    shared::{Wire, kind},
};
use crate::model::{Record, Version, diff::Change};
use proto_meaning::tessera::metadata::v1;

/// A version without its definition, as lists show it.
pub(crate) fn summary(version: &Version) -> v1::DefinitionVersion {
    v1::DefinitionVersion {
        id: version.id.to_string(),
        kind: kind(version.definition.kind()),
        version: version.version,
        action: Some(version.action).wire(),
        actor: version.actor.clone(),
        create_time: Some(proto::time::to_proto(version.created)),
        definition: None,
    }
}

/// A version with its definition; the definition's times are those of the version.
pub(crate) fn version(version: Version) -> v1::DefinitionVersion {
    let summary = summary(&version);
    let record = Record {
        id: version.id,
        version: version.version,
        created: version.created,
        updated: version.created,
        deleted: None,
        definition: version.definition,
    };
    v1::DefinitionVersion {
        definition: Some(definition(record)),
        ..summary
    }
}

/// One field that differs.
pub(crate) fn change(change: Change) -> v1::FieldChange {
    let kind = match (&change.before, &change.after) {
        (None, _) => v1::ChangeKind::Added,
        (_, None) => v1::ChangeKind::Removed,
        _ => v1::ChangeKind::Changed,
    };
    let text = |value: Option<serde_json::Value>| {
        value.map_or_else(String::new, |value| value.to_string())
    };
    v1::FieldChange {
        path: change.path,
        kind: kind as i32,
        before: text(change.before),
        after: text(change.after),
    }
}
