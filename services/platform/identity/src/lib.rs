//! Identity: who there is, what they may do, and the tokens that prove it.
//!
//! **Owns** tenants, users, groups, role assignments (roles by name; what a built-in role holds is in
//! `auth`), row filters, service principals, API tokens, sessions, signing keys, and the policy that every process
//! verifies callers by. **Calls** nobody. **Announces** every change in the outbox, never with a secret.
//!
//! **Tables** `tenants users credentials sign_in_failures groups group_members role_assignments
//! row_filters service_principals api_tokens sessions refresh_tokens signing_keys policy_versions`.
//!
//! **Invariants**
//! 1. A change to who may do what bumps the policy's version in the same transaction; every process sees
//!    it within a second.
//! 2. Nobody gives, or changes a principal that holds, more than they hold themselves; this is checked in
//!    the transaction that makes the change.
//! 3. Passwords, API tokens and refresh tokens are stored as hashes only, private keys sealed only.
//! 4. Sign-in answers and takes the same for what exists and what does not, lock-out included.
//! 5. A refresh token works once; shown again, it ends its session.
//! 6. An API token made with another is no wider, ends no later and is revoked together with it; a reset by
//!    an administrator ends a user's sessions and API tokens.
//! 7. Anyone can ask for a password to be verified, so that this work has a bounded queue of its own.
//! 8. What concerns other accounts, reading too, needs an `.admin` permission.
//! 9. Nobody changes which rows they see themselves, by whatever way: filters, groups or roles.
//! 10. Keys are published before they sign and until the last token they signed has expired.

mod api;
mod config;
mod convert;
mod keyring;
mod model;
mod passwords;
mod reasons;
mod schema;
mod sealing;
mod source;
mod store;
mod tasks;
#[cfg(test)]
mod tests;
mod uses;

pub use config::{Config, HashingConfig, KeyConfig, LockoutConfig, PasswordConfig, TokenConfig};

use std::sync::Arc;

use proto_platform::tessera::identity::v1::identity_service_server::IdentityServiceServer;
use rpc::{BoxError, Context, Running};
use tonic::service::Routes;

/// The service of tenants, principals and tokens.
pub struct Identity;

impl rpc::Service for Identity {
    const NAME: &'static str = "identity";
    const CALLS: &'static [&'static str] = &[];
    const MIGRATIONS: &'static db::Migrations = &store::MIGRATIONS;
    const REASONS: &'static [&'static error::Reason] = reasons::ALL;
    type Config = Config;

    async fn start(ctx: Context<Config>) -> Result<Running, BoxError> {
        let folder = ctx.data_dir.join(Self::NAME);
        let config = Arc::new(ctx.config);
        let key_file = match config.key_file.as_os_str().is_empty() {
            true => folder.join("signing.key"),
            false => config.key_file.clone(),
        };
        let sealing = sealing::Sealing::open(&key_file)?;
        let passwords = passwords::Passwords::new(&config.hashing)?;
        let store = store::Store::new(ctx.db, Arc::clone(&ctx.clock));
        let keyring =
            keyring::Keyring::new(store.clone(), sealing, Arc::clone(&ctx.clock), &config);

        let clock = Arc::clone(&ctx.clock);
        let default_tenant =
            tasks::first_run::ensure(&store, &passwords, &config, clock.as_ref(), &folder).await?;
        keyring.rotate_if_old().await?;
        // A key that does not open is found now, not at the first sign-in.
        keyring.current().await?;

        let uses = uses::Uses::default();
        let source = source::Source::new(store.clone(), config.tokens.access.get());
        let housekeeping = tasks::Housekeeping {
            store: store.clone(),
            keyring: keyring.clone(),
            config: Arc::clone(&config),
            clock: Arc::clone(&clock),
        };
        let writing = (store.clone(), uses.clone(), Arc::clone(&config));
        let (shutdown, writing_shutdown) = (ctx.shutdown.clone(), ctx.shutdown.clone());
        let api = api::Api {
            store,
            passwords,
            keyring,
            source: source.clone(),
            uses,
            clock,
            config,
            default_tenant,
            authority: ctx.authority,
        };
        Ok(Running::new(Routes::new(IdentityServiceServer::new(api)))
            .policy(Arc::new(source))
            .supervised("housekeeping", move || {
                housekeeping.clone().run(shutdown.clone())
            })
            .supervised("token-uses", move || {
                let (store, uses, config) = writing.clone();
                tasks::write_uses(store, uses, config, writing_shutdown.clone())
            }))
    }
}
