//! The people of a bench: principals with tokens that its guards accept.

use auth::{
    Authority, Config, PolicySource, Principal, PrincipalKind, PrincipalPolicy, RolePolicy,
    RowFilterPolicy, Snapshot,
    jwt::{Claims, ISSUER, SigningKey, sign},
    roles,
};
use error::BoxError;
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};
use value::{Clock, Id, Time};

/// Knows the bench's principals, and hands the guards a policy with them in it.
pub(crate) struct Callers {
    pub(crate) authority: Arc<Authority>,
    key: SigningKey,
    now: Time,
    version: AtomicU64,
    people: Mutex<People>,
    /// The policy that the service under test gives, if it gives one.
    source: Mutex<Option<Arc<dyn PolicySource>>>,
}

#[derive(Default)]
struct People {
    principals: Vec<PrincipalPolicy>,
    roles: Vec<RolePolicy>,
    row_filters: Vec<RowFilterPolicy>,
    service: Snapshot,
}

impl Callers {
    /// The guards' clock stands still, so that a test that moves the service's clock ends no token.
    pub(crate) fn new() -> Self {
        let clock = Arc::new(value::ManualClock::new(value::SystemClock.now()));
        let now = clock.now();
        Self {
            authority: Arc::new(Authority::new(Config::default(), clock)),
            key: SigningKey::generate(),
            now,
            version: AtomicU64::new(0),
            people: Mutex::default(),
            source: Mutex::default(),
        }
    }

    /// A principal of a tenant that holds these permissions, and its token.
    pub(crate) fn add(&self, name: &str, tenant: Id, permissions: &[&str]) -> (Principal, String) {
        self.add_filtered(name, tenant, permissions, &[])
    }

    /// A principal that sees no more than these row filters show: entities with conditions.
    pub(crate) fn add_filtered(
        &self,
        name: &str,
        tenant: Id,
        permissions: &[&str],
        filters: &[(&str, &str)],
    ) -> (Principal, String) {
        let id = Id::new();
        let principal = Principal {
            id,
            tenant,
            kind: PrincipalKind::User,
            name: name.to_owned(),
        };
        let role = format!("bench-{id}");
        {
            let mut people = self.people.lock().expect("no panic while held");
            let first = people.row_filters.len();
            people
                .row_filters
                .extend(filters.iter().map(|(entity, condition)| RowFilterPolicy {
                    entity: (*entity).to_owned(),
                    condition: (*condition).to_owned(),
                }));
            let row_filters = (first..people.row_filters.len()).filter_map(|at| at.try_into().ok());
            let row_filters = row_filters.collect();
            people.principals.push(PrincipalPolicy {
                principal: principal.clone(),
                roles: vec![role.clone()],
                disabled: false,
                row_filters,
            });
            people.roles.push(RolePolicy {
                tenant: None,
                name: role,
                permissions: permissions.iter().map(|text| (*text).to_owned()).collect(),
            });
        }
        self.install();
        let token = self.token(&principal);
        (principal, token)
    }

    /// An administrator of a tenant.
    pub(crate) fn admin(&self, name: &str, tenant: Id) -> (Principal, String) {
        self.add(name, tenant, roles::ADMIN.permissions)
    }

    fn token(&self, principal: &Principal) -> String {
        let seconds = self.now.micros() / 1_000_000;
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: ISSUER.to_owned(),
            sub: principal.id,
            tid: principal.tenant,
            sid: Id::new(),
            jti: Id::new(),
            iat: seconds,
            nbf: seconds - 1,
            exp: seconds + 86_400,
        };
        sign(&claims, &self.key).expect("a key made here signs")
    }

    pub(crate) fn listen_to(&self, source: Option<Arc<dyn PolicySource>>) {
        *self.source.lock().expect("no panic while held") = source;
    }

    /// Takes over what the service under test says of its own principals.
    pub(crate) async fn refresh(&self) -> Result<(), BoxError> {
        let source = self.source.lock().expect("no panic while held").clone();
        let Some(source) = source else { return Ok(()) };
        let known = self
            .people
            .lock()
            .expect("no panic while held")
            .service
            .version;
        if let Some(snapshot) = source.fetch(known).await? {
            self.people.lock().expect("no panic while held").service = snapshot;
            self.install();
        }
        Ok(())
    }

    fn install(&self) {
        let people = self.people.lock().expect("no panic while held");
        let mut snapshot = people.service.clone();
        snapshot.version = self.version.fetch_add(1, Ordering::Relaxed) + 1;
        snapshot.keys.push(self.key.public());
        // The bench's filters stand behind those of the service.
        let before = u32::try_from(snapshot.row_filters.len()).expect("fewer than four billion");
        snapshot
            .row_filters
            .extend(people.row_filters.iter().cloned());
        let own = people.principals.iter().cloned().map(|mut principal| {
            principal
                .row_filters
                .iter_mut()
                .for_each(|at| *at += before);
            principal
        });
        snapshot.principals.extend(own);
        snapshot.roles.extend(people.roles.iter().cloned());
        self.authority
            .install(snapshot, self.now)
            .expect("the bench's policy is sound");
    }
}
