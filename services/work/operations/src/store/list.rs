//! Lists of operations. A page is merged from short runs of one index, one for each security level and state: no
//! filter makes the database sort, or read past what it does not give.

use super::{Known, Row, Store, clearance, live};
use crate::model::{clearance::Level, state::State};
use crate::schema::{operation_kinds, operation_tags, operations};
use auth::Scope;
use db::page::{Page, Shape};
use db::{Conn, Failure};
use diesel::prelude::*;
use error::Result;
use serde::Serialize;
use value::{Id, Time};

/// Which operations a list has; what is empty does not restrict.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Filter {
    /// Of this service.
    pub(crate) service: String,
    /// Of this kind.
    pub(crate) kind: String,
    /// In one of these states.
    pub(crate) states: Vec<&'static str>,
    /// Begun by this principal.
    pub(crate) principal_id: Option<Id>,
    /// With this tag.
    pub(crate) tag: String,
    /// Begun by this operation.
    pub(crate) parent_id: Option<Id>,
    /// Begun by this schedule.
    pub(crate) schedule_id: Option<Id>,
    /// Of those that belong together.
    pub(crate) correlation_id: String,
    /// Asked for then or later.
    pub(crate) from: Option<Time>,
    /// Asked for before.
    pub(crate) to: Option<Time>,
}

/// One page that is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    /// Of which list.
    pub(crate) filter: Filter,
    /// How many.
    pub(crate) size: u16,
    /// Where to go on.
    pub(crate) token: String,
}

/// So many of a tag are looked up together.
const CHUNK: usize = 200;

/// Where a page ends.
type Key = (Time, Id);

impl Filter {
    /// The states whose runs are read; `None` is all of them in one run. With a condition of its own an index
    /// goes on by state, so all states are asked for one by one.
    fn runs(&self) -> Vec<Option<&'static str>> {
        let narrow = !self.service.is_empty()
            || !self.kind.is_empty()
            || !self.tag.is_empty()
            || !self.correlation_id.is_empty()
            || self.principal_id.is_some()
            || self.parent_id.is_some()
            || self.schedule_id.is_some();
        match (self.states.is_empty(), narrow) {
            (false, _) => self.states.iter().copied().map(Some).collect(),
            (true, true) => State::ALL.iter().map(|state| Some(state.name())).collect(),
            (true, false) => vec![None],
        }
    }
}

impl Store {
    /// A page of operations, the newest first.
    pub(crate) async fn list(&self, scope: &Scope, query: Query) -> Result<Page<Known>> {
        let (tenant, cleared) = (scope.tenant(), clearance(scope));
        let Query {
            filter,
            size,
            token,
        } = query;
        let shape = Shape::of("operations", &filter);
        let after: Option<Key> = shape.key(&token)?;
        let size = usize::from(size);
        let rows = self
            .db
            .read(scope, move |c| {
                let mut rows: Vec<Row> = Vec::new();
                for level in cleared.levels() {
                    for state in filter.runs() {
                        let run = Run {
                            tenant,
                            level,
                            state,
                            after,
                            limit: i64::try_from(size + 1).unwrap_or(i64::MAX),
                        };
                        rows.extend(run.load(c, &filter)?);
                    }
                }
                Ok(rows)
            })
            .await?;
        let mut rows = rows;
        rows.sort_unstable_by_key(|row| std::cmp::Reverse((row.created_at, row.id)));
        rows.truncate(size + 1);
        let page = Page::cut(rows, size, shape, |row| (row.created_at, row.id));
        Ok(page.map(Row::known))
    }

    /// The kinds of work that were heard of, by service and name.
    pub(crate) async fn kinds(
        &self,
        scope: &Scope,
        service: String,
    ) -> Result<Vec<(String, String)>> {
        let tenant = scope.tenant();
        self.db
            .read(scope, move |c| {
                let mut query = operation_kinds::table
                    .filter(operation_kinds::tenant.eq(tenant))
                    .order((operation_kinds::service, operation_kinds::kind))
                    .into_boxed();
                if !service.is_empty() {
                    query = query.filter(operation_kinds::service.eq(service));
                }
                Ok(query
                    .select((operation_kinds::service, operation_kinds::kind))
                    .load(c)?)
            })
            .await
    }
}

/// Adds the conditions that no run is cut by; the queries have different types.
macro_rules! narrowed {
    ($query:expr, $filter:expr) => {{
        let (mut query, filter) = ($query, $filter);
        if !filter.service.is_empty() {
            query = query.filter(operations::service.eq(filter.service.clone()));
        }
        if !filter.kind.is_empty() {
            query = query.filter(operations::kind.eq(filter.kind.clone()));
        }
        if let Some(id) = filter.principal_id {
            query = query.filter(operations::principal_id.eq(id));
        }
        if let Some(id) = filter.parent_id {
            query = query.filter(operations::parent_id.eq(id));
        }
        if let Some(id) = filter.schedule_id {
            query = query.filter(operations::schedule_id.eq(id));
        }
        if !filter.correlation_id.is_empty() {
            query = query.filter(operations::correlation_id.eq(filter.correlation_id.clone()));
        }
        query
    }};
}

/// A run of an index.
struct Run {
    tenant: Id,
    level: Level,
    state: Option<&'static str>,
    after: Option<Key>,
    limit: i64,
}

impl Run {
    fn load(&self, c: &mut Conn, filter: &Filter) -> Result<Vec<Row>, Failure> {
        match filter.tag.as_str() {
            "" => self.plain(c, filter),
            tag => self.tagged(c, filter, tag),
        }
    }

    fn plain(&self, c: &mut Conn, filter: &Filter) -> Result<Vec<Row>, Failure> {
        let query = live(self.tenant)
            .filter(operations::security_level.eq(self.level.number()))
            .order((operations::created_at.desc(), operations::id.desc()))
            .limit(self.limit)
            .into_boxed();
        let mut query = narrowed!(query, filter);
        if let Some(state) = self.state {
            query = query.filter(operations::state.eq(state));
        }
        if let Some(from) = filter.from {
            query = query.filter(operations::created_at.ge(from));
        }
        if let Some(to) = filter.to {
            query = query.filter(operations::created_at.lt(to));
        }
        if let Some((created, id)) = self.after {
            // The first condition is the index's bound, the second one tells apart those of the same moment.
            query = query
                .filter(operations::created_at.le(created))
                .filter(operations::created_at.lt(created).or(operations::id.lt(id)));
        }
        Ok(query.select(Row::as_select()).load(c)?)
    }

    /// Tags lead: their rows hold all that a run is cut and ordered by. What else restricts is looked up for one chunk of
    /// them after the other, so that no database takes the join for a reason to read everything.
    fn tagged(&self, c: &mut Conn, filter: &Filter, tag: &str) -> Result<Vec<Row>, Failure> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let (mut rows, mut after) = (Vec::new(), self.after);
        loop {
            let marks = self.marks(c, filter, tag, after)?;
            let Some((created, id, _)) = marks.last() else {
                return Ok(rows);
            };
            after = Some((*created, *id));
            let last = marks.len() < CHUNK;
            rows.extend(self.marked(c, filter, &marks)?);
            if last || rows.len() >= limit {
                return Ok(rows);
            }
        }
    }

    /// The next chunk of what has a tag: when it was asked for, its id, its service.
    fn marks(
        &self,
        c: &mut Conn,
        filter: &Filter,
        tag: &str,
        after: Option<Key>,
    ) -> Result<Vec<(Time, Id, String)>, Failure> {
        let mut query = operation_tags::table
            .filter(operation_tags::tenant.eq(self.tenant))
            .filter(operation_tags::tag.eq(tag.to_owned()))
            .filter(operation_tags::security_level.eq(self.level.number()))
            .order((
                operation_tags::created_at.desc(),
                operation_tags::operation_id.desc(),
            ))
            .limit(i64::try_from(CHUNK).unwrap_or(i64::MAX))
            .into_boxed();
        if let Some(state) = self.state {
            query = query.filter(operation_tags::state.eq(state));
        }
        if let Some(from) = filter.from {
            query = query.filter(operation_tags::created_at.ge(from));
        }
        if let Some(to) = filter.to {
            query = query.filter(operation_tags::created_at.lt(to));
        }
        if let Some((created, id)) = after {
            query = query.filter(operation_tags::created_at.le(created)).filter(
                operation_tags::created_at
                    .lt(created)
                    .or(operation_tags::operation_id.lt(id)),
            );
        }
        Ok(query
            .select((
                operation_tags::created_at,
                operation_tags::operation_id,
                operation_tags::service,
            ))
            .load(c)?)
    }

    /// Those of a chunk that fit the rest of the filter.
    fn marked(
        &self,
        c: &mut Conn,
        filter: &Filter,
        marks: &[(Time, Id, String)],
    ) -> Result<Vec<Row>, Failure> {
        let ids: Vec<Id> = marks.iter().map(|(_, id, _)| *id).collect();
        let query = live(self.tenant)
            .filter(operations::id.eq_any(ids))
            .into_boxed();
        let query = narrowed!(query, filter);
        let mut rows: Vec<Row> = query.select(Row::as_select()).load(c)?;
        // Two services may have given the same id; the tag is of one.
        rows.retain(|row| {
            let mut of = marks.iter();
            of.any(|(_, id, service)| *id == row.id && *service == row.service)
        });
        Ok(rows)
    }
}
