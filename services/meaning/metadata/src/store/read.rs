//! Reading definitions one by one, many at once, and all of them.

use super::{Row, Store, not_found};
use crate::{
    model::{Kind, Record},
    schema::definitions,
};
use auth::Scope;
use db::{Conn, Failure, OrElse};
use diesel::prelude::*;
use error::Error;
use std::collections::HashMap;
use value::Id;

impl Store {
    /// One definition, also a deleted one; of any kind where none is given.
    pub(crate) async fn definition(
        &self,
        scope: &Scope,
        kind: Option<Kind>,
        id: Id,
    ) -> Result<Record, Error> {
        let tenant = scope.tenant();
        self.db
            .read(scope, move |c| find(c, tenant, kind, id)?.record())
            .await
    }

    /// The live definition of this code.
    pub(crate) async fn definition_of_code(
        &self,
        scope: &Scope,
        kind: Kind,
        code: &str,
    ) -> Result<Record, Error> {
        let (tenant, code) = (scope.tenant(), code.to_owned());
        self.db
            .read(scope, move |c| {
                live(c, tenant, kind, &code)
                    .on_missing(|| not_found(Some(kind), &code))?
                    .record()
            })
            .await
    }

    /// Those that there are, in the order of the ids, and the ids that name nothing.
    pub(crate) async fn definitions_of_ids(
        &self,
        scope: &Scope,
        kind: Kind,
        ids: Vec<Id>,
    ) -> Result<(Vec<Record>, Vec<Id>), Error> {
        let tenant = scope.tenant();
        self.db
            .read(scope, move |c| {
                let rows: Vec<Row> = definitions::table
                    .filter(definitions::tenant.eq(tenant))
                    .filter(definitions::kind.eq(kind.name()))
                    .filter(definitions::id.eq_any(ids.clone()))
                    .load(c)?;
                let mut rows: HashMap<Id, Row> =
                    rows.into_iter().map(|row| (row.id, row)).collect();
                let (mut found, mut missing) = (Vec::new(), Vec::new());
                for id in ids {
                    match rows.remove(&id) {
                        Some(row) => found.push(row.record()?),
                        None => missing.push(id),
                    }
                }
                Ok((found, missing))
            })
            .await
    }

    /// Every live definition of these kinds.
    pub(crate) async fn all_definitions(
        &self,
        scope: &Scope,
        kinds: Vec<Kind>,
    ) -> Result<Vec<Record>, Error> {
        let tenant = scope.tenant();
        self.db
            .read(scope, move |c| {
                all(c, tenant, &kinds)?
                    .into_iter()
                    .map(Row::record)
                    .collect()
            })
            .await
    }
}

/// The row of an id, also of a deleted definition.
pub(super) fn find(c: &mut Conn, tenant: Id, kind: Option<Kind>, id: Id) -> Result<Row, Failure> {
    let mut query = definitions::table
        .filter(definitions::tenant.eq(tenant))
        .filter(definitions::id.eq(id))
        .into_boxed();
    if let Some(kind) = kind {
        query = query.filter(definitions::kind.eq(kind.name()));
    }
    query.first(c).on_missing(|| not_found(kind, id))
}

/// The row of a live definition.
pub(super) fn live(c: &mut Conn, tenant: Id, kind: Kind, code: &str) -> QueryResult<Row> {
    definitions::table
        .filter(definitions::tenant.eq(tenant))
        .filter(definitions::kind.eq(kind.name()))
        .filter(definitions::code.eq(code))
        .filter(definitions::deleted_at.is_null())
        .first(c)
}

/// The live rows of these codes.
pub(super) fn lives(
    c: &mut Conn,
    tenant: Id,
    kind: Kind,
    codes: Vec<String>,
) -> QueryResult<Vec<Row>> {
    definitions::table
        .filter(definitions::tenant.eq(tenant))
        .filter(definitions::kind.eq(kind.name()))
        .filter(definitions::code.eq_any(codes))
        .filter(definitions::deleted_at.is_null())
        .load(c)
}

/// Every live row of these kinds.
pub(super) fn all(c: &mut Conn, tenant: Id, kinds: &[Kind]) -> QueryResult<Vec<Row>> {
    if kinds.is_empty() {
        return Ok(Vec::new());
    }
    let kinds: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
    definitions::table
        .filter(definitions::tenant.eq(tenant))
        .filter(definitions::kind.eq_any(kinds))
        .filter(definitions::deleted_at.is_null())
        .order((definitions::kind, definitions::code))
        .load(c)
}
