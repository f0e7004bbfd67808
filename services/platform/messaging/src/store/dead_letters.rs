//! Messages that could not be delivered. One above the caller's clearance is none to them; only counts have it.

use auth::Scope;
use auth::clearance::Clearance;
use db::on_each;
use db::page::{Page, Shape};
use diesel::prelude::*;
use error::Result;
use value::{Id, Time};

use super::{Store, one_more};
use crate::schema::dead_letters;

/// A dead letter as it is kept.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = dead_letters, treat_none_as_default_value = false)]
pub(crate) struct Row {
    pub(crate) id: Id,
    pub(crate) tenant: Id,
    pub(crate) subscription_id: Id,
    pub(crate) position: i64,
    pub(crate) attempts: i64,
    /// How secret it is.
    pub(crate) security_level: i32,
    pub(crate) reason: String,
    /// The body of the record in the log.
    pub(crate) body: Vec<u8>,
    pub(crate) replayed_at: Option<Time>,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
    pub(crate) version: i64,
}

/// Which dead letters.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    /// Those of one subscription.
    pub(crate) subscription: Option<Id>,
    /// Only those that were not replayed.
    pub(crate) not_replayed: bool,
}

impl Store {
    /// Keeps a dead letter; one that is there stays as it is.
    pub(crate) async fn dead_letter_add(&self, scope: &Scope, row: Row) -> Result<()> {
        self.db
            .append(scope, move |c| {
                on_each!(c, c => diesel::insert_into(dead_letters::table)
                    .values(&row)
                    .on_conflict_do_nothing()
                    .execute(c))?;
                Ok(())
            })
            .await
    }

    /// Lists dead letters, the oldest first.
    pub(crate) async fn dead_letter_list(
        &self,
        scope: &Scope,
        filter: Filter,
        token: &str,
        size: usize,
    ) -> Result<Page<Row>> {
        let (tenant, cleared) = (scope.tenant(), Clearance::of_scope(scope).numbers());
        let shape = Shape::of("dead letters", &(filter.subscription, filter.not_replayed));
        let after: Option<Id> = shape.key(token)?;
        self.db
            .read(scope, move |c| {
                let mut query = dead_letters::table
                    .filter(dead_letters::tenant.eq(tenant))
                    .filter(dead_letters::security_level.eq_any(cleared))
                    .order(dead_letters::id)
                    .limit(one_more(size))
                    .select(Row::as_select())
                    .into_boxed();
                if let Some(id) = filter.subscription {
                    query = query.filter(dead_letters::subscription_id.eq(id));
                }
                if filter.not_replayed {
                    query = query.filter(dead_letters::replayed_at.is_null());
                }
                if let Some(after) = after {
                    query = query.filter(dead_letters::id.gt(after));
                }
                Ok(Page::cut(query.load(c)?, size, shape, |row: &Row| row.id))
            })
            .await
    }

    /// Those of the ids that exist.
    pub(crate) async fn dead_letters_get(&self, scope: &Scope, ids: Vec<Id>) -> Result<Vec<Row>> {
        let (tenant, cleared) = (scope.tenant(), Clearance::of_scope(scope).numbers());
        self.db
            .read(scope, move |c| {
                let query = dead_letters::table
                    .filter(dead_letters::tenant.eq(tenant))
                    .filter(dead_letters::security_level.eq_any(cleared))
                    .filter(dead_letters::id.eq_any(ids))
                    .order(dead_letters::id);
                Ok(query.select(Row::as_select()).load(c)?)
            })
            .await
    }

    /// Notes that dead letters were given back.
    pub(crate) async fn dead_letters_replayed(&self, scope: &Scope, ids: Vec<Id>) -> Result<()> {
        let (tenant, now) = (scope.tenant(), self.clock.now());
        self.db
            .write(scope, move |c| {
                let mine = dead_letters::table.filter(dead_letters::tenant.eq(tenant));
                diesel::update(mine.filter(dead_letters::id.eq_any(&ids)))
                    .set((
                        dead_letters::replayed_at.eq(Some(now)),
                        dead_letters::updated_at.eq(now),
                    ))
                    .execute(c)?;
                Ok(())
            })
            .await
    }

    /// Deletes dead letters; how many.
    pub(crate) async fn dead_letters_delete(&self, scope: &Scope, ids: Vec<Id>) -> Result<usize> {
        let (tenant, cleared) = (scope.tenant(), Clearance::of_scope(scope).numbers());
        self.db
            .write(scope, move |c| {
                let mine = dead_letters::table
                    .filter(dead_letters::tenant.eq(tenant))
                    .filter(dead_letters::security_level.eq_any(&cleared));
                Ok(diesel::delete(mine.filter(dead_letters::id.eq_any(&ids))).execute(c)?)
            })
            .await
    }

    /// How many dead letters each subscription has.
    pub(crate) async fn dead_letters_count(
        &self,
        scope: &Scope,
        subscriptions: Vec<Id>,
    ) -> Result<Vec<(Id, i64)>> {
        self.db
            .read(scope, move |c| {
                let mut counts = Vec::with_capacity(subscriptions.len());
                for id in subscriptions {
                    let mine = dead_letters::table.filter(dead_letters::subscription_id.eq(id));
                    counts.push((id, mine.count().get_result(c)?));
                }
                Ok(counts)
            })
            .await
    }
}
