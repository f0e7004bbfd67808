//! Lists of definitions: typed filters, four orders both ways, and pages that stay put while others write.

use super::{Row, Store};
use crate::{
    model::{Kind, Record, State},
    schema::{definition_references, definition_tags, definitions},
};
use auth::Scope;
use db::{MultiBackend, Page, page::Shape};
use diesel::{dsl::exists, prelude::*};
use error::Error;
use serde::Serialize;
use value::{Id, Time};

/// Which definitions a list has; what is empty does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Filter {
    pub(crate) kinds: Vec<Kind>,
    pub(crate) text: String,
    pub(crate) states: Vec<State>,
    pub(crate) value_chain: String,
    pub(crate) module: String,
    pub(crate) tags: Vec<String>,
    pub(crate) references: Option<(Kind, String)>,
    pub(crate) show_deleted: bool,
}

/// What a list is sorted by; ties are broken by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) enum Order {
    #[default]
    Code,
    Name,
    Created,
    Updated,
}

/// One page that is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) filter: Filter,
    pub(crate) order: Order,
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
                        .or($column.eq(key).and(definitions::id.gt(id))),
                )
                .order(($column.asc(), definitions::id.asc())),
            (Some((key, id)), true) => query
                .filter(
                    $column
                        .lt(key.clone())
                        .or($column.eq(key).and(definitions::id.lt(id))),
                )
                .order(($column.desc(), definitions::id.desc())),
            (None, false) => query.order(($column.asc(), definitions::id.asc())),
            (None, true) => query.order(($column.desc(), definitions::id.desc())),
        }
    }};
}

impl Store {
    /// A page of definitions.
    pub(crate) async fn list(&self, scope: &Scope, query: Query) -> Result<Page<Record>, Error> {
        let Query {
            filter,
            order,
            descending,
            size,
            token,
        } = query;
        let shape = Shape::of("definitions", &(&filter, order, descending));
        let text: Option<(String, Id)>;
        let time: Option<(Time, Id)>;
        match order {
            Order::Code | Order::Name => (text, time) = (shape.key(&token)?, None),
            Order::Created | Order::Updated => (text, time) = (None, shape.key(&token)?),
        }
        let (tenant, limit) = (scope.tenant(), i64::from(size) + 1);
        let rows: Vec<Record> = self
            .db
            .read(scope, move |c| {
                let query = filtered(tenant, &filter);
                let query = match order {
                    Order::Code => ordered!(query, definitions::code, text, descending),
                    Order::Name => ordered!(query, definitions::name_key, text, descending),
                    Order::Created => ordered!(query, definitions::created_at, time, descending),
                    Order::Updated => ordered!(query, definitions::updated_at, time, descending),
                };
                let rows: Vec<Row> = query.limit(limit).load(c)?;
                rows.into_iter().map(Row::record).collect()
            })
            .await?;
        let size = usize::from(size);
        Ok(match order {
            Order::Code => Page::cut(rows, size, shape, |row| {
                (row.definition.code().to_owned(), row.id)
            }),
            Order::Name => Page::cut(rows, size, shape, |row| {
                (row.definition.header.name.to_lowercase(), row.id)
            }),
            Order::Created => Page::cut(rows, size, shape, |row| (row.created, row.id)),
            Order::Updated => Page::cut(rows, size, shape, |row| (row.updated, row.id)),
        })
    }
}

fn filtered(tenant: Id, filter: &Filter) -> definitions::BoxedQuery<'static, MultiBackend> {
    let mut query = definitions::table
        .filter(definitions::tenant.eq(tenant))
        .into_boxed();
    if !filter.kinds.is_empty() {
        let kinds: Vec<_> = filter.kinds.iter().map(|kind| kind.name()).collect();
        query = query.filter(definitions::kind.eq_any(kinds));
    }
    if !filter.show_deleted {
        query = query.filter(definitions::deleted_at.is_null());
    }
    for word in filter.text.to_lowercase().split_whitespace() {
        query = query.filter(definitions::search.like(contains(word)).escape('!'));
    }
    if !filter.states.is_empty() {
        let states: Vec<_> = filter.states.iter().map(|state| state.name()).collect();
        query = query.filter(definitions::state.eq_any(states));
    }
    if !filter.value_chain.is_empty() {
        query = query.filter(definitions::value_chain.eq(filter.value_chain.clone()));
    }
    if !filter.module.is_empty() {
        query = query.filter(definitions::module.eq(filter.module.clone()));
    }
    for tag in &filter.tags {
        let tagged = definition_tags::table
            .filter(definition_tags::tenant.eq(tenant))
            .filter(definition_tags::tag.eq(tag.clone()))
            .filter(definition_tags::definition_id.eq(definitions::id));
        query = query.filter(exists(tagged));
    }
    if let Some((kind, code)) = &filter.references {
        let referring = definition_references::table
            .filter(definition_references::tenant.eq(tenant))
            .filter(definition_references::to_kind.eq(kind.name()))
            .filter(definition_references::to_code.eq(code.clone()))
            .filter(definition_references::definition_id.eq(definitions::id));
        query = query.filter(exists(referring));
    }
    query
}

/// A pattern for text with `word` in it; what LIKE takes for a wildcard stands for itself.
fn contains(word: &str) -> String {
    let plain = word
        .replace('!', "!!")
        .replace('%', "!%")
        .replace('_', "!_");
    format!("%{plain}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_themselves() {
        assert_eq!(contains("50%_!"), "%50!%!_!!%");
    }
}
