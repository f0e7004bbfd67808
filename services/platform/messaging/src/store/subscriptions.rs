//! Subscriptions: what they ask for, and how far they are.

use auth::Scope;
use db::idempotency::Once;
use db::page::{Page, Shape};
use db::{Conn, Failure, OrElse, etag};
use diesel::prelude::*;
use error::{Error, Result};
use value::{Id, Json, Time};

use super::{Store, one_more};
use crate::reasons::{COMMAND_HANDLED, SUBSCRIPTION_EXISTS};
use crate::schema::{dead_letters, subscriptions};

/// A subscription as it is kept.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = subscriptions)]
pub(crate) struct Row {
    pub(crate) id: Id,
    pub(crate) tenant: Id,
    pub(crate) name: String,
    pub(crate) service: String,
    pub(crate) pattern: String,
    pub(crate) description: String,
    pub(crate) webhook_url: String,
    pub(crate) ack_wait_us: i64,
    pub(crate) max_attempts: i64,
    pub(crate) max_in_flight: i64,
    /// 1 where it may see what tells of accounts.
    pub(crate) sees_private: i64,
    /// How secret the messages are that it gets at most.
    pub(crate) security_level: i32,
    pub(crate) state: Json,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
    pub(crate) version: i64,
}

/// The fields to change.
#[derive(Debug, Clone, Default, AsChangeset)]
#[diesel(table_name = subscriptions)]
pub(crate) struct Change {
    pub(crate) description: Option<String>,
    pub(crate) webhook_url: Option<String>,
    pub(crate) ack_wait_us: Option<i64>,
    pub(crate) max_attempts: Option<i64>,
    pub(crate) max_in_flight: Option<i64>,
}

impl Store {
    /// Every subscription of everyone, for the start.
    pub(crate) async fn subscriptions_all(&self, scope: &Scope) -> Result<Vec<Row>> {
        self.db
            .read(scope, |c| {
                Ok(subscriptions::table.select(Row::as_select()).load(c)?)
            })
            .await
    }

    /// Gets a subscription.
    pub(crate) async fn subscription_get(&self, scope: &Scope, id: Id) -> Result<Row> {
        let tenant = scope.tenant();
        self.db.read(scope, move |c| find(c, tenant, id)).await
    }

    /// Gets those of the ids that exist.
    pub(crate) async fn subscriptions_get(&self, scope: &Scope, ids: Vec<Id>) -> Result<Vec<Row>> {
        let tenant = scope.tenant();
        self.db
            .read(scope, move |c| {
                let query = subscriptions::table
                    .filter(subscriptions::tenant.eq(tenant))
                    .filter(subscriptions::id.eq_any(ids));
                Ok(query.select(Row::as_select()).load(c)?)
            })
            .await
    }

    /// Lists subscriptions by name.
    pub(crate) async fn subscription_list(
        &self,
        scope: &Scope,
        prefix: String,
        token: &str,
        size: usize,
    ) -> Result<Page<Row>> {
        let tenant = scope.tenant();
        let shape = Shape::of("subscriptions", &(&prefix, tenant));
        let after: Option<(String, String)> = shape.key(token)?;
        self.db
            .read(scope, move |c| {
                let mut query = subscriptions::table
                    .filter(subscriptions::tenant.eq(tenant))
                    .filter(subscriptions::name.ge(prefix.clone()))
                    .order((subscriptions::name, subscriptions::service))
                    .limit(one_more(size))
                    .select(Row::as_select())
                    .into_boxed();
                if !prefix.is_empty() {
                    // Names are ASCII: `~` comes after every character of one.
                    query = query.filter(subscriptions::name.lt(format!("{prefix}~")));
                }
                if let Some((name, service)) = after {
                    let same = subscriptions::name
                        .eq(name.clone())
                        .and(subscriptions::service.gt(service));
                    query = query.filter(subscriptions::name.gt(name).or(same));
                }
                Ok(Page::cut(query.load(c)?, size, shape, |row: &Row| {
                    (row.name.clone(), row.service.clone())
                }))
            })
            .await
    }

    /// Creates a subscription, or answers the one that the same request created before; whether it is new.
    pub(crate) async fn subscription_create(
        &self,
        scope: &Scope,
        row: Row,
        request: Once,
        most: u32,
    ) -> Result<(Row, bool)> {
        let (caller, now) = (scope.clone(), self.clock.now());
        self.db
            .write(scope, move |c| {
                let id = request.id(c, &caller, now, |c| {
                    insert(c, &row, most)?;
                    Ok(row.id)
                })?;
                Ok((find(c, row.tenant, id)?, id == row.id))
            })
            .await
    }

    /// Makes a consumer of a service, or brings it in line.
    pub(crate) async fn consumer_ensure(&self, scope: &Scope, row: Row) -> Result<(Row, bool)> {
        let now = self.clock.now();
        self.db
            .write(scope, move |c| {
                let found: Option<Row> = subscriptions::table
                    .filter(subscriptions::tenant.eq(row.tenant))
                    .filter(subscriptions::service.eq(&row.service))
                    .filter(subscriptions::name.eq(&row.name))
                    .select(Row::as_select())
                    .first(c)
                    .optional()?;
                let Some(found) = found else {
                    diesel::insert_into(subscriptions::table)
                        .values(&row)
                        .execute(c)?;
                    return Ok((row.clone(), true));
                };
                let same = found.pattern == row.pattern
                    && found.ack_wait_us == row.ack_wait_us
                    && found.max_attempts == row.max_attempts
                    && found.max_in_flight == row.max_in_flight;
                if !same {
                    diesel::update(subscriptions::table.find(found.id))
                        .set((
                            subscriptions::pattern.eq(&row.pattern),
                            subscriptions::ack_wait_us.eq(row.ack_wait_us),
                            subscriptions::max_attempts.eq(row.max_attempts),
                            subscriptions::max_in_flight.eq(row.max_in_flight),
                            subscriptions::updated_at.eq(now),
                            subscriptions::version.eq(found.version + 1),
                        ))
                        .execute(c)?;
                }
                Ok((find(c, row.tenant, found.id)?, false))
            })
            .await
    }

    /// Changes a subscription.
    pub(crate) async fn subscription_update(
        &self,
        scope: &Scope,
        id: Id,
        version: i64,
        change: Change,
    ) -> Result<Row> {
        let (tenant, now) = (scope.tenant(), self.clock.now());
        self.db
            .write(scope, move |c| {
                let row = find(c, tenant, id)?;
                if row.version != version {
                    return Err(etag::mismatch().into());
                }
                diesel::update(subscriptions::table.find(id))
                    .set((
                        &change,
                        subscriptions::updated_at.eq(now),
                        subscriptions::version.eq(version + 1),
                    ))
                    .execute(c)?;
                find(c, tenant, id)
            })
            .await
    }

    /// Deletes a subscription and its dead letters.
    pub(crate) async fn subscription_delete(
        &self,
        scope: &Scope,
        id: Id,
        version: Option<i64>,
    ) -> Result<()> {
        let tenant = scope.tenant();
        self.db
            .write(scope, move |c| {
                let row = find(c, tenant, id)?;
                if version.is_some_and(|version| version != row.version) {
                    return Err(etag::mismatch().into());
                }
                let letters = dead_letters::table.filter(dead_letters::tenant.eq(tenant));
                diesel::delete(letters.filter(dead_letters::subscription_id.eq(id))).execute(c)?;
                diesel::delete(subscriptions::table.find(id)).execute(c)?;
                Ok(())
            })
            .await
    }

    /// Writes down how far subscriptions are. Those that were deleted meanwhile are passed over.
    pub(crate) async fn states_save(&self, scope: &Scope, states: Vec<(Id, Json)>) -> Result<()> {
        self.db
            .append(scope, move |c| {
                for (id, state) in &states {
                    diesel::update(subscriptions::table.find(id))
                        .set(subscriptions::state.eq(state))
                        .execute(c)?;
                }
                Ok(())
            })
            .await
    }
}

fn insert(c: &mut Conn, row: &Row, most: u32) -> Result<(), Failure> {
    let mine = subscriptions::table.filter(subscriptions::tenant.eq(row.tenant));
    let count: i64 = mine.count().get_result(c)?;
    if count >= i64::from(most) {
        let text = format!("a tenant has at most {most} subscriptions");
        return Err(Error::new(&error::reason::QUOTA_EXCEEDED, text).into());
    }
    if row.pattern.starts_with(bus::topic::COMMANDS) {
        let handlers: i64 = mine
            .filter(subscriptions::pattern.eq(&row.pattern))
            .count()
            .get_result(c)?;
        if handlers > 0 {
            let text = format!("there is a handler of `{}`", row.pattern);
            return Err(Error::new(&COMMAND_HANDLED, text).into());
        }
    }
    diesel::insert_into(subscriptions::table)
        .values(row)
        .execute(c)
        .on_unique(|| {
            let text = format!("there is a subscription with the name `{}`", row.name);
            Error::new(&SUBSCRIPTION_EXISTS, text)
        })?;
    Ok(())
}

fn find(c: &mut Conn, tenant: Id, id: Id) -> Result<Row, Failure> {
    subscriptions::table
        .find(id)
        .filter(subscriptions::tenant.eq(tenant))
        .select(Row::as_select())
        .first(c)
        .on_missing(|| Error::not_found("subscription", id))
}
