//! What the service tells others.

use super::{
    finding,
    shared::{Wire, kind},
};
use crate::{
    model::{Action, Record},
    store::FindingRow,
};
use prost::Message;
use proto_meaning::tessera::metadata::v1;

/// Where changes of definitions are told.
pub(crate) const TOPIC: &str = "tessera.metadata.v1.DefinitionChanged";

/// Where it is told that something is found wrong, or found no longer.
pub(crate) const FINDINGS: &str = "tessera.metadata.v1.FindingChanged";

/// The event of a finding, encoded.
pub(crate) fn finding(row: FindingRow, resolved: bool) -> Vec<u8> {
    let finding = finding::render(row);
    v1::FindingChanged {
        id: finding.id,
        definition: finding.definition,
        field: finding.field,
        reason: finding.reason,
        description: finding.description,
        resolved,
    }
    .encode_to_vec()
}

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
