//! The background check's own rows: whose turn it is, and references of rows that an older version of this service wrote.

use super::{
    Row, Store,
    check::findings,
    findings::reconcile,
    read::all,
    write::{Changed, derive},
};
use crate::{
    model::{Kind, Record},
    schema::ontologies,
};
use auth::Scope;
use db::{Conn, Failure};
use diesel::prelude::*;
use error::Error;
use value::{Id, Time};

/// How references are derived now; a number that grows with what is derived. 1 added those of formulas.
pub(super) const REFERENCES: i64 = 1;

impl Store {
    /// Tenants, after one, that changed since they were checked, or were checked last before `before`.
    pub(crate) async fn unchecked(
        &self,
        scope: &Scope,
        before: Time,
        after: Option<Id>,
        size: u16,
    ) -> Result<Vec<Id>, Error> {
        self.db
            .read(scope, move |c| {
                let late = ontologies::checked_at
                    .is_null()
                    .or(ontologies::checked_at.lt(before));
                let mut query = ontologies::table
                    .filter(ontologies::checked_changes.ne(ontologies::changes).or(late))
                    .select(ontologies::tenant)
                    .into_boxed();
                if let Some(after) = after {
                    query = query.filter(ontologies::tenant.gt(after));
                }
                Ok(query
                    .order(ontologies::tenant)
                    .limit(i64::from(size))
                    .load(c)?)
            })
            .await
    }

    /// Derives the references of a tenant's definitions anew where that was done in an older way.
    pub(crate) async fn refresh_references(&self, scope: &Scope) -> Result<(), Error> {
        let tenant = scope.tenant();
        let old = self
            .db
            .read(scope, move |c| Ok(format(c, tenant)? < REFERENCES))
            .await?;
        if !old {
            return Ok(());
        }
        self.db
            .write(scope, move |c| {
                let unchanged = |record: Record| Changed {
                    before: Some(record.definition.clone()),
                    record,
                };
                let records = live(c, tenant)?;
                let changes: Vec<_> = records.into_iter().map(unchanged).collect();
                derive(c, tenant, &changes)?;
                diesel::update(ontologies::table.filter(ontologies::tenant.eq(tenant)))
                    .set(ontologies::references_format.eq(REFERENCES))
                    .execute(c)?;
                Ok(())
            })
            .await
    }

    /// Checks all of a tenant's definitions, and keeps what was found.
    pub(crate) async fn check_and_keep(&self, scope: &Scope) -> Result<(), Error> {
        let (tenant, now) = (scope.tenant(), self.clock.now());
        // The check takes a while, and writers do not wait for it: what changes meanwhile is checked next time.
        let (seen, found) = self
            .db
            .read(scope, move |c| {
                let seen: i64 = ontologies::table
                    .find(tenant)
                    .select(ontologies::changes)
                    .first(c)?;
                let (found, _) = findings(&live(c, tenant)?, &Kind::ALL);
                Ok((seen, found))
            })
            .await?;
        self.db
            .write(scope, move |c| {
                // Another process may have checked the same, or more, in the meantime.
                let mine = ontologies::table
                    .filter(ontologies::tenant.eq(tenant))
                    .filter(ontologies::checked_changes.le(seen));
                let checked = (
                    ontologies::checked_changes.eq(seen),
                    ontologies::checked_at.eq(now),
                );
                if diesel::update(mine).set(checked).execute(c)? == 1 {
                    reconcile(c, tenant, now, &found)?;
                }
                Ok(())
            })
            .await
    }
}

fn format(c: &mut Conn, tenant: Id) -> QueryResult<i64> {
    ontologies::table
        .find(tenant)
        .select(ontologies::references_format)
        .first(c)
}

fn live(c: &mut Conn, tenant: Id) -> Result<Vec<Record>, Failure> {
    let rows = all(c, tenant, &Kind::ALL)?;
    rows.into_iter().map(Row::record).collect()
}
