//! Hashes and verifies passwords with argon2id, off the async threads and a few at a time.

use std::sync::{Arc, LazyLock};

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use error::{Error, Result};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::sync::{Mutex, Semaphore};

use crate::config::HashingConfig;
use crate::model::password::Password;
use crate::model::secret::Hash;

/// Accounts whose attempts may run at the same time without sharing a lock.
const STRIPES: usize = 64;

/// The one place that runs argon2.
#[derive(Clone)]
pub(crate) struct Passwords(Arc<Inner>);

struct Inner {
    argon2: Argon2<'static>,
    params: Params,
    /// Each run takes tens of MiB: as many at once as the settings allow, the others wait.
    permits: Arc<Semaphore>,
    /// A stranger's guesses for one account run one after the other, so that the lock-out counts each.
    accounts: [Mutex<()>; STRIPES],
    /// Verified where there is no hash, so that unknown accounts cost the same time.
    decoy: LazyLock<String, Box<dyn FnOnce() -> String + Send>>,
}

/// What came of comparing a password with a stored hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the password.
    Right,
    /// It is the password, but the hash was made with other parameters than today's.
    RightButOutdated,
    /// It is not, or there was none.
    Wrong,
}

impl Passwords {
    /// A hasher with these parameters.
    pub(crate) fn new(config: &HashingConfig) -> Result<Self> {
        let params = Params::new(
            config.memory_kib,
            config.iterations,
            config.parallelism,
            None,
        )
        .map_err(|error| Error::internal(error.to_string()))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let for_decoy = argon2.clone();
        let decoy: Box<dyn FnOnce() -> String + Send> = Box::new(move || {
            hash_now(&for_decoy, "a password nobody has").expect("the parameters were accepted")
        });
        Ok(Self(Arc::new(Inner {
            argon2,
            params,
            permits: Arc::new(Semaphore::new(config.concurrency)),
            accounts: std::array::from_fn(|_| Mutex::new(())),
            decoy: LazyLock::new(decoy),
        })))
    }

    /// Hashes a new password, as a PHC string.
    pub(crate) async fn hash(&self, password: Password) -> Result<String> {
        self.run(move |inner| hash_now(&inner.argon2, password.reveal()))
            .await?
    }

    /// Compares a password with a stored hash; without one it takes the same time and is wrong.
    pub(crate) async fn verify(
        &self,
        password: Password,
        stored: Option<String>,
    ) -> Result<Verdict> {
        self.run(move |inner| verify_now(inner, &password, stored.as_deref()))
            .await?
    }

    /// Waits for the turn of an account; hold it while an attempt is verified and counted.
    pub(crate) async fn turn(&self, account: &Hash) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.accounts[usize::from(account[0]) % STRIPES]
            .lock()
            .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> T + Send + 'static,
    ) -> Result<T> {
        let permits = Arc::clone(&self.0.permits);
        let permit = permits.acquire_owned().await.map_err(Error::internal)?;
        let inner = self.0.clone();
        let done = tokio::task::spawn_blocking(move || {
            // Given back when the work ends, even if the caller has long gone.
            let _permit = permit;
            work(&inner)
        })
        .await;
        done.map_err(Error::internal)
    }
}

fn hash_now(argon2: &Argon2<'_>, password: &str) -> Result<String> {
    let mut salt = [0_u8; 16];
    SystemRandom::new()
        .fill(&mut salt)
        .map_err(|_| Error::internal("no random bytes"))?;
    let salt = SaltString::encode_b64(&salt).map_err(|error| Error::internal(error.to_string()))?;
    argon2
        .hash_password(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| Error::internal(error.to_string()))
}

fn verify_now(inner: &Inner, password: &Password, stored: Option<&str>) -> Result<Verdict> {
    let text = stored.unwrap_or_else(|| inner.decoy.as_str());
    let hash = PasswordHash::new(text).map_err(|error| Error::internal(error.to_string()))?;
    let holds = inner
        .argon2
        .verify_password(password.reveal().as_bytes(), &hash)
        .is_ok();
    if !holds || stored.is_none() {
        return Ok(Verdict::Wrong);
    }
    let same = Params::try_from(&hash).is_ok_and(|made| {
        (made.m_cost(), made.t_cost(), made.p_cost())
            == (
                inner.params.m_cost(),
                inner.params.t_cost(),
                inner.params.p_cost(),
            )
    });
    Ok(if same {
        Verdict::Right
    } else {
        Verdict::RightButOutdated
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasher(memory_kib: u32) -> Passwords {
        Passwords::new(&HashingConfig {
            memory_kib,
            iterations: 1,
            parallelism: 1,
            concurrency: 2,
        })
        .unwrap()
    }

    #[tokio::test]
    async fn hashes_are_salted_and_verified() {
        let passwords = hasher(64);
        let password = Password::new("violet-anchor-41");
        let first = passwords.hash(password.clone()).await.unwrap();
        let second = passwords.hash(password.clone()).await.unwrap();
        assert_ne!(first, second);
        assert!(first.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
        for (text, stored, verdict) in [
            ("violet-anchor-41", Some(first.clone()), Verdict::Right),
            ("violet-anchor-42", Some(first), Verdict::Wrong),
            ("a password nobody has", None, Verdict::Wrong),
        ] {
            let found = passwords.verify(Password::new(text), stored).await.unwrap();
            assert_eq!(found, verdict, "{text}");
        }
    }

    #[tokio::test]
    async fn other_parameters_ask_for_a_new_hash() {
        let password = Password::new("violet-anchor-41");
        let old = hasher(64).hash(password.clone()).await.unwrap();
        let verdict = hasher(128).verify(password, Some(old)).await.unwrap();
        assert_eq!(verdict, Verdict::RightButOutdated);
    }
}
