//! Definitions for services that calculate with them: those asked for and all that they use, as of one moment, and the
//! version of the ontology, which tells whether an earlier answer still holds.

use super::{CHUNK, Change, Row, Store, consistency::REFERENCES, read};
use crate::{
    model::{Body, Definition, Kind, Record},
    schema::{definition_references as refs, definitions, ontologies},
};
use auth::Scope;
use db::{Conn, Failure, Page, page::Shape};
use diesel::prelude::*;
use error::Error;
use std::collections::{BTreeMap, BTreeSet};
use value::Id;

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    /// Codes of metrics and of entities.
    Codes {
        metrics: BTreeSet<String>,
        entities: BTreeSet<String>,
    },
    /// All there is.
    Everything,
}

/// Definitions as of one moment, each kind by code.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resolved {
    pub(crate) version: i64,
    /// Whether the version is the one that the caller knows; nothing else is filled then.
    pub(crate) unchanged: bool,
    pub(crate) entities: BTreeMap<String, Record>,
    pub(crate) metrics: BTreeMap<String, Record>,
    pub(crate) relationships: BTreeMap<String, Record>,
    /// Codes that were asked for, or are used by what was, and that there is nothing of.
    pub(crate) missing_metrics: Vec<String>,
    pub(crate) missing_entities: Vec<String>,
}

impl Store {
    /// The definitions that are asked for, with all they use; nothing but the version where it is still `known`.
    pub(crate) async fn resolve(
        &self,
        scope: &Scope,
        asked: Asked,
        known: i64,
    ) -> Result<Resolved, Error> {
        let tenant = scope.tenant();
        self.db
            .read(scope, move |c| {
                let version = version(c, tenant)?;
                if version == known && known > 0 {
                    return Ok(Resolved {
                        version,
                        unchanged: true,
                        ..Resolved::default()
                    });
                }
                let mut resolved = match asked {
                    Asked::Everything => everything(c, tenant)?,
                    Asked::Codes { metrics, entities } => closure(c, tenant, metrics, entities)?,
                };
                resolved.version = version;
                Ok(resolved)
            })
            .await
    }

    /// A page of the tenants in reach that have an ontology, with its version.
    pub(crate) async fn ontologies(
        &self,
        scope: &Scope,
        size: u16,
        token: &str,
    ) -> Result<Page<(Id, i64)>, Error> {
        let shape = Shape::of("ontologies", &());
        let after: Option<Id> = shape.key(token)?;
        let (tenants, limit) = (scope.tenants(), i64::from(size) + 1);
        let rows = self
            .db
            .read(scope, move |c| {
                let mut query = ontologies::table
                    .filter(ontologies::version.gt(0))
                    .select((ontologies::tenant, ontologies::version))
                    .into_boxed();
                if let auth::Tenants::One(tenant) = tenants {
                    query = query.filter(ontologies::tenant.eq(tenant));
                }
                if let Some(after) = after {
                    query = query.filter(ontologies::tenant.gt(after));
                }
                Ok(query.order(ontologies::tenant).limit(limit).load(c)?)
            })
            .await?;
        Ok(Page::cut(
            rows,
            usize::from(size),
            shape,
            |row: &(Id, i64)| row.0,
        ))
    }
}

/// The version of a tenant's ontology; 0 where nothing was ever defined.
fn version(c: &mut Conn, tenant: Id) -> QueryResult<i64> {
    let version = ontologies::table
        .find(tenant)
        .select(ontologies::version)
        .first(c)
        .optional()?;
    Ok(version.unwrap_or(0))
}

/// Counts a change, in the transaction that makes it; `of_ontology` says whether it makes a new version of the ontology.
/// The row is locked until the commit, so that versions are given in the order in which changes are seen.
pub(super) fn count(c: &mut Conn, change: &Change, of_ontology: bool) -> Result<(), Failure> {
    let step = i64::from(of_ontology);
    let new = (
        ontologies::tenant.eq(change.tenant),
        ontologies::version.eq(step),
        ontologies::changes.eq(1),
        ontologies::references_format.eq(REFERENCES),
        ontologies::created_at.eq(change.now),
        ontologies::updated_at.eq(change.now),
    );
    let next = (
        ontologies::version.eq(ontologies::version + step),
        ontologies::changes.eq(ontologies::changes + 1),
        ontologies::updated_at.eq(change.now),
    );
    db::on_each!(c, c => diesel::insert_into(ontologies::table)
        .values(new)
        .on_conflict(ontologies::tenant)
        .do_update()
        .set(next)
        .execute(c))?;
    Ok(())
}

fn everything(c: &mut Conn, tenant: Id) -> Result<Resolved, Failure> {
    let mut resolved = Resolved::default();
    for row in read::all(c, tenant, &[Kind::Entity, Kind::Metric, Kind::Relationship])? {
        let record = row.record()?;
        let of_kind = match record.definition.kind() {
            Kind::Entity => &mut resolved.entities,
            Kind::Metric => &mut resolved.metrics,
            _ => &mut resolved.relationships,
        };
        of_kind.insert(record.definition.code().to_owned(), record);
    }
    Ok(resolved)
}

/// A step for each level of metrics that are built on each other, each a query over what the one before has found.
fn closure(
    c: &mut Conn,
    tenant: Id,
    metrics: BTreeSet<String>,
    mut entities: BTreeSet<String>,
) -> Result<Resolved, Failure> {
    let mut resolved = Resolved::default();
    let (mut open, mut seen) = (metrics.clone(), metrics);
    while !open.is_empty() {
        let mut next = BTreeSet::new();
        for record in records(c, tenant, Kind::Metric, &open)? {
            for used in used(&record.definition) {
                match used {
                    (Kind::Metric, code) if seen.insert(code.clone()) => {
                        next.insert(code);
                    }
                    (Kind::Entity, code) => {
                        entities.insert(code);
                    }
                    _ => {}
                }
            }
            let code = record.definition.code().to_owned();
            resolved.metrics.insert(code, record);
        }
        open = next;
    }
    for record in records(c, tenant, Kind::Entity, &entities)? {
        let code = record.definition.code().to_owned();
        resolved.entities.insert(code, record);
    }
    for record in relationships(c, tenant, &resolved.entities)? {
        let code = record.definition.code().to_owned();
        resolved.relationships.insert(code, record);
    }
    let missing = |codes: BTreeSet<String>, known: &BTreeMap<String, Record>| -> Vec<String> {
        codes
            .into_iter()
            .filter(|code| !known.contains_key(code))
            .collect()
    };
    resolved.missing_metrics = missing(seen, &resolved.metrics);
    resolved.missing_entities = missing(entities, &resolved.entities);
    Ok(resolved)
}

/// What a metric uses: its fields say, and its formula, also that of a draft.
fn used(definition: &Definition) -> Vec<(Kind, String)> {
    let mut all = definition.references();
    if let Body::Metric(metric) = &definition.body {
        all.extend(metric.formula_references());
    }
    all.into_iter().map(|one| (one.kind, one.code)).collect()
}

fn records(
    c: &mut Conn,
    tenant: Id,
    kind: Kind,
    codes: &BTreeSet<String>,
) -> Result<Vec<Record>, Failure> {
    let codes: Vec<_> = codes.iter().cloned().collect();
    let mut found = Vec::with_capacity(codes.len());
    for codes in codes.chunks(CHUNK) {
        for row in read::lives(c, tenant, kind, codes.to_vec())? {
            found.push(row.record()?);
        }
    }
    Ok(found)
}

/// The relationships that have both ends among the entities.
fn relationships(
    c: &mut Conn,
    tenant: Id,
    entities: &BTreeMap<String, Record>,
) -> Result<Vec<Record>, Failure> {
    let codes: Vec<_> = entities.keys().cloned().collect();
    let mut found = BTreeMap::new();
    for codes in codes.chunks(CHUNK) {
        let ids = refs::table
            .filter(refs::tenant.eq(tenant))
            .filter(refs::from_kind.eq(Kind::Relationship.name()))
            .filter(refs::to_kind.eq(Kind::Entity.name()))
            .filter(refs::to_code.eq_any(codes.to_vec()))
            .select(refs::definition_id);
        let rows: Vec<Row> = definitions::table
            .filter(definitions::tenant.eq(tenant))
            .filter(definitions::id.eq_any(ids))
            .filter(definitions::deleted_at.is_null())
            .select(Row::as_select())
            .load(c)?;
        for row in rows {
            let record = row.record()?;
            let inside = |entity: &str| entities.contains_key(entity);
            if let Body::Relationship(relationship) = &record.definition.body
                && inside(&relationship.from.entity)
                && inside(&relationship.to.entity)
            {
                found.insert(record.id, record);
            }
        }
    }
    Ok(found.into_values().collect())
}
