//! Sessions and their refresh tokens. A refresh token works once; shown again, it ends its session.

use auth::Scope;
use db::{Conn, Failure, OrElse};
use diesel::prelude::*;
use error::Error;
use value::{Id, Time};

use super::{Change, Slice, Store, access};
use crate::model::pattern::Held;
use crate::model::secret::{Hash, RefreshToken};
use crate::model::{Event, role};
use crate::schema::{refresh_tokens, sessions, tenants, users};

/// A session.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions, treat_none_as_default_value = false)]
pub(crate) struct SessionRow {
    pub(crate) id: Id,
    pub(crate) tenant: Id,
    pub(crate) user_id: Id,
    pub(crate) refreshed_at: Time,
    pub(crate) expires_at: Time,
    pub(crate) revoked_at: Option<Time>,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
    pub(crate) version: i64,
}

/// How long the next refresh token lives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionTimes {
    /// Now.
    pub(crate) now: Time,
    /// When an unused refresh token stops working.
    pub(crate) refresh_expires: Time,
}

/// What came of showing a refresh token.
#[derive(Clone, Debug)]
pub(crate) enum Refresh {
    /// The session goes on; the next refresh token stops working at the time given.
    Renewed(SessionRow, Time),
    /// Unknown or expired, or the session or its user is no more.
    Refused,
    /// Used before: the session has been ended.
    Reused,
}

#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = refresh_tokens, treat_none_as_default_value = false)]
struct RefreshRow {
    id: Vec<u8>,
    tenant: Id,
    session_id: Id,
    expires_at: Time,
    used_at: Option<Time>,
    created_at: Time,
}

impl Store {
    /// Trades a refresh token for the next; `scope` spans all tenants.
    pub(crate) async fn session_refresh(
        &self,
        scope: &Scope,
        shown: RefreshToken,
        next: Hash,
        times: SessionTimes,
    ) -> error::Result<Refresh> {
        let change = self.change(scope);
        self.db
            .write(scope, move |c| refresh(c, &change, &shown, &next, times))
            .await
    }

    /// Lists a user's sessions in the order they began.
    pub(crate) async fn session_list(
        &self,
        scope: &Scope,
        user: Id,
        ended_too: bool,
        slice: Slice,
    ) -> error::Result<Vec<SessionRow>> {
        let change = self.change(scope);
        self.db
            .read(scope, move |c| {
                let mut query = sessions::table
                    .filter(sessions::tenant.eq(change.tenant))
                    .filter(sessions::user_id.eq(user))
                    .select(SessionRow::as_select())
                    .order(sessions::id)
                    .limit(slice.limit)
                    .into_boxed();
                if !ended_too {
                    query = query
                        .filter(sessions::revoked_at.is_null())
                        .filter(sessions::expires_at.gt(change.now));
                }
                if let Some((_, id)) = slice.after {
                    query = query.filter(sessions::id.gt(id));
                }
                Ok(query.load(c)?)
            })
            .await
    }

    /// Gets a session.
    pub(crate) async fn session_get(&self, scope: &Scope, id: Id) -> error::Result<SessionRow> {
        let tenant = scope.tenant();
        self.db.read(scope, move |c| find(c, tenant, id)).await
    }

    /// Ends a session; its user may do no more than the caller, unless it is the caller's own.
    pub(crate) async fn session_revoke(
        &self,
        scope: &Scope,
        id: Id,
        held: Option<Held>,
        cause: &'static str,
    ) -> error::Result<SessionRow> {
        let change = self.change(scope);
        self.db
            .write(scope, move |c| {
                let row = find(c, change.tenant, id)?;
                if let Some(held) = &held {
                    let roles = access::roles_of(c, change.tenant, row.user_id)?;
                    held.cover(&role::permissions_of(&roles))?;
                }
                if row.revoked_at.is_none() {
                    revoke(c, &change, &row, cause)?;
                    change.policy_changed(c)?;
                }
                find(c, change.tenant, id)
            })
            .await
    }

    /// Forgets sessions that ended before `before`; their refresh tokens go with them.
    pub(crate) async fn sessions_prune(&self, scope: &Scope, before: Time) -> error::Result<usize> {
        self.db
            .write(scope, move |c| {
                Ok(
                    diesel::delete(sessions::table.filter(sessions::expires_at.lt(before)))
                        .execute(c)?,
                )
            })
            .await
    }
}

fn refresh(
    c: &mut Conn,
    change: &Change,
    shown: &RefreshToken,
    next: &Hash,
    times: SessionTimes,
) -> Result<Refresh, Failure> {
    let token = refresh_tokens::table
        .find(shown.hash().to_vec())
        .filter(refresh_tokens::session_id.eq(shown.session))
        .select(RefreshRow::as_select())
        .first(c)
        .optional()?;
    let session = sessions::table
        .find(shown.session)
        .select(SessionRow::as_select())
        .first(c)
        .optional()?;
    let (Some(token), Some(session)) = (token, session) else {
        return Ok(Refresh::Refused);
    };
    let change = Change {
        tenant: session.tenant,
        ..change.clone()
    };
    if token.used_at.is_some() {
        // Whoever holds the newer token may be the thief: nobody goes on with this session.
        if session.revoked_at.is_none() {
            revoke(c, &change, &session, "refresh_token_reused")?;
            change.policy_changed(c)?;
        }
        return Ok(Refresh::Reused);
    }
    let ended = session.revoked_at.is_some()
        || session.expires_at <= times.now
        || token.expires_at <= times.now;
    if ended || !may_sign_in(c, &session)? {
        return Ok(Refresh::Refused);
    }
    diesel::update(refresh_tokens::table.find(token.id))
        .set(refresh_tokens::used_at.eq(times.now))
        .execute(c)?;
    let expires = times.refresh_expires.min(session.expires_at);
    insert_refresh(c, &change, session.id, next, expires)?;
    diesel::update(sessions::table.find(session.id))
        .set((
            sessions::refreshed_at.eq(times.now),
            sessions::updated_at.eq(times.now),
            sessions::version.eq(session.version + 1),
        ))
        .execute(c)?;
    Ok(Refresh::Renewed(session, expires))
}

fn may_sign_in(c: &mut Conn, session: &SessionRow) -> Result<bool, Failure> {
    let user = users::table
        .filter(users::id.eq(session.user_id))
        .filter(users::disabled_at.is_null())
        .filter(users::deleted_at.is_null())
        .select(users::id)
        .first::<Id>(c)
        .optional()?;
    let tenant = tenants::table
        .filter(tenants::id.eq(session.tenant))
        .filter(tenants::disabled_at.is_null())
        .select(tenants::id)
        .first::<Id>(c)
        .optional()?;
    Ok(user.is_some() && tenant.is_some())
}

/// Begins a session with its first refresh token.
pub(super) fn begin(
    c: &mut Conn,
    change: &Change,
    row: &SessionRow,
    refresh: &Hash,
    refresh_expires: Time,
) -> Result<(), Failure> {
    diesel::insert_into(sessions::table)
        .values(row)
        .execute(c)?;
    insert_refresh(c, change, row.id, refresh, refresh_expires)?;
    let event = Event::SessionStarted {
        id: row.id,
        user: row.user_id,
    };
    change.announce(c, &event)
}

fn insert_refresh(
    c: &mut Conn,
    change: &Change,
    session_id: Id,
    hash: &Hash,
    expires_at: Time,
) -> Result<(), Failure> {
    let row = RefreshRow {
        id: hash.to_vec(),
        tenant: change.tenant,
        session_id,
        expires_at,
        used_at: None,
        created_at: change.now,
    };
    diesel::insert_into(refresh_tokens::table)
        .values(&row)
        .execute(c)?;
    Ok(())
}

/// Ends the oldest living sessions of a user until one more may begin; whether it ended any.
pub(super) fn make_room(
    c: &mut Conn,
    change: &Change,
    user: Id,
    most: u32,
) -> Result<bool, Failure> {
    let living: Vec<SessionRow> = sessions::table
        .filter(sessions::tenant.eq(change.tenant))
        .filter(sessions::user_id.eq(user))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(change.now))
        .select(SessionRow::as_select())
        .order((sessions::created_at, sessions::id))
        .load(c)?;
    let surplus = (living.len() + 1).saturating_sub(most as usize);
    for session in living.iter().take(surplus) {
        revoke(c, change, session, "too_many")?;
    }
    Ok(surplus > 0)
}

/// Ends all living sessions of a user but `keep`.
pub(super) fn revoke_all_of_user(
    c: &mut Conn,
    change: &Change,
    user: Id,
    keep: Option<Id>,
    cause: &'static str,
) -> Result<(), Failure> {
    let living: Vec<SessionRow> = sessions::table
        .filter(sessions::tenant.eq(change.tenant))
        .filter(sessions::user_id.eq(user))
        .filter(sessions::revoked_at.is_null())
        .select(SessionRow::as_select())
        .load(c)?;
    for session in living.iter().filter(|session| Some(session.id) != keep) {
        revoke(c, change, session, cause)?;
    }
    Ok(())
}

/// Ends all living sessions of a tenant, in one statement; the tenant's own event tells of them.
pub(super) fn revoke_all_of_tenant(c: &mut Conn, change: &Change) -> Result<(), Failure> {
    let living = sessions::table
        .filter(sessions::tenant.eq(change.tenant))
        .filter(sessions::revoked_at.is_null());
    diesel::update(living)
        .set((
            sessions::revoked_at.eq(change.now),
            sessions::updated_at.eq(change.now),
            sessions::version.eq(sessions::version + 1),
        ))
        .execute(c)?;
    Ok(())
}

fn revoke(
    c: &mut Conn,
    change: &Change,
    row: &SessionRow,
    cause: &'static str,
) -> Result<(), Failure> {
    diesel::update(sessions::table.find(row.id))
        .set((
            sessions::revoked_at.eq(change.now),
            sessions::updated_at.eq(change.now),
            sessions::version.eq(row.version + 1),
        ))
        .execute(c)?;
    let event = Event::SessionRevoked {
        id: row.id,
        user: row.user_id,
        cause,
    };
    change.announce(c, &event)
}

fn find(c: &mut Conn, tenant: Id, id: Id) -> Result<SessionRow, Failure> {
    sessions::table
        .filter(sessions::id.eq(id))
        .filter(sessions::tenant.eq(tenant))
        .select(SessionRow::as_select())
        .first(c)
        .on_missing(|| Error::not_found("session", id))
}
