//! What a caller must be allowed besides the method itself. Runs write in the background, where nobody's rights narrow anything, so
//! all of it is asked for here.

use crate::reasons::ROWS_HIDDEN;
use auth::Scope;
use error::{Error, reason};

/// Needed to write rows and to take them away.
pub(super) const WRITE_RECORDS: &str = "warehouse.records.write";
/// Needed to define what a scenario writes and measures.
pub(super) const DEFINE: [&str; 4] = [
    "metadata.ontology.write",
    "metadata.entities.write",
    "metadata.relationships.write",
    "metadata.metrics.write",
];

/// Fails unless the caller also holds a permission.
pub(super) fn may(scope: &Scope, permission: &str) -> Result<(), Error> {
    if scope.allows(permission) {
        return Ok(());
    }
    let words = format!("the permission {permission} is needed");
    Err(Error::new(&reason::PERMISSION_DENIED, words).with_metadata("permission", permission))
}

/// Fails where the caller sees only some of the rows of an entity: what is written, taken away or told is about all of them.
pub(super) fn unfiltered<'a>(
    scope: &Scope,
    entities: impl IntoIterator<Item = &'a str>,
) -> Result<(), Error> {
    let filters = scope.row_filters();
    match entities
        .into_iter()
        .find(|entity| filters.of(entity).is_some())
    {
        None => Ok(()),
        Some(entity) => {
            let words = format!("row filters hide rows of {entity} from you");
            Err(Error::new(&ROWS_HIDDEN, words).with_metadata("entity", entity))
        }
    }
}
