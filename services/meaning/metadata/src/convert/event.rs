//! What the service tells others.

use super::shared::{Wire, kind};
use crate::model::{Action, Record};
use prost::Message;
use proto_meaning::tessera::metadata::v1;

/// Where changes of definitions are told.
pub(crate) const TOPIC: &str = "tessera.metadata.v1.DefinitionChanged";

/// The event of a change, encoded.
pub(crate) fn changed(
    record: &Record,
    action: Action,
    actor: &str,
    changed_paths: Vec<String>,
) -> Vec<u8> {
    v1::DefinitionChanged {
        id: record.id.to_string(),
        kind: kind(record.definition.kind()),
        code: record.definition.code().to_owned(),
        version: record.version,
        action: Some(action).wire(),
        actor: actor.to_owned(),
        changed_paths,
    }
    .encode_to_vec()
}
