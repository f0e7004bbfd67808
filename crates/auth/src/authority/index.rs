//! A policy made ready for look-ups.

use crate::{
    Permissions, Principal, PrincipalPolicy, RowFilter, RowFilters, Snapshot, TokenPolicy, jwt,
};
use error::{Error, reason};
use jsonwebtoken::DecodingKey;
use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
};
use value::Id;

/// A [`Snapshot`] by key.
pub(super) struct Index {
    pub(super) version: u64,
    pub(super) keys: HashMap<String, DecodingKey>,
    pub(super) tokens: HashMap<Id, TokenPolicy>,
    pub(super) revoked_sessions: HashSet<Id>,
    principals: HashMap<Id, Entry>,
}

/// A principal with what its roles allow.
pub(super) struct Entry {
    pub(super) principal: Principal,
    pub(super) roles: Vec<String>,
    pub(super) permissions: Arc<Permissions>,
    pub(super) row_filters: Arc<RowFilters>,
    disabled: bool,
}

impl Index {
    pub(super) fn new(snapshot: Snapshot) -> Result<Self, Error> {
        let keys = snapshot
            .keys
            .iter()
            .map(|key| Ok((key.kid.clone(), jwt::verifier(key)?)))
            .collect::<Result<_, Error>>()?;
        let roles: HashMap<_, _> = snapshot
            .roles
            .iter()
            .map(|role| {
                (
                    (role.tenant, role.name.as_str()),
                    role.permissions.as_slice(),
                )
            })
            .collect();
        // Many principals hold the same roles: one set for all of them.
        let mut sets: HashMap<(Id, &[String]), Arc<Permissions>> = HashMap::new();
        let mut filters = Filters::new(&snapshot);
        let mut principals = HashMap::with_capacity(snapshot.principals.len());
        for entry in &snapshot.principals {
            let tenant = entry.principal.tenant;
            let permissions = sets.entry((tenant, &entry.roles)).or_insert_with(|| {
                let held = entry.roles.iter().flat_map(|role| {
                    let found = roles
                        .get(&(None, role.as_str()))
                        .or_else(|| roles.get(&(Some(tenant), role.as_str())));
                    found.copied().unwrap_or_default()
                });
                Arc::new(Permissions::new(held))
            });
            principals.insert(
                entry.principal.id,
                Entry {
                    principal: entry.principal.clone(),
                    roles: entry.roles.clone(),
                    permissions: Arc::clone(permissions),
                    row_filters: filters.of(entry)?,
                    disabled: entry.disabled,
                },
            );
        }
        Ok(Self {
            version: snapshot.version,
            keys,
            tokens: snapshot
                .tokens
                .iter()
                .map(|token| (token.id, token.clone()))
                .collect(),
            revoked_sessions: snapshot.revoked_sessions.iter().copied().collect(),
            principals,
        })
    }

    /// An enabled principal.
    pub(super) fn principal(&self, id: Id) -> Result<&Entry, Error> {
        match self.principals.get(&id) {
            Some(entry) if !entry.disabled => Ok(entry),
            Some(_) => Err(Error::new(
                &reason::PRINCIPAL_DISABLED,
                "the principal is disabled",
            )),
            None => Err(Error::new(
                &reason::TOKEN_REVOKED,
                "the principal of the token no longer exists",
            )),
        }
    }
}

/// The row filters of principals; many have the same: one set for all of them.
struct Filters<'a> {
    all: Vec<RowFilter>,
    sets: HashMap<&'a [u32], Arc<RowFilters>>,
}

impl<'a> Filters<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        Self {
            all: snapshot
                .row_filters
                .iter()
                .map(|filter| RowFilter::new(&filter.entity, &filter.condition))
                .collect(),
            sets: HashMap::from([(&[][..], RowFilters::none())]),
        }
    }

    /// A filter that is missing would show rows that must stay hidden: no policy is made then.
    fn of(&mut self, principal: &'a PrincipalPolicy) -> Result<Arc<RowFilters>, Error> {
        if let Some(known) = self.sets.get(principal.row_filters.as_slice()) {
            return Ok(Arc::clone(known));
        }
        let own = principal.row_filters.iter().map(|at| {
            usize::try_from(*at)
                .ok()
                .and_then(|at| self.all.get(at))
                .ok_or_else(|| Error::internal("the policy lacks a row filter of a principal"))
        });
        let set = Arc::new(RowFilters::new(own.collect::<Result<Vec<_>, _>>()?));
        self.sets.insert(&principal.row_filters, Arc::clone(&set));
        Ok(set)
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index")
            .field("version", &self.version)
            .field("principals", &self.principals.len())
            .finish_non_exhaustive()
    }
}
