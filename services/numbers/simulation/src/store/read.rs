//! Reading runs one by one, many at once, and by pages.

use super::{Row, Store, find};
use crate::{
    model::run::{Run, RunState},
    schema::runs,
};
use auth::Scope;
use db::{Page, page::Shape};
use diesel::prelude::*;
use error::Error;
use std::collections::HashMap;
use value::Id;

/// Which runs a list has; what is empty does not restrict.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// Of this scenario.
    pub(crate) scenario: String,
    /// In this state.
    pub(crate) state: Option<RunState>,
}

/// One page that is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) filter: Filter,
    pub(crate) size: u16,
    pub(crate) token: String,
}

impl Store {
    /// One run.
    pub(crate) async fn run(&self, scope: &Scope, id: Id) -> Result<Run, Error> {
        let tenant = scope.tenant();
        self.db.read(scope, move |c| find(c, tenant, id)).await
    }

    /// Those that there are, in the order of the ids, and the ids that name nothing.
    pub(crate) async fn runs(
        &self,
        scope: &Scope,
        ids: Vec<Id>,
    ) -> Result<(Vec<Run>, Vec<Id>), Error> {
        let tenant = scope.tenant();
        self.db
            .read(scope, move |c| {
                let rows: Vec<Row> = runs::table
                    .filter(runs::tenant.eq(tenant))
                    .filter(runs::id.eq_any(ids.clone()))
                    .load(c)?;
                let mut rows: HashMap<Id, Row> =
                    rows.into_iter().map(|row| (row.id, row)).collect();
                let (mut found, mut missing) = (Vec::new(), Vec::new());
                for id in ids {
                    match rows.remove(&id) {
                        Some(row) => found.push(row.run()?),
                        None => missing.push(id),
                    }
                }
                Ok((found, missing))
            })
            .await
    }

    /// A page of runs, the latest first.
    pub(crate) async fn list(&self, scope: &Scope, query: Query) -> Result<Page<Run>, Error> {
        let tenant = scope.tenant();
        let Query {
            filter,
            size,
            token,
        } = query;
        let state = filter.state.map(RunState::name);
        let shape = Shape::of("runs", &(&filter.scenario, state));
        let after: Option<Id> = shape.key(&token)?;
        self.db
            .read(scope, move |c| {
                let mut query = runs::table
                    .filter(runs::tenant.eq(tenant))
                    .order(runs::id.desc())
                    .limit(i64::from(size) + 1)
                    .into_boxed();
                if !filter.scenario.is_empty() {
                    query = query.filter(runs::scenario.eq(filter.scenario));
                }
                if let Some(state) = state {
                    query = query.filter(runs::state.eq(state));
                }
                if let Some(after) = after {
                    query = query.filter(runs::id.lt(after));
                }
                let rows: Vec<Row> = query.load(c)?;
                let rows = rows
                    .into_iter()
                    .map(Row::run)
                    .collect::<Result<Vec<_>, _>>()?;
                Ok(Page::cut(rows, size.into(), shape, |run| run.id))
            })
            .await
    }
}
