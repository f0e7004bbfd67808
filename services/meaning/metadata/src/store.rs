//! Rows of definitions. Every method takes the scope of its caller and stays inside its tenant.
//!
//! All kinds share four tables. A change writes first and checks afterwards, in the same serialisable transaction:
//! what would leave the ontology broken is rolled back, whoever else changes it at the same time.

mod check;
mod consistency;
mod findings;
mod history;
mod import;
mod list;
mod read;
mod references;
mod resolve;
mod typing;
mod write;

pub(crate) use check::Finding;
pub(crate) use findings::{FindingQuery, FindingRow, FindingState};
pub(crate) use import::{Import, Outcome, ResultLine};
pub(crate) use list::{Filter, Order, Query};
pub(crate) use references::{Ends, ReferenceRow};
pub(crate) use resolve::Asked;
pub(crate) use write::Target;

use crate::{
    model::{Definition, Kind, Record},
    schema::definitions,
};
use auth::Scope;
use db::{Db, Failure};
use diesel::prelude::*;
use error::Error;
use std::sync::Arc;
use value::{Clock, Id, Json, Time};

/// Both dialects of the tables.
pub(crate) static MIGRATIONS: db::Migrations = db::migrations!(
    "metadata",
    sqlite = "../../../migrations/metadata/sqlite",
    postgres = "../../../migrations/metadata/postgres"
);

/// Codes or ids that one statement asks for: fewer than either database takes parameters.
const CHUNK: usize = 10_000;

/// The rows of metadata.
#[derive(Clone)]
pub(crate) struct Store {
    db: Db,
    clock: Arc<dyn Clock>,
}

/// What every change notes: in which tenant, when and by whom.
#[derive(Clone, Debug)]
struct Change {
    tenant: Id,
    now: Time,
    actor: String,
    scope: Scope,
}

impl Store {
    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }

    fn change(&self, scope: &Scope) -> Change {
        Change {
            tenant: scope.tenant(),
            now: self.clock.now(),
            actor: scope.actor(),
            scope: scope.clone(),
        }
    }
}

/// A row of `definitions`.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = definitions, treat_none_as_default_value = false)]
struct Row {
    id: Id,
    tenant: Id,
    kind: String,
    code: String,
    name_key: String,
    search: String,
    state: String,
    value_chain: String,
    module: String,
    document: Json,
    version: i64,
    created_at: Time,
    updated_at: Time,
    deleted_at: Option<Time>,
}

impl Row {
    fn of(tenant: Id, record: &Record) -> Self {
        let definition = &record.definition;
        let module = definition.header.module.clone().unwrap_or_default();
        Self {
            id: record.id,
            tenant,
            kind: definition.kind().name().to_owned(),
            code: definition.code().to_owned(),
            name_key: definition.header.name.to_lowercase(),
            search: definition.search_text(),
            state: definition.state().name().to_owned(),
            value_chain: module.value_chain,
            module: module.module,
            document: Json(definition.document()),
            version: record.version,
            created_at: record.created,
            updated_at: record.updated,
            deleted_at: record.deleted,
        }
    }

    fn record(self) -> Result<Record, Failure> {
        Ok(Record {
            id: self.id,
            version: self.version,
            created: self.created_at,
            updated: self.updated_at,
            deleted: self.deleted_at,
            definition: definition(&self.kind, self.document)?,
        })
    }
}

/// What a stored document says. One that cannot be read is a defect, not the caller's mistake.
fn definition(kind: &str, document: Json) -> Result<Definition, Failure> {
    Ok(Definition::of_document(stored_kind(kind)?, document.0).map_err(Error::internal)?)
}

fn stored_kind(name: &str) -> Result<Kind, Failure> {
    Ok(Kind::of_name(name)
        .ok_or_else(|| Error::internal(format!("a stored definition is of kind `{name}`")))?)
}

fn not_found(kind: Option<Kind>, key: impl std::fmt::Display) -> Error {
    Error::not_found(kind.map_or("definition", Kind::name), key)
}
