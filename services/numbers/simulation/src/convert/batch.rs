//! Batches of rows on the wire.

use crate::model::{
    rows::{Batch, Values},
    run::{Run, Target},
};
use proto_data::tessera::warehouse::v1;

/// A batch as `warehouse` loads it: the attributes that the entity's definition has, under a name that a repetition has too. Rows
/// whose key is there are left out, so that a batch that was written long ago is not written twice; the writer looks at their number.
pub(crate) fn load(
    run: &Run,
    target: &Target,
    number: u32,
    batch: Batch,
) -> v1::LoadRecordsRequest {
    let columns = batch.columns.into_iter();
    let wanted = columns.filter(|column| {
        target
            .attributes
            .iter()
            .any(|code| code == column.attribute)
    });
    let columns = wanted.map(|column| {
        let (texts, integers) = match column.values {
            Values::Texts(texts) => (texts, Vec::new()),
            Values::Integers(integers) => (Vec::new(), integers),
        };
        v1::ColumnValues {
            attribute: column.attribute.to_owned(),
            texts,
            integers,
            doubles: Vec::new(),
            nulls: column.absent,
        }
    });
    v1::LoadRecordsRequest {
        tenant_id: run.tenant.to_string(),
        entity: target.entity.clone(),
        columns: columns.collect(),
        mode: v1::WriteMode::Skip as i32,
        request_id: run.batch_name(&target.entity, number),
        source: run.source(),
    }
}
