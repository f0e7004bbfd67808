//! The keys that sign access tokens: which one signs now, how a new one comes, when old ones go.

use std::sync::Arc;
use std::time::Duration;

use auth::Scope;
use auth::jwt::SigningKey;
use error::{Error, Result};
use value::{Clock, Id};

use crate::config::Config;
use crate::sealing::Sealing;
use crate::store::{KeyRow, Store};

/// Clocks may differ by this much: keys stay published a little longer than the tokens they signed.
pub(crate) const LEEWAY: Duration = Duration::from_secs(120);

/// Signs with the newest active key.
#[derive(Clone)]
pub(crate) struct Keyring {
    store: Store,
    sealing: Arc<Sealing>,
    clock: Arc<dyn Clock>,
    access_life: Duration,
    rotation_age: Duration,
    activation_delay: Duration,
}

impl Keyring {
    /// A keyring over the stored keys.
    pub(crate) fn new(
        store: Store,
        sealing: Sealing,
        clock: Arc<dyn Clock>,
        config: &Config,
    ) -> Self {
        Self {
            store,
            sealing: Arc::new(sealing),
            clock,
            access_life: config.tokens.access.get(),
            rotation_age: config.keys.rotation_age.get(),
            activation_delay: config.keys.activation_delay.get(),
        }
    }

    /// The key that signs now.
    pub(crate) async fn current(&self) -> Result<SigningKey> {
        let now = self.clock.now();
        let scope = Scope::system_all("sign an access token");
        let keys = self.store.keys_published(&scope).await?;
        let active = keys
            .iter()
            .rev()
            .find(|key| key.activates_at <= now)
            .or(keys.first())
            .ok_or_else(|| Error::internal("there is no signing key"))?;
        let seed = self
            .sealing
            .unseal(&active.kid, &active.sealed_private_key)
            .map_err(Error::internal)?;
        let seed: [u8; 32] = seed
            .try_into()
            .map_err(|_| Error::internal("a stored private key has a wrong length"))?;
        Ok(SigningKey::from_seed(&active.kid, &seed))
    }

    /// Adds a key now, whatever the age of the newest.
    pub(crate) async fn rotate(&self) -> Result<String> {
        self.add(Duration::ZERO).await
    }

    /// Adds a key if there is none or the newest is too old.
    pub(crate) async fn rotate_if_old(&self) -> Result<String> {
        self.add(self.rotation_age).await
    }

    async fn add(&self, min_age: Duration) -> Result<String> {
        let now = self.clock.now();
        let key = SigningKey::generate();
        let sealed = self
            .sealing
            .seal(key.kid(), &key.seed())
            .map_err(Error::internal)?;
        let row = KeyRow {
            id: Id::new(),
            tenant: Id::NIL,
            kid: key.kid().to_owned(),
            public_key: key.public().key.to_vec(),
            sealed_private_key: sealed,
            activates_at: now + self.activation_delay,
            expires_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let scope = Scope::system_all("rotate signing keys");
        let afterlife = self.access_life + LEEWAY;
        self.store.key_rotate(&scope, row, min_age, afterlife).await
    }
}
