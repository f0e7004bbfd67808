//! Pages of tables and of chunks.

use super::{Tables, chunks, registry, whole};
use crate::{
    model::{
        chunk::Chunk,
        table::{TableShape, TableState},
        view::View,
    },
    reasons,
    schema::tables,
    store::{Viewer, records::total},
};
use auth::Scope;
use db::{Page, page::Shape};
use diesel::prelude::*;
use error::{Error, Result};
use serde::Serialize;
use std::sync::Arc;
use value::{Id, Time};

/// What a list of tables is sorted by; ties are broken by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) enum TableOrder {
    #[default]
    Entity,
    Rows,
    Updated,
}

/// A page of tables that is asked for.
#[derive(Clone, Debug)]
pub(crate) struct ListQuery {
    pub(crate) state: Option<TableState>,
    pub(crate) entity_prefix: String,
    pub(crate) order: TableOrder,
    pub(crate) descending: bool,
    pub(crate) size: u16,
    pub(crate) token: String,
}

/// Goes on after a row: greater key, or the same key and greater id; the other way round when descending.
macro_rules! ordered {
    ($query:expr, $column:expr, $after:expr, $descending:expr) => {{
        let query = $query;
        match ($after, $descending) {
            (Some((key, id)), false) => query
                .filter(
                    $column
                        .gt(key.clone())
                        .or($column.eq(key).and(tables::id.gt(id))),
                )
                .order(($column.asc(), tables::id.asc())),
            (Some((key, id)), true) => query
                .filter(
                    $column
                        .lt(key.clone())
                        .or($column.eq(key).and(tables::id.lt(id))),
                )
                .order(($column.desc(), tables::id.desc())),
            (None, false) => query.order(($column.asc(), tables::id.asc())),
            (None, true) => query.order(($column.desc(), tables::id.desc())),
        }
    }};
}

impl Tables {
    /// A page of tables, as they are.
    pub(crate) async fn list(&self, scope: &Scope, query: ListQuery) -> Result<Page<TableShape>> {
        let ListQuery {
            state,
            entity_prefix,
            order,
            descending,
            size,
            token,
        } = query;
        let shape = Shape::of("tables", &(&state, &entity_prefix, order, descending));
        let (mut text, mut number, mut time) = (None, None, None);
        match order {
            TableOrder::Entity => text = shape.key::<(String, Id)>(&token)?,
            TableOrder::Rows => number = shape.key::<(i64, Id)>(&token)?,
            TableOrder::Updated => time = shape.key::<(Time, Id)>(&token)?,
        }
        let (tenant, limit, ground) = (scope.tenant(), i64::from(size) + 1, self.ground());
        let rows = self
            .db()
            .read(scope, move |conn| {
                let mut query = tables::table
                    .filter(tables::tenant.eq(tenant))
                    .limit(limit)
                    .into_boxed();
                if let Some(state) = state {
                    query = match state {
                        TableState::Orphaned => query.filter(tables::state.eq(state.name())),
                        TableState::Damaged => query
                            .filter(tables::damage.ne(""))
                            .filter(tables::state.ne(TableState::Orphaned.name())),
                        _ => query
                            .filter(tables::damage.eq(""))
                            .filter(tables::state.eq(state.name())),
                    };
                }
                if !entity_prefix.is_empty() {
                    // Codes are ASCII; what is no beginning of a code finds nothing.
                    let end = format!("{entity_prefix}\u{10ffff}");
                    query = query.filter(tables::entity.ge(entity_prefix.clone()));
                    query = query.filter(tables::entity.lt(end));
                }
                let query = match order {
                    TableOrder::Entity => ordered!(query, tables::entity, text, descending),
                    TableOrder::Rows => ordered!(query, tables::rows, number, descending),
                    TableOrder::Updated => ordered!(query, tables::updated_at, time, descending),
                };
                let rows: Vec<registry::Row> = query.load(conn)?;
                rows.into_iter().map(|row| row.shape(&ground)).collect()
            })
            .await?;
        let size = usize::from(size);
        Ok(match order {
            TableOrder::Entity => Page::cut(rows, size, shape, |row: &TableShape| {
                (row.entity.clone(), row.id)
            }),
            TableOrder::Rows => Page::cut(rows, size, shape, |row| (row.rows, row.id)),
            TableOrder::Updated => Page::cut(rows, size, shape, |row| (row.updated, row.id)),
        })
    }

    /// The tables of these entities that there are, in this order, and the codes without one.
    pub(crate) async fn batch(
        &self,
        scope: &Scope,
        codes: Vec<String>,
    ) -> Result<(Vec<TableShape>, Vec<String>)> {
        let (tenant, ground) = (scope.tenant(), self.ground());
        self.db()
            .read(scope, move |conn| {
                let mut found = registry::of_codes(conn, &ground, tenant, &codes)?;
                let at = |code: &str| codes.iter().position(|known| known == code);
                found.sort_by_key(|shape| at(&shape.entity));
                let missing = codes
                    .iter()
                    .filter(|code| !found.iter().any(|shape| shape.entity == **code))
                    .cloned()
                    .collect();
                Ok((found, missing))
            })
            .await
    }

    /// How many rows of a table these filters show; 0 where that cannot be said.
    pub(crate) async fn visible_rows(&self, viewer: &Viewer, shape: &TableShape) -> Result<i64> {
        let readable = shape.state != TableState::Orphaned && whole(shape).is_ok();
        if !readable {
            return Ok(0);
        }
        let (filters, end) = (Arc::clone(&viewer.filters), viewer.end);
        let entities = vec![shape.entity.clone()];
        let count = self.read(&viewer.scope, entities, move |conn, shapes| {
            let view = View::new(&shapes[0], &filters)?;
            conn.until(end, |conn| total(conn, &view, &[]))
        });
        match count.await {
            Err(error) if error.is(&reasons::ROW_FILTER_INVALID) => Ok(0),
            outcome => outcome,
        }
    }

    /// A page of the chunks of a table, the latest first.
    pub(crate) async fn chunks(
        &self,
        scope: &Scope,
        entity: &str,
        size: u16,
        token: &str,
    ) -> Result<Page<Chunk>> {
        let shape = Shape::of("chunks", &entity);
        let before: Option<Time> = shape.key(token)?;
        let (tenant, ground) = (scope.tenant(), self.ground());
        let (code, limit) = (entity.to_owned(), i64::from(size) + 1);
        let rows = self
            .db()
            .read(scope, move |conn| {
                let codes = [code];
                let found = registry::of_codes(conn, &ground, tenant, &codes)?;
                let [code] = codes;
                let table = found
                    .first()
                    .ok_or_else(|| Error::not_found("table", code))?;
                let timed = table.chunk_interval.is_some();
                chunks::page(conn, tenant, table.id, timed, before, limit)
            })
            .await?;
        Ok(Page::cut(rows, usize::from(size), shape, |chunk| {
            chunk.start
        }))
    }
}
