//! API tokens; of their secrets only the hash is kept.

use std::fmt;

use auth::Scope;
use db::{Conn, Failure, OrElse};
use diesel::prelude::*;
use error::{Error, reason};
use value::{Id, Json, Time};

use super::{Change, Slice, Store, access};
use crate::model::pattern::Held;
use crate::model::{Event, role};
use crate::schema::api_tokens;

/// An API token. The hash of its secret does not print.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = api_tokens, treat_none_as_default_value = false)]
pub(crate) struct TokenRow {
    pub(crate) id: Id,
    pub(crate) tenant: Id,
    pub(crate) principal_id: Id,
    pub(crate) name: String,
    pub(crate) secret_hash: Vec<u8>,
    pub(crate) permissions: Json,
    pub(crate) expires_at: Option<Time>,
    pub(crate) last_used_at: Option<Time>,
    pub(crate) revoked_at: Option<Time>,
    pub(crate) created_by: String,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
    pub(crate) version: i64,
    /// The token it was made with.
    pub(crate) parent_id: Option<Id>,
}

impl fmt::Debug for TokenRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRow")
            .field("id", &self.id)
            .field("principal_id", &self.principal_id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl TokenRow {
    /// The permissions and patterns it is narrowed to.
    pub(crate) fn permissions(&self) -> Vec<String> {
        let items = self.permissions.0.as_array();
        items
            .into_iter()
            .flatten()
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect()
    }
}

/// Which tokens to list.
#[derive(Clone, Debug)]
pub(crate) struct TokenFilter {
    pub(crate) principal: Id,
    pub(crate) revoked_too: bool,
}

impl Store {
    /// Makes a token for a principal that may do no more than the caller and has fewer than `most` tokens.
    pub(crate) async fn token_create(
        &self,
        scope: &Scope,
        row: TokenRow,
        held: Held,
        most: u32,
    ) -> error::Result<TokenRow> {
        let change = self.change(scope);
        self.db
            .write(scope, move |c| {
                let principal = row.principal_id;
                if !access::is_principal(c, change.tenant, principal)? {
                    return Err(Error::not_found("principal", principal).into());
                }
                // Narrowed, the token gives its patterns; else all that the principal may do.
                let mut given = row.permissions();
                if given.is_empty() {
                    let roles = access::roles_of(c, change.tenant, principal)?;
                    given = role::permissions_of(&roles);
                }
                held.cover(&given)?;
                let row = under_parent(c, &change, row.clone())?;
                check_quota(c, &change, principal, most)?;
                insert(c, &change, &row)?;
                change.policy_changed(c)?;
                find(c, change.tenant, row.id)
            })
            .await
    }

    /// Gets a token, a revoked one too.
    pub(crate) async fn token_get(&self, scope: &Scope, id: Id) -> error::Result<TokenRow> {
        let tenant = scope.tenant();
        self.db.read(scope, move |c| find(c, tenant, id)).await
    }

    /// Lists tokens in the order they were made.
    pub(crate) async fn token_list(
        &self,
        scope: &Scope,
        filter: TokenFilter,
        slice: Slice,
    ) -> error::Result<Vec<TokenRow>> {
        let tenant = scope.tenant();
        self.db
            .read(scope, move |c| {
                let mut query = api_tokens::table
                    .filter(api_tokens::tenant.eq(tenant))
                    .filter(api_tokens::principal_id.eq(filter.principal))
                    .select(TokenRow::as_select())
                    .order(api_tokens::id)
                    .limit(slice.limit)
                    .into_boxed();
                if !filter.revoked_too {
                    query = query.filter(api_tokens::revoked_at.is_null());
                }
                if let Some((_, id)) = slice.after {
                    query = query.filter(api_tokens::id.gt(id));
                }
                Ok(query.load(c)?)
            })
            .await
    }

    /// Revokes a token; its principal may do no more than the caller, unless it is the caller.
    pub(crate) async fn token_revoke(
        &self,
        scope: &Scope,
        id: Id,
        held: Option<Held>,
    ) -> error::Result<TokenRow> {
        let change = self.change(scope);
        self.db
            .write(scope, move |c| {
                let row = find(c, change.tenant, id)?;
                if let Some(held) = &held {
                    let roles = access::roles_of(c, change.tenant, row.principal_id)?;
                    held.cover(&role::permissions_of(&roles))?;
                }
                if row.revoked_at.is_none() {
                    revoke(c, &change, row.id, row.principal_id)?;
                    change.policy_changed(c)?;
                }
                find(c, change.tenant, id)
            })
            .await
    }

    /// Is there a token of this id, in any tenant?
    pub(crate) async fn token_exists(&self, scope: &Scope, id: Id) -> error::Result<bool> {
        self.db
            .read(scope, move |c| {
                let found = api_tokens::table
                    .find(id)
                    .select(api_tokens::id)
                    .first::<Id>(c)
                    .optional()?;
                Ok(found.is_some())
            })
            .await
    }

    /// Notes that tokens were used about now; `scope` spans all tenants.
    pub(crate) async fn tokens_used(
        &self,
        scope: &Scope,
        uses: Vec<(Id, Time)>,
    ) -> error::Result<()> {
        self.db
            .write(scope, move |c| {
                for (id, at) in &uses {
                    diesel::update(api_tokens::table.find(*id))
                        .set(api_tokens::last_used_at.eq(*at))
                        .execute(c)?;
                }
                Ok(())
            })
            .await
    }
}

pub(super) fn insert(c: &mut Conn, change: &Change, row: &TokenRow) -> Result<(), Failure> {
    let row = TokenRow {
        tenant: change.tenant,
        ..row.clone()
    };
    diesel::insert_into(api_tokens::table)
        .values(&row)
        .execute(c)?;
    let event = Event::TokenCreated {
        id: row.id,
        principal: row.principal_id,
    };
    change.announce(c, &event)
}

/// Bounds a token by the one it was made with, which must still be alive.
fn under_parent(c: &mut Conn, change: &Change, row: TokenRow) -> Result<TokenRow, Failure> {
    let Some(parent) = row.parent_id else {
        return Ok(row);
    };
    let parent = api_tokens::table
        .filter(api_tokens::id.eq(parent))
        .filter(api_tokens::tenant.eq(change.tenant))
        .filter(api_tokens::revoked_at.is_null())
        .select(TokenRow::as_select())
        .first(c)
        .optional()?;
    let Some(parent) = parent else {
        let gone = "the token that carries the call was revoked";
        return Err(Error::new(&reason::TOKEN_REVOKED, gone).into());
    };
    let expires_at = match (row.expires_at, parent.expires_at) {
        (Some(own), Some(end)) => Some(own.min(end)),
        (own, end) => own.or(end),
    };
    Ok(TokenRow { expires_at, ..row })
}

fn check_quota(c: &mut Conn, change: &Change, principal: Id, most: u32) -> Result<(), Failure> {
    let living: i64 = api_tokens::table
        .filter(api_tokens::tenant.eq(change.tenant))
        .filter(api_tokens::principal_id.eq(principal))
        .filter(api_tokens::revoked_at.is_null())
        .filter(
            api_tokens::expires_at
                .is_null()
                .or(api_tokens::expires_at.gt(change.now)),
        )
        .count()
        .get_result(c)?;
    if living < i64::from(most) {
        return Ok(());
    }
    let message = format!("a principal may have {most} api tokens: revoke one that is not needed");
    Err(Error::new(&reason::QUOTA_EXCEEDED, message)
        .with_metadata("limit", most.to_string())
        .into())
}

/// Revokes all tokens of a principal.
pub(super) fn revoke_all(c: &mut Conn, change: &Change, principal: Id) -> Result<(), Failure> {
    let ids: Vec<Id> = api_tokens::table
        .filter(api_tokens::tenant.eq(change.tenant))
        .filter(api_tokens::principal_id.eq(principal))
        .filter(api_tokens::revoked_at.is_null())
        .select(api_tokens::id)
        .load(c)?;
    for id in ids {
        revoke(c, change, id, principal)?;
    }
    Ok(())
}

/// Revokes a token and all that were made with it, and with those.
fn revoke(c: &mut Conn, change: &Change, id: Id, principal: Id) -> Result<(), Failure> {
    let mut ended = vec![(id, principal)];
    while let Some((id, principal)) = ended.pop() {
        revoke_one(c, change, id, principal)?;
        let made_with: Vec<(Id, Id)> = api_tokens::table
            .filter(api_tokens::tenant.eq(change.tenant))
            .filter(api_tokens::parent_id.eq(id))
            .filter(api_tokens::revoked_at.is_null())
            .select((api_tokens::id, api_tokens::principal_id))
            .load(c)?;
        ended.extend(made_with);
    }
    Ok(())
}

fn revoke_one(c: &mut Conn, change: &Change, id: Id, principal: Id) -> Result<(), Failure> {
    // Of several that end together, one may have ended with another already.
    let living = api_tokens::table
        .find(id)
        .filter(api_tokens::revoked_at.is_null());
    let ended = diesel::update(living)
        .set((
            api_tokens::revoked_at.eq(change.now),
            api_tokens::updated_at.eq(change.now),
            api_tokens::version.eq(api_tokens::version + 1),
        ))
        .execute(c)?;
    if ended == 0 {
        return Ok(());
    }
    change.announce(c, &Event::TokenRevoked { id, principal })
}

fn find(c: &mut Conn, tenant: Id, id: Id) -> Result<TokenRow, Failure> {
    api_tokens::table
        .filter(api_tokens::id.eq(id))
        .filter(api_tokens::tenant.eq(tenant))
        .select(TokenRow::as_select())
        .first(c)
        .on_missing(|| Error::not_found("token", id))
}
