//! Messages that wait for their time.

use auth::Scope;
use auth::clearance::Clearance;
use db::on_each;
use db::page::{Page, Shape};
use diesel::prelude::*;
use error::{Error, Result};
use value::{Id, Time};

use super::{Store, one_more};
use crate::schema::scheduled;

/// A message that waits, as it is kept.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = scheduled)]
pub(crate) struct Row {
    pub(crate) id: Id,
    pub(crate) tenant: Id,
    pub(crate) message_id: String,
    pub(crate) due_at: Time,
    /// How secret it is.
    pub(crate) security_level: i32,
    /// The body of the record it will be.
    pub(crate) body: Vec<u8>,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
    pub(crate) version: i64,
}

impl Store {
    /// Keeps messages until their time; those that are there stay as they are.
    pub(crate) async fn scheduled_add(&self, scope: &Scope, rows: Vec<Row>) -> Result<()> {
        self.db
            .write(scope, move |c| {
                for row in &rows {
                    on_each!(c, c => diesel::insert_into(scheduled::table)
                        .values(row)
                        .on_conflict_do_nothing()
                        .execute(c))?;
                }
                Ok(())
            })
            .await
    }

    /// Messages whose time has come, the first first.
    pub(crate) async fn scheduled_due(
        &self,
        scope: &Scope,
        now: Time,
        most: i64,
    ) -> Result<Vec<Row>> {
        self.db
            .read(scope, move |c| {
                let due = scheduled::table
                    .filter(scheduled::due_at.le(now))
                    .order((scheduled::due_at, scheduled::id))
                    .limit(most);
                Ok(due.select(Row::as_select()).load(c)?)
            })
            .await
    }

    /// When the next message is due, and how many wait.
    pub(crate) async fn scheduled_next(&self, scope: &Scope) -> Result<(Option<Time>, i64)> {
        self.db
            .read(scope, move |c| {
                let next = scheduled::table
                    .select(diesel::dsl::min(scheduled::due_at))
                    .first(c)?;
                Ok((next, scheduled::table.count().get_result(c)?))
            })
            .await
    }

    /// Forgets messages that were published.
    pub(crate) async fn scheduled_done(&self, scope: &Scope, ids: Vec<Id>) -> Result<()> {
        self.db
            .append(scope, move |c| {
                diesel::delete(scheduled::table.filter(scheduled::id.eq_any(&ids))).execute(c)?;
                Ok(())
            })
            .await
    }

    /// Lists messages that wait, the next first; not those above the caller's clearance.
    pub(crate) async fn scheduled_list(
        &self,
        scope: &Scope,
        token: &str,
        size: usize,
    ) -> Result<Page<Row>> {
        let (tenant, cleared) = (scope.tenant(), Clearance::of_scope(scope).numbers());
        let shape = Shape::of("scheduled", &());
        let after: Option<(Time, Id)> = shape.key(token)?;
        self.db
            .read(scope, move |c| {
                let mut query = scheduled::table
                    .filter(scheduled::tenant.eq(tenant))
                    .filter(scheduled::security_level.eq_any(cleared))
                    .order((scheduled::due_at, scheduled::id))
                    .limit(one_more(size))
                    .select(Row::as_select())
                    .into_boxed();
                if let Some((due, id)) = after {
                    let same = scheduled::due_at.eq(due).and(scheduled::id.gt(id));
                    query = query.filter(scheduled::due_at.gt(due).or(same));
                }
                Ok(Page::cut(query.load(c)?, size, shape, |row: &Row| {
                    (row.due_at, row.id)
                }))
            })
            .await
    }

    /// Takes a message back before its time.
    pub(crate) async fn scheduled_cancel(&self, scope: &Scope, message_id: String) -> Result<()> {
        let (tenant, cleared) = (scope.tenant(), Clearance::of_scope(scope).numbers());
        self.db
            .write(scope, move |c| {
                let mine = scheduled::table
                    .filter(scheduled::tenant.eq(tenant))
                    .filter(scheduled::security_level.eq_any(&cleared));
                let gone = diesel::delete(mine.filter(scheduled::message_id.eq(&message_id)))
                    .execute(c)?;
                match gone {
                    0 => Err(Error::not_found("scheduled message", &message_id).into()),
                    _ => Ok(()),
                }
            })
            .await
    }
}
