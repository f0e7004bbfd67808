//! Rows of `drifts`, and pages of them, the latest first.

use super::Tables;
use crate::{
    model::drift::{DriftKind, DriftState},
    schema::drifts,
};
use auth::Scope;
use db::{Failure, Page, page::Shape};
use diesel::prelude::*;
use error::{Error, Result};
use value::{Id, Json, Time};

/// A row of `drifts`.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = drifts, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(super) struct Row {
    pub(super) id: Id,
    pub(super) tenant: Id,
    pub(super) table_id: Id,
    pub(super) entity: String,
    pub(super) attribute: String,
    pub(super) kind: String,
    pub(super) description: String,
    pub(super) statements: Json,
    pub(super) state: String,
    pub(super) loss: String,
    pub(super) actor: String,
    pub(super) version: i64,
    pub(super) created_at: Time,
    pub(super) updated_at: Time,
    pub(super) repaired_at: Option<Time>,
}

/// Something that was found wrong with a table.
#[derive(Clone, Debug)]
pub(crate) struct Drift {
    pub(crate) id: Id,
    pub(crate) entity: String,
    pub(crate) attribute: String,
    pub(crate) kind: DriftKind,
    pub(crate) description: String,
    pub(crate) sql: Vec<String>,
    pub(crate) state: DriftState,
    pub(crate) loss: String,
    pub(crate) actor: String,
    pub(crate) created: Time,
    pub(crate) repaired: Option<Time>,
}

impl Row {
    pub(super) fn drift(&self) -> Result<Drift, Failure> {
        let broken = |what: &str| Error::internal(format!("a stored drift has no such {what}"));
        Ok(Drift {
            id: self.id,
            entity: self.entity.clone(),
            attribute: self.attribute.clone(),
            kind: DriftKind::of_name(&self.kind).ok_or_else(|| broken("kind"))?,
            description: self.description.clone(),
            sql: self.statements.read().map_err(Error::internal)?,
            state: DriftState::of_name(&self.state).ok_or_else(|| broken("state"))?,
            loss: self.loss.clone(),
            actor: self.actor.clone(),
            created: self.created_at,
            repaired: self.repaired_at,
        })
    }
}

/// A page of drifts that is asked for.
#[derive(Clone, Debug)]
pub(crate) struct DriftQuery {
    pub(crate) entity: String,
    pub(crate) state: Option<DriftState>,
    pub(crate) size: u16,
    pub(crate) token: String,
}

impl Tables {
    /// A page of what was found, the latest first.
    pub(crate) async fn drifts(&self, scope: &Scope, query: DriftQuery) -> Result<Page<Drift>> {
        let DriftQuery {
            entity,
            state,
            size,
            token,
        } = query;
        let shape = Shape::of("drifts", &(&entity, state));
        let before: Option<(Time, Id)> = shape.key(&token)?;
        let (tenant, limit) = (scope.tenant(), i64::from(size) + 1);
        let rows = self
            .db()
            .read(scope, move |conn| {
                let mut query = drifts::table
                    .filter(drifts::tenant.eq(tenant))
                    .order((drifts::created_at.desc(), drifts::id.desc()))
                    .limit(limit)
                    .into_boxed();
                if !entity.is_empty() {
                    query = query.filter(drifts::entity.eq(entity.clone()));
                }
                if let Some(state) = state {
                    query = query.filter(drifts::state.eq(state.name()));
                }
                if let Some((time, id)) = before {
                    let earlier = drifts::created_at
                        .lt(time)
                        .or(drifts::created_at.eq(time).and(drifts::id.lt(id)));
                    query = query.filter(earlier);
                }
                let rows: Vec<Row> = query.load(conn)?;
                rows.iter().map(Row::drift).collect()
            })
            .await?;
        Ok(Page::cut(
            rows,
            usize::from(size),
            shape,
            |drift: &Drift| (drift.created, drift.id),
        ))
    }
}
