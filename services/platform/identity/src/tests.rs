//! Tests of the service through its generated client, on both databases.

mod access;
mod first_run;
mod guards;
mod keys;
mod passwords;
mod principals;
mod quotas;
mod roles;
mod row_filters;
mod sign_in;
mod tenants;
mod tokens;
mod users;

use std::sync::Arc;

use auth::Authority;
use error::Error;
use pb::identity_service_client::IdentityServiceClient;
use proto_platform::tessera::identity::v1 as pb;
use rpc::Channel;
use testkit::{Backend, Bench, ManualClock};
use tonic::{Response, Status};
use value::{Clock, Id};

use crate::model::{DEFAULT_TENANT, FIRST_ADMINISTRATOR};
use crate::source::Source;
use crate::store::Store;
use crate::{Config, Identity};

/// A password that the policy accepts.
const PASSWORD: &str = "violet-anchor-41";
/// Another one.
const OTHER_PASSWORD: &str = "copper-lantern-77";
/// The administrator's, from the settings.
const ADMIN_PASSWORD: &str = "granite-window-19";

type Client = IdentityServiceClient<Channel>;

/// A bench whose hashing is cheap, so that tests are quick.
struct World {
    bench: Bench<Identity>,
}

impl World {
    async fn on(backend: Backend) -> Self {
        Self::with_settings(backend, settings()).await
    }

    async fn with_settings(backend: Backend, config: Config) -> Self {
        let bench = Bench::builder(backend).config(config).start().await;
        Self { bench }
    }

    /// The administrator of the default tenant, by the token in the file of the first start.
    fn root(&self) -> Client {
        let file = self.bench.folder().join("identity/admin.token");
        let token = std::fs::read_to_string(file).unwrap();
        self.with(token.trim())
    }

    /// An administrator of the bench's tenant, of which identity has no row.
    fn admin(&self) -> Client {
        Client::new(self.bench.admin())
    }

    fn stranger(&self) -> Client {
        Client::new(self.bench.stranger())
    }

    fn anonymous(&self) -> Client {
        Client::new(self.bench.anonymous())
    }

    fn with(&self, token: &str) -> Client {
        Client::new(self.bench.with_token(token))
    }

    fn limited(&self, permissions: &[&str]) -> Client {
        Client::new(self.bench.with_permissions(permissions))
    }

    /// A store over the service's database, for what no RPC shows; its clock stands as the service's does now.
    fn store(&self) -> Store {
        Store::new(self.bench.db().clone(), self.clock())
    }

    /// The service's clock as it stands.
    fn clock(&self) -> Arc<ManualClock> {
        Arc::new(ManualClock::new(self.bench.clock().now()))
    }

    /// An authority as another process has one, at the service's time.
    async fn authority(&self) -> Authority {
        let authority = Authority::new(auth::Config::default(), self.clock());
        let source = Source::new(self.store(), settings().tokens.access.get());
        authority.refresh(&source).await.unwrap();
        authority
    }

    async fn sign_in(
        &self,
        tenant: &str,
        email: &str,
        password: &str,
    ) -> Result<pb::TokenPair, Error> {
        let request = pb::SignInRequest {
            tenant: tenant.into(),
            email: email.into(),
            password: password.into(),
            new_password: String::new(),
        };
        let pair = body(self.anonymous().sign_in(request).await)?;
        self.bench.refresh_policy().await;
        Ok(pair)
    }

    async fn sign_in_root(&self) -> pb::TokenPair {
        self.sign_in(DEFAULT_TENANT, FIRST_ADMINISTRATOR, ADMIN_PASSWORD)
            .await
            .unwrap()
    }

    /// A user of the default tenant with a password and roles.
    async fn user(&self, email: &str, roles: &[&str]) -> pb::User {
        let user = self.create_user(&mut self.root(), email).await;
        for role in roles {
            let request = assign(pb::SubjectKind::User, &user.id, role);
            self.root().assign_role(request).await.unwrap();
        }
        self.bench.refresh_policy().await;
        user
    }

    async fn create_user(&self, client: &mut Client, email: &str) -> pb::User {
        let request = new_user(email, PASSWORD);
        body(client.create_user(request).await).unwrap()
    }
}

fn settings() -> Config {
    let mut config = Config {
        admin_password: config::Secret::new(ADMIN_PASSWORD),
        ..Config::default()
    };
    config.hashing.memory_kib = 32;
    config.hashing.iterations = 1;
    config
}

fn new_user(email: &str, password: &str) -> pb::CreateUserRequest {
    pb::CreateUserRequest {
        user: Some(pb::User {
            email: email.into(),
            display_name: format!("Name of {email}"),
            ..pb::User::default()
        }),
        password: password.into(),
        ..pb::CreateUserRequest::default()
    }
}

fn assign(kind: pb::SubjectKind, id: &str, role: &str) -> pb::AssignRoleRequest {
    pb::AssignRoleRequest {
        subject: Some(subject(kind, id)),
        role: role.into(),
    }
}

fn subject(kind: pb::SubjectKind, id: &str) -> pb::Subject {
    pb::Subject {
        kind: kind.into(),
        id: id.into(),
    }
}

/// The answer, or the error as a caller reads it.
fn body<T>(outcome: Result<Response<T>, Status>) -> Result<T, Error> {
    outcome.map(Response::into_inner).map_err(Error::from)
}

/// The reason of a refusal.
fn reason<T: std::fmt::Debug>(outcome: Result<Response<T>, Status>) -> String {
    body(outcome).unwrap_err().reason().to_owned()
}
