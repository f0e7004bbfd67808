//! Commands and what became of them.

use auth::Scope;
use db::idempotency::Once;
use db::page::{Page, Shape};
use db::{Conn, Failure, OrElse};
use diesel::prelude::*;
use error::{Error, Result};
use value::{Id, Json, Time};

use super::{Store, one_more};
use crate::schema::commands;

/// Not answered yet.
pub(crate) const PENDING: &str = "pending";
/// Done.
pub(crate) const DONE: &str = "done";
/// Could not be done.
pub(crate) const FAILED: &str = "failed";

/// A command as it is kept.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = commands, treat_none_as_default_value = false)]
pub(crate) struct Row {
    pub(crate) id: Id,
    pub(crate) tenant: Id,
    pub(crate) kind: String,
    pub(crate) state: String,
    pub(crate) position: i64,
    pub(crate) result: Option<Json>,
    pub(crate) error: String,
    pub(crate) correlation: String,
    pub(crate) actor: String,
    pub(crate) ended_at: Option<Time>,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
    pub(crate) version: i64,
}

impl Store {
    /// Notes a command that is about to be sent, or answers the one that the same request sent before.
    pub(crate) async fn command_add(&self, scope: &Scope, row: Row, request: Once) -> Result<Row> {
        let (caller, now) = (scope.clone(), self.clock.now());
        self.db
            .write(scope, move |c| {
                let id = request.id(c, &caller, now, |c| {
                    diesel::insert_into(commands::table)
                        .values(&row)
                        .execute(c)?;
                    Ok(row.id)
                })?;
                find(c, row.tenant, id)
            })
            .await
    }

    /// Notes where a command is in the log.
    pub(crate) async fn command_sent(&self, scope: &Scope, id: Id, position: u64) -> Result<()> {
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        self.db
            .append(scope, move |c| {
                diesel::update(commands::table.find(id))
                    .set(commands::position.eq(position))
                    .execute(c)?;
                Ok(())
            })
            .await
    }

    /// Notes what became of a command; the first answer stands.
    pub(crate) async fn command_answer(
        &self,
        scope: &Scope,
        id: Id,
        result: Option<Json>,
        error: String,
    ) -> Result<()> {
        let now = self.clock.now();
        let state = if error.is_empty() { DONE } else { FAILED };
        self.db
            .write(scope, move |c| {
                let open = commands::table.find(id).filter(commands::state.eq(PENDING));
                diesel::update(open)
                    .set((
                        commands::state.eq(state),
                        commands::result.eq(&result),
                        commands::error.eq(&error),
                        commands::ended_at.eq(Some(now)),
                        commands::updated_at.eq(now),
                        commands::version.eq(commands::version + 1),
                    ))
                    .execute(c)?;
                Ok(())
            })
            .await
    }

    /// Gets a command.
    pub(crate) async fn command_get(&self, scope: &Scope, id: Id) -> Result<Row> {
        let tenant = scope.tenant();
        self.db.read(scope, move |c| find(c, tenant, id)).await
    }

    /// Lists commands, the latest first.
    pub(crate) async fn command_list(
        &self,
        scope: &Scope,
        (kind, state): (String, &'static str),
        token: &str,
        size: usize,
    ) -> Result<Page<Row>> {
        let tenant = scope.tenant();
        let shape = Shape::of("commands", &(&kind, state));
        let before: Option<Id> = shape.key(token)?;
        self.db
            .read(scope, move |c| {
                let mut query = commands::table
                    .filter(commands::tenant.eq(tenant))
                    .order(commands::id.desc())
                    .limit(one_more(size))
                    .select(Row::as_select())
                    .into_boxed();
                if !kind.is_empty() {
                    query = query.filter(commands::kind.eq(kind));
                }
                if !state.is_empty() {
                    query = query.filter(commands::state.eq(state));
                }
                if let Some(before) = before {
                    query = query.filter(commands::id.lt(before));
                }
                Ok(Page::cut(query.load(c)?, size, shape, |row: &Row| row.id))
            })
            .await
    }

    /// Forgets commands that ended long ago.
    pub(crate) async fn commands_forget(&self, scope: &Scope, before: Time) -> Result<usize> {
        self.db
            .append(scope, move |c| {
                let old = commands::table.filter(commands::created_at.lt(before));
                Ok(diesel::delete(old.filter(commands::state.ne(PENDING))).execute(c)?)
            })
            .await
    }
}

fn find(c: &mut Conn, tenant: Id, id: Id) -> Result<Row, Failure> {
    commands::table
        .find(id)
        .filter(commands::tenant.eq(tenant))
        .select(Row::as_select())
        .first(c)
        .on_missing(|| Error::not_found("command", id))
}
