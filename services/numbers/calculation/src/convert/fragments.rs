//! What is read, as `warehouse` is asked for it.

use crate::model::{
    question::{MembersQuestion, Selection, Snapshots},
    reading::Reading,
};
use proto_data::tessera::warehouse::v1;

/// At most so many measures of one fragment.
const MAX_MEASURES: usize = 200;

/// The fragments of all that is read, all to be answered as of one moment; and of each, the measures by index.
pub(crate) fn request(
    readings: &[Reading],
    selection: &Selection,
    explain: bool,
) -> (v1::ExecuteFragmentsRequest, Vec<Vec<usize>>) {
    let (mut fragments, mut measures) = (Vec::new(), Vec::new());
    for reading in readings {
        for part in reading.measures.chunks(MAX_MEASURES) {
            measures.push(part.iter().map(|(index, _)| *index).collect());
            fragments.push(v1::Fragment {
                entity: reading.entity.clone(),
                entity_version: reading.version,
                measures: part.iter().map(|(_, text)| text.clone()).collect(),
                dimensions: selection.dimensions.clone(),
                conditions: reading.conditions.clone(),
                bounds: reading.bounds.clone(),
                snapshot_selection: snapshots(selection.snapshots).into(),
            });
        }
    }
    let request = v1::ExecuteFragmentsRequest {
        tenant_id: String::new(),
        fragments,
        explain,
    };
    (request, measures)
}

/// The members of the set `text` of an entity, between two moments.
pub(crate) fn members(
    question: &MembersQuestion,
    entity: &str,
    text: String,
    conditions: Vec<String>,
    [start, end]: [String; 2],
) -> v1::ListSetMembersRequest {
    v1::ListSetMembersRequest {
        tenant_id: String::new(),
        entity: entity.to_owned(),
        set: text,
        conditions,
        start,
        end,
        snapshot_selection: snapshots(question.selection.snapshots).into(),
        page_size: question.page_size,
        page_token: question.page_token.clone(),
    }
}

const fn snapshots(snapshots: Snapshots) -> v1::SnapshotSelection {
    match snapshots {
        Snapshots::Exact => v1::SnapshotSelection::Exact,
        Snapshots::Latest => v1::SnapshotSelection::Latest,
    }
}
