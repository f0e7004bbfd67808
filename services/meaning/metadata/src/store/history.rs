//! The history of a definition.

use super::{Store, definition, read::find};
use crate::{
    model::{Action, Version},
    schema::definition_versions as versions,
};
use auth::Scope;
use db::{Failure, OrElse, Page, page::Shape};
use diesel::prelude::*;
use error::Error;
use value::{Id, Json, Time};

#[derive(Queryable)]
struct VersionRow {
    definition_id: Id,
    version: i64,
    _tenant: Id,
    action: String,
    actor: String,
    document: Json,
    created_at: Time,
}

impl VersionRow {
    fn version(self, kind: &str) -> Result<Version, Failure> {
        let action = Action::of_name(&self.action);
        let action = action
            .ok_or_else(|| Error::internal(format!("a version was made by `{}`", self.action)))?;
        Ok(Version {
            id: self.definition_id,
            version: self.version,
            action,
            actor: self.actor,
            created: self.created_at,
            definition: definition(kind, self.document)?,
        })
    }
}

impl Store {
    /// A page of versions, newest first.
    pub(crate) async fn versions(
        &self,
        scope: &Scope,
        id: Id,
        size: u16,
        token: &str,
    ) -> Result<Page<Version>, Error> {
        let shape = Shape::of("versions", &id);
        let before: Option<i64> = shape.key(token)?;
        let (tenant, limit) = (scope.tenant(), i64::from(size) + 1);
        let rows = self
            .db
            .read(scope, move |c| {
                let kind = find(c, tenant, None, id)?.kind;
                let rows: Vec<VersionRow> = versions::table
                    .filter(versions::tenant.eq(tenant))
                    .filter(versions::definition_id.eq(id))
                    .filter(versions::version.lt(before.unwrap_or(i64::MAX)))
                    .order(versions::version.desc())
                    .limit(limit)
                    .load(c)?;
                rows.into_iter().map(|row| row.version(&kind)).collect()
            })
            .await?;
        Ok(Page::cut(
            rows,
            usize::from(size),
            shape,
            |version: &Version| version.version,
        ))
    }

    /// One version; 0 is the newest.
    pub(crate) async fn version(
        &self,
        scope: &Scope,
        id: Id,
        version: i64,
    ) -> Result<Version, Error> {
        let tenant = scope.tenant();
        self.db
            .read(scope, move |c| {
                let newest = find(c, tenant, None, id)?;
                let version = if version == 0 {
                    newest.version
                } else {
                    version
                };
                let row: VersionRow = versions::table
                    .filter(versions::tenant.eq(tenant))
                    .filter(versions::definition_id.eq(id))
                    .filter(versions::version.eq(version))
                    .first(c)
                    .on_missing(|| Error::not_found("version", version))?;
                row.version(&newest.kind)
            })
            .await
    }
}
