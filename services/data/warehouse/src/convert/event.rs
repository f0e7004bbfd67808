//! What the service tells others of rows.

use crate::{model::table::TableShape, store::change::Touched};
use prost::Message;
use proto_data::tessera::warehouse::v1;

/// Where changes of rows are told.
pub(crate) const RECORDS_CHANGED: &str = "tessera.warehouse.v1.RecordsChanged";

/// The event of a change of rows, encoded.
pub(crate) fn records_changed(
    shape: &TableShape,
    data_version: i64,
    touched: &Touched,
    actor: &str,
) -> Vec<u8> {
    let range = touched.deltas.range();
    let text = |time: Option<value::Time>| time.map_or(String::new(), |time| time.to_string());
    v1::RecordsChanged {
        entity: shape.entity.clone(),
        data_version,
        inserted: touched.inserted,
        updated: touched.updated,
        deleted: touched.deleted,
        start_time: text(range.map(|(start, _)| start)),
        end_time: text(range.map(|(_, end)| end)),
        actor: actor.to_owned(),
    }
    .encode_to_vec()
}
