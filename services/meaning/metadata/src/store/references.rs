//! Who refers to whom.

use super::{Store, read::find, stored_kind};
use crate::{
    model::Kind,
    schema::{definition_references as refs, definitions},
};
use auth::Scope;
use db::{Failure, Page, page::Shape};
use diesel::prelude::*;
use error::Error;
use serde::Serialize;
use std::collections::HashMap;
use value::{Id, Json};

/// One reference between live definitions.
#[derive(Clone, Debug)]
pub(crate) struct ReferenceRow {
    pub(crate) from: Named,
    pub(crate) path: String,
    pub(crate) to: Named,
    pub(crate) part: String,
}

/// Which references of a definition.
#[derive(Clone, Debug, Serialize)]
pub(crate) enum Ends {
    /// What it refers to.
    Own,
    /// Who refers to it, or to a part of it; an empty part is all.
    Incoming { part: String },
}

/// A definition by all its names.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) id: Id,
    pub(crate) kind: Kind,
    pub(crate) code: String,
    pub(crate) name: String,
}

type Plain = (Id, String, String, String, String, String, String);

impl Store {
    /// A page of the references to a definition, or of its own; at the other end are these kinds.
    pub(crate) async fn references(
        &self,
        scope: &Scope,
        id: Id,
        ends: Ends,
        kinds: Vec<Kind>,
        size: u16,
        token: &str,
    ) -> Result<Page<ReferenceRow>, Error> {
        let shape = Shape::of("references", &(id, &ends, &kinds));
        let after: Option<(Id, String)> = shape.key(token)?;
        let (tenant, limit) = (scope.tenant(), i64::from(size) + 1);
        let kinds: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
        let rows = self
            .db
            .read(scope, move |c| {
                let own = find(c, tenant, None, id)?;
                let columns = (
                    refs::definition_id,
                    refs::from_kind,
                    refs::from_code,
                    refs::path,
                    refs::to_kind,
                    refs::to_code,
                    refs::to_part,
                );
                let mut query = refs::table
                    .filter(refs::tenant.eq(tenant))
                    .select(columns)
                    .into_boxed();
                query = match ends {
                    Ends::Incoming { part } => {
                        query = query
                            .filter(refs::to_kind.eq(own.kind))
                            .filter(refs::to_code.eq(own.code))
                            .filter(refs::from_kind.eq_any(kinds));
                        match part.as_str() {
                            "" => query,
                            _ => query.filter(refs::to_part.eq(part)),
                        }
                    }
                    Ends::Own => query
                        .filter(refs::definition_id.eq(id))
                        .filter(refs::to_kind.eq_any(kinds)),
                };
                if let Some((id, path)) = after {
                    let same = refs::definition_id.eq(id).and(refs::path.gt(path));
                    query = query.filter(refs::definition_id.gt(id).or(same));
                }
                let rows: Vec<Plain> = query
                    .order((refs::definition_id, refs::path))
                    .limit(limit)
                    .load(c)?;
                named(c, tenant, rows)
            })
            .await?;
        Ok(Page::cut(
            rows,
            usize::from(size),
            shape,
            |row: &ReferenceRow| (row.from.id, row.path.clone()),
        ))
    }
}

/// Adds ids and names to references that hold kinds and codes.
fn named(c: &mut db::Conn, tenant: Id, rows: Vec<Plain>) -> Result<Vec<ReferenceRow>, Failure> {
    let mut codes: Vec<_> = rows
        .iter()
        .flat_map(|row| [row.2.clone(), row.5.clone()])
        .collect();
    codes.sort_unstable();
    codes.dedup();
    let known: Vec<(String, String, Id, Json)> = definitions::table
        .filter(definitions::tenant.eq(tenant))
        .filter(definitions::code.eq_any(codes))
        .filter(definitions::deleted_at.is_null())
        .select((
            definitions::kind,
            definitions::code,
            definitions::id,
            definitions::document,
        ))
        .load(c)?;
    let known: HashMap<_, _> = known
        .into_iter()
        .map(|(kind, code, id, document)| {
            let name = document
                .0
                .get("name")
                .and_then(|name| name.as_str())
                .unwrap_or_default()
                .to_owned();
            ((kind, code), (id, name))
        })
        .collect();
    let name = |kind: String, code: String| -> Result<Named, Failure> {
        let stored = stored_kind(&kind)?;
        let (id, name) = known
            .get(&(kind, code.clone()))
            .cloned()
            .unwrap_or_default();
        Ok(Named {
            id,
            kind: stored,
            code,
            name,
        })
    };
    let reference = |(_, from_kind, from_code, path, to_kind, to_code, part): Plain| {
        Ok(ReferenceRow {
            from: name(from_kind, from_code)?,
            path,
            to: name(to_kind, to_code)?,
            part,
        })
    };
    rows.into_iter().map(reference).collect()
}
