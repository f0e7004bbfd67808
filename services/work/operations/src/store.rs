//! Rows: every method takes the scope of its caller and stays inside its tenant and their clearance.

mod audit;
mod heed;
mod list;

pub(crate) use audit::AuditQuery;
pub(crate) use heed::heed;
pub(crate) use list::{Filter, Query};

use crate::model::clearance::{Clearance, Level};
use crate::model::entry::Entry;
use crate::schema::operations;
use auth::Scope;
use db::{Conn, Db, Failure, OrElse};
use diesel::prelude::*;
use error::{Error, Result};
use std::collections::HashMap;
use std::sync::Arc;
use value::{Clock, Id, Time};

/// Both dialects of the tables.
pub(crate) static MIGRATIONS: db::Migrations = db::migrations!(
    "operations",
    sqlite = "../../../migrations/operations/sqlite",
    postgres = "../../../migrations/operations/postgres"
);

/// An operation as it is kept.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = operations, treat_none_as_null = true)]
struct Row {
    id: Id,
    service: String,
    tenant: Id,
    kind: String,
    state: String,
    security_level: i32,
    principal_id: Option<Id>,
    parent_id: Option<Id>,
    schedule_id: Option<Id>,
    correlation_id: Option<String>,
    job: Vec<u8>,
    created_at: Time,
    updated_at: Time,
    deleted_at: Option<Time>,
    version: i64,
}

/// An operation as it was heard of last.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known {
    /// Its id.
    pub(crate) id: Id,
    /// The service that works.
    pub(crate) service: String,
    /// How secret it is.
    pub(crate) level: Level,
    /// When it was asked for.
    pub(crate) created: Time,
    /// The owner's message, encoded.
    pub(crate) job: Vec<u8>,
}

/// What was heard of operations, and who changed them.
#[derive(Clone)]
pub(crate) struct Store {
    db: Db,
    clock: Arc<dyn Clock>,
}

/// What a scope's caller may know of.
pub(crate) fn clearance(scope: &Scope) -> Clearance {
    Clearance::of(|permission| scope.allows(permission))
}

impl Store {
    /// A store over the service's database.
    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }

    /// One operation, of a service where one is named; not those above the caller's clearance.
    pub(crate) async fn known(&self, scope: &Scope, id: Id, service: &str) -> Result<Known> {
        let (tenant, service, cleared) = (scope.tenant(), service.to_owned(), clearance(scope));
        self.db
            .read(scope, move |c| {
                let mut query = live(tenant)
                    .filter(operations::id.eq(id))
                    .order(operations::service)
                    .into_boxed();
                if !service.is_empty() {
                    query = query.filter(operations::service.eq(service));
                }
                query
                    .filter(operations::security_level.eq_any(numbers(cleared)))
                    .select(Row::as_select())
                    .first(c)
                    .on_missing(|| Error::not_found("operation", id))
            })
            .await
            .map(Row::known)
    }

    /// Those that there are, in the order of the ids, and the ids that name nothing.
    pub(crate) async fn known_of(
        &self,
        scope: &Scope,
        ids: Vec<Id>,
    ) -> Result<(Vec<Known>, Vec<Id>)> {
        let (tenant, cleared) = (scope.tenant(), clearance(scope));
        self.db
            .read(scope, move |c| {
                let rows: Vec<Row> = live(tenant)
                    .filter(operations::id.eq_any(ids.clone()))
                    .filter(operations::security_level.eq_any(numbers(cleared)))
                    .select(Row::as_select())
                    .load(c)?;
                let mut rows: HashMap<Id, Row> =
                    rows.into_iter().map(|row| (row.id, row)).collect();
                let (mut found, mut missing) = (Vec::new(), Vec::new());
                for id in ids {
                    match rows.remove(&id) {
                        Some(row) => found.push(row.known()),
                        None => missing.push(id),
                    }
                }
                Ok((found, missing))
            })
            .await
    }

    /// Takes over what the owner answered, so that lists show it before its event comes.
    pub(crate) async fn keep(&self, scope: &Scope, entry: Entry) -> Result<()> {
        let now = self.clock.now();
        self.db
            .write(scope, move |c| heed::entry(c, &entry, now))
            .await
    }

    /// Takes an operation out of all lists that its owner no longer has, unless it was heard of since it was read.
    pub(crate) async fn forget(&self, scope: &Scope, known: Known) -> Result<()> {
        let (tenant, now) = (scope.tenant(), self.clock.now());
        self.db
            .write(scope, move |c| {
                let gone = diesel::update(operations::table)
                    .filter(operations::id.eq(known.id))
                    .filter(operations::service.eq(&known.service))
                    .filter(operations::tenant.eq(tenant))
                    .filter(operations::job.eq(&known.job))
                    .set(operations::deleted_at.eq(Some(now)))
                    .execute(c)?;
                if gone > 0 {
                    heed::untag(c, tenant, known.id, &known.service)?;
                }
                Ok(())
            })
            .await
    }

    /// Deletes what was remembered of operations that were deleted before `before`; how many there were.
    pub(crate) async fn purge(&self, scope: &Scope, before: Time) -> Result<usize> {
        self.db
            .write(scope, move |c| {
                Ok(diesel::delete(operations::table)
                    .filter(operations::deleted_at.lt(Some(before)))
                    .execute(c)?)
            })
            .await
    }

    /// The time.
    pub(crate) fn now(&self) -> Time {
        self.clock.now()
    }
}

/// The operations of a tenant that there are.
#[diesel::dsl::auto_type(no_type_alias)]
fn live(tenant: Id) -> _ {
    operations::table
        .filter(operations::tenant.eq(tenant))
        .filter(operations::deleted_at.is_null())
}

fn numbers(cleared: Clearance) -> Vec<i32> {
    cleared.levels().map(Level::number).collect()
}

/// One row, deleted or not.
fn row(c: &mut Conn, tenant: Id, id: Id, service: &str) -> Result<Option<Row>, Failure> {
    Ok(operations::table
        .filter(operations::id.eq(id))
        .filter(operations::service.eq(service))
        .filter(operations::tenant.eq(tenant))
        .select(Row::as_select())
        .first(c)
        .optional()?)
}

impl Row {
    fn new(entry: &Entry) -> Self {
        Self {
            id: entry.id,
            service: entry.service.clone(),
            tenant: entry.tenant,
            kind: entry.kind.clone(),
            state: entry.state.name().to_owned(),
            security_level: entry.level.number(),
            principal_id: entry.principal_id,
            parent_id: entry.parent_id,
            schedule_id: entry.schedule_id,
            correlation_id: entry.correlation_id.clone(),
            job: entry.job.clone(),
            created_at: entry.created,
            updated_at: entry.updated,
            deleted_at: None,
            version: entry.version,
        }
    }

    fn known(self) -> Known {
        Known {
            id: self.id,
            service: self.service,
            level: Level::of(self.security_level),
            created: self.created_at,
            job: self.job,
        }
    }
}
