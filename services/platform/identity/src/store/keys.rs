//! Signing keys. They belong to the platform: their tenant is the nil id, their scope spans all tenants.

use std::fmt;
use std::time::Duration;

use auth::Scope;
use db::{Conn, Failure};
use diesel::prelude::*;
use value::{Id, Time};

use super::{Change, Store};
use crate::model::Event;
use crate::schema::signing_keys;

/// A signing key with its private half sealed; neither half prints.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = signing_keys, treat_none_as_default_value = false)]
pub(crate) struct KeyRow {
    pub(crate) id: Id,
    pub(crate) tenant: Id,
    pub(crate) kid: String,
    pub(crate) public_key: Vec<u8>,
    pub(crate) sealed_private_key: Vec<u8>,
    pub(crate) activates_at: Time,
    pub(crate) expires_at: Option<Time>,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
    pub(crate) version: i64,
}

impl fmt::Debug for KeyRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRow")
            .field("kid", &self.kid)
            .field("activates_at", &self.activates_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Keys that are published now, oldest first.
    pub(crate) async fn keys_published(&self, scope: &Scope) -> error::Result<Vec<KeyRow>> {
        let now = self.clock.now();
        self.db.read(scope, move |c| published(c, now)).await
    }

    /// Adds a key unless the newest one is younger than `min_age`; older keys stay published for
    /// `afterlife` beyond the new one's activation. The answer is the newest key's id.
    pub(crate) async fn key_rotate(
        &self,
        scope: &Scope,
        new: KeyRow,
        min_age: Duration,
        afterlife: Duration,
    ) -> error::Result<String> {
        let change = self.change(scope);
        self.db
            .write(scope, move |c| rotate(c, &change, &new, min_age, afterlife))
            .await
    }

    /// Forgets keys that nothing verifies with any more.
    pub(crate) async fn keys_prune(&self, scope: &Scope) -> error::Result<usize> {
        let change = self.change(scope);
        self.db
            .write(scope, move |c| {
                let dead = signing_keys::table.filter(signing_keys::expires_at.le(change.now));
                let count = diesel::delete(dead).execute(c)?;
                if count > 0 {
                    change.policy_changed(c)?;
                }
                Ok(count)
            })
            .await
    }
}

pub(super) fn published(c: &mut Conn, now: Time) -> Result<Vec<KeyRow>, Failure> {
    Ok(signing_keys::table
        .filter(
            signing_keys::expires_at
                .is_null()
                .or(signing_keys::expires_at.gt(now)),
        )
        .select(KeyRow::as_select())
        .order((signing_keys::activates_at, signing_keys::id))
        .load(c)?)
}

fn rotate(
    c: &mut Conn,
    change: &Change,
    new: &KeyRow,
    min_age: Duration,
    afterlife: Duration,
) -> Result<String, Failure> {
    let existing = published(c, change.now)?;
    if let Some(newest) = existing.last()
        && newest.created_at + min_age > change.now
    {
        return Ok(newest.kid.clone());
    }
    let mut row = new.clone();
    if existing.is_empty() {
        // Nothing else can sign: it has to begin at once.
        row.activates_at = change.now;
    }
    diesel::update(signing_keys::table.filter(signing_keys::expires_at.is_null()))
        .set((
            signing_keys::expires_at.eq(row.activates_at + afterlife),
            signing_keys::updated_at.eq(change.now),
            signing_keys::version.eq(signing_keys::version + 1),
        ))
        .execute(c)?;
    diesel::insert_into(signing_keys::table)
        .values(&row)
        .execute(c)?;
    change.announce(
        c,
        &Event::KeysRotated {
            kid: row.kid.clone(),
        },
    )?;
    change.policy_changed(c)?;
    Ok(row.kid)
}
