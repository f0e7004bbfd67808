//! What a caller may do with which kinds. Methods over several kinds need `metadata.ontology.*`, and beside it what
//! the methods of each kind need: whoever may not read metrics reads none in an export either.

use super::Api;
use crate::{convert, model::Kind};
use auth::Scope;
use error::{Error, reason};
use value::Id;

/// The kinds to answer with: those asked for, all of which must be allowed, or every kind that is.
pub(super) fn readable(scope: &Scope, asked: Vec<Kind>) -> Result<Vec<Kind>, Error> {
    if asked.is_empty() {
        return Ok(all_readable(scope));
    }
    for kind in &asked {
        may(scope, &kind.read_permission())?;
    }
    Ok(asked)
}

/// Every kind that the caller may read.
pub(super) fn all_readable(scope: &Scope) -> Vec<Kind> {
    let allowed = |kind: &Kind| scope.allows(&kind.read_permission());
    Kind::ALL.into_iter().filter(allowed).collect()
}

/// Refuses a change of these kinds to whoever may not change each of them.
pub(super) fn writable(scope: &Scope, kinds: impl IntoIterator<Item = Kind>) -> Result<(), Error> {
    kinds
        .into_iter()
        .try_for_each(|kind| may(scope, &kind.write_permission()))
}

/// Refuses what leaves the ontology broken to whoever does not administer it.
pub(super) fn administrable(scope: &Scope) -> Result<(), Error> {
    may(scope, "metadata.ontology.admin")
}

fn may(scope: &Scope, permission: &str) -> Result<(), Error> {
    if scope.allows(permission) {
        return Ok(());
    }
    let words = format!("the permission {permission} is needed");
    Err(Error::new(&reason::PERMISSION_DENIED, words).with_metadata("permission", permission))
}

impl Api {
    /// The id of a definition of any kind that the caller may read.
    pub(super) async fn to_read(&self, scope: &Scope, id: &str) -> Result<Id, Error> {
        let (id, kind) = self.kind_of(scope, id).await?;
        may(scope, &kind.read_permission())?;
        Ok(id)
    }

    /// The id of a definition of any kind that the caller may change.
    pub(super) async fn to_write(&self, scope: &Scope, id: &str) -> Result<Id, Error> {
        let (id, kind) = self.kind_of(scope, id).await?;
        may(scope, &kind.write_permission())?;
        Ok(id)
    }

    /// An id never changes its kind, so that what is allowed here is allowed in the transaction that follows.
    async fn kind_of(&self, scope: &Scope, id: &str) -> Result<(Id, Kind), Error> {
        let id = convert::id("id", id)?;
        let record = self.store.definition(scope, None, id).await?;
        Ok((id, record.definition.kind()))
    }
}
