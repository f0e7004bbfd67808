//! Everything that decides who may call, read in one transaction at one version.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use auth::Scope;
use db::{Conn, Failure};
use diesel::prelude::*;
use value::{Id, Time};

use super::{KeyRow, Store, TokenRow, keys};
use crate::schema::{
    api_tokens, group_members, policy_versions, role_assignments, service_principals, sessions,
    tenants, users,
};

/// The policy as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct PolicyRows {
    pub(crate) version: u64,
    pub(crate) keys: Vec<KeyRow>,
    pub(crate) principals: Vec<PrincipalRow>,
    pub(crate) tokens: Vec<TokenRow>,
    pub(crate) revoked_sessions: Vec<Id>,
}

/// A user or service principal with its roles.
#[derive(Clone, Debug)]
pub(crate) struct PrincipalRow {
    pub(crate) id: Id,
    pub(crate) tenant: Id,
    pub(crate) person: bool,
    pub(crate) name: String,
    pub(crate) roles: Vec<String>,
    pub(crate) disabled: bool,
}

impl Store {
    /// The policy, unless `known` is its version; `scope` spans all tenants. Sessions revoked longer ago
    /// than `named` are left out: none of their access tokens lives.
    pub(crate) async fn policy_read(
        &self,
        scope: &Scope,
        known: u64,
        named: Duration,
    ) -> error::Result<Option<PolicyRows>> {
        let now = self.clock.now();
        self.db
            .read(scope, move |c| {
                let version = version(c)?;
                if version == known {
                    return Ok(None);
                }
                Ok(Some(PolicyRows {
                    version,
                    keys: keys::published(c, now)?,
                    principals: principals(c)?,
                    tokens: tokens(c, now)?,
                    revoked_sessions: sessions::table
                        .filter(sessions::revoked_at.gt(now - named))
                        .select(sessions::id)
                        .load(c)?,
                }))
            })
            .await
    }
}

/// The sum over all tenants: it grows with every change, and tenants do not wait for each other.
fn version(c: &mut Conn) -> Result<u64, Failure> {
    let versions: Vec<i64> = policy_versions::table
        .select(policy_versions::version)
        .load(c)?;
    Ok(versions
        .into_iter()
        .filter_map(|version| u64::try_from(version).ok())
        .sum())
}

fn tokens(c: &mut Conn, now: Time) -> Result<Vec<TokenRow>, Failure> {
    Ok(api_tokens::table
        .filter(api_tokens::revoked_at.is_null())
        .filter(
            api_tokens::expires_at
                .is_null()
                .or(api_tokens::expires_at.gt(now)),
        )
        .select(TokenRow::as_select())
        .load(c)?)
}

fn principals(c: &mut Conn) -> Result<Vec<PrincipalRow>, Failure> {
    let closed: HashSet<Id> = tenants::table
        .filter(tenants::disabled_at.is_not_null())
        .select(tenants::id)
        .load(c)?
        .into_iter()
        .collect();
    let mut roles: HashMap<Id, BTreeSet<String>> = HashMap::new();
    let assigned: Vec<(Id, String)> = role_assignments::table
        .select((role_assignments::subject_id, role_assignments::role))
        .load(c)?;
    for (subject, role) in assigned {
        roles.entry(subject).or_default().insert(role);
    }
    let members: Vec<(Id, Id)> = group_members::table
        .select((group_members::group_id, group_members::user_id))
        .load(c)?;
    for (group, user) in members {
        if let Some(inherited) = roles.get(&group).cloned() {
            roles.entry(user).or_default().extend(inherited);
        }
    }
    let persons: Vec<(Id, Id, String, Option<Time>)> = users::table
        .filter(users::deleted_at.is_null())
        .select((
            users::id,
            users::tenant,
            users::display_name,
            users::disabled_at,
        ))
        .load(c)?;
    let programs: Vec<(Id, Id, String, Option<Time>)> = service_principals::table
        .select((
            service_principals::id,
            service_principals::tenant,
            service_principals::name,
            service_principals::disabled_at,
        ))
        .load(c)?;
    let persons = persons.into_iter().map(|row| (true, row));
    let programs = programs.into_iter().map(|row| (false, row));
    Ok(persons
        .chain(programs)
        .map(|(person, (id, tenant, name, disabled_at))| PrincipalRow {
            id,
            tenant,
            person,
            name,
            roles: roles.remove(&id).unwrap_or_default().into_iter().collect(),
            disabled: disabled_at.is_some() || closed.contains(&tenant),
        })
        .collect())
}
