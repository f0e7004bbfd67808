//! Findings that are kept.

use super::ontology::reference;
use crate::store::{FindingRow, FindingState};
use proto::time::to_proto;
use proto_meaning::tessera::metadata::v1;

/// Which findings are asked for; open ones where that is not said.
pub(crate) fn state(state: v1::FindingState) -> FindingState {
    match state {
        v1::FindingState::Unspecified | v1::FindingState::Open => FindingState::Open,
        v1::FindingState::Resolved => FindingState::Resolved,
        v1::FindingState::All => FindingState::All,
    }
}

/// A finding as a message.
pub(crate) fn render(row: FindingRow) -> v1::Finding {
    let finding = row.finding;
    v1::Finding {
        id: row.id.to_string(),
        definition: Some(reference(
            finding.id,
            finding.kind,
            &finding.code,
            &finding.name,
        )),
        field: finding.violation.field,
        reason: finding.violation.reason,
        description: finding.violation.description,
        first_seen_time: Some(to_proto(row.first_seen)),
        last_seen_time: Some(to_proto(row.last_seen)),
        resolve_time: row.resolved.map(to_proto),
    }
}
