//! Publications as they are kept. Every method takes the scope of its caller and stays inside its tenant; what a caller sees only some
//! of the rows of does not exist for them.

mod read;
mod write;

pub(crate) use read::{History, List};
pub(crate) use write::{keep, take_back_if_there};

use crate::{
    model::publication::{Entry, Figure, Past, Publication},
    schema::{metric_history, publication_entities, publications},
};
use auth::Scope;
use db::{Conn, Db, Failure};
use diesel::prelude::*;
use error::Error;
use std::{collections::HashMap, sync::Arc};
use value::{Clock, Id, Json, Time};

/// Both dialects of the tables.
pub(crate) static MIGRATIONS: db::Migrations = db::migrations!(
    "calculation",
    sqlite = "../../../migrations/calculation/sqlite",
    postgres = "../../../migrations/calculation/postgres"
);

/// The rows of `calculation`.
#[derive(Clone)]
pub(crate) struct Store {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl Store {
    /// A store over the service's database.
    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }
}

/// A row of `publications` without its explanation.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = publications)]
struct Head {
    id: Id,
    metric: String,
    metric_version: i64,
    question: Vec<u8>,
    unit: String,
    format: String,
    value_type: String,
    row_count: i32,
    actor: String,
    operation: Option<Id>,
    as_of_at: Time,
    created_at: Time,
}

impl Head {
    fn publication(self, entities: Vec<String>) -> Publication {
        Publication {
            id: self.id,
            metric: self.metric,
            metric_version: self.metric_version,
            question: self.question,
            explanation: Vec::new(),
            unit: self.unit,
            format: self.format,
            value_type: self.value_type,
            entities,
            rows: self.row_count,
            actor: self.actor,
            operation: self.operation,
            as_of: self.as_of_at,
            created: self.created_at,
        }
    }
}

/// A row of `metric_history`.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = metric_history, treat_none_as_default_value = false)]
struct Line {
    publication: Id,
    ordinal: i32,
    tenant: Id,
    metric: String,
    metric_version: i64,
    period_start: String,
    period_end: String,
    dimensions: Json,
    value_text: Option<String>,
    value_number: Option<f64>,
    exactness: String,
    fraction: String,
    missing: String,
    level: String,
    as_of_at: Time,
    created_at: Time,
}

impl Line {
    fn of(
        tenant: Id,
        publication: &Publication,
        ordinal: i32,
        entry: &Entry,
    ) -> Result<Self, Failure> {
        let figure = &entry.figure;
        Ok(Self {
            publication: publication.id,
            ordinal,
            tenant,
            metric: publication.metric.clone(),
            metric_version: publication.metric_version,
            period_start: entry.start.clone(),
            period_end: entry.end.clone(),
            dimensions: Json::of(&entry.dimensions).map_err(Error::internal)?,
            value_text: figure.text.clone(),
            value_number: figure.number,
            exactness: figure.exactness.clone(),
            fraction: figure.fraction.clone(),
            missing: figure.missing.clone(),
            level: entry.level.clone(),
            as_of_at: publication.as_of,
            created_at: publication.created,
        })
    }

    fn past(self) -> Result<Past, Failure> {
        Ok(Past {
            publication: self.publication,
            ordinal: self.ordinal,
            metric_version: self.metric_version,
            entry: Entry {
                start: self.period_start,
                end: self.period_end,
                dimensions: self.dimensions.read().map_err(Error::internal)?,
                figure: Figure {
                    text: self.value_text,
                    number: self.value_number,
                    exactness: self.exactness,
                    missing: self.missing,
                    fraction: self.fraction,
                },
                level: self.level,
            },
            as_of: self.as_of_at,
            created: self.created_at,
        })
    }
}

/// The entities that row filters hide rows of from whoever asks.
fn hidden(scope: &Scope) -> Vec<String> {
    let filters = scope.row_filters();
    filters
        .iter()
        .map(|(entity, _)| entity.to_owned())
        .collect()
}

/// The publication of an id, where its caller sees all rows behind it.
fn find(c: &mut Conn, tenant: Id, hidden: &[String], id: Id) -> Result<Publication, Failure> {
    let head: Option<Head> = publications::table
        .filter(publications::tenant.eq(tenant))
        .filter(publications::id.eq(id))
        .select(Head::as_select())
        .first(c)
        .optional()?;
    let missing = || Failure::from(Error::not_found("publication", id));
    let head = head.ok_or_else(missing)?;
    let mut entities = entities(c, tenant, &[id])?;
    let publication = head.publication(entities.remove(&id).unwrap_or_default());
    if publication
        .entities
        .iter()
        .any(|entity| hidden.contains(entity))
    {
        return Err(missing());
    }
    Ok(publication)
}

/// What publications read, sorted.
fn entities(c: &mut Conn, tenant: Id, ids: &[Id]) -> Result<HashMap<Id, Vec<String>>, Failure> {
    let rows: Vec<(Id, String)> = publication_entities::table
        .filter(publication_entities::tenant.eq(tenant))
        .filter(publication_entities::publication.eq_any(ids.to_vec()))
        .order((
            publication_entities::publication,
            publication_entities::entity,
        ))
        .select((
            publication_entities::publication,
            publication_entities::entity,
        ))
        .load(c)?;
    let mut found: HashMap<Id, Vec<String>> = HashMap::new();
    for (id, entity) in rows {
        found.entry(id).or_default().push(entity);
    }
    Ok(found)
}
