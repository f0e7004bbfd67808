//! Password hashes, and failures of sign-in, which are counted for addresses without an account too.

use std::collections::HashMap;
use std::fmt;

use auth::Scope;
use db::{Conn, Failure};
use diesel::prelude::*;
use value::{Id, Time};

use super::users::{UserRow, UserView};
use super::{
    Change, SessionRow, Store, Target, TenantRow, access, sessions, tenants, tokens, users,
};
use crate::model::lockout::{Failures, Policy};
use crate::model::secret::{Hash, account_key};
use crate::model::{Email, Event};
use crate::schema::{credentials, sign_in_failures, users as users_table};

/// A password to store. The hash does not print.
#[derive(Clone)]
pub(crate) struct NewPassword {
    /// PHC string of argon2id; `None` is no password.
    pub(crate) hash: Option<String>,
    /// Whether the next sign-in must set a new one.
    pub(crate) must_change: bool,
}

impl NewPassword {
    /// No password: the user cannot sign in until one is set.
    pub(crate) fn none() -> Self {
        Self {
            hash: None,
            must_change: false,
        }
    }
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewPassword")
            .field("must_change", &self.must_change)
            .finish_non_exhaustive()
    }
}

/// What is known of an address at sign-in.
pub(crate) struct Account {
    /// Counts its failures.
    pub(crate) key: Hash,
    /// The tenant, if there is one of this slug.
    pub(crate) tenant: Option<TenantRow>,
    /// The user, if there is one.
    pub(crate) user: Option<UserRow>,
    /// The user's password hash, if there is one and the user and the tenant may sign in.
    pub(crate) hash: Option<String>,
    /// Whether the password must be changed.
    pub(crate) must_change: bool,
    /// Failures so far.
    pub(crate) failures: Failures,
}

/// What a user's current password is verified by.
pub(crate) struct Credential {
    /// Counts its failures.
    pub(crate) key: Hash,
    /// The password hash, if there is one.
    pub(crate) hash: Option<String>,
    /// Failures so far.
    pub(crate) failures: Failures,
}

/// A sign-in whose password was right.
#[derive(Clone)]
pub(crate) struct SignedIn {
    /// The account's key, whose failures are forgotten.
    pub(crate) key: Hash,
    /// The user.
    pub(crate) user: Id,
    /// The hash that was verified: another one by now means that the password changed meanwhile.
    pub(crate) verified: String,
    /// A hash to store instead: a new password, or the same one with today's parameters.
    pub(crate) replace: Option<String>,
    /// Whether `replace` is a new password.
    pub(crate) changed: bool,
    /// The session to begin.
    pub(crate) session: SessionRow,
    /// Hash of its first refresh token.
    pub(crate) refresh: Hash,
    /// When that token stops working.
    pub(crate) refresh_expires: Time,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = sign_in_failures, treat_none_as_default_value = false)]
struct FailureRow {
    id: Vec<u8>,
    tenant: Id,
    failures: i32,
    last_failure_at: Time,
    locked_until: Option<Time>,
    created_at: Time,
    updated_at: Time,
    version: i64,
}

#[derive(Insertable)]
#[diesel(table_name = credentials, treat_none_as_default_value = false)]
struct CredentialRow {
    id: Id,
    tenant: Id,
    password_hash: Option<String>,
    must_change: bool,
    changed_at: Option<Time>,
    last_sign_in_at: Option<Time>,
    created_at: Time,
    updated_at: Time,
    version: i64,
}

impl Store {
    /// Finds what there is of an address; `scope` spans all tenants.
    pub(crate) async fn account_find(
        &self,
        scope: &Scope,
        slug: String,
        email: Email,
    ) -> error::Result<Account> {
        self.db
            .read(scope, move |c| {
                let tenant = tenants::by_slug(c, &slug)?;
                // A slug must not be taken for the id of a tenant.
                let name = match &tenant {
                    Some(tenant) => tenant.id.to_string(),
                    None => format!("unknown {slug}"),
                };
                let key = account_key(&name, email.as_str());
                let user = users_table::table
                    .filter(users_table::tenant.eq(tenant.as_ref().map_or(Id::NIL, |t| t.id)))
                    .filter(users_table::email.eq(email.as_str()))
                    .filter(users_table::deleted_at.is_null())
                    .select(UserRow::as_select())
                    .first(c)
                    .optional()?;
                let stored = credential(c, user.as_ref().map_or(Id::NIL, |user| user.id))?;
                let failures = failures(c, &key)?;
                let open = tenant
                    .as_ref()
                    .is_some_and(|tenant| tenant.disabled_at.is_none())
                    && user.as_ref().is_some_and(|user| user.disabled_at.is_none());
                let (hash, must_change) = stored.unwrap_or_default();
                Ok(Account {
                    key,
                    tenant,
                    user,
                    hash: hash.filter(|_| open),
                    must_change,
                    failures,
                })
            })
            .await
    }

    /// Counts a failure; the answer is the state after it.
    pub(crate) async fn failure_count(
        &self,
        scope: &Scope,
        key: Hash,
        user: Option<(Id, Id)>,
        policy: Policy,
    ) -> error::Result<Failures> {
        let mut change = self.change(scope);
        change.tenant = user.map_or(Id::NIL, |(tenant, _)| tenant);
        self.db
            .write(scope, move |c| {
                let before = failures(c, &key)?;
                let after = before.failed(&policy, change.now);
                let row = FailureRow {
                    id: key.to_vec(),
                    tenant: change.tenant,
                    failures: i32::try_from(after.count).unwrap_or(i32::MAX),
                    last_failure_at: change.now,
                    locked_until: after.locked_until,
                    created_at: change.now,
                    updated_at: change.now,
                    version: 1,
                };
                forget_failures(c, &key)?;
                diesel::insert_into(sign_in_failures::table)
                    .values(&row)
                    .execute(c)?;
                if let (Some(_), Some((_, user))) = (after.locked_until, user) {
                    change.announce(
                        c,
                        &Event::UserLocked {
                            id: user,
                            failures: after.count,
                        },
                    )?;
                }
                Ok(after)
            })
            .await
    }

    /// Begins a session, the oldest of more than `most` ends; `None` when the account changed since the
    /// password was verified.
    pub(crate) async fn sign_in(
        &self,
        scope: &Scope,
        signed_in: SignedIn,
        most: u32,
    ) -> error::Result<Option<SessionRow>> {
        let mut change = self.change(scope);
        change.tenant = signed_in.session.tenant;
        self.db
            .write(scope, move |c| {
                let user = users_table::table
                    .filter(users_table::id.eq(signed_in.user))
                    .filter(users_table::tenant.eq(change.tenant))
                    .filter(users_table::deleted_at.is_null())
                    .filter(users_table::disabled_at.is_null())
                    .select(users_table::id)
                    .first::<Id>(c)
                    .optional()?;
                let stored = credential(c, signed_in.user)?.and_then(|(hash, _)| hash);
                if user.is_none() || stored.as_ref() != Some(&signed_in.verified) {
                    return Ok(None);
                }
                forget_failures(c, &signed_in.key)?;
                let own = credentials::table.find(signed_in.user);
                diesel::update(own)
                    .set(credentials::last_sign_in_at.eq(change.now))
                    .execute(c)?;
                if let Some(hash) = &signed_in.replace {
                    diesel::update(own)
                        .set((
                            credentials::password_hash.eq(hash),
                            credentials::updated_at.eq(change.now),
                            credentials::version.eq(credentials::version + 1),
                        ))
                        .execute(c)?;
                }
                if signed_in.changed {
                    diesel::update(own)
                        .set((
                            credentials::must_change.eq(false),
                            credentials::changed_at.eq(change.now),
                        ))
                        .execute(c)?;
                    let id = signed_in.user;
                    sessions::revoke_all_of_user(c, &change, id, None, "revoked")?;
                    change.announce(c, &Event::PasswordChanged { id, reset: false })?;
                    change.policy_changed(c)?;
                }
                if sessions::make_room(c, &change, signed_in.user, most)? {
                    change.policy_changed(c)?;
                }
                sessions::begin(
                    c,
                    &change,
                    &signed_in.session,
                    &signed_in.refresh,
                    signed_in.refresh_expires,
                )?;
                Ok(Some(signed_in.session.clone()))
            })
            .await
    }

    /// The caller's own password hash and failures, to verify the current password before a change.
    pub(crate) async fn credential_get(
        &self,
        scope: &Scope,
        user: Id,
    ) -> error::Result<Credential> {
        let tenant = scope.tenant();
        self.db
            .read(scope, move |c| {
                let row = users::find_living(c, tenant, user)?;
                let key = account_key(&tenant.to_string(), &row.email);
                Ok(Credential {
                    hash: credential(c, user)?.and_then(|(hash, _)| hash),
                    failures: failures(c, &key)?,
                    key,
                })
            })
            .await
    }

    /// Sets a password and ends the user's sessions but one. A reset by an administrator revokes the user's
    /// API tokens too: whoever made the reset necessary may have made tokens.
    pub(crate) async fn password_set(
        &self,
        scope: &Scope,
        target: Target,
        password: NewPassword,
        reset: bool,
        keep: Option<Id>,
    ) -> error::Result<UserView> {
        let change = self.change(scope);
        self.db
            .write(scope, move |c| {
                let user = users::find_living(c, change.tenant, target.id)?;
                access::guard(c, &change, &target)?;
                diesel::update(credentials::table.find(user.id))
                    .set((
                        credentials::password_hash.eq(&password.hash),
                        credentials::must_change.eq(password.must_change),
                        credentials::changed_at.eq(change.now),
                        credentials::updated_at.eq(change.now),
                        credentials::version.eq(credentials::version + 1),
                    ))
                    .execute(c)?;
                let key = account_key(&change.tenant.to_string(), &user.email);
                forget_failures(c, &key)?;
                sessions::revoke_all_of_user(c, &change, user.id, keep, "revoked")?;
                if reset {
                    tokens::revoke_all(c, &change, user.id)?;
                }
                change.announce(c, &Event::PasswordChanged { id: user.id, reset })?;
                change.policy_changed(c)?;
                users::find_view(c, change.tenant, user.id)
            })
            .await
    }

    /// Forgets failures older than `before`.
    pub(crate) async fn failures_prune(&self, scope: &Scope, before: Time) -> error::Result<usize> {
        self.db
            .write(scope, move |c| {
                Ok(diesel::delete(
                    sign_in_failures::table.filter(sign_in_failures::last_failure_at.lt(before)),
                )
                .execute(c)?)
            })
            .await
    }
}

pub(super) fn insert(
    c: &mut Conn,
    change: &Change,
    user: Id,
    password: &NewPassword,
) -> Result<(), Failure> {
    let row = CredentialRow {
        id: user,
        tenant: change.tenant,
        password_hash: password.hash.clone(),
        must_change: password.must_change,
        changed_at: password.hash.as_ref().map(|_| change.now),
        last_sign_in_at: None,
        created_at: change.now,
        updated_at: change.now,
        version: 1,
    };
    diesel::insert_into(credentials::table)
        .values(&row)
        .execute(c)?;
    Ok(())
}

pub(super) fn delete(c: &mut Conn, change: &Change, user: Id) -> Result<(), Failure> {
    diesel::delete(
        credentials::table
            .filter(credentials::id.eq(user))
            .filter(credentials::tenant.eq(change.tenant)),
    )
    .execute(c)?;
    Ok(())
}

/// For each of these users: must the password be changed, and when was the last sign-in?
pub(super) fn status(
    c: &mut Conn,
    tenant: Id,
    ids: Vec<Id>,
) -> Result<HashMap<Id, (bool, Option<Time>)>, Failure> {
    let rows: Vec<(Id, bool, Option<Time>)> = credentials::table
        .filter(credentials::tenant.eq(tenant))
        .filter(credentials::id.eq_any(ids))
        .select((
            credentials::id,
            credentials::must_change,
            credentials::last_sign_in_at,
        ))
        .load(c)?;
    Ok(rows
        .into_iter()
        .map(|(id, must_change, last)| (id, (must_change, last)))
        .collect())
}

/// Until when the addresses of these users are locked.
pub(super) fn locks(
    c: &mut Conn,
    tenant: Id,
    rows: &[UserRow],
) -> Result<HashMap<String, Time>, Failure> {
    let tenant_name = tenant.to_string();
    let emails: HashMap<Vec<u8>, &str> = rows
        .iter()
        .map(|row| {
            let key = account_key(&tenant_name, &row.email);
            (key.to_vec(), row.email.as_str())
        })
        .collect();
    let keys: Vec<&Vec<u8>> = emails.keys().collect();
    let locked: Vec<(Vec<u8>, Option<Time>)> = sign_in_failures::table
        .filter(sign_in_failures::id.eq_any(keys))
        .select((sign_in_failures::id, sign_in_failures::locked_until))
        .load(c)?;
    Ok(locked
        .into_iter()
        .filter_map(|(key, until)| Some(((*emails.get(&key)?).to_owned(), until?)))
        .collect())
}

fn credential(c: &mut Conn, user: Id) -> Result<Option<(Option<String>, bool)>, Failure> {
    Ok(credentials::table
        .filter(credentials::id.eq(user))
        .select((credentials::password_hash, credentials::must_change))
        .first(c)
        .optional()?)
}

fn failures(c: &mut Conn, key: &Hash) -> Result<Failures, Failure> {
    let row = sign_in_failures::table
        .find(key.to_vec())
        .select(FailureRow::as_select())
        .first(c)
        .optional()?;
    Ok(row.map_or_else(Failures::default, |row| Failures {
        count: u32::try_from(row.failures).unwrap_or(0),
        last: Some(row.last_failure_at),
        locked_until: row.locked_until,
    }))
}

fn forget_failures(c: &mut Conn, key: &Hash) -> Result<(), Failure> {
    diesel::delete(sign_in_failures::table.find(key.to_vec())).execute(c)?;
    Ok(())
}
