//! Everything that decides who may call, read in one transaction at one version.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use auth::{RowFilterPolicy, Scope};
use db::{Conn, Failure};
use diesel::prelude::*;
use value::{Id, Time};

use super::{KeyRow, RowFilterRow, Store, TokenRow, keys};
use crate::schema::{
    api_tokens, group_members, policy_versions, role_assignments, row_filters, service_principals,
    sessions, tenants, users,
};

/// The policy as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct PolicyRows {
    pub(crate) version: u64,
    pub(crate) keys: Vec<KeyRow>,
    pub(crate) principals: Vec<PrincipalRow>,
    pub(crate) tokens: Vec<TokenRow>,
    pub(crate) revoked_sessions: Vec<Id>,
    pub(crate) row_filters: Vec<RowFilterPolicy>,
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
    /// Positions in [`PolicyRows::row_filters`].
    pub(crate) row_filters: Vec<u32>,
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
                let narrowing = Narrowing::read(c)?;
                Ok(Some(PolicyRows {
                    version,
                    keys: keys::published(c, now)?,
                    principals: principals(c, &narrowing)?,
                    tokens: tokens(c, now)?,
                    revoked_sessions: sessions::table
                        .filter(sessions::revoked_at.gt(now - named))
                        .select(sessions::id)
                        .load(c)?,
                    row_filters: narrowing.filters,
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

/// All row filters, and by whose they are: positions among them.
#[derive(Default)]
struct Narrowing {
    filters: Vec<RowFilterPolicy>,
    of_subject: HashMap<Id, Vec<u32>>,
    of_role: HashMap<(Id, String), Vec<u32>>,
}

impl Narrowing {
    fn read(c: &mut Conn) -> Result<Self, Failure> {
        let rows: Vec<RowFilterRow> = row_filters::table
            .order(row_filters::id)
            .select(RowFilterRow::as_select())
            .load(c)?;
        let mut all = Self::default();
        for (at, row) in (0..).zip(rows) {
            if let Some(subject) = row.subject_id {
                all.of_subject.entry(subject).or_default().push(at);
            }
            if let Some(role) = row.role {
                let holders = all.of_role.entry((row.tenant, role));
                holders.or_default().push(at);
            }
            all.filters.push(RowFilterPolicy {
                entity: row.entity,
                condition: row.condition,
            });
        }
        Ok(all)
    }

    /// Those of a principal: its own, its groups' and its roles', each once, in order.
    fn of(&self, tenant: Id, subjects: &[Id], roles: &[String]) -> Vec<u32> {
        if self.filters.is_empty() {
            return Vec::new();
        }
        let of_subjects = subjects.iter().filter_map(|id| self.of_subject.get(id));
        let of_roles = roles
            .iter()
            .filter_map(|role| self.of_role.get(&(tenant, role.clone())));
        let positions: BTreeSet<u32> = of_subjects.chain(of_roles).flatten().copied().collect();
        positions.into_iter().collect()
    }
}

fn principals(c: &mut Conn, narrowing: &Narrowing) -> Result<Vec<PrincipalRow>, Failure> {
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
    let mut groups: HashMap<Id, Vec<Id>> = HashMap::new();
    for (group, user) in members {
        groups.entry(user).or_default().push(group);
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
        .map(|(person, (id, tenant, name, disabled_at))| {
            let roles: Vec<String> = roles.remove(&id).unwrap_or_default().into_iter().collect();
            let mut subjects = groups.remove(&id).unwrap_or_default();
            subjects.push(id);
            PrincipalRow {
                id,
                tenant,
                person,
                name,
                row_filters: narrowing.of(tenant, &subjects, &roles),
                roles,
                disabled: disabled_at.is_some() || closed.contains(&tenant),
            }
        })
        .collect())
}
